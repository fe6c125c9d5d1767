import type { Client } from '@temporalio/client';
import type { Executor } from '../../db/executor';
import { endForgottenWaits } from './unanswered-wakes';

/** The parts of Temporal's description of an execution that are checked for an unanswered wake. */
interface Shown {
  status?: string;
  pendingWorkflowTask?: object;
  pendingActivities?: object[];
}

/** Returns how many waits are ended when this is Temporal's description of the execution. */
async function endedFor({ status = 'RUNNING', ...raw }: Shown): Promise<number> {
  const wait = { id: 'w', run_id: 'r', path: 'actions[0]', workflow_id: 'workflow', woken_by: {} };
  // The statements: the unanswered wakes; the wake is still unanswered; the wait and its step end.
  const results = [{ rows: [wait] }, { rows: [{}] }, { rows: [], rowCount: 1 }];
  const db = { execute: () => Promise.resolve(results.shift()) } as unknown as Executor;
  const handle = {
    signal: () => Promise.resolve(),
    describe: () => Promise.resolve({ status: { name: status }, raw }),
  };
  const client = { workflow: { getHandle: () => handle } } as unknown as Client;
  return endForgottenWaits(client, db);
}

describe('a wait whose wake is not answered', () => {
  it('ends if its execution has processed a signal and checks nothing', async () => {
    expect(await endedFor({})).toBe(1);
    expect(await endedFor({ pendingActivities: [] })).toBe(1);
  });

  it('is kept if its execution has closed', async () => {
    expect(await endedFor({ status: 'COMPLETED' })).toBe(0);
  });

  it('is kept while an activity or a workflow task of its execution is pending, because it may check the wait', async () => {
    const [activity, task] = await Promise.all([
      endedFor({ pendingActivities: [{ activityId: '1' }] }),
      endedFor({ pendingWorkflowTask: {} }),
    ]);
    expect([activity, task]).toEqual([0, 0]);
  });
});
