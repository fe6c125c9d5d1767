import { Worker } from 'node:worker_threads';
import { serveSchemas, type SchemaAnswer, type SchemaError } from './schema-thread';

/** What came of checking states against a schema. */
export type SchemaVerdict =
  /** Errors of each state, in the order of the states; an empty list = valid. */
  | { type: 'checked'; errors: SchemaError[][] }
  /** The schema does not compile. */
  | { type: 'unusable'; message: string }
  /** It took longer than the deadline, or more memory than the thread has. */
  | { type: 'too_expensive' };

/** Compiles JSON Schemas and checks states against them, off the main thread. */
export interface SchemaPool {
  check(schema: string, states: readonly unknown[]): Promise<SchemaVerdict>;
}

interface Job {
  schema: string;
  states: readonly unknown[];
  settle: (verdict: SchemaVerdict) => void;
}

const MEMORY_MB = 128;

/**
 * A pool of at most `size` threads (default 2), which start when they are first needed and do not keep the process alive. A
 * check that takes longer than `deadlineMs` (default 1,000, counted from when its thread begins with it) ends its thread,
 * and the next check gets a new one.
 */
export function createSchemaPool({ size = 2, deadlineMs = 1_000 } = {}): SchemaPool {
  const waiting: Job[] = [];
  const idle: SchemaWorker[] = [];
  let started = 0;

  const next = (): void => {
    for (let job = waiting[0]; job !== undefined; job = waiting[0]) {
      const worker = idle.pop() ?? (started < size ? start() : undefined);
      if (worker === undefined) return;
      waiting.shift();
      worker.run(job);
    }
  };
  const start = (): SchemaWorker => {
    started += 1;
    const worker = createSchemaWorker(deadlineMs, {
      onIdle: () => {
        idle.push(worker);
        next();
      },
      onEnd: () => {
        started -= 1;
        const at = idle.indexOf(worker);
        if (at >= 0) idle.splice(at, 1);
        next();
      },
    });
    return worker;
  };

  return {
    check: (schema, states) =>
      new Promise((settle) => {
        waiting.push({ schema, states, settle });
        next();
      }),
  };
}

interface SchemaWorker {
  run(job: Job): void;
}

/** One thread, with one job at a time. Ends itself when a job exceeds the deadline. */
function createSchemaWorker(deadlineMs: number, told: { onIdle: () => void; onEnd: () => void }): SchemaWorker {
  const from = JSON.stringify(__filename);
  const source = `(${serveSchemas.toString()})(require('node:module').createRequire(${from}), require('node:worker_threads').parentPort)`;
  const worker = new Worker(source, {
    ...{ eval: true, env: {}, execArgv: [], stdin: false },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  worker.unref();
  let ready = false;
  let job: Job | undefined;
  let timer: NodeJS.Timeout | undefined;
  let id = 0;

  const settle = (verdict: SchemaVerdict): void => {
    clearTimeout(timer);
    const done = job;
    job = undefined;
    worker.unref();
    done?.settle(verdict);
  };
  const begin = (): void => {
    if (!ready || job === undefined) return;
    id += 1;
    timer = setTimeout(() => void worker.terminate(), deadlineMs);
    worker.postMessage({ id, schema: job.schema, states: job.states });
  };
  worker.on('message', (answer: SchemaAnswer | 'ready') => {
    if (answer === 'ready') {
      ready = true;
      begin();
      return;
    }
    if (answer.id !== id) return;
    settle(
      'unusable' in answer
        ? { type: 'unusable', message: answer.unusable }
        : { type: 'checked', errors: answer.errors },
    );
    told.onIdle();
  });
  // A thread that runs out of memory ends with an error; `exit` follows in every case.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    told.onEnd();
    settle({ type: 'too_expensive' });
  });
  return {
    run(next) {
      job = next;
      worker.ref();
      begin();
    },
  };
}
