import { GITHUB_EVENTS } from '../../domain/hooks/github-events';
import type { Plugin } from '../contract';
import { forgeTrigger } from '../forge-trigger';

/** Triggers for events that GitHub sends to hooks with the scheme `github`. */
export const githubEventsPlugin: Plugin = {
  id: 'github',
  triggers: Object.entries(GITHUB_EVENTS).map(([id, event]) => forgeTrigger(id, 'GitHub', 'repository', event)),
};
