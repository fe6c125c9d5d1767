import type { Egress } from '../../edges/egress/egress';
import type { Plugin } from '../contract';
import { createGithubClient } from './client';
import { createGithubConnectionType } from './connection';
import { createCloseIssue, createComment, createCreateIssue } from './issues';
import { createCreateCheck, createDeploymentStatus, createDispatchWorkflow } from './workflow';

/** Creates the plugin for GitHub and GitHub Enterprise Server. */
export function createGithubPlugin({ egress }: { egress: Egress }): Plugin {
  const github = createGithubClient(egress);
  return {
    id: 'integration-github',
    connectionTypes: [createGithubConnectionType(github)],
    actions: [
      createCreateIssue(github),
      createComment(github),
      createCloseIssue(github),
      createDispatchWorkflow(github),
      createDeploymentStatus(github),
      createCreateCheck(github),
    ],
  };
}
