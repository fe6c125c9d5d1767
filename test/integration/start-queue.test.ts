import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import { promoteStalled, stalledBuckets } from '../../src/db/runs/stalled-buckets';
import {
  noteStarted,
  putBackStartable,
  renewAttempts,
  runsToStart,
  takeStartable,
} from '../../src/db/runs/start-queue';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import { useDatabase } from '../support/database';

describe('runs that wait for a slot', () => {
  const database = useDatabase();
  let noisy: string;
  let quiet: string;
  let other: string;

  beforeEach(async () => {
    await database.pool.query('truncate automations cascade');
    const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
    const create = async (name: string) => {
      const definition = Definition.parse({ name, triggers: [{ id: 't', event: 'incident.created' }] });
      const actor = { type: 'user' as const, id: 'test' };
      return (await database.db.transaction((tx) => store.create(tx, { definition, actor }))).id;
    };
    [noisy, quiet, other] = [await create('noisy'), await create('quiet'), await create('other')];
  });

  /** Inserts pending runs, and returns their ids in the order of admission. */
  const insert = async (automation: string, count: number, { queued = false } = {}): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => randomUUID());
    for (const id of ids)
      await database.db.execute(sql`
        insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id,
          created_at, start_at)
        values (${id}, ${automation}, 1, 'all', ${queued ? 'queued' : 'parallel'}, 'pending', '{}', ${id}, ${id},
          clock_timestamp(), ${queued ? sql`null` : sql`clock_timestamp()`})`);
    return ids;
  };
  const take = async (limit: number, order: Partial<Parameters<typeof takeStartable>[2]> = {}) => {
    const { runs } = await takeStartable(database.db, limit, { served: [], full: [], each: 100, ...order });
    return runs.map(({ id }) => id);
  };
  /** Moves the time of the last attempt to start a run by `seconds`. Negative values move it to the past. */
  const move = (id: string, seconds: number) =>
    database.db.execute(sql`
      update runs set start_attempted_at = start_attempted_at + make_interval(secs => ${seconds}) where id = ${id}`);
  const isAnyToStart = async () =>
    (await database.db.execute<{ found: boolean }>(sql`select ${runsToStart} as found`)).rows[0]?.found;

  it('are taken from the automations in turn, and in the order of admission within each', async () => {
    const many = await insert(noisy, 30);
    const [few, one] = [await insert(quiet, 2), await insert(other, 1)];
    expect(await take(5)).toEqual([many[0], few[0], one[0], many[1], few[1]]);
    expect(await take(3)).toEqual(many.slice(2, 5));
  });

  it('are taken last from the automation that had its turn last, even if only one slot is free', async () => {
    const many = await insert(noisy, 30);
    const few = await insert(quiet, 1);
    expect(await take(1, { served: [noisy] })).toEqual(few);
    expect(await take(1, { served: [noisy] })).toEqual([many[0]]);
  });

  it('are limited for each automation, and left out for those that have used their share', async () => {
    const many = await insert(noisy, 30);
    const few = await insert(quiet, 3);
    expect(await take(10, { each: 2 })).toEqual([many[0], few[0], many[1], few[1]]);
    expect(await take(10, { full: [noisy] })).toEqual([few[2]]);
  });

  it('are taken by one of several workers that take runs at the same moment', async () => {
    const ids = await insert(noisy, 20);
    const taken = await Promise.all([1, 2, 3, 4].map(() => take(20)));
    expect(taken.flat().sort()).toEqual(ids.sort());
  });

  it('are taken again 5 s after an attempt that was not renewed, or 15 s after their execution was started', async () => {
    const [lost = '', renewed = '', started = ''] = await insert(noisy, 3);
    await take(3);
    expect([await isAnyToStart(), await take(3)]).toEqual([false, []]);
    for (const id of [lost, renewed]) await move(id, -6);
    await renewAttempts(database.db, [renewed]);
    await noteStarted(database.db, started);
    await move(started, -9);
    expect([await isAnyToStart(), await take(3)]).toEqual([true, [lost]]);
    await move(started, -7);
    expect(await take(3)).toEqual([started]);
    await putBackStartable(database.db, [renewed]);
    await move(renewed, -0.01);
    expect(await take(3)).toEqual([renewed]);
  });

  it('are taken again if the clock of the database was set back after an attempt', async () => {
    const [id = ''] = await insert(noisy, 1);
    await take(1);
    await move(id, 600);
    expect([await isAnyToStart(), await take(1)]).toEqual([true, [id]]);
  });

  it('may start if they are queued and the run before them ended without starting them', async () => {
    const [first = '', second = ''] = await insert(noisy, 2, { queued: true });
    expect(await take(2)).toEqual([]);
    const [bucket] = await stalledBuckets(database.db);
    if (bucket === undefined) throw new Error('The bucket was not found.');
    const promote = () => database.db.transaction((tx) => promoteStalled(tx, bucket));
    expect((await Promise.all([promote(), promote()])).filter((id) => id !== null)).toEqual([first]);
    expect(await stalledBuckets(database.db)).toEqual([]);
    expect(await take(2)).toEqual([first]);
    await database.db.execute(sql`update runs set status = 'success', finished_at = now() where id = ${first}`);
    expect(await promote()).toBe(second);
  });
});
