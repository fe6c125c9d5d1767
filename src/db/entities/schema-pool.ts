import { Worker } from 'node:worker_threads';
import { createThreadPool } from '../../thread-pool';
import { serveSchemas, type SchemaAnswer, type SchemaError, type SchemaJob } from './schema-thread';

/** The result of checking states against a schema. */
export type SchemaVerdict =
  /** Errors of each state, in the order of the states; an empty list = the state is valid. */
  | { type: 'checked'; errors: SchemaError[][] }
  /** The schema does not compile. */
  | { type: 'unusable'; message: string }
  /** The check took longer than the deadline, or exceeded the memory limit of the thread. */
  | { type: 'too_expensive' };

/** Compiles JSON Schemas and checks states against them, off the main thread. */
export interface SchemaPool {
  check(schema: string, states: readonly unknown[]): Promise<SchemaVerdict>;
}

const MEMORY_MB = 128;

/**
 * Creates a pool of at most `size` threads (default 2). A check may take up to `deadlineMs` (default 1,000). See
 * `createThreadPool`.
 */
export function createSchemaPool({ size = 2, deadlineMs = 1_000 } = {}): SchemaPool {
  const threads = createThreadPool<SchemaJob, SchemaAnswer>({ size, deadlineMs, start: startThread });
  return {
    async check(schema, states) {
      const verdict = await threads.run({ schema, states });
      if (verdict.type === 'unavailable') throw new Error('No thread for checking schemas could be started.');
      if (verdict.type === 'too_expensive') return { type: 'too_expensive' };
      const { answer } = verdict;
      return 'unusable' in answer
        ? { type: 'unusable', message: answer.unusable }
        : { type: 'checked', errors: answer.errors };
    },
  };
}

function startThread(): Worker {
  const from = JSON.stringify(__filename);
  const source = `(${serveSchemas.toString()})(require('node:module').createRequire(${from}), require('node:worker_threads').parentPort)`;
  return new Worker(source, {
    ...{ eval: true, env: {}, execArgv: [], stdin: false },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
}
