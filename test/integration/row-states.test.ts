import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { createAutomationStore } from '../../src/db/automation-store';
import type { Executor } from '../../src/db/executor';
import { countSent, noteFailedAttempt, stepStanding } from '../../src/db/runs/attempts';
import {
  cancelRun,
  closeRuns,
  endLastStep,
  endLostRun,
  endUnclaimedRun,
  finishRun,
  noteRunFailed,
  setWaiting,
} from '../../src/db/runs/run-states';
import { claimRun } from '../../src/db/runs/claim';
import { beginSent, beginStep, endStep, writeJournal } from '../../src/db/runs/step-states';
import {
  beginCheck,
  endCheck,
  endForgottenWait,
  insertWait,
  lockWait,
  takeWakes,
  wakeWait,
} from '../../src/db/runs/wait-states';
import { rememberRunSecrets } from '../../src/db/secrets';
import { RUN_STATUSES, STEP_STATUSES, type RunStatus, type StepStatus } from '../../src/db/tables/runs';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { Definition } from '../../src/domain/definition/schema';
import { useDatabase } from '../support/database';

const OPEN: readonly string[] = ['pending', 'running', 'waiting'];
const BEGUN: readonly string[] = ['running', 'waiting'];
const PATH = 'actions[0]';
const ERROR = { code: 'execution_lost', message: 'gone' };

