import { monitorEventLoopDelay } from 'node:perf_hooks';
import { allowedMs } from '../support/until';
import { BASE, startApiHarness, type ApiHarness } from './api-harness';

let api: ApiHarness;
let viewer: string;
beforeAll(async () => {
  api = await startApiHarness();
  viewer = await api.token('viewer');
});
afterAll(() => api.end());

const json = { 'Content-Type': 'application/json' };
const yaml = { 'Content-Type': 'application/yaml' };
/** Returns a document of several hundred kilobytes with the maximum number of steps. */
const largeDocument = (name: string, last = 'automation.log') =>
  [
    `name: ${name}`,
    'triggers: [{event: catalog.created}]',
    'actions:',
    ...Array.from({ length: 400 }, (_, n) => [
      `  - id: step_${n}`,
      `    action: ${n === 399 ? last : 'automation.log'}`,
      `    config: {message: "${'{{ trigger.payload.name | upper }} '.repeat(10)}"}`,
    ]).flat(),
  ].join('\n');

it('continues to respond while a viewer sends the most expensive documents over twelve connections', async () => {
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
  const rendered = (body: object) => ({ path: `${BASE}/templates/render`, body: JSON.stringify(body), headers: json });
  const validated = (body: string) => ({ path: `${BASE}/automations/validate`, body, headers: yaml });
  const attacks = [
    rendered({ template: '{{ trigger }}', context: { trigger: keys(90_000) } }),
    rendered({ template: '{{ trigger }}'.repeat(10), context: { trigger: keys(4_500) } }),
    rendered({ template: keys(5_000), context: {} }),
    validated('? '.repeat(20_000)),
    validated('? '.repeat(50_000)),
    validated('- '.repeat(20_000)),
    validated(largeDocument('attack')),
    validated(Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join('\n')),
    validated(`name: "${'{{a}}'.repeat(20_000)}"`),
  ];
  const attack = ({ path, body, headers }: (typeof attacks)[number]) =>
    api.call('POST', path, { token: viewer, body, headers });
  // Start the validation threads before the measurement.
  await Promise.all([attack(validated(largeDocument('warm'))), attack(validated(largeDocument('warm')))]);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const statuses = new Set<number>();
  let ended = false;
  const attacker = async (first: number) => {
    for (let n = first; !ended; n += 1) {
      const { status, headers } = await attack(attacks[n % attacks.length] ?? validated(''));
      statuses.add(status);
      if (status === 429) {
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        await new Promise((next) => setTimeout(next, 100));
      }
    }
  };
  const running = Promise.all(Array.from({ length: 12 }, (_, n) => attacker(n)));
  for (let n = 0; n < 25; n += 1) {
    expect((await api.call('GET', '/healthz', { token: null })).status).toBe(200);
    await new Promise((next) => setTimeout(next, 100));
  }
  ended = true;
  await running;
  delay.disable();
  expect([...statuses].sort()).toEqual([200, 413, 429]);
  expect(delay.max / 1e6).toBeLessThan(allowedMs(1_500));
}, 360_000);

it('refuses bodies of more than 64 KB to render', async () => {
  const answer = await api.call('POST', `${BASE}/templates/render`, {
    body: { template: 'x'.repeat(65_536), context: {} },
  });
  expect([answer.status, answer.body.code, answer.headers.get('content-type')]).toEqual([
    413,
    'body_too_large',
    'application/problem+json',
  ]);
  const fits = await api.call('POST', `${BASE}/templates/render`, { body: { template: 'x'.repeat(60_000) } });
  expect(fits.body).toEqual({ output: 'x'.repeat(60_000) });
});

