import { setTimeout as pause } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ConnectionCall } from '../../connections/connection-type';
import type { CallingAction } from '../../contract';
import { toAdf } from '../adf';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection';
import { Issue, issueOf, JiraIssue, JiraSearch, quoteJql } from '../issue';

const Text = z.string().trim().min(1);

const Config = z.strictObject({
  connectionId: Text,
  projectKey: Text,
  issueTypeId: Text,
  summary: Text.max(2000),
  description: z.string().max(30_000).optional(),
  priorityId: Text.optional(),
  fieldMappings: z
    .array(z.strictObject({ fieldKey: Text, value: z.unknown() }))
    .max(100)
    .default([]),
});
type Config = z.infer<typeof Config>;

/** Jira's search sees a new issue a moment after it was made: so often a repeated attempt looks, a second apart. */
const LOOKS_OF_A_REPEAT = 3;
const MAX_SUMMARY = 255;

/**
 * `integration-jira.create_issue`. Jira knows no idempotency keys: the issue carries a label made from ours, and an issue
 * that carries it already is the one that an earlier attempt made.
 */
export function createCreateIssue(jira: JiraClient): CallingAction<Config> {
  return {
    id: 'create_issue',
    displayName: 'Create Jira issue',
    description: 'Creates an issue, once for each step of a run.',
    configSchema: Config,
    connection: 'jira',
    produces: { name: 'issue', schema: Issue, identity: ['issueKey'] },
    execution: 'call',
    timeoutMs: () => 30_000,
    async execute({ config, connection, idempotencyKey, attempt, now, signal }) {
      const account = JiraConnection.parse(connection);
      const call = { signal, now, timeoutMs: 30_000 };
      const label = `fermata-${createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32)}`;
      const looks = attempt > 1 ? LOOKS_OF_A_REPEAT : 1;
      for (let look = 1; look <= looks; look += 1) {
        if (look > 1) await pause(1_000, undefined, { signal });
        const found = await findByLabel(jira, account, call, config.projectKey, label);
        if (found) return done(account, found);
      }
      const body = { fields: fieldsOf(config, label) };
      return done(account, await jira(account, call, 'POST', '/issue', JiraIssue, body));
    },
  };
}

function done({ baseUrl }: JiraConnection, issue: JiraIssue) {
  const artifact = issueOf(baseUrl, issue);
  return { output: artifact, artifact };
}

async function findByLabel(
  jira: JiraClient,
  account: JiraConnection,
  call: ConnectionCall,
  projectKey: string,
  label: string,
): Promise<JiraIssue | undefined> {
  const jql = `project = ${quoteJql(projectKey)} AND labels = ${quoteJql(label)}`;
  const body = { jql, maxResults: 1, fields: ['status'] };
  const { issues } = await jira(account, call, 'POST', '/search/jql', JiraSearch, body);
  return issues[0];
}

function fieldsOf(config: Config, label: string): Record<string, unknown> {
  const mapped = Object.fromEntries(config.fieldMappings.map(({ fieldKey, value }) => [fieldKey, value]));
  const { labels } = mapped;
  const own = Array.isArray(labels) ? (labels as unknown[]) : labels === undefined ? [] : [labels];
  return {
    ...mapped,
    project: { key: config.projectKey },
    issuetype: { id: config.issueTypeId },
    summary: config.summary.replace(/\s*[\r\n]+\s*/g, ' ').slice(0, MAX_SUMMARY),
    ...(config.description !== undefined && { description: toAdf(config.description) }),
    ...(config.priorityId !== undefined && { priority: { id: config.priorityId } }),
    labels: [...own, label],
  };
}
