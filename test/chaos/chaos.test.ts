import { sql } from 'drizzle-orm';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { startTemporal } from '../support/services';
import { until } from '../support/until';

const SEED = Number(process.env['FERMATA_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const SECONDS = Number(process.env['FERMATA_CHAOS_SECONDS'] ?? 60);
const MODES = ['single', 'restart', 'queued', 'parallel'] as const;
const SUBJECTS = ['a', 'b', 'c'];

/** Small seeded generator (mulberry32): the same seed makes the same faults in the same order. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const automation = (mode: string) => `
name: ${mode}
mode: ${mode}
concurrency_scope: context_key
max_runs: 500
triggers: [{ event: automation.event, config: { type: ${mode} } }]
actions:
  - { action: integration-webhook.send, config: { url: "$URL/1/{{ run.id }}" } }
  - { action: automation.log, config: { message: between } }
  - delay: { seconds: 0.3 }
  - { action: integration-webhook.send, config: { url: "$URL/2/{{ run.id }}" } }
`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe(`chaos with seed ${SEED} (FERMATA_CHAOS_SEED)`, () => {
  let engine: Engine;
  let temporal: Awaited<ReturnType<typeof startTemporal>>;
  const next = random(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;

  beforeAll(async () => {
    console.log(`seed ${SEED}, ${SECONDS} s`);
    temporal = await startTemporal();
    engine = await startEngine({ temporal });
  }, 60_000);
  afterAll(async () => {
    await engine.close();
    await temporal.destroy();
  });

  it(
    'leaves every invariant true after workers and Temporal were killed, stopped and restarted at random',
    async () => {
      const ids = new Map<string, string>();
      for (const mode of MODES) ids.set(mode, await engine.save(automation(mode)));
      const workers: FermataProcess[] = await Promise.all([engine.worker(), engine.worker()]);
      const end = Date.now() + SECONDS * 1000;
      const trickle = (async () => {
        while (Date.now() < end) {
          await engine.emit(pick(MODES), {}, { subject: pick(SUBJECTS), times: 1 + Math.floor(next() * 3) });
          await pause(100 + next() * 200);
        }
      })();
      while (Date.now() < end) {
        await pause(2_000 + next() * 3_000);
        await pick([kill, kill, sleep, killTemporal])(workers);
      }
      await trickle;
      await calm(workers);
      await checkInvariants(ids);
    },
    (SECONDS + 300) * 1000,
  );

  async function kill(workers: FermataProcess[]): Promise<void> {
    const index = Math.floor(next() * workers.length);
    await workers[index]?.stop('SIGKILL');
    workers[index] = await engine.worker();
  }

  async function sleep(workers: FermataProcess[]): Promise<void> {
    const worker = pick(workers);
    worker.signal('SIGSTOP');
    await pause(3_000 + next() * 6_000);
    worker.signal('SIGCONT');
  }

  async function killTemporal(): Promise<void> {
    await temporal.kill();
    await pause(next() * 4_000);
    await temporal.start();
  }

  async function calm(workers: readonly FermataProcess[]): Promise<void> {
    await until(
      'everything has calmed down',
      async () => {
        const { rows } = await engine.database.db.execute<{ left: number }>(sql`
          select (select count(*) from changes where routed_at is null)::int
            + (select count(*) from runs where status in ('pending', 'running', 'waiting') or close_requested is not null)::int as left`);
        return rows[0]?.left === 0;
      },
      180_000,
    ).catch(async (error: unknown) => {
      const open = (await engine.runs()).filter(({ status }) => ['pending', 'running', 'waiting'].includes(status));
      throw new Error(
        `${String(error)}\n${JSON.stringify(open, null, 1)}\n${workers.map((w) => w.output().slice(-5_000)).join('\n---\n')}`,
      );
    });
  }

  async function checkInvariants(ids: ReadonlyMap<string, string>): Promise<void> {
    const { db } = engine.database;
    const perMode = new Map<string, RunRow[]>();
    for (const mode of MODES) perMode.set(mode, await engine.runs(ids.get(mode)));
    console.log(Object.fromEntries([...perMode].map(([mode, runs]) => [mode, runs.length])));
    // I2: at most one run for each automation and change; I3: no run is open.
    const doubled = await db.execute(
      sql`select change_id from runs group by automation_id, trigger_id, change_id having count(*) > 1`,
    );
    expect(doubled.rows).toEqual([]);
    // queued and parallel lose nothing: every event made a run, and every run succeeded.
    for (const mode of ['queued', 'parallel']) {
      const events = await db.execute(sql`select 1 from changes where payload ->> 'type' = ${mode}`);
      expect({ mode, runs: perMode.get(mode)?.length }).toEqual({ mode, runs: events.rowCount });
      expect(perMode.get(mode)?.filter(({ status }) => status !== 'success')).toEqual([]);
    }
    // I4: one effect for each key, repeats with the same key; every successful run has both.
    const keys = new Map<string, Set<string>>();
    for (const { key, path } of engine.receiver.received) keys.set(path, (keys.get(path) ?? new Set()).add(key));
    for (const run of [...perMode.values()].flat().filter(({ status }) => status === 'success')) {
      for (const n of [1, 2]) expect([...(keys.get(`/${n}/${run.id}`) ?? [])]).toHaveLength(1);
    }
    // I5: in a bucket of single or queued, no effect of a run comes first after one of a later run. (In restart, a
    // request that was on its way when its worker was stopped may still arrive.)
    for (const mode of ['single', 'queued']) {
      for (const subject of SUBJECTS)
        expectInOrder(perMode.get(mode)?.filter((run) => run.context_key === subject) ?? []);
    }
  }

  /** Each effect arrives for the first time before any of a later run of the bucket; repeats have the same key. */
  function expectInOrder(runs: readonly RunRow[]): void {
    const order = new Map(runs.map((run, index) => [run.id, index]));
    let newest = -1;
    for (const path of new Set(engine.receiver.received.map((entry) => entry.path))) {
      const index = order.get(path.split('/')[2] ?? '');
      if (index === undefined) continue;
      expect(index).toBeGreaterThanOrEqual(newest);
      newest = index;
    }
  }
});
