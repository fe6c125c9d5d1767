import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseAway } from '../db/availability';
import type { Executor } from '../db/executor';
import { countSent, noteFailedAttempt, stepStanding, type AttemptKey } from '../db/runs/attempts';
import { beginStep, type StepStart } from '../db/runs/begin-step';
import { endStep } from '../db/runs/end-step';
import { writeJournal } from '../db/runs/journal';
import { messageOf } from '../domain/errors';
import type { Performance } from '../domain/run/activities';
import type { BoundSecret } from '../domain/secrets/binding';
import { isInBranch } from '../domain/run/path';
import { artifactScope } from '../domain/run/scope';
import { LONGEST_RETRY_AFTER_MS } from '../domain/run/step-deadline';
import type { RetryPlan } from '../domain/run/plan';
import { withBoundSecrets } from '../edges/egress/bound-secrets';
import type { ActionResult, CallingAction, CallOutcome } from '../integrations/contract';
import type { OpenConnection } from '../integrations/connections/open-connection';
import { ProviderFailure } from '../integrations/provider-failure';
import { renderConfig, secretUse } from './action-config';
import { callMemory } from './call-memory';
import { SHORT_CALL_MS } from './call-budget';
import { consumedArtifact } from './consumed-artifact';
import type { ActivityDeps } from './deps';
import { originOf } from './origin-load';
import { codeOf } from './perform-transaction';
import type { ActionStepOfRun } from './perform-step';
import { auditRefusedSecret } from './refused-secret';
import { isEnabled, outcomeBefore, outcomeElsewhere, writeFailure, writeSuccess } from './settle-step';
import { runCause, runError, scopeOf, traceOf } from './step';

const HEARTBEAT_MS = 1_000;
/** How long the outcome of a call is tried to be written before the attempt is given up; a normal activity has more time. */
const PERSIST_MS = { local: 10_000, normal: 45_000 };

interface Attempt {
  step: ActionStepOfRun;
  action: CallingAction;
  context: Context;
  key: AttemptKey;
  start: StepStart;
  /** Attempts that were sent, with this one once it is. */
  sentCount: number;
  /** What went out, and when. */
  sent?: { config: unknown; connectionType: string; prepared: unknown; at: number };
  /** The action answered without a call. */
  answeredBefore?: true;
  /** Where it goes; known once the configuration is rendered. */
  origin?: string;
}

const SUPERSEDED_RETRY_MS = 1_000;

/**
 * Another attempt of the same step is the current one. Temporal has given this one up and ignores its failure, or retries it
 * after the other, of a process that was suspended, has had time to end.
 */
const superseded = ({ path }: { path: string }): ApplicationFailure =>
  ApplicationFailure.create({
    message: `Another attempt of ${path} is the current one.`,
    type: 'attempt_superseded',
    nextRetryDelay: SUPERSEDED_RETRY_MS,
  });

/**
 * A call that leaves the process: at least once, each time with the same idempotency key. The step's row is open while it is
 * under way. It is not sent when the run or the step has ended, or when another attempt has become the current one.
 * Throws what Temporal retries: infrastructure that is away, and failures that are worth another attempt.
 */
export async function performCall(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: CallingAction,
  context: Context,
): Promise<Performance> {
  const { isLocal } = context.info;
  // Also before and after the call itself: an attempt that writes its outcome must not be taken for dead.
  const beat = isLocal ? undefined : setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await beginAndCall(deps, step, action, context);
  } finally {
    clearInterval(beat);
  }
}

