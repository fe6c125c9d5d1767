import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { replayRuns } from '../support/histories';

/**
 * Number of branches. With 200 KB each, the branches together exceed the 4 MB that Temporal accepts with one workflow
 * task.
 */
const BRANCHES = 24;
const BLOB = 'x'.repeat(200_000);

/** Temporal accepts at most 2 MB for a payload and 4 MB for a message: https://docs.temporal.io/cloud/limits */
describe('runs with large variables', () => {
  jest.setTimeout(540_000);
  let e: Engine;
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    e = await startEngine();
    client = lazyClient(e.temporal);
    await e.worker({ FERMATA_CONTINUE_AFTER: '60' });
  }, 360_000);
  afterAll(async () => {
    await client.connection.close();
    await e.close();
  });

  const branches = (of: (index: number) => string): string =>
    Array.from({ length: BRANCHES }, (_, index) => `      - ${of(index)}`).join('\n');
  const run = async (name: string, actions: string, rest = ''): Promise<RunRow> => {
    const event = `triggers: [{ event: automation.event, config: { type: ${name} } }]`;
    const id = await e.save(`name: ${name}\nmode: parallel\n${event}\nactions:\n${actions}\n${rest}`);
    await e.emit(name, { blob: BLOB });
    const [row] = await e.ended(1, id, 90_000);
    if (!row) throw new Error('Run not found.');
    return row;
  };
  const expectNoFailedTask = async (row: RunRow): Promise<void> => {
    const handle = client.workflow.getHandle(row.workflow_id, row.execution_run_id ?? undefined);
    const { events } = await handle.fetchHistory();
    expect(events?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
    await replayRuns(e, [row], new Map());
  };
  const setBlob = '  - variables: { blob: "{{ trigger.payload.data.blob }}" }\n';

  it('issue many long calls at once across several workflow tasks', async () => {
    const call = (index: number) =>
      `{ action: integration-webhook.send, config: { url: "$URL/call-${index}", timeout: 20000, body: {} } }`;
    const row = await run('calls', `${setBlob}  - parallel:\n${branches(call)}`);
    expect(row).toMatchObject({ status: 'success', error: null });
    expect(new Set(e.receiver.received.map(({ path }) => path)).size).toBe(BRANCHES);
    await expectNoFailedTask(row);
  });

  it('set many large variables at once across several workflow tasks', async () => {
    const set = () => `sequence: [{ variables: { own: "{{ trigger.payload.data.blob }}" } }, { condition: "1 == 1" }]`;
    const row = await run('sets', `  - parallel:\n${branches(set)}`);
    expect(row).toMatchObject({ status: 'success', error: null });
    await expectNoFailedTask(row);
  });

  it('set a large variable and then several small variables', async () => {
    const sets = Array.from({ length: BRANCHES }, (_, index) => `  - variables: { n: ${index} }`).join('\n');
    const row = await run('sequence', `${setBlob}${sets}`);
    expect(row).toMatchObject({ status: 'success', error: null });
    await expectNoFailedTask(row);
  });

  it('end as limit_exceeded and perform on_failure if they are too large to continue in a new execution', async () => {
    const set = (index: number) => {
      const waits = '{ delay: { seconds: 0.1 } }, { delay: { seconds: 0.1 } }, { delay: { seconds: 0.1 } }';
      return `sequence: [{ variables: { own_${index}: "{{ trigger.payload.data.blob }}" } }, ${waits}]`;
    };
    const onFailure =
      'on_failure: [{ action: integration-webhook.send, config: { url: "$URL/failed", body: { code: "{{ run.error.code }}" } } }]';
    const row = await run('long', `  - parallel:\n${branches(set)}`, onFailure);
    expect(row).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded' } });
    expect(row.error?.message).toMatch(
      /^The history is long, and the variables of all branches together are too large/,
    );
    const failed = e.receiver.received.filter(({ path }) => path === '/failed');
    expect(failed.map(({ body }) => JSON.parse(body) as unknown)).toEqual([{ code: 'limit_exceeded' }]);
  });
});
