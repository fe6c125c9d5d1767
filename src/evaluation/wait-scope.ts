import type { RunSource } from '../db/runs/run-source';
import type { WaitScope } from '../db/runs/waits';
import type { EvaluationScope } from './evaluator';

/** What the expressions of a wait see, in the worker and in the dispatcher. */
export function waitScopeOf(
  { facts, definition }: RunSource,
  artifacts: EvaluationScope['artifacts'],
  { variables, repeat, wait, error }: WaitScope,
  more: Record<string, unknown> = {},
): EvaluationScope {
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
