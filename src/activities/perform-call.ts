import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { isDatabaseUnavailable, isQueryError } from '../db/availability';
import type { Executor } from '../db/executor';
import { countSent, noteFailedAttempt, sentInRetriedRun, stepStanding } from '../db/runs/attempts';
import { beginSent, beginStep, endStep, writeJournal } from '../db/runs/step-states';
import { messageOf } from '../domain/errors';
import type { StepOutcome } from '../domain/run/activities';
import { isInBranch } from '../domain/run/lanes';
import { MAX_RETRY_AFTER_MS } from '../domain/run/step-deadline';
import { withBoundSecrets } from '../edges/egress/bound-secrets';
import { withSecretsOfCall } from '../edges/egress/secrets-of-call';
import type { ActionResult, CallingAction, CallOutcome } from '../integrations/contract';
import { withSecretsOfStep } from '../integrations/plugin-secrets';
import { ProviderFailure } from '../integrations/provider-failure';
import { keyOf, retryOf, superseded, timeoutOf, type Attempt } from './call-attempt';
import { callMemory } from './call-memory';
import { startFrom, stateRead, type Carry } from './carried-state';
import { deferEnd } from './deferred-end';
import type { ActivityDeps } from './deps';
import { makeCall } from './make-call';
import { codeOf } from './perform-transaction';
import { persist } from './persist';
import { isPreceded } from './preceding-write';
import { prepareCall, type PreparedCall } from './prepare-call';
import { auditRefusedSecret } from './refused-secret';
import { maskFields } from '../domain/secrets/mask-values';
import { isEnabled } from '../evaluation/steps/enabled';
import {
  carryOn,
  outcomeBefore,
  recordedOutcome,
  successOf,
  writeFailure,
  writeSuccess,
  type Success,
} from './settle-step';
import { credentialsOfStep, secretsOfStep } from './secrets-of-step';
import { configOf, placeOf, runCause, runError, scopeOf, traceOf, type ActionStepOfRun } from './step';

const HEARTBEAT_MS = 1_000;

/**
 * Performs a call that leaves the process. The call is sent at least once, and each time with the same idempotency key.
 * The step's row stays open until the call ends. The call is not sent when the run or the step has ended, or when
 * another attempt has become the current one. Throws an error when Temporal must retry: infrastructure is unreachable,
 * or the failure is retryable.
 */
export async function performCall(
  deps: ActivityDeps,
  step: ActionStepOfRun,
  action: CallingAction,
  context: Context,
): Promise<StepOutcome> {
  const { isLocal } = context.info;
  // Heartbeats also cover the time before and after the call itself, so that Temporal does not time out an attempt that
  // is writing its outcome.
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
): Promise<StepOutcome> {
  const { db } = deps.database;
  const { names, input } = step;
  if (input.journal.length > 0 && !(await isPreceded(step.preceding))) return { type: 'closed' };
  await writeJournal(db, names.runId, input.journal);
  const key = keyOf(context);
  const prepared = await prepareFirst(deps, { step, action, context, key });
  if (prepared && (await beginPrepared(deps, prepared.attempt))) {
    return settlingFailure(deps, prepared.attempt, () => sendAndSettle(deps, prepared.attempt, prepared.call));
  }
  if (!(await isPreceded(step.preceding))) return { type: 'closed' };
  const start = await beginStep(db, names, 'show', input.wait, key);
  const before = outcomeBefore(step, start);
  if (before) return before;
  if (start.superseded) throw superseded(names);
  step.state = stateRead(start);
  step.mask = deps.secrets.maskOf(names.runId, start.secrets);
  const attempt: Attempt = { step, action, context, key, start, sentCount: start.attempts };
  if (start.attempts >= retryOf(step).maxAttempts) return attemptsUsed(deps, attempt);
  return settlingFailure(deps, attempt, () => prepareAndCall(deps, attempt));
}

