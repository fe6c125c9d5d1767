import { GITLAB_EVENTS } from '../../domain/hooks/gitlab-events';
import type { Plugin } from '../contract';
import { forgeTrigger } from '../forge-trigger';

/** Triggers for events that GitLab sends to hooks with the scheme `gitlab`. */
export const gitlabEventsPlugin: Plugin = {
  id: 'gitlab',
  triggers: Object.entries(GITLAB_EVENTS).map(([id, event]) => forgeTrigger(id, 'GitLab', 'project', event)),
};
