import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { setTimeout as pause } from 'node:timers/promises';
import type { Executor } from '../db/executor';
import { isDatabaseAway } from '../db/availability';
import { beginStep, type StepStart } from '../db/runs/begin-step';
import { endStep } from '../db/runs/end-step';
import { noteAttempt } from '../db/runs/note-attempt';
import { writeJournal } from '../db/runs/journal';
import { messageOf } from '../domain/errors';
import type { Performance } from '../domain/run/activities';
import { isInBranch } from '../domain/run/path';
import { artifactScope } from '../domain/run/scope';
import type { RetryPlan } from '../domain/run/plan';
import type { ActionResult, CallingAction } from '../integrations/contract';
import { ProviderFailure } from '../integrations/provider-failure';
import { renderConfig } from './action-config';
import { SHORT_CALL_MS } from './call-budget';
import { consumedArtifact } from './consumed-artifact';
import type { ActivityDeps } from './deps';
import { codeOf } from './perform-transaction';
import type { ActionStepOfRun } from './perform-step';
import { isEnabled, outcomeBefore, writeFailure, writeSuccess } from './settle-step';
import { runCause, runError, scopeOf, traceOf } from './step';

const HEARTBEAT_MS = 1_000;
/** How long the end of a call that succeeded is tried to be written before the attempt is given up as lost. */
const PERSIST_MS = 10_000;

interface Attempt {
  step: ActionStepOfRun;
  action: CallingAction;
  context: Context;
  start: StepStart;
  /** What went out, and when. */
  sent?: { config: unknown; connectionType: string; at: number };
}

/**
 * Something that leaves the process: at least once, each time with the same idempotency key. The step's row is open
 * while it is on its way, and it is not sent when the run has ended or an earlier execution has finished it.
 */
