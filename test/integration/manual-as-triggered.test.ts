import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const automation = (type: string, more: string) => `
name: ${type}
mode: parallel
max_runs: 10
triggers:
  - { id: t, event: automation.event, config: { type: ${type} } }
${more}
actions:
  - { id: noted, action: automation.log, config: { message: "{{ variables.who }} {{ health.systems[variables.who].status }}" } }
`;

interface Started extends Record<string, unknown> {
  id: string;
  variables: Record<string, unknown>;
  context_key: string | null;
}

describe('a manual run, compared with a run that an event starts,', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    [api] = await Promise.all([engine.api(), engine.worker()]);
  }, 360_000);
  afterAll(() => engine.close());

  /** Starts the automation manually with the same payload. */
  const startManually = async (id: string, type: string, data: object, skipConditions = false) => {
    const payload = { type, source: 'test', subject: 's', data };
    const answer = await engine.post(api, `/automations/${id}/runs`, { triggerId: 't', payload, skipConditions });
    return { status: answer.status, body: (await answer.json()) as { code?: string; detail?: string } };
  };
  const started = async (id: string) =>
    (
      await engine.database.pool.query<Started>(
        'select id, variables, context_key from runs where automation_id = $1 order by created_at',
        [id],
      )
    ).rows;
  const traces = async (runId: string) =>
    (
      await engine.database.pool.query<{ path: string; status: string; result: unknown; warnings: unknown }>(
        "select path, status, result, trace -> 'warnings' as warnings from run_steps where run_id = $1 order by path",
        [runId],
      )
    ).rows;

  it('has the same variables, and its steps have the same results and warnings', async () => {
    const variables = `variables:
  who: "{{ trigger.payload.data.name | upper }}"
  about: "{{ variables.who }} in {{ automation.name }}"
  run: "{{ run.id }}"
  missing: "{{ trigger.payload.data.absent }}"
  state: "{{ health.systems['nowhere'].status }}"
conditions: [ "trigger.payload.data.n > 1", "variables.who == 'SHOP'", "run.id == variables.run" ]`;
    const id = await engine.save(automation('same', variables));
    await engine.emit('same', { name: 'shop', n: 2 }, { subject: 's' });
    await engine.ended(1, id);
    expect((await startManually(id, 'same', { name: 'shop', n: 2 })).status).toBe(201);
    await engine.ended(2, id);
    const [triggered, manual] = await started(id);
    if (!triggered || !manual) throw new Error('Expected two runs.');
    expect(triggered.variables).toMatchObject({ who: 'SHOP', run: triggered.id });
    expect({ ...manual.variables, run: null }).toEqual({ ...triggered.variables, run: null });
    expect(manual.variables['run']).toBe(manual.id);
    expect(manual.context_key).toBe(triggered.context_key);
    expect(await traces(manual.id)).toEqual(await traces(triggered.id));
  });

  it.each([
    ['conditions', 'variables: { who: x }\nconditions: [ "trigger.payload.data.n > 1" ]', 'condition'],
    ['faulty variables', 'variables: { who: "{{ trigger.payload.data.n / 0 }}" }', 'expression_error'],
    [
      'long variables',
      'variables: { who: "{{ trigger.payload.data.long }}", again: "{{ variables.who }}{{ variables.who }}" }',
      'limit_exceeded',
    ],
  ])('is refused for the same reason: %s', async (name, definition, code) => {
    const type = name.replaceAll(' ', '_');
    const data = { n: 1, long: 'x'.repeat(code === 'limit_exceeded' ? 100_000 : 1), list: [1, 2, 3] };
    const id = await engine.save(automation(type, definition));
    await engine.emit(type, data, { subject: 's' });
    const reason = await until('the refusal is recorded', async () => (await engine.outcomes(id))[0] ?? false);
    const manual = await startManually(id, type, data);
    expect(manual.body.code).toBe(code);
    const detail = code === 'limit_exceeded' ? `variables: ${manual.body.detail ?? ''}` : manual.body.detail;
    expect(detail).toBe(reason.detail);
  });
});
