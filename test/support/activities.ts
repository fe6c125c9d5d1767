import { randomUUID } from 'node:crypto';
import { defaultActivityInfo, MockActivityEnvironment } from '@temporalio/testing';
import { sql } from 'drizzle-orm';
import { createActivities } from '../../src/activities/create-activities';
import type { ActivityDeps } from '../../src/activities/deps';
import { createOriginLoad, type OriginLoad } from '../../src/activities/origin-load';
import { createAutomationStore } from '../../src/db/automation-store';
import { createDatabase, type Database } from '../../src/db/client';
import { createEntityStore } from '../../src/db/entity-store';
import { createRunSources } from '../../src/db/runs/run-source';
import { takeStartable } from '../../src/db/runs/start-queue';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createFilterRegistry } from '../../src/domain/expressions/filter-registry';
import { Definition } from '../../src/domain/definition/schema';
import { createRegistry } from '../../src/domain/registry/registry';
import type { StepInput } from '../../src/domain/run/activities';
import { NO_MASK } from '../../src/domain/secrets/mask-values';
import { createEvaluator } from '../../src/evaluation/live-evaluator';
import type { Action, ActionResult, CallContext, Plugin, TransactionContext } from '../../src/integrations/contract';
import { z } from '../../src/plugin';
import { createTestDatabase } from './database';
import { testPlugins } from './plugins';

/**
 * Makes a statement or transaction fail as if the connection to Postgres were lost, either before it runs or after it
 * has been committed.
 */
export interface Fault {
  /** Number of the statement or transaction within the activity. The first has the number 1. */
  at: number;
  when: 'before' | 'after';
}

/**
 * Runs the activities of runs on a real Postgres, without Temporal. Tests set what the actions `probe.call` and
 * `probe.write` do.
 */
export interface ActivityBench {
  database: Database;
  /** The load of calls per origin. One origin may use 25 of 100 slots. */
  origins: OriginLoad;
  probe: {
    /** The attempt number of each `probe.call`. */
    calls: number[];
    call: (context: CallContext<unknown>) => Promise<ActionResult>;
    write: (context: TransactionContext<unknown>) => Promise<ActionResult>;
  };
  /** Returns how many times the activities have reported a scope in which a run can start. */
  toStart: () => number;
  /**
   * Returns activities in which the fault occurs. `statements` returns how many statements and transactions they have
   * run. `start` takes a pending run from the table, as the process does before it starts the run.
   */
  activities(fault?: Fault): ReturnType<typeof createActivities> & {
    statements: () => number;
    start: (runId: string) => Promise<void>;
    deps: ActivityDeps;
  };
  /** Calls an activity as Temporal does. Default: as the first attempt of a local activity. */
  run<R>(work: () => Promise<R>, info?: { isLocal?: boolean; attempt?: number; activityId?: string }): Promise<R>;
  /**
   * Creates an automation with these steps and a run of it. Returns the run's id. Default: a running run that the
   * execution `e1` has claimed.
   */
  runOf(actions: object[], more?: { status?: string; mode?: string; definition?: object }): Promise<string>;
  /** Returns the input of a step. */
  input(runId: string, path?: string): StepInput;
  step(runId: string, path?: string): Promise<Record<string, unknown> | undefined>;
  runRow(runId: string): Promise<Record<string, unknown> | undefined>;
  /** Ends a run or a step as another process would. */
  endRun(runId: string, status?: string): Promise<void>;
  endStep(runId: string, status: string, path?: string): Promise<void>;
  close(): Promise<void>;
}

class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';
}

/**
 * Returns a database in which one statement or transaction fails once, as described by `fault`. `count` returns the
 * number of the current statement or transaction.
 */
function faulty(db: Database['db'], fault: Fault | undefined, count: () => number): Database['db'] {
  return new Proxy(db, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if ((name !== 'execute' && name !== 'transaction') || typeof found !== 'function') return found;
      return async (...args: unknown[]) => {
        const isHere = count() === fault?.at;
        if (isHere && fault?.when === 'before') throw new ConnectionLost('read ECONNRESET');
        const answer: unknown = await Reflect.apply(found, target, args);
        if (isHere) throw new ConnectionLost('read ECONNRESET');
        return answer;
      };
    },
  });
}

function probePlugin(probe: ActivityBench['probe']): Plugin {
  const action = { description: 'For tests.', configSchema: z.object({ text: z.string().optional() }) };
  return {
    id: 'probe',
    actions: [
      {
        ...action,
        id: 'write',
        displayName: 'Write',
        execution: 'transaction',
        execute: (context: TransactionContext<unknown>) => probe.write(context),
      },
      {
        ...{ ...action, id: 'call', displayName: 'Call', execution: 'call', timeoutMs: () => 5_000 },
        execute: (context: CallContext<unknown>) => {
          probe.calls.push(context.attempt);
          return probe.call(context);
        },
      },
    ],
  };
}

