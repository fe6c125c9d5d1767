import { useService } from '../support/engine';

describe('triggers and actions of health checks', () => {
  const { engine, api, worker } = useService();

  const call = (method: string, path: string, body?: unknown) => engine.request(api, method, path, body);
  const result = async (systemId: string, more: Record<string, unknown>) => {
    const sent = { systemId, configurationId: 'http', status: 'healthy', ...more };
    expect((await call('POST', '/health/results', sent)).status).toBe(202);
  };
  const payloads = async (automationId: string) => {
    const rows = await engine.runs(automationId);
    return rows.map((row) => (row['trigger_scope'] as { payload: Record<string, unknown> }).payload);
  };
  const routed = () => engine.routed();
  const numeric = (config: string) =>
    engine.save(`
      name: Slow
      mode: parallel
      triggers: [{ event: automation.numeric_state, config: ${config} }]
      actions: [{ action: automation.log, config: { message: slow } }]
    `);

  test('a level trigger fires for each result strictly past the bound, with the field and its value', async () => {
    const id = await numeric('{ field: latencyMs, above: 500 }');
    for (const latencyMs of [500, 501, 502]) await result('level', { latencyMs });
    await result('level', {});
    await engine.ended(2, id);
    await routed();
    expect(await payloads(id)).toEqual(
      [501, 502].map((value) => ({
        ...{ systemId: 'level', configurationId: 'http', status: 'healthy', field: 'latencyMs', value },
        ...{ above: 500, below: null, timestamp: expect.any(String) as string },
      })),
    );
  }, 180_000);

  test('a crossing trigger fires on entering the range, not if the value was in range when enabled or cannot be read', async () => {
    await result('crossing', { latencyMs: 900 });
    const id = await numeric('{ field: latencyMs, above: 500, on: crossing }');
    for (const latencyMs of [901, 100, undefined, 902, undefined, 903, 500, 904]) {
      await result('crossing', latencyMs === undefined ? {} : { latencyMs });
    }
    await engine.ended(2, id);
    await routed();
    expect((await payloads(id)).map((payload) => payload.value)).toEqual([902, 904]);
  }, 180_000);

  test('a crossing trigger ignores a late result if a newer result has set the number', async () => {
    const id = await numeric('{ field: latencyMs, above: 100, on: crossing }');
    const at = (seconds: number) => new Date(Date.now() - 600_000 + seconds * 1_000).toISOString();
    for (const [seconds, latencyMs] of [
      [0, 10],
      [20, 300],
      [10, 400],
      [30, 500],
    ] as const) {
      await result('late', { latencyMs, timestamp: at(seconds) });
    }
    await engine.ended(1, id);
    await routed();
    expect((await payloads(id)).map((payload) => payload.value)).toEqual([300]);
  }, 180_000);

  test('a change is compared with the state before it, even if later changes exist when it is routed', async () => {
    const id = await numeric('{ field: latencyMs, above: 100, on: crossing }');
    const at = (seconds: number) => new Date(Date.now() - 600_000 + seconds * 1_000).toISOString();
    await worker.stop();
    for (const [seconds, latencyMs] of [
      [0, 10],
      [20, 300],
      [10, 400],
    ] as const) {
      await result('lagging', { latencyMs, timestamp: at(seconds) });
    }
    await engine.worker();
    await engine.ended(1, id);
    await routed();
    expect((await payloads(id)).map((payload) => payload.value)).toEqual([300]);
  }, 180_000);

  test('a field of a collector can be given in long and short form', async () => {
    const long = await numeric('{ field: collectors.disk.free, below: 10 }');
    const short = await numeric('{ field: disk.free, below: 10 }');
    await result('disk', { collectors: { disk: { free: 3 } } });
    await engine.ended(1, long);
    await engine.ended(1, short);
    expect((await payloads(short))[0]).toMatchObject({ field: 'disk.free', value: 3 });
  }, 180_000);

  test('a percentile as a field is refused, and the error names the condition to use instead', async () => {
    await expect(numeric('{ field: p95LatencyMs, above: 1 }')).rejects.toThrow('health.system.p95_latency_ms');
    await expect(numeric('{ field: latencyMs }')).rejects.toThrow('above');
    await expect(numeric('{ field: latency, above: 1 }')).rejects.toThrow('collectors.<id>.<field>');
  });

  test('disable_assignment makes the system healthy, run_now requests a run, and both produce the assignment as an artifact', async () => {
    const requested = await engine.save(`
      name: Requested
      triggers: [{ event: healthcheck.run_requested }]
      actions: [{ action: automation.log, config: { message: requested } }]
    `);
    const id = await engine.save(`
      name: Disable the check
      triggers: [{ event: healthcheck.check_failed, filter: trigger.payload.systemId == "flaky" }]
      actions:
        - id: now
          action: healthcheck.run_now
          config: { systemId: "{{ trigger.payload.systemId }}", configurationId: "{{ trigger.payload.configurationId }}" }
        - id: off
          action: healthcheck.disable_assignment
          config: { systemId: flaky, configurationId: http }
        - action: automation.set_state
          enabled: artifacts.now.assignment.enqueued && !artifacts.off.assignment.enabled
          config: { kind: nothing, id: x, state: {} }
          continue_on_error: true
    `);
    await result('flaky', { status: 'unhealthy' });
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({ status: 'success' });
    const steps = await engine.steps(run?.id ?? '');
    expect(steps.map((step) => step.status)).toEqual(['success', 'success', 'failed']);
    await engine.ended(1, requested);
    expect(await payloads(requested)).toEqual([{ systemId: 'flaky', configurationId: 'http' }]);
    const health = (await call('GET', '/health/flaky')).body;
    expect(health).toMatchObject({ status: 'healthy' });
    const assignment = (await call('PATCH', '/health/assignments/flaky:http', { enabled: true })).body;
    expect(assignment).toMatchObject({ enabled: true, status: 'unhealthy', systemId: 'flaky' });
    expect((await call('GET', '/health/flaky')).body).toMatchObject({ status: 'unhealthy' });
    expect((await call('DELETE', '/health/assignments/flaky:http')).status).toBe(204);
    expect((await call('GET', '/health/flaky')).body).toMatchObject({ status: 'healthy' });
  }, 180_000);
});
