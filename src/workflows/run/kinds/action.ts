import { ActivityFailure, isCancellation, sleep } from '@temporalio/workflow';
import { assertNever } from '../../../domain/errors';
import type { Performance } from '../../../domain/run/activities';
import type { ActionNode } from '../../../domain/run/plan';
import { local, remote } from '../activities';
import type { KindHandler } from '../kind';
import { RunClosed, StepFailed } from '../outcome';
import type { RunState } from '../run-state';

/**
 * A provider action. Our own effects and short calls were tried in a stretch before their turn; a first attempt that
 * ran into its budget or failed in a way worth retrying hands over to a normal activity.
 */
export const action: KindHandler<'action'> = async (run, node, path) => {
  run.show(path, node, 'running');
  let performance: Performance;
  if (node.execution === 'long') {
    performance = await call(run, node, path, { attempts: 0, timeoutMs: node.timeoutMs, retry: node.retry });
  } else {
    performance = run.takeAhead(path);
    if (performance.type === 'handover') {
      if (performance.delayMs > 0) {
        run.show(path, node, 'running', `attempt ${performance.attempts} failed, trying again`);
        await sleep(performance.delayMs, { summary: `${node.label} · retry` });
      }
      performance = await call(run, node, path, performance);
    }
  }
  settle(run, node, path, performance);
};

/** Retries left are Temporal's from here on, also across the death of workers. */
async function call(
  run: RunState,
  node: ActionNode,
  path: string,
  { attempts, timeoutMs, retry }: Pick<Extract<Performance, { type: 'handover' }>, 'attempts' | 'timeoutMs' | 'retry'>,
): Promise<Performance> {
  const input = run.input(path);
  try {
    const { performStep } = remote({
      summary: node.label,
      timeoutMs,
      maximumAttempts: Math.max(1, retry.maxAttempts - attempts),
      initialMs: retry.initialSeconds * retry.factor ** attempts * 1000,
      factor: retry.factor,
      maximumMs: retry.maxSeconds * 1000,
    });
    return await run.calling(performStep(input));
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const message = error.cause?.message ?? error.message;
    return run.calling(local(node.label).failStep({ ...input, error: { code: 'timeout', message, path } }));
  }
}

function settle(run: RunState, node: ActionNode, path: string, performance: Performance): void {
  switch (performance.type) {
    case 'closed':
      throw new RunClosed();
    case 'failed':
      throw new StepFailed(performance.error);
    case 'skipped':
      return run.show(path, node, 'skipped');
    case 'done':
      return run.show(path, node, 'success');
    case 'handover':
      throw new Error('A normal activity does not hand over');
    default:
      return assertNever(performance);
  }
}
