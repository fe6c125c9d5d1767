import { Definition } from '../../src/domain/definition/schema';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

interface DryRunReport {
  outcome: string;
  gates: { gate: string; passed: boolean | null; detail?: string; conditions?: Record<string, unknown>[] }[];
  steps: {
    path: string;
    status: string;
    config: Record<string, unknown> | null;
    result: Record<string, unknown> | null;
    error: Record<string, unknown> | null;
    trace: { conditions?: Record<string, unknown>[] } | null;
  }[];
  end: Record<string, unknown> | null;
}

const AUTOMATION = {
  name: 'tried out',
  variables: { who: '{{ trigger.payload.systemId | upper }}' },
  triggers: [
    {
      id: 'down',
      event: 'healthcheck.system_health_changed',
      filter: 'trigger.payload.newStatus == "unhealthy"',
    },
  ],
  conditions: ['trigger.payload.systemId != "ignored"', { time: { after: '08:00', before: '18:00' } }],
  concurrency_scope: 'context_key',
  actions: [
    {
      id: 'open',
      action: 'incident.create',
      config: {
        title: '{{ variables.who }} is down',
        severity: 'critical',
        systemIds: ['{{ trigger.payload.systemId }}'],
      },
    },
    {
      choose: [
        { when: 'artifacts.open.incident.incidentId == "other"', sequence: [{ stop: { reason: 'no' } }] },
        {
          when: 'artifacts.open.incident.incidentId == "INC-1"',
          sequence: [
            { variables: { seen: '{{ artifacts.open.incident.incidentId }}' } },
            { delay: { minutes: 15 } },
            {
              id: 'notify',
              action: 'integration-webhook.send',
              config: {
                url: 'http://far-end.test/{{ variables.seen }}',
                authType: 'bearer',
                bearerToken: '${{ secrets.CHAT }}',
              },
            },
          ],
        },
      ],
    },
    { condition: 'variables.seen == "INC-2"' },
    { action: 'automation.log', config: { message: 'never' } },
  ],
};

