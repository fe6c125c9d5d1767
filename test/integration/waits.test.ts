import { until } from '../support/until';
import { startWaitingRuns, type WaitingRuns } from '../support/waiting-runs';

/** Number of rounds that run concurrently. */
const LANES = 4;
/** `npm run chaos` sets these to 1,000 and 200. */
const ARM_ROUNDS = Number(process.env['FERMATA_TEST_ARM_ROUNDS'] ?? 40);
const RACE_ROUNDS = Number(process.env['FERMATA_TEST_RACE_ROUNDS'] ?? 20);

describe('a run that waits', () => {
  let w: WaitingRuns;
  beforeAll(async () => {
    w = await startWaitingRuns();
  }, 360_000);
  beforeEach(() => w.engine.receiver.reset());
  afterAll(() => w.end());

  test(
    'continues exactly once if its condition becomes true while the wait is being armed',
    async () => {
      const id = await w.save(
        'until.race',
        `  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 120, continue_on_timeout: false }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}" } }`,
      );
      // Milliseconds after the event at which a lamp must be switched on to coincide with the arming of the wait, as
      // measured in the latest rounds.
      const delays: number[] = [];
      const gaps: number[] = [];
      const median = (values: readonly number[]) => values.toSorted((x, y) => x - y)[values.length >> 1] ?? 0;
      const gapOf = async (name: string) => {
        const found = await w.engine.database.pool.query<{ gap: number }>(
          `select extract(epoch from c.recorded_at - s.started_at)::float8 * 1000 as gap
             from changes c, run_steps s join runs r on r.id = s.run_id
             where c.kind = 'lamp' and c.entity_id = $1 and c.next ->> 'status' = 'on'
               and s.path = 'actions[0]' and r.trigger_scope -> 'payload' -> 'data' ->> 'lamp' = $1`,
          [name],
        );
        return found.rows[0]?.gap ?? false;
      };
      const round = async (name: string, offset: number) => {
        await w.lamp(name, { status: 'off' });
        const began = Date.now();
        await w.engine.emit('until.race', { lamp: name });
        const at = began + median(delays) + offset;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
        const delay = Date.now() - began;
        await w.lamp(name, { status: 'on' });
        // Finish each round before the next. A backlog would shift the moment of arming.
        await until(
          'the run has continued',
          () => w.engine.receiver.received.some(({ path }) => path === `/${name}`),
          40_000,
        );
        const gap = await until('the change and the step are written', () => gapOf(name));
        if (delays.push(delay - gap) > 15) delays.shift();
        gaps.push(gap);
      };
      for (const name of ['race-a', 'race-b', 'race-c', 'race-d', 'race-e']) await round(name, 0);
      let next = 0;
      const lane = async () => {
        while (next < ARM_ROUNDS) {
          const n = next++;
          await round(`race-${n}`, -50 + ((n * 37) % 101));
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      const runs = await w.engine.ended(ARM_ROUNDS + 5, id, 60_000);
      expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
      const sent = w.engine.receiver.received.map(({ path }) => path).filter((path) => path.startsWith('/race-'));
      expect(sent).toHaveLength(ARM_ROUNDS + 5);
      expect(new Set(sent).size).toBe(ARM_ROUNDS + 5);
      // On a busy machine, all of a few rounds may miss the moment of arming, but not all of a thousand.
      if (ARM_ROUNDS < 1_000) return;
      const near = gaps.filter((gap) => Math.abs(gap) <= 50);
      expect(near.filter((gap) => gap < 0).length).toBeGreaterThan(ARM_ROUNDS / 10);
      expect(near.filter((gap) => gap > 0).length).toBeGreaterThan(ARM_ROUNDS / 10);
    },
    120_000 + ARM_ROUNDS * 2_000,
  );

  test('continues once if a wake and its timeout coincide', async () => {
    const rounds = RACE_ROUNDS;
    const id = await w.save(
      'both',
      `  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 1 }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}-{{ wait.completed }}" } }`,
    );
    await Promise.all(
      Array.from({ length: rounds }, async (_, round) => {
        await w.engine.emit('both', { lamp: `both${round}` });
        await new Promise((resolve) => setTimeout(resolve, 950 + (round % 25) * 8));
        await w.lamp(`both${round}`, { status: 'on' });
      }),
    );
    await w.engine.ended(rounds, id, 60_000);
    const sent = w.engine.receiver.received.map(({ path }) => path.split('-')[0]);
    expect(sent).toHaveLength(rounds);
    expect(new Set(sent).size).toBe(rounds);
  }, 360_000);

  test('continues on another worker inside parallel, repeat and choose, with index, item, variables and artifacts', async () => {
    const id = await w.save(
      'deep',
      `  - variables: { kept: here }
  - { id: mark, action: automation.emit_event, config: { type: marked } }
  - parallel:
      - repeat:
          for_each: "['x', 'y']"
          sequence:
            - choose:
                - when: repeat.item == 'y'
                  sequence:
                    - wait_until: { condition: 'state.lamp.deep.status == "on"' }
                    - variables: { told: "{{ [repeat.index, repeat.item, variables.kept, wait.completed, artifacts.mark.event.changeId != null] }}" }
      - delay: { seconds: 1 }
  - variables: { result: "{{ variables.told }}" }`,
    );
    await w.engine.emit('deep');
    await w.waiting(id);
    await Promise.all(w.workers.map((worker) => worker.stop('SIGKILL')));
    w.workers = [await w.engine.worker()];
    await w.lamp('deep', { status: 'on' });
    const [run] = await w.engine.ended(1, id, 40_000);
    expect(await w.resultOf(run?.id ?? '', 'actions[3]')).toEqual({ result: [1, 'y', 'here', true, true] });
  }, 270_000);

  test('is woken by another worker if the worker that decided to wake it crashed before the signal', async () => {
    const id = await w.save('unsent', `  - wait_until: { condition: 'state.lamp.unsent.status == "on"' }`);
    await Promise.all(w.workers.map((worker) => worker.stop('SIGKILL')));
    const crashing = await w.engine.worker({ FERMATA_FAILPOINT: 'after-commit-before-signal:1' });
    await w.engine.emit('unsent');
    await w.waiting(id);
    await w.lamp('unsent', { status: 'on' });
    await until('the worker has crashed', () => crashing.exited(), 20_000);
    w.workers = [await w.engine.worker()];
    await w.engine.ended(1, id, 40_000);
  }, 270_000);

  test('is evaluated again if its worker crashed between arming and evaluation', async () => {
    const id = await w.save('unlooked', `  - wait_until: { condition: 'state.lamp.unlooked.status == "on"' }`);
    await Promise.all(w.workers.map((worker) => worker.stop('SIGKILL')));
    const crashing = await w.engine.worker({ FERMATA_FAILPOINT: 'after-wait-armed:1' });
    await w.engine.emit('unlooked');
    await until('the worker has crashed', () => crashing.exited(), 20_000);
    await w.lamp('unlooked', { status: 'on' });
    w.workers = [await w.engine.worker()];
    await w.engine.ended(1, id, 40_000);
  }, 270_000);

  test('performs no further step after it was replaced, even if wakes arrive late or repeatedly', async () => {
    const id = await w.engine.save(`
name: replaced
mode: restart
triggers: [{ event: automation.event, config: { type: replaced } }]
actions:
  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 60 }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}" } }
`);
    await w.engine.emit('replaced', { lamp: 'storm-old' });
    const { run: old } = await w.waiting(id);
    const storm = Promise.all(
      Array.from({ length: 20 }, (_, n) => w.lamp('storm-old', { status: n % 2 === 0 ? 'off' : 'dim', n })),
    );
    await w.engine.emit('replaced', { lamp: 'storm-new' });
    await storm;
    await until('the new run waits', async () => {
      const [first, second] = await w.engine.runs(id);
      return first?.status === 'cancelled' && second?.status === 'waiting';
    });
    await Promise.all(Array.from({ length: 20 }, (_, n) => w.lamp('storm-old', { status: 'on', n })));
    // Deliver every change again, so that wakes for the old run arrive late.
    await w.engine.database.pool.query(`update changes set routed_at = null where entity_id = 'storm-old'`);
    const handle = w.temporal.workflow.getHandle(old.workflow_id);
    for (let n = 0; n < 10; n += 1) await handle.signal('wake', { runId: old.id, path: 'actions[0]' });
    await w.routed();
    await w.lamp('storm-new', { status: 'on' });
    const runs = await w.engine.ended(2, id, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'success']);
    expect(w.engine.receiver.received.map(({ path }) => path)).toEqual(['/storm-new']);
    expect((await w.engine.steps(old.id)).map(({ path }) => path)).toEqual(['actions[0]']);
  }, 180_000);

  test('has no armed wait after it was cancelled or its automation was deleted, and performs no step', async () => {
    const id = await w.save(
      'gone',
      `  - wait_until: { condition: 'state.lamp.gone.status == "on"' }
  - { action: integration-webhook.send, config: { url: "$URL/never" } }`,
    );
    await w.engine.emit('gone');
    const { run } = await w.waiting(id);
    const cancelled = w.call('POST', `/runs/${run.id}/cancel`);
    await Promise.all([cancelled, ...Array.from({ length: 20 }, () => w.call('GET', `/runs/${run.id}`))]);
    expect(await w.waitsOf(run.id)).toEqual([]);
    for (const n of [1, 2, 3]) await w.lamp('gone', { status: 'on', n });
    await w.routed();
    await w.engine.ended(1, id);
    expect(w.engine.receiver.received).toEqual([]);
    const other = await w.save(
      'deleted',
      `  - wait_for_trigger: { event: automation.event, config: { type: x }, context_key: "*" }`,
    );
    await w.engine.emit('deleted');
    const { run: deleted } = await w.waiting(other);
    await w.call('DELETE', `/automations/${other}`);
    expect(await w.waitsOf(deleted.id)).toEqual([]);
  }, 180_000);
});
