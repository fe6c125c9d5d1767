import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import { endedSchedules, noteSynced, takeUnsynced, type ScheduleRow } from '../../src/db/schedules';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import { createScheduleTimers } from '../../src/engine/schedule-timers';
import { createLogger } from '../../src/log';
import type { ScheduleKeeper } from '../../src/temporal/schedule-keeper';
import { useDatabase } from '../support/database';
import { until } from '../support/until';

const ACTOR = { type: 'user', id: 'test' } as const;

describe('the schedules of triggers', () => {
  const database = useDatabase();
  const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
  afterEach(() => database.db.execute(sql`truncate schedules, schedule_ends`));

  const definitionOf = (name: string, cronPattern: string) =>
    Definition.parse({
      ...{ name, triggers: [{ id: 't', event: 'automation.cron', config: { cronPattern } }] },
      actions: [{ action: 'automation.log', config: { message: 'now' } }],
    });
  const create = (name: string) =>
    database.db.transaction((tx) => store.create(tx, { definition: definitionOf(name, '0 1 * * *'), actor: ACTOR }));
  const change = (id: string, update: object) =>
    database.db.transaction((tx) => store.update(tx, id, { ...update, actor: ACTOR }));
  const rowOf = async (id: string) =>
    (
      await database.db.execute<{ synced: boolean; schedule_id: string | null }>(
        sql`select synced_at is not null as synced, schedule_id from schedules where automation_id = ${id}`,
      )
    ).rows[0];
  const note = (taken: ScheduleRow) => noteSynced(database.db, taken, { spec: 's', scheduleId: taken.scheduleId });
  const take = async (): Promise<ScheduleRow> => {
    const [taken] = await takeUnsynced(database.db, 1);
    if (taken === undefined) throw new Error('no schedule has to be synced');
    return taken;
  };

  it('are written again if an older form reached Temporal after the new one', async () => {
    const { id } = await create(`late ${randomUUID()}`);
    const older = await take();
    await change(id, { definition: definitionOf('late', '0 2 * * *') });
    await note(await take());
    expect(await rowOf(id)).toMatchObject({ synced: true });
    await note(older);
    expect(await rowOf(id)).toMatchObject({ synced: false });
    await note(await take());
    expect(await rowOf(id)).toEqual({ synced: true, schedule_id: older.scheduleId });
  });

  it('are deleted from Temporal if the automation was disabled while they were written', async () => {
    const { id } = await create(`disabled ${randomUUID()}`);
    const taken = await take();
    await change(id, { status: 'disabled' });
    await note(taken);
    expect(await endedSchedules(database.db, 10)).toEqual([
      { automationId: id, triggerId: 't', scheduleId: taken.scheduleId },
    ]);
  });

  it('are written although Temporal refuses to write, delete or compare others', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => `${name}-${randomUUID()}`);
    const made: Awaited<ReturnType<typeof create>>[] = [];
    for (const name of names) made.push(await create(name));
    const refuse = () => Promise.reject(new Error('invalid argument'));
    const put: string[] = [];
    const removed: string[] = [];
    const keeper: ScheduleKeeper = {
      put: ({ automationName, scheduleId }) => {
        put.push(automationName);
        return automationName === names[0] ? refuse() : Promise.resolve(scheduleId);
      },
      remove: (scheduleId) => {
        removed.push(scheduleId);
        return removed.length === 1 ? refuse() : Promise.resolve();
      },
      specId: () => 's',
      list: refuse,
    };
    for (const index of [2, 3]) await change(made[index]?.id ?? '', { status: 'disabled' });
    const log = createLogger({ level: 'silent', name: 'test' });
    const timers = createScheduleTimers({ database, keeper: () => keeper, log });
    await until('the second schedule is synced', async () => (await rowOf(made[1]?.id ?? ''))?.synced === true);
    await timers.stop();
    expect(await rowOf(made[0]?.id ?? '')).toMatchObject({ synced: false });
    expect(put.toSorted()).toEqual([names[0], names[1]].toSorted());
    expect(removed).toHaveLength(2);
    expect(await endedSchedules(database.db, 10)).toHaveLength(1);
  });
});
