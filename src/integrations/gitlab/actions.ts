import { z } from 'zod';
import type { CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { issueNumberOf, markOf } from '../forge-issue';
import { waitUntilOver, inProject, ProjectId, Text, TIMEOUT_MS, type GitlabClient } from './gitlab';

/** Maximum length of a title in characters: https://docs.gitlab.com/api/issues/ */
const MAX_TITLE = 255;
const MAX_BODY = 1_000_000;
/** Maximum time in milliseconds to wait for a pipeline when the step sets no `timeout_seconds`. */
const WAIT_MS = 3_600_000;

const common = { connection: 'gitlab', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;
const Issue = z.object({ number: z.int(), url: z.string(), reused: z.boolean() });
const GitlabIssue = z.looseObject({ iid: z.int(), web_url: z.string(), description: z.string().nullish() });

const CreateConfig = z.strictObject({
  connectionId: Text,
  projectId: ProjectId,
  title: Text,
  body: z.string(),
  labels: z.array(Text).max(100).optional(),
});

/**
 * Creates the action `integration-gitlab.create_issue`. The issue contains a hidden mark. A repeated attempt searches
 * the newest 100 issues for the mark.
 */
export function createCreateIssue(gitlab: GitlabClient): CallingAction<z.infer<typeof CreateConfig>> {
  return {
    ...common,
    id: 'create_issue',
    displayName: 'Create GitLab issue',
    description: 'Creates an issue, once for each step of a run.',
    configSchema: CreateConfig,
    produces: { name: 'issue', schema: Issue, identity: ['url'] },
    async execute(context) {
      const { config, idempotencyKey, note } = context;
      const send = inProject(gitlab, context);
      const mark = markOf(idempotencyKey);
      const done = ({ iid, web_url: url }: z.infer<typeof GitlabIssue>, reused: boolean) => {
        const artifact = { number: iid, url, reused };
        return { output: artifact, artifact };
      };
      if (context.sentBefore) {
        const path = '/issues?order_by=created_at&sort=desc&scope=all&per_page=100';
        const found = (await send('GET', path, z.array(GitlabIssue))).find((issue) =>
          issue.description?.includes(mark),
        );
        if (found) return done(found, true);
      }
      const limit = createTextLimits('GitLab', note);
      const description = `${limit('body', config.body, { characters: MAX_BODY })}\n\n${mark}`;
      const title = limit('title', config.title, { characters: MAX_TITLE });
      const body = { title, description, ...(config.labels && { labels: config.labels.join(',') }) };
      return done(await send('POST', '/issues', GitlabIssue, body), false);
    },
  };
}

const CommentConfig = z.strictObject({
  connectionId: Text,
  projectId: ProjectId,
  issueNumber: z.int().min(1).optional().describe('Default: the issue of an earlier step'),
  body: Text,
});
const GitlabNote = z.looseObject({ id: z.int(), body: z.string().nullish() });

/** Creates the action `integration-gitlab.comment`. A repeated attempt finds the comment by its hidden mark. */
export function createComment(gitlab: GitlabClient): CallingAction<z.infer<typeof CommentConfig>> {
  return {
    ...common,
    id: 'comment',
    displayName: 'Comment on GitLab',
    description: 'Comments on an issue.',
    configSchema: CommentConfig,
    consumes: 'integration-gitlab.issue',
    produces: { name: 'comment', schema: z.object({ id: z.int() }) },
    async execute(context) {
      const { config, consumed, idempotencyKey, sentBefore, note } = context;
      const number = issueNumberOf(config.issueNumber, consumed);
      const send = inProject(gitlab, context);
      const mark = markOf(idempotencyKey);
      const path = `/issues/${number}/notes`;
      const done = (id: number) => ({ output: { id }, artifact: { id } });
      if (sentBefore) {
        const notes = await send('GET', `${path}?sort=desc&per_page=100`, z.array(GitlabNote));
        const found = notes.find((one) => one.body?.includes(mark));
        if (found) return done(found.id);
      }
      const text = createTextLimits('GitLab', note)('body', config.body, { characters: MAX_BODY });
      return done((await send('POST', path, GitlabNote, { body: `${text}\n\n${mark}` })).id);
    },
  };
}

const Pipeline = z.object({ id: z.int(), status: z.string(), url: z.string() });
const GitlabPipeline = z.looseObject({ id: z.int(), status: z.string(), web_url: z.string() });
const toPipeline = ({ id, status, web_url: url }: z.infer<typeof GitlabPipeline>) => ({ id, status, url });
const Started = z.object({ id: z.int() });

const TriggerConfig = z.strictObject({
  connectionId: Text,
  projectId: ProjectId,
  ref: Text,
  variables: z.record(z.string(), z.string()).optional(),
  wait: z.boolean().default(true).describe('Wait for the end; any status except success or skipped fails the step'),
});

/**
 * Creates the action `integration-gitlab.trigger_pipeline`. A repeated attempt searches the ten newest pipelines of the
 * ref for the variable `FERMATA_KEY`, which contains the idempotency key.
 */
export function createTriggerPipeline(gitlab: GitlabClient): CallingAction<z.infer<typeof TriggerConfig>> {
  return {
    ...common,
    id: 'trigger_pipeline',
    displayName: 'Run GitLab pipeline',
    description: 'Starts a pipeline and waits for its end.',
    configSchema: TriggerConfig,
    produces: { name: 'pipeline', schema: Pipeline },
    timeoutMs: () => WAIT_MS,
    async execute(context) {
      const { config, idempotencyKey, sentBefore, progress, signal } = context;
      const send = inProject(gitlab, context);
      let id = Started.safeParse(await progress.read()).data?.id;
      if (id === undefined && sentBefore) id = await findPipeline(send, config.ref, idempotencyKey);
      if (id === undefined) {
        const variables = Object.entries({ ...config.variables, FERMATA_KEY: idempotencyKey });
        const list = variables.map(([key, value]) => ({ key, value }));
        id = (await send('POST', '/pipeline', GitlabPipeline, { ref: config.ref, variables: list })).id;
      }
      await progress.write({ id });
      const read = async () => toPipeline(await send('GET', `/pipelines/${id}`, GitlabPipeline));
      const artifact = config.wait ? await waitUntilOver('pipeline', read, signal) : await read();
      return { output: artifact, artifact };
    },
  };
}

async function findPipeline(
  send: ReturnType<typeof inProject>,
  ref: string,
  idempotencyKey: string,
): Promise<number | undefined> {
  const query = new URLSearchParams({ ref, source: 'api', order_by: 'id', sort: 'desc', per_page: '10' });
  const recent = await send('GET', `/pipelines?${query.toString()}`, z.array(GitlabPipeline));
  const Variables = z.array(z.looseObject({ key: z.string(), value: z.string() }));
  for (const { id } of recent) {
    const variables = await send('GET', `/pipelines/${id}/variables`, Variables);
    if (variables.some(({ key, value }) => key === 'FERMATA_KEY' && value === idempotencyKey)) return id;
  }
  return undefined;
}

const RetryConfig = z.strictObject({
  connectionId: Text,
  projectId: ProjectId,
  jobId: z.int().min(1),
  wait: z.boolean().default(true),
});

/**
 * Creates the action `integration-gitlab.retry_job`. Each retry creates a new job, so a crash between the call and the
 * commit may retry the job twice.
 */
export function createRetryJob(gitlab: GitlabClient): CallingAction<z.infer<typeof RetryConfig>> {
  return {
    ...common,
    id: 'retry_job',
    displayName: 'Retry GitLab job',
    description: 'Retries a job and waits for its end.',
    configSchema: RetryConfig,
    produces: { name: 'job', schema: Pipeline },
    timeoutMs: () => WAIT_MS,
    async execute(context) {
      const { config, progress, signal } = context;
      const send = inProject(gitlab, context);
      const known = Started.safeParse(await progress.read()).data?.id;
      const id = known ?? (await send('POST', `/jobs/${config.jobId}/retry`, GitlabPipeline)).id;
      if (known === undefined) await progress.write({ id });
      const read = async () => toPipeline(await send('GET', `/jobs/${id}`, GitlabPipeline));
      const artifact = config.wait ? await waitUntilOver('job', read, signal) : await read();
      return { output: artifact, artifact };
    },
  };
}
