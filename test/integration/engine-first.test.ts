import { startEngine, type Engine } from '../support/engine';

describe('a run', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 60_000);
  afterAll(() => engine.close());

  it('goes from an event through its steps to success, each step with a row', async () => {
    const id = await engine.save(`
name: First
triggers:
  - event: automation.event
    config: { type: deploy.finished }
    filter: trigger.payload.data.ok
variables:
  who: "{{ trigger.payload.data.who | upper }}"
actions:
  - id: note
    action: automation.log
    config: { message: "deployed by {{ variables.who }}" }
  - choose:
      - when: variables.who == "NOBODY"
        sequence:
          - stop: { reason: nobody }
      - when: variables.who == "ADA"
        sequence:
          - variables: { greeting: "hello {{ variables.who }}" }
  - delay: { seconds: 1 }
  - condition: variables.greeting == "hello ADA"
  - action: automation.emit_event
    config: { type: greeted, data: { text: "{{ variables.greeting }}" } }
`);
    await engine.emit('deploy.finished', { ok: true, who: 'ada' });
    const [run] = await engine.ended(1);
    const steps = await engine.steps(run?.id ?? '');
    console.log(run, steps, await engine.outcomes(id));
    expect(run).toMatchObject({ status: 'success', error: null });
  });
});
