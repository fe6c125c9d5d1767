import type { Executor } from '../db/executor';
import { artifactsOf } from '../db/runs/artifacts';
import { beginStep, endStep, writeJournal } from '../db/runs/step-states';
import { setWaiting } from '../db/runs/run-states';
import { eventsOf, type Wait, type WaitContext } from '../db/runs/wait-row';
import { beginCheck, insertWait, lockWait, removeWait, endCheck } from '../db/runs/wait-states';
import { beganAt, logPosition } from '../db/runs/log-position';
import { withoutTakenEvents } from '../db/runs/taken-events';
import { isDatabaseUnavailable } from '../db/availability';
import type { WaitForTriggerAction, WaitUntilAction } from '../domain/definition/action';
import { awaitedEvents } from '../domain/definition/awaited-events';
import { FermataError, messageOf } from '../domain/errors';
import type { StepEvaluation } from '../domain/run/activities';
import { branchesAround } from '../domain/run/lanes';
import { checkCondition, earliestMatch } from '../evaluation/check-wait';
import type { ConditionReading } from '../evaluation/evaluator';
import { awaitedKeys } from '../evaluation/steps/awaited-keys';
import { isEnabled } from '../evaluation/steps/enabled';
import type { ActivityDeps } from './deps';
import { maskFields } from '../domain/secrets/mask-values';
import { placeOf, runError, scopeOf, traceOf, type Step } from './step';

type WaitStep = Step & { action: WaitUntilAction | WaitForTriggerAction };

/** Returns the fields that both kinds of wait have in common. */
function ruleOf({ action }: WaitStep): { timeoutMs: number | null; goesOn: boolean } {
  const rule = 'wait_until' in action ? action.wait_until : action.wait_for_trigger;
  const { timeout_seconds: seconds, continue_on_timeout: goesOn } = rule;
  return { timeoutMs: seconds === undefined ? null : seconds * 1_000, goesOn };
}

/**
 * Checks a wait. The first call arms the wait, unless it is a `wait_until` with a condition that is already true, and
 * then evaluates the wait in a new transaction. This closes the race with changes: the evaluation includes all changes
 * that were committed before the row was visible, and changes that are committed later find the armed row. Later calls
 * are caused by a wake or a timer.
 */
export async function evaluateWait(deps: ActivityDeps, step: WaitStep): Promise<StepEvaluation> {
  const { db } = deps.database;
  const { runId, path } = step.names;
  if (await beginCheck(db, runId, path)) {
    return db.transaction(async (tx) => {
      await writeJournal(tx, runId, step.input.journal);
      return check(deps, tx, step);
    });
  }
  const settled = await db.transaction((tx) => arm(deps, tx, step));
  if (settled) return settled;
  await deps.failpoint('after-wait-armed');
  return db.transaction((tx) => check(deps, tx, step));
}

/** Arms the wait and returns null. Returns the evaluation instead if the wait ends at once. */
async function arm(deps: ActivityDeps, tx: Executor, step: WaitStep): Promise<StepEvaluation | null> {
  const { runId, path } = step.names;
  await writeJournal(tx, runId, step.input.journal);
  const start = await beginStep(tx, step.names, 'hold', step.input.wait);
  if (!start.open) return { type: 'closed' };
  const { decided, finished } = start;
  if (finished) return (decided as StepEvaluation | null) ?? { type: 'closed' };
  step.mask = deps.secrets.maskOf(runId, start.secrets);
  const scope = scopeOf(step, start);
  try {
    if (!(await isEnabled(tx, deps, step, scope))) {
      const skipped: StepEvaluation = { type: 'skipped' };
      await endStep(tx, { ...placeOf(step), status: 'skipped', trace: { evaluation: skipped, ...traceOf(step) } });
      return skipped;
    }
    const now = deps.clock.now();
    const { timeoutMs } = ruleOf(step);
    const { variables, repeat, error } = step.input;
    const seen: WaitContext = { variables, repeat, wait: start.wait, ...(error && { error }) };
    const base = {
      ...{ id: deps.ids.next(), runId, path, scope: seen, since: now, anyKey: false, event: null, contextKey: null },
      timeoutAt: timeoutMs === null ? null : new Date(now.getTime() + timeoutMs),
      afterSeq: 0,
    };
    if ('wait_until' in step.action) {
      const seenNow = await deps.evaluator.readCondition(tx, step.action.wait_until.condition, scope);
      step.conditions = [seenNow.trace()];
      if (seenNow.value === true) return await complete(tx, step, { since: now, timeoutAt: base.timeoutAt }, now, {});
      const { refs, changesAt: recheckAt } = seenNow;
      const afterSeq = await beganAt(tx, runId, path);
      await insertWait(tx, { ...base, kind: 'wait_until', refs, recheckAt, afterSeq });
    } else {
      const keys = await awaitedKeys(deps.evaluator, tx, awaitedEvents(step.action.wait_for_trigger), scope);
      const [first = { event: null, contextKey: null, anyKey: false }] = keys;
      const events = [...new Set(keys.map(({ event }) => event))];
      const branches = branchesAround(step.source.definition, path);
      const position = { runId, events, afterSeq: await logPosition(tx, runId, path, branches) };
      const { afterSeq, taken } = await withoutTakenEvents(tx, position, branches);
      const names = { kind: 'wait_for_trigger' as const, ...first };
      const isList = 'triggers' in step.action.wait_for_trigger;
      const past = { ...seen, ...(taken.length > 0 && { taken }), ...(isList && { keys }) };
      await insertWait(tx, { ...base, ...names, scope: past, afterSeq, refs: [], recheckAt: null });
    }
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    return fail(tx, step, error instanceof FermataError ? error.code : 'expression_error', messageOf(error));
  }
  await setWaiting(tx, runId);
  return null;
}

