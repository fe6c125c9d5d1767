import { CancellationScope, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** The order of the deliveries to one execution. */
interface Order {
  /**
   * The completion that each scope waits for, e.g. `activity 3`. A local activity that is retried after a timer has a
   * new completion for each attempt.
   */
  readonly awaited: WeakMap<CancellationScope, string>;
  /** Position of each completion that has been delivered but not taken yet. */
  readonly delivered: Map<string, number>;
  count: number;
  task: number;
}

/**
 * The executions of a worker share its modules (`temporal/bundle-options.ts`), but each has its own global object,
 * which holds the state of that execution.
 */
const own = globalThis as { fermataDeliveryOrder?: Order };

const order = (): Order =>
  (own.fermataDeliveryOrder ??= { awaited: new WeakMap(), delivered: new Map(), count: 0, task: 0 });

const awaits = (key: string): void => void order().awaited.set(CancellationScope.current(), key);

/**
 * Takes the position at which the completion of a scope's only command was delivered, and returns it. Returns Infinity
 * if the completion was not delivered or its position has already been taken.
 */
export function takePosition(scope: CancellationScope): number {
  const { awaited, delivered } = order();
  const key = awaited.get(scope);
  const position = key === undefined ? undefined : delivered.get(key);
  if (key === undefined || position === undefined) return Infinity;
  delivered.delete(key);
  return position;
}

/** Returns the next position. Call it for a delivery that is not the end of an activity or a timer. */
export const nextPosition = (): number => (order().count += 1);

/** Returns the number of the current workflow task. It increases whenever the server delivers something. */
export const currentTask = (): number => order().task;

/**
 * Keeps local activities from being cancelled, and records the order in which an activation delivers completions. This
 * order cannot be derived from the order in which promises settle, because the promises of activities and of timers take
 * different numbers of microtasks to settle.
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
        // A local activity that has begun is never cancelled: if it had just ended, the request would fail the workflow
        // task. The scheduler stops stretches in another way (`temporal/stretch-stops.ts`).
        if (CancellationScope.current().consideredCancelled) return next(input);
        return CancellationScope.nonCancellable(() => next(input));
      },
    },
  ],
  internals: [
    {
      activate(input, next) {
        // Completions of local activities begin no new task: they arrive within the task that started the activities.
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
