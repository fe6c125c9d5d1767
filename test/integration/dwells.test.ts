import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

interface DwellItem {
  automationId: string;
  triggerId: string;
  contextKey: string;
  armedAt: string;
  firesAt: string;
  changeId: string;
}

describe('a `for:` gate', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    const { address, namespace } = engine.temporal;
    temporal = new Client({ connection: await Connection.connect({ address }), namespace });
    await call('PUT', '/entity-kinds/lamp', { schema: { type: 'object' } });
  }, 360_000);
  let temporal: Client;
  const workers: FermataProcess[] = [];
  const worker = async (more?: Record<string, string>) => {
    const started = await engine.worker(more);
    workers.push(started);
    return started;
  };
  const killWorkers = () => Promise.all(workers.splice(0).map((one) => one.stop('SIGKILL')));
  beforeEach(async () => {
    if (workers.length === 0) await worker();
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });

  const call = (method: string, path: string, body?: unknown) => engine.call(api, method, path, body);
  const lamp = (id: string, state: Record<string, unknown>) => call('PUT', `/entities/lamp/${id}`, state);
  const whenOn = (id: string, duration: string, more = '') => `
    name: Lamp ${id} stays on
    triggers:
      - id: stays_on
        event: automation.entity_changed
        config: { kind: lamp, id: ${id}, field: status, to: on }
        for: ${duration}
    ${more}
    actions:
      - { action: automation.log, config: { message: on } }
  `;
  const dwells = async (automationId: string) =>
    ((await call('GET', `/dwells?automationId=${automationId}`)) as { items: DwellItem[] }).items;
  const armed = (automationId: string) =>
    until('it is armed', async () => (await dwells(automationId))[0] ?? false, 20_000);
  const outcome = (automationId: string, wanted: string) =>
    until(
      `the reported state is ${wanted}`,
      async () => (await engine.outcomes(automationId)).find((one) => one.outcome === wanted) ?? false,
      20_000,
    );
  const routed = () => engine.routed(60_000);
  const isClosed = (workflowId: string) =>
    until('the workflow has ended', async () => {
      const handle = temporal.workflow.getHandle(workflowId);
      return (await handle.describe()).status.name !== 'RUNNING';
    });
  const rowOf = async (automationId: string) => {
    const found = await engine.database.db.execute<{
      id: string;
      status: string;
      started_at: string | null;
      workflow_id: string;
    }>(sql`select id, status, started_at, workflow_id from dwells where automation_id = ${automationId}`);
    return found.rows[0];
  };
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test('fires when its cause has held for the duration, once per occurrence, and reports the time since which it held', async () => {
    const id = await engine.save(whenOn('a', '{ seconds: 1 }'));
    await lamp('a', { status: 'on' });
    const [run] = await engine.ended(1, id);
    expect(run?.['trigger_scope']).toMatchObject({
      payload: { id: 'a', next: { status: 'on' } },
      dwell: { armedAt: expect.any(String) as string, firedAt: expect.any(String) as string, seconds: 1 },
    });
    await lamp('a', { status: 'on', brightness: 1 });
    await routed();
    const row = await rowOf(id);
    expect(row?.status).toBe('spent');
    await isClosed(row?.workflow_id ?? '');
    // The SDK logs failed attempts. There was none.
    expect(workers.map((one) => one.output()).join('')).not.toContain('activityType=fireDwell');
    await lamp('a', { status: 'off' });
    await lamp('a', { status: 'on' });
    await engine.ended(2, id);
    expect(await engine.runs(id)).toHaveLength(2);
    expect(await dwells(id)).toEqual([]);
  }, 180_000);

  test('is cancelled when its cause ends, together with its timer', async () => {
    const id = await engine.save(whenOn('b', '{ minutes: 10 }'));
    await lamp('b', { status: 'on' });
    const { armedAt, firesAt, contextKey, triggerId } = await armed(id);
    expect({ contextKey, triggerId }).toEqual({ contextKey: 'b', triggerId: 'stays_on' });
    expect(Date.parse(firesAt) - Date.parse(armedAt)).toBe(600_000);
    const row = await until('its timer is started', async () => {
      const found = await rowOf(id);
      return found?.started_at ? found : false;
    });
    await lamp('b', { status: 'off' });
    expect((await outcome(id, 'dwell_cancelled')).detail).toContain('The cause stopped at');
    expect(await dwells(id)).toEqual([]);
    expect(row.workflow_id).toMatch(/^[a-z0-9-]+\/stays_on\/.+\/for$/);
    await isClosed(row.workflow_id);
    expect(await engine.runs(id)).toEqual([]);
  }, 180_000);

  test('keeps its deadline if the event is repeated or another field changes', async () => {
    const id = await engine.save(whenOn('c', '{ seconds: 3 }').replace('to: on', 'to: [on, bright]'));
    await lamp('c', { status: 'on' });
    const first = await armed(id);
    await lamp('c', { status: 'on', hue: 3 });
    await lamp('c', { status: 'bright' });
    await outcome(id, 'dwell_held');
    expect(await dwells(id)).toEqual([first]);
    await engine.ended(1, id);
  }, 180_000);

  test('holds as long as its predicate is true: a system that changes from degraded to unhealthy is still not healthy', async () => {
    const id = await engine.save(`
      name: Not healthy for long
      triggers: [{ event: healthcheck.system_degraded, for: "00:00:02" }]
      actions: [{ action: automation.log, config: { message: still } }]
    `);
    const send = (status: string) =>
      call('POST', '/health/results', { systemId: 'worse', configurationId: 'http', status });
    await send('degraded');
    await send('unhealthy');
    await engine.ended(1, id);
    await send('healthy');
    await routed();
    expect((await rowOf(id))?.status).toBe('idle');
  }, 180_000);

  test('is armed again if its cause ends and begins again immediately', async () => {
    const id = await engine.save(whenOn('d', '{ seconds: 2 }'));
    await lamp('d', { status: 'on' });
    await lamp('d', { status: 'off' });
    const off = Date.now();
    await lamp('d', { status: 'on' });
    const [run] = await engine.ended(1, id);
    const { dwell } = run?.['trigger_scope'] as { dwell: { armedAt: string } };
    expect(Date.parse(dwell.armedAt)).toBeGreaterThanOrEqual(off);
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('is not affected by a save that keeps its trigger, and is cancelled by an edit of it, by disabling and by deletion', async () => {
    const yaml = whenOn('e', '{ minutes: 10 }');
    const id = await engine.save(yaml);
    await lamp('e', { status: 'on' });
    const first = await armed(id);
    await engine.save(whenOn('other', '{ minutes: 1 }'));
    await engine.save(yaml.replace('message: on', 'message: edited'), id);
    expect(await dwells(id)).toEqual([first]);
    await engine.save(yaml.replace('minutes: 10', 'minutes: 11'), id);
    expect(await dwells(id)).toEqual([]);
    expect((await outcome(id, 'dwell_cancelled')).detail).toBe('The trigger was edited.');

    const again = async () => {
      await lamp('e', { status: 'off' });
      await lamp('e', { status: 'on' });
      await armed(id);
    };
    await again();
    await engine.save(yaml.replace('id: stays_on', 'id: renamed'), id);
    expect(await dwells(id)).toEqual([]);
    await again();
    await call('POST', `/automations/${id}/disable`);
    expect(await dwells(id)).toEqual([]);
    expect(await engine.outcomes(id)).toContainEqual(
      expect.objectContaining({ outcome: 'dwell_cancelled', detail: 'The automation was disabled.' }),
    );
    await call('POST', `/automations/${id}/enable`);
    await routed();
    expect(await dwells(id)).toEqual([]);
    await again();
    const row = await rowOf(id);
    await call('DELETE', `/automations/${id}`);
    expect(await dwells(id)).toEqual([]);
    await isClosed(row?.workflow_id ?? '');
    expect(await engine.runs(id)).toEqual([]);
    const { items } = (await call('GET', `/automations/${id}/evaluations?about=e`)) as { items: unknown[] };
    expect(items).toContainEqual(
      expect.objectContaining({ contextKey: 'e', detail: 'The automation was deleted.', count: 1 }),
    );
  }, 180_000);

  test('evaluates conditions when it fires, and ends whether or not they are true', async () => {
    const id = await engine.save(
      whenOn('f', '{ template: "{{ trigger.payload.next.wait }}" }', 'conditions: ["trigger.dwell.seconds == 2"]'),
    );
    await lamp('f', { status: 'on', wait: 1 });
    await outcome(id, 'condition');
    await lamp('f', { status: 'off' });
    await lamp('f', { status: 'on', wait: 'soon' });
    expect((await outcome(id, 'error')).detail).toContain('"soon"');
    await lamp('f', { status: 'off' });
    await lamp('f', { status: 'on', wait: 2 });
    await engine.ended(1, id);
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('is armed and cancelled by a number in check results; a result without the number does not affect it', async () => {
    const id = await engine.save(`
      name: Slow for long
      triggers: [{ event: automation.numeric_state, config: { field: latencyMs, above: 100 }, for: { seconds: 2 } }]
      actions: [{ action: automation.log, config: { message: slow } }]
    `);
    const send = (latencyMs?: number) =>
      call('POST', '/health/results', { systemId: 'slow', configurationId: 'http', status: 'healthy', latencyMs });
    await send(200);
    await armed(id);
    await send(50);
    await outcome(id, 'dwell_cancelled');
    await send(300);
    const first = await armed(id);
    await send();
    await send(400);
    await routed();
    expect(await dwells(id)).toEqual([first]);
    const [run] = await engine.ended(1, id);
    expect(run?.['trigger_scope']).toMatchObject({ payload: { value: 300 } });
  }, 180_000);

  test('is not affected if its field becomes null or is removed', async () => {
    const id = await engine.save(whenOn('n', '{ seconds: 2 }'));
    await lamp('n', { status: 'on' });
    const first = await armed(id);
    await lamp('n', { status: null });
    await lamp('n', {});
    await routed();
    expect(await dwells(id)).toEqual([first]);
    await engine.ended(1, id);
  }, 180_000);

  test("is cancelled by a recovery whose time, by the sender's clock, is after the deadline", async () => {
    const id = await engine.save(`
      name: Not healthy for two minutes
      triggers: [{ event: healthcheck.system_degraded, filter: trigger.payload.systemId == "ahead", for: { minutes: 2 } }]
      actions: [{ action: automation.log, config: { message: still } }]
    `);
    const send = (status: string, timestamp?: string) =>
      call('POST', '/health/results', { systemId: 'ahead', configurationId: 'http', status, timestamp });
    await send('unhealthy');
    await armed(id);
    await send('healthy', new Date(Date.now() + 4 * 60_000).toISOString());
    await outcome(id, 'dwell_cancelled');
    expect(await engine.runs(id)).toEqual([]);
  }, 180_000);

  test('is cancelled when its entity is deleted', async () => {
    const id = await engine.save(whenOn('g', '{ minutes: 10 }'));
    await lamp('g', { status: 'on' });
    await armed(id);
    await call('DELETE', '/entities/lamp/g');
    await outcome(id, 'dwell_cancelled');
    expect(await dwells(id)).toEqual([]);
  }, 180_000);

  test('fires once if all workers were down at the deadline', async () => {
    const id = await engine.save(whenOn('h', '{ seconds: 2 }'));
    await lamp('h', { status: 'on' });
    await armed(id);
    await killWorkers();
    await pause(2_500);
    await Promise.all([worker(), worker()]);
    await engine.ended(1, id, 30_000);
    await routed();
    await pause(500);
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('is armed again if its cause ended and began again while all workers were down', async () => {
    const id = await engine.save(whenOn('i', '{ seconds: 12 }'));
    await lamp('i', { status: 'on' });
    const first = await armed(id);
    await killWorkers();
    await lamp('i', { status: 'off' });
    await lamp('i', { status: 'on' });
    await pause(Math.max(0, Date.parse(first.firesAt) - Date.now() - 500));
    await worker();
    const [run] = await engine.ended(1, id, 30_000);
    const { dwell } = run?.['trigger_scope'] as { dwell: { armedAt: string } };
    expect(Date.parse(dwell.armedAt)).toBeGreaterThan(Date.parse(first.armedAt));
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('fires for a cause that held until the deadline and ended later, while all workers were down', async () => {
    const id = await engine.save(whenOn('j', '{ seconds: 1 }'));
    await lamp('j', { status: 'on' });
    const first = await armed(id);
    await killWorkers();
    await pause(Math.max(0, Date.parse(first.firesAt) - Date.now() + 100));
    await lamp('j', { status: 'off' });
    await worker();
    await engine.ended(1, id, 30_000);
    await routed();
    expect((await rowOf(id))?.status).toBe('idle');
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('fires once if its worker dies right after firing it', async () => {
    const id = await engine.save(whenOn('k', '{ seconds: 1 }'));
    await killWorkers();
    const dying = await worker({ FERMATA_FAILPOINT: 'after-dwell-fired:1' });
    await lamp('k', { status: 'on' });
    await until('the worker died', () => dying.exited(), 20_000);
    await worker();
    await engine.ended(1, id, 30_000);
    expect(await engine.runs(id)).toHaveLength(1);
  }, 180_000);

  test('fires from its row if its timer is lost', async () => {
    const id = await engine.save(whenOn('l', '{ seconds: 2 }'));
    await lamp('l', { status: 'on' });
    const row = await until('its timer is started', async () => {
      const found = await rowOf(id);
      return found?.started_at ? found : false;
    });
    await temporal.workflow.getHandle(row.workflow_id).terminate('lost');
    await engine.ended(1, id, 30_000);
  }, 180_000);

  test('fires on time although thousands of later dwells have no timers yet', async () => {
    await killWorkers();
    const id = await engine.save(whenOn('m', '{ seconds: 2 }'));
    const many = await engine.save(whenOn('crowd', '{ hours: 1 }').replace('id: crowd, ', ''));
    await engine.database.db.execute(sql`
      insert into dwells (id, automation_id, trigger_id, context_key, gate, status, kind, entity_id, event, config, change_id,
        trigger_scope, depth, armed_at, fires_at)
      select gen_random_uuid(), ${many}, 'stays_on', 'crowd-' || n, 'crowd', 'armed', 'lamp', 'crowd-' || n,
        'automation.entity_changed', '{}', gen_random_uuid(), '{}', 0, now(), now() + interval '1 hour'
      from generate_series(1, 5000) n`);
    await worker();
    await lamp('m', { status: 'on' });
    await engine.ended(1, id, 30_000);
    const left = await engine.database.db.execute(
      sql`select 1 from dwells where automation_id = ${many} and started_at is null`,
    );
    expect(left.rowCount).toBeGreaterThan(0);
  }, 180_000);
});
