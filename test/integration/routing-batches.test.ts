import { sql } from 'drizzle-orm';
import { startEngine, type Engine } from '../support/engine';
import { startFermata } from '../support/process';
import { until } from '../support/until';

const automation = (type: string, mode: string, more = '') => `
name: ${type}
mode: ${mode}
max_runs: 1000
triggers: [{ id: t, event: automation.event, config: { type: ${type} } }]
${more}
actions:
  - { action: automation.log, config: { message: "{{ trigger.payload.data.n }}" } }
`;

describe('routing in batches', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
  }, 180_000);
  afterEach(() => engine.close());

  const db = () => engine.database.db;

  /** Appends one event per subject. If no worker is running yet, the events share batches. */
  const emitAll = async (
    type: string,
    subjects: readonly string[],
    data: (subject: string) => Record<string, unknown>,
  ) => {
    for (const subject of subjects) await engine.emit(type, data(subject), { subject });
  };
  const subjects = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);

  it('isolates a failing change; every other change of its batch starts exactly one run', async () => {
    const id = await engine.save(automation('poison', 'parallel'));
    await db().execute(sql`
      alter table runs add constraint no_poison check (trigger_scope -> 'payload' -> 'data' ->> 'n' <> 's17')`);
    await emitAll('poison', subjects(40), (n) => ({ n }));
    await engine.emit('poison', { n: 'behind' }, { subject: 's17' });
    await engine.worker();
    await engine.ended(39, id);
    const found = await db().execute<{ context_key: string; count: number }>(
      sql`select context_key, count(*)::int as count from runs group by context_key order by context_key`,
    );
    expect(found.rows).toHaveLength(39);
    expect(found.rows.every(({ count }) => count === 1)).toBe(true);
    expect(found.rows.map(({ context_key }) => context_key)).not.toContain('s17');
  }, 270_000);

  it('keeps the order of arrival for queued runs in one bucket', async () => {
    const id = await engine.save(automation('queue', 'queued'));
    await emitAll('queue', subjects(30), (n) => ({ n }));
    await engine.worker();
    await engine.ended(30, id, 90_000);
    const started = await db().execute<{ n: string }>(
      sql`select context_key as n from runs where automation_id = ${id} order by started_at`,
    );
    expect(started.rows).toHaveLength(30);
    const admitted = await db().execute<{ n: string }>(
      sql`select context_key as n from runs where automation_id = ${id} order by created_at`,
    );
    expect(started.rows).toEqual(admitted.rows);
  }, 720_000);

  it('starts one `single` run for a burst; with `restart`, at least one run is not replaced', async () => {
    const single = await engine.save(
      automation('burst', 'single').replace('actions:', 'actions:\n  - { delay: { seconds: 3 } }'),
    );
    const restart = await engine.save(automation('burst', 'restart'));
    await emitAll('burst', subjects(30), (n) => ({ n }));
    await engine.worker();
    await engine.ended(1, single);
    expect(await engine.runs(single)).toHaveLength(1);
    const replaced = await engine.ended(30, restart, 90_000);
    expect(replaced).toHaveLength(30);
    const last = replaced.filter(({ status }) => status === 'success');
    expect(last.length).toBeGreaterThanOrEqual(1);
    for (const run of replaced.filter(({ status }) => status === 'cancelled')) {
      expect(run.ended_by).toMatchObject({ kind: 'replaced' });
      expect(replaced.map((other) => other.id)).toContain(run.ended_by?.['runId']);
    }
  }, 720_000);

  it('starts at most max_runs of a burst in one bucket', async () => {
    const id = await engine.save(
      automation('cap', 'parallel').replace('1000', '7').replace('actions:', 'actions:\n  - { delay: { seconds: 3 } }'),
    );
    await emitAll('cap', subjects(30), (n) => ({ n }));
    await engine.worker();
    await engine.routed();
    expect(await engine.runs(id)).toHaveLength(7);
  }, 270_000);

  it.each(['before-routing-commit', 'after-admit-commit'])(
    'a worker killed at %s loses and repeats no change of the batch',
    async (point) => {
      const id = await engine.save(automation('killed', 'parallel'));
      await emitAll('killed', subjects(100), (n) => ({ n }));
      const first = startFermata(['worker'], engine.env({ FERMATA_FAILPOINT: `${point}:1` }));
      await until('the worker has died', () => first.exited(), 60_000);
      await engine.worker();
      const runs = await engine.ended(100, id, 60_000);
      expect(runs).toHaveLength(100);
      expect(new Set(runs.map(({ context_key }) => context_key)).size).toBe(100);
      expect(runs.every(({ status }) => status === 'success')).toBe(true);
    },
    240_000,
  );

  it('starts no run twice if a worker is suspended inside its routing transaction while another worker takes over', async () => {
    const id = await engine.save(automation('asleep', 'parallel'));
    await emitAll('asleep', subjects(50), (n) => ({ n }));
    const first = startFermata(['worker'], engine.env({ FERMATA_FAILPOINT: 'before-routing-commit:1:stop' }));
    await until('the worker is suspended', () => first.output().includes('failpoint before-routing-commit'), 60_000);
    // The transaction of the first worker stays open and locks the rows that it has marked, so no other worker may route
    // them.
    await engine.worker();
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    first.signal('SIGCONT');
    const runs = await engine.ended(50, id, 60_000);
    await first.stop('SIGKILL');
    expect(runs).toHaveLength(50);
    expect(new Set(runs.map(({ context_key }) => context_key)).size).toBe(50);
  }, 720_000);

  it('routes the changes of a worker that stays suspended inside its routing transaction, and other changes, within 15 s', async () => {
    const [id, other] = [
      await engine.save(automation('left', 'parallel')),
      await engine.save(automation('new', 'parallel')),
    ];
    await emitAll('left', subjects(50), (n) => ({ n }));
    const first = startFermata(['worker'], engine.env({ FERMATA_FAILPOINT: 'before-routing-commit:1:stop' }));
    try {
      await until('the worker is suspended', () => first.output().includes('failpoint before-routing-commit'), 60_000);
      await engine.worker();
      await emitAll('new', subjects(50), (n) => ({ n }));
      const [left, others] = await Promise.all([engine.ended(50, id, 15_000), engine.ended(50, other, 15_000)]);
      expect([left.length, others.length]).toEqual([50, 50]);
    } finally {
      await first.stop('SIGKILL');
    }
  }, 360_000);

  it('routes an event of a quiet automation before most of the 2,500 earlier events of a noisy automation', async () => {
    await engine.save(automation('noisy', 'parallel', "conditions: ['1 == 2']"));
    const quiet = await engine.save(automation('quiet', 'parallel'));
    await engine.emit('noisy', { n: 1 }, { times: 2_000 });
    await engine.emit('noisy', { n: 1 }, { subject: 'another', times: 500 });
    const [changeId = ''] = await engine.emit('quiet', { n: 1 });
    await engine.worker();
    await engine.ended(1, quiet);
    const before = await db().execute<{ count: number }>(sql`
      select count(*)::int as count from changes
      where routed_at < (select routed_at from changes where change_id = ${changeId})`);
    // The first read takes the oldest 500 changes. The second read takes changes of all automations in turn.
    expect(before.rows[0]?.count).toBeLessThan(1_000);
  }, 360_000);

  /**
   * An expression that takes more than a 41st of the steps allowed per event, but fewer than a single evaluation may
   * take.
   */
  const heavy = `(${Array.from({ length: 24 }, () => '(trigger.payload.data.text | upper | lower | length)').join(' + ')}) > 0`;
  const crowd = Array.from({ length: 40 }, (_, n) => `heavy-${n}`);

  it('limits the steps of the filters of all automations for one event; cheap filters are evaluated, the others report the limit', async () => {
    const listener = (name: string, filter: string) => `
name: ${name}
mode: parallel
triggers: [{ id: t, event: automation.event, config: { type: crowd }, filter: '${filter}' }]
actions: [{ variables: { done: 'true' } }]`;
    for (const name of crowd) await engine.save(listener(name, heavy));
    const cheap = await engine.save(listener('cheap', 'trigger.payload.data.n == 1'));
    const [changeId = ''] = await engine.emit('crowd', { n: 1, text: 'x'.repeat(300_000) });
    const alone = await engine.save(listener('alone', heavy).replace('type: crowd', 'type: alone'));
    await engine.emit('alone', { n: 1, text: 'x'.repeat(300_000) });
    await engine.worker();
    await engine.ended(1, cheap);
    await engine.ended(1, alone);
    const routings = await db().execute<{ name: string; outcome: string; detail: string | null }>(sql`
      select automation_name as name, outcome, detail from routings where change_id = ${changeId}`);
    expect(routings.rows).toHaveLength(crowd.length + 1);
    for (const { name, outcome, detail } of routings.rows.filter((row) => row.name !== 'cheap')) {
      expect({ name, outcome }).toEqual({ name, outcome: 'filter' });
      expect(detail).toMatch(
        /too many steps.* 41 automations share the steps for this event; this one used up its \d+\.$/,
      );
    }
  }, 360_000);

  it('limits the steps of the filters of waits for one event; the run with the cheap filter continues', async () => {
    const waiting = (name: string, filter: string) => `
name: ${name}
mode: parallel
triggers: [{ id: t, event: automation.event, config: { type: begin } }]
actions:
  - wait_for_trigger: { event: automation.event, config: { type: crowd }, filter: '${filter}', context_key: "*", timeout_seconds: 300 }`;
    for (const name of crowd) await engine.save(waiting(name, heavy));
    const cheap = await engine.save(waiting('cheap', 'trigger.payload.data.n == 1'));
    await engine.emit('begin', {});
    const worker = await engine.worker();
    // After arming its wait, a run reads the log again without a shared limit, so wait until that is over.
    const armed = async () => {
      const found = await db().execute<{ count: number }>(sql`select count(*)::int as count from waits where looked`);
      return found.rows[0]?.count;
    };
    await until('all wait', async () => (await armed()) === crowd.length + 1, 60_000);
    await engine.emit('crowd', { n: 1, text: 'x'.repeat(300_000) });
    await engine.ended(1, cheap);
    expect(await armed()).toBe(crowd.length);
    expect(worker.output()).toContain('the filters of the waits of an automation take too many steps');
  }, 360_000);
});
