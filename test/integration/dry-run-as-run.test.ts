import { AUTOMATION, dryRun, NOON } from '../support/dry-run';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

describe('a dry run', () => {
  let api: ApiHarness;
  beforeAll(async () => {
    api = await startApiHarness();
  });
  afterAll(() => api.end());

  const dry = (body: unknown, of: string) => dryRun(api, of, body);

  describe('has the gates of routing, which', () => {
    /** Id of an automation without runs. */
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

    it('require a number to cross a bound from outside the range', async () => {
      const crossing = definition({ on: 'crossing' });
      const gateOf = async (systemId: string) => {
        const { outcome, gates } = await report({ definition: crossing, payload: own(systemId, 900) });
        return [outcome, gates[0]?.detail];
      };
      const inside = 'The number was already in the range, or its previous value is unknown.';
      expect(await gateOf('unknown')).toEqual(['config', inside]);
      await result('rising', 100);
      expect(await gateOf('rising')).toEqual(['would_run', undefined]);
      await result('rising', 700);
      expect(await gateOf('rising')).toEqual(['config', inside]);
      const changeId = await changeOf('rising', 'healthcheck.check_completed');
      await result('rising', 800);
      expect(await report({ definition: crossing, changeId })).toMatchObject({ outcome: 'would_run' });
    });

    it('build the payload of a trigger from an event of the trigger that it reads', async () => {
      const completed = { systemId: 'read', configurationId: 'http', status: 'healthy', timestamp: NOON };
      const read = await report({ definition: definition({}), payload: { ...completed, latencyMs: 900 } });
      expect(read).toMatchObject({ outcome: 'would_run', steps: [{ config: { message: 'took 900 ms' } }] });
      const given = await report({ definition: definition({}), payload: { systemId: 'read', value: 900 } });
      expect(given).toMatchObject({ outcome: 'would_run', steps: [{ config: { message: 'took 900 ms' } }] });
      expect(given.gates[0]?.detail).toMatch(/look different: payload\.configurationId/);
      const without = await report({ definition: definition({}), payload: completed });
      expect(without).toMatchObject({ outcome: 'config', steps: [], end: null });
      expect(without.gates[0]?.detail).toBe('The event does not match the config of the trigger.');
    });

    it('provide the state before and after a past change, and accept a made-up change', async () => {
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

    it('give the reason if the filter is false or a variable fails', async () => {
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

  describe('performs steps, which', () => {
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

    it('advance the clock at delays and timed-out waits, separately in each branch', async () => {
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

    it('end loops at max_iterations with a warning or after 10 iterations, and list branches whose `when` fails', async () => {
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

    it('end at a stop, which cancels the steps around it; later branches do not begin', async () => {
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

    it('see the result of a wait that timed out, even if the wait fails', async () => {
      const wait = { wait_for_trigger: { event: 'incident.resolved', timeout_seconds: 5 } };
      const { at, report } = await steps(
        [
          { id: 'w', continue_on_error: true, ...wait },
          log('{{ wait.completed }}'),
          wait,
          { parallel: [{ id: 'last', ...wait }] },
        ],
        { on_failure: [log('{{ wait.completed }}')] },
        { mocks: { w: { completed: false }, last: { completed: false } } },
      );
      expect(at('actions[0]')).toMatchObject({ status: 'failed', error: { code: 'wait_timeout' } });
      expect(at('actions[1]')?.config).toEqual({ message: false });
      expect(at('actions[2]')).toMatchObject({ status: 'success', result: { wait: { completed: true } } });
      expect(at('on_failure[0]')?.config).toEqual({ message: false });
      expect(report.end).toMatchObject({ status: 'failed', error: { code: 'wait_timeout' } });
    });

    it('end with an error after 1,000 steps, even with continue_on_error', async () => {
      const deep = times(10, { sequence: [times(10, { sequence: [times(10)] })] });
      const { report } = await steps([{ ...deep, continue_on_error: true }], { on_failure: [log('not shown')] });
      expect(report.steps).toHaveLength(1_000);
      expect(report.end).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } });
    });
  });
});
