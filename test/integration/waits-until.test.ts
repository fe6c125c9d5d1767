import { allowedMs, until } from '../support/until';
import { startWaitingRuns, type WaitingRuns } from '../support/waiting-runs';

describe('a run that waits until a condition holds', () => {
  let w: WaitingRuns;
  beforeAll(async () => {
    w = await startWaitingRuns();
  }, 360_000);
  beforeEach(() => w.engine.receiver.reset());
  afterAll(() => w.end());

  test('continues immediately if the condition already holds', async () => {
    await w.lamp('now', { status: 'on' });
    const id = await w.save('until.now', `  - wait_until: { condition: 'state.lamp.now.status == "on"' }`);
    await w.engine.emit('until.now');
    const [run] = await w.engine.ended(1, id);
    expect(run?.status).toBe('success');
    expect(await w.resultOf(run?.id ?? '', 'actions[0]')).toEqual({ completed: true, remainingSeconds: null });
  }, 180_000);

  test('waits until a change makes the condition true, without a workflow task for irrelevant changes', async () => {
    const id = await w.save(
      'until.later',
      `  - wait_until: { condition: 'state.lamp.later.status == "on"', timeout_seconds: 600 }
  - variables: { seen: "{{ wait.completed }}", left: "{{ wait.remainingSeconds > 500 }}" }`,
    );
    await w.engine.emit('until.later');
    const { run, wait } = await w.waiting(id);
    expect(wait).toMatchObject({
      kind: 'wait_until',
      refs: ['lamp:later'],
      path: 'actions[0]',
      recheckAt: null,
      event: null,
    });
    const before = await until('its workflow task has ended', async () => (await w.tasksOf(run)) || false);
    for (const brightness of [1, 2, 3, 4, 5]) await w.lamp('later', { status: 'off', brightness });
    await w.routed();
    expect(await w.tasksOf(run)).toBe(before);
    await w.lamp('later', { status: 'on' });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[1]')).toEqual({ seen: true, left: true });
    expect(await w.waitsOf(run.id)).toEqual([]);
  }, 180_000);

  test('continues when a system has been healthy for long enough, without a further change', async () => {
    const id = await w.save(
      'until.clock',
      `  - wait_until:
      condition: 'health.system.status == "healthy" && (health.system.in_status_since | older_than(3000))'
      timeout_seconds: 60`,
    );
    const report = (status: string) =>
      w.call('POST', '/health/results', { systemId: 'db', configurationId: 'http', status });
    await report('unhealthy');
    await w.engine.emit('until.clock', {}, { subject: 'db' });
    const { wait } = await w.waiting(id);
    expect(wait.refs).toEqual(['health:db']);
    await report('healthy');
    const began = Date.now();
    const [run] = await w.engine.ended(1, id, 20_000);
    expect(run?.status).toBe('success');
    expect(Date.now() - began).toBeGreaterThan(2_000);
    expect(Date.now() - began).toBeLessThan(allowedMs(10_000));
  }, 180_000);

  test('continues after its timeout, or fails if continue_on_timeout is false', async () => {
    const wait = `{ condition: 'state.lamp.never.status == "on"', timeout_seconds: 1`;
    const id = await w.save(
      'until.timeout',
      `  - wait_until: ${wait} }\n  - variables: { done: "{{ wait.completed }}" }`,
    );
    await w.engine.emit('until.timeout');
    const [run] = await w.engine.ended(1, id);
    expect(await w.resultOf(run?.id ?? '', 'actions[1]')).toEqual({ done: false });
    const strict = await w.save('until.strict', `  - wait_until: ${wait}, continue_on_timeout: false }`);
    await w.engine.emit('until.strict');
    const [failed] = await w.engine.ended(1, strict);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[0]' } });
    expect(await w.waitsOf(failed?.id ?? '')).toEqual([]);
  }, 180_000);

  test('has `wait.completed` false in the next steps and in on_failure after a timeout that failed the wait', async () => {
    const fails = `wait_until: { condition: "1 == 2", timeout_seconds: 1, continue_on_timeout: false }`;
    const id = await w.save(
      'until.failed',
      `  - wait_until: { condition: "1 == 1" }
  - { ${fails}, continue_on_error: true }
  - variables: { done: "{{ wait.completed }}" }
  - wait_until: { condition: "1 == 1" }
  - parallel: [ { ${fails} } ]`,
      `on_failure: [ { variables: { done: "{{ wait.completed }}" } } ]`,
    );
    await w.engine.emit('until.failed');
    const [run] = await w.engine.ended(1, id);
    const { id: runId = '' } = run ?? {};
    expect(run).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[4].parallel[0]' } });
    expect(await w.resultOf(runId, 'actions[2]')).toEqual({ done: false });
    expect(await w.resultOf(runId, 'on_failure[0]')).toEqual({ done: false });
    expect(await w.call('GET', `/runs/${runId}/scope?actionPath=actions[2]`)).toMatchObject({
      scope: { wait: { completed: false, remainingSeconds: 0 } },
    });
  }, 180_000);

  test('waits for any entity of a kind, and returns the id of the entity that changed', async () => {
    const id = await w.save(
      'until.any',
      `  - wait_until: { condition: 'state.lamp[wait.changed.id].alarm == true' }
  - variables: { which: "{{ wait.changed.id }}" }`,
    );
    await w.engine.emit('until.any');
    const { run, wait } = await w.waiting(id);
    expect(wait.refs).toEqual(['lamp:*']);
    await w.lamp('quiet', { alarm: false });
    await w.lamp('loud', { alarm: true });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[1]')).toEqual({ which: 'loud' });
  }, 180_000);

  test('is evaluated every minute, and reports it, if the entities in its condition are unknown', async () => {
    const id = await w.save(
      'until.unclear',
      `  - wait_until: { condition: 'state[state.lamp.selector.kind][state.lamp.selector.id].status == "on"', timeout_seconds: 600 }`,
    );
    const began = Date.now();
    await w.engine.emit('until.unclear');
    const { run, wait } = await w.waiting(id);
    const untilRecheck = Date.parse(wait.recheckAt ?? '') - began;
    expect(untilRecheck).toBeGreaterThanOrEqual(60_000);
    expect(untilRecheck).toBeLessThan(60_000 + allowedMs(10_000));
    // The row of the step is written by the first evaluation after arming.
    await until('the trace contains the warning that the condition is evaluated every minute', async () =>
      JSON.stringify((await w.engine.steps(run.id))[0]?.['trace']).includes('the condition is evaluated every minute'),
    );
  }, 180_000);

  test('continues at a time of day, when a state has lasted, and when a maintenance ends on schedule', async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    await w.call('POST', '/systems', { id: 'mended', name: 'mended' });
    await w.call('POST', '/maintenances', {
      ...{ title: 'Mending', systemIds: ['mended'], startAt: at(-60_000), endAt: at(4_000) },
    });
    await w.call('POST', '/health/results', { systemId: 'lasting', configurationId: 'http', status: 'degraded' });
    const time = at(3_000).slice(11, 19);
    const id = await w.save(
      'until.times',
      `  - parallel:
      - wait_until: { condition: { time: { after: "${time}" } }, timeout_seconds: 30, continue_on_timeout: false }
      - wait_until: { condition: { state: { entity: lasting, status: [degraded, unhealthy], for: { seconds: 3 } } }, timeout_seconds: 30, continue_on_timeout: false }
      - wait_until: { condition: "!health.system.in_maintenance", timeout_seconds: 30, continue_on_timeout: false }`,
    );
    await w.engine.emit('until.times', {}, { subject: 'mended' });
    const { run } = await w.waiting(id);
    await until('more than one wait is armed', async () => (await w.waitsOf(run.id)).length > 1);
    const [ended] = await w.engine.ended(1, id, 25_000);
    expect(ended).toMatchObject({ status: 'success', error: null });
  }, 180_000);

  test('misses no change of any entity of a kind while another change wakes it', async () => {
    const id = await w.save(
      'until.many',
      `  - wait_until: { condition: 'state.lamp[wait.changed.id].alarm == 2', timeout_seconds: 30, continue_on_timeout: false }
  - variables: { which: "{{ wait.changed.id }}" }`,
    );
    await w.engine.emit('until.many', {}, { times: 10 });
    await until(
      'all of them wait',
      async () => (await w.engine.runs(id)).filter(({ status }) => status === 'waiting').length === 10,
      20_000,
    );
    await Promise.all(Array.from({ length: 40 }, (_, n) => w.lamp(`many-${n}`, { alarm: n === 25 ? 2 : 1, n })));
    const runs = await w.engine.ended(10, id, 40_000);
    for (const run of runs) expect(await w.resultOf(run.id, 'actions[1]')).toEqual({ which: 'many-25' });
  }, 180_000);
});