it('saves, applies and validates large documents like small documents', async () => {
  const made = await api.call('POST', `${BASE}/automations`, { body: largeDocument('Large'), headers: yaml });
  expect(made.status).toBe(201);
  const id = String(made.body.id);
  expect((made.body.definition as { actions: unknown[] }).actions).toHaveLength(400);
  const text = await api.call('GET', `${BASE}/automations/${id}`, { headers: { Accept: 'application/yaml' } });
  expect(text.text).toBe(largeDocument('Large'));
  const wrong = await api.call('POST', `${BASE}/automations`, {
    body: largeDocument('Wrong', 'automation.logg'),
    headers: yaml,
  });
  expect([wrong.status, wrong.body.errors]).toMatchObject([
    422,
    [{ path: 'actions[399].action', code: 'unknown_action', line: 3 + 399 * 3 + 2 }],
  ]);
  const checked = await api.call('POST', `${BASE}/automations/validate`, {
    body: largeDocument('Wrong', 'automation.logg'),
    headers: yaml,
  });
  expect([checked.body.valid, checked.body.errors]).toEqual([false, wrong.body.errors]);
  const broken = await api.call('POST', `${BASE}/automations`, {
    body: `${largeDocument('Broken')}\n : [`,
    headers: yaml,
  });
  expect([broken.status, broken.body.code]).toEqual([400, 'malformed_body']);
  const indented = largeDocument('x')
    .split('\n')
    .slice(1)
    .map((line) => `  ${line}`);
  const gitops = ['apiVersion: fermata/v1', 'kind: Automation', 'metadata: {name: large}', 'spec:', ...indented].join(
    '\n',
  );
  const applied = await api.call('POST', `${BASE}/gitops/apply?source=large`, { body: gitops, headers: yaml });
  expect(applied.body.results).toMatchObject([{ name: 'large', action: 'created' }]);
}, 180_000);

it('allows each token at least four concurrent costly calls, and refuses further calls with 429', async () => {
  const body = largeDocument('many');
  const operator = await api.token('operator');
  const call = (token: string) => api.call('POST', `${BASE}/automations/validate`, { token, body, headers: yaml });
  const [many, other] = await Promise.all([
    Promise.all(Array.from({ length: 10 }, () => call(viewer))),
    call(operator),
  ]);
  expect(other.status).toBe(200);
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect(many.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(4);
}, 180_000);

describe('a dry run', () => {
  const list = JSON.stringify(Array.from({ length: 400 }, (_, n) => n));
  /** Returns a small document whose steps each evaluate a costly expression. */
  const expensive = (steps: number) => ({
    name: `expensive ${steps}`,
    mode: 'parallel',
    triggers: [{ event: 'automation.event', config: { type: 'never' } }],
    variables: { list },
    actions: [
      {
        repeat: {
          count: 10,
          sequence: [
            {
              repeat: {
                count: steps,
                sequence: [
                  { variables: { x: `{{ ${'(variables.list | upper | lower | length) + '.repeat(60)} 0 }}` } },
                ],
              },
            },
          ],
        },
      },
    ],
  });

  it('does not block the process, and a token can have four dry runs in progress', async () => {
    const operator = await api.token('operator');
    const { body } = await api.call('POST', `${BASE}/automations`, { token: operator, body: expensive(10) });
    const path = `${BASE}/automations/${String(body.id)}/dry-run`;
    const dry = () => api.call('POST', path, { token: operator, body: {} });
    expect((await dry()).body.outcome).toBe('would_run');
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const answers = Promise.all(Array.from({ length: 8 }, dry));
    for (let n = 0; n < 10; n += 1) expect((await api.call('GET', '/healthz', { token: null })).status).toBe(200);
    const statuses = (await answers).map(({ status }) => status);
    delay.disable();
    expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    expect(delay.max / 1e6).toBeLessThan(allowedMs(1_500));
  }, 360_000);

  it('reads live state, and refuses an unknown trigger', async () => {
    await api.call('POST', `${BASE}/systems`, { body: { id: 'dry-shop', name: 'Shop' } });
    const { body } = await api.call('POST', `${BASE}/automations`, {
      body: {
        name: 'live',
        triggers: [{ id: 'down', event: 'healthcheck.system_health_changed' }],
        conditions: ['health.system.status == "healthy"', { state: { entity: 'dry-shop', status: 'healthy' } }],
        actions: [{ stop: { reason: '{{ alerts.firing.count }} firing' } }],
      },
    });
    const path = `${BASE}/automations/${String(body.id)}/dry-run`;
    const reported = await api.call('POST', path, { body: { payload: { systemId: 'dry-shop' } } });
    expect(reported.body).toMatchObject({ outcome: 'would_run', end: { endedBy: { reason: '0 firing' } } });
    const unknown = await api.call('POST', path, { body: { triggerId: 'up' } });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'validation_failed']);
  }, 180_000);
});
