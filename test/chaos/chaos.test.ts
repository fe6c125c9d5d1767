import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { defineEntity, z } from '../../src/plugin';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { entityStoreOf } from '../support/entity-fixture';
import type { FermataProcess } from '../support/process';
import { startTemporal } from '../support/services';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';
import { createFaults, workerSettings, type FaultDeps } from './faults';
import {
  expectInOrder,
  expectNoDuplicateRuns,
  expectNothingLeft,
  expectNothingLost,
  expectOneKeyForEachEffect,
  expectNoSecret,
  expectNoOpenExecutions,
  expectWindows,
} from './invariants';
import { seeded } from './seeded';

const SEED = Number(process.env['FERMATA_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const SECONDS = Number(process.env['FERMATA_CHAOS_SECONDS'] ?? 60);
const ROUNDS = Number(process.env['FERMATA_CHAOS_ROUNDS'] ?? 1);
const MODES = ['single', 'restart', 'queued', 'parallel'] as const;
const SUBJECTS = ['a', 'b', 'c'];
const SECRET = 'chaos-canary-9f27c1d4';
const CAUSE = { actor: { type: 'system', id: 'test' }, causedBy: null, depth: 0 } as const;

const automation = (mode: string) => `
name: ${mode}
mode: ${mode}
concurrency_scope: context_key
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${mode} } }]
actions:
  - { action: integration-webhook.send, config: { url: "$URL/1/{{ run.id }}", bearerToken: "\${{ secrets.CHAOS }}" } }
  - { action: automation.log, config: { message: between } }
  - delay: { seconds: 0.3 }
  - { action: integration-webhook.send, config: { url: "$URL/2/{{ run.id }}" } }
`;
const BRANCHES = `
name: branches
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: branches } }]
actions:
  - parallel:
      - sequence:
          - delay: { seconds: 0.2 }
          - { action: integration-webhook.send, config: { url: "$URL/1/{{ run.id }}" } }
      - sequence:
          - repeat: { count: 3, sequence: [{ action: automation.log, config: { message: "{{ repeat.index }}" } }] }
          - { action: integration-webhook.send, config: { url: "$URL/2/{{ run.id }}" } }
`;
const WAITS = `
name: waits
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: waits } }]
actions:
  - wait_for_trigger: { event: automation.event, config: { type: go }, timeout_seconds: 5, continue_on_timeout: true }
  - { action: integration-webhook.send, config: { url: "$URL/1/{{ run.id }}" } }
`;
const WINDOW = `
name: window
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: window }, window: { count: 3, minutes: 60, partitionBy: "'all'" } }]
actions: [{ action: integration-webhook.send, config: { url: "$URL/1/{{ run.id }}" } }]
`;
const PLUGIN = {
  ...{ name: 'flood', mode: 'parallel', max_runs: 1000, triggers: [{ event: 'tide.flood_started' }] },
  actions: [{ action: 'automation.log', config: { message: '{{ trigger.payload.gauge }}' } }],
};

const tides = entityStoreOf([defineEntity('tide', z.object({ level: z.number() }), { description: 'Level' })]);

describe.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  'chaos with seed %i (FERMATA_CHAOS_SEED)',
  (seed) => {
    const random = seeded(seed);
    let engine: Engine;
    let temporal: Awaited<ReturnType<typeof startTemporal>>;
    let proxy: TcpProxy;
    let faultDeps: FaultDeps;

    beforeAll(async () => {
      temporal = await startTemporal();
      engine = await startEngine({ temporal });
      const { hostname, port } = new URL(engine.databaseUrl);
      proxy = await startTcpProxy({ host: hostname, port: Number(port) });
      faultDeps = { engine, temporal, proxy, random };
    }, 60_000);
    afterAll(async () => {
      await engine.close();
      await proxy.close();
      await temporal.destroy();
    });

    it(
      'keeps every invariant while processes, connections, clocks and locks fail at random',
      async () => {
        const workers: FermataProcess[] = await Promise.all([
          engine.worker(workerSettings(faultDeps)),
          engine.worker(workerSettings(faultDeps)),
        ]);
        const ids = await saveAll();
        const sent = await inject(workers);
        // Start one more worker with all plugins, because the last fault may have left the others without them.
        workers.push(await engine.worker(workerSettings(faultDeps)));
        await waitUntilIdle(workers);
        await check(ids, sent, workers);
      },
      (SECONDS + 420) * 1000,
    );

    async function saveAll(): Promise<Map<string, string>> {
      const api = await engine.api({ FERMATA_PLUGINS: workerSettings(faultDeps)['FERMATA_PLUGINS'] ?? '' });
      await engine.call(api, 'PUT', '/secrets/CHAOS', { value: SECRET });
      const ids = new Map<string, string>();
      for (const mode of MODES) ids.set(mode, await engine.save(automation(mode)));
      for (const [name, yaml] of Object.entries({ branches: BRANCHES, waits: WAITS, window: WINDOW }))
        ids.set(name, await engine.save(yaml));
      ids.set('flood', String((await engine.call(api, 'POST', '/automations', PLUGIN))['id']));
      await api.stop();
      return ids;
    }

    /** Sends events and causes faults until the time is up. Returns the number of events sent by type. */
    async function inject(workers: FermataProcess[]): Promise<Map<string, number>> {
      const sent = new Map<string, number>();
      const end = Date.now() + SECONDS * 1000;
      const emit = async () => {
        const type = random.pick([...MODES, 'branches', 'waits', 'go', 'window', 'flood']);
        const times = type === 'flood' || type === 'waits' ? 1 : 1 + Math.floor(random.next() * 3);
        if (type === 'flood') await raiseTide(`gauge-${sent.get(type) ?? 0}`);
        else await engine.emit(type, {}, { subject: random.pick(SUBJECTS), times });
        sent.set(type, (sent.get(type) ?? 0) + times);
      };
      const sending = (async () => {
        while (Date.now() < end) {
          // Appending an event fails if the session is terminated or the table is locked. The event is then not
          // accepted.
          await emit().catch(() => undefined);
          await pause(100 + random.next() * 200);
        }
      })();
      const faults = createFaults(faultDeps);
      const made: string[] = [];
      while (Date.now() < end) {
        await pause(1_000 + random.next() * 3_000);
        const [name, fault] = random.pick(Object.entries(faults));
        made.push(name);
        await fault(workers);
      }
      await sending;
      console.log(`seed ${seed}: ${made.join(', ')}; ${JSON.stringify(Object.fromEntries(sent))}`);
      return sent;
    }

    async function raiseTide(gauge: string): Promise<void> {
      await engine.database.db.transaction((tx) =>
        tides.mutate(tx, { kind: 'tide', id: gauge }, () => ({ level: 6 }), CAUSE),
      );
      await engine.database.pool.query(`select pg_notify('fermata', 'changes')`);
    }

    async function waitUntilIdle(workers: readonly FermataProcess[]): Promise<void> {
      await until(
        'all changes are routed and all runs have ended',
        async () => {
          const { rows } = await engine.database.db.execute<{ left: number }>(sql`
          select (select count(*) from changes where routed_at is null)::int
            + (select count(*) from runs where status in ('pending', 'running', 'waiting') or close_requested is not null)::int as left`);
          return rows[0]?.left === 0;
        },
        240_000,
      ).catch(async (error: unknown) => {
        const open = (await engine.runs()).filter(({ status }) => ['pending', 'running', 'waiting'].includes(status));
        throw new Error(
          `${String(error)}\n${JSON.stringify(open, null, 1)}\n${workers.map((w) => w.output().slice(-5_000)).join('\n---\n')}`,
        );
      });
    }

    async function check(
      ids: ReadonlyMap<string, string>,
      sent: ReadonlyMap<string, number>,
      workers: readonly FermataProcess[],
    ): Promise<void> {
      const runs = new Map<string, RunRow[]>();
      for (const [name, id] of ids) runs.set(name, await engine.runs(id));
      const of = (name: string) => runs.get(name) ?? [];
      await expectNothingLost(engine);
      await expectNoDuplicateRuns(engine);
      for (const name of ['queued', 'parallel', 'branches', 'waits', 'flood']) {
        expect({ name, runs: of(name).length }).toEqual({ name, runs: await accepted(name) });
        expect(of(name).filter(({ status }) => status !== 'success')).toEqual([]);
      }
      await expectNothingLeft(engine);
      for (const name of [...MODES, 'branches']) expectOneKeyForEachEffect(engine, of(name), [1, 2]);
      for (const name of ['waits', 'window']) expectOneKeyForEachEffect(engine, of(name), [1]);
      // In `restart`, a request may still arrive if it was sent before its worker was stopped.
      for (const mode of ['single', 'queued'])
        for (const subject of SUBJECTS)
          expectInOrder(
            engine,
            of(mode).filter((run) => run.context_key === subject),
          );
      await expectWindows(engine, ids.get('window') ?? '', await accepted('window'));
      await expectNoSecret(
        engine,
        SECRET,
        workers.map((worker) => worker.output()),
      );
      await expectNoOpenExecutions(engine);
      expect(sent.size).toBeGreaterThan(0);
    }

    /** Returns the number of accepted events of a type. An event was accepted if it is in the log. */
    async function accepted(type: string): Promise<number> {
      const { rows } = await engine.database.db.execute<{ count: number }>(sql`
      select count(*)::int as count from changes
      where payload ->> 'type' = ${type} or (${type} = 'flood' and kind = 'tide')`);
      return rows[0]?.count ?? 0;
    }
  },
);
