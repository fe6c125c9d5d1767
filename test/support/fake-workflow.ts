import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TypedSearchAttributes,
} from '@temporalio/common';
import type { WorkflowInterceptors } from '@temporalio/workflow';

/** An activity that workflow code has scheduled and that has not ended. */
export interface FakeActivity {
  seq: number;
  /** The name in the history. */
  name: string;
  /** The function named by the second argument of the activity. Equal to `name` if there is no second argument. */
  fn: string;
  input: Record<string, unknown>;
  options: Record<string, unknown>;
  isLocal: boolean;
  /** Whether the activity's scope was cancelled. Even then, the activity ends only when the test ends it. */
  cancelRequested: boolean;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** A timer that has neither fired nor been cancelled. */
export interface FakeTimer {
  seq: number;
  ms: number;
  summary: string;
  fire: () => void;
}

/** A job in an activation, as Temporal delivers it. */
export type FakeJob =
  | { activity: FakeActivity; value: unknown }
  | { activity: FakeActivity; error: unknown }
  | { timer: FakeTimer }
  | { signal: string; payload: unknown }
  | { cancel: true };

type Handler = (payload: unknown) => void;
type Internals = NonNullable<WorkflowInterceptors['internals']>[number];
type Activation = Parameters<NonNullable<Internals['activate']>>[0];

/** Thrown by a workflow that continues as new. */
export class ContinuedAsNew extends Error {
  constructor(
    readonly args: unknown[],
    readonly options: Record<string, unknown>,
  ) {
    super('continued as new');
  }
}

const scopes = new AsyncLocalStorage<FakeScope>();

/**
 * Behaves like the SDK's `CancellationScope`. Cancelling a scope does not cancel the scopes inside a scope that is not
 * cancellable.
 */
class FakeScope {
  readonly cancellable: boolean;
  readonly cancelRequested: Promise<never>;
  private isRequested = false;
  private reject: (error: unknown) => void = () => undefined;

  constructor({ cancellable = true, isRoot = false }: { cancellable?: boolean; isRoot?: boolean } = {}) {
    this.cancellable = cancellable;
    this.cancelRequested = new Promise<never>((_, reject) => {
      this.reject = (error) => {
        this.isRequested = true;
        reject(error);
      };
    });
    this.cancelRequested.catch(() => undefined);
    const parent = isRoot ? undefined : FakeScope.current();
    if (!parent?.cancellable) return;
    this.isRequested = parent.isRequested;
    parent.cancelRequested.catch((error: unknown) => this.reject(error));
  }

  get consideredCancelled(): boolean {
    return this.isRequested && this.cancellable;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return scopes.run(this, work);
  }

  cancel(): void {
    this.reject(new CancelledFailure('Cancellation scope cancelled'));
  }

  static current(): FakeScope {
    return scopes.getStore() ?? world.root;
  }

  static nonCancellable<T>(work: () => Promise<T>): Promise<T> {
    return new FakeScope({ cancellable: false }).run(work);
  }
}

/** State of the execution that a test drives. */
class World {
  readonly root = new FakeScope({ isRoot: true });
  readonly activities: FakeActivity[] = [];
  readonly timers: FakeTimer[] = [];
  readonly handlers = new Map<string, Handler>();
  readonly conditions: { holds: () => boolean; resolve: () => void }[] = [];
  readonly info = {
    ...{ workflowType: 'automation', firstExecutionRunId: 'e1', taskQueue: 'queue', historyLength: 10 },
    ...{
      continueAsNewSuggested: false,
      memo: { fermataRunId: 'run' },
      searchAttributes: {} as Record<string, unknown>,
    },
    ...{ typedSearchAttributes: new TypedSearchAttributes(), lastResult: undefined as unknown },
    startTime: new Date('2026-03-01T10:00:00Z'),
    unsafe: { isReplaying: false },
  };
  /** Arguments of the calls of sinks, after the name of the function. */
  readonly sinkCalls: unknown[][] = [];
  details = '';
  /** Ids of the patches that did not exist when the execution started. */
  readonly unpatched = new Set<string>();
  private seq = 0;

  constructor(private readonly interceptors: WorkflowInterceptors) {}

