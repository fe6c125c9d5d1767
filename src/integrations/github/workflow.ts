import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { CallingAction } from '../contract';
import { createTextLimits } from '../limit-text';
import { ProviderFailure } from '../provider-failure';
import type { GithubClient } from './client';
import { common, inRepository, RepositoryFields, Text, TIMEOUT_MS } from './repository';

const Config = z.strictObject({
  ...RepositoryFields,
  workflow: Text.describe('File name or id of the workflow'),
  ref: Text.describe('Branch or tag'),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  wait: z
    .boolean()
    .default(true)
    .describe('Wait for the conclusion; any conclusion except success, skipped or neutral fails the step'),
});
const Run = z.object({ id: z.int(), status: z.string(), conclusion: z.string().nullable(), url: z.string() });
const GithubRun = z.looseObject({
  id: z.int(),
  status: z.string(),
  conclusion: z.string().nullable(),
  html_url: z.string(),
  created_at: z.string(),
});
const Runs = z.looseObject({ workflow_runs: z.array(GithubRun) });
const Progress = z.object({ dispatchedAt: z.string(), runId: z.int().optional() });

/** Maximum time in milliseconds to wait for a workflow when the step sets no `timeout_seconds`. */
const WAIT_MS = 3_600_000;
const POLL_MS = 5_000;
/** Milliseconds to search for the workflow run. GitHub creates the run only after responding to the dispatch. */
const APPEARS_MS = 60_000;
/** Maximum difference in milliseconds between the worker's clock and GitHub's clock. */
const SKEW_MS = 5_000;
/**
 * Maximum lengths: https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status and
 * https://docs.github.com/en/rest/checks/runs#create-a-check-run
 */
const MAX = {
  description: { characters: 140 },
  summary: { characters: 65_535 },
} as const;
const GOOD: ReadonlySet<string> = new Set(['success', 'neutral', 'skipped']);

/**
 * Creates the action `integration-github.dispatch_workflow`. GitHub has no idempotency key for dispatches, so the time
 * is recorded before the dispatch. A repeated attempt follows the first workflow run that was created since then, and
 * dispatches again only if there is none.
 */
export function createDispatchWorkflow(github: GithubClient): CallingAction<z.infer<typeof Config>> {
  return {
    ...common,
    id: 'dispatch_workflow',
    displayName: 'Run GitHub workflow',
    description: 'Starts a workflow that has the workflow_dispatch trigger, and waits for its conclusion.',
    configSchema: Config,
    produces: { name: 'workflow_run', schema: Run },
    timeoutMs: () => WAIT_MS,
    async execute(context) {
      const { config, signal, now, progress } = context;
      const send = inRepository(github, context);
      const workflow = `/actions/workflows/${encodeURIComponent(config.workflow)}`;
      const find = async (since: string) => {
        const query = new URLSearchParams({ event: 'workflow_dispatch', branch: config.ref, created: `>=${since}` });
        const { workflow_runs: runs } = await send('GET', `${workflow}/runs?${query.toString()}`, Runs);
        return runs.sort((a, b) => a.created_at.localeCompare(b.created_at))[0]?.id;
      };
      const known = Progress.safeParse(await progress.read()).data;
      const dispatchedAt = known?.dispatchedAt ?? new Date(now.getTime() - SKEW_MS).toISOString();
      let runId = known?.runId ?? (known && (await find(dispatchedAt)));
      if (runId === undefined) {
        await progress.write({ dispatchedAt });
        const { ref, inputs = {} } = config;
        await send('POST', `${workflow}/dispatches`, z.unknown(), { ref, inputs });
        for (const end = performance.now() + APPEARS_MS; runId === undefined;) {
          runId = await find(dispatchedAt);
          if (runId === undefined && performance.now() > end) throw notFound();
          if (runId === undefined) await pause(1_000, undefined, { signal });
        }
      }
      await progress.write({ dispatchedAt, runId });
      for (;;) {
        const run = await send('GET', `/actions/runs/${runId}`, GithubRun);
        const { id, status, conclusion, html_url: url } = run;
        const artifact = { id, status, conclusion, url };
        if (!config.wait || (status === 'completed' && GOOD.has(conclusion ?? '')))
          return { output: artifact, artifact };
        if (status === 'completed') {
          const message = `The workflow run ended with ${conclusion ?? 'no conclusion'}: ${url}`;
          throw new ProviderFailure('provider_failed', message, { retryable: false, output: artifact });
        }
        await pause(POLL_MS, undefined, { signal });
      }
    },
  };
}

