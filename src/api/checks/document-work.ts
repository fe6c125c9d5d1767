import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FermataError, type ErrorCode, type Finding } from '../../domain/errors';
import { createThreadPool, type ThreadPool } from '../../thread-pool';
import type { DocumentChecks } from './document-checks';

/** Size of what is checked on the main thread, in characters: some 30 ms at most. */
const SMALL = 8_192;
/** Threads of a process. */
const THREADS = 2;
/** Longest time of one check, in milliseconds. The largest documents take about a second on an idle machine. */
const DEADLINE_MS = 10_000;
const MEMORY_MB = 256;

export interface CheckJob {
  check: keyof DocumentChecks;
  input: unknown;
}

export type CheckAnswer =
  | { result: unknown }
  | { refusal: { code: ErrorCode; message: string; errors: readonly Finding[] | undefined; data: unknown } }
  /** A bug: the stack of what was thrown. */
  | { failure: string };

/** What a thread needs to know the plugins of its process. */
export interface CheckThreadData {
  plugins: readonly string[];
  directory: string;
}

/** Document checks that do not block the event loop. */
export interface DocumentWork {
  /**
   * Runs a check: at once when `size`, in characters, is small, else in a thread.
   * @throws {FermataError} what the check throws, and `limit_exceeded` when it takes longer than 10 s
   */
  run<K extends keyof DocumentChecks>(
    check: K,
    input: Parameters<DocumentChecks[K]>[0],
    size: number,
  ): Promise<ReturnType<DocumentChecks[K]>>;
  close(): Promise<void>;
}

/** `plugins` = modules of the user's own plugins, which the threads load as well. */
export function createDocumentWork(deps: { checks: DocumentChecks; plugins: readonly string[] }): DocumentWork {
  const data: CheckThreadData = { plugins: deps.plugins, directory: process.cwd() };
  const threads = createThreadPool<CheckJob, CheckAnswer>({
    ...{ size: THREADS, deadlineMs: DEADLINE_MS },
    start: () => startThread(data),
  });
  return {
    async run(check, input, size) {
      if (size > SMALL) return (await inThread(threads, { check, input })) as never;
      return (deps.checks[check] as (input: unknown) => unknown)(input) as never;
    },
    close: () => threads.close(),
  };
}

async function inThread(threads: ThreadPool<CheckJob, CheckAnswer>, job: CheckJob): Promise<unknown> {
  const verdict = await threads.run(job);
  if (verdict.type === 'too_expensive') {
    throw new FermataError('limit_exceeded', `Checking this took more than ${DEADLINE_MS / 1000} seconds.`);
  }
  if (verdict.type === 'unavailable') throw new Error('No thread for checking documents could be started');
  const { answer } = verdict;
  if ('failure' in answer) throw new Error(answer.failure);
  if ('result' in answer) return answer.result;
  const { code, message, errors, data } = answer.refusal;
  throw new FermataError(code, message, {
    ...(errors !== undefined && { errors }),
    ...(data !== undefined && { data: data as Record<string, unknown> }),
  });
}

function startThread(workerData: CheckThreadData): Worker {
  const type = extname(__filename);
  return new Worker(join(__dirname, `check-thread${type}`), {
    // From source, as in tests, the thread compiles TypeScript itself.
    execArgv: type === '.ts' ? ['--require', 'esbuild-register'] : [],
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
}
