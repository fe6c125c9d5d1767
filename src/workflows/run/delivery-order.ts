import { CancellationScope, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Completion that a scope waits for, e.g. `activity 3`. A local activity that backs off has another with each attempt. */
const awaited = new WeakMap<CancellationScope, string>();
/** Position of each completion that has been delivered and not taken yet. */
const delivered = new Map<string, number>();
let count = 0;
let task = 0;

const awaits = (key: string): void => void awaited.set(CancellationScope.current(), key);

/** Position in which the completion of the one command issued in a scope was delivered; Infinity = it was not. */
export function takePosition(scope: CancellationScope): number {
  const key = awaited.get(scope);
  const position = key === undefined ? undefined : delivered.get(key);
  if (key === undefined || position === undefined) return Infinity;
  delivered.delete(key);
  return position;
}

/** Position of something that is delivered right now, outside of activities and timers. */
export const nextPosition = (): number => (count += 1);

/** Number of the workflow task that delivers right now, counted by what the server delivers. */
export const currentTask = (): number => task;

/**
 * Notes the order in which an activation delivers completions. Promises of activities and of timers take a different number
 * of reactions to settle, so the order in which they settle is not that order.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [],
  outbound: [
    {
      startTimer(input, next) {
        awaits(`timer ${input.seq}`);
        return next(input);
      },
      scheduleActivity(input, next) {
        awaits(`activity ${input.seq}`);
        return next(input);
      },
      scheduleLocalActivity(input, next) {
        awaits(`activity ${input.seq}`);
        return next(input);
      },
    },
  ],
  internals: [
    {
      activate(input, next) {
        // Ends of local activities arrive within the task that began them.
        if (input.activation.jobs?.some(({ resolveActivity }) => !resolveActivity?.isLocal)) task += 1;
        for (const { fireTimer, resolveActivity } of input.activation.jobs ?? []) {
          if (fireTimer) delivered.set(`timer ${fireTimer.seq ?? 0}`, nextPosition());
          if (resolveActivity) delivered.set(`activity ${resolveActivity.seq ?? 0}`, nextPosition());
        }
        next(input);
      },
    },
  ],
});
