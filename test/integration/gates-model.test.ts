import * as fc from 'fast-check';
import { sql } from 'drizzle-orm';
import { createEntityStore } from '../../src/db/entity-store';
import { appendChanges } from '../../src/db/change-log';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { windowFires } from '../../src/domain/gates/window';
import { createRegistry } from '../../src/domain/registry/registry';
import { startEngine, type Engine } from '../support/engine';
import { dwellFirings, windowFirings, type CauseEvent } from '../support/gate-model';
import { testPlugins } from '../support/plugins';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const BY_TEST = { actor: { type: 'user', id: 'test' }, causedBy: null, depth: 0 } as const;
const DWELL_MS = 60_000;

/**
 * Compares the real service with the reference model. Both must fire for the same changes, regardless of order,
 * repeated deliveries and restarts.
 */
describe('the gates and their reference model', () => {
  let engine: Engine;
  let worker: FermataProcess;
  const entities = createEntityStore({ registry: createRegistry(testPlugins()), clock: systemClock, ids: uuidV7 });
  beforeAll(async () => {
    engine = await startEngine();
    worker = await engine.worker();
    await engine.database.db.transaction((tx) =>
      entities.kinds.put(tx, 'lamp', { schema: { type: 'object' }, reactive: true }),
    );
  }, 360_000);
  afterAll(() => engine.close());

  const routed = () => engine.routed(60_000);
  const noneArmed = () =>
    until(
      'no dwell is armed',
      async () => (await engine.database.db.execute(sql`select 1 from dwells where status = 'armed'`)).rowCount === 0,
      60_000,
    );
  const restart = async () => {
    await worker.stop('SIGKILL');
    worker = await engine.worker();
  };

  /** Generates changes of one lamp. They are a few seconds to a minute apart, and all are in the past. */
  const lampHistory = fc.array(
    fc.record({ gapSeconds: fc.integer({ min: 1, max: 70 }), on: fc.boolean(), noise: fc.integer({ min: 0, max: 2 }) }),
    { minLength: 1, maxLength: 8 },
  );

  test('a dwell fires if and only if the model says so', async () => {
    const histories = fc.sample(fc.array(lampHistory, { minLength: 1, maxLength: 3 }), 40);
    const start = Date.now() - 24 * 3_600_000;
    const id = await engine.save(`
      name: Lamps
      mode: parallel
      max_runs: 1000
      triggers:
        - event: automation.entity_changed
          config: { kind: lamp, field: status, to: on }
          for: { seconds: ${DWELL_MS / 1_000} }
      actions: [{ action: automation.log, config: { message: fired } }]
    `);
    const wanted = new Map<string, number[]>();
    const clocks = histories.map(() => start);
    const batchesOf = histories.map((): CauseEvent[][] => []);
    for (const batch of [0, 1, 2]) {
      // Changes that occur while no worker is running are routed together by the next worker that starts.
      await worker.stop('SIGKILL');
      for (const [index, history] of histories.entries()) {
        const events: CauseEvent[] = [];
        for (const { gapSeconds, on, noise } of history[batch] ?? []) {
          const at = (clocks[index] ?? start) + gapSeconds * 1_000;
          clocks[index] = at;
          events.push({ at, holds: on });
          const ref = { kind: 'lamp', id: `lamp-${index}` };
          const state = { status: on ? 'on' : 'off', noise };
          await engine.database.db.transaction((tx) =>
            entities.mutate(tx, ref, () => state, BY_TEST, { occurredAt: new Date(at) }),
          );
        }
        if (events.length > 0) batchesOf[index]?.push(events);
      }
      worker = await engine.worker();
      await routed();
      await noneArmed();
    }
    for (const [index, batches] of batchesOf.entries()) wanted.set(`lamp-${index}`, dwellFirings(batches, DWELL_MS));
    const expected = [...wanted.values()].flat().length;
    expect(expected).toBeGreaterThan(10);
    const runs = await until(
      `${expected} dwells have fired`,
      async () => {
        const all = await engine.runs(id);
        return all.length >= expected && all.every(({ status }) => status === 'success') && all;
      },
      60_000,
    );
    const fired = new Map<string, number[]>();
    for (const run of runs) {
      const { dwell } = run['trigger_scope'] as { dwell: { armedAt: string } };
      const key = run.context_key ?? '';
      fired.set(
        key,
        [...(fired.get(key) ?? []), Date.parse(dwell.armedAt) + DWELL_MS].sort((a, b) => a - b),
      );
    }
    for (const [lamp, firings] of wanted) expect({ lamp, firings: fired.get(lamp) ?? [] }).toEqual({ lamp, firings });
  }, 720_000);

  test('a dwell of health fires if and only if the model says so, with repeated, late and batched results', async () => {
    const history = fc.array(
      fc.record({
        gapSeconds: fc.integer({ min: 1, max: 80 }),
        status: fc.constantFrom('healthy', 'degraded', 'unhealthy'),
        /**
         * `again` delivers the result twice. `lateSeconds` adds a result that is this many seconds older than the
         * newest result and must therefore have no effect.
         */
        again: fc.boolean(),
        lateSeconds: fc.option(fc.integer({ min: 1, max: 300 })),
      }),
      { minLength: 2, maxLength: 8 },
    );
    const histories = fc.sample(history, 25);
    const api = await engine.api();
    const id = await engine.save(`
      name: Not healthy
      mode: parallel
      max_runs: 1000
      triggers: [{ event: healthcheck.system_degraded, for: { seconds: ${DWELL_MS / 1_000} } }]
      actions: [{ action: automation.log, config: { message: fired } }]
    `);
    const start = Date.now() - 20 * 3_600_000;
    const wanted = new Map<string, number[]>();
    await worker.stop('SIGKILL');
    for (const [index, results] of histories.entries()) {
      const systemId = `sys-${index}`;
      const sent: Record<string, unknown>[] = [];
      const events: CauseEvent[] = [];
      let at = start;
      for (const { gapSeconds, status, again, lateSeconds } of results) {
        at += gapSeconds * 1_000;
        const common = { systemId, configurationId: 'http' };
        const result = { ...common, status, timestamp: new Date(at).toISOString() };
        events.push({ at, holds: status !== 'healthy' });
        sent.push(result, ...(again ? [result] : []));
        if (lateSeconds === null) continue;
        // Use another status, so that the outcome would differ if the late result counted.
        const other = status === 'healthy' ? 'unhealthy' : 'healthy';
        sent.push({ ...common, status: other, timestamp: new Date(at - lateSeconds * 1_000 + 1).toISOString() });
      }
      wanted.set(systemId, dwellFirings([events], DWELL_MS));
      // Send the results one by one, so that each late result arrives after the newer result. For every second system,
      // send all results twice.
      for (const result of index % 2 === 0 ? sent : [...sent, ...sent]) {
        expect((await engine.post(api, '/health/results', result)).status).toBe(202);
      }
    }
    worker = await engine.worker();
    await routed();
    await noneArmed();
    const expected = [...wanted.values()].flat().length;
    expect(expected).toBeGreaterThan(5);
    const runs = await engine.ended(expected, id, 60_000);
    const fired = new Map<string, number[]>();
    for (const run of runs) {
      const { dwell } = run['trigger_scope'] as { dwell: { armedAt: string } };
      const key = run.context_key ?? '';
      const firings = [...(fired.get(key) ?? []), Date.parse(dwell.armedAt) + DWELL_MS];
      fired.set(
        key,
        firings.sort((a, b) => a - b),
      );
    }
    for (const [system, firings] of wanted) {
      expect({ system, firings: fired.get(system) ?? [] }).toEqual({ system, firings });
    }
  }, 720_000);

  test('a window fires as the model does although it reads only the newest events', () => {
    const rule = fc.record({
      count: fc.integer({ min: 1, max: 5 }),
      minutes: fc.integer({ min: 1, max: 10 }),
      refire: fc.constantFrom('every' as const, 'once' as const),
    });
    const arrivals = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(rule, arrivals, (rule, minutes) => {
        const instants = minutes.map((minute) => minute * 60_000);
        const fires = instants.flatMap((at, index) => {
          const newest = instants.slice(0, index).sort((a, b) => b - a);
          return windowFires(rule, at, newest.slice(0, rule.count)) ? [index] : [];
        });
        expect(fires).toEqual(windowFirings(instants, rule));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a window fires if and only if the model says so, with repeated and late events', async () => {
    const arrivals = fc.array(fc.record({ minute: fc.integer({ min: 0, max: 30 }), again: fc.boolean() }), {
      minLength: 1,
      maxLength: 15,
    });
    for (const refire of ['every', 'once'] as const) {
      const rule = { count: 3, minutes: 5, refire };
      const histories = fc.sample(arrivals, 15);
      const type = `model.${refire}`;
      const id = await engine.save(`
        name: Window ${refire}
        mode: parallel
        max_runs: 1000
        triggers: [{ event: automation.event, config: { type: ${type} }, window: { count: 3, minutes: 5, refire: ${refire} } }]
        actions: [{ action: automation.log, config: { message: fired } }]
      `);
      const start = Date.now() - 3_600_000;
      const changeIds: string[][] = histories.map(() => []);
      const longest = Math.max(...histories.map(({ length }) => length));
      for (let step = 0; step < longest; step += 1) {
        for (const [index, history] of histories.entries()) {
          const event = history[step];
          if (!event) continue;
          const key = `key-${index}`;
          const [appended] = await appendChanges(engine.database.db, [
            {
              ...{ kind: 'event', id: key, occurredAt: new Date(start + event.minute * 60_000), cause: BY_TEST },
              ...{
                event: 'automation.event',
                contextKey: key,
                payload: { type, source: 'test', subject: key, data: {} },
              },
            },
          ]);
          changeIds[index]?.push(appended?.changeId ?? '');
        }
        await routed();
        // Route some of the changes again.
        const repeats = histories.flatMap((history, index) =>
          history[step]?.again ? [changeIds[index]?.[step] ?? ''] : [],
        );
        await engine.database.db.execute(
          sql`update changes set routed_at = null where change_id = any(${`{${repeats.join(',')}}`}::uuid[])`,
        );
        await routed();
        if (step === 5) await restart();
      }
      const wanted = histories.flatMap((history, index) =>
        windowFirings(
          history.map(({ minute }) => start + minute * 60_000),
          rule,
        ).map((place) => changeIds[index]?.[place]),
      );
      const runs = await engine.ended(wanted.length, id, 60_000);
      expect(runs.map((run) => run['change_id']).sort()).toEqual([...wanted].sort());
    }
  }, 720_000);
});