  schedule(options: Record<string, unknown>, isLocal: boolean, name: string, args: unknown[]): Promise<unknown> {
    const seq = (this.seq += 1);
    return this.outbound(isLocal ? 'scheduleLocalActivity' : 'scheduleActivity', seq, () => {
      // An interceptor may have entered another scope.
      const scope = FakeScope.current();
      if (scope.consideredCancelled) return scope.cancelRequested;
      return new Promise((resolve, reject) => {
        const [input, fn = name] = args as [Record<string, unknown>, string?];
        const activity = { seq, name, fn, input, options, isLocal, cancelRequested: false, resolve, reject };
        this.activities.push(activity);
        if (scope.cancellable) scope.cancelRequested.catch(() => void (activity.cancelRequested = true));
      });
    });
  }

  sleep(ms: number, { summary = '' }: { summary?: string } = {}): Promise<void> {
    const scope = FakeScope.current();
    if (scope.consideredCancelled) return scope.cancelRequested;
    const seq = (this.seq += 1);
    return this.outbound('startTimer', seq, () => {
      return new Promise<void>((resolve, reject) => {
        const timer = { seq, ms, summary, fire: resolve };
        this.timers.push(timer);
        if (!scope.cancellable) return;
        scope.cancelRequested.catch((error: unknown) => {
          if (remove(this.timers, timer)) reject(error instanceof Error ? error : new Error(String(error)));
        });
      });
    });
  }

  /** Passes a command through the outbound interceptor of the workflow code. */
  private outbound<T>(
    method: 'startTimer' | 'scheduleActivity' | 'scheduleLocalActivity',
    seq: number,
    next: () => Promise<T>,
  ): Promise<T> {
    const [interceptor] = this.interceptors.outbound ?? [];
    const intercept = interceptor?.[method] as ((input: unknown, next: () => Promise<T>) => Promise<T>) | undefined;
    return intercept ? intercept.call(interceptor, { seq }, next) : next();
  }

  deliver(jobs: readonly FakeJob[]): void {
    const activation = { activation: { jobs: jobs.map(jobOf) } } as unknown as Activation;
    const apply = () => jobs.forEach((job) => this.apply(job));
    const [internals] = this.interceptors.internals ?? [];
    if (internals?.activate) internals.activate(activation, apply);
    else apply();
  }

  private apply(job: FakeJob): void {
    if ('cancel' in job) return this.root.cancel();
    if ('signal' in job) return this.handlers.get(job.signal)?.(job.payload);
    if ('timer' in job) {
      if (!remove(this.timers, job.timer)) throw new Error(`The timer ${job.timer.summary} is not set`);
      return job.timer.fire();
    }
    const { activity } = job;
    if (!remove(this.activities, activity)) throw new Error(`The activity ${activity.name} is not open`);
    if ('error' in job) activity.reject(job.error);
    else activity.resolve(job.value);
  }

  /** Resolves when all promise reactions have run and no condition that the code waits for is true. */
  async settle(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 3; turn += 1) await setImmediate();
      const next = this.conditions.findIndex(({ holds }) => holds());
      if (next < 0) return;
      this.conditions.splice(next, 1)[0]?.resolve();
    }
  }
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}

function jobOf(job: FakeJob): object {
  if ('timer' in job) return { fireTimer: { seq: job.timer.seq } };
  if ('activity' in job) return { resolveActivity: { seq: job.activity.seq, isLocal: job.activity.isLocal } };
  return 'signal' in job ? { signalWorkflow: {} } : { cancelWorkflow: {} };
}

let world = new World({});

const proxyOf =
  (isLocal: boolean) =>
  (options: Record<string, unknown>): object =>
    new Proxy(
      {},
      {
        get:
          (_, name) =>
          (...args: unknown[]) =>
            world.schedule(options, isLocal, String(name), args),
      },
    );

const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure || (error instanceof ActivityFailure && isCancellation(error.cause));

