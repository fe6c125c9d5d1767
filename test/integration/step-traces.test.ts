import { startEngine, type Engine } from '../support/engine';

interface Traced {
  enabled?: { value: boolean; actual?: unknown; wanted?: unknown };
  conditions?: { condition: string; value: boolean; actual?: unknown; wanted?: unknown }[];
}

describe('the rows of steps', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  afterAll(() => engine.close());

  const run = async (type: string, steps: string, data: Record<string, unknown> = {}) => {
    const id = await engine.save(`
name: ${type}
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
${steps}
`);
    await engine.emit(type, data);
    const [ended] = await engine.ended(1, id, 40_000);
    const rows = await engine.steps(ended?.id ?? '');
    return { ended, rows: new Map(rows.map((row) => [row.path, { ...row, trace: (row['trace'] ?? {}) as Traced }])) };
  };

  it('contain actual and expected values of `enabled` for every kind of step', async () => {
    const enabled = 'enabled: trigger.payload.data.n > 3';
    const { ended, rows } = await run(
      'off',
      `  - { ${enabled}, action: automation.log, config: { message: hi } }
  - { ${enabled}, action: integration-webhook.send, config: { url: "$URL/never" } }
  - { ${enabled}, variables: { a: 1 } }
  - { ${enabled}, wait_until: { condition: "1 == 2" } }
  - { ${enabled}, parallel: [ { variables: { a: 1 } } ] }
  - { ${enabled}, repeat: { count: 2, sequence: [ { variables: { a: 1 } } ] } }
  - { ${enabled}, stop: { reason: never } }`,
      { n: 2 },
    );
    expect(ended?.status).toBe('success');
    expect([...rows.keys()]).toHaveLength(7);
    for (const { status, trace } of rows.values()) {
      expect(status).toBe('skipped');
      expect(trace.enabled).toMatchObject({ value: false, actual: 2, wanted: { '>': 3 } });
    }
  }, 180_000);

  it('contain the condition of a wait as it was when the wait ended', async () => {
    const { rows } = await run(
      'waited',
      `  - wait_until: { condition: 'trigger.payload.data.n == 2' }
  - wait_until: { condition: { and: [ 'trigger.payload.data.n == 2', 'trigger.payload.data.n == 3' ] }, timeout_seconds: 1 }`,
      { n: 2 },
    );
    expect(rows.get('actions[0]')?.trace.conditions).toMatchObject([{ value: true, actual: 2, wanted: { '==': 2 } }]);
    expect(rows.get('actions[1]')?.trace.conditions).toMatchObject([
      { condition: 'and', value: false, parts: [{ value: true }, { value: false, actual: 2, wanted: { '==': 3 } }] },
    ]);
  }, 180_000);

  it('contain the rendered configuration of an action, with references in place of secrets', async () => {
    const api = await engine.api();
    await engine.call(api, 'PUT', '/secrets/TRACED', { value: 'canary-of-a-rendered-config' });
    const { ended, rows } = await run(
      'rendered',
      `  - action: integration-webhook.send
    config:
      url: "$URL/{{ trigger.payload.data.n }}"
      authType: bearer
      bearerToken: "\${{ secrets.TRACED }}"
      query: { note: "n is {{ trigger.payload.data.n }}" }
  - action: automation.log
    config: { message: "{{ trigger.payload.data.said }}, {{ trigger.payload.data.long }}" }
  - { continue_on_error: true, action: integration-webhook.send, config: { url: "{{ trigger.payload.data.n }}" } }`,
      // The payload also contains the value of the secret.
      { n: 2, said: 'canary-of-a-rendered-config', long: 'x'.repeat(5_000) },
    );
    expect(ended?.status).toBe('success');
    const configOf = (at: number) => (rows.get(`actions[${at}]`)?.trace as { config?: Record<string, unknown> }).config;
    expect(configOf(0)).toMatchObject({
      url: `${engine.receiver.url}/2`,
      bearerToken: '${{ secrets.TRACED }}',
      query: { note: 'n is 2' },
    });
    expect(String(configOf(1)?.['message'])).toMatch(/^\*\*\*\*, x{100,}…$/);
    expect(String(configOf(1)?.['message'])).toHaveLength(1_000);
    // A config that its action refuses is kept as well, because it shows the reason.
    expect(rows.get('actions[2]')).toMatchObject({ status: 'failed', error: { code: 'config_invalid' } });
    expect(configOf(2)).toEqual({ url: 2 });
    const left = await engine.database.pool.query<{ row: string }>(
      'select row_to_json(s)::text as row from run_steps s',
    );
    for (const { row } of left.rows) expect(row).not.toContain('canary-of-a-rendered-config');
  }, 180_000);

  it('contain each failed attempt of a call, with its number, time, code and message', async () => {
    let calls = 0;
    engine.receiver.answerWith((_request, response) => {
      calls += 1;
      response.writeHead(calls === 1 ? 503 : calls === 2 ? 429 : 200).end('{}');
    });
    const { ended, rows } = await run(
      'flaky',
      `  - action: integration-webhook.send
    config: { url: "$URL/flaky" }
    retry: { max_attempts: 5, initial_seconds: 0.1 }`,
    );
    expect(ended?.status).toBe('success');
    const step = rows.get('actions[0]');
    const { failures, config } = step?.trace as { failures?: { at: string }[]; config?: unknown };
    expect(config).toEqual({ url: `${engine.receiver.url}/flaky` });
    expect(step?.['attempts']).toBe(3);
    expect(failures).toMatchObject([
      { no: 1, status: 503, tookMs: expect.any(Number) as number, message: expect.stringContaining('503') as string },
      { no: 2, status: 429, tookMs: expect.any(Number) as number, message: expect.stringContaining('429') as string },
    ]);
    for (const { at } of failures ?? []) expect(Date.parse(at)).toBeGreaterThan(Date.now() - 60_000);
  }, 180_000);

  it('contain replacements for texts that Postgres cannot store', async () => {
    // A NUL character, and a trace that is cut inside a character of two UTF-16 units.
    const data = { text: JSON.stringify('a\u0000b'), long: `${'x'.repeat(298)}😀${'x'.repeat(20)}` };
    const { ended, rows } = await run(
      'odd',
      `  - variables: { a: "{{ trigger.payload.data.text | from_json }}" }
  - choose: [ { when: "(trigger.payload.data.text | from_json) == 'x'", sequence: [] } ]
  - choose: [ { when: "trigger.payload.data.long == 'x'", sequence: [] } ]
  - repeat: { for_each: "[trigger.payload.data.text | from_json]", sequence: [ { variables: { b: "{{ repeat.item }}" } } ] }
  - wait_until: { condition: "(trigger.payload.data.text | from_json) == 'x'", timeout_seconds: 1 }
  - wait_for_trigger:
      event: automation.event
      config: { type: never }
      context_key: "{{ trigger.payload.data.text | from_json }}"
      timeout_seconds: 1
      continue_on_timeout: true
  - condition: "(trigger.payload.data.text | from_json) != 'x'"`,
      data,
    );
    expect(ended?.status).toBe('success');
    expect(rows.get('actions[0]')?.result).toEqual({ a: 'a\ufffdb' });
    expect(rows.get('actions[3].repeat[0].sequence[0]')?.result).toEqual({ b: 'a\ufffdb' });
  }, 180_000);

  it('contain the failure of a `parallel` whose branches in total set more variables than a run may have', async () => {
    const branches = ['a', 'b', 'c'].map((name) => `{ variables: { ${name}: "{{ trigger.payload.data.big }}" } }`);
    const { ended, rows } = await run(
      'large',
      `  - continue_on_error: true
    parallel: [ ${branches.join(', ')} ]
  - variables: { size: "{{ variables.a | default('') | length }}" }`,
      { big: 'x'.repeat(100_000) },
    );
    expect(ended?.status).toBe('success');
    expect(rows.get('actions[0]')).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } });
    expect(rows.get('actions[0].parallel[2]')?.status).toBe('success');
    expect(rows.get('actions[1]')?.result).toEqual({ size: 0 });
  }, 180_000);
});
