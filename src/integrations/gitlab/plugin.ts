import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createComment, createCreateIssue, createRetryJob, createTriggerPipeline } from './actions';
import { createGitlabClient, createGitlabConnectionType } from './gitlab';

/** Creates the plugin for GitLab (REST v4). */
export function createGitlabPlugin({ egress }: { egress: Egress }): Plugin {
  const gitlab = createGitlabClient(egress);
  return {
    id: 'integration-gitlab',
    connectionTypes: [createGitlabConnectionType(gitlab)],
    actions: [createCreateIssue(gitlab), createComment(gitlab), createTriggerPipeline(gitlab), createRetryJob(gitlab)],
  };
}
