import type { PlanKind, PlanNode } from '../../domain/run/plan';
import { stretchAt, stretchBehind, type Stretch } from '../../domain/run/stretch';
import { local } from './activities';
import type { KindHandler } from './kind';
import { action } from './kinds/action';
import { choose } from './kinds/choose';
import { condition } from './kinds/condition';
import { delay } from './kinds/delay';
import { parallel } from './kinds/parallel';
import { repeat } from './kinds/repeat';
import { sequence } from './kinds/sequence';
import { stop } from './kinds/stop';
import { variables } from './kinds/variables';
import { waitForTrigger, waitUntil } from './kinds/wait';
import { StepFailed } from './outcome';
import type { RunState } from './run-state';

const KINDS = {
  ...{ action, choose, condition, delay, parallel, repeat, sequence, stop, variables },
  ...{ wait_until: waitUntil, wait_for_trigger: waitForTrigger },
} satisfies {
  [K in PlanKind]: KindHandler<K>;
};

/** Runs the steps of a list one after another, from where an earlier execution stopped. */
export async function runSteps(run: RunState, steps: readonly PlanNode[], prefix: string): Promise<void> {
  for (let index = run.position(prefix); index < steps.length; index += 1) {
    const node = steps[index] as PlanNode;
    const path = `${prefix}[${index}]`;
    run.reach(prefix, index, run.isAhead(path));
    await performAhead(run, steps, stretchAt(steps, prefix, index));
    await runStep(run, node, path, stretchBehind(steps, prefix, index));
  }
  run.leave(prefix);
}

async function runOne(run: RunState, steps: readonly PlanNode[], prefix: string, index: number): Promise<void> {
  await performAhead(run, steps, stretchAt(steps, prefix, index, 1));
  await runStep(run, steps[index] as PlanNode, `${prefix}[${index}]`, null);
}

/** Performs a stretch of plain steps in one activity; their turns find what it gave. */
async function performAhead(run: RunState, steps: readonly PlanNode[], stretch: Stretch): Promise<void> {
  const { prefix, from, count } = stretch;
  if (count === 0 || run.isAhead(`${prefix}[${from}]`)) return;
  const nodes = steps.slice(from, from + count);
  for (const node of nodes.slice(0, 1)) run.show(`${prefix}[${from}]`, node, 'running');
  const performed = local(summary(nodes)).performStretch({ ...run.stepsInput(), stretch });
  run.keep(stretch, await run.calling(performed));
}

/** What the Web UI shows beside the marker of a stretch. */
function summary(nodes: readonly PlanNode[]): string {
  const [first, ...others] = nodes.map(({ label }) => label);
  return others.length === 0 ? (first ?? '') : `${first ?? ''} and ${others.length} more`;
}

/** `continue_on_error` swallows every failure of the step, of any class; not a stop, not a cancel. */
async function runStep(run: RunState, node: PlanNode, path: string, behind: Stretch | null): Promise<void> {
  if (node.enabled === false) {
    run.note(path, node, 'skipped');
    return;
  }
  try {
    await execute(run, node, path, behind);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    run.show(path, node, 'failed', error.message);
    run.leave(`${path}.`);
    if (!node.continueOnError) throw error;
  }
}

function execute<K extends PlanKind>(
  run: RunState,
  node: Extract<PlanNode, { kind: K }>,
  path: string,
  behind: Stretch | null,
): Promise<void> {
  const handler = KINDS[node.kind] as unknown as KindHandler<K>;
  return handler(run, node, path, { runList: runSteps, runOne, behind });
}
