import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AutomationRecord } from '../../db/automation-store';
import type { EntityStore } from '../../db/entity-store';
import type { Executor } from '../../db/executor';
import { countActive } from '../../db/runs/active-runs';
import { earlierResults, overtakingResults } from '../../db/health-results';
import { firingAlertsOf } from '../../domains/alert/firing-alerts';
import { readHealthViews } from '../../domains/healthcheck/health-view';
import { createThreadPool } from '../../thread-pool';
import { resultOf, type ThreadAnswer } from '../checks/thread-answer';
import type { DryRunRequest } from './dry-run';
import type { DryRun } from './report';

const THREADS = 2;
/** Timeout of one dry run, in milliseconds. */
const DEADLINE_MS = 10_000;
const MEMORY_MB = 256;

/** Data that the thread needs to start. */
export interface DryRunThreadData {
  /** Modules of external plugins. */
  plugins: readonly string[];
  directory: string;
  timezone: string;
}

export interface DryRunJob {
  /** Identifies the job in its read requests. */
  key: number;
  automation: AutomationRecord;
  request: DryRunRequest;
}

type ListArguments = [kind: Parameters<EntityStore['list']>[1], page: Parameters<EntityStore['list']>[2]];

type ComputedArguments = [refs: Parameters<EntityStore['computed']>[1], limit: number];

/**
 * Returns the functions that read live state, by name. The main thread calls them for the thread, which has no database
 * connection.
 */
export function createDryReads(db: Executor, entities: EntityStore) {
  const bound = <A extends unknown[], R>(read: (db: Executor, ...rest: A) => R) => {
    return (...rest: A): R => read(db, ...rest);
  };
  return {
    getMany: (refs: Parameters<EntityStore['getMany']>[1]) => entities.getMany(db, refs),
    computed: (...[refs, limit]: ComputedArguments) => entities.computed(db, refs, limit),
    list: (...[kind, page]: ListArguments) => entities.list(db, kind, page),
    predicateSince: (predicate: Parameters<EntityStore['predicateSince']>[1]) => entities.predicateSince(db, predicate),
    readHealth: bound(readHealthViews),
    firingAlerts: bound(firingAlertsOf),
    countActive: bound(countActive),
    earlierResults: bound(earlierResults),
    overtakingResults: bound(overtakingResults),
  };
}

export type DryReads = ReturnType<typeof createDryReads>;

/** A request of the thread to read live state. */
export interface ReadRequest {
  read: keyof DryReads;
  /** Key of the job. */
  key: number;
  /** Number of the read within the job. */
  no: number;
  args: unknown[];
}

/** The answer to a read request. A failed read ends the job. */
export type ReadAnswer = { no: number; value: unknown } | { no: number; failed: true };

/** Performs dry runs without blocking the event loop. */
export interface DryRunWork {
  /**
   * Performs a dry run in a thread, because the expressions of a large document may take seconds.
   * @throws {FermataError} as `dryRun`, and `limit_exceeded` when it takes longer than 10 s
   */
  run(automation: AutomationRecord, request: DryRunRequest): Promise<DryRun>;
  close(): Promise<void>;
}

export function createDryRunWork(deps: {
  db: Executor;
  entities: EntityStore;
  plugins: readonly string[];
  timezone: string;
}): DryRunWork {
  const reads = createDryReads(deps.db, deps.entities);
  const failures = new Map<number, unknown>();
  const data = { plugins: deps.plugins, directory: process.cwd(), timezone: deps.timezone };
  let jobs = 0;
  const start = (): Worker => {
    const worker = startThread(data);
    const answer = async ({ read, key, no, args }: ReadRequest): Promise<void> => {
      try {
        const value: unknown = await (reads[read] as (...args: unknown[]) => Promise<unknown>)(...args);
        worker.postMessage({ no, value } satisfies ReadAnswer);
      } catch (error) {
        failures.set(key, error);
        worker.postMessage({ no, failed: true } satisfies ReadAnswer);
      }
    };
    worker.on('message', (message: ReadRequest | { id: number } | 'ready') => {
      if (typeof message === 'object' && 'read' in message) void answer(message);
    });
    return worker;
  };
  const threads = createThreadPool<DryRunJob, ThreadAnswer>({ size: THREADS, deadlineMs: DEADLINE_MS, start });
  return {
    async run(automation, request) {
      jobs += 1;
      const key = jobs;
      const verdict = await threads.run({ key, automation, request });
      const failure = failures.get(key);
      failures.delete(key);
      if (failure !== undefined) throw failure;
      return resultOf(verdict, 'The dry run', DEADLINE_MS) as DryRun;
    },
    close: () => threads.close(),
  };
}

function startThread(workerData: DryRunThreadData): Worker {
  const type = extname(__filename);
  return new Worker(join(__dirname, `dry-run-thread${type}`), {
    // If the process runs from TypeScript sources, as in tests, the thread compiles them too.
    execArgv: type === '.ts' ? ['--require', 'esbuild-register'] : [],
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
}