/** The exports of `@temporalio/workflow` that workflow code imports, for `jest.mock`. */
export const fakeWorkflowModule = {
  ...{ ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure, isCancellation },
  CancellationScope: FakeScope,
  proxyActivities: proxyOf(false),
  proxyLocalActivities: proxyOf(true),
  proxySinks: () =>
    new Proxy(
      {},
      {
        get: (_, sink) =>
          new Proxy(
            {},
            {
              get:
                (_, name) =>
                (...args: unknown[]) =>
                  void world.sinkCalls.push([`${String(sink)}.${String(name)}`, ...args]),
            },
          ),
      },
    ),
  sleep: (ms: number, options?: { summary?: string }) => world.sleep(ms, options),
  condition: (holds: () => boolean) =>
    holds() ? Promise.resolve() : new Promise<void>((resolve) => void world.conditions.push({ holds, resolve })),
  patched: (id: string) => !world.unpatched.has(id),
  workflowInfo: () => world.info,
  setCurrentDetails: (text: string) => void (world.details = text),
  defineSignal: (name: string) => ({ name }),
  setHandler: ({ name }: { name: string }, handler: Handler) => void world.handlers.set(name, handler),
  makeContinueAsNewFunc:
    (options: Record<string, unknown>) =>
    (...args: unknown[]) =>
      Promise.reject(new ContinuedAsNew(args, options)),
};

/** Returns the error that workflow code receives from a failed activity. */
export const activityFailure = (cause: Error, retryState: RetryState = RetryState.NON_RETRYABLE_FAILURE): Error =>
  new ActivityFailure('Activity task failed', 'activity', '1', retryState, 'test', cause);

/** The state of the promise that the workflow code returned. */
export type CodeOutcome = { isOpen: true } | { isOpen: false; value?: unknown; error?: unknown };

/** An execution of workflow code. The test decides when its activities end, its timers fire and its signals arrive. */
export interface FakeExecution {
  readonly activities: readonly FakeActivity[];
  readonly timers: readonly FakeTimer[];
  readonly info: World['info'];
  /** The names of the sink functions that were called, each followed by its arguments. */
  readonly sinkCalls: readonly unknown[][];
  /** Returns the execution's step list, as the Web UI shows it. */
  details(): string;
  /** Treats the execution as started by a release without this patch. */
  beginWithout(patch: string): void;
  /** Runs workflow code until it pauses or ends. */
  run(work: () => Promise<unknown>): Promise<void>;
  /** Returns the state of the workflow code. */
  outcome(): CodeOutcome;
  /** Delivers all jobs in one activation and waits until the code pauses. */
  deliver(...jobs: FakeJob[]): Promise<void>;
  /** Completes the only open activity with this function, name or path. `value` is its result. */
  answer(fn: string, value: unknown): Promise<void>;
  /** Returns the only open activity with this function, name or path. */
  activity(fn: string): FakeActivity;
  /** Fires the only timer whose summary contains this text. */
  fire(summary: string): Promise<void>;
  /** Returns the functions of all open activities. */
  openActivities(): string[];
}

/** Creates a new execution. `interceptors` are the bundle's interceptors, from `delivery-order.ts`. */
export function fakeExecution(interceptors: WorkflowInterceptors): FakeExecution {
  Reflect.deleteProperty(globalThis, 'fermataDeliveryOrder');
  const own = (world = new World(interceptors));
  let outcome: CodeOutcome = { isOpen: true };
  const one = <T>(list: T[], what: string): T => {
    const [found] = list;
    if (found !== undefined && list.length === 1) return found;
    const open = own.activities.map(({ fn, name }) => `${fn} ${name}`).join(', ');
    throw new Error(`${list.length} of "${what}"; open: ${open || 'nothing'}; timers: ${own.timers.length}`);
  };
  const activity = (fn: string): FakeActivity => {
    const pathOf = ({ input }: { input?: Record<string, unknown> }) =>
      input?.['path'] ?? (input?.['first'] as { at?: string } | undefined)?.at;
    return one(
      own.activities.filter((each) => each.fn === fn || each.name === fn || pathOf(each) === fn),
      fn,
    );
  };
  const deliver = (...jobs: FakeJob[]): Promise<void> => {
    own.deliver(jobs);
    return own.settle();
  };
  return {
    ...{ activities: own.activities, timers: own.timers, info: own.info, sinkCalls: own.sinkCalls, activity, deliver },
    details: () => own.details,
    beginWithout: (patch) => void own.unpatched.add(patch),
    run(work) {
      scopes.run(own.root, work).then(
        (value) => void (outcome = { isOpen: false, value }),
        (error: unknown) => void (outcome = { isOpen: false, error }),
      );
      return own.settle();
    },
    outcome: () => outcome,
    answer: (fn, value) => deliver({ activity: activity(fn), value }),
    fire: (summary) =>
      deliver({
        timer: one(
          own.timers.filter((timer) => timer.summary.includes(summary)),
          summary,
        ),
      }),
    openActivities: () => own.activities.map(({ fn }) => fn),
  };
}
