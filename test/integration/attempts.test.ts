import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { endLastStep } from '../../src/db/runs/run-states';
import { startEngine, type Engine } from '../support/engine';
import type { Received } from '../support/receiver';
import { startPostgres } from '../support/services';
import { until } from '../support/until';

/** Milliseconds that suffice for the heartbeat timeout of a call (5 s) and the retry after it. */
const SUSPENDED_MS = 9_000;
/**
 * Maximum milliseconds until another worker receives a step from a suspended worker. For up to a minute, Temporal
 * assigns the step to the polls that the suspended worker has left open, one poll after another. Each time, the
 * heartbeat timeout and the pause between attempts must pass before the next assignment.
 */
const TAKEN_OVER_MS = 150_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const LONG_CALL = `
name: Long call
mode: single
triggers: [{ event: automation.event, config: { type: long } }]
actions:
  - { id: call, action: integration-webhook.send, config: { url: "$URL/call" }, timeout_seconds: 60 }
  - { id: after, action: integration-webhook.send, config: { url: "$URL/after" } }
`;

describe('two overlapping attempts of a step', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
  }, 270_000);
  afterEach(() => engine.close());

  const sent = (path: string): Received[] => engine.receiver.received.filter((each) => each.path === path);

  it('the other attempt returns the outcome that the suspended attempt has written, and the run continues', async () => {
    // The worker is suspended after the receiver has answered and before the outcome is written.
    const suspended = await engine.worker({ FERMATA_FAILPOINT: 'after-effect-before-completion:1:stop' });
    await engine.save(LONG_CALL);
    let answerSecond: () => void = () => undefined;
    const secondMayEnd = new Promise<void>((resolve) => (answerSecond = resolve));
    engine.receiver.answerWith(async ({ path }, response) => {
      if (path === '/call' && sent('/call').length === 2) await secondMayEnd;
      response.end('ok');
    });
    await engine.emit('long');
    await until('the process is suspended', () => suspended.output().includes('failpoint'), 60_000);
    await engine.worker();
    await until('the second attempt is sent', () => sent('/call').length === 2, TAKEN_OVER_MS);
    suspended.signal('SIGCONT');
    const status = async () => (await engine.steps((await engine.runs())[0]?.id ?? ''))[0]?.status;
    await until('the suspended attempt has written its outcome', async () => (await status()) === 'success');
    answerSecond();
    const [run] = await engine.ended(1, undefined, 60_000);
    expect(run).toMatchObject({ status: 'success' });
    const steps = await engine.steps(run?.id ?? '');
    expect(steps.map(({ path, status: ended }) => [path, ended])).toEqual([
      ['actions[0]', 'success'],
      ['actions[1]', 'success'],
    ]);
    expect(steps[0]).toMatchObject({ attempts: 2 });
    expect(new Set(sent('/call').map(({ key }) => key)).size).toBe(1);
    // The scope is free, so the next event starts a run of this `single` automation.
    await engine.emit('long');
    expect(await engine.ended(2, undefined, 60_000)).toHaveLength(2);
  }, 330_000);

  it('a suspended process sends at most one of the attempts that were queued for it', async () => {
    const worker = await engine.worker();
    await engine.save(LONG_CALL);
    engine.receiver.answerWith(async ({ path }, response) => {
      // The first attempt gets no response. Its process is suspended while it waits.
      if (path === '/call' && sent('/call').length === 1) return;
      await pause(500);
      response.end('ok');
    });
    await engine.emit('long');
    await until('the first attempt is sent', () => sent('/call').length === 1);
    worker.signal('SIGSTOP');
    await pause(3 * SUSPENDED_MS);
    worker.signal('SIGCONT');
    const [run] = await engine.ended(1, undefined, 90_000);
    expect(run).toMatchObject({ status: 'success' });
    expect(sent('/call')).toHaveLength(2);
    expect((await engine.steps(run?.id ?? ''))[0]).toMatchObject({ status: 'success', attempts: 2 });
  }, 540_000);
});

describe('an outage of Postgres of 15 seconds while a step is retried', () => {
  it('does not count as an attempt: the receiver gets all attempts and the run succeeds', async () => {
    const postgres = await startPostgres({ durable: true });
    const engine = await startEngine({ postgres });
    try {
      await engine.worker();
      const id = await engine.save(`
        name: Retried
        triggers: [{ event: automation.event, config: { type: retried } }]
        actions:
          - { action: integration-webhook.send, config: { url: "$URL/x" }, timeout_seconds: 20, retry: { max_attempts: 3, initial_seconds: 1 } }
          - { action: integration-webhook.send, config: { url: "$URL/after" } }
      `);
      let outage: Promise<void> | undefined;
      engine.receiver.answerWith(async ({ path }, response) => {
        const attempts = engine.receiver.received.filter((each) => each.path === '/x').length;
        if (path === '/x' && attempts < 3) response.statusCode = 503;
        // Postgres is unavailable when the response to the second attempt arrives.
        if (path === '/x' && attempts === 2) {
          await postgres.kill();
          outage = pause(15_000).then(() => postgres.start());
        }
        response.end('ok');
      });
      await engine.emit('retried');
      await until('Postgres is unreachable', () => outage !== undefined, 60_000);
      await outage;
      const [run] = await engine.ended(1, id, 120_000);
      expect(run).toMatchObject({ status: 'success', error: null });
      expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/x', '/x', '/x', '/after']);
      expect((await engine.steps(run?.id ?? ''))[0]).toMatchObject({ status: 'success', attempts: 3 });
    } finally {
      await engine.close();
      await postgres.destroy();
    }
  }, 720_000);
});

describe('the last step of a run', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  }, 270_000);
  afterAll(() => engine.close());

  /** Creates a run whose last step has the given status. Then ends the step and the run successfully. */
  async function endWith(step: string) {
    const { db } = engine.database;
    const automationId = await engine.save(LONG_CALL);
    const id = randomUUID();
    await db.execute(sql`
      insert into runs (id, automation_id, version, scope_key, mode, status, trigger_scope, variables, root_run_id,
        workflow_id, created_at, start_at)
      values (${id}, ${automationId}, 1, '', 'single', 'running', '{}', '{}', ${id}, ${id}, clock_timestamp(),
        clock_timestamp())`);
    await db.execute(sql`
      insert into run_steps (run_id, path, kind, action, status) values
        (${id}, 'actions[0]', 'action', 'integration-webhook.send', 'success'),
        (${id}, 'actions[1]', 'action', 'integration-webhook.send', ${step})`);
    const end = { runId: id, path: 'actions[1]', beside: false, status: 'success' } as const;
    const ended = await endLastStep(db, end, { automationId, scopeKey: '' });
    const [run] = (await engine.runs(automationId)).filter((each) => each.id === id);
    return { ended, run, steps: (await engine.steps(id)).map(({ status }) => status) };
  }

  it('ends the run successfully', async () => {
    const { ended, run, steps } = await endWith('running');
    expect(ended).toEqual({ ended: true, next: null });
    expect(run).toMatchObject({ status: 'success' });
    expect(steps).toEqual(['success', 'success']);
  });

  it('leaves the run open if another attempt has ended the step', async () => {
    const { ended, run, steps } = await endWith('failed');
    expect(ended).toEqual({ ended: false, next: null });
    expect(run).toMatchObject({ status: 'running' });
    expect(steps).toEqual(['success', 'failed']);
  });
});
