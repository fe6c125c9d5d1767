import { Run, Step } from '../client/answers';
import { renderRun } from './timeline';

const run = Run.parse({
  id: '01a2086a-04a8-71e0-a3ab-988e2cec027d',
  automationId: 'a',
  automationName: 'Alert opens an incident',
  version: 2,
  status: 'failed',
  error: { code: 'http_status', message: 'The server answered 500.' },
  triggerId: 'unhealthy',
  triggerEvent: 'healthcheck.system_health_changed',
  contextKey: 'checkout',
  startedAt: '2026-11-20T09:15:00.000Z',
  finishedAt: '2026-11-20T09:15:01.500Z',
});

const step = (fields: Record<string, unknown>) =>
  Step.parse({ kind: 'action', status: 'success', attempts: 1, result: null, ...fields });

const steps = [
  step({
    ...{ path: 'actions[0].choose[0].sequence[0]', actionId: 'open', action: 'incident.create' },
    ...{ startedAt: '2026-11-20T09:15:00.020Z', finishedAt: '2026-11-20T09:15:00.055Z' },
  }),
  step({
    ...{ path: 'actions[1]', action: 'integration-webhook.send', status: 'failed', attempts: 3 },
    ...{ startedAt: '2026-11-20T09:15:00.100Z', finishedAt: '2026-11-20T09:15:01.400Z' },
    error: { code: 'http_status', message: 'The server answered 500.' },
    config: { url: 'https://example.org/hook', bearerToken: '${{ secrets.HOOK }}' },
    failedAttempts: [
      { no: 1, at: null, tookMs: 3_000, code: 'timeout', message: 'No answer.', status: null },
      { no: 3, at: null, tookMs: null, code: 'http_status', message: 'The server answered 500.', status: 500 },
    ],
  }),
];

describe('renderRun', () => {
  const artifacts = [{ actionId: 'open', name: 'incident', data: { incidentId: 'i1', reused: false } }];
  const text = renderRun({ run, steps, artifacts }, { colours: false, width: undefined });

  it('shows the trigger of the run, and how the run ended', () => {
    expect(text).toContain('trigger     unhealthy (healthcheck.system_health_changed)');
    const custom = { ...run, triggerEvent: 'automation.event', customType: 'deploy.finished' };
    expect(renderRun({ run: custom, steps: [], artifacts: [] }, { colours: false, width: undefined })).toContain(
      'trigger     unhealthy (deploy.finished)',
    );
    expect(text).toContain('failed  after 1.5 s  The server answered 500. [http_status]');
  });

  it('names the alert that the run is about, and the runs that retry it', () => {
    const retried = Run.parse({
      ...{ ...run, contextKey: 'f00d', contextName: 'DiskFull {instance="db-1"}' },
      retriedBy: [{ id: 'r2', status: 'success', startedAt: null }],
    });
    const shown = renderRun({ run: retried, steps: [], artifacts: [] }, { colours: false, width: undefined });
    expect(shown).toContain('about       DiskFull {instance="db-1"} (f00d)');
    expect(shown).toContain('retried by  run r2 (success)');
    expect(text).not.toContain('retried by');
  });

  it('shows the operand of a negated condition, and that it should be false', () => {
    const condition = { condition: '!wait.completed', value: false, actual: true, wanted: false };
    const ended = step({ path: 'actions[0]', kind: 'condition', trace: { conditions: [condition] } });
    expect(renderRun({ run, steps: [ended], artifacts: [] }, { colours: false, width: undefined })).toContain(
      'false  !wait.completed: wait.completed is true, wanted false',
    );
  });

  it('shows only the results of steps in a loop, because the artifacts do not say which pass produced them', () => {
    const of = (n: number) => ({ actionId: 'ask', name: 'delivery', data: { answer: `a${n}` } });
    const looped = [0, 1].map((n) =>
      step({
        path: `actions[0].repeat[${n}].sequence[0]`,
        actionId: 'ask',
        action: 'x.ask',
        result: { asked: `q${n}` },
      }),
    );
    const reported = renderRun({ run, steps: looped, artifacts: [of(0), of(1)] }, { colours: false, width: undefined });
    expect(reported).toContain('asked: q1');
    expect(reported).not.toContain('answer: ');
  });

  it('shows the configuration of a failed step, and earlier attempts with their errors', () => {
    expect(text).toContain('config: url: https://example.org/hook, bearerToken: ${{ secrets.HOOK }}');
    expect(text).toContain('attempt 1 failed after 3.0 s: No answer. [timeout]');
    expect(text).not.toContain('attempt 3');
  });

  it('shows when and where each step ran, how long it took, and what it produced', () => {
    expect(text).toMatch(/\+0\.020 s {2}✓ {4}incident\.create · open +actions\[0\]\.choose\[0\]\.sequence\[0\], 35 ms/);
    expect(text).toContain('incidentId: i1, reused: false');
    expect(text).toMatch(/✗ {2}integration-webhook\.send +actions\[1\], failed, 1\.3 s, 3 attempts/);
  });
});
