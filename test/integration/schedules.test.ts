import { Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { createFireSchedule } from '../../src/activities/fire-schedule';
import { cronMatches, parseCron } from '../../src/domain/schedules/cron';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const scheduled = (trigger: string) => `
name: On time
mode: parallel
max_runs: 1000
triggers: [{ id: tick, ${trigger} }]
actions: [{ action: automation.log, config: { message: tick } }]
`;

describe('a schedule', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine();
    const { address, namespace } = engine.temporal;
    temporal = new Client({ connection: await Connection.connect({ address }), namespace });
    api = await engine.api();
    workers = await Promise.all([engine.worker(), engine.worker()]);
  }, 360_000);
  let workers: FermataProcess[];
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });

  const post = async (path: string) => {
    const answer = await engine.post(api, path, {});
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const specOf = async (automationId: string) => {
    const { rows } = await engine.database.db.execute<{ slug: string }>(
      sql`select slug from automations where id = ${automationId}`,
    );
    const handle = temporal.schedule.getHandle(`${rows[0]?.slug ?? ''}/tick`);
    try {
      return (await handle.describe()).spec;
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return null;
      throw error;
    }
  };
  const registered = (automationId: string) =>
    until('the schedule is registered with Temporal', async () => (await specOf(automationId)) ?? false, 20_000);
  const removed = (automationId: string) =>
    until('the schedule is removed from Temporal', async () => (await specOf(automationId)) === null, 20_000);

  test('fires only for its own automation and trigger, once at each time, with two workers', async () => {
    const other = await engine.save(scheduled('event: automation.interval, config: { intervalSeconds: 3600 }'));
    const id = await engine.save(scheduled('event: automation.interval, config: { intervalSeconds: 1 }'));
    await until('it fired three times', async () => (await engine.runs(id)).length >= 3, 30_000);
    await post(`/automations/${id}/disable`);
    const runs = await engine.ended(3, id);
    const payloads = runs.map(
      (run) => (run['trigger_scope'] as { payload: { scheduledFor: string; firedAt: string } }).payload,
    );
    expect(new Set(payloads.map(({ scheduledFor }) => scheduledFor)).size).toBe(runs.length);
    expect(runs[0]).toMatchObject({ trigger_id: 'tick', trigger_event: 'automation.interval', context_key: null });
    expect(payloads[0]).toEqual({ firedAt: expect.any(String) as string, scheduledFor: expect.any(String) as string });
    expect(await engine.runs(other)).toEqual([]);
    await removed(id);
  }, 180_000);

  test('fires at the seconds of a cron pattern with seconds', async () => {
    const id = await engine.save(scheduled('event: automation.cron, config: { cronPattern: "*/2 * * * * *" }'));
    await until('it fired', async () => (await engine.runs(id)).length >= 2, 30_000);
    await post(`/automations/${id}/disable`);
    const [run] = await engine.runs(id);
    const { scheduledFor } = (run?.['trigger_scope'] as { payload: { scheduledFor: string } }).payload;
    expect(new Date(scheduledFor).getUTCSeconds() % 2).toBe(0);
  }, 180_000);

  test('is updated in Temporal when its automation is edited, disabled, enabled, rolled back or deleted', async () => {
    const yaml = scheduled('event: automation.cron, config: { cronPattern: "0 9 * * *", timezone: Europe/Berlin }');
    const id = await engine.save(yaml);
    // The spec lists the UTC hours of winter and of summer. The offset of the zone is computed each time it fires.
    const spec = await registered(id);
    expect(spec.timezone).toBe('UTC');
    expect(spec.calendars?.map(({ hour }) => hour[0]?.start).toSorted()).toEqual([7, 8]);
    await engine.save(yaml.replace('0 9', '30 10'), id);
    await until('it is edited', async () => (await specOf(id))?.calendars?.[0]?.minute[0]?.start === 30, 20_000);
    await post(`/automations/${id}/disable`);
    await removed(id);
    await post(`/automations/${id}/enable`);
    await registered(id);
    await post(`/automations/${id}/versions/1/rollback`);
    await until('it is rolled back', async () => (await specOf(id))?.calendars?.[0]?.minute[0]?.start === 0, 20_000);
    await fetch(`${api.url}/api/v1/automations/${id}`, {
      method: 'DELETE',
      headers: { authorization: engine.authorization },
    });
    await removed(id);
  }, 180_000);

  test('fires in the night in which clocks are set back, when Temporal would skip a time of the zone', async () => {
    const id = await engine.save(
      scheduled('event: automation.cron, config: { cronPattern: "30 2 * * *", timezone: Europe/Berlin }'),
    );
    const { calendars = [] } = await registered(id);
    const handle = await temporal.schedule.create({
      scheduleId: `probe:${id}`,
      spec: { calendars, timezone: 'UTC', startAt: new Date('2027-10-30T22:00:00Z') },
      action: { type: 'startWorkflow', workflowType: 'schedule', taskQueue: 'nobody' },
    });
    const times = (await handle.describe()).info.nextActionTimes;
    await handle.delete();
    const pattern = parseCron('30 2 * * *');
    expect(times.filter((at) => cronMatches(pattern, at, 'Europe/Berlin')).map((at) => at.toISOString())).toEqual(
      expect.arrayContaining(['2027-10-31T00:30:00.000Z', '2027-11-01T01:30:00.000Z']),
    );
  }, 180_000);

  test('keeps its start when the automation is saved with the same trigger', async () => {
    const yaml = scheduled('event: automation.interval, config: { intervalSeconds: 3600 }');
    const id = await engine.save(yaml);
    const offset = (await registered(id)).intervals?.[0]?.offset;
    await engine.save(yaml.replace('message: tick', 'message: tock'), id);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await specOf(id))?.intervals?.[0]?.offset).toBe(offset);
  }, 180_000);

  test('fires none, the newest or all of the missed times, each once', async () => {
    const firedOf = async (catchUp: string) => {
      const id = await engine.save(
        scheduled(
          `event: automation.interval, config: { intervalSeconds: 600, catch_up: ${catchUp}, catch_up_minutes: 35 }`,
        ),
      );
      const start = Math.floor(Date.now() / 1_000) * 1_000;
      await engine.database.pool.query(`update schedules set since = $2 where automation_id = $1`, [
        id,
        new Date(start - 3_600_000),
      ]);
      const now = new Date(start + 60_000);
      const fire = createFireSchedule({
        database: engine.database,
        clock: { now: () => now },
        notifier: { changes: () => undefined },
        timezone: 'UTC',
      });
      const fired: number[] = [];
      for (const back of [50, 40, 30, 20, 10, 0]) {
        const scheduledFor = new Date(start - back * 60_000).toISOString();
        for (const _twice of [1, 2]) {
          const begunAt = now.toISOString();
          const outcome = await fire({ automationId: id, triggerId: 'tick', scheduledFor, begunAt });
          if (outcome === 'fired') fired.push(back);
        }
      }
      return fired;
    };
    expect(await firedOf('skip')).toEqual([]);
    expect(await firedOf('one')).toEqual([0]);
    expect(await firedOf('all')).toEqual([30, 20, 10, 0]);
  }, 180_000);

  test('fires according to its policy after all workers were down, even if the interval is short', async () => {
    const ticking = (catchUp: string) =>
      engine.save(scheduled(`event: automation.interval, config: { intervalSeconds: 2, catch_up: ${catchUp} }`));
    const [skip, one, all] = [await ticking('skip'), await ticking('one'), await ticking('all')];
    const times = async (id: string) =>
      (await engine.runs(id)).map((run) =>
        Date.parse((run['trigger_scope'] as { payload: { scheduledFor: string } }).payload.scheduledFor),
      );
    await until(
      'each has fired',
      async () => (await Promise.all([skip, one, all].map(times))).every(({ length }) => length > 0),
      30_000,
    );
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    const down = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    const up = Date.now();
    workers = await Promise.all([engine.worker(), engine.worker()]);
    // Times in the last seconds before the workers started again still count as on time.
    const missed = async (id: string) => (await times(id)).filter((at) => at > down + 2_000 && at < up - 5_000).length;
    await until('all that was missed has fired', async () => (await missed(all)) >= 3, 60_000);
    for (const id of [skip, one, all]) {
      await until('it fires again', async () => (await times(id)).some((at) => at > up + 4_000), 60_000);
      await post(`/automations/${id}/disable`);
    }
    expect([await missed(skip), await missed(one)]).toEqual([0, 0]);
  }, 360_000);

  test('is registered with Temporal again at start-up if its settings have changed', async () => {
    const id = await engine.save(scheduled('event: automation.cron, config: { cronPattern: "0 9 * * *" }'));
    expect((await registered(id)).timezone).toBe('UTC');
    await Promise.all(workers.map((worker) => worker.stop()));
    await engine.worker({ FERMATA_TIMEZONE: 'Asia/Tokyo' });
    await until('it has the other time zone', async () => (await specOf(id))?.timezone === 'Asia/Tokyo', 20_000);
  }, 180_000);

  test('is refused on save with an invalid pattern or zone, and with `for`', async () => {
    await expect(
      engine.save(scheduled('event: automation.cron, config: { cronPattern: "61 * * * *" }')),
    ).rejects.toThrow('not a minute');
    await expect(
      engine.save(scheduled('event: automation.cron, config: { cronPattern: "0 9 * * *", timezone: Mars/Base }')),
    ).rejects.toThrow('IANA');
    await expect(
      engine.save(scheduled('event: automation.interval, config: { intervalSeconds: 0 }')),
    ).rejects.toThrow();
    await expect(
      engine.save(scheduled('event: automation.interval, config: { intervalSeconds: 5 }, for: { minutes: 1 }')),
    ).rejects.toThrow('for');
  });
});
