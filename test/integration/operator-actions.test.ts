import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { temporal as proto } from '@temporalio/proto';
import { lazyClient } from '../../src/temporal/connect';
import { startEngine, type Engine, type RunRow } from '../support/engine';
import { until } from '../support/until';

/** Milliseconds to wait for a search for closed executions. The service searches every 10 s. */
const SEARCHED_MS = 15_000;

describe('a run whose execution a person resets in Temporal', () => {
  let engine: Engine;
  let api: { url: string };
  let client: ReturnType<typeof lazyClient>;
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api();
    await engine.worker();
    await engine.call(api, 'PUT', '/entity-kinds/gate', { schema: { type: 'object' } });
    client = lazyClient(engine.temporal);
  }, 360_000);
  afterAll(async () => {
    await client.connection.close();
    await engine.close();
  });

  /** Starts a run that performs a call and then waits for a gate. */
  async function waitingRun(name: string): Promise<{ id: string; run: RunRow }> {
    const id = await engine.save(`
name: ${name}
triggers: [{ event: automation.event, config: { type: ${name} } }]
actions:
  - { action: integration-webhook.send, config: { url: "$URL/${name}" } }
  - wait_until: { condition: 'state.gate.${name}.up == true', timeout_seconds: 3600 }`);
    await engine.emit(name);
    const run = await until('the run waits', async () =>
      (await engine.runs(id)).find(({ status }) => status === 'waiting'),
    );
    return { id, run };
  }
  const housekeep = () =>
    client.workflow.execute('housekeeping', {
      ...{ taskQueue: engine.temporal.taskQueue, workflowId: `housekeeping-${randomUUID()}` },
    });
  const open = (name: string) => engine.call(api, 'PUT', `/entities/gate/${name}`, { up: true });
  const calls = (name: string) => engine.receiver.received.filter(({ path }) => path === `/${name}`).length;

  it('continues after a reset, and repeats no finished step', async () => {
    const { id, run } = await waitingRun('reset');
    const { namespace } = engine.temporal;
    const execution = { workflowId: run.workflow_id, runId: run.execution_run_id ?? '' };
    const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
    // The row of the run is waiting a moment before the workflow task that armed the wait completes.
    const completed = await until('the first workflow task has completed', async () => {
      const { events } = await handle.fetchHistory();
      return events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
    });
    await client.workflowService.resetWorkflowExecution({
      ...{ namespace, workflowExecution: execution, reason: 'by the test', requestId: randomUUID() },
      ...{ workflowTaskFinishEventId: completed },
      resetReapplyType: proto.api.enums.v1.ResetReapplyType.RESET_REAPPLY_TYPE_SIGNAL,
    });
    await pause(SEARCHED_MS);
    await housekeep();
    expect((await engine.runs(id)).map(({ status }) => status)).toEqual(['waiting']);
    await open('reset');
    expect(await engine.ended(1, id, 30_000)).toMatchObject([{ status: 'success' }]);
    expect(calls('reset')).toBe(1);
  }, 360_000);
});
