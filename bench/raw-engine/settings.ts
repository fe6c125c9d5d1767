import { z } from 'zod';

/** Settings of a worker process, either the bare worker or the worker of the best possible engine. */
export const RawWorkerSettings = z.object({
  ...{ address: z.string(), namespace: z.string(), taskQueue: z.string() },
  /** Only for the best possible engine: the database in which it records its runs. Default: it records nothing. */
  databaseUrl: z.string().optional(),
});
export type RawWorkerSettings = z.infer<typeof RawWorkerSettings>;

/** Printed by the bare worker once it is polling. */
export const RAW_WORKER_READY = 'raw worker is polling';

/** Printed by the worker of the best possible engine once it is polling, followed by the port that accepts starts. */
export const BEST_WORKER_READY = 'best worker is polling at';
