import { AUTOMATION, dryRun, NOON, PAYLOAD } from '../support/dry-run';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

describe('a dry run', () => {
  let api: ApiHarness;
  let id: string;
  beforeAll(async () => {
    api = await startApiHarness();
    const created = await api.call('POST', `${BASE}/automations`, { body: AUTOMATION });
    expect(created.body['errors']).toBeUndefined();
    id = String(created.body['id']);
  });
  afterAll(() => api.end());

  const dry = (body: unknown, of = id) => dryRun(api, of, body);

  it('returns gates, rendered configs, chosen branches and the end, and has no effects', async () => {
    const { status, report } = await dry({
      triggerId: 'down',
      payload: PAYLOAD,
      now: NOON,
      mocks: { open: { incidentId: 'INC-1' } },
    });
    expect(status).toBe(200);
    expect(report.outcome).toBe('would_run');
    expect(report.gates.map(({ gate, passed }) => [gate, passed])).toEqual([
      ['config', true],
      ['filter', true],
      ['variables', true],
      ['conditions', true],
      ['concurrency', true],
    ]);
    expect(report.gates[3]?.conditions).toEqual([
      expect.objectContaining({ value: true, actual: 'checkout', wanted: { '!=': 'ignored' } }),
      expect.objectContaining({ value: true, actual: 'tue 12:00:00 (UTC)' }),
    ]);
    expect(report.steps.map((step) => [step.path, step.status])).toEqual([
      ['actions[0]', 'success'],
      ['actions[1]', 'success'],
      ['actions[1].choose[1].sequence[0]', 'success'],
      ['actions[1].choose[1].sequence[1]', 'success'],
      ['actions[1].choose[1].sequence[2]', 'success'],
      ['actions[2]', 'success'],
    ]);
    const [open, choose, , delay, notify] = report.steps;
    expect(open?.config).toMatchObject({ title: 'CHECKOUT is down', systemIds: ['checkout'] });
    expect(choose?.result).toEqual({ branch: 1 });
    expect(choose?.trace?.conditions?.map(({ value }) => value)).toEqual([false, true]);
    expect(delay?.result).toEqual({ waitsFor: { seconds: 900 } });
    expect(notify?.config).toMatchObject({
      url: 'http://receiver.test/INC-1',
      bearerToken: '${{ secrets.CHAT }}',
    });
    expect(report.end).toMatchObject({ status: 'success', endedBy: { kind: 'condition', path: 'actions[2]' } });
    for (const table of ['runs', 'run_steps', 'artifacts', 'incidents', 'changes', 'evaluations']) {
      expect([table, await api.rows(`select 1 from ${table}`)]).toEqual([table, []]);
    }
  });

  it('stops at the first gate that refuses', async () => {
    const healthy = await dry({ triggerId: 'down', payload: { ...PAYLOAD, newStatus: 'healthy' }, now: NOON });
    expect(healthy.report).toMatchObject({ outcome: 'filter', steps: [], end: null });
    expect(healthy.report.gates.at(-1)?.conditions).toEqual([
      expect.objectContaining({ value: false, actual: 'healthy', wanted: { '==': 'unhealthy' } }),
    ]);
    const night = await dry({ payload: PAYLOAD, now: '2026-11-24T03:00:00Z' });
    expect(night.report).toMatchObject({ outcome: 'condition', steps: [] });
    expect(night.report.gates.at(-1)).toMatchObject({ gate: 'conditions', passed: false });
    expect(night.report.gates.at(-1)?.conditions?.map(({ value }) => value)).toEqual([true, false]);
    expect((await dry({ triggerId: 'none' })).status).toBe(422);
    const partial = await dry({ triggerId: 'down', payload: { newStatus: 'unhealthy' }, now: NOON });
    expect(partial.report.gates[0]?.detail).toMatch(/look different: payload\.systemId/);
  });

  it('reports already_running if another run is active, and still shows the steps', async () => {
    await api.call('POST', `${BASE}/automations/${id}/runs`, { body: { contextKey: 'checkout' } });
    const { report } = await dry({ payload: PAYLOAD, now: NOON });
    expect(report.outcome).toBe('already_running');
    expect(report.steps.length).toBeGreaterThan(0);
    expect((await dry({ payload: PAYLOAD, now: NOON, contextKey: 'elsewhere' })).report.outcome).toBe('would_run');
  });

  it('fails where a run would fail, unless continue_on_error is set', async () => {
    const created = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'fails',
        triggers: [{ event: 'incident.created' }],
        actions: [
          { continue_on_error: true, variables: { a: '{{ 1 / "x" }}' } },
          { enabled: '1 == 2', action: 'automation.log', config: { message: 'skipped' } },
          {
            id: 'bad',
            action: 'incident.create',
            config: { title: 'x', severity: '{{ "nonsense" }}', systemIds: ['a'] },
          },
          { action: 'automation.log', config: { message: 'not reached' } },
        ],
      },
    });
    expect(created.body['errors']).toBeUndefined();
    const { report } = await dry({}, String(created.body['id']));
    expect(report.steps.map(({ path, status }) => [path, status])).toEqual([
      ['actions[0]', 'failed'],
      ['actions[1]', 'skipped'],
      ['actions[2]', 'failed'],
    ]);
    expect(report.end).toMatchObject({
      status: 'failed',
      error: { code: 'config_invalid', path: 'actions[2]', actionId: 'bad' },
    });
  });

  it('shows concurrent iterations with their own variables, and the first error by item', async () => {
    const created = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'beside',
        triggers: [{ event: 'incident.created' }],
        actions: [
          {
            continue_on_error: true,
            repeat: {
              for_each: '[1, 2, 3, 4, 5, 6]',
              parallel: 2,
              sequence: [
                { variables: { count: '{{ (variables.count | default(0)) + 1 }}', last: '{{ repeat.item }}' } },
                { enabled: 'repeat.item == 3', delay: { template: '{{ "never" }}' } },
              ],
            },
          },
          { variables: { all: '{{ [variables.count, variables.last] }}' } },
        ],
      },
    });
    const { report } = await dry({ contextKey: 'k' }, String(created.body['id']));
    const at = (path: string) => report.steps.find((step) => step.path === path);
    expect(at('actions[0]')).toMatchObject({
      ...{ status: 'failed', result: { iterations: 4, count: 6 } },
      error: { path: 'actions[0].repeat[2].sequence[1]' },
    });
    expect(at('actions[0].repeat[3].sequence[0]')?.result).toEqual({ count: 1, last: 4 });
    expect(at('actions[1]')?.result).toEqual({ all: [1, 4] });
  });

  it('performs loops, concurrent branches, waits and on_failure', async () => {
    const definition = {
      name: 'every kind',
      triggers: [{ id: 't', event: 'incident.created' }],
      variables: { n: 0 },
      actions: [
        {
          repeat: {
            for_each: '["a", "b"]',
            sequence: [
              { condition: 'repeat.item == "b"' },
              { variables: { seen: '{{ repeat.item }}{{ repeat.index }}' } },
            ],
          },
        },
        {
          parallel: [
            { variables: { left: '{{ variables.seen }}' } },
            { sequence: [{ variables: { right: '{{ variables.left | default("not seen") }}' } }] },
          ],
        },
        { wait_until: { condition: 'state.health.shop.status == "healthy"', timeout_seconds: 60 } },
        { wait_for_trigger: { event: 'incident.resolved', context_key: 'key-{{ variables.seen }}' } },
        {
          repeat: {
            while: 'true',
            sequence: [{ action: 'automation.log', config: { message: 'round {{ repeat.index }}' } }],
          },
        },
        { stop: { reason: 'enough', error: true } },
      ],
      on_failure: [{ action: 'automation.log', config: { message: 'failed: {{ run.error.message }}' } }],
    };
    const created = await api.call('POST', `${BASE}/automations`, { body: definition });
    expect(created.body['errors']).toBeUndefined();
    const { report } = await dry({ contextKey: 'k' }, String(created.body['id']));
    const at = (path: string) => report.steps.find((step) => step.path === path);
    expect(report.steps.map(({ path }) => path).slice(0, 9)).toEqual([
      'actions[0]',
      'actions[0].repeat[0].sequence[0]',
      'actions[0].repeat[1].sequence[0]',
      'actions[0].repeat[1].sequence[1]',
      'actions[1]',
      'actions[1].parallel[0]',
      'actions[1].parallel[1]',
      'actions[1].parallel[1].sequence[0]',
      'actions[2]',
    ]);
    expect(at('actions[0]')?.result).toEqual({ iterations: 2, count: 2 });
    expect(at('actions[1].parallel[0]')?.result).toEqual({ left: 'b1' });
    expect(at('actions[1].parallel[1].sequence[0]')?.result).toEqual({ right: 'not seen' });
    expect(at('actions[2]')).toMatchObject({
      result: { waitsFor: { holdsNow: false, refs: ['health:shop'], timeoutSeconds: 60 } },
      trace: { conditions: [{ value: false, wanted: { '==': 'healthy' } }] },
    });
    expect(at('actions[3]')?.result).toMatchObject({ waitsFor: { event: 'incident.resolved', contextKey: 'key-b1' } });
    expect(at('actions[4]')?.result).toMatchObject({
      iterations: 10,
      cut: expect.stringContaining('first 10') as string,
    });
    expect(report.end).toMatchObject({ status: 'failed', endedBy: { kind: 'stop' }, error: { message: 'enough' } });
    expect(at('on_failure[0]')?.config).toMatchObject({ message: 'failed: enough' });
  });

  it('uses the given clock, even for the number of loop iterations', async () => {
    const saved = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'repeats by the clock',
        triggers: [{ event: 'automation.event', config: { type: 'clock' } }],
        actions: [
          {
            repeat: {
              count: '{{ now < "2020-01-01T00:00:00Z" ? 3 : 1 }}',
              sequence: [{ action: 'automation.log', config: { message: '{{ now | date("HH:mm") }}' } }],
            },
          },
          {
            repeat: {
              for_each: '{{ [now] }}',
              sequence: [{ variables: { at: '{{ repeat.item }}' } }],
            },
          },
        ],
      },
    });
    const { report } = await dry(
      { payload: { type: 'clock', data: {} }, now: '2019-06-01T12:00:00.000Z' },
      String(saved.body['id']),
    );
    expect(report.steps[0]?.result).toEqual({ iterations: 3, count: 3 });
    expect(report.steps[1]?.config).toMatchObject({ message: '12:00' });
    expect(report.steps.at(-1)?.result).toEqual({ at: '2019-06-01T12:00:00.000Z' });
  });

  it('accepts an unsaved document, and reports errors in it', async () => {
    const input = { triggerId: 'down', payload: PAYLOAD, now: NOON, mocks: { open: { incidentId: 'INC-1' } } };
    const path = `${BASE}/automations/dry-run`;
    const before = await api.call('GET', `${BASE}/automations`);
    const answer = await api.call('POST', path, { body: { ...input, definition: AUTOMATION } });
    expect(answer.status).toBe(200);
    const saved = await dry(input);
    expect(answer.body).toMatchObject({
      outcome: 'would_run',
      steps: saved.report.steps.map(({ path: at }) => ({ path: at })),
    });
    const invalid = await api.call('POST', path, { body: { ...input, definition: { name: 'x' } } });
    expect(invalid.status).toBe(422);
    const without = await api.call('POST', path, { body: input });
    expect(without.status).toBe(422);
    expect((await api.call('GET', `${BASE}/automations`)).body).toEqual(before.body);
  });

  it('refuses mocks of steps that do not exist, and values that the step cannot produce', async () => {
    const saved = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'mocked',
        triggers: [{ event: 'automation.event', config: { type: 'x' } }],
        actions: [
          { id: 'open', action: 'incident.create', config: { title: 'x', severity: 'minor', systemIds: ['a'] } },
          {
            repeat: {
              count: 2,
              sequence: [{ id: 'ack', wait_for_trigger: { event: 'automation.event', config: { type: 'ack' } } }],
            },
          },
        ],
        on_failure: [{ action: 'automation.log', config: { message: 'hi' } }],
      },
    });
    const withMocks = async (mocks: unknown) => {
      const path = `${BASE}/automations/${String(saved.body['id'])}/dry-run`;
      const { status, body } = await api.call('POST', path, { body: { payload: { type: 'x', data: {} }, mocks } });
      const errors = (body['errors'] ?? []) as { path: string; code: string }[];
      return [status, ...errors.map(({ path: place, code }) => `${place} ${code}`)];
    };
    expect(await withMocks({ zz: {}, 'actions[7]': {}, actions: {} })).toEqual([
      422,
      'mocks.zz unknown_step',
      'mocks["actions[7]"] unknown_step',
      'mocks.actions unknown_step',
    ]);
    const wrong = { 'actions[0]': { incidentId: 5, systemIds: [1] }, ack: { completed: 'no' } };
    expect(await withMocks(wrong)).toEqual([
      422,
      'mocks["actions[0]"].incidentId invalid_type',
      'mocks["actions[0]"].systemIds[0] invalid_type',
      'mocks.ack.completed invalid_type',
    ]);
    const right = {
      open: { incidentId: 'INC-1' },
      'actions[1].repeat[1].sequence[0]': { by: 'ada' },
      'on_failure[0]': {},
    };
    expect(await withMocks(right)).toEqual([200]);
  });

  it('requires the permission to manage automations', async () => {
    const answer = await api.call('POST', `${BASE}/automations/${id}/dry-run`, {
      body: {},
      token: await api.token('viewer'),
    });
    expect(answer.status).toBe(403);
  });

  it('skips waits, and provides their results or mocks to later steps', async () => {
    const saved = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'waits',
        triggers: [{ event: 'automation.event', config: { type: 'x' } }],
        actions: [
          { id: 'ack', wait_for_trigger: { event: 'automation.event', config: { type: 'ack' }, timeout_seconds: 60 } },
          { variables: { by: '{{ wait.trigger.payload.by | default("nobody") }}', done: '{{ wait.completed }}' } },
        ],
      },
    });
    const of = String(saved.body['id']);
    const result = async (mocks: unknown) => (await dry({ payload: { type: 'x', data: {} }, mocks }, of)).report;
    const passed = await result({});
    expect(passed.steps[1]?.result).toEqual({ by: 'nobody', done: true });
    const acknowledged = await result({ ack: { trigger: { payload: { by: 'ada' } } } });
    expect(acknowledged.steps[1]?.result).toEqual({ by: 'ada', done: true });
    const late = await result({ 'actions[0]': { completed: false } });
    expect(late.end).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[0]' } });
  });

  it('accepts a past change as the trigger received it, even if the change started nothing', async () => {
    const id = String(
      (await api.call('POST', `${BASE}/automations`, { body: { ...AUTOMATION, name: 'past' } })).body.id,
    );
    const event = {
      specversion: '1.0',
      id: 'past-1',
      source: '/test',
      type: 'deploy',
      subject: 'shop',
      data: { a: 1 },
    };
    const { body } = await api.call('POST', `${BASE}/events`, { body: event });
    const [changeId] = body['changeIds'] as string[];
    const definition = {
      name: 'runs for deploys',
      triggers: [{ event: 'automation.event', config: { type: 'deploy' }, filter: 'trigger.payload.data.a == 2' }],
      actions: [{ action: 'automation.log', config: { message: '{{ trigger.payload.subject }}' } }],
    };
    const tryOut = (more: object) =>
      api.call('POST', `${BASE}/automations/${id}/dry-run`, { body: { changeId, ...more } });
    expect((await tryOut({ definition })).body).toMatchObject({ outcome: 'filter' });
    const { filter: _filter, ...open } = definition.triggers[0] ?? {};
    expect((await tryOut({ definition: { ...definition, triggers: [open] } })).body).toMatchObject({
      outcome: 'would_run',
      steps: [{ config: { message: 'shop' } }],
    });
    expect((await tryOut({})).status).toBe(422);
    expect((await tryOut({ definition, payload: {} })).status).toBe(422);
  });
});
