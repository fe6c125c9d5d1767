import { CancellationScope, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** The order of deliveries within one execution. */
interface Order {
  /**
   * Completion that a scope waits for, e.g. `activity 3`. A local activity that backs off has another with each
   * attempt.
   */
  readonly awaited: WeakMap<CancellationScope, string>;
  /** Position of each completion that has been delivered but not taken yet. */
  readonly delivered: Map<string, number>;
  count: number;
  task: number;
}

/**
 * Executions share the modules of a worker (`temporal/bundle-options.ts`), but each has its own global object, which
 * holds the state of one execution.
 */
const own = globalThis as { fermataDeliveryOrder?: Order };

const order = (): Order =>
  (own.fermataDeliveryOrder ??= { awaited: new WeakMap(), delivered: new Map(), count: 0, task: 0 });

const awaits = (key: string): void => void order().awaited.set(CancellationScope.current(), key);

/**
 * Returns the position in which the completion of the one command issued in a scope was delivered; Infinity = it was
 * not.
 */
export function takePosition(scope: CancellationScope): number {
  const { awaited, delivered } = order();
  const key = awaited.get(scope);
  const position = key === undefined ? undefined : delivered.get(key);
  if (key === undefined || position === undefined) return Infinity;
  delivered.delete(key);
  return position;
}

/** Returns the position of something that is delivered right now, outside of activities and timers. */
export const nextPosition = (): number => (order().count += 1);

/** Returns the number of the workflow task that is being delivered, counted by the deliveries of the server. */
export const currentTask = (): number => order().task;

/**
 * Notes the order in which an activation delivers completions. Promises of activities and of timers take a different
 * number of reactions to settle, so the order in which they settle is not that order.
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
        if (input.activation.jobs?.some(({ resolveActivity }) => !resolveActivity?.isLocal)) order().task += 1;
        const { delivered } = order();
        for (const { fireTimer, resolveActivity } of input.activation.jobs ?? []) {
          if (fireTimer) delivered.set(`timer ${fireTimer.seq ?? 0}`, nextPosition());
          if (resolveActivity) delivered.set(`activity ${resolveActivity.seq ?? 0}`, nextPosition());
        }
        next(input);
      },
    },
  ],
});
