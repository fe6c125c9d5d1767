import type { PlanKind, PlanNode } from '../../domain/run/plan';
import { stretchAt } from '../../domain/run/stretch';
import { local } from './activities';
import type { KindHandler } from './kind';
import { action } from './kinds/action';
import { choose } from './kinds/choose';
import { condition } from './kinds/condition';
import { delay } from './kinds/delay';
import { sequence } from './kinds/sequence';
import { stop } from './kinds/stop';
import { variables } from './kinds/variables';
import { StepFailed } from './outcome';
import type { RunState } from './run-state';

const KINDS = { action, choose, condition, delay, sequence, stop, variables } satisfies {
  [K in PlanKind]: KindHandler<K>;
};

/** Runs the steps of a list one after another. */
export async function runSteps(run: RunState, steps: readonly PlanNode[], prefix: string): Promise<void> {
  for (const [index, node] of steps.entries()) {
    await performAhead(run, steps, prefix, index);
    await runStep(run, node, `${prefix}[${index}]`);
  }
}

/** Performs the stretch of plain steps that begins here, in one activity; their turns find what it gave. */
async function performAhead(run: RunState, steps: readonly PlanNode[], prefix: string, index: number): Promise<void> {
  const stretch = stretchAt(steps, prefix, index);
  if (stretch.count === 0 || run.isAhead(`${prefix}[${index}]`)) return;
  const nodes = steps.slice(index, index + stretch.count);
  for (const node of nodes.slice(0, 1)) run.show(`${prefix}[${index}]`, node, 'running');
  run.keep(stretch, await local(summary(nodes)).performStretch({ ...run.stepsInput(), stretch }));
}

/** What the Web UI shows beside the marker of a stretch. */
function summary(nodes: readonly PlanNode[]): string {
  const [first, ...others] = nodes.map(({ label }) => label);
  return others.length === 0 ? (first ?? '') : `${first ?? ''} and ${others.length} more`;
}

/** `continue_on_error` swallows every failure of the step, of any class; not a stop, not a cancel. */
async function runStep(run: RunState, node: PlanNode, path: string): Promise<void> {
  if (node.enabled === false) {
    run.note(path, node, 'skipped');
    return;
  }
  try {
    await execute(run, node, path);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.show(path, node, 'failed', error.message);
    if (!node.continueOnError) throw error;
  }
}

function execute<K extends PlanKind>(run: RunState, node: Extract<PlanNode, { kind: K }>, path: string): Promise<void> {
  const handler = KINDS[node.kind] as unknown as KindHandler<K>;
  return handler(run, node, path, runSteps);
}
