import { Client, Connection } from '@temporalio/client';
import { cancelRun } from '../../src/db/runs/run-states';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';
import { post, runSteps, saveSteps, sentTo } from '../support/run-steps';
import { allowedMs, until } from '../support/until';

describe('control flow of a run', () => {
  let engine: Engine;
  let workers: FermataProcess[];
  beforeAll(async () => {
    engine = await startEngine();
    workers = [await engine.worker()];
  }, 180_000);
  beforeEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  const sent = () => sentTo(engine);
  const save = (type: string, steps: string, more?: string) => saveSteps(engine, type, steps, more);
  const run = (type: string, steps: string, more?: string, data?: Record<string, unknown>) =>
    runSteps(engine, type, steps, { more, data });

  describe('parallel', () => {
    it('runs every branch to its end and then fails with the first error by branch order', async () => {
      engine.receiver.answerWith(({ path }, response) => {
        if (path === '/slow-bad') setTimeout(() => response.writeHead(400).end(), 500);
        else response.writeHead(path === '/fast-bad' ? 404 : 200).end();
      });
      const { run: ended, statuses } = await run(
        'par.fail',
        `  - parallel:
      - ${post('slow-bad')}
      - ${post('fast-bad')}
      - sequence: [ { delay: { seconds: 1 } }, ${post('good')} ]
  - ${post('after')}`,
      );
      expect(ended).toMatchObject({ status: 'failed', error: { status: 400, path: 'actions[0].parallel[0]' } });
      expect(sent()).toEqual(expect.arrayContaining(['slow-bad', 'fast-bad', 'good']));
      expect(sent()).not.toContain('after');
      expect(statuses).toMatchObject({
        'actions[0]': 'failed',
        'actions[0].parallel[0]': 'failed',
        'actions[0].parallel[1]': 'failed',
        'actions[0].parallel[2]': 'success',
        'actions[0].parallel[2].sequence[1]': 'success',
      });
    }, 180_000);

    it('gives each branch a copy of the variables and merges them in branch order', async () => {
      const { run: ended, resultOf } = await run(
        'par.vars',
        `  - variables: { a: 1, b: 1, c: 1 }
  - parallel:
      - sequence: [ { delay: { seconds: 1 } }, { variables: { a: 2, seen: "{{ variables.b }}" } } ]
      - variables: { b: 3, a: "{{ variables.a }}" }
      - variables: { b: 4 }
  - variables: { all: "{{ [variables.a, variables.b, variables.c, variables.seen] }}" }`,
      );
      expect(ended.status).toBe('success');
      expect(resultOf('actions[2]')).toEqual({ all: [2, 4, 1, 1] });
    }, 180_000);

    it('is ended by a stop in one branch, even with continue_on_error', async () => {
      const { run: ended, statuses } = await run(
        'par.stop',
        `  - continue_on_error: true
    parallel:
      - sequence: [ { delay: { minutes: 5 } }, ${post('never')} ]
      - sequence: [ { delay: { seconds: 1 } }, { stop: { reason: enough } } ]
  - ${post('after')}`,
      );
      expect(ended).toMatchObject({ status: 'success', ended_by: { kind: 'stop', reason: 'enough' } });
      expect(statuses['actions[0].parallel[0].sequence[0]']).toBe('cancelled');
      expect(sent()).toEqual([]);
    }, 180_000);

    it('ends with the rendered reason of a stop, in the first stretch and after a timer', async () => {
      const steps = (before: string) =>
        `${before}  - variables: { who: db-1, n: 3 }\n  - stop: { reason: "{{ variables.n }} disks of {{ variables.who }} are full", error: true }`;
      for (const [type, before] of [
        ['stop.inline', ''],
        ['stop.later', '  - delay: { seconds: 1 }\n'],
      ] as const) {
        const { run: ended, resultOf } = await run(type, steps(before));
        const reason = '3 disks of db-1 are full';
        expect(ended).toMatchObject({ status: 'failed', ended_by: { kind: 'stop', reason } });
        expect(ended.error).toMatchObject({ code: 'stopped', message: reason });
        expect(resultOf(before === '' ? 'actions[1]' : 'actions[2]')).toEqual({ reason });
      }
    }, 180_000);

    it('continues after failed branches with continue_on_error, and shows disabled branches as skipped', async () => {
      engine.receiver.answerWith(({ path }, response) => void response.writeHead(path === '/bad' ? 400 : 200).end());
      const { run: ended, statuses } = await run(
        'par.go',
        `  - continue_on_error: true
    parallel: [ ${post('bad')}, ${post('off', ', enabled: false')}, ${post('maybe', ', enabled: "1 == 2"')} ]
  - enabled: "trigger.payload.data.on"
    parallel: [ ${post('not-on')} ]
  - ${post('after')}`,
      );
      expect(ended.status).toBe('success');
      expect(statuses).toMatchObject({
        'actions[0]': 'failed',
        'actions[0].parallel[1]': 'skipped',
        'actions[0].parallel[2]': 'skipped',
        'actions[1]': 'skipped',
      });
      expect(sent()).toEqual(['bad', 'after']);
    }, 180_000);
  });

  describe('repeat', () => {
    it('counts iterations, and provides index, first and last', async () => {
      const { steps: rows, resultOf } = await run(
        'rep.count',
        `  - repeat:
      count: "{{ 1 + 2 }}"
      sequence: [ { variables: { seen: "{{ [repeat.index, repeat.first, repeat.last] }}" } } ]`,
      );
      expect(rows.filter(({ path }) => path.includes('.sequence')).map(({ path, result }) => [path, result])).toEqual([
        ['actions[0].repeat[0].sequence[0]', { seen: [0, true, false] }],
        ['actions[0].repeat[1].sequence[0]', { seen: [1, false, false] }],
        ['actions[0].repeat[2].sequence[0]', { seen: [2, false, true] }],
      ]);
      expect(resultOf('actions[0]')).toEqual({ iterations: 3 });
    }, 180_000);

    it('iterates over a list; after an inner loop, repeat.item is the item of the outer loop again', async () => {
      const { run: ended } = await run(
        'rep.each',
        `  - repeat:
      for_each: trigger.payload.data.teams
      sequence:
        - repeat:
            for_each: repeat.item.people
            sequence: [ { action: integration-webhook.send, config: { url: "$URL/{{ repeat.item }}" } } ]
        - { action: integration-webhook.send, config: { url: "$URL/{{ repeat.item.name }}" } }`,
        '',
        {
          teams: [
            { name: 'red', people: ['ada', 'bob'] },
            { name: 'blue', people: [] },
            { name: 'green', people: ['cyd'] },
          ],
        },
      );
      expect(ended.status).toBe('success');
      expect(sent()).toEqual(['ada', 'bob', 'red', 'blue', 'cyd', 'green']);
    }, 180_000);

    it('evaluates `while` before and `until` after an iteration', async () => {
      const { resultOf } = await run(
        'rep.ask',
        `  - variables: { n: 0 }
  - repeat: { while: variables.n < 2, sequence: [ { variables: { n: "{{ variables.n + 1 }}" } } ] }
  - repeat: { while: variables.n < 2, sequence: [ ${post('never')} ] }
  - repeat: { until: variables.n >= 2, sequence: [ ${post('once')} ] }`,
      );
      expect([1, 2, 3].map((n) => resultOf(`actions[${n}]`))).toEqual([
        { iterations: 2 },
        { iterations: 0 },
        { iterations: 1 },
      ]);
      expect(sent()).toEqual(['once']);
    }, 180_000);

    it('ends with a warning at max_iterations, and with an error if its condition cannot be evaluated', async () => {
      const { run: ended, resultOf } = await run(
        'rep.bounds',
        `  - repeat: { while: "true", max_iterations: 3, sequence: [ { variables: { x: 1 } } ] }
  - repeat: { count: 5, max_iterations: 2, sequence: [ { variables: { x: 1 } } ] }
  - repeat: { while: "trigger.payload.data.text - 1 > 0", sequence: [ ${post('never')} ] }
  - repeat: { until: "trigger.payload.data.text - 1 > 0", sequence: [ { variables: { x: 1 } } ] }
  - repeat: { count: 0, sequence: [ ${post('never')} ] }`,
        '',
        { text: 'x' },
      );
      expect(ended.status).toBe('success');
      expect(resultOf('actions[0]')).toEqual({ iterations: 3, warning: 'Ended at max_iterations (3).' });
      expect(resultOf('actions[1]')).toEqual({ iterations: 2, warning: 'Ended at max_iterations (2).' });
      expect(resultOf('actions[2]')).toEqual({ iterations: 0, error: expect.any(String) as string });
      expect(resultOf('actions[3]')).toEqual({ iterations: 1, error: expect.any(String) as string });
      expect(resultOf('actions[4]')).toEqual({ iterations: 0 });
    }, 180_000);

    it('fails if the value to iterate over is not a list, and names its type', async () => {
      const { run: ended } = await run(
        'rep.type',
        `  - repeat: { for_each: "'text'", sequence: [ ${post('never')} ] }`,
      );
      expect(ended).toMatchObject({
        status: 'failed',
        error: { message: expect.stringContaining('got string') as string },
      });
    }, 180_000);

    it('ends an iteration at a false condition, and the run at a stop, at any depth', async () => {
      const { run: ended, statuses } = await run(
        'rep.ends',
        `  - repeat:
      count: 5
      sequence:
        - choose:
            - when: repeat.index == 1
              sequence: [ { sequence: [ { condition: "1 == 2" }, ${post('never')} ] } ]
            - when: repeat.index == 3
              sequence: [ { parallel: [ { stop: { reason: third } }, { delay: { minutes: 9 } } ] } ]
        - { action: integration-webhook.send, config: { url: "$URL/{{ repeat.index }}" } }
  - ${post('after')}`,
      );
      expect(ended).toMatchObject({ status: 'success', ended_by: { kind: 'stop', reason: 'third' } });
      expect(sent()).toEqual(['0', '2']);
      expect(statuses['actions[0].repeat[1].sequence[0]']).toBe('success');
    }, 180_000);
  });

  describe('on_failure', () => {
    it('runs once after a failure, reads the failure as run.error, and does not change how the run ends', async () => {
      engine.receiver.answerWith(({ path }, response) => void response.writeHead(path === '/bad' ? 418 : 200).end());
      const { run: ended, statuses } = await run(
        'fail.seen',
        `  - { id: call, action: integration-webhook.send, config: { url: "$URL/bad" } }`,
        `on_failure:
  - { action: integration-webhook.send, config: { url: "$URL/{{ run.error.code }}-{{ run.error.status }}-{{ run.error.path }}-{{ run.error.actionId }}" } }
  - ${post('bad')}
  - ${post('never')}`,
      );
      expect(ended).toMatchObject({
        status: 'failed',
        error: { code: 'http_status', status: 418, path: 'actions[0]' },
      });
      expect(sent()).toEqual(['bad', 'http_status-418-actions[0]-call', 'bad']);
      expect(statuses).toMatchObject({ 'on_failure[0]': 'success', 'on_failure[1]': 'failed' });
    }, 180_000);

    it('runs after a stop with error, and not after a success or cancellation', async () => {
      const more = `on_failure: [ ${post('failed')} ]`;
      const stopped = await run('fail.stop', `  - { stop: { reason: bad, error: true } }`, more);
      expect(stopped.run).toMatchObject({ status: 'failed', ended_by: { kind: 'stop' } });
      expect(sent()).toEqual(['failed']);
      await run('fail.not', `  - ${post('fine')}`, more);
      const id = await save('fail.cancel', `  - delay: { minutes: 5 }`, more);
      await engine.emit('fail.cancel');
      const waiting = await until('it waits', async () => {
        const [found] = await engine.runs(id);
        return found?.status === 'waiting' && found;
      });
      await engine.database.db.transaction((tx) => cancelRun(tx, waiting.id, { kind: 'cancel' }));
      await engine.ended(1, id);
      expect(sent()).toEqual(['failed', 'fine']);
    }, 180_000);
  });

  it('continues in the middle of loops and branches after its worker was killed', async () => {
    const id = await save(
      'killed',
      `  - parallel:
      - repeat:
          count: 3
          sequence:
            - { action: integration-webhook.send, config: { url: "$URL/a{{ repeat.index }}" } }
            - delay: { seconds: 1 }
            - variables: { last: "{{ repeat.index }}" }
      - sequence: [ { variables: { kept: yes } }, { delay: { seconds: 3 } }, ${post('b')} ]
  - { action: integration-webhook.send, config: { url: "$URL/{{ variables.kept }}{{ variables.last }}" } }`,
    );
    await engine.emit('killed');
    await until('the second iteration has begun', () => sent().includes('a1'), 20_000);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    workers = [await engine.worker()];
    const [ended] = await engine.ended(1, id, 60_000);
    expect(ended?.status).toBe('success');
    // Count one effect per key. A request that was in progress when its worker died is repeated with the same key.
    const effects = new Map(engine.receiver.received.map(({ key, path }) => [key, path.slice(1)]));
    expect([...effects.values()].sort()).toEqual(['a0', 'a1', 'a2', 'b', 'yes2']);
    expect(
      sent()
        .filter((path) => path !== 'a1')
        .sort(),
    ).toEqual(['a0', 'a2', 'b', 'yes2']);
  }, 270_000);

  it('continues as new between steps, with branches, loops, variables and deadlines unchanged', async () => {
    await Promise.all(workers.map((worker) => worker.stop('SIGTERM')));
    workers = [await engine.worker({ FERMATA_CONTINUE_AFTER: '20' })];
    const id = await save(
      'again',
      `  - variables: { total: 0 }
  - parallel:
      - repeat:
          count: 60
          sequence:
            - variables: { total: "{{ variables.total + 1 }}" }
            - choose: [ { when: repeat.index % 20 == 19, sequence: [ { delay: { seconds: 1 } } ] } ]
      - sequence: [ { variables: { side: kept } }, { delay: { seconds: 4 } }, ${post('side')} ]
      - repeat:
          for_each: "[4, 0, 0, 0, 0, 0, 0, 0]"
          parallel: 2
          sequence: [ { variables: { each: "{{ repeat.index }}" } }, { delay: { template: "{{ repeat.item + 0.2 }}" } } ]
  - { action: integration-webhook.send, config: { url: "$URL/{{ variables.side }}-{{ variables.total }}-{{ variables.each }}" } }`,
    );
    const began = Date.now();
    await engine.emit('again');
    const [ended] = await engine.ended(1, id, 60_000);
    expect(ended?.status).toBe('success');
    expect(sent()).toEqual(['side', 'kept-60-7']);
    expect(Date.now() - began).toBeLessThan(allowedMs(60_000));
    const rows = await engine.steps(ended?.id ?? '');
    expect(rows.find(({ path }) => path === 'actions[1].parallel[0]')).toMatchObject({
      status: 'success',
      result: { iterations: 60 },
    });
    expect(rows.filter(({ path }) => /parallel\[2\]\.repeat\[\d\]\.sequence\[0\]$/.test(path))).toHaveLength(8);
    const { address, namespace } = engine.temporal;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace });
    const executions: string[] = [];
    for await (const one of client.workflow.list({ query: `WorkflowId = '${ended?.workflow_id ?? ''}'` })) {
      executions.push(one.status.name);
    }
    await connection.close();
    expect(executions.filter((status) => status === 'CONTINUED_AS_NEW').length).toBeGreaterThanOrEqual(1);
    await Promise.all(workers.map((worker) => worker.stop('SIGTERM')));
    workers = [await engine.worker()];
  }, 360_000);
});
