import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine } from '../support/engine';

const DEPLOYED = `
name: Greets who deployed
group: deploys
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
`;

describe('a run', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
    await engine.worker();
  }, 180_000);
  beforeEach(() => engine.receiver.received.splice(0));
  afterAll(() => engine.close());

  it('goes from an event through its steps to success, with a row for each step', async () => {
    const id = await engine.save(DEPLOYED);
    await engine.emit('deploy.finished', { ok: false, who: 'bob' });
    await engine.emit('deploy.finished', { ok: true, who: 'ada' }, { subject: 'shop' });
    const [run] = await engine.ended(1, id);
    expect(run).toMatchObject({
      status: 'success',
      error: null,
      ended_by: null,
      context_key: 'shop',
      // The variables that the run started with. A retry starts with the same variables.
      variables: { who: 'ADA' },
    });
    const steps = await engine.steps(run?.id ?? '');
    expect(steps.map(({ path, status }) => [path, status])).toEqual([
      ['actions[0]', 'success'],
      ['actions[1]', 'success'],
      ['actions[1].choose[1].sequence[0]', 'success'],
      ['actions[2]', 'success'],
      ['actions[3]', 'success'],
      ['actions[4]', 'success'],
    ]);
    expect(steps[0]).toMatchObject({ attempts: 1, result: { message: 'deployed by ADA' } });
    expect(steps[1]).toMatchObject({ result: { branch: 1 } });
    expect(steps[4]).toMatchObject({ result: { holds: true } });
    for (const { started_at, finished_at } of steps as unknown as { started_at: string; finished_at: string }[]) {
      expect(new Date(finished_at).getTime()).toBeGreaterThanOrEqual(new Date(started_at).getTime());
    }
  });

  it('succeeds with a reason at a false condition or a stop, and fails at a stop with error', async () => {
    const id = await engine.save(`
name: Ends
mode: parallel
triggers: [{ event: automation.event, config: { type: end } }]
actions:
  - choose:
      - { when: trigger.payload.data.how == "condition", sequence: [{ condition: "1 > 2" }] }
      - { when: trigger.payload.data.how == "stop", sequence: [{ stop: { reason: enough } }] }
    else: [{ id: halt, stop: { reason: too much, error: true } }]
  - { action: integration-webhook.send, config: { url: "$URL/after" } }
`);
    for (const how of ['condition', 'stop', 'error']) await engine.emit('end', { how });
    const [condition, stop, error] = await engine.ended(3, id);
    const path = (n: number) => `actions[0].choose[${n}].sequence[0]`;
    expect(condition).toMatchObject({ status: 'success', ended_by: { kind: 'condition', path: path(0) } });
    expect(stop).toMatchObject({ status: 'success', ended_by: { kind: 'stop', path: path(1), reason: 'enough' } });
    expect(error).toMatchObject({
      status: 'failed',
      ended_by: { kind: 'stop', path: 'actions[0].else[0]' },
      error: { code: 'stopped', message: 'too much', actionId: 'halt' },
    });
    expect(engine.receiver.received).toEqual([]);
  });

  it('finishes with the version that it started with', async () => {
    const version = (word: string) => `
name: Pinned
triggers: [{ event: automation.event, config: { type: pinned } }]
actions:
  - delay: { seconds: 2 }
  - { action: integration-webhook.send, config: { url: "$URL/${word}" } }
`;
    const id = await engine.save(version('old'));
    await engine.emit('pinned');
    while ((await engine.runs(id))[0]?.status !== 'waiting') await new Promise((resolve) => setTimeout(resolve, 20));
    await engine.save(version('new'), id);
    await engine.ended(1, id);
    expect(engine.receiver.received.map(({ path }) => path)).toEqual(['/old']);
  });

  it('adds at most four events per short call plus fifteen to the history, and has search attributes', async () => {
    const id = await engine.save(`
name: Five calls
group: cheap
triggers: [{ event: automation.event, config: { type: calls } }]
actions:
${'  - { action: integration-webhook.send, config: { url: "$URL/x" } }\n'.repeat(5)}
`);
    await engine.emit('calls', {}, { subject: 'k'.repeat(300) });
    const [run] = await engine.ended(1, id);
    const client = lazyClient(engine.temporal);
    const handle = client.workflow.getHandle(run?.workflow_id ?? '', run?.execution_run_id ?? '');
    const { historyLength, typedSearchAttributes, memo } = await handle.describe();
    await client.connection.close();
    expect(historyLength).toBeLessThanOrEqual(5 * 4 + 15);
    expect(memo).toEqual({ fermataRunId: run?.id });
    const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toEqual(
      new Map(
        Object.entries({
          AutomationId: id,
          AutomationName: 'Five calls',
          AutomationGroup: 'cheap',
          TriggerEvent: 'automation.event',
          ContextKey: expect.stringMatching(/^k{80}~[0-9a-f]{32}$/),
          FermataRunId: run?.id,
          BuildIds: attributes.get('BuildIds'),
        }).filter(([, value]) => value !== undefined),
      ),
    );
  });
});