/**
 * Prepares the first attempt of a step whose run has a known state, before the step begins. Returns null if the state is
 * not known, or if this attempt does not send the call; the step then begins first.
 */
async function prepareFirst(
  deps: ActivityDeps,
  { step, action, context, key }: Pick<Attempt, 'step' | 'action' | 'context' | 'key'>,
): Promise<{ attempt: Attempt; call: PreparedCall } | null> {
  const { state, names, input } = step;
  if (!state || input.wait !== undefined || action.before !== undefined) return null;
  const start = startFrom(state);
  const attempt: Attempt = { step, action, context, key, start, sentCount: 1 };
  step.mask = deps.secrets.maskOf(names.runId, state.secrets, state.used);
  try {
    if (!(await isEnabled(deps.database.db, deps, step, scopeOf(step, start)))) return null;
    const call = await prepareCall(deps, attempt);
    return 'type' in call ? null : { attempt, call };
  } catch (error) {
    // Once the step has begun, preparing it again meets the same error, which then is stored with the step.
    if (isDatabaseUnavailable(error) || error instanceof CancelledFailure) throw error;
    return null;
  }
}

/** Begins a step with an attempt that is sent at once. Returns false if the step began before, or the run has ended. */
async function beginPrepared(deps: ActivityDeps, { step, context, key }: Attempt): Promise<boolean> {
  await deps.failpoint('before-attempt-is-sent');
  const { names, preceding } = step;
  return persist(context, () =>
    preceding ? preceding.begin(names, key, configOf(step)) : beginSent(deps.database.db, names, key, configOf(step)),
  );
}

/** Makes an attempt, and stores its failure. */
async function settlingFailure(
  deps: ActivityDeps,
  attempt: Attempt,
  make: () => Promise<StepOutcome>,
): Promise<StepOutcome> {
  try {
    return await make();
  } catch (error) {
    // A `ProviderFailure` is checked first, because a provider that refuses connections raises the same error as a
    // database that does.
    if (error instanceof ProviderFailure) return settleFailure(deps, attempt, error);
    if (isDatabaseUnavailable(error)) throw error;
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    return settleFailure(deps, attempt, error);
  }
}

/** Fails a step whose attempts have all been sent, and whose last attempt died before it could write its outcome. */
function attemptsUsed(deps: ActivityDeps, attempt: Attempt): Promise<StepOutcome> {
  const { step, start } = attempt;
  const count = `${start.attempts} attempt${start.attempts === 1 ? '' : 's'}`;
  const last = start.lastError === null ? '' : ` The attempt before it failed: ${start.lastError.message}`;
  const error = runError(step, 'attempt_lost', `The last of ${count} did not report its outcome.${last}`);
  return settle(deps, attempt, (tx) => writeFailure(tx, step, error), { error: error.message });
}

async function prepareAndCall(deps: ActivityDeps, attempt: Attempt): Promise<StepOutcome> {
  const { db } = deps.database;
  const { step, action, start } = attempt;
  if (!(await isEnabled(db, deps, step, scopeOf(step, start)))) {
    const written = await endStep(db, { ...placeOf(step), status: 'skipped', trace: traceOf(step) });
    return written ? { type: 'skipped' } : recordedOutcome(db, step);
  }
  const call = await prepareCall(deps, attempt);
  if ('type' in call) return call;
  const { config, scope, run } = call;
  const answer = await action.before?.({ db, config: config as never, scope, run, now: deps.clock.now() });
  if (answer) {
    attempt.answeredBefore = true;
    attempt.sent = sentOf(call);
    return succeed(deps, attempt, call, answer);
  }
  await deps.failpoint('before-attempt-is-sent');
  const sentCount = await persist(attempt.context, () => countSent(db, step.names, attempt.key, configOf(step)));
  if (sentCount === null) return notSent(deps, attempt);
  attempt.sentCount = sentCount;
  return sendAndSettle(deps, attempt, call);
}

