import { sql } from 'drizzle-orm';
import { appendChanges } from '../../src/db/change-log';
import { startEngine, type Engine } from '../support/engine';
import { until } from '../support/until';

const counted = (type: string, window: string, filter = '') => `
name: ${type}
mode: parallel
max_runs: 1000
triggers:
  - id: t
    event: automation.event
    config: { type: ${type} }
    ${filter}
    window: ${window}
actions:
  - { action: automation.log, config: { message: counted } }
`;

describe('a window gate', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await Promise.all([engine.worker(), engine.worker()]);
  }, 180_000);
  afterAll(() => engine.close());

  const routed = () => engine.routed(60_000);
  /**
   * Emits events one by one. Each event is routed before the next is emitted, so the events are counted in the order in
   * which they arrive.
   */
  const emitAt = async (type: string, occurredAt: Date, subject = 'one') => {
    await appendChanges(engine.database.db, [
      {
        ...{ kind: 'automation.event', id: subject, occurredAt, event: 'automation.event', contextKey: subject },
        cause: { actor: { type: 'user', id: 'test' }, causedBy: null, depth: 0 },
        payload: { type, source: 'test', subject, data: {} },
      },
    ]);
    await routed();
  };
  const runsOf = async (id: string, count: number) => {
    const runs = count === 0 ? await engine.runs(id) : await engine.ended(count, id);
    expect(runs).toHaveLength(count);
  };
  const minute = (n: number) => new Date(Date.now() - 3_600_000 + n * 60_000);

  it('fires at the n-th event within its minutes, for each key separately, and records why it did not fire before', async () => {
    const id = await engine.save(counted('flap', '{ count: 3, minutes: 10 }'));
    for (const n of [0, 1, 12]) await emitAt('flap', minute(n), 'a');
    for (const n of [12, 13]) await emitAt('flap', minute(n), 'b');
    await runsOf(id, 0);
    await emitAt('flap', minute(13), 'a');
    await emitAt('flap', minute(14), 'a');
    await runsOf(id, 1);
    // Consecutive counts are recorded as one reason per key, with the detail of the newest.
    const reasons = await until('the reasons are written', async () => {
      const found = await engine.outcomes(id);
      return found.reduce((total, { count }) => total + count, 0) === 6 && found;
    });
    const detail = expect.stringContaining('3 events') as string;
    expect(reasons).toEqual([
      { outcome: 'window', detail, count: 2 },
      { outcome: 'window', detail, count: 4 },
    ]);
  });

  it('fires once for a continuous stream and again after a lull', async () => {
    const id = await engine.save(counted('lull', '{ count: 2, minutes: 5, refire: once }'));
    for (const n of [0, 1, 2, 3, 30, 31, 32]) await emitAt('lull', minute(n));
    await runsOf(id, 2);
  });

  it('counts by partitionBy, or by the context key if partitionBy fails', async () => {
    const id = await engine.save(
      counted('parts', '{ count: 2, minutes: 5, partitionBy: trigger.payload.data.missing - 1 }'),
    );
    await emitAt('parts', minute(0), 'a');
    await emitAt('parts', minute(1), 'b');
    await runsOf(id, 0);
    await emitAt('parts', minute(2), 'b');
    await runsOf(id, 1);
    const other = await engine.save(counted('part', '{ count: 2, minutes: 5, partitionBy: trigger.payload.type }'));
    await emitAt('part', minute(0), 'a');
    await emitAt('part', minute(1), 'b');
    await runsOf(other, 1);
  });

  it('counts a change once, however often the dispatchers receive it', async () => {
    const id = await engine.save(counted('again', '{ count: 2, minutes: 5 }'));
    await emitAt('again', minute(0));
    for (let round = 0; round < 3; round += 1) {
      await engine.database.db.execute(sql`update changes set routed_at = null where payload ->> 'type' = 'again'`);
      await routed();
    }
    await runsOf(id, 0);
    await emitAt('again', minute(1));
    await runsOf(id, 1);
  });

  it('keeps its count if a save leaves event, filter and window unchanged, and otherwise starts again', async () => {
    const yaml = counted('saved', '{ count: 3, minutes: 5 }');
    const id = await engine.save(yaml);
    await emitAt('saved', minute(0));
    await engine.save(yaml.replace('message: counted', 'message: edited'), id);
    await emitAt('saved', minute(1));
    await engine.save(counted('saved', '{ count: 3, minutes: 5 }', 'filter: "true"'), id);
    await emitAt('saved', minute(2));
    await emitAt('saved', minute(3));
    await runsOf(id, 0);
    await emitAt('saved', minute(4));
    await runsOf(id, 1);
  });

  it('counts each of many events that two workers receive at once exactly once', async () => {
    const id = await engine.save(counted('storm', '{ count: 11, minutes: 5, partitionBy: "\'all\'" }'));
    await Promise.all(Array.from({ length: 60 }, (_, n) => engine.emit('storm', {}, { subject: `s${n}` })));
    await routed();
    await runsOf(id, 50);
  }, 180_000);

  it('stores only as many rows for a key as it may need', async () => {
    const id = await engine.save(counted('pruned', '{ count: 3, minutes: 60 }'));
    for (let n = 0; n < 12; n += 1) await emitAt('pruned', minute(n));
    const kept = await engine.database.db.execute(sql`select 1 from window_events where automation_id = ${id}`);
    expect(kept.rowCount).toBeLessThanOrEqual(5);
    await engine.ended(10, id);
  });
});