async function beginAndCall(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: CallingAction,
  context: Context,
): Promise<Performance> {
  const { db } = deps.database;
  const { names, input } = step;
  await writeJournal(db, names.runId, input.journal);
  const key = keyOf(context);
  const start = await beginStep(db, names, 'look', input.wait, key);
  const before = outcomeBefore(step, start);
  if (before) return before;
  if (start.superseded) throw superseded(names);
  step.mask = deps.secrets.maskOf(names.runId, start.secrets);
  const attempt: Attempt = { step, action, context, key, start, sentCount: start.attempts };
  if (start.attempts >= retryOf(step).maxAttempts) return attemptsUsed(deps, attempt);
  try {
    return await prepareAndCall(deps, attempt);
  } catch (error) {
    // Before anything else: a far end that refuses connections looks like a database that does.
    if (error instanceof ProviderFailure) return settleFailure(deps, attempt, error);
    if (isDatabaseAway(error)) throw error;
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    return settleFailure(deps, attempt, error);
  }
}

/** Names this invocation of an activity as an attempt of its step. */
export function keyOf({ info }: Context): AttemptKey {
  const { workflowExecution, activityId, attempt, isLocal } = info;
  const of = `${workflowExecution?.runId ?? ''}/${isLocal ? 'local' : 'normal'}/${activityId}`;
  return { of, no: attempt, token: randomUUID() };
}

/** Every attempt was sent, and the last one died before it could write its outcome. */
function attemptsUsed(deps: ActivityDeps, attempt: Attempt): Promise<Performance> {
  const { step, start } = attempt;
  const count = `${start.attempts} attempt${start.attempts === 1 ? '' : 's'}`;
  const last = start.lastError === null ? '' : ` The one before failed: ${start.lastError.message}`;
  const error = runError(step, 'attempt_lost', `The last of ${count} did not report its outcome.${last}`);
  return settle(deps, attempt, (tx) => writeFailure(tx, step, error), { error: error.message });
}

async function prepareAndCall(deps: ActivityDeps, attempt: Attempt): Promise<Performance> {
  const { db } = deps.database;
  const { step, action, context, start } = attempt;
  const { names, source } = step;
  const scope = scopeOf(step, start);
  if (!(await isEnabled(db, deps, step, scope))) {
    const written = await endStep(db, { ...places(step), status: 'skipped', trace: traceOf(step) });
    return written ? { type: 'skipped' } : outcomeElsewhere(db, step);
  }
  const rendered = await renderConfig(db, deps, step, action, scope);
  const { config } = rendered;
  const timeoutMs = timeoutOf(step, action, config);
  if (context.info.isLocal && timeoutMs > SHORT_CALL_MS) {
    return { type: 'handover', attempts: start.attempts, delayMs: 0, timeoutMs };
  }
  const connection = await connectionOf(deps, step, action, config);
  attempt.origin = originOf(names.action ?? '', config, connection);
  if (context.info.isLocal && !deps.origins.admitsLocal(attempt.origin)) {
    return { type: 'handover', attempts: start.attempts, delayMs: 0, timeoutMs, apart: true };
  }
  const consumed = action.consumes ? await consumedArtifact(db, action.consumes, start.artifacts, source) : null;
  const used = [...rendered.used, ...(connection?.secrets ?? [])];
  const bound = [...rendered.used.flatMap((secret) => secret.bound ?? []), ...(connection?.bound ?? [])];
  const prepared = await prepare(deps, attempt, config, { used, bound });
  await deps.secrets.remember(names.runId, used);
  step.mask = deps.secrets.maskOf(names.runId, start.secrets, used);
  const sent = () => ({ config, connectionType: connection?.type ?? '', prepared, at: performance.now() });
  const callScope = callScopeOf(attempt);
  const finish = (result: ActionResult) =>
    settle(deps, attempt, (tx) => writeSuccess(tx, deps, step, action, result, consumed?.data ?? null), { result });
  const run = { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey };
  const idempotencyKey = `${source.rootRunId}:${names.path}`;
  const answer = await action.before?.({ db, config: config as never, scope: callScope, run, now: deps.clock.now() });
  if (answer) {
    attempt.answeredBefore = true;
    attempt.sent = sent();
    return finish(answer);
  }
  await deps.failpoint('before-attempt-is-sent');
  const sentCount = await countSent(db, names, attempt.key);
  if (sentCount === null) return notSent(deps, attempt);
  attempt.sentCount = sentCount;
  attempt.sent = sent();
  const send = (signal: AbortSignal) =>
    action.execute({
      scope: callScope,
      connection: connection?.config ?? null,
      connectionType: connection?.type ?? '',
      ...{ prepared, config, run },
      consumed: consumed?.data ?? null,
      idempotencyKey,
      now: deps.clock.now(),
      attempt: sentCount,
      mask: step.mask,
      signal,
      note: (text) => void step.warnings.push(text),
      ...callMemory(db, { mask: step.mask, idempotencyKey, connectionId: connection?.id }, (write) =>
        persist(context, write),
      ),
    });
  const result = await measured(deps, attempt, timeoutMs, (signal) => withBoundSecrets(bound, () => send(signal)));
  await deps.failpoint('after-effect-before-completion');
  await maskAnew(deps, attempt);
  return finish(result);
}