describe('the life cycles of rows', () => {
  const database = useDatabase();
  let db: Executor;
  let automationId: string;
  let withOnFailure: string;

  beforeAll(async () => {
    db = database.db;
    const store = createAutomationStore({ clock: systemClock, ids: uuidV7 });
    const create = async (more: object) => {
      const definition = Definition.parse({
        name: 'States',
        triggers: [{ id: 't', event: 'incident.created' }],
        ...more,
      });
      const made = await db.transaction((tx) => store.create(tx, { definition, actor: { type: 'user', id: 'test' } }));
      return made.id;
    };
    automationId = await create({});
    withOnFailure = await create({ on_failure: [{ stop: { reason: 'over' } }] });
  });

  /**
   * Creates a run in a separate scope. With `step`, the run has a step with this status. Unless the run is pending, its
   * execution is `e1`.
   */
  async function runIn(status: RunStatus, { step, of = automationId }: { step?: StepStatus; of?: string } = {}) {
    const id = randomUUID();
    await db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, context_key, mode, status, trigger_scope, variables,
        root_run_id, workflow_id, created_at, start_at, execution_run_id)
      values (${id}, ${of}, 1, ${id}, ${id}, 'single', ${status}, '{}', '{}', ${id}, ${id}, clock_timestamp(),
        clock_timestamp(), ${status === 'pending' ? null : 'e1'})`);
    if (step !== undefined) {
      await db.execute(sql`
        insert into run_steps (run_id, path, kind, status, result) values (${id}, ${PATH}, 'wait_until', ${step}, '"first"')`);
    }
    return { id, automationId: of, scopeKey: id, executionRunId: status === 'pending' ? null : 'e1' };
  }
  type Run = Awaited<ReturnType<typeof runIn>>;

  const statusOf = async ({ id }: { id: string }) =>
    (await db.execute<{ status: string }>(sql`select status from runs where id = ${id}`)).rows[0]?.status;
  const stepOf = async ({ id }: { id: string }) =>
    (await db.execute<{ status: string }>(sql`select status from run_steps where run_id = ${id} and path = ${PATH}`))
      .rows[0]?.status;

  /** Returns the status after a transition, for each status before it. */
  async function each<S extends string>(from: readonly S[], lead: (status: S) => Promise<string | undefined>) {
    return Object.fromEntries(await Promise.all(from.map(async (status) => [status, await lead(status)] as const)));
  }
  /**
   * Returns the expected status after a transition, for each status before it. Only the statuses in `from` change, to
   * `to`.
   */
  const only = <S extends string>(all: readonly S[], from: readonly string[], to: string) =>
    Object.fromEntries(all.map((status) => [status, from.includes(status) ? to : status]));

  describe('a run', () => {
    const transitions: [string, readonly string[], string, (run: Run) => Promise<unknown>][] = [
      ['is claimed by the execution that already has it', OPEN, 'running', ({ id }) => claimRun(db, id, 'e1')],
      ['is claimed by another execution', ['pending'], 'running', ({ id }) => claimRun(db, id, 'e2')],
      ['begins to wait', ['running'], 'waiting', ({ id }) => setWaiting(db, id)],
      [
        'is finished',
        OPEN,
        'success',
        (run) => inTransaction((tx) => finishRun(tx, run, { runId: run.id, status: 'success', journal: [] })),
      ],
      ['is closed', OPEN, 'cancelled', ({ id }) => inTransaction((tx) => closeRuns(tx, sql`id = ${id}`, {}, 'cancel'))],
      ['is cancelled', OPEN, 'cancelled', ({ id }) => inTransaction((tx) => cancelRun(tx, id, {}))],
      [
        'fails because its execution is lost',
        OPEN,
        'failed',
        (run) => inTransaction((tx) => endLostRun(tx, run, { status: 'failed', error: ERROR })),
      ],
      ['fails because it was never claimed', ['pending'], 'failed', ({ id }) => endUnclaimedRun(db, id)],
    ];
    const inTransaction = <R>(work: (tx: Executor) => Promise<R>) => db.transaction((tx) => work(tx));

    it.each(transitions)('%s, if its status allows it', async (_, from, to, move) => {
      const led = await each(RUN_STATUSES, async (status) => {
        const run = await runIn(status);
        await move(run);
        return statusOf(run);
      });
      expect(led).toEqual(only(RUN_STATUSES, from, to));
    });

    it('is not changed if it now belongs to another execution', async () => {
      const run = await runIn('running');
      const lost = await inTransaction((tx) => endLostRun(tx, { ...run, executionRunId: 'e0' }, { status: 'failed' }));
      expect([lost, await statusOf(run)]).toEqual([null, 'running']);
    });

    it('returns to pending once for its on_failure if its execution is lost', async () => {
      const lose = (run: Run) =>
        inTransaction((tx) => endLostRun(tx, run, { status: 'failed', error: ERROR, vanished: true }));
      const led = await each(RUN_STATUSES, async (status) => {
        const run = await runIn(status, { of: withOnFailure });
        await lose(run);
        return statusOf(run);
      });
      expect(led).toEqual({ ...only(RUN_STATUSES, BEGUN, 'pending'), pending: 'failed' });
      const again = await runIn('running', { of: withOnFailure, step: 'running' });
      expect([await lose(again), await stepOf(again)]).toEqual(['reopened', 'cancelled']);
      await claimRun(db, again.id, 'e2');
      expect([await lose({ ...again, executionRunId: 'e2' }), await statusOf(again)]).toEqual(['ended', 'failed']);
    });

    it('ends with its last step only if it has begun', async () => {
      const led = await each(RUN_STATUSES, async (status) => {
        const run = await runIn(status, { step: 'running' });
        await endLastStep(db, { runId: run.id, path: PATH, beside: false, status: 'success' }, run);
        return `${String(await statusOf(run))}, ${String(await stepOf(run))}`;
      });
      expect(led).toEqual({
        ...Object.fromEntries(RUN_STATUSES.map((status) => [status, `${status}, running`])),
        ...{ running: 'success, success', waiting: 'success, success' },
      });
    });

    it('closes its open steps and waits when it ends', async () => {
      const run = await runIn('waiting', { step: 'waiting' });
      await arm(run);
      await inTransaction((tx) => finishRun(tx, run, { runId: run.id, status: 'failed', journal: [] }));
      expect([await stepOf(run), await db.transaction((tx) => lockWait(tx, run.id, PATH))]).toEqual([
        'cancelled',
        null,
      ]);
    });

    it('stores its failure only while it is in progress', async () => {
      const noted = await each(RUN_STATUSES, async (status) => {
        const { id } = await runIn(status);
        return String(await noteRunFailed(db, { runId: id, error: ERROR, journal: [] }));
      });
      expect(noted).toEqual(Object.fromEntries(RUN_STATUSES.map((status) => [status, String(BEGUN.includes(status))])));
    });

    it('is claimed by only one of ten concurrent executions', async () => {
      const run = await runIn('pending');
      const claims = await Promise.all(Array.from({ length: 10 }, (_, n) => claimRun(db, run.id, `e${n}`)));
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    });

    it('ends once if its end, a cancellation and the loss of its execution coincide', async () => {
      for (let round = 0; round < 5; round += 1) {
        const run = await runIn('running');
        const [finished, cancelled, lost] = await Promise.all([
          inTransaction((tx) => finishRun(tx, run, { runId: run.id, status: 'success', journal: [] })),
          inTransaction((tx) => cancelRun(tx, run.id, {})),
          inTransaction((tx) => endLostRun(tx, run, { status: 'failed', error: ERROR })),
        ]);
        const ends = [finished.ended && 'success', cancelled !== null && 'cancelled', lost !== null && 'failed'];
        expect(ends.filter((end) => end !== false)).toEqual([await statusOf(run)]);
      }
    });
  });

  describe('a step', () => {
    const names = (runId: string) => ({
      ...{ runId, path: PATH, actionId: null, kind: 'action', action: 'x', view: { lanes: [], byItem: false } },
    });
    const end = (runId: string, status: 'success' | 'waiting', result = 'second') =>
      endStep(db, { runId, path: PATH, beside: false, status, result });
    const note = (runId: string, status: StepStatus) =>
      writeJournal(db, runId, [{ path: PATH, actionId: null, kind: 'action', action: 'x', status }]);

    const transitions: [string, string, (id: string) => Promise<unknown>][] = [
      ['begins', 'running', (id) => beginStep(db, names(id), 'show')],
      ['begins under the lock of its run', 'running', (id) => db.transaction((tx) => beginStep(tx, names(id), 'hold'))],
      ['ends', 'success', (id) => end(id, 'success')],
      ['waits', 'waiting', (id) => end(id, 'waiting')],
      ['is noted as skipped', 'skipped', (id) => note(id, 'skipped')],
      ['is noted as cancelled', 'cancelled', (id) => note(id, 'cancelled')],
    ];
    it.each(transitions)('%s, as long as it is open and its run has begun', async (_, to, move) => {
      for (const status of RUN_STATUSES) {
        const led = await each(STEP_STATUSES, async (step) => {
          const run = await runIn(status, { step });
          await move(run.id);
          return stepOf(run);
        });
        // If the run has ended, the only change allowed is to `cancelled`: a cancelled branch cancels its open steps.
        const from = BEGUN.includes(status) || to === 'cancelled' ? OPEN : [];
        expect({ status, led }).toEqual({ status, led: only(STEP_STATUSES, from, to) });
      }
    });

    it('gets no row in a run that has not begun or has ended', async () => {
      const made = await each(RUN_STATUSES, async (status) => {
        const run = await runIn(status);
        const { open } = await beginStep(db, names(run.id), 'show');
        return `${String(open)} ${String(await stepOf(run))}`;
      });
      expect(made).toEqual({
        ...Object.fromEntries(RUN_STATUSES.map((status) => [status, 'false undefined'])),
        ...{ running: 'true running', waiting: 'true running' },
      });
    });

    it.each<[string, (id: string) => Promise<unknown>]>([
      ['a call', (id) => beginStep(db, names(id), 'show', undefined, { of: 'a', no: 1, token: 't' })],
      ['a call that is sent at once', (id) => beginSent(db, names(id), { of: 'a', no: 1, token: 't' })],
      ['a step under the lock of its run', (id) => db.transaction((tx) => beginStep(tx, names(id), 'hold'))],
      ['a journal', (id) => note(id, 'running')],
      [
        'a secret',
        (runId) => rememberRunSecrets(db, runId, [{ source: 'a', sealed: { keyId: '', nonce: '', ciphertext: '' } }]),
      ],
    ])('%s that is written while its run is closed leaves nothing open', async (_, write) => {
      for (const first of ['close', 'write']) {
        const run = await runIn('running');
        let written: Promise<unknown> = Promise.resolve();
        await db.transaction(async (tx) => {
          if (first === 'write') await write(run.id);
          await closeRuns(tx, sql`id = ${run.id}`, {}, 'cancel');
          if (first === 'close') written = write(run.id);
          // Long enough for a write that does not wait for the close.
          await pause(200);
        });
        await written;
        const { rows } = await db.execute(sql`
          select run_id from run_steps where run_id = ${run.id} and status <> 'cancelled'
          union all select run_id from run_secrets where run_id = ${run.id}`);
        expect({ first, rows }).toEqual({ first, rows: [] });
      }
    });

    it('sets a waiting run to running when it begins', async () => {
      const run = await runIn('waiting');
      await beginStep(db, names(run.id), 'show');
      expect(await statusOf(run)).toBe('running');
    });

    it('sets its run to waiting if all other open steps are waiting too', async () => {
      const run = await runIn('running', { step: 'running' });
      await db.execute(sql`
        insert into run_steps (run_id, path, kind, status) values (${run.id}, 'actions[1]', 'delay', 'waiting')`);
      await endStep(db, { runId: run.id, path: PATH, beside: true, status: 'success' });
      expect(await statusOf(run)).toBe('waiting');
    });

    it('keeps the first of two concurrent ends', async () => {
      for (let round = 0; round < 5; round += 1) {
        const run = await runIn('running', { step: 'running' });
        const written = await Promise.all(['a', 'b'].map((result) => end(run.id, 'success', result)));
        expect(written.toSorted()).toEqual([false, true]);
        const { rows } = await db.execute(sql`select result from run_steps where run_id = ${run.id}`);
        expect(rows).toEqual([{ result: written[0] ? 'a' : 'b' }]);
        expect(await stepStanding(db, { runId: run.id, path: PATH })).toMatchObject({
          finished: { status: 'success' },
        });
      }
    });

    it('counts an attempt and its failure once, even if the answer of Postgres was lost and the write is repeated', async () => {
      const run = await runIn('running');
      const place = { runId: run.id, path: PATH };
      const attempt = async (no: number) => {
        const key = { of: 'a', no, token: `t${no}` };
        await beginStep(db, names(run.id), 'show', undefined, key);
        const sent = [await countSent(db, place, key), await countSent(db, place, key)];
        const failed = { no, error: { code: 'http_503', message: 'busy' } };
        await noteFailedAttempt(db, place, key, failed);
        await noteFailedAttempt(db, place, key, failed);
        return sent;
      };
      expect([await attempt(1), await attempt(2)]).toEqual([
        [1, 1],
        [2, 2],
      ]);
      const { rows } = await db.execute<{ failures: { no: number }[] }>(
        sql`select trace -> 'failures' as failures from run_steps where run_id = ${run.id}`,
      );
      expect(rows[0]?.failures.map(({ no }) => no)).toEqual([1, 2]);
    });

    it('belongs to the later of two concurrent attempts', async () => {
      const run = await runIn('running');
      const begin = (no: number) =>
        beginStep(db, names(run.id), 'show', undefined, { of: 'a', no, token: `t${no}` }).then(
          ({ superseded }) => superseded,
        );
      await Promise.all([begin(1), begin(2)]);
      expect([await begin(1), await begin(2)]).toEqual([true, false]);
    });
  });

  /** Arms a wait in the step. */
  async function arm(run: { id: string }) {
    const wait = { id: randomUUID(), runId: run.id, path: PATH, kind: 'wait_until' as const, refs: [], afterSeq: 0 };
    const none = { event: null, contextKey: null, anyKey: false, timeoutAt: null, recheckAt: null };
    const scope = { variables: {}, repeat: null, wait: null };
    await insertWait(db, { ...wait, ...none, scope, since: new Date() });
    return wait;
  }

  describe('a wait', () => {
    const cause = { changed: { kind: 'health', id: 'shop' } };
    const waitOf = (run: Run) => db.transaction((tx) => lockWait(tx, run.id, PATH));

    it('is woken once until a check begins, and again after that', async () => {
      const run = await runIn('waiting', { step: 'waiting' });
      const wait = await arm(run);
      const woken = await Promise.all([1, 2, 3].map(() => wakeWait(db, wait.id, cause)));
      expect(woken.filter((wake) => wake !== null)).toHaveLength(1);
      expect(await beginCheck(db, run.id, PATH)).toBe(true);
      expect(await waitOf(run)).toMatchObject({ wokenBy: null, checkCause: cause, isChecked: false });
      expect(await wakeWait(db, wait.id, cause)).not.toBeNull();
      await endCheck(db, wait.id, null);
      expect(await waitOf(run)).toMatchObject({ wokenBy: cause, checkCause: null, isChecked: true });
    });

    it('begins no check and is not woken after it has ended', async () => {
      const run = await runIn('waiting', { step: 'waiting' });
      expect(await beginCheck(db, run.id, PATH)).toBe(false);
      expect(await wakeWait(db, randomUUID(), cause)).toBeNull();
    });

    it('is woken again 5 s after an unanswered wake, by one of several workers, and only while its run is open', async () => {
      const [fresh, old, checked, ended] = await Promise.all(
        [1, 2, 3, 4].map(() => runIn('waiting', { step: 'waiting' })),
      );
      const all = [fresh, old, checked, ended].flatMap((run) => (run === undefined ? [] : [run]));
      const waits = await Promise.all(all.map(arm));
      for (const { id } of waits) await wakeWait(db, id, cause);
      const sent = async () => {
        const taken = await Promise.all([1, 2, 3].map(() => takeWakes(db, 100)));
        const mine = new Set<string>(all.map(({ id }) => id));
        return taken.flat().flatMap(({ runId }) => (mine.has(runId) ? [runId] : []));
      };
      expect(await sent()).toEqual([]);
      const ids = sql.join(
        waits.filter((_, n) => n > 0).map(({ id }) => sql`${id}`),
        sql`, `,
      );
      await db.execute(sql`update waits set signalled_at = signalled_at - interval '6 seconds' where id in (${ids})`);
      await beginCheck(db, checked?.id ?? '', PATH);
      await db.execute(sql`update runs set status = 'success' where id = ${ended?.id}`);
      expect(await sent()).toEqual([old?.id]);
      expect(await sent()).toEqual([]);
    });

    it('ends with its step if its execution no longer has it, unless it was evaluated in between', async () => {
      const forgotten = await runIn('waiting', { step: 'waiting' });
      const { id } = await arm(forgotten);
      const wake = { id, runId: forgotten.id, path: PATH, workflowId: '', wokenBy: cause };
      await wakeWait(db, id, cause);
      await beginCheck(db, forgotten.id, PATH);
      expect([await endForgottenWait(db, wake), await stepOf(forgotten)]).toEqual([false, 'waiting']);
      await wakeWait(db, id, cause);
      expect([await endForgottenWait(db, wake), await stepOf(forgotten)]).toEqual([true, 'cancelled']);
      expect(await waitOf(forgotten)).toBeNull();
    });
  });
});