function notFound(): ProviderFailure {
  const message = `GitHub accepted the dispatch, but no run appeared within ${APPEARS_MS / 1_000} s.`;
  return new ProviderFailure('timeout', message, { retryable: true });
}

const StatusConfig = z.strictObject({
  ...RepositoryFields,
  deploymentId: z.int().min(1),
  state: z.enum(['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']),
  description: z.string().optional(),
  logUrl: z.url({ protocol: /^https?$/ }).optional(),
});

/**
 * Creates the action `integration-github.create_deployment_status`. A repeated attempt adds the same status a second
 * time, which does not change the state of the deployment.
 */
export function createDeploymentStatus(github: GithubClient): CallingAction<z.infer<typeof StatusConfig>> {
  return {
    ...common,
    id: 'create_deployment_status',
    displayName: 'Set GitHub deployment status',
    description: 'Adds a status to a deployment.',
    configSchema: StatusConfig,
    timeoutMs: () => TIMEOUT_MS,
    async execute(context) {
      const { deploymentId, state, description, logUrl } = context.config;
      const limit = createTextLimits('GitHub', context.note);
      const text = description === undefined ? undefined : limit('description', description, MAX.description);
      const body = { state, description: text, log_url: logUrl };
      await inRepository(github, context)('POST', `/deployments/${deploymentId}/statuses`, z.unknown(), body);
      return { output: { deploymentId, state } };
    },
  };
}

const CheckConfig = z.strictObject({
  ...RepositoryFields,
  headSha: Text,
  name: Text,
  conclusion: z.enum(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out']),
  title: z.string().optional(),
  summary: z.string().optional(),
});
const Check = z.looseObject({ id: z.int(), external_id: z.string().nullish() });

/**
 * Creates the action `integration-github.create_check`, which needs a GitHub App. A repeated attempt finds the check by
 * its key.
 */
export function createCreateCheck(github: GithubClient): CallingAction<z.infer<typeof CheckConfig>> {
  return {
    ...common,
    id: 'create_check',
    displayName: 'Create GitHub check',
    description: 'Adds a completed check to a commit; GitHub accepts checks of apps only.',
    configSchema: CheckConfig,
    produces: { name: 'check', schema: z.object({ id: z.int() }) },
    async execute(context) {
      const { config, sentBefore, idempotencyKey } = context;
      const { headSha, name, conclusion, title, summary } = config;
      const send = inRepository(github, context);
      if (sentBefore) {
        const path = `/commits/${encodeURIComponent(headSha)}/check-runs?check_name=${encodeURIComponent(name)}`;
        const { check_runs: checks } = await send('GET', path, z.looseObject({ check_runs: z.array(Check) }));
        const found = checks.find(({ external_id: key }) => key === idempotencyKey);
        if (found) return { output: { id: found.id }, artifact: { id: found.id } };
      }
      const limit = createTextLimits('GitHub', context.note);
      const text = summary === undefined ? undefined : limit('summary', summary, MAX.summary);
      const output = text === undefined ? {} : { output: { title: title ?? name, summary: text } };
      const body = { name, head_sha: headSha, status: 'completed', conclusion, external_id: idempotencyKey, ...output };
      const { id } = await send('POST', '/check-runs', Check, body);
      return { output: { id }, artifact: { id } };
    },
  };
}
