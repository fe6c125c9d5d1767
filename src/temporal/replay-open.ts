import {
  WorkflowNotFoundError,
  type Client,
  type HistoryAndWorkflowId,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { RUN_WORKFLOW_TYPES, type RunMemo } from '../domain/run/messages';

/** Workflow types that may have open executions. */
export const WORKFLOW_TYPES = [...RUN_WORKFLOW_TYPES, 'dwell', 'schedule', 'housekeeping'] as const;

/** An open execution whose history a build cannot replay. */
export interface ReplayFailure {
  workflowType: string;
  /** Id of the run; null when the execution does not belong to a run. */
  runId: string | null;
  workflowId: string;
  executionRunId: string;
  message: string;
}

/** The open executions of one workflow type. */
export interface ReplayedType {
  workflowType: string;
  /** Number of histories that were replayed. */
  replayed: number;
  failed: number;
  /** Whether there are more open executions than were replayed. */
  more: boolean;
}

export interface ReplayReport {
  types: ReplayedType[];
  failures: ReplayFailure[];
}

interface ReplayOptions {
  client: Client;
  taskQueue: string;
  /** The code that replays the histories. */
  bundle: WorkflowBundleOption;
  /** Decodes the payloads of the histories. */
  dataConverter: DataConverter;
  /** Maximum number of executions of each workflow type. The newest executions are replayed. */
  limit: number;
}

/**
 * Replays the histories of the open executions of a task queue. Fetches one history at a time to save memory, and
 * writes nothing to Temporal.
 * @throws {Error} when Temporal cannot be reached
 */
export async function replayOpen(options: ReplayOptions): Promise<ReplayReport> {
  const report: ReplayReport = { types: [], failures: [] };
  for (const workflowType of WORKFLOW_TYPES) {
    const { open, more } = await listOpen(options, workflowType);
    let replayed = 0;
    const failures: ReplayFailure[] = [];
    const { bundle: workflowBundle, dataConverter, client } = options;
    const results = Worker.runReplayHistories({ workflowBundle, dataConverter }, histories(client, open));
    for await (const { workflowId, error } of results) {
      replayed += 1;
      const execution = open.get(workflowId);
      if (error && execution) failures.push(failureOf(execution, error));
    }
    report.types.push({ workflowType, replayed, failed: failures.length, more });
    report.failures.push(...failures);
  }
  return report;
}

/**
 * Returns the open executions by workflow id, starting with the newest. A workflow id has at most one open execution.
 */
async function listOpen(
  { client, taskQueue, limit }: ReplayOptions,
  workflowType: string,
): Promise<{ open: Map<string, WorkflowExecutionInfo>; more: boolean }> {
  const query = `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  const open = new Map<string, WorkflowExecutionInfo>();
  for await (const execution of client.workflow.list({ query, pageSize: Math.min(limit + 1, 1_000) })) {
    if (open.size === limit) return { open, more: true };
    open.set(execution.workflowId, execution);
  }
  return { open, more: false };
}

async function* histories(
  client: Client,
  open: ReadonlyMap<string, WorkflowExecutionInfo>,
): AsyncIterable<HistoryAndWorkflowId> {
  for (const [workflowId, { runId }] of open) {
    try {
      yield { workflowId, history: await client.workflow.getHandle(workflowId, runId).fetchHistory() };
    } catch (error) {
      // Temporal's retention removed the execution after it was listed.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

function failureOf({ type, workflowId, runId, memo }: WorkflowExecutionInfo, { message }: Error): ReplayFailure {
  const fermataRunId = (memo as Partial<RunMemo> | undefined)?.fermataRunId ?? null;
  return { workflowType: type, runId: fermataRunId, workflowId, executionRunId: runId, message };
}
