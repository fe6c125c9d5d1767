import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { RunSinks } from '../domain/run/sinks';

/** Milliseconds for which a stop is remembered whose stretch has not begun. */
const REMEMBER_MS = 10_000;

/** The signals of stretches, by the context of their activity. */
const signals = new WeakMap<Context, AbortSignal>();

/** Returns a signal that is aborted when Temporal cancels an activity, or when workflow code stops its stretch. */
export const cancellationOf = (context: Context): AbortSignal => signals.get(context) ?? context.cancellationSignal;

/** Ends stretches whose branch is cancelled. */
export interface StretchStops {
  interceptor: ActivityInterceptorsFactory;
  sinks: InjectedSinks<RunSinks>;
}

/**
 * Creates the connection between workflow code that stops stretches and the local activities that perform them. Workflow
 * code does not cancel local activities: if such a request met an activity that had just ended, Temporal's core would
 * fail the workflow task (https://github.com/temporalio/sdk-rust/issues/705).
 */
export function createStretchStops(): StretchStops {
  const inProgress = new Map<string, AbortController>();
  const early = new Set<string>();
  const interceptor: ActivityInterceptorsFactory = (context) => ({
    inbound: {
      async execute(input, next) {
        const { isLocal, workflowExecution } = context.info;
        const path = firstPathOf(input.args[0]);
        if (!isLocal || path === undefined || workflowExecution === undefined) return next(input);
        const key = keyOf(workflowExecution.runId, path);
        const stopped = new AbortController();
        if (early.delete(key)) stopped.abort();
        inProgress.set(key, stopped);
        signals.set(context, AbortSignal.any([context.cancellationSignal, stopped.signal]));
        try {
          return await next(input);
        } catch (error) {
          // The branch has ended, so nothing may be repeated.
          throw stopped.signal.aborted ? ApplicationFailure.nonRetryable('The branch was cancelled.') : error;
        } finally {
          if (inProgress.get(key) === stopped) inProgress.delete(key);
        }
      },
    },
  });
  const stop = ({ runId }: { runId: string }, path: string): void => {
    const key = keyOf(runId, path);
    const found = inProgress.get(key);
    if (found) return found.abort();
    early.add(key);
    setTimeout(() => early.delete(key), REMEMBER_MS).unref();
  };
  return { interceptor, sinks: { stretches: { stop: { fn: stop } } } };
}

const keyOf = (executionRunId: string, path: string): string => `${executionRunId} ${path}`;

/** Returns the path of the first step of a stretch. Returns undefined for other activities. */
function firstPathOf(input: unknown): string | undefined {
  const { first } = Object(input) as { first?: { at?: unknown } };
  return typeof first?.at === 'string' ? first.at : undefined;
}
