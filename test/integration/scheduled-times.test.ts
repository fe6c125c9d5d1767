import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { createFireSchedule } from '../../src/activities/fire-schedule';
import { createAutomationStore } from '../../src/db/automation-store';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import { useDatabase } from '../support/database';

const AT = '2026-03-02T10:00:00.000Z';
const seconds = (count: number) => new Date(Date.parse(AT) + count * 1_000);
const CRON = { event: 'automation.cron', config: { cronPattern: '0 10 * * *' }, since: '2026-01-01T00:00:00Z' };

interface Given {
  /** Null if the automation has no such trigger. */
  schedule?: Partial<{ event: string; config: object; since: string }> | null;
  /**
   * Seconds after the scheduled time at which Temporal started the execution (`begun`) and at which the schedule is
   * evaluated (`now`).
   */
  begun?: number;
  now?: number;
  /** Whether a worker was live at the scheduled time. */
  attended?: boolean;
}

interface Schedule {
  automationId: string;
  fire(now: number): Promise<{ outcome: string; notified: number }>;
  changes(): Promise<Record<string, unknown>[]>;
}

const interval = (config: object) => ({ event: 'automation.interval', config: { intervalSeconds: 60, ...config } });
const cron = (config: object) => ({ config: { ...CRON.config, ...config } });

describe('a scheduled time', () => {
  const database = useDatabase();

  async function scheduled({ schedule = {}, begun = 0, attended = true }: Given): Promise<Schedule> {
    const { db } = database;
    const { event, config, since } = { ...CRON, ...schedule };
    const triggers = [schedule === null ? { id: 't', event: 'incident.created' } : { id: 't', event, config }];
    const definition = Definition.parse({
      ...{ name: randomUUID(), triggers },
      actions: [{ action: 'automation.log', config: { message: 'now' } }],
    });
    const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
    const { id } = await db.transaction((tx) => store.create(tx, { definition, actor: { type: 'user', id: 'test' } }));
    await db.execute(sql`update schedules set since = ${since} where automation_id = ${id}`);
    await db.execute(sql`delete from workers`);
    await db.execute(sql`
      insert into workers (id, host, pid, started_at, expires_at)
      values (${randomUUID()}, 'here', 1, ${seconds(attended ? -60 : 60).toISOString()}, clock_timestamp() + interval '1 hour')`);
    return {
      automationId: id,
      async fire(now) {
        let notified = 0;
        const fireSchedule = createFireSchedule({
          ...{ database, timezone: 'UTC', clock: { now: () => seconds(now) } },
          notifier: { changes: () => void (notified += 1) },
        });
        const outcome = await fireSchedule({
          ...{ automationId: id, triggerId: 't', scheduledFor: AT, begunAt: seconds(begun).toISOString() },
        });
        return { outcome, notified };
      },
      async changes() {
        const found = await db.execute(sql`
          select change_id, kind, entity_id, event, context_key, actor, caused_by, depth, payload, occurred_at
          from changes where entity_id = ${`${id}/t`}`);
        return found.rows;
      },
    };
  }
  const fire = async (given: Given = {}) => {
    const schedule = await scheduled(given);
    return { ...(await schedule.fire(given.now ?? given.begun ?? 0)), changes: (await schedule.changes()).length };
  };

  it('becomes an event of its trigger with the scheduled time, and the workers are notified', async () => {
    const schedule = await scheduled({});
    expect(await schedule.fire(2)).toEqual({ outcome: 'fired', notified: 1 });
    const [change, ...more] = await schedule.changes();
    expect(more).toEqual([]);
    expect(change).toMatchObject({
      ...{ kind: 'automation.schedule', entity_id: `${schedule.automationId}/t`, event: 'automation.cron' },
      ...{ context_key: null, actor: { type: 'system', id: 'schedule' }, caused_by: null, depth: 0 },
      payload: { scheduledFor: AT, firedAt: '2026-03-02T10:00:02.000Z' },
    });
    expect(new Date(String(change?.['occurred_at']))).toEqual(new Date(AT));
  });

  it('fires once however often Temporal delivers it, and has a different id for another trigger', async () => {
    const [one, other] = [await scheduled({}), await scheduled({})];
    await one.fire(0);
    expect(await one.fire(3)).toEqual({ outcome: 'fired before', notified: 0 });
    await other.fire(0);
    const ids = [...(await one.changes()), ...(await other.changes())].map((change) => change['change_id']);
    expect(new Set(ids).size).toBe(2);
    expect(ids).toHaveLength(2);
  });

  it.each<[string, Given, string]>([
    ['of a trigger that no longer exists', { schedule: null }, 'the trigger no longer exists'],
    [
      'before its trigger was enabled',
      { schedule: { since: '2026-03-02T10:00:00.001Z' } },
      'from before the trigger was enabled',
    ],
    [
      'that does not exist in its zone, as when the clock is set forward',
      { schedule: cron({ timezone: 'Europe/Berlin' }) },
      'not a time of the pattern in its time zone',
    ],
    ['that was missed, with catch_up: skip', { schedule: cron({ catch_up: 'skip' }), begun: 60 }, 'missed'],
    ['that was missed for longer than it catches up', { begun: 3_601 }, 'missed'],
    ['that was missed, when a later time is due', { schedule: interval({}), begun: 60 }, 'missed'],
  ])('is dropped: a time %s', async (_what, given, outcome) => {
    expect(await fire(given)).toEqual({ outcome, notified: 0, changes: 0 });
  });

  it.each<[string, Given]>([
    ['that a busy worker evaluates late', { now: 600 }],
    ['that was missed and is the newest', { begun: 600 }],
    ['of an interval that was missed and is the newest', { schedule: interval({}), begun: 59 }],
    [
      'that was missed, with catch_up: all, even if a later time is due',
      { schedule: interval({ catch_up: 'all' }), begun: 600 },
    ],
    ['that was missed for less than its catch_up_minutes', { schedule: cron({ catch_up_minutes: 120 }), begun: 3_601 }],
    ['in the zone of its trigger', { schedule: { config: { cronPattern: '0 11 * * *', timezone: 'Europe/Berlin' } } }],
  ])('fires: a time %s', async (_what, given) => {
    expect(await fire(given)).toEqual({ outcome: 'fired', notified: 1, changes: 1 });
  });

  it('is missed if no worker was running at that time, even if Temporal was running', async () => {
    const given = { schedule: cron({ catch_up: 'skip' }), now: 60 };
    expect((await fire({ ...given, attended: true })).outcome).toBe('fired');
    expect((await fire({ ...given, attended: false })).outcome).toBe('missed');
  });
});
