import type { Executor } from '../../db/executor';
import type { Clock } from '../../domain/clock';
import type { ConditionTrace } from '../../domain/conditions/trace-condition';
import { awaitedEvents } from '../../domain/definition/awaited-events';
import type { ActionStep, WaitForTriggerAction, WaitUntilAction } from '../../domain/definition/action';
import type { StepEvaluation } from '../../domain/run/activities';
import type { StepStatus } from '../../domain/run/step-record';
import type { Evaluator, ExpressionContext } from '../../evaluation/evaluator';
import { awaitedKeys } from '../../evaluation/steps/awaited-keys';
import { isEnabled } from '../../evaluation/steps/enabled';
import type { Evaluated, EvaluatedStep } from '../../evaluation/steps/evaluated';
import type { DryMemory } from './dry-memory';

interface Deps {
  db: Executor;
  evaluator: Evaluator;
  clock: Clock;
  memory: DryMemory;
}

type WaitStep = EvaluatedStep & { action: WaitUntilAction | WaitForTriggerAction };

export const isWait = (action: ActionStep): action is WaitStep['action'] =>
  'wait_until' in action || 'wait_for_trigger' in action;

/**
 * Evaluates a wait. It completes at once unless its mock contains `completed: false`. In that case, it times out: after
 * its timeout on the simulated clock, or at once if it has no timeout. Throws the error that makes the step fail.
 */
export async function evaluateDryWait(
  { db, evaluator, clock, memory }: Deps,
  step: WaitStep,
  scope: ExpressionContext,
  { path, status }: { path: string; status: StepStatus },
): Promise<Evaluated> {
  const { action } = step;
  const mock = memory.mockOf(action, path);
  const rule = 'wait_until' in action ? action.wait_until : action.wait_for_trigger;
  const { timeout_seconds: timeoutSeconds = null, continue_on_timeout: goesOn } = rule;
  const isLate = mock?.['completed'] === false;
  const wait = { completed: !isLate, remainingSeconds: isLate ? 0 : timeoutSeconds, ...mock };
  if (status === 'waiting') return timedOut(path, wait, goesOn, memory);
  if (!(await isEnabled(db, { evaluator }, step, scope))) {
    return { evaluation: { type: 'skipped' }, status: 'skipped' };
  }
  const { waitsFor, conditions } =
    'wait_until' in action
      ? await conditionOf({ db, evaluator }, action, scope)
      : { waitsFor: await eventsOf({ db, evaluator }, action, scope), conditions: [] };
  const shown = { result: { waitsFor: { ...waitsFor, timeoutSeconds }, wait }, trace: { conditions } };
  if (isLate && timeoutSeconds !== null) {
    const timeoutAt = clock.now().getTime() + timeoutSeconds * 1_000;
    const evaluation: StepEvaluation = { type: 'wait', over: false, note: '', recheckAt: null, timeoutAt };
    return { evaluation, status: 'waiting', ...shown };
  }
  return isLate ? { ...timedOut(path, wait, goesOn, memory), ...shown } : { ...over(path, wait, memory), ...shown };
}

function over(path: string, wait: { completed: boolean }, memory: DryMemory): Evaluated {
  memory.keepWait(path, wait);
  return { evaluation: { type: 'wait', over: true, completed: wait.completed }, status: 'success' };
}

/** Returns the outcome of a wait that timed out. As in a run, later steps see its result even if the wait fails. */
function timedOut(path: string, wait: { completed: boolean }, goesOn: boolean, memory: DryMemory): Evaluated {
  if (goesOn) return over(path, wait, memory);
  memory.keepWait(path, wait);
  const error = { code: 'wait_timeout', message: 'The mock made the wait time out.', path };
  return { evaluation: { type: 'failed', error }, status: 'failed' };
}

type Reads = Pick<Deps, 'db' | 'evaluator'>;

async function conditionOf(
  { db, evaluator }: Reads,
  { wait_until: { condition } }: WaitUntilAction,
  scope: ExpressionContext,
): Promise<{ waitsFor: object; conditions: ConditionTrace[] }> {
  const { value, refs, trace } = await evaluator.readCondition(db, condition, scope);
  return {
    waitsFor: { holdsNow: value === true, refs: refs.map(({ kind, id }) => `${kind}:${id}`) },
    conditions: [trace()],
  };
}

async function eventsOf(
  { db, evaluator }: Reads,
  { wait_for_trigger: wait }: WaitForTriggerAction,
  scope: ExpressionContext,
): Promise<object> {
  const awaited = awaitedEvents(wait);
  const keys = await awaitedKeys(evaluator, db, awaited, scope);
  const events = awaited.map(({ id, event, filter = null }, index) => ({
    ...{ id, event, contextKey: keys[index]?.contextKey ?? null, filter },
  }));
  const [first] = events;
  const { id: _, ...only } = first ?? { id: '' };
  return 'triggers' in wait ? { triggers: events } : only;
}
