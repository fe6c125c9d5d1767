import { z } from 'zod';
import type { CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { issueNumberOf, markOf } from '../forge-issue';
import type { GithubClient } from './client';
import { common, inRepository, RepositoryFields, Text } from './repository';

/** Maximum length of a title in characters. GitHub refuses longer titles with 422. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

const Issue = z.object({ number: z.int(), url: z.string(), reused: z.boolean() });
const GithubIssue = z.looseObject({ number: z.int(), html_url: z.string(), body: z.string().nullish() });
const GithubComment = z.looseObject({ id: z.int(), html_url: z.string(), body: z.string().nullish() });

const CreateConfig = z.strictObject({
  ...RepositoryFields,
  title: Text,
  body: z.string(),
  labels: z.array(Text).max(100).optional(),
});

/**
 * Creates the action `integration-github.create_issue`. The issue contains a hidden mark. A repeated attempt searches
 * the newest 100 issues for the mark.
 */
export function createCreateIssue(github: GithubClient): CallingAction<z.infer<typeof CreateConfig>> {
  return {
    ...common,
    id: 'create_issue',
    displayName: 'Create GitHub issue',
    description: 'Creates an issue, once for each step of a run.',
    configSchema: CreateConfig,
    produces: { name: 'issue', schema: Issue, identity: ['url'] },
    async execute(context) {
      const { config, idempotencyKey, note } = context;
      const send = inRepository(github, context);
      const mark = markOf(idempotencyKey);
      const done = ({ number, html_url: url }: z.infer<typeof GithubIssue>, reused: boolean) => {
        const artifact = { number, url, reused };
        return { output: artifact, artifact };
      };
      if (context.sentBefore) {
        const path = '/issues?state=all&sort=created&direction=desc&per_page=100';
        const found = (await send('GET', path, z.array(GithubIssue))).find(({ body }) => body?.includes(mark));
        if (found) return done(found, true);
      }
      const limit = createTextLimits('GitHub', note);
      const title = limit('title', config.title, { characters: MAX_TITLE });
      const body = `${limit('body', config.body, { characters: MAX_BODY - mark.length - 2 })}\n\n${mark}`;
      return done(await send('POST', '/issues', GithubIssue, { title, body, labels: config.labels }), false);
    },
  };
}

const IssueNumber = z.int().min(1).optional().describe('Default: the issue of an earlier step');
const CommentConfig = z.strictObject({ ...RepositoryFields, issueNumber: IssueNumber, body: Text });

/**
 * Creates the action `integration-github.comment`, which comments on an issue or pull request. A repeated attempt finds
 * the comment by its hidden mark.
 */
export function createComment(github: GithubClient): CallingAction<z.infer<typeof CommentConfig>> {
  return {
    ...common,
    id: 'comment',
    displayName: 'Comment on GitHub',
    description: 'Comments on an issue or a pull request.',
    configSchema: CommentConfig,
    consumes: 'integration-github.issue',
    produces: { name: 'comment', schema: z.object({ id: z.int(), url: z.string() }) },
    async execute(context) {
      const { config, consumed, idempotencyKey, note, now } = context;
      const send = inRepository(github, context);
      const mark = markOf(idempotencyKey);
      const path = `/issues/${issueNumberOf(config.issueNumber, consumed)}/comments`;
      const done = ({ id, html_url: url }: z.infer<typeof GithubComment>) => {
        const artifact = { id, url };
        return { output: artifact, artifact };
      };
      if (context.sentBefore) {
        const since = new Date(now.getTime() - 86_400_000).toISOString();
        const comments = await send('GET', `${path}?since=${since}&per_page=100`, z.array(GithubComment));
        const found = comments.find(({ body }) => body?.includes(mark));
        if (found) return done(found);
      }
      const limit = createTextLimits('GitHub', note);
      const body = `${limit('body', config.body, { characters: MAX_BODY - mark.length - 2 })}\n\n${mark}`;
      return done(await send('POST', path, GithubComment, { body }));
    },
  };
}

const CloseConfig = z.strictObject({
  ...RepositoryFields,
  issueNumber: IssueNumber,
  reason: z.enum(['completed', 'not_planned']).default('completed'),
});

/** Creates the action `integration-github.close_issue`. A repeated attempt changes nothing. */
export function createCloseIssue(github: GithubClient): CallingAction<z.infer<typeof CloseConfig>> {
  return {
    ...common,
    id: 'close_issue',
    displayName: 'Close GitHub issue',
    description: 'Closes an issue.',
    configSchema: CloseConfig,
    consumes: 'integration-github.issue',
    produces: { name: 'issue', schema: Issue, identity: ['url'] },
    async execute(context) {
      const { config, consumed } = context;
      const path = `/issues/${issueNumberOf(config.issueNumber, consumed)}`;
      const change = { state: 'closed', state_reason: config.reason };
      const closed = await inRepository(github, context)('PATCH', path, GithubIssue, change);
      const artifact = { number: closed.number, url: closed.html_url, reused: true };
      return { output: artifact, artifact, closesConsumed: true };
    },
  };
}
