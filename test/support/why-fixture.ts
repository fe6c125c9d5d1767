import { startEngine, type Engine } from './engine';
import { runFermata } from './process';
import { until } from './until';

export type Fields = Record<string, unknown>;

/** Returns an automation for custom events of the given type. */
export const on = (type: string, more = '', actions = '[{ action: automation.log, config: { message: paged } }]') => `
name: Page for ${type}
mode: parallel
triggers: [{ id: t, event: automation.event, config: { type: ${type} } }]
${more}
actions: ${actions}
`;

/** Like `on`, but with additional fields in the trigger. */
export const trigger = (type: string, more: string) =>
  on(type).replace(`config: { type: ${type} }`, `config: { type: ${type} }, ${more}`);

/** Returns an automation for alerts that match a matcher. */
export const onAlert = (name: string, matchers: string) => `
name: ${name}
triggers: [{ id: fired, event: alert.fired, config: { matchers: ['${matchers}'] } }]
actions: [{ action: automation.log, config: { message: paged } }]
`;

/**
 * Starts an API and a worker. Returns functions that send events and alerts, wait until they are routed, and run
 * `fermata why`.
 */
export async function startWhyFixture() {
  const engine: Engine = await startEngine();
  const [api] = await Promise.all([engine.api(), engine.worker()]);
  const why = async (what: string, ...more: string[]) => {
    const ran = await runFermata(['why', what, ...more], engine.env({ FERMATA_URL: api.url }));
    expect(ran).toMatchObject({ code: 0, err: '' });
    return ran.out;
  };
  const detail = (changeId: string) => engine.call(api, 'GET', `/changes/${changeId}`);
  const routed = (changeId: string) =>
    until('the change is routed', async () => {
      const answer = await detail(changeId);
      return (answer['change'] as Fields)['routedAt'] !== null && answer;
    });
  /** Emits one event and waits until it is routed. Returns the id of its change. */
  const emit = async (type: string, data: Fields = {}, options: { subject?: string } = {}) => {
    const [changeId = ''] = await engine.emit(type, data, options);
    await routed(changeId);
    return changeId;
  };
  /** Emits one event. Returns the output of `fermata why` for its change. */
  const explained = async (type: string, data: Fields = {}) => why(await emit(type, data));
  const ended = (id: string) => engine.ended(1, id);

  let fingerprints = 0;
  const alert = (labels: Fields, more: Fields = {}) => ({
    status: 'firing',
    labels: { alertname: 'DiskFull', severity: 'critical', ...labels },
    annotations: {},
    startsAt: '2026-11-20T09:00:00Z',
    fingerprint: `why${(fingerprints += 1)}`,
    ...more,
  });
  const fire = async (sent: Fields) => {
    const answer = await engine.call(api, 'POST', '/ingest/alertmanager', { version: '4', alerts: [sent] });
    for (const changeId of answer['changeIds'] as string[]) await routed(changeId);
    return String(sent['fingerprint']);
  };
  return { engine, api, why, detail, routed, emit, explained, ended, alert, fire };
}

export type WhyFixture = Awaited<ReturnType<typeof startWhyFixture>>;