/** What an action may read of the run. */
const callScopeOf = ({ step, start }: Attempt) => ({
  trigger: step.source.facts.trigger,
  artifacts: artifactScope(start.artifacts),
  variables: step.input.variables,
  repeat: step.input.repeat,
  automation: step.source.facts.automation,
});

/** Lets the action read our own tables; secrets of the connections that it opens are added to `used` and `bound`. */
async function prepare(
  deps: ActivityDeps,
  { action, step }: Attempt,
  config: unknown,
  { used, bound }: { used: OpenConnection['secrets']; bound: BoundSecret[] },
): Promise<unknown> {
  return action.prepare?.({
    ...{ db: deps.database.db, ids: deps.ids, config, cause: runCause(step), now: deps.clock.now() },
    trigger: step.source.facts.trigger,
    async openConnection(type, id) {
      const opened = await deps.openConnection(type, id, secretUse(step, 'call'));
      used.push(...opened.secrets);
      bound.push(...opened.bound);
      return opened.config;
    },
  });
}

const places = ({ names: { runId, path } }: ActionStepOfRun) => ({ runId, path });

/** While this attempt was prepared, the step or the run ended, or another attempt became the current one. */
async function notSent({ database }: ActivityDeps, { step }: Attempt): Promise<Performance> {
  const standing = await stepStanding(database.db, step.names);
  const outcome = outcomeBefore(step, standing);
  if (outcome) return outcome;
  throw superseded(step.names);
}

/** Another branch may have used a secret while this call was on its way: what comes of it is masked like all that comes later. */
async function maskAnew(deps: ActivityDeps, { step, context }: Attempt): Promise<void> {
  const { mask, names } = step;
  if (!isInBranch(names.path)) return;
  const later = await persist(context, () => deps.secrets.readMask(deps.database.db, names.runId));
  // Both: when the run has ended meanwhile, there is nothing left to read.
  step.mask = (value, scope) => later(mask(value, scope), scope);
}

async function connectionOf(deps: ActivityDeps, step: ActionStepOfRun, action: CallingAction, config: unknown) {
  const { connection: type = null, connectionField = type === null ? undefined : 'connectionId' } = action;
  const id = connectionField === undefined ? undefined : (Object(config) as Record<string, unknown>)[connectionField];
  return typeof id === 'string' ? { ...(await deps.openConnection(type, id, secretUse(step, 'call'))), id } : null;
}

