import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { sha256 } from '../../../domain/sha256';
import { createTextLimits, type TextLimits } from '../../limit-text';
import { ProviderFailure } from '../../provider-failure';
import type { ConnectionCall } from '../../connections/connection-type';
import type { CallingAction } from '../../contract';
import { MAX_TEXT, toAdf } from '../adf';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection-config';
import { Issue, issueOf, JiraIssue, JiraSearch, quoteJql } from '../issue';

const Text = z.string().trim().min(1);

const Config = z.strictObject({
  connectionId: Text,
  projectKey: Text,
  issueTypeId: Text,
  summary: Text,
  description: z.string().optional(),
  priorityId: Text.optional(),
  fieldMappings: z
    .array(z.strictObject({ fieldKey: Text, value: z.unknown() }))
    .max(100)
    .default([]),
});
type Config = z.infer<typeof Config>;

/**
 * Number of searches that a repeated attempt makes, one second apart. Jira's search finds a new issue only after a
 * delay.
 */
const SEARCHES_OF_A_REPEAT = 3;
const MAX_SUMMARY = 255;
/** Entity property that stores an issue's mark. Used in projects whose create screen has no labels field. */
const PROPERTY = 'fermata';
/**
 * Maximum number of issues to search for the property, starting with the newest. Only issues created by the
 * connection's account are searched.
 */
const RECENT_ISSUES = 50;

interface Creation {
  jira: JiraClient;
  account: JiraConnection;
  call: ConnectionCall;
  config: Config;
  /** Text stored in the issue, derived from the idempotency key. */
  mark: string;
  note: (text: string) => void;
}

/**
 * Creates the action `integration-jira.create_issue`. Jira has no idempotency keys, so the issue gets a mark derived
 * from the step's key: as a label, or as an entity property if the project has no labels field. Before creating an
 * issue, each attempt searches for the mark. If Jira permanently refuses the search, the step gets a note and the issue
 * is created anyway.
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
    async execute({ config, connection, idempotencyKey, sentBefore, now, signal, timeoutMs, note, memory }) {
      const mark = `fermata-${sha256(idempotencyKey).slice(0, 32)}`;
      const call = { signal, now, timeoutMs };
      const creation = { jira, account: JiraConnection.parse(connection), call, config, mark, note };
      const noLabels = `no-labels:${config.projectKey}:${config.issueTypeId}`;
      const labels = (await memory.recall(noLabels)) !== true;
      const searches = sentBefore ? SEARCHES_OF_A_REPEAT : 1;
      for (let search = 1; search <= searches; search += 1) {
        if (search > 1) await pause(1_000, undefined, { signal });
        const found = await findEarlier(creation, labels);
        if (found) return done(creation.account, found);
      }
      if (labels) {
        try {
          return done(creation.account, await create(creation, 'label'));
        } catch (error) {
          if (!isAboutLabels(error)) throw error;
          await memory.remember(noLabels, true);
        }
      }
      note('The create screen of the project has no labels field: the issue carries its mark as a property instead.');
      return done(creation.account, await create(creation, 'property'));
    },
  };
}

/**
 * Returns whether Jira refused the labels field. Its message for the field is: "Field 'labels' cannot be set. It is not
 * on the appropriate screen, or unknown."
 */
function isAboutLabels(error: unknown): boolean {
  return error instanceof ProviderFailure && error.status === 400 && /\blabels: /.test(error.message);
}

function done({ baseUrl }: JiraConnection, issue: JiraIssue) {
  const artifact = issueOf(baseUrl, issue);
  return { output: artifact, artifact };
}

/**
 * Returns the issue that an earlier attempt created, if any. Returns undefined, and adds a note to the step, when Jira
 * permanently refuses the search.
 */
async function findEarlier(creation: Creation, labels: boolean): Promise<JiraIssue | undefined> {
  const { jira, account, call, config, mark, note } = creation;
  const project = `project = ${quoteJql(config.projectKey)}`;
  const body = labels
    ? { jql: `${project} AND labels = ${quoteJql(mark)}`, maxResults: 1, fields: ['status'] }
    : {
        ...{ jql: `${project} AND creator = currentUser() ORDER BY created DESC`, maxResults: RECENT_ISSUES },
        ...{ fields: ['status'], properties: [PROPERTY] },
      };
  try {
    const { issues } = await jira(account, call, 'POST', '/search/jql', JiraSearch, body);
    if (labels) return issues[0];
    return issues.find(({ properties }) => Object(properties?.[PROPERTY]).key === mark);
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.status === undefined || error.retryable || error.status === 401)
      throw error;
    note(`Jira refused to search for an earlier attempt, so a repeat may create the issue again: ${error.message}`);
    return undefined;
  }
}

async function create({ jira, account, call, config, mark, note }: Creation, by: 'label' | 'property') {
  const fields = fieldsOf(config, by === 'label' ? [mark] : [], createTextLimits('Jira', note));
  const properties = by === 'property' ? { properties: [{ key: PROPERTY, value: { key: mark } }] } : {};
  return jira(account, call, 'POST', '/issue', JiraIssue, { fields, ...properties });
}

function fieldsOf(config: Config, marks: readonly string[], limit: TextLimits): Record<string, unknown> {
  const mapped = Object.fromEntries(config.fieldMappings.map(({ fieldKey, value }) => [fieldKey, value]));
  const { labels, ...others } = mapped;
  const own = Array.isArray(labels) ? (labels as unknown[]) : labels === undefined ? [] : [labels];
  const all = [...own, ...marks];
  const summary = limit('summary', config.summary.replace(/\s*[\r\n]+\s*/g, ' '), { characters: MAX_SUMMARY });
  const description =
    config.description === undefined
      ? {}
      : { description: toAdf(limit('description', config.description, { characters: MAX_TEXT })) };
  return {
    ...others,
    project: { key: config.projectKey },
    issuetype: { id: config.issueTypeId },
    summary,
    ...description,
    ...(config.priorityId !== undefined && { priority: { id: config.priorityId } }),
    ...(all.length > 0 && { labels: all }),
  };
}
