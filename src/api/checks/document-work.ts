import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createThreadPool } from '../../thread-pool';
import type { DocumentChecks } from './document-checks';
import { resultOf, type ThreadAnswer } from './thread-answer';

/**
 * Maximum size in characters of a document that is checked on the main thread. Checking a document of this size takes
 * about 30 ms.
 */
const SMALL = 8_192;
/** Number of threads per process. */
const THREADS = 2;
/** Timeout of one check in milliseconds. The largest documents take about a second on an idle machine. */
const DEADLINE_MS = 10_000;
const MEMORY_MB = 256;

export interface CheckJob {
  check: keyof DocumentChecks;
  input: unknown;
}

/** Data that a thread needs to load the plugins of its process. */
export interface CheckThreadData {
  plugins: readonly string[];
  directory: string;
}

/** Document checks that do not block the event loop. */
export interface DocumentWork {
  /**
   * Runs a check on the calling thread if `size` (in characters) is small, otherwise in a separate thread.
   * @throws {FermataError} the error that the check throws, or `limit_exceeded` when it takes longer than 10 s
   */
  run<K extends keyof DocumentChecks>(
    check: K,
    input: Parameters<DocumentChecks[K]>[0],
    size: number,
  ): Promise<ReturnType<DocumentChecks[K]>>;
  close(): Promise<void>;
}

/** Creates the checks. `plugins` names the modules of external plugins, which the threads load as well. */
export function createDocumentWork(deps: { checks: DocumentChecks; plugins: readonly string[] }): DocumentWork {
  const data: CheckThreadData = { plugins: deps.plugins, directory: process.cwd() };
  const threads = createThreadPool<CheckJob, ThreadAnswer>({
    ...{ size: THREADS, deadlineMs: DEADLINE_MS },
    start: () => startThread(data),
  });
  return {
    async run(check, input, size) {
      if (size > SMALL) return resultOf(await threads.run({ check, input }), 'Checking this', DEADLINE_MS) as never;
      return (deps.checks[check] as (input: unknown) => unknown)(input) as never;
    },
    close: () => threads.close(),
  };
}

function startThread(workerData: CheckThreadData): Worker {
  const type = extname(__filename);
  return new Worker(join(__dirname, `check-thread${type}`), {
    // If the process runs from TypeScript sources, as in tests, the thread compiles them too.
    execArgv: type === '.ts' ? ['--require', 'esbuild-register'] : [],
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
}
