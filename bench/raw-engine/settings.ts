import { z } from 'zod';

/** What the process of the bare worker is told. */
export const RawWorkerSettings = z.object({ address: z.string(), namespace: z.string(), taskQueue: z.string() });
export type RawWorkerSettings = z.infer<typeof RawWorkerSettings>;

/** What it says when it polls. */
export const RAW_WORKER_READY = 'raw worker is polling';
