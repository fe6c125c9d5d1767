import type { ActionKind } from '../definition/action-kind';
import { kindOf } from '../definition/action-kind';
import type {
  ActionStep,
  ChooseAction,
  ParallelAction,
  ProviderAction,
  RepeatAction,
  SequenceAction,
  StopAction,
} from '../definition/action';
import type { PlanNode } from './plan';

/** How an action runs, as its provider says of the configuration before rendering. */
export type ExecutionOf = (step: ProviderAction) => { execution: 'transaction' | 'short' | 'long'; timeoutMs: number };

/** Execution plan of a list of steps. */
export function planOf(steps: readonly ActionStep[], executionOf: ExecutionOf): PlanNode[] {
  return steps.map((step) => nodeOf(step, executionOf));
}

type Builder = (step: ActionStep, base: Base, executionOf: ExecutionOf) => PlanNode;
type Base = Pick<PlanNode, 'id' | 'label' | 'enabled' | 'continueOnError'>;

const REPEAT_KEYS = ['count', 'for_each', 'while', 'until'] as const;

const BUILDERS: Record<ActionKind, Builder> = {
  action: (step, base, executionOf) => {
    const action = step as ProviderAction;
    const { max_attempts, initial_seconds, factor, max_seconds } = action.retry;
    return {
      ...base,
      kind: 'action',
      action: action.action,
      ...executionOf(action),
      retry: { maxAttempts: max_attempts, initialSeconds: initial_seconds, factor, maxSeconds: max_seconds },
    };
  },
  choose: (step, base, executionOf) => {
    const { choose, else: otherwise } = step as ChooseAction;
    const branches = choose.map((branch) => planOf(branch.sequence, executionOf));
    return { ...base, kind: 'choose', branches, otherwise: planOf(otherwise, executionOf) };
  },
  sequence: (step, base, executionOf) => ({
    ...base,
    kind: 'sequence',
    sequence: planOf((step as SequenceAction).sequence, executionOf),
  }),
  variables: (_step, base) => ({ ...base, kind: 'variables' }),
  condition: (_step, base) => ({ ...base, kind: 'condition' }),
  delay: (_step, base) => ({ ...base, kind: 'delay' }),
  stop: (step, base) => ({ ...base, kind: 'stop', ...(step as StopAction).stop }),
  parallel: (step, base, executionOf) => ({
    ...base,
    kind: 'parallel',
    branches: planOf((step as ParallelAction).parallel, executionOf),
  }),
  repeat: (step, base, executionOf) => {
    const { repeat } = step as RepeatAction;
    const form = REPEAT_KEYS.find((key) => key in repeat) ?? 'count';
    const sequence = planOf(repeat.sequence, executionOf);
    return { ...base, kind: 'repeat', form, maxIterations: repeat.max_iterations, sequence };
  },
  wait_for_trigger: (_step, base) => ({ ...base, kind: 'wait_for_trigger' }),
  wait_until: (_step, base) => ({ ...base, kind: 'wait_until' }),
};

function nodeOf(step: ActionStep, executionOf: ExecutionOf): PlanNode {
  const kind = kindOf(step);
  const what = 'action' in step ? step.action : kind;
  const base: Base = {
    id: step.id ?? null,
    label: step.id === undefined ? what : `${what} · ${step.id}`,
    enabled: typeof step.enabled === 'boolean' ? step.enabled : 'evaluate',
    continueOnError: step.continue_on_error,
  };
  return BUILDERS[kind](step, base, executionOf);
}
