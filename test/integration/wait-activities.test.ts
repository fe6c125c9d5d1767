import { sql } from 'drizzle-orm';
import { closeRuns } from '../../src/db/runs/run-states';
import type { ActivityBench } from '../support/activities';
import { CALL, resetProbes, startProbes } from '../support/activity-faults';

const EVENT = 'automation.event';
const WAIT = { wait_for_trigger: { event: EVENT, config: { type: 'answer' } } };
const FINE = { variables: { n: 1 } };

describe('the activities of a wait', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startProbes()), 60_000);
  beforeEach(() => resetProbes(b));
  afterAll(() => b.close());

  const perform = (runId: string, branch = '', positions: Record<string, number> = {}) =>
    b.run(() => b.activities().performStretch({ ...b.input(runId), branch, positions }));

  describe('for an event', () => {
    /** Returns whether the wait of a run counts the events that occurred since a step began. */
    const countsSince = async (runId: string, path: string): Promise<unknown> => {
      const found = await b.database.db.execute<{ counts: boolean }>(sql`
        select w.after_seq = s.began_seq as counts from waits w join run_steps s on s.run_id = w.run_id
        where w.run_id = ${runId} and s.path = ${path}`);
      return found.rows[0]?.counts;
    };
    /** Inserts 600 steps, each with the number `n`. */
    const insertSteps = (runId: string, kind: string, path: ReturnType<typeof sql>, result = sql`null::jsonb`) =>
      b.database.db.execute(sql`
        insert into run_steps (run_id, path, kind, status, result)
        select ${runId}, ${path}, ${kind}, 'success', ${result} from generate_series(0, 599) as n`);

    test('count events since the last action that was not skipped', async () => {
      const id = await b.runOf([
        { ...CALL },
        { ...CALL, enabled: false },
        { ...CALL, enabled: '1 == 2' },
        { choose: [{ when: '1 == 1', sequence: [{ ...CALL, enabled: '1 == 2' }] }] },
        { ...WAIT },
      ]);
      await perform(id);
      expect(await countsSince(id, 'actions[0]')).toBe(true);
    });

    test('count events since the last action, however many other steps come between', async () => {
      const id = await b.runOf([CALL, { repeat: { count: 600, sequence: [FINE] } }, WAIT]);
      await perform(id);
      await b.database.db.execute(sql`delete from run_steps where run_id = ${id} and path <> 'actions[0]'`);
      await insertSteps(id, 'variables', sql`'actions[1].repeat[' || n || '].sequence[0]'`);
      await perform(id, '', { actions: 2 });
      expect(await countsSince(id, 'actions[0]')).toBe(true);
    });

    test('count events since the last action of their branch, however many steps and waits other branches have', async () => {
      const other = sql`'actions[0].parallel[1].repeat[' || n || '].sequence[0]'`;
      const id = await b.runOf([
        { parallel: [{ sequence: [CALL, WAIT] }, { repeat: { count: 600, sequence: [WAIT] } }] },
      ]);
      b.probe.call = async () => {
        await b.database.db.execute(sql`
          insert into changes (change_id, partition, kind, entity_id, event, actor, occurred_at, recorded_at, routed_at)
          select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 0, 'k', 'e', ${EVENT}, '{}', now(), now(), now()
          from generate_series(0, 599) as n`);
        const taken = sql`jsonb_build_object('trigger', jsonb_build_object('event', ${EVENT}::text,
          'changeId', '00000000-0000-4000-8000-' || lpad(n::text, 12, '0')))`;
        await insertSteps(id, 'wait_for_trigger', other, taken);
        return {};
      };
      await perform(id, 'actions[0].parallel[0]');
      expect(await countsSince(id, 'actions[0].parallel[0].sequence[0]')).toBe(true);
    });

    test('count events since the end of the last step if the run has had no action', async () => {
      const id = await b.runOf([FINE, { ...CALL, enabled: '1 == 2' }, WAIT]);
      await perform(id);
      const { rows } = await b.database.db.execute<{ counts: boolean }>(sql`
        select w.after_seq = s.seq as counts from waits w join run_steps s on s.run_id = w.run_id
        where w.run_id = ${id} and s.path = 'actions[0]'`);
      expect(rows).toEqual([{ counts: true }]);
    });
  });

  describe('in concurrent branches', () => {
    const BRANCHES = [0, 1, 2, 3];
    const waitingRun = () =>
      b.runOf([
        { parallel: BRANCHES.map(() => ({ wait_until: { condition: 'state.health.shop.status == "healthy"' } })) },
      ]);
    const checkAll = (runId: string) => BRANCHES.map((n) => perform(runId, `actions[0].parallel[${n}]`));

    test('do not deadlock', async () => {
      const id = await waitingRun();
      for (let round = 0; round < 25; round += 1) {
        await b.database.db.execute(sql`update runs set status = 'running' where id = ${id}`);
        const checked = await Promise.allSettled(checkAll(id));
        expect(checked.map(({ status }) => status)).toEqual(BRANCHES.map(() => 'fulfilled'));
        expect(await b.runRow(id)).toMatchObject({ status: 'waiting' });
      }
    });

    test('do not deadlock with the end of their run', async () => {
      for (let round = 0; round < 25; round += 1) {
        const id = await waitingRun();
        await Promise.all(checkAll(id));
        const close = () => b.database.db.transaction((tx) => closeRuns(tx, sql`id = ${id}`, {}, 'cancel'));
        const all = await Promise.allSettled([...checkAll(id), close()]);
        expect(all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))).toEqual([]);
        const { rows } = await b.database.db.execute(sql`select 1 from waits where run_id = ${id}`);
        expect([await b.runRow(id), rows]).toEqual([expect.objectContaining({ status: 'cancelled' }), []]);
      }
    });
  });
});