/** Sends an attempt that was counted, and writes its outcome. */
async function sendAndSettle(deps: ActivityDeps, attempt: Attempt, call: PreparedCall): Promise<StepOutcome> {
  attempt.sent = sentOf(call);
  const result = await send(deps, attempt, call);
  await deps.failpoint('after-effect-before-completion');
  await maskAgain(deps, attempt);
  return succeed(deps, attempt, call, result);
}

async function succeed(
  deps: ActivityDeps,
  attempt: Attempt,
  { consumed }: PreparedCall,
  result: ActionResult,
): Promise<StepOutcome> {
  const { step, action } = attempt;
  const carry = carryFor(attempt);
  if (carry) return deferSuccess(deps, attempt, carry, successOf(deps, step, action, result, consumed));
  return settle(deps, attempt, (tx) => writeSuccess(tx, deps, step, action, result, consumed), { result });
}

/**
 * Returns the carry of a call whose success may be written with the next step of the stretch. Returns undefined if it
 * must be written at once: the step ends its run, the action writes to tables with it, or the state of the run is not
 * known.
 */
const carryFor = ({ step: { carry, state, last }, action: { settled } }: Attempt): Carry | undefined =>
  state !== undefined && last === undefined && settled === undefined ? carry : undefined;

/**
 * Defers the success of a call. If Postgres later refuses its end, the step fails, as if the end had been written at
 * once.
 */
function deferSuccess(deps: ActivityDeps, attempt: Attempt, carry: Carry, { end, artifact }: Success): StepOutcome {
  const { db } = deps.database;
  const { step, context } = attempt;
  const done: StepOutcome = { type: 'done' };
  // The action may change its result later.
  const copy = structuredClone(end);
  const since = performance.now();
  const write = async () => ((await endStep(db, copy)) ? done : recordedOutcome(db, step));
  carry.end = deferEnd(deps.database, copy, async () => {
    const outcome = await settlingFailure(deps, attempt, () => persist(context, write, since));
    return outcome === done ? null : outcome;
  });
  carryOn(step, true, artifact);
  return done;
}

const sentOf = ({ config, connection, prepared }: PreparedCall) => ({
  ...{ config, prepared, at: performance.now() },
  ...{ connectionType: connection?.type ?? '', connectionId: connection?.id ?? '' },
});

async function send(deps: ActivityDeps, attempt: Attempt, call: PreparedCall): Promise<ActionResult> {
  const { action, step, context, sentCount } = attempt;
  const { connection, config, prepared, consumed, scope, run, bound, timeoutMs } = call;
  const { rootRunId } = step.source;
  const idempotencyKey = `${rootRunId}:${step.names.path}`;
  const sentBefore =
    sentCount > 1 || (await persist(context, () => sentInRetriedRun(deps.database.db, { ...step.names, rootRunId })));
  const secretsOfCall = credentialsOfStep(deps, step, (write) => persist(context, write));
  const { mask } = secretsOfCall;
  const execute = (signal: AbortSignal) =>
    action.execute({
      connection: connection?.config ?? null,
      connectionType: connection?.type ?? '',
      ...{ prepared, config, run, scope, consumed, idempotencyKey, signal, timeoutMs },
      now: deps.clock.now(),
      attempt: sentCount,
      sentBefore,
      mask,
      note: (text) => void step.warnings.push(text),
      ...callMemory(deps.database.db, { mask, idempotencyKey, connectionId: connection?.id }, (write) =>
        persist(context, write),
      ),
    });
  const secrets = secretsOfStep(deps, step);
  return makeCall(deps, attempt, timeoutMs, (signal) =>
    withBoundSecrets(bound, () =>
      withSecretsOfCall(secretsOfCall, () => withSecretsOfStep(secrets, () => execute(signal))),
    ).catch((error: unknown) => {
      throw ofProvider(error);
    }),
  );
}

/**
 * Returns the error of a call. A network error that a plugin throws unchanged has the same code as an error of a
 * connection to Postgres. It is converted to a `ProviderFailure`, unless a statement failed with it.
 */
