import { setTimeout as pause } from 'node:timers/promises';
import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';

describe('concurrent branches', () => {
  let engine: Engine;
  let worker: FermataProcess;
  beforeAll(async () => {
    engine = await startEngine();
    worker = await engine.worker();
  }, 180_000);
  afterEach(() => engine.receiver.reset());
  afterAll(() => engine.close());

  const save = (type: string, actions: string) =>
    engine.save(
      `name: ${type}\nmode: parallel\nmax_runs: 100\ntriggers: [{ event: automation.event, config: { type: ${type} } }]\nactions:\n${actions}`,
    );

  test.each([
    [
      'a delay',
      '{ sequence: [ { action: automation.log, config: { message: a } }, $STOP ] }, { delay: { seconds: 30 } }',
    ],
    ['steps', '$STOP, { sequence: [ { action: automation.log, config: { message: a } }, { delay: { hours: 1 } } ] }'],
  ])('end at once with a stop beside %s, even if local activities end at the same moment', async (what, branches) => {
    const stop = '{ stop: { reason: "enough at {{ now }}" } }';
    const type = `stopped beside ${what}`;
    const id = await save(type, `  - parallel: [ ${branches.replace('$STOP', stop)} ]`);
    await engine.emit(type, {}, { times: 20 });
    const runs = await engine.ended(20, id, 25_000);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['success']));
    expect(worker.output()).not.toContain('TMPRL1100');
  });

  it('pause, time out and stop on time while another branch carries out quick steps', async () => {
    engine.receiver.answerWith(async (_request, response) => {
      await pause(200);
      response.end('ok');
    });
    const id = await save(
      'beside quick steps',
      `  - parallel:
      - repeat: { count: 200, sequence: [ { variables: { n: "{{ repeat.index }}" } } ] }
      - sequence: [ { delay: { seconds: 1 } }, { variables: { m: 1 } } ]
      - wait_until: { condition: "1 == 2", timeout_seconds: 1 }
  - parallel:
      - repeat: { count: 60, sequence: [ { action: integration-webhook.send, config: { url: "$URL/quick" } } ] }
      - sequence: [ { delay: { seconds: 1 } }, { stop: { reason: enough } } ]`,
    );
    await engine.emit('beside quick steps');
    const [run] = await engine.ended(1, id, 90_000);
    expect(run).toMatchObject({ status: 'success', ended_by: { kind: 'stop' } });
    const first = await engine.database.pool.query<{ path: string }>(
      `select path from run_steps where run_id = $1 and finished_at is not null order by finished_at`,
      [run?.id],
    );
    const ended = first.rows.map(({ path }) => path.replace('actions[0].', ''));
    for (const path of ['parallel[1].sequence[1]', 'parallel[2]'])
      expect(ended.indexOf(path)).toBeLessThan(ended.indexOf('parallel[0]'));
    expect(engine.receiver.received.length).toBeLessThan(40);
  });
});
