import type { ActionStep } from '../../definition/action';
import { kindOf } from '../../definition/action-kind';
import { loopAt } from '../lanes';
import type { PlanKind, PlanNode } from '../plan';
import { stepAt } from '../step-at';
import { action } from './action';
import { note, show } from './around';
import { choose } from './choose';
import type { Steps } from './command';
import { condition } from './condition';
import { delay } from './delay';
import type { Context, ExecutionOf, StepKind } from './kind';
import { StepFailed } from './outcome';
import { parallel } from './parallel';
import type { Branch, Progress } from './progress';
import { repeat } from './repeat';
import { sequence } from './sequence';
import { stop } from './stop';
import { variables } from './variables';
import { waitForTrigger, waitUntil } from './wait';

const KINDS = {
  ...{ action, choose, condition, delay, parallel, repeat, sequence, stop, variables },
  ...{ wait_until: waitUntil, wait_for_trigger: waitForTrigger },
} satisfies { [K in PlanKind]: StepKind<K, never> | StepKind<K> };

/** Returns the plan of a list of steps. */
export function planOf(steps: readonly ActionStep[], executionOf: ExecutionOf): PlanNode[] {
  return steps.map((step) => planStep(step, executionOf));
}

function planStep(step: ActionStep, executionOf: ExecutionOf): PlanNode {
  const kind = kindOf(step);
  const what = 'action' in step ? step.action : kind;
  const base = {
    id: step.id ?? null,
    label: step.id === undefined ? what : `${what} · ${step.id}`,
    enabled: typeof step.enabled === 'boolean' ? step.enabled : ('evaluate' as const),
    continueOnError: step.continue_on_error,
  };
  const planList = (inner: readonly ActionStep[]) => planOf(inner, executionOf);
  return (KINDS[kind] as StepKind<PlanKind>).plan(step, base, { planList, executionOf });
}

/** Interprets a list of steps, e.g. `actions`, starting at its position. */
export function runList(progress: Progress, branch: Branch, steps: readonly PlanNode[], prefix: string): Steps {
  return listOf(contextOf(progress, branch), steps, prefix);
}

/**
 * Interprets a branch at its path, which is one step of a `parallel` or one iteration of a loop. Returns null when the
 * definition has no such path.
 */
export function runBranch(
  progress: Progress,
  branch: Branch,
  definition: Parameters<typeof stepAt>[0],
  executionOf: ExecutionOf,
): Steps | null {
  const { place } = branch;
  const loop = loopAt(definition, place);
  if (loop) return runList(progress, branch, planOf(loop.sequence, executionOf), `${place}.sequence`);
  const step = stepAt(definition, place);
  return step ? stepOf(contextOf(progress, branch), planStep(step, executionOf), place) : null;
}

const contextOf = (progress: Progress, branch: Branch): Context => ({
  progress,
  branch,
  runList: listOf,
  runStep: stepOf,
});

function* listOf(context: Context, steps: readonly PlanNode[], prefix: string): Steps {
  const { progress } = context;
  for (let index = progress.position(prefix); index < steps.length; index += 1) {
    progress.reach(prefix, index);
    context.branch.list = { steps, index };
    yield* stepOf(context, steps[index] as PlanNode, `${prefix}[${index}]`);
  }
  progress.leave(prefix);
}

/** Interprets a step. `continue_on_error` ignores every failure of the step, but not a stop or a cancellation. */
function* stepOf(context: Context, node: PlanNode, path: string): Steps {
  if (node.enabled === false) return yield* note(context, node, path, 'skipped');
  try {
    yield* (KINDS[node.kind] as StepKind<PlanKind>).run(context, node, path);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    yield* show(context, node, path, 'failed', error.message);
    context.progress.leave(path);
    if (!node.continueOnError) throw error;
  }
}
