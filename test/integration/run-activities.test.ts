import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { ActivityBench, Fault } from '../support/activities';
import {
  atEachFault,
  CALL,
  effectsOf,
  ELSEWHERE,
  resetProbes,
  startProbes,
  withFault,
  WRITE,
} from '../support/activity-faults';

describe('the activities of a run', () => {
  let b: ActivityBench;
  beforeAll(async () => void (b = await startProbes()), 60_000);
  beforeEach(() => resetProbes(b));
  afterAll(() => b.close());

  const effects = (runId: string) => effectsOf(b, runId);
  const claim = (runId: string, executionRunId = 'e1', fault?: Fault) =>
    b.run(() => b.activities(fault).claimRun({ runId, executionRunId }));

  describe('claimRun', () => {
    const VARIABLES = [{ variables: { n: 1 } }, { variables: { m: '{{ variables.n + 1 }}' } }];

    test('claims the row, performs the steps that do not need Temporal, and ends the run', async () => {
      const id = await b.runOf(VARIABLES, { status: 'pending' });
      const claimed = await claim(id);
      expect(claimed).toMatchObject({ ended: true, done: [{ at: 'actions[0]' }, { at: 'actions[1]' }] });
      expect(await b.runRow(id)).toMatchObject({ status: 'success', execution_run_id: 'e1' });
      expect(await b.step(id, 'actions[1]')).toMatchObject({ status: 'success', result: { m: 2 } });
    });

    test('returns the same result to the execution that has ended the run, and null to other executions', async () => {
      const id = await b.runOf(VARIABLES, { status: 'pending' });
      const first = await claim(id);
      expect(await claim(id)).toEqual({ ...first, variables: {} });
      expect(await claim(id, 'e2')).toBeNull();
      const cancelled = await b.runOf(VARIABLES, { status: 'pending' });
      await b.endRun(cancelled);
      expect(await claim(cancelled)).toBeNull();
      expect(await b.step(cancelled)).toBeUndefined();
    });

    test('does not change a run that another execution has claimed', async () => {
      const id = await b.runOf(VARIABLES);
      expect(await claim(id, 'e2')).toBeNull();
      expect(await b.runRow(id)).toMatchObject({ status: 'running', execution_run_id: 'e1' });
    });

    test('performs nothing if the execution resumes', async () => {
      const id = await b.runOf(VARIABLES);
      const claimed = await b.run(() => b.activities().claimRun({ runId: id, executionRunId: 'e1', resumes: true }));
      expect(claimed).toMatchObject({ done: [], ended: false, plan: [{ kind: 'variables' }, { kind: 'variables' }] });
      expect(await b.step(id)).toBeUndefined();
    });

    test('returns the long call that follows, with `apart` if its origin has used its share of slots', async () => {
      const config = { url: 'http://hanging.test/x', body: '{{ trigger.event }}' };
      const calling = [...VARIABLES, { action: 'integration-webhook.send', config, timeout_seconds: 8 }];
      const next = async () => (await claim(await b.runOf(calling, { status: 'pending' })))?.call;
      expect(await next()).toEqual({ at: 'actions[2]' });
      const ends = Array.from({ length: 25 }, () => b.origins.begin('http://hanging.test', 'normal'));
      expect(await next()).toEqual({ at: 'actions[2]', apart: true });
      ends[0]?.({ timedOut: false });
      expect(await next()).toEqual({ at: 'actions[2]' });
      for (const end of ends.slice(1)) end({ timedOut: false });
    });

    test('returns the same when it is repeated after Postgres failed at any of its statements', async () => {
      const expected = await claim(await b.runOf([...VARIABLES, WRITE], { status: 'pending' }));
      await atEachFault(async (fault) => {
        const id = await b.runOf([...VARIABLES, WRITE], { status: 'pending' });
        const { failed, reached } = await withFault(b, fault, (a) => a.claimRun({ runId: id, executionRunId: 'e1' }));
        if (!reached) return 'past the last one';
        const repeated = failed ? await claim(id) : null;
        if (repeated !== null) expect(repeated.done).toEqual(expected?.done);
        expect(await b.runRow(id)).toMatchObject({ status: 'success' });
        expect(await effects(id)).toBe(1);
        return 'reached';
      });
    }, 180_000);
  });

  describe('performStretch', () => {
    const stretch = (runId: string) =>
      b.run(() => b.activities().performStretch({ ...b.input(runId), branch: '', positions: {} }));

    test('returns the same decisions when it is repeated, and a delay with the same end', async () => {
      const when = 'incident.of_the_test.status == "open"';
      const id = await b.runOf([
        { choose: [{ when, sequence: [{ variables: { open: true } }] }], else: [{ variables: { open: false } }] },
        { delay: { seconds: 60 } },
      ]);
      const first = await stretch(id);
      expect(first.done.at(0)).toMatchObject({ evaluated: { type: 'branch', index: 'else' } });
      const delayed = first.done.at(-1);
      expect(delayed).toMatchObject({ at: 'actions[1]', evaluated: { type: 'delay' } });
      await pause(50);
      const second = await stretch(id);
      expect(second.done.slice(0, -1)).toEqual(first.done.slice(0, -1));
      // The end of the delay is fixed, so less time remains at each evaluation.
      const of = (done: typeof delayed) => (done as { evaluated: { until: number; ms: number } }).evaluated;
      expect(of(second.done.at(-1)).until).toBe(of(delayed).until);
      expect(of(second.done.at(-1)).ms).toBeLessThan(of(delayed).ms);
    });

    test('stops if the run has ended', async () => {
      const id = await b.runOf([{ variables: { n: 1 } }, WRITE]);
      await b.endRun(id);
      expect(await stretch(id)).toEqual({ done: [{ at: 'actions[0]', evaluated: { type: 'closed' } }], ended: false });
      expect(await effects(id)).toBe(0);
    });

    test('returns after 2 s, well before a workflow task times out, and continues from there when it is repeated', async () => {
      let writes = 0;
      b.probe.write = async () => {
        writes += 1;
        await pause(700);
        return {};
      };
      const id = await b.runOf(Array.from({ length: 6 }, () => WRITE));
      const first = await stretch(id);
      expect(first.ended).toBe(false);
      expect(first.done.length).toBeLessThan(6);
      expect(first.done.length).toBeGreaterThan(0);
      expect(await b.runRow(id)).toMatchObject({ status: 'running' });
      let last = first;
      for (let rounds = 0; rounds < 5 && !last.ended; rounds += 1) last = await stretch(id);
      expect([last.ended, writes]).toEqual([true, 6]);
    }, 90_000);

    test('returns before its outcomes become too large for a marker in the history', async () => {
      const id = await b.runOf(Array.from({ length: 6 }, () => ({ variables: { text: 'x'.repeat(100_000) } })));
      const { done, ended } = await stretch(id);
      expect(done.length).toBeLessThanOrEqual(3);
      expect(ended).toBe(false);
    }, 90_000);
  });

  describe('a wait', () => {
    const WAIT = {
      wait_until: { condition: 'incident.none.status == "open"', timeout_seconds: 600, continue_on_timeout: false },
    };
    const evaluate = (runId: string, fault?: Fault) =>
      b.run(() => b.activities(fault).performStretch({ ...b.input(runId), branch: '', positions: {} }));
    const waits = async (runId: string) =>
      (await b.database.pool.query('select 1 from waits where run_id = $1', [runId])).rowCount;

    test('is armed once, however often it is evaluated, and sets run and step to waiting', async () => {
      const id = await b.runOf([WAIT]);
      for (let count = 0; count < 3; count += 1) {
        expect(await evaluate(id)).toMatchObject({ done: [{ evaluated: { type: 'wait', over: false } }] });
      }
      expect(await waits(id)).toBe(1);
      expect([(await b.step(id))?.['status'], (await b.runRow(id))?.['status']]).toEqual(['waiting', 'waiting']);
    });

    test('fails at the timeout in its row and is deleted; a repeated evaluation returns the same', async () => {
      const id = await b.runOf([WAIT]);
      await evaluate(id);
      await b.database.db.execute(sql`update waits set timeout_at = clock_timestamp() where run_id = ${id}`);
      const over = await evaluate(id);
      expect(over.done[0]).toMatchObject({ evaluated: { type: 'failed', error: { code: 'wait_timeout' } } });
      expect(await waits(id)).toBe(0);
      expect((await evaluate(id)).done[0]).toEqual(over.done[0]);
    });

    test('is neither armed nor evaluated if its run has ended', async () => {
      const fresh = await b.runOf([WAIT]);
      await b.endRun(fresh);
      expect(await evaluate(fresh)).toMatchObject({ done: [{ evaluated: { type: 'closed' } }] });
      expect(await waits(fresh)).toBe(0);
    });

    test('is armed once even if Postgres fails at any of its statements', async () => {
      await atEachFault(async (fault) => {
        const id = await b.runOf([WAIT]);
        const { reached } = await withFault(b, fault, (a) =>
          a.performStretch({ ...b.input(id), branch: '', positions: {} }),
        );
        expect(await evaluate(id)).toMatchObject({ done: [{ evaluated: { type: 'wait', over: false } }] });
        expect(await waits(id)).toBe(1);
        return reached ? 'reached' : 'past the last one';
      });
    }, 180_000);
  });

  describe('finishRun', () => {
    const finish = (runId: string) =>
      b.run(() => b.activities().finishRun({ runId, status: 'failed', error: ELSEWHERE, journal: [] }));

    test('ends a run once', async () => {
      const id = await b.runOf([CALL]);
      expect([await finish(id), await finish(id)]).toEqual([true, false]);
      expect(await b.runRow(id)).toMatchObject({ status: 'failed', error: ELSEWHERE });
    });

    test('starts the next run of the queue', async () => {
      const id = await b.runOf([CALL], { mode: 'queued' });
      const next = crypto.randomUUID();
      await b.database.pool.query(
        `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, root_run_id, workflow_id, created_at)
         select $2, automation_id, 1, scope_key, mode, 'pending', '{}', $2, workflow_id, now() from runs where id = $1`,
        [id, next],
      );
      const before = b.toStart();
      expect(await finish(id)).toBe(true);
      expect(b.toStart()).toBe(before + 1);
      expect((await b.runRow(next))?.['start_at']).not.toBeNull();
    });
  });
});