/** Writes how the step ended, together with what the action keeps of it; an end that was written before stands. */
async function settle(
  deps: ActivityDeps,
  { step, action, context, sent, answeredBefore }: Attempt,
  write: (tx: Executor) => Promise<Performance | null>,
  how: Pick<CallOutcome, 'error' | 'result'>,
): Promise<Performance> {
  const { db } = deps.database;
  const { settled } = action;
  if (!settled || !sent) {
    return persist(context, async () => (await write(db)) ?? outcomeElsewhere(db, step));
  }
  const { source, names } = step;
  const facts = {
    ...{ ids: deps.ids, entities: deps.entities, prepared: sent.prepared },
    config: step.mask(sent.config) as never,
    connectionType: sent.connectionType,
    run: { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey },
    cause: runCause(step),
    now: deps.clock.now(),
  };
  const durationMs = Math.round(performance.now() - sent.at);
  const outcome = await persist(context, () =>
    db.transaction(async (tx) => {
      const written = await write(tx);
      if (written === null) return outcomeElsewhere(tx, step);
      await settled({ ...facts, tx }, { durationMs, ...how, ...(answeredBefore && { answeredBefore }) });
      return written;
    }),
  );
  deps.notifier.changes();
  return outcome;
}

/** Makes the call, and counts it as load of its origin while it is under way. */
async function measured(
  { origins }: ActivityDeps,
  { context, origin = '' }: Attempt,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<ActionResult>,
): Promise<ActionResult> {
  const end = origins.begin(origin, context.info.isLocal);
  let timedOut = false;
  try {
    return await withBudget(context, timeoutMs, call);
  } catch (error) {
    timedOut = error instanceof ProviderFailure && error.code === 'timeout';
    throw error;
  } finally {
    end({ timedOut });
  }
}

/** Aborts the call when its budget is used up, or when a cancel reaches it. */
async function withBudget(
  context: Context,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<ActionResult>,
): Promise<ActionResult> {
  const budget = AbortSignal.timeout(timeoutMs);
  try {
    return await call(AbortSignal.any([budget, context.cancellationSignal]));
  } catch (error) {
    if (context.cancellationSignal.aborted) throw new CancelledFailure('The run was cancelled.');
    if (budget.aborted) throw new ProviderFailure('timeout', `No answer within ${timeoutMs} ms.`, { retryable: true });
    throw error;
  }
}

/** A call whose outcome is known is not repeated because Postgres is away for a moment. */
async function persist<T>({ info }: Context, write: () => Promise<T>): Promise<T> {
  const until = Date.now() + PERSIST_MS[info.isLocal ? 'local' : 'normal'];
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
 * A failure worth retrying goes to Temporal (a local attempt hands over, a normal one is retried after its pause) and stays
 * on the row; any other, and that of the last attempt, fails the step.
 */
async function settleFailure(deps: ActivityDeps, attempt: Attempt, error: unknown): Promise<Performance> {
  const { step, context, action } = attempt;
  await maskAnew(deps, attempt);
  await persist(context, () => auditRefusedSecret(deps.database.db, deps, step, error));
  if (!attempt.sent) {
    // What could not even be sent uses up an attempt, too, unless it is infrastructure that was away.
    const counted = await persist(context, () => countSent(deps.database.db, step.names, attempt.key));
    if (counted === null) return notSent(deps, attempt);
    attempt.sentCount = counted;
  }
  const { sentCount } = attempt;
  const failure = error instanceof ProviderFailure ? error : null;
  const described = runError(step, failure?.code ?? codeOf(error), messageOf(error), failure?.status);
  const retry = retryOf(step);
  if (!failure?.retryable || sentCount >= retry.maxAttempts) {
    return settle(deps, attempt, (tx) => writeFailure(tx, step, described, failure?.output), {
      error: described.message,
    });
  }
  await persist(context, () => noteFailedAttempt(deps.database.db, step.names, attempt.key, described));
  const backoff = Math.min(retry.maxSeconds, retry.initialSeconds * retry.factor ** (sentCount - 1)) * 1000;
  const delayMs = Math.min(failure.retryAfterMs ?? backoff, Math.max(LONGEST_RETRY_AFTER_MS, retry.maxSeconds * 1000));
  if (context.info.isLocal) {
    const apart = attempt.origin !== undefined && deps.origins.isSlow(attempt.origin);
    const timeoutMs = timeoutOf(step, action, attempt.sent?.config ?? {});
    return { type: 'handover', attempts: sentCount, delayMs, timeoutMs, ...(apart && { apart }) };
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
