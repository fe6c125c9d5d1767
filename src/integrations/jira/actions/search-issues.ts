import { z } from 'zod';
import type { CallingAction } from '../../contract';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection-config';
import { issueOf, JiraSearch, quoteJql } from '../issue';

const Text = z.string().trim().min(1);
const MAX_ISSUES = 50;

const Config = z
  .strictObject({
    connectionId: Text,
    projectKey: Text.optional(),
    status: Text.optional(),
    labels: z.union([Text, z.array(Text).min(1)]).optional(),
    summaryContains: Text.optional(),
    jql: Text.optional(),
  })
  .refine((config) => Object.keys(config).length > 1, 'needs one of projectKey, status, labels, summaryContains, jql');
type Config = z.infer<typeof Config>;

const IssueSearch = z.object({
  found: z.boolean(),
  count: z.int(),
  issues: z.array(z.record(z.string(), z.unknown())),
  firstIssueKey: z.string().optional(),
});

/**
 * Creates the action `integration-jira.search_issues`, which returns at most 50 matches. The most recently created
 * issues come first unless `jql` contains ORDER BY.
 */
export function createSearchIssues(jira: JiraClient): CallingAction<Config> {
  return {
    id: 'search_issues',
    displayName: 'Search Jira issues',
    description: 'Finds issues; fails when the filter renders to an empty string.',
    configSchema: Config,
    connection: 'jira',
    produces: { name: 'issue_search', schema: IssueSearch },
    execution: 'call',
    timeoutMs: () => 30_000,
    async execute({ config, connection, now, signal, timeoutMs }) {
      const account = JiraConnection.parse(connection);
      const call = { signal, now, timeoutMs };
      const body = { jql: jqlOf(config), maxResults: MAX_ISSUES, fields: ['summary', 'status'] };
      const { issues } = await jira(account, call, 'POST', '/search/jql', JiraSearch, body);
      const found = issues.map((issue) => ({
        ...issueOf(account.baseUrl, issue),
        summary: issue.fields?.summary ?? '',
      }));
      const first = found[0]?.issueKey;
      const artifact = {
        ...{ found: found.length > 0, count: found.length, issues: found },
        ...(first !== undefined && { firstIssueKey: first }),
      };
      return { output: artifact, artifact };
    },
  };
}

function jqlOf({ projectKey, status, labels, summaryContains, jql }: Config): string {
  const list = labels === undefined ? [] : [labels].flat();
  const order = jql === undefined ? null : /\border\s+by\b.*$/is.exec(jql);
  const own = jql === undefined ? [] : [`(${order ? jql.slice(0, order.index) : jql})`];
  const parts = [
    ...(projectKey === undefined ? [] : [`project = ${quoteJql(projectKey)}`]),
    ...(status === undefined ? [] : [`status = ${quoteJql(status)}`]),
    ...list.map((label) => `labels = ${quoteJql(label)}`),
    ...(summaryContains === undefined ? [] : [`summary ~ ${quoteJql(summaryContains)}`]),
    ...own,
  ];
  return `${parts.join(' AND ')} ${order ? order[0] : 'ORDER BY created DESC'}`;
}
