import { msToTs } from '@temporalio/common/lib/time';
import { lazyClient } from '../../src/temporal/connect';
import { WORKFLOW_TYPES } from '../../src/temporal/replay-open';
import * as workflows from '../../src/workflows';
import { startEngine, type Engine } from '../support/engine';
import { runFermata } from '../support/process';
import { until } from '../support/until';

/** `COMMAND_TYPE_START_TIMER` in the protocol of Temporal's API. */
const START_TIMER = 3;

const WAITS = `
name: waits
triggers: [{ event: automation.event, config: { type: go } }]
mode: parallel
actions:
  - { action: integration-webhook.send, config: { url: $URL/sent, method: POST, body: {} } }
  - wait_until: { condition: 'state.flag.one.up == true', timeout_seconds: 3600 }
`;

interface Report {
  types: { workflowType: string; replayed: number; failed: number; more: boolean }[];
  failures: { workflowType: string; runId: string | null; workflowId: string; message: string }[];
}

describe('fermata replay-check', () => {
  jest.setTimeout(360_000);
  let e: Engine;
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    e = await startEngine();
    client = lazyClient(e.temporal);
  });
  afterAll(async () => {
    await client.connection.close();
    await e.close();
  });

  const check = async (...args: string[]): Promise<{ code: number | null; err: string; report: Report }> => {
    const { code, out, err } = await runFermata(['replay-check', '--json', ...args], e.env());
    return { code, err, report: JSON.parse(out) as Report };
  };
  const open = async (): Promise<number> => {
    const query = `WorkflowType = 'automation' AND ExecutionStatus = 'Running' AND TaskQueue = '${e.temporal.taskQueue}'`;
    return (await client.workflow.count(query)).count;
  };

  it('includes every workflow type', () => {
    expect([...WORKFLOW_TYPES].sort()).toEqual(Object.keys(workflows).sort());
  });

  it('accepts open histories of this build, and names the run whose history it cannot replay', async () => {
    const worker = await e.worker();
    const id = await e.save(WAITS);
    await e.emit('go', {}, { times: 3 });
    await until('three runs wait', async () => {
      const waiting = (await e.runs(id)).filter(({ status }) => status === 'waiting');
      return waiting.length === 3 && (await open()) === 3;
    });
    await worker.stop();
    const passed = await check();
    expect(passed).toMatchObject({ code: 0, err: '', report: { failures: [] } });
    const runs = { workflowType: 'automation', replayed: 3, failed: 0, more: false };
    expect(passed.report.types).toContainEqual(runs);
    const bounded = await check('--limit', '2');
    expect(bounded.report.types).toContainEqual({ ...runs, replayed: 2, more: true });

    const runId = '0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11';
    await startIncompatible(client, e.temporal, runId);
    await until('the incompatible execution is listed', async () => (await open()) === 4);
    const failed = await check();
    expect(failed.code).toBe(1);
    expect(failed.report.failures).toEqual([
      {
        workflowType: 'automation',
        ...{ runId, workflowId: 'incompatible', executionRunId: expect.any(String) as string },
        message: expect.stringContaining('TMPRL1100') as string,
      },
    ]);
    const { code, out } = await runFermata(['replay-check'], e.env());
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringContaining(`FAILED  run ${runId}, workflow incompatible`),
    });
  });
});

/** Starts an execution whose first workflow task is completed by other code, which only starts a timer. */
async function startIncompatible(
  { workflow, workflowService, connection }: ReturnType<typeof lazyClient>,
  { namespace, taskQueue }: Engine['temporal'],
  runId: string,
): Promise<void> {
  await workflow.start('automation', {
    args: [{ v: 1, runId }],
    ...{ taskQueue, workflowId: 'incompatible', memo: { fermataRunId: runId } },
  });
  const { taskToken } = await connection.withDeadline(Date.now() + 30_000, () =>
    workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity: 'test' }),
  );
  await workflowService.respondWorkflowTaskCompleted({
    ...{ namespace, taskToken, identity: 'test' },
    commands: [
      {
        commandType: START_TIMER,
        startTimerCommandAttributes: { timerId: '1', startToFireTimeout: msToTs('1 hour') },
      },
    ],
  });
}
