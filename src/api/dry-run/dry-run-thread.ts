import { parentPort, workerData } from 'node:worker_threads';
import type { Executor } from '../../db/executor';
import { systemClock } from '../../domain/clock';
import { createFiltersLacking } from '../../domain/definition/filters-lacking';
import '../../domain/validation/install-messages';
import { createPluginFilters } from '../../domain/registry/plugin-filters';
import { createRegistry } from '../../domain/registry/registry';
import { createEgress } from '../../edges/egress/egress';
import { createEvaluator } from '../../evaluation/live-evaluator';
import type { Action } from '../../integrations/contract';
import { loadPlugins } from '../../integrations/load-plugins';
import { createPlugins } from '../../integrations/plugins';
import { answerOfError } from '../checks/thread-answer';
import { dryRun } from './dry-run';
import type { DryReads, DryRunJob, DryRunThreadData, ReadAnswer, ReadRequest } from './dry-run-work';

/** Placeholder for the database, which only the main thread can read. */
const NO_DATABASE = {} as Executor;

/**
 * Entry point of a thread that performs dry runs. The thread has the triggers, actions and filters of its process. It
 * has no database connection, so the main thread reads for it.
 */
async function serve(): Promise<void> {
  const { plugins: modules, directory, timezone } = workerData as DryRunThreadData;
  const egress = createEgress({ allow: [] });
  const own = await loadPlugins(modules, { egress }, directory);
  const plugins = createPlugins({ egress, own });
  const registry = createRegistry<Action>(plugins);
  const filters = createPluginFilters(plugins, () => undefined);
  const reads = createRemoteReads();
  const evaluator = createEvaluator({
    entities: {
      getMany: (_db, refs) => reads.request('getMany', refs),
      // Set only if a plugin has a computed kind. Otherwise no state has to be computed by the main thread.
      ...([...registry.entityKinds().values()].some(({ read }) => read !== undefined) && {
        computed: (_db: Executor, refs: Parameters<DryReads['computed']>[0], limit: number) =>
          reads.request('computed', refs, limit),
      }),
      list: (_db, kind, page) => reads.request('list', kind, page),
      predicateSince: (_db, predicate) => reads.request('predicateSince', predicate),
    },
    readHealth: (_db, ids, options) => reads.request('readHealth', ids, options),
    readAlerts: (_db, facts, systemId) => reads.request('firingAlerts', facts, systemId),
    ...{ filters, clock: systemClock, timezone },
  });
  const deps = {
    ...{ db: NO_DATABASE, registry, evaluator },
    filtersLacking: createFiltersLacking(filters, registry),
    countActive: (_db: Executor, bucket: Parameters<DryReads['countActive']>[0]) =>
      reads.request('countActive', bucket),
    results: {
      earlierResults: (_db: Executor, ...args: Parameters<DryReads['earlierResults']>) =>
        reads.request('earlierResults', ...args),
      overtakingResults: (_db: Executor, ...args: Parameters<DryReads['overtakingResults']>) =>
        reads.request('overtakingResults', ...args),
    },
  };
  const perform = async (id: number, { key, automation, request }: DryRunJob): Promise<void> => {
    try {
      const result = await Promise.race([reads.begin(key), dryRun(deps, automation, request)]);
      parentPort?.postMessage({ id, answer: { result } });
    } catch (error) {
      parentPort?.postMessage({ id, answer: answerOfError(error) });
    }
  };
  parentPort?.on('message', (message: ReadAnswer | { id: number; job: DryRunJob }) => {
    if ('job' in message) void perform(message.id, message.job);
    else reads.settle(message);
  });
  parentPort?.postMessage('ready');
}

/**
 * Creates functions that read through the main thread on behalf of the current job. The thread runs one job at a time.
 */
function createRemoteReads() {
  const waiting = new Map<number, (value: unknown) => void>();
  let [job, count] = [0, 0];
  let abort: (error: Error) => void = () => undefined;
  return {
    /** Returns a promise that rejects when a read of this job fails, even if the job handles the error. */
    begin(key: number): Promise<never> {
      job = key;
      waiting.clear();
      return new Promise((_resolve, reject) => (abort = reject));
    },
    request<N extends keyof DryReads>(read: N, ...args: Parameters<DryReads[N]>): ReturnType<DryReads[N]> {
      count += 1;
      const no = count;
      parentPort?.postMessage({ read, key: job, no, args } satisfies ReadRequest);
      return new Promise<unknown>((resolve) => waiting.set(no, resolve)) as ReturnType<DryReads[N]>;
    },
    settle(answer: ReadAnswer): void {
      if ('failed' in answer) return abort(new Error('A read failed'));
      waiting.get(answer.no)?.(answer.value);
      waiting.delete(answer.no);
    },
  };
}

void serve();