async function check(deps: ActivityDeps, tx: Executor, step: WaitStep): Promise<StepEvaluation> {
  const wait = await lockWait(tx, step.names.runId, step.names.path);
  // The run has ended, or an earlier execution has ended the wait.
  if (wait === null) {
    const start = await beginStep(tx, step.names, 'hold');
    return start.open && start.finished
      ? ((start.decided as StepEvaluation | null) ?? { type: 'closed' })
      : { type: 'closed' };
  }
  step.mask = await deps.secrets.readMask(tx, wait.runId);
  const now = deps.clock.now();
  const artifacts = await artifactsOf(tx, wait.runId, step.names.view);
  if ('wait_until' in step.action) {
    const { condition } = step.action.wait_until;
    const { seen, by } = await checkCondition(deps.evaluator, tx, condition, { wait, source: step.source, artifacts });
    step.conditions = [seen.trace()];
    if (seen.value === true) return complete(tx, step, wait, now, by);
    if (isOver(wait, now)) return timeOut(tx, step, wait);
    return goOnWaiting(tx, step, wait, { seen, now });
  }
  const events = awaitedEvents(step.action.wait_for_trigger);
  const trigger = await earliestMatch(deps, tx, { wait, source: step.source, artifacts, events });
  if (trigger !== null) return complete(tx, step, wait, now, { trigger });
  if (isOver(wait, now)) return timeOut(tx, step, wait);
  return goOnWaiting(tx, step, wait, { seen: null, now });
}

const isOver = ({ timeoutAt }: Wait, now: Date): boolean => timeoutAt !== null && timeoutAt <= now;

async function goOnWaiting(
  tx: Executor,
  step: WaitStep,
  wait: Wait,
  { seen, now }: { seen: ConditionReading | null; now: Date },
): Promise<StepEvaluation> {
  const { runId } = step.names;
  const recheckAt = seen?.changesAt ?? null;
  const instants = [recheckAt, wait.timeoutAt].flatMap((at) => (at === null ? [] : [at.getTime()]));
  await endCheck(tx, wait.id, recheckAt);
  const indeterminate = seen?.indeterminate === true;
  if (indeterminate) {
    step.warnings.push(
      'Not everything that the condition reads is known in advance, so the condition is evaluated every minute.',
    );
  }
  const evaluation: StepEvaluation = {
    type: 'wait',
    over: false,
    note: noteOf(wait),
    recheckAt: recheckAt?.getTime() ?? null,
    timeoutAt: wait.timeoutAt?.getTime() ?? null,
    ms: instants.length === 0 ? null : Math.max(0, Math.min(...instants) - now.getTime()),
  };
  await endStep(tx, {
    ...placeOf(step),
    status: 'waiting',
    result: { refs: wait.refs, event: eventsOf(wait).join(', ') || null, timeoutAt: wait.timeoutAt, recheckAt },
    trace: traceOf(step),
  });
  await setWaiting(tx, runId);
  return evaluation;
}

/** Returns the text that the Web UI shows for a wait. */
function noteOf(wait: Wait): string {
  const { kind, refs, timeoutAt } = wait;
  const what = kind === 'wait_until' ? refs.join(', ') || 'the clock' : eventsOf(wait).join(' or ');
  const until = timeoutAt === null ? '' : ` until ${timeoutAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `for ${what}${until}`;
}

async function complete(
  tx: Executor,
  step: WaitStep,
  wait: Pick<Wait, 'since' | 'timeoutAt'> & { id?: string },
  now: Date,
  by: Record<string, unknown>,
): Promise<StepEvaluation> {
  const left = wait.timeoutAt === null ? null : Math.max(0, (wait.timeoutAt.getTime() - now.getTime()) / 1_000);
  return settle(tx, step, wait.id, true, { completed: true, remainingSeconds: left, ...by });
}

async function timeOut(tx: Executor, step: WaitStep, wait: Wait): Promise<StepEvaluation> {
  if (ruleOf(step).goesOn) return settle(tx, step, wait.id, false, { completed: false, remainingSeconds: 0 });
  await removeWait(tx, wait.id);
  const seconds = Math.round(((wait.timeoutAt?.getTime() ?? 0) - wait.since.getTime()) / 1_000);
  const result = { completed: false, remainingSeconds: 0 };
  return fail(
    tx,
    step,
    'wait_timeout',
    `Timed out after ${seconds} s waiting ${noteOf({ ...wait, timeoutAt: null })}.`,
    result,
  );
}

async function settle(
  tx: Executor,
  step: WaitStep,
  waitId: string | undefined,
  completed: boolean,
  result: Record<string, unknown>,
): Promise<StepEvaluation> {
  if (waitId !== undefined) await removeWait(tx, waitId);
  const evaluation: StepEvaluation = { type: 'wait', over: true, completed };
  const written = await endStep(tx, {
    ...placeOf(step),
    status: 'success',
    result: maskFields(step.mask, result, 'all'),
    trace: { evaluation, ...traceOf(step) },
  });
  if (written) return evaluation;
  // The step had already ended, either by another execution of this evaluation or together with the run.
  const { open, finished, decided } = await beginStep(tx, step.names, 'hold');
  return open && finished ? ((decided as StepEvaluation | null) ?? { type: 'closed' }) : { type: 'closed' };
}

async function fail(
  tx: Executor,
  step: WaitStep,
  code: string,
  message: string,
  result?: Record<string, unknown>,
): Promise<StepEvaluation> {
  const error = runError(step, code, message);
  const evaluation: StepEvaluation = { type: 'failed', error };
  const more = result === undefined ? {} : { result };
  await endStep(tx, { ...placeOf(step), status: 'failed', error, ...more, trace: { evaluation, ...traceOf(step) } });
  return evaluation;
}
