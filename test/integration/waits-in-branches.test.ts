import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { until } from '../support/until';

describe('concurrent and consecutive waits', () => {
  let engine: Engine;
  let api: { url: string };
  let worker: FermataProcess;
  beforeAll(async () => {
    engine = await startEngine();
    [api, worker] = await Promise.all([engine.api(), engine.worker()]);
  }, 180_000);
  afterAll(() => engine.close());

  const save = (type: string, steps: string) =>
    engine.save(`
name: ${type}
mode: parallel
triggers: [{ event: automation.event, config: { type: ${type} } }]
actions:
${steps}
`);
  const armed = async (): Promise<string[]> => {
    const found = await engine.database.pool.query<{ path: string }>('select path from waits order by path');
    return found.rows.map(({ path }) => path);
  };
  const resultsOf = async (id: string) => {
    const [run] = await engine.ended(1, id, 40_000);
    expect(run?.status).toBe('success');
    const steps = await engine.steps(run?.id ?? '');
    return Object.fromEntries(steps.map(({ path, result }) => [path, result]));
  };

  it('are deleted when a false condition in another branch ends their iteration', async () => {
    const id = await save(
      'cut',
      `  - repeat:
      count: 2
      sequence:
        - parallel:
            - wait_until: { condition: 'state.health.nobody.status == "healthy"' }
            - wait_for_trigger: { event: automation.event, config: { type: late }, context_key: "*" }
            - sequence: [ { delay: { seconds: 1 } }, { condition: "1 == 2" } ]
  - wait_for_trigger: { event: automation.event, config: { type: end }, context_key: "*" }`,
    );
    await engine.emit('cut');
    await until('its first iteration waits', async () => (await armed()).length === 2, 20_000);
    const second = 'actions[0].repeat[1].sequence[0].parallel';
    await until('its second iteration waits', async () => (await armed())[0] === `${second}[0]`, 20_000);
    await until('the last step waits', async () => (await armed()).includes('actions[1]'), 20_000);
    expect(await armed()).toEqual(['actions[1]']);
    const [waiting] = await engine.runs(id);
    const statuses = new Map((await engine.steps(waiting?.id ?? '')).map(({ path, status }) => [path, status]));
    expect([statuses.get(`${second}[2]`), statuses.get(`${second}[2].sequence[0]`)]).toEqual(['success', 'success']);
    await engine.emit('late');
    await engine.emit('end');
    const [run] = await engine.ended(1, id);
    const rows = await engine.steps(run?.id ?? '');
    expect(rows.find(({ path }) => path === 'actions[1]')?.status).toBe('success');
    const cut = rows.filter(({ path }) => /repeat\[\d\]\.sequence\[0\]\.parallel\[[01]\]$/.test(path));
    expect(cut.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
  }, 180_000);

  it('include delays, which are listed with their ends whatever the other branches do', async () => {
    const id = await save(
      'delayed',
      `  - parallel:
      - delay: { hours: 2 }
      - sequence: [ { variables: { a: 1 } }, { delay: { hours: 1 } } ]
      - wait_for_trigger: { event: automation.event, config: { type: go }, context_key: "*" }
      - delay: { seconds: 1 }`,
    );
    await engine.emit('delayed', {}, { subject: 'd' });
    const [first, second] = ['actions[0].parallel[0]', 'actions[0].parallel[1].sequence[1]'];
    const listed = async (query: string) =>
      (await engine.call(api, 'GET', `/delays?${query}`)) as { items: Record<string, string>[]; nextCursor: string };
    const { items } = await until(
      'both long delays are listed and the short delay has ended',
      async () => {
        const [open] = await engine.runs(id);
        const steps = open === undefined ? [] : await engine.steps(open.id);
        const page = await listed(`automationId=${id}`);
        const hasEnded = steps.some(({ path, status }) => path === 'actions[0].parallel[3]' && status === 'success');
        return hasEnded && page.items.map(({ path }) => path).join() === `${first},${second}` && page;
      },
      20_000,
    );
    const [run] = await engine.runs(id);
    expect(items[0]).toMatchObject({ automationId: id, automationName: 'delayed', runId: run?.id, contextKey: 'd' });
    const hoursOf = ({ since = '', until: end = '' }) => (Date.parse(end) - Date.parse(since)) / 3_600_000;
    expect(items.map((item) => Math.round(hoursOf(item)))).toEqual([2, 1]);
    const page = await listed(`runId=${run?.id ?? ''}&limit=1`);
    expect(page.items).toEqual([items[0]]);
    const next = await listed(`limit=1&cursor=${page.nextCursor}`);
    expect(next).toEqual({ items: [items[1]], nextCursor: null });
    expect((await listed(`automationId=${run?.id ?? ''}`)).items).toEqual([]);
    await engine.call(api, 'POST', `/runs/${run?.id ?? ''}/cancel`, {});
    await engine.ended(1, id);
    expect((await listed(`automationId=${id}`)).items).toEqual([]);
  }, 180_000);

  it('do not delay the rows of steps in other branches', async () => {
    const id = await save(
      'beside',
      `  - parallel:
      - wait_for_trigger: { event: automation.event, config: { type: go }, context_key: "*" }
      - sequence: [ { variables: { a: 1 } }, { choose: [ { when: "1 == 2", sequence: [] } ] } ]`,
    );
    await engine.emit('beside');
    await until('the wait is armed', async () => (await armed()).length === 1, 20_000);
    const states = async () => {
      const [run] = await engine.runs(id);
      const steps = await engine.steps(run?.id ?? '');
      return [run?.status, ...steps.map(({ path, status }) => `${path.replaceAll(/[a-z]+/g, '')} ${status}`)];
    };
    await until('the other branch has ended', async () => (await states()).includes('[0].[1].[1] success'), 20_000);
    expect(await states()).toEqual([
      'waiting',
      ...['[0] running', '[0].[0] waiting', '[0].[1] success', '[0].[1].[0] success', '[0].[1].[1] success'],
    ]);
    await engine.emit('go');
    const [run] = await engine.ended(1, id);
    const steps = await engine.steps(run?.id ?? '');
    expect(Object.fromEntries(steps.map(({ path, status }) => [path, status]))).toEqual({
      'actions[0]': 'success',
      'actions[0].parallel[0]': 'success',
      'actions[0].parallel[1]': 'success',
      'actions[0].parallel[1].sequence[0]': 'success',
      'actions[0].parallel[1].sequence[1]': 'success',
    });
  }, 180_000);

  it('use each event once if they are consecutive, even if it arrived during the request before them', async () => {
    engine.receiver.answerWith((_received, response) => {
      void (async () => {
        await engine.emit('answer', { of: 'b' });
        await engine.emit('answer', { of: 'a' });
        await engine.emit('answer', { of: 'c' });
        response.end('ok');
      })();
    });
    const wait = (more: string) =>
      `wait_for_trigger: { event: automation.event, config: { type: answer }, context_key: "*", timeout_seconds: 20${more} }`;
    const id = await save(
      'once',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - ${wait(`, filter: trigger.payload.data.of == 'a'`)}
  - repeat:
      count: 2
      sequence:
        - ${wait('')}
        - variables: { of: "{{ wait.trigger.payload.data.of }}" }
  - ${wait(', continue_on_timeout: true').replace('20', '2')}`,
    );
    await engine.emit('once');
    const results = await resultsOf(id);
    expect(results['actions[1]']).toMatchObject({ completed: true, trigger: { payload: { data: { of: 'a' } } } });
    expect(results['actions[2].repeat[0].sequence[1]']).toEqual({ of: 'b' });
    expect(results['actions[2].repeat[1].sequence[1]']).toEqual({ of: 'c' });
    expect(results['actions[3]']).toMatchObject({ completed: false });
  }, 180_000);

  it('accept an event that arrived between a manual start and the first step of the run', async () => {
    const id = await save(
      'byhand',
      `  - wait_for_trigger: { event: automation.event, config: { type: early }, context_key: "*", timeout_seconds: 5 }`,
    );
    await Promise.all([worker.stop('SIGKILL'), engine.emit('early', { n: 'before' })]);
    const made = await engine.post(api, `/automations/${id}/runs`, {});
    expect(made.status).toBe(201);
    await engine.emit('early', { n: 'after' });
    worker = await engine.worker();
    const results = await resultsOf(id);
    expect(results['actions[0]']).toMatchObject({ completed: true, trigger: { payload: { data: { n: 'after' } } } });
  }, 180_000);

  it('accept an event in a retry that arrived too late for the original run', async () => {
    engine.receiver.answerWith((_received, response) => void response.end('ok'));
    const id = await save(
      'toolate',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - wait_for_trigger: { event: automation.event, config: { type: slow }, context_key: "*", timeout_seconds: 1 }`,
    );
    await engine.emit('toolate');
    const [failed] = await engine.ended(1, id);
    expect(failed?.error?.code).toBe('wait_timeout');
    await engine.emit('slow');
    expect((await engine.post(api, `/runs/${failed?.id ?? ''}/retry`, {})).status).toBe(201);
    expect((await engine.ended(2, id)).map(({ status }) => status)).toEqual(['failed', 'success']);
  }, 180_000);

  it('all use the same event if they are in concurrent branches', async () => {
    engine.receiver.answerWith((_received, response) => {
      void engine.emit('shared', { n: 1 }).then(() => response.end('ok'));
    });
    const wait = `wait_for_trigger: { event: automation.event, config: { type: shared }, context_key: "*", timeout_seconds: 20 }`;
    const id = await save(
      'both',
      `  - { action: integration-webhook.send, config: { url: "$URL/ask" } }
  - parallel: [ { ${wait} }, { sequence: [ { delay: { seconds: 1 } }, { ${wait} } ] } ]`,
    );
    await engine.emit('both');
    const results = await resultsOf(id);
    expect(results['actions[1].parallel[0]']).toMatchObject({ completed: true });
    expect(results['actions[1].parallel[1].sequence[1]']).toMatchObject({ completed: true });
  }, 180_000);
});
