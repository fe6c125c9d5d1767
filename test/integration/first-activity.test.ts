import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine } from '../support/engine';

describe('the first activity of a run in Temporal', () => {
  jest.setTimeout(240_000);
  let e: Engine;
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    e = await startEngine();
    client = lazyClient(e.temporal);
    await e.worker();
  }, 240_000);
  afterAll(async () => {
    await client.connection.close();
    await e.close();
  });

  const log = '{ action: automation.log, config: { message: done } }';
  test.each([
    ['its only action', `[${log}]`, 'automation.log'],
    ['its first step and the number of steps that follow', `[{ variables: { a: 1 } }, ${log}]`, 'variables + 1 more'],
    ['its first action, up to a pause', `[${log}, { delay: { seconds: 1 } }, ${log}]`, 'automation.log'],
  ])('is named after %s when an event starts it', async (_, actions, name) => {
    const type = `first ${actions.length}`;
    const id = await e.save(
      `name: ${type}\nmode: parallel\ntriggers: [{ event: automation.event, config: { type: ${type} } }]\nactions: ${actions}`,
    );
    await e.emit(type, {});
    const [run] = await e.ended(1, id);
    const handle = client.workflow.getHandle(run?.workflow_id ?? '', run?.execution_run_id ?? undefined);
    const { events = [] } = await handle.fetchHistory();
    const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    expect(JSON.parse(Buffer.from(input?.data ?? []).toString())).toMatchObject({ first: name });
  });
});
