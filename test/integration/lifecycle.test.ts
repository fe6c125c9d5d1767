import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

const automation = (type: string, mode: string, step: string) => `
name: ${type}
mode: ${mode}
max_runs: 50
triggers: [{ id: t, event: automation.event, config: { type: ${type} } }]
actions:
  - { id: begin, action: integration-webhook.send, config: { url: "$URL/${step}/begin/{{ run.id }}" } }
  - delay: { seconds: 2 }
  - { id: end, action: integration-webhook.send, config: { url: "$URL/${step}/end/{{ run.id }}" } }
`;

describe('automations with runs in progress', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    [api] = await Promise.all([engine.api(), engine.worker(), engine.worker()]);
  }, 270_000);
  afterAll(() => engine.close());

  const call = (method: string, path: string) =>
    fetch(`${api.url}/api/v1${path}`, { method, headers: { authorization: engine.authorization } });
  const paths = (step: string) =>
    engine.receiver.received.map(({ path }) => path).filter((path) => path.includes(step));
  /** Starts one run that waits, and two more that are queued after it. */
  const threeQueued = async (type: string): Promise<string> => {
    const id = await engine.save(automation(type, 'queued', type));
    await engine.emit(type, {}, { times: 3 });
    await until('the first waits and two are queued', async () => {
      const statuses = (await engine.runs(id)).map(({ status }) => status);
      return statuses.length === 3 && statuses.includes('waiting');
    });
    return id;
  };

  it('let active and queued runs finish when they are disabled, and start no new run', async () => {
    const id = await threeQueued('disabled');
    expect((await call('POST', `/automations/${id}/disable`)).status).toBe(200);
    await engine.emit('disabled', {}, { times: 2 });
    await until('the events have their reason', async () =>
      (await engine.outcomes(id)).some(({ outcome, count }) => outcome === 'disabled' && count === 2),
    );
    const runs = await engine.ended(3, id, 60_000);
    expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
    expect(paths('disabled/end')).toHaveLength(3);
  }, 270_000);

  it('cancel active and queued runs when they are disabled with cancelRuns, and no further step is performed', async () => {
    const id = await threeQueued('cancelled');
    expect((await call('POST', `/automations/${id}/disable?cancelRuns=true`)).status).toBe(200);
    const runs = await engine.runs(id);
    expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(runs[0]?.ended_by).toMatchObject({ kind: 'cancel', reason: 'the automation was disabled' });
    expect((await call('POST', `/automations/${id}/enable`)).status).toBe(200);
    // By the end of this later run, the delays of the cancelled runs would have ended.
    await engine.emit('cancelled');
    const after = await engine.ended(4, id, 60_000);
    expect(after.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled', 'success']);
    expect(paths('cancelled/end')).toEqual([`/cancelled/end/${after[3]?.id ?? ''}`]);
  }, 270_000);

  it('cancel all runs when they are deleted while events arrive, and no step follows', async () => {
    const id = await engine.save(automation('deleted', 'parallel', 'deleted'));
    let emitting = true;
    const storm = (async () => {
      while (emitting) await engine.emit('deleted', {}, { times: 3 });
    })();
    await until('some runs wait', async () => (await engine.runs(id)).some(({ status }) => status === 'waiting'));
    expect((await call('DELETE', `/automations/${id}`)).status).toBe(204);
    const atDelete = (await engine.runs(id)).length;
    emitting = false;
    await storm;
    const marker = await engine.save(automation('marker', 'single', 'marker'));
    await engine.emit('marker');
    await engine.ended(1, marker, 60_000);
    const runs = await engine.runs(id);
    expect(runs).toHaveLength(atDelete);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['cancelled']));
    expect(paths('deleted/end')).toEqual([]);
    expect((await call('GET', `/runs/${runs[0]?.id ?? ''}`)).status).toBe(200);
  }, 270_000);

  it('roll back to a new version that equals an old one, and run it', async () => {
    const id = await engine.save(automation('rolled', 'single', 'old'));
    await engine.save(automation('rolled', 'single', 'new'), id);
    const answer = await call('POST', `/automations/${id}/versions/1/rollback`);
    expect(await answer.json()).toMatchObject({ version: 3 });
    await until('a run has started', async () => {
      await engine.emit('rolled');
      return (await engine.runs(id)).length > 0;
    });
    const runs = await engine.ended(1, id, 60_000);
    expect(runs[0]).toMatchObject({ status: 'success', version: 3 });
    expect(paths('/old/end')).not.toEqual([]);
    const reported = (await (await call('GET', `/automations/${id}`)).json()) as { lastTriggeredAt: string };
    expect(Date.parse(reported.lastTriggeredAt)).toBeGreaterThan(Date.now() - 60_000);
  }, 270_000);

  it('have all their runs cancelled by a filter, including queued runs', async () => {
    const id = await threeQueued('filtered');
    const bulk = await engine.post(api, '/runs/cancel', { automationId: id });
    expect(await bulk.json()).toEqual({ matched: 3, done: 3 });
    expect((await engine.runs(id)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(paths('filtered/begin')).toHaveLength(1);
  }, 270_000);
});
