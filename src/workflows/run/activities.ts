import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { RunActivities } from '../../domain/run/activities';

/**
 * Local attempts: inside one workflow task. Whatever is thrown there is infrastructure (Postgres away, a bug mended by
 * the next release), so it is tried without end; refusals and failures of steps come back as values.
 */
const LOCAL = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const;

/** Ours and fast, with what the Web UI shows beside the marker. */
export const local = (summary: string): RunActivities => proxyLocalActivities<RunActivities>({ ...LOCAL, summary });

/** How a normal activity of a provider call is run. */
export interface CallOptions {
  summary: string;
  /** Of one attempt, in milliseconds. */
  timeoutMs: number;
  maximumAttempts: number;
  initialMs: number;
  factor: number;
  maximumMs: number;
}

/** Room for reading the scope, masking and writing the row around the call itself. */
const BOOKKEEPING_MS = 15_000;

/** A provider call with its retries kept by Temporal; heartbeats carry a cancel to it within seconds. */
export const remote = (options: CallOptions): Pick<RunActivities, 'performStep'> =>
  proxyActivities<Pick<RunActivities, 'performStep'>>({
    summary: options.summary,
    startToCloseTimeout: options.timeoutMs + BOOKKEEPING_MS,
    heartbeatTimeout: '5 seconds',
    retry: {
      maximumAttempts: options.maximumAttempts,
      initialInterval: options.initialMs,
      backoffCoefficient: options.factor,
      maximumInterval: options.maximumMs,
    },
  });
