import { runFermata } from '../support/process';
import { until } from '../support/until';
import { startWaitingRuns, type WaitingRuns } from '../support/waiting-runs';

describe('a run that waits for an event', () => {
  let w: WaitingRuns;
  beforeAll(async () => {
    w = await startWaitingRuns();
  }, 360_000);
  beforeEach(() => w.engine.receiver.reset());
  afterAll(() => w.end());

  test('resumes at an event that has its context key and passes the filter, and has the event in scope', async () => {
    const id = await w.save(
      'event.mine',
      `  - wait_for_trigger: { event: automation.event, config: { type: ack }, filter: trigger.payload.data.ok == true, timeout_seconds: 60 }
  - variables: { by: "{{ wait.trigger.payload.data.by }}", same: "{{ resume.payload.data.by }}", done: "{{ wait.completed }}" }`,
    );
    await w.engine.emit('event.mine', {}, { subject: 'a' });
    const { run, wait } = await w.waiting(id);
    expect(wait).toMatchObject({ kind: 'wait_for_trigger', event: 'automation.event', contextKey: 'a', refs: [] });
    const before = await until('its workflow task has ended', async () => (await w.tasksOf(run)) || false);
    await w.engine.emit('ack', { ok: true, by: 'other' }, { subject: 'b' });
    await w.engine.emit('ack', { ok: false, by: 'no' }, { subject: 'a' });
    await w.engine.emit('nack', { ok: true, by: 'type' }, { subject: 'a' });
    await w.routed();
    expect(await w.tasksOf(run)).toBe(before);
    await w.engine.emit('ack', { ok: true, by: 'ada' }, { subject: 'a' });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[1]')).toEqual({ by: 'ada', same: 'ada', done: true });
  }, 180_000);

  test('accepts any key with "*" or a rendered key, and fails at its timeout by default', async () => {
    const id = await w.save(
      'event.keys',
      `  - wait_for_trigger: { event: automation.event, config: { type: any }, context_key: "*" }
  - wait_for_trigger: { event: automation.event, config: { type: one }, context_key: "{{ trigger.payload.data.key }}" }
  - wait_for_trigger: { event: automation.event, config: { type: none }, timeout_seconds: 1, continue_on_timeout: true }
  - wait_for_trigger: { event: automation.event, config: { type: none }, timeout_seconds: 1 }`,
    );
    await w.engine.emit('event.keys', { key: 'k' }, { subject: 'own' });
    const { run } = await w.waiting(id);
    await w.engine.emit('any', {}, { subject: 'whoever' });
    await until('its second step waits', async () => (await w.waitsOf(run.id))[0]?.contextKey === 'k');
    await w.engine.emit('one', {}, { subject: 'own' });
    await w.engine.emit('one', {}, { subject: 'k' });
    const [failed] = await w.engine.ended(1, id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', path: 'actions[3]' } });
  }, 180_000);

  test('resumes at the first of several events with different context keys, and returns the id of its trigger', async () => {
    const id = await w.save(
      'event.list',
      `  - wait_for_trigger:
      triggers:
        - { id: yes, event: automation.event, config: { type: list.yes } }
        - { id: no, event: automation.event, config: { type: list.no }, context_key: "{{ trigger.payload.data.key }}" }
        - { event: incident.resolved, context_key: "*" }
      timeout_seconds: 60
  - variables: { first: "{{ wait.trigger.id }}" }
  - wait_for_trigger:
      - { event: automation.event, config: { type: list.yes } }
      - { id: other, event: automation.event, config: { type: list.no } }
  - variables: { second: "{{ wait.trigger.id }}" }`,
    );
    await w.engine.emit('event.list', { key: 'k' }, { subject: 'l' });
    const { run, wait } = await w.waiting(id);
    expect(wait).toMatchObject({
      ...{ event: 'automation.event', contextKey: 'l' },
      events: ['automation.event', 'automation.event', 'incident.resolved'],
      contextKeys: ['l', 'k', '*'],
      contextNames: [null, null, null],
    });
    const answer = await runFermata(['waits'], {
      FERMATA_URL: w.api.url,
      FERMATA_TOKEN: w.engine.authorization.replace('Bearer ', ''),
    });
    expect(answer.out).toContain('automation.event, automation.event, incident.resolved');
    const listed = async (query: string) => (await w.call('GET', `/waits?${query}`)) as { items: unknown[] };
    const { items } = await listed(`automationId=${id}`);
    expect(items).toMatchObject([{ runId: run.id, automationId: id, automationName: 'event.list' }]);
    expect(answer.out).toMatch(/ event\.list$/m);
    expect((await listed(`automationId=${run.id}`)).items).toEqual([]);
    await w.engine.emit('list.no', {}, { subject: 'l' });
    await w.engine.emit('list.yes', {}, { subject: 'k' });
    await w.routed();
    await w.engine.emit('list.no', {}, { subject: 'k' });
    await until(
      'the first wait has ended',
      async () => ((await w.resultOf(run.id, 'actions[1]')) as { first?: string } | undefined)?.first === 'no',
    );
    await w.engine.emit('list.yes', {}, { subject: 'l' });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[3]')).toEqual({ second: 'automation_event' });
  }, 180_000);

  test('resumes at an event that arrived while the request of the previous step was in progress', async () => {
    const id = await w.save(
      'event.early',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - wait_for_trigger: { event: automation.event, config: { type: answered }, timeout_seconds: 20 }`,
    );
    w.engine.receiver.answerWith((_received, response) => {
      void w.engine.emit('answered', {}, { subject: 'e' }).then(() => setTimeout(() => response.end('ok'), 300));
    });
    await w.engine.emit('event.early', {}, { subject: 'e' });
    const [run] = await w.engine.ended(1, id);
    expect(run?.status).toBe('success');
  }, 180_000);

  test('resumes at such an event if all steps between the request and the wait were skipped', async () => {
    const skipped = `action: automation.log, config: { message: no }, enabled: `;
    const id = await w.save(
      'event.skipped',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - { ${skipped} false }
  - { ${skipped} "1 == 2" }
  - choose: [ { when: "1 == 1", sequence: [ { ${skipped} "1 == 2" } ] } ]
  - wait_for_trigger: { event: automation.event, config: { type: answered }, timeout_seconds: 5 }`,
    );
    w.engine.receiver.answerWith((_received, response) => {
      void w.engine.emit('answered', {}, { subject: 's' }).then(() => setTimeout(() => response.end('ok'), 300));
    });
    await w.engine.emit('event.skipped', {}, { subject: 's' });
    const [run] = await w.engine.ended(1, id);
    expect(run?.status).toBe('success');
  }, 180_000);

  test('ignores an event that occurred before the previous step started', async () => {
    const id = await w.save(
      'event.late',
      `  - wait_for_trigger: { event: automation.event, config: { type: again } }
  - { action: integration-webhook.send, config: { url: "$URL/between" } }
  - wait_for_trigger: { event: automation.event, config: { type: again }, timeout_seconds: 2, continue_on_timeout: true }`,
    );
    await w.engine.emit('event.late', {}, { subject: 'l' });
    const { run } = await w.waiting(id);
    await w.engine.emit('again', {}, { subject: 'l' });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[2]')).toMatchObject({ completed: false });
  }, 180_000);

  test('resumes at the earliest of several events, and at an event after a failed evaluation', async () => {
    const id = await w.save(
      'event.first',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - wait_for_trigger: { event: automation.event, config: { type: several }, timeout_seconds: 20 }
  - variables: { n: "{{ wait.trigger.payload.data.n }}" }`,
    );
    w.engine.receiver.answerWith((_received, response) => {
      void (async () => {
        for (const n of [1, 2, 3]) await w.engine.emit('several', { n }, { subject: 'f' });
        response.end('ok');
        for (const n of [4, 5, 6]) await w.engine.emit('several', { n }, { subject: 'f' });
      })();
    });
    await w.engine.emit('event.first', {}, { subject: 'f' });
    const [run] = await w.engine.ended(1, id);
    expect(await w.resultOf(run?.id ?? '', 'actions[2]')).toEqual({ n: 1 });
    const unevaluated = await w.save(
      'event.unevaluated',
      `  - wait_for_trigger: { event: automation.event, config: { type: recovered }, timeout_seconds: 30 }`,
    );
    await w.engine.emit('event.unevaluated', {}, { subject: 'd2' });
    await w.waiting(unevaluated);
    // Set the state that the dispatcher leaves if it could not evaluate the wait.
    await w.engine.database.pool.query(`update waits set woken_by = '{}', signalled_at = null, looked = false`);
    await until(
      'the wait has been evaluated again',
      async () => (await w.engine.database.pool.query('select 1 from waits where woken_by is not null')).rowCount === 0,
      20_000,
    );
    await w.engine.emit('recovered', {}, { subject: 'd2' });
    expect((await w.engine.ended(1, unevaluated))[0]?.status).toBe('success');
  }, 180_000);

  test('accepts events of entities and of domains', async () => {
    const id = await w.save(
      'event.domain',
      `  - wait_for_trigger: { event: healthcheck.system_healthy, context_key: "sys" }
  - wait_for_trigger: { event: automation.entity_changed, config: { kind: lamp, field: status, to: red }, context_key: "*" }`,
    );
    const report = (status: string) =>
      w.call('POST', '/health/results', { systemId: 'sys', configurationId: 'http', status });
    await report('unhealthy');
    await w.engine.emit('event.domain', {}, { subject: 'd' });
    const { run } = await w.waiting(id);
    await report('healthy');
    await until('it waits for the lamp', async () => (await w.waitsOf(run.id))[0]?.path === 'actions[1]');
    await w.lamp('signal', { status: 'red' });
    await w.engine.ended(1, id);
    expect(await w.resultOf(run.id, 'actions[1]')).toMatchObject({ trigger: { payload: { id: 'signal' } } });
  }, 180_000);
});
