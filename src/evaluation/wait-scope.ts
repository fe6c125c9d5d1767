import type { RunSource } from '../db/runs/run-source';
import type { WaitContext } from '../db/runs/wait-row';
import type { ExpressionContext } from './evaluator';

/** Returns the scope for the expressions of a wait. It is the same in the worker and in the dispatcher. */
export function waitScopeOf(
  { facts, definition }: RunSource,
  artifacts: ExpressionContext['artifacts'],
  { variables, repeat, wait, error }: WaitContext,
  more: Record<string, unknown> = {},
): ExpressionContext {
  return {
    facts: error === undefined ? facts : { ...facts, run: { ...facts.run, error } },
    variables,
    artifacts,
    repeat,
    wait: wait === null && Object.keys(more).length === 0 ? null : { ...wait, ...more },
    usesState: definition.uses_state ?? [],
    stateWindowMinutes: definition.state_window_minutes,
  };
}
