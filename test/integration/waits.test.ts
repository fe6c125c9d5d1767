import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

interface WaitItem {
  runId: string;
  path: string;
  kind: string;
  refs: string[];
  event: string | null;
  contextKey: string | null;
  timeoutAt: string | null;
  recheckAt: string | null;
}

/** Rounds of arming at a time. */
const LANES = 4;
/** `npm run chaos` makes them 1,000 and 200. */
const ARM_ROUNDS = Number(process.env['FERMATA_TEST_ARM_ROUNDS'] ?? 40);
const RACE_ROUNDS = Number(process.env['FERMATA_TEST_RACE_ROUNDS'] ?? 20);

describe('a run that waits', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  let temporal: Client;
  let workers: FermataProcess[];
  beforeAll(async () => {
    engine = await startEngine();
    const { address, namespace } = engine.temporal;
    temporal = new Client({ connection: await Connection.connect({ address }), namespace });
    api = await engine.api();
    workers = [await engine.worker()];
    await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
  }, 120_000);
  beforeEach(() => {
    engine.receiver.received.splice(0);
    engine.receiver.answerWith((_received, response) => void response.end('ok'));
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: engine.authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Record<string, unknown>;
  };
  const lamp = (id: string, state: Record<string, unknown>) => call('PUT', `/entities/lamp/${id}`, state);
  const save = (type: string, steps: string, more = '') =>
    engine.save(`
name: ${type}
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: ${type} } }]
${more}
actions:
${steps}
`);
  const waitsOf = async (runId: string) =>
    ((await call('GET', `/waits?runId=${runId}`)) as { items: WaitItem[] }).items;
  const waiting = (id: string): Promise<{ run: RunRow; wait: WaitItem }> =>
    until(
      'it waits',
      async () => {
        const [run] = await engine.runs(id);
        const [wait] = run?.status === 'waiting' ? await waitsOf(run.id) : [];
        return run && wait ? { run, wait } : false;
      },
      20_000,
    );
  const resultOf = async (runId: string, path: string) =>
    (await engine.steps(runId)).find((step) => step.path === path)?.result;
  const tasksOf = async ({ workflow_id }: RunRow) => {
    const { events } = await temporal.workflow.getHandle(workflow_id).fetchHistory();
    return (events ?? []).filter(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)
      .length;
  };
  const routed = () =>
    until('everything is routed', async () => {
      const left = await engine.database.db.execute(sql`select 1 from changes where routed_at is null`);
      return left.rowCount === 0;
    });

  describe('until a condition holds', () => {
    test('goes on at once when it holds already, and arms nothing', async () => {
      await lamp('now', { status: 'on' });
      const id = await save('until.now', `  - wait_until: { condition: 'state.lamp.now.status == "on"' }`);
      await engine.emit('until.now');
      const [run] = await engine.ended(1, id);
      expect(run?.status).toBe('success');
      expect(await resultOf(run?.id ?? '', 'actions[0]')).toEqual({ completed: true, remainingSeconds: null });
    }, 60_000);

    test('sleeps until an entity makes it true, without a task for changes that do not', async () => {
      const id = await save(
        'until.later',
        `  - wait_until: { condition: 'state.lamp.later.status == "on"', timeout_seconds: 600 }
  - variables: { seen: "{{ wait.completed }}", left: "{{ wait.remainingSeconds > 500 }}" }`,
      );
      await engine.emit('until.later');
      const { run, wait } = await waiting(id);
      expect(wait).toMatchObject({
        kind: 'wait_until',
        refs: ['lamp:later'],
        path: 'actions[0]',
        recheckAt: null,
        event: null,
      });
      const before = await until('its task is over', async () => (await tasksOf(run)) || false);
      for (const brightness of [1, 2, 3, 4, 5]) await lamp('later', { status: 'off', brightness });
      await routed();
      expect(await tasksOf(run)).toBe(before);
      await lamp('later', { status: 'on' });
      await engine.ended(1, id);
      expect(await resultOf(run.id, 'actions[1]')).toEqual({ seen: true, left: true });
      expect(await waitsOf(run.id)).toEqual([]);
    }, 60_000);

    test('goes on by the clock alone: healthy for so long, without any further change', async () => {
      const id = await save(
        'until.clock',
        `  - wait_until:
      condition: 'health.system.status == "healthy" && (health.system.in_status_since | older_than(3000))'
      timeout_seconds: 60`,
      );
      const report = (status: string) =>
        call('POST', '/health/results', { systemId: 'db', configurationId: 'http', status });
      await report('unhealthy');
      await engine.emit('until.clock', {}, { subject: 'db' });
      const { wait } = await waiting(id);
      expect(wait.refs).toEqual(['health:db']);
      await report('healthy');
      const began = Date.now();
      const [run] = await engine.ended(1, id, 20_000);
      expect(run?.status).toBe('success');
      expect(Date.now() - began).toBeGreaterThan(2_000);
      expect(Date.now() - began).toBeLessThan(10_000);
    }, 60_000);

    test('goes on after its timeout, or fails there', async () => {
      const wait = `{ condition: 'state.lamp.never.status == "on"', timeout_seconds: 1`;
      const id = await save(
        'until.timeout',
        `  - wait_until: ${wait} }\n  - variables: { done: "{{ wait.completed }}" }`,
      );
      await engine.emit('until.timeout');
      const [run] = await engine.ended(1, id);
      expect(await resultOf(run?.id ?? '', 'actions[1]')).toEqual({ done: false });
      const strict = await save('until.strict', `  - wait_until: ${wait}, continue_on_timeout: false }`);
      await engine.emit('until.strict');
      const [failed] = await engine.ended(1, strict);
      expect(failed).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[0]' } });
      expect(await waitsOf(failed?.id ?? '')).toEqual([]);
    }, 60_000);

    test('looks at any entity of a kind, and tells which one it was', async () => {
      const id = await save(
        'until.any',
        `  - wait_until: { condition: 'state.lamp[wait.changed.id].alarm == true' }
  - variables: { which: "{{ wait.changed.id }}" }`,
      );
      await engine.emit('until.any');
      const { run, wait } = await waiting(id);
      expect(wait.refs).toEqual(['lamp:*']);
      await lamp('quiet', { alarm: false });
      await lamp('loud', { alarm: true });
      await engine.ended(1, id);
      expect(await resultOf(run.id, 'actions[1]')).toEqual({ which: 'loud' });
    }, 60_000);

    test('says that it cannot tell what it looks at, and looks each minute', async () => {
      const id = await save(
        'until.unclear',
        `  - wait_until: { condition: 'state[state.lamp.selector.kind][state.lamp.selector.id].status == "on"', timeout_seconds: 600 }`,
      );
      await engine.emit('until.unclear');
      const { run, wait } = await waiting(id);
      const ahead = Date.parse(wait.recheckAt ?? '') - Date.now();
      expect(ahead).toBeGreaterThan(50_000);
      expect(ahead).toBeLessThan(61_000);
      // The row of the step is written by the look behind the arming.
      await until('the step says that it is asked each minute', async () =>
        JSON.stringify((await engine.steps(run.id))[0]?.['trace']).includes('it is asked each minute'),
      );
    }, 60_000);

    test('goes on when a time of day comes, when a state has lasted, and when a maintenance ends by the clock', async () => {
      const at = (ms: number) => new Date(Date.now() + ms).toISOString();
      await call('POST', '/systems', { id: 'mended', name: 'mended' });
      await call('POST', '/maintenances', {
        ...{ title: 'Mending', systemIds: ['mended'], startAt: at(-60_000), endAt: at(4_000) },
      });
      await call('POST', '/health/results', { systemId: 'lasting', configurationId: 'http', status: 'degraded' });
      const time = at(3_000).slice(11, 19);
      const id = await save(
        'until.times',
        `  - parallel:
      - wait_until: { condition: { time: { after: "${time}" } }, timeout_seconds: 30, continue_on_timeout: false }
      - wait_until: { condition: { state: { entity: lasting, status: [degraded, unhealthy], for: { seconds: 3 } } }, timeout_seconds: 30, continue_on_timeout: false }
      - wait_until: { condition: "!health.system.in_maintenance", timeout_seconds: 30, continue_on_timeout: false }`,
      );
      await engine.emit('until.times', {}, { subject: 'mended' });
      const { run } = await waiting(id);
      await until('more than one wait is armed', async () => (await waitsOf(run.id)).length > 1);
      const [ended] = await engine.ended(1, id, 25_000);
      expect(ended).toMatchObject({ status: 'success', error: null });
    }, 60_000);

    test('on any of a kind misses none that changes while another wakes it', async () => {
      const id = await save(
        'until.many',
        `  - wait_until: { condition: 'state.lamp[wait.changed.id].alarm == 2', timeout_seconds: 30, continue_on_timeout: false }
  - variables: { which: "{{ wait.changed.id }}" }`,
      );
      await engine.emit('until.many', {}, { times: 10 });
      await until(
        'all of them wait',
        async () => (await engine.runs(id)).filter(({ status }) => status === 'waiting').length === 10,
        20_000,
      );
      await Promise.all(Array.from({ length: 40 }, (_, n) => lamp(`many-${n}`, { alarm: n === 25 ? 2 : 1, n })));
      const runs = await engine.ended(10, id, 40_000);
      for (const run of runs) expect(await resultOf(run.id, 'actions[1]')).toEqual({ which: 'many-25' });
    }, 60_000);

    test(
      'misses nothing that becomes true around the moment of arming, and goes on once',
      async () => {
        const id = await save(
          'until.race',
          `  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 30, continue_on_timeout: false }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}" } }`,
        );
        // How long after the event a lamp has to be lit to be so as the wait is armed, here and now: the latest rounds tell.
        const delays: number[] = [];
        const gaps: number[] = [];
        const median = (values: readonly number[]) => values.toSorted((x, y) => x - y)[values.length >> 1] ?? 0;
        const gapOf = async (name: string) => {
          const found = await engine.database.pool.query<{ gap: number }>(
            `select extract(epoch from c.recorded_at - s.started_at)::float8 * 1000 as gap
             from changes c, run_steps s join runs r on r.id = s.run_id
             where c.kind = 'lamp' and c.entity_id = $1 and c.next ->> 'status' = 'on'
               and s.path = 'actions[0]' and r.trigger_scope -> 'payload' -> 'data' ->> 'lamp' = $1`,
            [name],
          );
          return found.rows[0]?.gap ?? false;
        };
        const round = async (name: string, offset: number) => {
          await lamp(name, { status: 'off' });
          const began = Date.now();
          await engine.emit('until.race', { lamp: name });
          const at = began + median(delays) + offset;
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
          const delay = Date.now() - began;
          await lamp(name, { status: 'on' });
          // One after another: a backlog would move the moment.
          await until('it went on', () => engine.receiver.received.some(({ path }) => path === `/${name}`), 40_000);
          const gap = await until('both are written', () => gapOf(name));
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
        const runs = await engine.ended(ARM_ROUNDS + 5, id, 60_000);
        expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
        const sent = engine.receiver.received.map(({ path }) => path).filter((path) => path.startsWith('/race-'));
        expect(sent).toHaveLength(ARM_ROUNDS + 5);
        expect(new Set(sent).size).toBe(ARM_ROUNDS + 5);
        // Few rounds on a busy machine may all miss the moment; many do not.
        if (ARM_ROUNDS < 1_000) return;
        const near = gaps.filter((gap) => Math.abs(gap) <= 50);
        expect(near.filter((gap) => gap < 0).length).toBeGreaterThan(ARM_ROUNDS / 10);
        expect(near.filter((gap) => gap > 0).length).toBeGreaterThan(ARM_ROUNDS / 10);
      },
      120_000 + ARM_ROUNDS * 2_000,
    );
  });

  describe('for an event', () => {
    test('resumes at the event of its own context key that passes the filter, with the event in scope', async () => {
      const id = await save(
        'event.mine',
        `  - wait_for_trigger: { event: automation.event, config: { type: ack }, filter: trigger.payload.data.ok == true, timeout_seconds: 60 }
  - variables: { by: "{{ wait.trigger.payload.data.by }}", same: "{{ resume.payload.data.by }}", done: "{{ wait.completed }}" }`,
      );
      await engine.emit('event.mine', {}, { subject: 'a' });
      const { run, wait } = await waiting(id);
      expect(wait).toMatchObject({ kind: 'wait_for_trigger', event: 'automation.event', contextKey: 'a', refs: [] });
      const before = await until('its task is over', async () => (await tasksOf(run)) || false);
      await engine.emit('ack', { ok: true, by: 'other' }, { subject: 'b' });
      await engine.emit('ack', { ok: false, by: 'no' }, { subject: 'a' });
      await engine.emit('nack', { ok: true, by: 'type' }, { subject: 'a' });
      await routed();
      expect(await tasksOf(run)).toBe(before);
      await engine.emit('ack', { ok: true, by: 'ada' }, { subject: 'a' });
      await engine.ended(1, id);
      expect(await resultOf(run.id, 'actions[1]')).toEqual({ by: 'ada', same: 'ada', done: true });
    }, 60_000);

    test('takes any key with "*", a rendered key, and fails at its timeout unless told otherwise', async () => {
      const id = await save(
        'event.keys',
        `  - wait_for_trigger: { event: automation.event, config: { type: any }, context_key: "*" }
  - wait_for_trigger: { event: automation.event, config: { type: one }, context_key: "{{ trigger.payload.data.key }}" }
  - wait_for_trigger: { event: automation.event, config: { type: none }, timeout_seconds: 1, continue_on_timeout: true }
  - wait_for_trigger: { event: automation.event, config: { type: none }, timeout_seconds: 1 }`,
      );
      await engine.emit('event.keys', { key: 'k' }, { subject: 'own' });
      const { run } = await waiting(id);
      await engine.emit('any', {}, { subject: 'whoever' });
      await until('it waits for the second', async () => (await waitsOf(run.id))[0]?.contextKey === 'k');
      await engine.emit('one', {}, { subject: 'own' });
      await engine.emit('one', {}, { subject: 'k' });
      const [failed] = await engine.ended(1, id);
      expect(failed).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[3]' } });
    }, 60_000);

    test('sees an answer that came while the request before it was still open', async () => {
      const id = await save(
        'event.early',
        `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - wait_for_trigger: { event: automation.event, config: { type: answered }, timeout_seconds: 20 }`,
      );
      engine.receiver.answerWith((_received, response) => {
        void engine.emit('answered', {}, { subject: 'e' }).then(() => setTimeout(() => response.end('ok'), 300));
      });
      await engine.emit('event.early', {}, { subject: 'e' });
      const [run] = await engine.ended(1, id);
      expect(run?.status).toBe('success');
    }, 60_000);

    test('does not take an event from before the step before it', async () => {
      const id = await save(
        'event.late',
        `  - wait_for_trigger: { event: automation.event, config: { type: again } }
  - { action: integration-webhook.send, config: { url: "$URL/between" } }
  - wait_for_trigger: { event: automation.event, config: { type: again }, timeout_seconds: 2, continue_on_timeout: true }`,
      );
      await engine.emit('event.late', {}, { subject: 'l' });
      const { run } = await waiting(id);
      await engine.emit('again', {}, { subject: 'l' });
      await engine.ended(1, id);
      expect(await resultOf(run.id, 'actions[2]')).toMatchObject({ completed: false });
    }, 60_000);

    test('takes the earliest of several, and hears events after one that could not be evaluated', async () => {
      const id = await save(
        'event.first',
        `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - wait_for_trigger: { event: automation.event, config: { type: several }, timeout_seconds: 20 }
  - variables: { n: "{{ wait.trigger.payload.data.n }}" }`,
      );
      engine.receiver.answerWith((_received, response) => {
        void (async () => {
          for (const n of [1, 2, 3]) await engine.emit('several', { n }, { subject: 'f' });
          response.end('ok');
          for (const n of [4, 5, 6]) await engine.emit('several', { n }, { subject: 'f' });
        })();
      });
      await engine.emit('event.first', {}, { subject: 'f' });
      const [run] = await engine.ended(1, id);
      expect(await resultOf(run?.id ?? '', 'actions[2]')).toEqual({ n: 1 });
      const deaf = await save(
        'event.deaf',
        `  - wait_for_trigger: { event: automation.event, config: { type: heard }, timeout_seconds: 30 }`,
      );
      await engine.emit('event.deaf', {}, { subject: 'd2' });
      await waiting(deaf);
      // What the dispatcher leaves when it could not evaluate.
      await engine.database.pool.query(`update waits set woken_by = '{}', signalled_at = null, looked = false`);
      await until(
        'it has looked',
        async () => (await engine.database.pool.query('select 1 from waits where woken_by is not null')).rowCount === 0,
        20_000,
      );
      await engine.emit('heard', {}, { subject: 'd2' });
      expect((await engine.ended(1, deaf))[0]?.status).toBe('success');
    }, 60_000);

    test('takes events of entities and of domains', async () => {
      const id = await save(
        'event.domain',
        `  - wait_for_trigger: { event: healthcheck.system_healthy, context_key: "sys" }
  - wait_for_trigger: { event: automation.entity_changed, config: { kind: lamp, field: status, to: red }, context_key: "*" }`,
      );
      const report = (status: string) =>
        call('POST', '/health/results', { systemId: 'sys', configurationId: 'http', status });
      await report('unhealthy');
      await engine.emit('event.domain', {}, { subject: 'd' });
      const { run } = await waiting(id);
      await report('healthy');
      await until('it waits for the lamp', async () => (await waitsOf(run.id))[0]?.path === 'actions[1]');
      await lamp('signal', { status: 'red' });
      await engine.ended(1, id);
      expect(await resultOf(run.id, 'actions[1]')).toMatchObject({ trigger: { payload: { id: 'signal' } } });
    }, 60_000);
  });

  test('lets exactly one of wake and timeout win', async () => {
    const rounds = RACE_ROUNDS;
    const id = await save(
      'both',
      `  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 1 }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}-{{ wait.completed }}" } }`,
    );
    await Promise.all(
      Array.from({ length: rounds }, async (_, round) => {
        await engine.emit('both', { lamp: `both${round}` });
        await new Promise((resolve) => setTimeout(resolve, 950 + (round % 25) * 8));
        await lamp(`both${round}`, { status: 'on' });
      }),
    );
    await engine.ended(rounds, id, 60_000);
    const sent = engine.receiver.received.map(({ path }) => path.split('-')[0]);
    expect(sent).toHaveLength(rounds);
    expect(new Set(sent).size).toBe(rounds);
  }, 120_000);

  test('in choose in repeat in parallel, goes on at another worker with index, item, variables and artifacts', async () => {
    const id = await save(
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
    await engine.emit('deep');
    await waiting(id);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    workers = [await engine.worker()];
    await lamp('deep', { status: 'on' });
    const [run] = await engine.ended(1, id, 40_000);
    expect(await resultOf(run?.id ?? '', 'actions[3]')).toEqual({ result: [1, 'y', 'here', true, true] });
  }, 90_000);

  test('is woken by another worker when the one that decided so died before its signal', async () => {
    const id = await save('unsent', `  - wait_until: { condition: 'state.lamp.unsent.status == "on"' }`);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    const dying = await engine.worker({ FERMATA_FAILPOINT: 'after-commit-before-signal:1' });
    await engine.emit('unsent');
    await waiting(id);
    await lamp('unsent', { status: 'on' });
    await until('the worker died', () => dying.exited(), 20_000);
    workers = [await engine.worker()];
    await engine.ended(1, id, 40_000);
  }, 90_000);

  test('looks again when its worker died between arming and looking', async () => {
    const id = await save('unlooked', `  - wait_until: { condition: 'state.lamp.unlooked.status == "on"' }`);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    const dying = await engine.worker({ FERMATA_FAILPOINT: 'after-wait-armed:1' });
    await engine.emit('unlooked');
    await until('the worker died', () => dying.exited(), 20_000);
    await lamp('unlooked', { status: 'on' });
    workers = [await engine.worker()];
    await engine.ended(1, id, 40_000);
  }, 90_000);

  test('that was replaced does no step more, whatever is delivered late or again', async () => {
    const id = await engine.save(`
name: replaced
mode: restart
triggers: [{ event: automation.event, config: { type: replaced } }]
actions:
  - wait_until: { condition: 'state.lamp[trigger.payload.data.lamp].status == "on"', timeout_seconds: 3 }
  - { action: integration-webhook.send, config: { url: "$URL/{{ trigger.payload.data.lamp }}" } }
`);
    await engine.emit('replaced', { lamp: 'storm-old' });
    const { run: old } = await waiting(id);
    const storm = Promise.all(
      Array.from({ length: 20 }, (_, n) => lamp('storm-old', { status: n % 2 === 0 ? 'off' : 'dim', n })),
    );
    await engine.emit('replaced', { lamp: 'storm-new' });
    await storm;
    await until('the new one waits', async () => {
      const [first, second] = await engine.runs(id);
      return first?.status === 'cancelled' && second?.status === 'waiting';
    });
    await Promise.all(Array.from({ length: 20 }, (_, n) => lamp('storm-old', { status: 'on', n })));
    // Every change is delivered once more, and wakes of the old run come late.
    await engine.database.pool.query(`update changes set routed_at = null where entity_id = 'storm-old'`);
    const handle = temporal.workflow.getHandle(old.workflow_id);
    for (let n = 0; n < 10; n += 1) await handle.signal('wake', { runId: old.id, path: 'actions[0]' });
    await routed();
    await lamp('storm-new', { status: 'on' });
    const runs = await engine.ended(2, id, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'success']);
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/storm-new']);
    expect((await engine.steps(old.id)).map(({ path }) => path)).toEqual(['actions[0]']);
  }, 60_000);

  test('is gone from what is armed when it is cancelled, and no late wake makes it do a step', async () => {
    const id = await save(
      'gone',
      `  - wait_until: { condition: 'state.lamp.gone.status == "on"' }
  - { action: integration-webhook.send, config: { url: "$URL/never" } }`,
    );
    await engine.emit('gone');
    const { run } = await waiting(id);
    const cancelled = call('POST', `/runs/${run.id}/cancel`);
    await Promise.all([cancelled, ...Array.from({ length: 20 }, () => call('GET', `/runs/${run.id}`))]);
    expect(await waitsOf(run.id)).toEqual([]);
    for (const n of [1, 2, 3]) await lamp('gone', { status: 'on', n });
    await routed();
    await engine.ended(1, id);
    expect(engine.receiver.received).toEqual([]);
    const other = await save(
      'deleted',
      `  - wait_for_trigger: { event: automation.event, config: { type: x }, context_key: "*" }`,
    );
    await engine.emit('deleted');
    const { run: doomed } = await waiting(other);
    await call('DELETE', `/automations/${other}`);
    expect(await waitsOf(doomed.id)).toEqual([]);
  }, 60_000);
});
