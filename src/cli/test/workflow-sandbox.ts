import { readFileSync } from 'node:fs';
import { TypedSearchAttributes } from '@temporalio/common';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import type { Workflow } from '@temporalio/worker/lib/workflow/interface';
import { VMWorkflowCreator } from '@temporalio/worker/lib/workflow/vm';
import { workflowBundle } from '../../temporal/worker';

/** The names that identify an execution. */
export interface ExecutionNames {
  workflowType: string;
  workflowId: string;
  /** Id of this execution. `firstRunId` is the id of the first execution in its chain. */
  runId: string;
  firstRunId: string;
}

/** Creates workflow executions in the SDK's sandbox, from the same workflow bundle that workers use. */
export interface WorkflowSandbox {
  create(names: ExecutionNames, now: number): Promise<Workflow>;
}

const ISOLATE_TIMEOUT_MS = 10_000;
const SEED = [1, 2, 3, 4, 5, 6, 7, 8];

/**
 * Creates the sandbox.
 * @param activities names of the activities that workflows may call
 */
export async function createWorkflowSandbox(activities: readonly string[]): Promise<WorkflowSandbox> {
  const bundle = await workflowBundle();
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  const path = 'codePath' in bundle ? bundle.codePath : undefined;
  const creator = await VMWorkflowCreator.create(
    parseWorkflowCode(code, path),
    ISOLATE_TIMEOUT_MS,
    new Set(activities),
    undefined,
  );
  return {
    create: ({ workflowType, workflowId, runId, firstRunId }, now) =>
      creator.createWorkflow({
        info: {
          ...{ workflowType, workflowId, runId, firstExecutionRunId: firstRunId, originalExecutionRunId: runId },
          ...{ searchAttributes: {}, typedSearchAttributes: new TypedSearchAttributes() },
          ...{ taskQueue: 'test', namespace: 'test', attempt: 1, taskTimeoutMs: 10_000 },
          ...{ startTime: new Date(now), runStartTime: new Date(now), historyLength: 1, historySize: 0 },
          ...{ continueAsNewSuggested: false, targetWorkerDeploymentVersionChanged: false },
          unsafe: { now: () => now, isReplaying: false, isReplayingHistoryEvents: false } as never,
        },
        randomnessSeed: SEED,
        now,
        showStackTraceSources: false,
        failureExceptionTypeNames: [],
      }),
  };
}
