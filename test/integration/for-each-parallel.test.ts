import { startEngine, type Engine } from '../support/engine';
import { post, runSteps, sentTo } from '../support/run-steps';

describe('for_each with parallel', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  beforeEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  const run = (type: string, steps: string) => runSteps(engine, type, steps);

  it('runs a fixed number of iterations at a time, each with its own variables, waits and artifacts, and merges by item', async () => {
    const {
      run: ended,
      resultOf,
      steps: rows,
    } = await run(
      'side.each',
      `  - variables: { kept: 1 }
  - repeat:
      for_each: "[3, 1, 2, 0, 0]"
      parallel: 3
      sequence:
        - id: tell
          action: automation.emit_event
          config: { type: side.told, data: { n: "{{ repeat.item }}" } }
        - delay: { template: "{{ repeat.item + 1 }}" }
        - wait_until: { condition: artifacts.tell.event.changeId != null }
        - variables: { last: "{{ repeat.index }}", "seen": "{{ artifacts.tell.event.changeId }}" }
        - condition: repeat.index != 1
        - variables: { through: "{{ repeat.index }}" }
  - variables: { all: "{{ [variables.kept, variables.last, variables.through] }}", newest: "{{ artifacts.tell.event.changeId == variables.seen }}" }`,
    );
    expect(ended).toMatchObject({ status: 'success', error: null });
    expect(resultOf('actions[1]')).toEqual({ iterations: 5 });
    expect(resultOf('actions[2]')).toEqual({ all: [1, 4, 4], newest: true });
    const seen = rows.filter(({ path }) => path.endsWith('.sequence[3]')).map(({ result }) => JSON.stringify(result));
    expect(new Set(seen).size).toBe(5);
    expect(rows.filter(({ path }) => path.endsWith('.sequence[5]')).map(({ path }) => path)).not.toContain(
      'actions[1].repeat[1].sequence[5]',
    );
    const positionOf = (path: string, column: 'began_seq' | 'seq') =>
      Number(rows.find((row) => row.path === `actions[1].repeat${path}`)?.[column]);
    // The second iteration has the shortest delay, so it ends first. Only then does the fourth iteration start.
    const firstEnd = positionOf('[1].sequence[4]', 'seq');
    expect(positionOf('[3].sequence[0]', 'began_seq')).toBeGreaterThan(firstEnd);
    expect(positionOf('[2].sequence[0]', 'began_seq')).toBeLessThan(firstEnd);
  }, 180_000);

  it('begins no iteration after a failure, and fails with the first error by item', async () => {
    engine.receiver.answerWith(({ path }, response) => {
      if (path === '/one') setTimeout(() => response.writeHead(400).end(), 1_000);
      else response.writeHead(path === '/two' ? 404 : 200).end();
    });
    const steps = `  - repeat:
      for_each: "['one', 'two', 'three', 'four']"
      parallel: 2
      sequence: [ { action: integration-webhook.send, config: { url: "$URL/{{ repeat.item }}" } } ]`;
    const { run: ended, statuses } = await run('side.fail', steps);
    expect(ended).toMatchObject({
      status: 'failed',
      error: { status: 400, path: 'actions[0].repeat[0].sequence[0]' },
    });
    expect(sentTo(engine).toSorted()).toEqual(['one', 'two']);
    expect(statuses['actions[0]']).toBe('failed');
  }, 180_000);

  it('is ended by a stop in one iteration', async () => {
    const { run: ended, statuses } = await run(
      'side.stop',
      `  - repeat:
      for_each: "[5, 1, 5]"
      parallel: 2
      sequence: [ { delay: { template: "{{ repeat.item * repeat.item * 60 - 59 }}" } }, { stop: { reason: "at {{ repeat.index }}" } } ]
  - ${post('after')}`,
    );
    expect(ended).toMatchObject({ status: 'success', ended_by: { kind: 'stop', reason: 'at 1' } });
    expect(statuses['actions[0].repeat[0].sequence[0]']).toBe('cancelled');
    expect(statuses).not.toHaveProperty('actions[0].repeat[2].sequence[0]');
    expect(sentTo(engine)).toEqual([]);
  }, 180_000);
});
