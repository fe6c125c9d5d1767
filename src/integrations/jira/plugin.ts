import type { Plugin } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { createAddComment } from './actions/add-comment';
import { createCreateIssue } from './actions/create-issue';
import { createSearchIssues } from './actions/search-issues';
import { createTransitionIssue } from './actions/transition-issue';
import { createJiraClient } from './client';
import { createJiraConnectionType } from './connection';

/** Creates the plugin for Jira Cloud (REST v3). */
export function createJiraPlugin({ egress }: { egress: Egress }): Plugin {
  const jira = createJiraClient(egress);
  return {
    id: 'integration-jira',
    connectionTypes: [createJiraConnectionType(jira)],
    actions: [createCreateIssue(jira), createTransitionIssue(jira), createAddComment(jira), createSearchIssues(jira)],
  };
}