export async function startActivityBench(): Promise<ActivityBench> {
  const owner = await createTestDatabase();
  const database = createDatabase(owner.url);
  const { db } = database;
  const probe: ActivityBench['probe'] = {
    calls: [],
    call: () => Promise.resolve({}),
    write: () => Promise.resolve({}),
  };
  const registry = createRegistry<Action>([...testPlugins(), probePlugin(probe)]);
  const entities = createEntityStore({ registry, clock: systemClock, ids: uuidV7 });
  const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
  const origins = createOriginLoad({ slots: 100 });
  let toStart = 0;
  const nothing = () => undefined;
  const depsOn = (on: Database['db']): ActivityDeps => ({
    ...{ database: { ...database, db: on }, registry, entities, clock: systemClock, ids: uuidV7 },
    ...createRunSources(on),
    evaluator: createEvaluator({ entities, filters: createFilterRegistry(), clock: systemClock, timezone: 'UTC' }),
    notifier: {
      ...{ changes: nothing, starts: nothing, definitions: nothing },
      ...{ tokens: nothing, workers: nothing, dwells: nothing },
    },
    secrets: {
      resolve: () => Promise.resolve(new Map()),
      remember: () => Promise.resolve(),
      maskOf: () => NO_MASK,
      readMask: () => Promise.resolve(NO_MASK),
    },
    filtersLacking: () => [],
    triggersLacking: () => [],
    openConnection: () => Promise.reject(new Error('The probe has no connection.')),
    origins,
    onLocalCall: () => nothing,
    onRunsToStart: () => (toStart += 1),
    onAction: nothing,
    failpoint: nothing,
  });
  const row = async (query: ReturnType<typeof sql>) => (await db.execute(query)).rows[0];
  return {
    ...{ database, probe, origins },
    toStart: () => toStart,
    activities(fault) {
      let statements = 0;
      const on = faulty(db, fault, () => (statements += 1));
      const deps = depsOn(on);
      const start = async (runId: string) => {
        const { runs } = await takeStartable(db, 1_000, { served: [], full: [], each: 1_000 });
        const run = runs.find(({ id }) => id === runId);
        if (run === undefined) throw new Error(`Run ${runId} is not pending.`);
        deps.keepStarting(run);
      };
      return { ...createActivities(deps), statements: () => statements, start, deps };
    },
    run: (work, { isLocal = true, attempt = 1, activityId = 'a1' } = {}) =>
      new MockActivityEnvironment({
        ...defaultActivityInfo,
        ...{ isLocal, attempt, activityId, taskQueue: 'tests' },
        workflowExecution: { workflowId: 'w', runId: 'e1' },
      }).run(work),
    async runOf(actions, { status = 'running', mode = 'single', definition: rest = {} } = {}) {
      const id = randomUUID();
      const definition = Definition.parse({
        ...{ name: id, mode, triggers: [{ id: 't', event: 'incident.created' }], actions },
        ...rest,
      });
      const actor = { type: 'user', id: 'test' } as const;
      const automation = await db.transaction((tx) => store.create(tx, { definition, actor }));
      await db.execute(sql`
        insert into runs (id, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables,
          root_run_id, workflow_id, created_at, start_at, execution_run_id)
        values (${id}, ${automation.id}, 1, '', null, ${mode}, ${status}, '{}', '{}', ${id}, ${id}, clock_timestamp(),
          clock_timestamp(), ${status === 'pending' ? null : 'e1'})`);
      return id;
    },
    input: (runId, path = 'actions[0]') => ({ runId, path, variables: {}, repeat: null, journal: [] }),
    step: (runId, path = 'actions[0]') =>
      row(sql`select status, attempts, result, error, trace from run_steps where run_id = ${runId} and path = ${path}`),
    runRow: (runId) => row(sql`select status, error, execution_run_id, start_at from runs where id = ${runId}`),
    async endRun(runId, status = 'cancelled') {
      await db.execute(sql`update runs set status = ${status}, finished_at = clock_timestamp() where id = ${runId}`);
    },
    async endStep(runId, status, path = 'actions[0]') {
      const error = status === 'failed' ? { code: 'elsewhere', message: 'by another attempt' } : null;
      await db.execute(sql`
        insert into run_steps (run_id, path, kind, status, error, finished_at)
        values (${runId}, ${path}, 'action', ${status}, ${error && JSON.stringify(error)}::jsonb, clock_timestamp())
        on conflict (run_id, path) do update set status = excluded.status, error = excluded.error, finished_at = excluded.finished_at`);
    },
    async close() {
      await database.close();
      await owner.drop();
    },
  };
}
