import { createSystem, deleteSystem } from '../../src/domains/catalog/systems';
import { recordResults } from '../../src/domains/healthcheck/record-results';
import type { DomainWrite } from '../../src/domains/domain-write';
import { computeDue, createSlo, getSlo, sendDigest } from '../../src/domains/slo/slos';
import { byUser, createEntityFixture, type EntityFixture } from '../support/entity-fixture';
import { testPlugins } from '../support/plugins';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MANY = 50;

describe('objectives', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture(testPlugins());
  });
  afterAll(() => f.end());
  // This day is a Wednesday.
  beforeEach(() => f.clock.set('2026-11-18T12:00:00.000Z'));
  let names = 0;
  const systemRemovedHooks = testPlugins().flatMap(({ onSystemRemoved }) => onSystemRemoved ?? []);

  const inTransaction = <T>(work: (write: DomainWrite) => Promise<T>) =>
    f.db.transaction((tx) => work({ tx, entities: f.store, cause: byUser, now: f.clock.now() }));
  const system = async () => {
    const id = `slo-sys-${(names += 1)}`;
    await inTransaction((write) => createSystem(write, { id, name: id }));
    return id;
  };
  const objective = (systemId: string, target = 99) =>
    inTransaction((write) => createSlo(write, { systemId, name: 'Up', target, windowDays: 30 }));
  const report = (systemId: string, status: 'healthy' | 'degraded' | 'unhealthy') =>
    inTransaction((write) => recordResults(write, [{ systemId, configurationId: 'http', status }]));
  const computed = async (id: string) => {
    await inTransaction((write) => computeDue(write, MANY));
    return getSlo(f.db, id);
  };
  const unlocked = async (systemId: string) =>
    (
      await f.rows<{ payload: { achievement: string } }>(
        `select payload from changes where event = 'slo.achievement_unlocked' and entity_id = $1 order by seq`,
        [systemId],
      )
    ).map(({ payload }) => payload.achievement);

  test('an outage uses budget and ends the current streak but not the best one; degraded time uses no budget', async () => {
    const systemId = await system();
    const { id } = await objective(systemId);
    await report(systemId, 'healthy');
    f.clock.advance(3 * DAY);
    expect(await computed(id)).toMatchObject({ budgetRemainingPercent: 100, currentStreak: 3, bestStreak: 3 });
    await report(systemId, 'degraded');
    f.clock.advance(2 * HOUR);
    await report(systemId, 'unhealthy');
    f.clock.advance(1.8 * HOUR);
    await report(systemId, 'healthy');
    f.clock.advance(60_000);
    // The outage took 1.8 of 7.2 hours.
    expect(await computed(id)).toMatchObject({ budgetRemainingPercent: 75, currentStreak: 0, bestStreak: 3 });
  });

  test('the first change of health is evaluated immediately, later ones at most once a minute', async () => {
    const systemId = await system();
    const { id } = await objective(systemId);
    f.clock.advance(1_000);
    await report(systemId, 'unhealthy');
    expect(await computed(id)).toMatchObject({ computedAt: f.clock.now() });
    const first = f.clock.now();
    f.clock.advance(1_000);
    await report(systemId, 'healthy');
    f.clock.advance(58_000);
    expect(await computed(id)).toMatchObject({ computedAt: first });
    f.clock.advance(1_000);
    expect(await computed(id)).toMatchObject({ computedAt: f.clock.now() });
  });

  test('a streak counts from the end of the last outage, even if the outage is no longer in the window', async () => {
    const systemId = await system();
    f.clock.advance(5 * DAY);
    await report(systemId, 'unhealthy');
    f.clock.advance(HOUR);
    await report(systemId, 'healthy');
    f.clock.advance(40 * DAY);
    const { id } = await objective(systemId);
    expect(await getSlo(f.db, id)).toMatchObject({ budgetRemainingPercent: 100, currentStreak: 40 });
    // Retention only keeps the newest transition of a field, but the streak continues.
    f.clock.advance(60 * DAY);
    await computed(id);
    await report(systemId, 'degraded');
    await f.rows(
      `delete from entity_transitions where kind = 'health' and field = 'status' and entity_id = $1 and id <
        (select max(id) from entity_transitions where kind = 'health' and field = 'status' and entity_id = $1)`,
      [systemId],
    );
    f.clock.advance(2 * DAY);
    expect(await computed(id)).toMatchObject({ currentStreak: 102 });
  });

  test('an achievement is reported once, at the end of its day, and remains when the streak ends', async () => {
    const systemId = await system();
    const { id } = await objective(systemId);
    for (let day = 0; day < 7; day += 1) {
      f.clock.advance(DAY);
      await computed(id);
      expect(await unlocked(systemId)).toEqual(day < 6 ? [] : ['streak_7_days']);
    }
    f.clock.advance(HOUR);
    await report(systemId, 'unhealthy');
    f.clock.advance(60_000);
    expect(await computed(id)).toMatchObject({ currentStreak: 0, bestStreak: 7, achievements: ['streak_7_days'] });
    await report(systemId, 'healthy');
    f.clock.advance(8 * DAY);
    expect(await computed(id)).toMatchObject({ currentStreak: 8, bestStreak: 8 });
    expect(await unlocked(systemId)).toEqual(['streak_7_days']);
  });

  test('the digest reports all budgets once, on Monday at nine, even if several processes send it', async () => {
    await f.rows('delete from slos');
    const [well, risky, broken] = [await system(), await system(), await system()];
    const ids: string[] = [];
    for (const systemId of [well, risky, broken]) ids.push((await objective(systemId)).id);
    await report(risky, 'unhealthy');
    await report(broken, 'unhealthy');
    f.clock.advance(6 * HOUR);
    await report(risky, 'healthy');
    f.clock.advance(4 * HOUR);
    await report(broken, 'healthy');
    f.clock.advance(60_000);
    for (const id of ids) await computed(id);
    const send = () => inTransaction(sendDigest);
    f.clock.set('2026-11-23T08:59:59.000Z');
    expect(await send()).toBe(false);
    f.clock.set('2026-11-23T09:00:00.000Z');
    expect((await Promise.all([send(), send(), send()])).filter(Boolean)).toHaveLength(1);
    f.clock.set('2026-11-25T09:00:00.000Z');
    expect(await send()).toBe(false);
    const digests = await f.rows<{ payload: Record<string, unknown>; context_key: string | null; occurred_at: Date }>(
      `select payload, context_key, occurred_at from changes where event = 'slo.weekly_digest'`,
    );
    expect(digests).toHaveLength(1);
    const [
      { payload, context_key: key, occurred_at: at } = { payload: {}, context_key: '', occurred_at: new Date(0) },
    ] = digests;
    expect({ key, at: at.toISOString() }).toEqual({ key: null, at: '2026-11-23T09:00:00.000Z' });
    expect(payload).toMatchObject({ totals: 3, breaching: 1, atRisk: 1, healthy: 1 });
    const order = (list: unknown) => (list as { systemId: string }[]).map(({ systemId }) => systemId);
    expect(order(payload.topPerformers)).toEqual([well, risky, broken]);
    expect(order(payload.worstPerformers)).toEqual([broken, risky, well]);
    expect(f.registry.trigger('slo.weekly_digest')?.payloadSchema.safeParse(payload).success).toBe(true);
  });

  test('deleting a system deletes its health and objectives, each with a tombstone', async () => {
    const systemId = await system();
    const { id } = await objective(systemId);
    await report(systemId, 'unhealthy');
    await inTransaction((write) => deleteSystem(write, systemId, systemRemovedHooks));
    const tombstones = await f.rows<{ kind: string }>(
      'select kind from changes where next is null and event is null and entity_id = any($1) order by kind',
      [[systemId, id]],
    );
    expect(tombstones.map(({ kind }) => kind)).toEqual(['catalog-system', 'health', 'slo']);
    expect(await f.rows('select 1 from health_checks where system_id = $1', [systemId])).toEqual([]);
  });
});
