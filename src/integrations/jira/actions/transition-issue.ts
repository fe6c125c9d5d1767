import { z } from 'zod';
import type { CallingAction } from '../../contract';
import { ProviderFailure } from '../../provider-failure';
import { toAdf } from '../adf';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection';
import { Issue, issueKeyOf, issueOf, JiraIssue } from '../issue';

const Text = z.string().trim().min(1);

const Config = z.strictObject({
  connectionId: Text,
  issueKey: Text.optional(),
  transitionId: Text,
  comment: Text.max(30_000).optional(),
});

const Transitions = z.looseObject({
  transitions: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      to: z.looseObject({
        id: z.string(),
        name: z.string(),
        statusCategory: z.looseObject({ key: z.string() }).optional(),
      }),
    }),
  ),
});

/** `integration-jira.transition_issue`. An issue that is where the transition leads is left alone, which is success. */
export function createTransitionIssue(jira: JiraClient): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'transition_issue',
    displayName: 'Move Jira issue',
    description: 'Takes an issue through a transition of its workflow; one that is there already stays.',
    configSchema: Config,
    connection: 'jira',
    produces: { name: 'issue', schema: Issue, identity: ['issueKey'] },
    consumes: 'integration-jira.issue',
    execution: 'call',
    timeoutMs: () => 30_000,
    async execute({ config, connection, consumed, attempt, now, signal }) {
      const account = JiraConnection.parse(connection);
      const call = { signal, now, timeoutMs: 30_000 };
      const key = issueKeyOf(config.issueKey, consumed);
      const path = `/issue/${encodeURIComponent(key)}`;
      const issue = await jira(account, call, 'GET', `${path}?fields=status`, JiraIssue);
      const { transitions } = await jira(account, call, 'GET', `${path}/transitions`, Transitions);
      const transition = transitions.find(({ id }) => id === config.transitionId);
      // Most workflows do not offer a transition from where it leads to: an earlier attempt has been there.
      if (transition === undefined && attempt === 1) {
        const from = issue.fields?.status?.name ?? 'its status';
        const message = `Transition ${config.transitionId} is not possible for ${key} in ${from}.`;
        throw new ProviderFailure('provider_failed', message, { retryable: false });
      }
      if (transition !== undefined && transition.to.id !== issue.fields?.status?.id) {
        const comment = config.comment !== undefined && {
          update: { comment: [{ add: { body: toAdf(config.comment) } }] },
        };
        const body = { transition: { id: transition.id }, ...comment };
        await jira(account, call, 'POST', `${path}/transitions`, z.unknown(), body);
      }
      const status = transition?.to.name ?? issue.fields?.status?.name;
      const artifact = { ...issueOf(account.baseUrl, issue), ...(status !== undefined && { status }) };
      return { output: artifact, artifact, closesConsumed: transition?.to.statusCategory?.key === 'done' };
    },
  };
}