const PAYLOAD = { systemId: 'checkout', previousStatus: 'healthy', newStatus: 'unhealthy' };
const NOON = '2026-11-24T12:00:00Z';

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

  const dry = async (body: unknown, of = id) => {
    const answer = await api.call('POST', `${BASE}/automations/${of}/dry-run`, { body });
    return { status: answer.status, report: answer.body as unknown as DryRunReport };
  };

  it('returns gates, rendered configs, chosen branches and the end, and performs nothing', async () => {
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
      url: 'http://far-end.test/INC-1',
      bearerToken: '${{ secrets.CHAT }}',
    });
    expect(report.end).toMatchObject({ status: 'success', endedBy: { kind: 'condition', path: 'actions[2]' } });
    for (const table of ['runs', 'run_steps', 'artifacts', 'incidents', 'changes', 'evaluations']) {
      expect([table, await api.rows(`select 1 from ${table}`)]).toEqual([table, []]);
    }
  });

  it('stops at the gate that lets nothing through', async () => {
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

  it('goes through what another run occupies, and says so', async () => {
    await api.call('POST', `${BASE}/automations/${id}/runs`, { body: { contextKey: 'checkout' } });
    const { report } = await dry({ payload: PAYLOAD, now: NOON });
    expect(report.outcome).toBe('already_running');
    expect(report.steps.length).toBeGreaterThan(0);
    expect((await dry({ payload: PAYLOAD, now: NOON, contextKey: 'elsewhere' })).report.outcome).toBe('would_run');
  });

  it('fails where a run would, unless the failure is swallowed', async () => {
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

  it('shows iterations beside each other as a run has them: own variables and artifacts, the first error by item', async () => {
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

  it('goes through loops, branches side by side, waits and on_failure', async () => {
    const created = await api.call('POST', `${BASE}/automations`, {
      body: { name: 'every kind', triggers: [{ event: 'incident.created' }] },
    });
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
    // What the engine cannot do yet is refused by the API, and reported by a dry run.
    await api.rows('update automation_versions set definition = $1 where automation_id = $2', [
      JSON.stringify(Definition.parse(definition)),
      created.body['id'],
    ]);
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

  it('reads the clock it is given, in how often a loop turns as well', async () => {
    const saved = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'turns by the clock',
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

  it('takes a document before it is an automation, and reports what is wrong with one', async () => {
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

  it('needs the permission to manage', async () => {
    const answer = await api.call('POST', `${BASE}/automations/${id}/dry-run`, {
      body: {},
      token: await api.token('viewer'),
    });
    expect(answer.status).toBe(403);
  });

  it('passes waits, and shows what steps after them see', async () => {
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

  it('takes a past change, also one that started nothing, as the trigger heard it', async () => {
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
      name: 'hears deploys',
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

  describe('goes through the gates that routing uses', () => {
    /** An automation without runs. */
    let free: string;
    beforeAll(async () => {
      free = String(
        (await api.call('POST', `${BASE}/automations`, { body: { ...AUTOMATION, name: 'free' } })).body['id'],
      );
    });
    const definition = (config: object, more: object = {}) => ({
      name: 'slow',
      triggers: [{ event: 'automation.numeric_state', config: { field: 'latencyMs', above: 500, ...config }, ...more }],
      actions: [{ action: 'automation.log', config: { message: 'took {{ trigger.payload.value }} ms' } }],
    });
    const result = async (systemId: string, latencyMs: number) => {
      const body = { systemId, configurationId: 'http', status: 'healthy', latencyMs };
      expect((await api.call('POST', `${BASE}/health/results`, { body })).status).toBe(202);
    };
    const report = async (body: object) => {
      const answer = await dry(body, free);
      expect(answer.status).toBe(200);
      return answer.report;
    };
    const own = (systemId: string, value: number) => ({
      ...{ systemId, configurationId: 'http', status: 'healthy', field: 'latencyMs', value },
      ...{ above: 500, below: null, timestamp: NOON },
    });
    const changeOf = async (systemId: string, event: string | null) => {
      const [row] = await api.rows<{ change_id: string }>(
        'select change_id from changes where entity_id = $1 and event is not distinct from $2 order by seq desc limit 1',
        [systemId, event],
      );
      return row?.change_id;
    };

    it('a number that crosses a bound has to come from outside of the range', async () => {
      const crossing = definition({ on: 'crossing' });
      const gateOf = async (systemId: string) => {
        const { outcome, gates } = await report({ definition: crossing, payload: own(systemId, 900) });
        return [outcome, gates[0]?.detail];
      };
      const inside = 'The number was in the range before, or is not known to have been outside.';
      expect(await gateOf('unknown')).toEqual(['config', inside]);
      await result('rising', 100);
      expect(await gateOf('rising')).toEqual(['would_run', undefined]);
      await result('rising', 700);
      expect(await gateOf('rising')).toEqual(['config', inside]);
      const changeId = await changeOf('rising', 'healthcheck.check_completed');
      await result('rising', 800);
      expect(await report({ definition: crossing, changeId })).toMatchObject({ outcome: 'would_run' });
    });

    it('a trigger that reads the events of another one makes its own payload of theirs', async () => {
      const completed = { systemId: 'read', configurationId: 'http', status: 'healthy', timestamp: NOON };
      const read = await report({ definition: definition({}), payload: { ...completed, latencyMs: 900 } });
      expect(read).toMatchObject({ outcome: 'would_run', steps: [{ config: { message: 'took 900 ms' } }] });
      const given = await report({ definition: definition({}), payload: { systemId: 'read', value: 900 } });
      expect(given).toMatchObject({ outcome: 'would_run', steps: [{ config: { message: 'took 900 ms' } }] });
      expect(given.gates[0]?.detail).toMatch(/look different: payload\.configurationId/);
      const without = await report({ definition: definition({}), payload: completed });
      expect(without).toMatchObject({ outcome: 'config', steps: [], end: null });
      expect(without.gates[0]?.detail).toBe('The event has nothing that the config of the trigger asks for.');
    });

    it('a past change of state shows what was before and after, and the context key may be another', async () => {
      await result('seen', 5);
      const changeId = await changeOf('seen', null);
      const listening = {
        name: 'listens',
        triggers: [
          {
            event: 'automation.entity_changed',
            config: { kind: 'health' },
            filter: 'trigger.next.status == "healthy"',
          },
        ],
        conditions: ['trigger.changeId != null'],
        actions: [
          { action: 'automation.log', config: { message: '{{ trigger.prev | json }} → {{ trigger.next.status }}' } },
        ],
      };
      expect(await report({ definition: listening, changeId })).toMatchObject({
        outcome: 'would_run',
        steps: [{ config: { message: 'null → healthy' } }],
      });
      const payload = {
        kind: 'health',
        id: 'made-up',
        prev: null,
        next: { status: 'healthy' },
        delta: {},
        changedFields: [],
      };
      expect(await report({ definition: listening, payload })).toMatchObject({ outcome: 'would_run' });
    });

    it('filter and variables refuse with their reasons', async () => {
      const listening = {
        ...definition({}, { filter: 'trigger.payload.value > 1000' }),
        ...{ variables: { a: '{{ 1 / "x" }}' } },
      };
      expect(await report({ definition: listening, payload: own('x', 501) })).toMatchObject({
        outcome: 'filter',
        gates: [
          { gate: 'config', passed: true },
          { gate: 'filter', passed: false, detail: expect.any(String) },
        ],
      });
      expect(await report({ definition: listening, payload: own('x', 1001) })).toMatchObject({
        outcome: 'error',
        gates: [{}, {}, { gate: 'variables', passed: false, detail: expect.stringMatching(/^variables: /) as string }],
      });
    });
  });

  describe('drives the steps as a run does', () => {
    const steps = async (actions: object[], more: object = {}, body: object = {}) => {
      const name = 'drives';
      const definition = { name, triggers: [{ event: 'incident.created' }], actions, ...more };
      const created = await api.call('POST', `${BASE}/automations`, { body: definition });
      expect(created.body['errors']).toBeUndefined();
      const { report } = await dry({ contextKey: name, ...body }, String(created.body['id']));
      return { report, at: (path: string) => report.steps.find((step) => step.path === path) };
    };
    const log = (message: string) => ({ action: 'automation.log', config: { message } });
    const times = (count: number, more: object = {}) => ({
      repeat: { count, sequence: [{ variables: { n: 1 } }], ...more },
    });

    it('delays and waits that time out move the clock on, in each branch its own', async () => {
      const wait = { id: 'w', wait_until: { condition: '1 == 2', timeout_seconds: 60, continue_on_timeout: true } };
      const { at } = await steps(
        [
          {
            parallel: [
              { sequence: [{ delay: { minutes: 10 } }, log('{{ now }}')] },
              { sequence: [wait, log('{{ now }}')] },
            ],
          },
          log('{{ now }} {{ wait.completed | default("none") }}'),
        ],
        {},
        { now: NOON, mocks: { w: { completed: false } } },
      );
      expect(at('actions[0].parallel[0].sequence[1]')?.config).toEqual({ message: '2026-11-24T12:10:00.000Z' });
      expect(at('actions[0].parallel[1].sequence[1]')?.config).toEqual({ message: '2026-11-24T12:01:00.000Z' });
      expect(at('actions[0].parallel[1].sequence[0]')?.result).toMatchObject({
        wait: { completed: false, remainingSeconds: 0 },
      });
      expect(at('actions[1]')?.config).toEqual({ message: '2026-11-24T12:10:00.000Z none' });
    });

    it('loops end at max_iterations with a warning, and branches whose `when` fails are listed', async () => {
      const { at } = await steps([
        times(5, { max_iterations: 3 }),
        times(12),
        { choose: [{ when: '1 / "x" > 2', sequence: [log('no')] }], else: [log('else')] },
      ]);
      expect(at('actions[0]')?.result).toEqual({
        ...{ iterations: 3, count: 5 },
        warning: 'Ended at max_iterations (3).',
      });
      expect(at('actions[1]')?.result).toEqual({
        ...{ iterations: 10, count: 12 },
        cut: 'only the first 10 iterations are shown',
      });
      expect(at('actions[2]')?.result).toEqual({ branch: 'else', errors: [{ branch: 0, error: expect.any(String) }] });
    });

    it('a stop cancels the steps around it, and branches beside it that have not begun', async () => {
      const { report } = await steps([
        { parallel: [log('first'), { sequence: [{ stop: { reason: 'enough' } }] }, log('third')] },
        log('after'),
      ]);
      expect(report.steps.map(({ path, status }) => [path, status])).toEqual([
        ['actions[0]', 'cancelled'],
        ['actions[0].parallel[0]', 'success'],
        ['actions[0].parallel[1]', 'cancelled'],
        ['actions[0].parallel[1].sequence[0]', 'success'],
      ]);
      expect(report.end).toMatchObject({ status: 'success', endedBy: { kind: 'stop', reason: 'enough' } });
    });

    it('steps see no wait that failed, and what a template could not read is a warning', async () => {
      const { at, report } = await steps(
        [
          { id: 'w', continue_on_error: true, wait_for_trigger: { event: 'incident.resolved', timeout_seconds: 5 } },
          log('{{ wait.completed | default("none") }}'),
        ],
        {},
        { mocks: { w: { completed: false } } },
      );
      expect(at('actions[0]')).toMatchObject({ status: 'failed', error: { code: 'wait_timeout' } });
      expect(at('actions[1]')?.config).toEqual({ message: 'none' });
      expect(report.end).toMatchObject({ status: 'success' });
    });

    it('ends at 1,000 steps, also when failures are swallowed', async () => {
      const deep = times(10, { sequence: [times(10, { sequence: [times(10)] })] });
      const { report } = await steps([{ ...deep, continue_on_error: true }], { on_failure: [log('not shown')] });
      expect(report.steps).toHaveLength(1_000);
      expect(report.end).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } });
    });
  });
});
