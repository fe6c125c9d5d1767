import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { endOf } from './execution-end';

interface Execution {
  status: string;
  /** First execution of its chain. Default: the execution itself. */
  first?: string;
}

/**
 * Returns how the run whose first execution is `first` has ended. `executions` contains all executions that Temporal
 * has, in chronological order.
 */
function endIf(executions: Record<string, Execution>) {
  const describe = (runId = Object.keys(executions).at(-1) ?? '') => {
    const found = executions[runId];
    if (found === undefined) return Promise.reject(new WorkflowNotFoundError('not found', 'w', runId));
    const raw = { workflowExecutionInfo: { firstRunId: found.first ?? runId } };
    return Promise.resolve({ status: { name: found.status }, raw });
  };
  const client = { workflow: { getHandle: (_id: string, runId?: string) => ({ describe: () => describe(runId) }) } };
  const run = { id: 'r', automationId: 'a', scopeKey: 'all', workflowId: 'w', executionRunId: 'first' };
  return endOf(client as unknown as Client, run);
}

describe('the end of the execution of a run', () => {
  it('has not come while the last execution of its chain is open', async () => {
    expect(await endIf({ first: { status: 'RUNNING' } })).toBeNull();
    const continued = { status: 'CONTINUED_AS_NEW' };
    expect(await endIf({ first: continued, second: { status: 'RUNNING', first: 'first' } })).toBeNull();
  });

  it('has not come if the retention of Temporal has removed the first execution of its chain', async () => {
    expect(await endIf({ third: { status: 'RUNNING', first: 'first' } })).toBeNull();
  });

  it('has not come if a person has reset it, which terminates it and starts another one', async () => {
    expect(await endIf({ first: { status: 'TERMINATED' }, second: { status: 'RUNNING', first: 'first' } })).toBeNull();
  });

  it.each(['PAUSED', 'UNKNOWN'])('has not come if its status is %s', async (status) => {
    expect(await endIf({ first: { status } })).toBeNull();
  });

  it('is the end of the last execution of its chain', async () => {
    expect(await endIf({ second: { status: 'TERMINATED', first: 'first' } })).toMatchObject({ status: 'cancelled' });
    expect(await endIf({ first: { status: 'TERMINATED' }, other: { status: 'RUNNING' } })).toMatchObject({
      status: 'cancelled',
    });
    expect(await endIf({ first: { status: 'TIMED_OUT' } })).toMatchObject({ status: 'failed', vanished: true });
  });

  it('is a loss if Temporal has no execution of its chain', async () => {
    const lost = { status: 'failed', vanished: true, error: { code: 'execution_lost' } };
    expect(await endIf({})).toMatchObject(lost);
    expect(await endIf({ other: { status: 'RUNNING' } })).toMatchObject(lost);
    expect(await endIf({ first: { status: 'CONTINUED_AS_NEW' }, other: { status: 'RUNNING' } })).toMatchObject(lost);
  });
});
