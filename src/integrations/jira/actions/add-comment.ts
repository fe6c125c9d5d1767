import { z } from 'zod';
import type { CallingAction } from '../../contract';
import { createTextLimits } from '../../limit-text';
import { MAX_TEXT, toAdf } from '../adf';
import type { JiraClient } from '../client';
import { JiraConnection } from '../connection-config';
import { issueKeyOf } from '../issue';

const Text = z.string().trim().min(1);
const Config = z.strictObject({ connectionId: Text, issueKey: Text.optional(), body: Text });
const Comment = z.object({ commentId: z.string(), issueKey: z.string() });
const JiraComment = z.looseObject({
  id: z.string(),
  properties: z.array(z.looseObject({ key: z.string(), value: z.unknown() })).optional(),
});
const JiraComments = z.looseObject({ comments: z.array(JiraComment) });
/** Comment property that stores the step's idempotency key. */
const PROPERTY = 'fermata';

/**
 * Creates the action `integration-jira.add_comment`. A repeated attempt searches the newest 100 comments for the
 * earlier attempt's comment, which it recognises by a property.
 */
export function createAddComment(jira: JiraClient): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'add_comment',
    displayName: 'Comment on Jira issue',
    description: 'Adds a comment to an issue.',
    configSchema: Config,
    connection: 'jira',
    produces: { name: 'comment', schema: Comment },
    consumes: 'integration-jira.issue',
    execution: 'call',
    timeoutMs: () => 30_000,
    async execute({ config, connection, consumed, idempotencyKey, sentBefore, now, signal, timeoutMs, note }) {
      const account = JiraConnection.parse(connection);
      const call = { signal, now, timeoutMs };
      const issueKey = issueKeyOf(config.issueKey, consumed);
      const path = `/issue/${encodeURIComponent(issueKey)}/comment`;
      if (sentBefore) {
        const query = '?orderBy=-created&maxResults=100&expand=properties';
        const { comments } = await jira(account, call, 'GET', `${path}${query}`, JiraComments);
        const ours = comments.find(({ properties = [] }) =>
          properties.some(({ key, value }) => key === PROPERTY && Object(value).key === idempotencyKey),
        );
        if (ours) return done(ours.id, issueKey);
      }
      const properties = [{ key: PROPERTY, value: { key: idempotencyKey } }];
      const body = toAdf(createTextLimits('Jira', note)('body', config.body, { characters: MAX_TEXT }));
      const made = await jira(account, call, 'POST', path, JiraComment, { body, properties });
      return done(made.id, issueKey);
    },
  };
}

function done(commentId: string, issueKey: string) {
  const artifact = { commentId, issueKey };
  return { output: artifact, artifact };
}
