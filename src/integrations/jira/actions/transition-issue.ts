import { z } from 'zod';
import type { ConnectionMemory } from '../../connections/connection-type';
import type { CallingAction } from '../../contract';
import { createTextLimits } from '../../limit-text';
import { ProviderFailure } from '../../provider-failure';
import { MAX_TEXT, toAdf } from '../adf';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection-config';
import { Issue, issueKeyOf, issueOf, JiraIssue } from '../issue';

const Text = z.string().trim().min(1);

const Config = z
  .strictObject({
    connectionId: Text,
    issueKey: Text.optional(),
    transitionId: Text.optional(),
    toStatus: Text.optional().describe('Name or id of the target status, instead of transitionId'),
    comment: Text.optional(),
  })
  .refine((config) => config.transitionId !== undefined || config.toStatus !== undefined, {
    path: ['transitionId'],
    message: 'needs transitionId or toStatus',
  });
type Config = z.infer<typeof Config>;

const Status = z.looseObject({
  id: z.string(),
  name: z.string(),
  statusCategory: z.looseObject({ key: z.string() }).optional(),
});
type Status = z.infer<typeof Status>;
const Transition = z.looseObject({ id: z.string(), name: z.string(), to: Status });
const Transitions = z.looseObject({ transitions: z.array(Transition) });

/**
 * Creates the action `integration-jira.transition_issue`. It succeeds without a change if the issue already has the
 * target status. A repeated attempt also succeeds if Jira no longer offers the transition. Most workflows offer no
 * transition from a status to itself. Once an issue has the target status, Jira therefore no longer lists the
 * transition. To recognise this case, the target status of every listed transition is stored in the connection's
 * memory, by project and issue type.
 */
export function createTransitionIssue(jira: JiraClient): CallingAction<Config> {
  return {
    id: 'transition_issue',
    displayName: 'Move Jira issue',
    description:
      'Performs a transition of an issue, or moves it to a status. Has no effect when the issue already has that status.',
    configSchema: Config,
    connection: 'jira',
    produces: { name: 'issue', schema: Issue, identity: ['issueKey'] },
    consumes: 'integration-jira.issue',
    execution: 'call',
    timeoutMs: () => 30_000,
    async execute({ config, connection, consumed, attempt, now, signal, timeoutMs, memory, note }) {
      const account = JiraConnection.parse(connection);
      const call = { signal, now, timeoutMs };
      const key = issueKeyOf(config.issueKey, consumed);
      const path = `/issue/${encodeURIComponent(key)}`;
      const issue = await jira(account, call, 'GET', `${path}?fields=status,issuetype`, JiraIssue);
      const { transitions } = await jira(account, call, 'GET', `${path}/transitions`, Transitions);
      await rememberTargets(memory, issue, transitions);
      const current = issue.fields?.status;
      const transition = transitions.find((each) => isMeant(each, config));
      const target = transition?.to ?? (await knownTarget(memory, issue, config, current));
      if (target === undefined && attempt === 1) throw impossible(config, key, current?.name, transitions);
      if (transition !== undefined && transition.to.id !== current?.id) {
        const limit = createTextLimits('Jira', note);
        const comment = config.comment !== undefined && {
          update: {
            comment: [{ add: { body: toAdf(limit('comment', config.comment, { characters: MAX_TEXT })) } }],
          },
        };
        const body = { transition: { id: transition.id }, ...comment };
        await jira(account, call, 'POST', `${path}/transitions`, z.unknown(), body);
      }
      const status = target?.name ?? current?.name;
      const artifact = { ...issueOf(account.baseUrl, issue), ...(status !== undefined && { status }) };
      return { output: artifact, artifact, closesConsumed: target?.statusCategory?.key === 'done' };
    },
  };
}

/**
 * Returns whether a transition has the configured id and leads to the configured status. Either may be absent from the
 * config.
 */
function isMeant({ id, to }: z.infer<typeof Transition>, { transitionId, toStatus }: Config): boolean {
  if (transitionId !== undefined && transitionId !== id) return false;
  return toStatus === undefined || isStatus(to, toStatus);
}

const isStatus = ({ id, name }: { id: string; name: string }, wanted: string): boolean =>
  id === wanted || name.toLowerCase() === wanted.toLowerCase();

/**
 * Returns the key under which the target of a transition is stored in the connection's memory. It contains the project
 * and the issue type, because these determine the workflow.
 */
function memoryKey({ key, fields }: JiraIssue, transitionId: string): string {
  return `transition:${key.replace(/-\d+$/, '')}:${fields?.issuetype?.id ?? ''}:${transitionId}`;
}

async function rememberTargets(
  memory: ConnectionMemory,
  issue: JiraIssue,
  transitions: z.infer<typeof Transitions>['transitions'],
): Promise<void> {
  for (const { id, to } of transitions) {
    const known = Status.safeParse(await memory.recall(memoryKey(issue, id)));
    if (known.success && known.data.id === to.id && known.data.name === to.name) continue;
    const { name, statusCategory } = to;
    const target = { id: to.id, name, ...(statusCategory && { statusCategory: { key: statusCategory.key } }) };
    await memory.remember(memoryKey(issue, id), target);
  }
}

/**
 * Returns the current status of the issue if it is already the configured status or the stored target of the configured
 * transition, otherwise undefined.
 */
async function knownTarget(
  memory: ConnectionMemory,
  issue: JiraIssue,
  { transitionId, toStatus }: Config,
  current: Status | undefined,
): Promise<Status | undefined> {
  if (current === undefined) return undefined;
  if (toStatus !== undefined) return isStatus(current, toStatus) ? current : undefined;
  const target = Status.safeParse(await memory.recall(memoryKey(issue, transitionId ?? '')));
  return target.success && target.data.id === current.id ? target.data : undefined;
}

function impossible(
  { transitionId, toStatus }: Config,
  key: string,
  from: string | undefined,
  transitions: z.infer<typeof Transitions>['transitions'],
): ProviderFailure {
  const wanted = transitionId === undefined ? `A transition to ${toStatus ?? ''}` : `Transition ${transitionId}`;
  const offered = transitions.map(({ id, name, to }) => `${id} (${name}, to ${to.name})`).join(', ') || 'none';
  const message = `${wanted} is not possible for ${key} in ${from ?? 'its status'}. Jira offers: ${offered}.`;
  return new ProviderFailure('provider_failed', message, { retryable: false });
}
