import { startEngine, type Engine } from '../support/engine';
import { replayRuns } from '../support/histories';

const RUNS = 20;
const LATEST_ANSWER_MS = 30;

describe('concurrent branches', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  afterAll(() => engine.close());

  it('are replayed in the order in which their steps ended', async () => {
    engine.receiver.answerWith((_received, response) => {
      setTimeout(() => response.writeHead(200).end(), Math.random() * LATEST_ANSWER_MS);
    });
    const post = (path: string) => `{ action: integration-webhook.send, config: { url: "$URL/${path}" } }`;
    const id = await engine.save(`
name: Race
mode: parallel
max_runs: 1000
triggers: [{ event: automation.event, config: { type: race } }]
actions:
  - parallel:
      - repeat:
          count: 3
          sequence:
            - ${post('a')}
            - delay: { seconds: 0.05 }
            - variables: { last: "{{ repeat.index }}" }
      - sequence: [ { variables: { kept: 1 } }, { delay: { seconds: 0.1 } }, ${post('b')}, { choose: [ { when: "1 == 1", sequence: [ { variables: { chosen: 1 } }, ${post('c')} ] } ] } ]
      - parallel:
          - sequence: [ ${post('d')}, { variables: { inner: 1 } }, { delay: { seconds: 0.1 } } ]
          - sequence: [ ${post('e')}, { variables: { other: 1 } }, ${post('f')} ]
  - ${post('{{ variables.kept }}{{ variables.last }}{{ variables.chosen }}{{ variables.inner }}{{ variables.other }}')}
`);
    await engine.emit('race', {}, { times: RUNS });
    const runs = await engine.ended(RUNS, id, 60_000);
    expect(runs.map(({ status }) => status)).toEqual(Array(RUNS).fill('success'));
    expect(engine.receiver.received.filter(({ path }) => path === '/12111')).toHaveLength(RUNS);
    expect(await replayRuns(engine, runs, new Map([[id, 'branches-race']]))).toBe(RUNS);
  }, 360_000);
});
