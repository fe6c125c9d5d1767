import { Client, Connection } from '@temporalio/client';
import { startEngine, type Engine, type RunRow } from './engine';
import type { FermataProcess } from './process';
import { until } from './until';

/** A wait as `GET /waits` returns it. */
export interface WaitItem {
  runId: string;
  path: string;
  kind: string;
  refs: string[];
  event: string | null;
  contextKey: string | null;
  events: string[];
  contextKeys: (string | null)[];
  timeoutAt: string | null;
  recheckAt: string | null;
}

/** The service with one worker, and helpers for tests of waits. Lamps are entities of a custom kind. */
export interface WaitingRuns {
  engine: Engine;
  api: FermataProcess & { url: string };
  temporal: Client;
  workers: FermataProcess[];
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  lamp(id: string, state: Record<string, unknown>): Promise<unknown>;
  /** Saves an automation that runs for events of the given type. Returns its id. */
  save(type: string, steps: string, more?: string): Promise<string>;
  waitsOf(runId: string): Promise<WaitItem[]>;
  /** Waits until the first run of an automation is waiting. Returns the run and its wait. */
  waiting(id: string): Promise<{ run: RunRow; wait: WaitItem }>;
  resultOf(runId: string, path: string): Promise<unknown>;
  /** Returns the number of workflow tasks that a run has had. */
  tasksOf(run: RunRow): Promise<number>;
  routed(): Promise<unknown>;
  end(): Promise<void>;
}

export async function startWaitingRuns(): Promise<WaitingRuns> {
  const engine = await startEngine();
  const { address, namespace } = engine.temporal;
  const temporal = new Client({ connection: await Connection.connect({ address }), namespace });
  const api = await engine.api();
  const workers = [await engine.worker()];

  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
  const lamp = (id: string, state: Record<string, unknown>) => call('PUT', `/entities/lamp/${id}`, state);
  const save = (type: string, steps: string, more = '') =>
    engine.save(`
name: ${type}
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${type} } }]
${more}
actions:
${steps}
`);
  const waitsOf = async (runId: string) =>
    ((await call('GET', `/waits?runId=${runId}`)) as { items: WaitItem[] }).items;
  const waiting = (id: string): Promise<{ run: RunRow; wait: WaitItem }> =>
    until(
      'the run waits',
      async () => {
        const [run] = await engine.runs(id);
        const [wait] = run?.status === 'waiting' ? await waitsOf(run.id) : [];
        return run && wait ? { run, wait } : false;
      },
      20_000,
    );
  const resultOf = async (runId: string, path: string) =>
    (await engine.steps(runId)).find((step) => step.path === path)?.result;
  const tasksOf = async ({ workflow_id }: RunRow) => {
    const { events } = await temporal.workflow.getHandle(workflow_id).fetchHistory();
    return (events ?? []).filter(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)
      .length;
  };
  const routed = () => engine.routed();

  await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
  return {
    ...{ engine, api, temporal, workers, call, lamp, save, waitsOf, waiting, resultOf, tasksOf, routed },
    async end() {
      await temporal.connection.close();
      await engine.close();
    },
  };
}