export async function performCall(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: CallingAction,
  context: Context,
): Promise<Performance> {
  const { db } = deps.database;
  const { names, input } = step;
  await writeJournal(db, names.runId, input.journal);
  const start = await beginStep(db, names, 'look', input.wait);
  const before = outcomeBefore(step, start);
  if (before) return before;
  step.mask = deps.secrets.maskOf(names.runId, start.secrets);
  const attempt: Attempt = { step, action, context, start };
  try {
    return await prepareAndCall(deps, attempt);
  } catch (error) {
    // Before anything else: a far end that refuses connections looks like a database that does.
    if (error instanceof ProviderFailure) return settleFailure(deps, attempt, error);
    if (isDatabaseAway(error) || error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    return settleFailure(deps, attempt, error);
  }
}

async function prepareAndCall(deps: ActivityDeps, attempt: Attempt): Promise<Performance> {
  const { db } = deps.database;
  const { step, action, context, start } = attempt;
  const { names, source } = step;
  const scope = scopeOf(step, start);
  if (!(await isEnabled(db, deps, step, scope))) {
    await endStep(db, { runId: names.runId, path: names.path, status: 'skipped', trace: traceOf(step) });
    return { type: 'skipped' };
  }
  const rendered = await renderConfig(db, deps, step, action.configSchema, scope);
  const { config } = rendered;
  const timeoutMs = timeoutOf(step, action, config);
  if (context.info.isLocal && timeoutMs > SHORT_CALL_MS) {
    await noteAttempt(db, names, start.attempt - 1);
    return { type: 'handover', attempts: start.attempt - 1, delayMs: 0, timeoutMs };
  }
  const consumed = action.consumes ? await consumedArtifact(db, action.consumes, start.artifacts, source) : null;
  const connection = await connectionOf(deps, action, config);
  const used = [...rendered.used, ...(connection?.secrets ?? [])];
  await deps.secrets.remember(names.runId, used);
  step.mask = deps.secrets.maskOf(names.runId, start.secrets, used);
  attempt.sent = { config, connectionType: connection?.type ?? '', at: performance.now() };
  const result = await withBudget(context, timeoutMs, (signal) =>
    action.execute({
      scope: {
        trigger: source.facts.trigger,
        artifacts: artifactScope(start.artifacts),
        variables: step.input.variables,
        repeat: step.input.repeat,
        automation: source.facts.automation,
      },
      connection: connection?.config ?? null,
      connectionType: connection?.type ?? '',
      config,
      run: { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey },
      consumed: consumed?.data ?? null,
      idempotencyKey: `${source.rootRunId}:${names.path}`,
      now: deps.clock.now(),
      attempt: start.attempt,
      mask: step.mask,
      signal,
    }),
  );
  await deps.failpoint('after-effect-before-completion');
  await maskAnew(deps, step);
  return settle(deps, attempt, (tx) => writeSuccess(tx, deps, step, action, result, consumed?.data ?? null));
}

/** Another branch may have used a secret while this call was on its way: what comes of it is masked like all that comes later. */
async function maskAnew(deps: ActivityDeps, step: ActionStepOfRun): Promise<void> {
  const { mask, names } = step;
  if (!isInBranch(names.path)) return;
  const later = await persist(() => deps.secrets.readMask(deps.database.db, names.runId));
  // Both: when the run has ended meanwhile, there is nothing left to read.
  step.mask = (value, scope) => later(mask(value, scope), scope);
}

async function connectionOf(deps: ActivityDeps, action: CallingAction, config: unknown) {
  const { connection: type = null, connectionField = type === null ? undefined : 'connectionId' } = action;
  const id = connectionField === undefined ? undefined : (Object(config) as Record<string, unknown>)[connectionField];
  return typeof id === 'string' ? deps.openConnection(type, id) : null;
}

/** Writes how the step ended, together with what the action keeps of it. */
async function settle(
  deps: ActivityDeps,
  { step, action, sent }: Attempt,
  write: (tx: Executor) => Promise<Performance>,
  error?: string,
): Promise<Performance> {
  if (!action.settled || !sent) return persist(() => write(deps.database.db));
  const { source, names } = step;
  const context = {
    ids: deps.ids,
    config: step.mask(sent.config) as never,
    connectionType: sent.connectionType,
    run: { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey },
    cause: runCause(step),
    now: deps.clock.now(),
  };
  const durationMs = Math.round(performance.now() - sent.at);
  const outcome = await persist(() =>
    deps.database.db.transaction(async (tx) => {
      const written = await write(tx);
      if (written.type !== 'closed')
        await action.settled?.({ ...context, tx }, { durationMs, ...(error !== undefined && { error }) });
      return written;
    }),
  );
  deps.notifier.changes();
  return outcome;
}

/** Heartbeats while the call runs (that is how a cancel reaches it) and aborts it when its budget is used up. */
async function withBudget(
  context: Context,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<ActionResult>,
): Promise<ActionResult> {
  const beat = context.info.isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  const budget = AbortSignal.timeout(timeoutMs);
  try {
    return await call(AbortSignal.any([budget, context.cancellationSignal]));
  } catch (error) {
    if (context.cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled.');
    if (budget.aborted) throw new ProviderFailure('timeout', `No answer within ${timeoutMs} ms.`, { retryable: true });
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** A call that succeeded is not repeated because Postgres is away for a moment. */
async function persist<T>(write: () => Promise<T>): Promise<T> {
  const until = Date.now() + PERSIST_MS;
  for (let wait = 100; ; wait = Math.min(2 * wait, 1_000)) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseAway(error) || Date.now() + wait > until) throw error;
      await pause(wait);
    }
  }
}

/**
 * A failure worth retrying goes to Temporal (a local attempt hands over, a normal one is retried by its policy) and
 * stays noted on the row; any other, and the last attempt's, fails the step.
 */
async function settleFailure(deps: ActivityDeps, attempt: Attempt, error: unknown): Promise<Performance> {
  const { step, start, context } = attempt;
  const { db } = deps.database;
  await maskAnew(deps, step);
  const failure = error instanceof ProviderFailure ? error : null;
  const described = runError(step, failure?.code ?? codeOf(error), messageOf(error), failure?.status);
  const retry = retryOf(step);
  if (!failure?.retryable || start.attempt >= retry.maxAttempts) {
    return settle(deps, attempt, (tx) => writeFailure(tx, step, described, failure?.output), described.message);
  }
  await persist(() => noteAttempt(db, step.names, start.attempt, described));
  const backoff = Math.min(retry.maxSeconds, retry.initialSeconds * retry.factor ** (start.attempt - 1)) * 1000;
  const delayMs = failure.retryAfterMs ?? backoff;
  if (context.info.isLocal) {
    return {
      type: 'handover',
      attempts: start.attempt,
      delayMs,
      timeoutMs: timeoutOf(step, attempt.action, {}),
    };
  }
  throw ApplicationFailure.create({
    message: described.message,
    type: described.code,
    nextRetryDelay: delayMs,
    details: [described],
  });
}

function timeoutOf(step: ActionStepOfRun, action: CallingAction, config: unknown): number {
  return step.action.timeout_seconds === undefined ? action.timeoutMs(config) : step.action.timeout_seconds * 1000;
}

function retryOf({ action: { retry } }: ActionStepOfRun): RetryPlan {
  return {
    maxAttempts: retry.max_attempts,
    initialSeconds: retry.initial_seconds,
    factor: retry.factor,
    maxSeconds: retry.max_seconds,
  };
}
