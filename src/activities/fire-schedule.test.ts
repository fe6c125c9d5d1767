import * as log from '../db/change-log';
import * as deliveries from '../db/claim-deliveries';
import type { Database } from '../db/client';
import * as schedules from '../db/schedules';
import type { ScheduleRow } from '../db/schedules';
import * as presence from '../db/worker-presence';
import { createFireSchedule } from './fire-schedule';

jest.mock('../db/change-log', () => ({ appendChanges: jest.fn(() => Promise.resolve([])) }));
jest.mock('../db/schedules', () => ({ scheduleOf: jest.fn() }));
jest.mock('../db/worker-presence', () => ({ workerSince: jest.fn() }));
jest.mock('../db/claim-deliveries', () => ({
  deliveryKey: (...parts: string[]) => parts.join('|'),
  claimDeliveries: jest.fn(),
}));
const appendChanges = jest.mocked(log.appendChanges);
const claimDeliveries = jest.mocked(deliveries.claimDeliveries);
const scheduleOf = jest.mocked(schedules.scheduleOf);
const workerSince = jest.mocked(presence.workerSince);

const AT = '2026-03-02T10:00:00.000Z';
const CRON = { event: 'automation.cron', config: { cronPattern: '0 10 * * *' }, since: new Date('2026-01-01') };

interface Given {
  schedule?: Partial<ScheduleRow> | null;
  /** Seconds after the time of the schedule at which Temporal began it, and at which it is evaluated. */
  begun?: number;
  now?: number;
  attended?: boolean;
  isFresh?: boolean;
}

async function fire({ schedule = {}, begun = 0, now = begun, attended = true, isFresh = true }: Given = {}) {
  const seconds = (count: number) => new Date(Date.parse(AT) + count * 1_000);
  scheduleOf.mockResolvedValue(schedule === null ? null : ({ ...CRON, ...schedule } as ScheduleRow));
  workerSince.mockResolvedValue(attended);
  claimDeliveries.mockResolvedValue({ fresh: new Set(isFresh ? ['key'] : []) } as never);
  const changes = jest.fn();
  const database = { db: { transaction: (work: (tx: object) => unknown) => work({}) } } as unknown as Database;
  const fireSchedule = createFireSchedule({
    ...{ database, notifier: { changes }, timezone: 'UTC', clock: { now: () => seconds(now) } },
  });
  const outcome = await fireSchedule({
    ...{ automationId: 'a', triggerId: 't', scheduledFor: AT, begunAt: seconds(begun).toISOString() },
  });
  return { outcome, notified: changes.mock.calls.length };
}

const interval = (config: object) => ({ event: 'automation.interval', config: { intervalSeconds: 60, ...config } });
const cron = (config: object) => ({ config: { ...CRON.config, ...config } });

describe('a scheduled time', () => {
  beforeEach(() => jest.clearAllMocks());

  it('becomes an event of its trigger, with the time it was scheduled for, and the workers are notified', async () => {
    expect(await fire({ now: 2 })).toEqual({ outcome: 'fired', notified: 1 });
    expect(appendChanges.mock.calls[0]?.[1]).toMatchObject([
      {
        ...{ kind: 'automation.schedule', id: 'a/t', event: 'automation.cron', occurredAt: new Date(AT) },
        ...{ contextKey: null, cause: { actor: { type: 'system', id: 'schedule' }, causedBy: null, depth: 0 } },
        payload: { scheduledFor: AT, firedAt: '2026-03-02T10:00:02.000Z' },
      },
    ]);
  });

  it('has one id however often it fires, and another one at another trigger', async () => {
    await fire();
    await fire({ now: 3 });
    const [one, other] = claimDeliveries.mock.calls.map(([, [delivery]]) => delivery);
    expect(one).toEqual({ key: `schedule|a|t|${AT}`, changeIds: [expect.stringMatching(/^[0-9a-f-]{36}$/)] });
    expect(other).toEqual(one);
    expect(appendChanges.mock.calls[0]?.[1][0]?.changeId).toBe(one?.changeIds[0]);
  });

  it('that fired before appends nothing and notifies nobody', async () => {
    expect(await fire({ isFresh: false })).toEqual({ outcome: 'fired before', notified: 0 });
    expect(appendChanges).not.toHaveBeenCalled();
  });

  it.each<[string, Given, string]>([
    ['whose trigger is gone', { schedule: null }, 'the trigger no longer exists'],
    [
      'from before its trigger was enabled',
      { schedule: { since: new Date('2026-03-02T10:00:00.001Z') } },
      'from before the trigger was enabled',
    ],
    [
      'that its zone does not have, as at a change of the clock',
      { schedule: cron({ timezone: 'Europe/Berlin' }) },
      'no time of the pattern by the clock of its zone',
    ],
    ['that was missed, with catch_up: skip', { schedule: cron({ catch_up: 'skip' }), begun: 60 }, 'missed'],
    ['that was missed for longer than it catches up', { begun: 3_601 }, 'missed'],
    ['that was missed, when a later one is due', { schedule: interval({}), begun: 60 }, 'missed'],
  ])('%s is dropped', async (_what, given, outcome) => {
    expect(await fire(given)).toEqual({ outcome, notified: 0 });
    expect(claimDeliveries).not.toHaveBeenCalled();
  });

  it.each<[string, Given]>([
    ['that a busy worker takes up late', { now: 600 }],
    ['that was missed and is the newest one', { begun: 600 }],
    ['of an interval that was missed and is the newest one', { schedule: interval({}), begun: 59 }],
    [
      'that was missed, with catch_up: all, also when a later one is due',
      { schedule: interval({ catch_up: 'all' }), begun: 600 },
    ],
    ['that was missed for less than its catch_up_minutes', { schedule: cron({ catch_up_minutes: 120 }), begun: 3_601 }],
    [
      'of the zone that its trigger names',
      { schedule: { config: { cronPattern: '0 11 * * *', timezone: 'Europe/Berlin' } } },
    ],
  ])('%s fires', async (_what, given) => {
    expect((await fire(given)).outcome).toBe('fired');
  });

  it('that no worker attended was missed, although Temporal was there', async () => {
    const given = { schedule: cron({ catch_up: 'skip' }), now: 60 };
    expect((await fire({ ...given, attended: true })).outcome).toBe('fired');
    expect((await fire({ ...given, attended: false })).outcome).toBe('missed');
  });
});