function ofProvider(error: unknown): unknown {
  if (error instanceof ProviderFailure || !isDatabaseUnavailable(error) || isQueryError(error)) return error;
  return new ProviderFailure('network_error', messageOf(error), { retryable: true, cause: error });
}

/**
 * Returns the outcome of an attempt that was not sent, because the step or the run ended while the attempt was being
 * prepared. Throws `attempt_superseded` when another attempt replaced it.
 */
async function notSent({ database }: ActivityDeps, { step }: Attempt): Promise<StepOutcome> {
  const standing = await stepStanding(database.db, step.names);
  const outcome = outcomeBefore(step, standing);
  if (outcome) return outcome;
  throw superseded(step.names);
}

/** Adds the secrets that other branches used during this call to the mask. */
async function maskAgain(deps: ActivityDeps, { step, context }: Attempt): Promise<void> {
  const { mask, names, source } = step;
  if (!isInBranch(source.definition, names.path)) return;
  const later = await persist(context, () => deps.secrets.readMask(deps.database.db, names.runId));
  // Both masks are applied: after the end of the run its secrets can no longer be read, so the later mask may hide
  // nothing.
  step.mask = (value, scope) => later(mask(value, scope), scope);
}

/**
 * Writes the end of the step, and the data that the action stores. Returns the recorded outcome if the step had already
 * ended.
 */
async function settle(
  deps: ActivityDeps,
  { step, action, context, sent, answeredBefore }: Attempt,
  write: (tx: Executor) => Promise<StepOutcome | null>,
  how: Pick<CallOutcome, 'error' | 'result'>,
): Promise<StepOutcome> {
  const { db } = deps.database;
  const { settled } = action;
  if (!settled || !sent) {
    return persist(context, async () => (await write(db)) ?? recordedOutcome(db, step));
  }
  const { source, names } = step;
  const facts = {
    ...{ ids: deps.ids, entities: deps.entities, prepared: sent.prepared },
    config: maskFields(step.mask, sent.config, 'all') as never,
    ...{ connectionType: sent.connectionType, connectionId: sent.connectionId },
    run: { id: names.runId, automationId: source.automationId, contextKey: source.facts.contextKey },
    cause: runCause(step),
    now: deps.clock.now(),
  };
  const durationMs = Math.round(performance.now() - sent.at);
  const outcome = await persist(context, () =>
    db.transaction(async (tx) => {
      const written = await write(tx);
      if (written === null) return recordedOutcome(tx, step);
      await settled({ ...facts, tx }, { durationMs, ...how, ...(answeredBefore && { answeredBefore }) });
      return written;
    }),
  );
  deps.notifier.changes();
  return outcome;
}

/**
 * Records a failure. A retryable failure is stored in the row. A local attempt then returns a handover to a normal
 * attempt. A normal attempt throws, so that Temporal retries it after its pause. Any other failure, and the failure of
 * the last attempt, fails the step.
 */
async function settleFailure(deps: ActivityDeps, attempt: Attempt, error: unknown): Promise<StepOutcome> {
  const { step, context, action } = attempt;
  await maskAgain(deps, attempt);
  await persist(context, () => auditRefusedSecret(deps.database.db, deps, step, error));
  if (!attempt.sent) {
    // An attempt that could not be sent also counts, unless infrastructure was unreachable.
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
  const tookMs = attempt.sent && Math.round(performance.now() - attempt.sent.at);
  const failed = { no: sentCount, ...(tookMs !== undefined && { tookMs }), error: described };
  await persist(context, () => noteFailedAttempt(deps.database.db, step.names, attempt.key, failed));
  const backoff = Math.min(retry.maxSeconds, retry.initialSeconds * retry.factor ** (sentCount - 1)) * 1000;
  const delayMs = Math.min(failure.retryAfterMs ?? backoff, Math.max(MAX_RETRY_AFTER_MS, retry.maxSeconds * 1000));
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
