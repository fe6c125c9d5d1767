import { z } from 'zod';

/** Settings of the process of the bare worker. */
export const RawWorkerSettings = z.object({ address: z.string(), namespace: z.string(), taskQueue: z.string() });
export type RawWorkerSettings = z.infer<typeof RawWorkerSettings>;

/** What it says when it polls. */
export const RAW_WORKER_READY = 'raw worker is polling';

/** What the worker of the engine at its best says when it polls, followed by the port that takes starts. */
export const BEST_WORKER_READY = 'best worker is polling at';
