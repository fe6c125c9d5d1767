import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { Executor } from '../db/executor';
import { endUnclaimedRun, type ClosedRun } from '../db/runs/run-states';
import { markClosed, moveRun, runStanding, type StartableRun } from '../db/runs/start-queue';
import { deadlineIn } from './deadline';
import { isForeign } from './foreign-execution';
import { isOpen } from './open-execution';
import { searchAttributesOf } from './search-attributes';
import { markdownLine } from '../domain/run/markdown';
import type { RunInput, RunMemo, WakeSignal } from '../domain/run/messages';
import { idBesideOther } from '../domain/run/workflow-id';

export interface RunStarterDeps {
  client: Client;
  db: Executor;
  taskQueue: string;
  /** False when the namespace does not allow Fermata to register search attributes. */
  searchAttributes: boolean;
  /**
   * Whether Temporal may return the first workflow task in its response to the start call; default true. False for
   * versioned workers, because Temporal would give the run to this process even if another build is current.
   */
  eagerStart?: boolean;
  /** For tests: number of events after which executions continue as new. */
  continueAfter?: number | undefined;
  /** Called once per call to Temporal, for the metrics. */
  onCall?: (call: 'start' | 'describe' | 'cancel' | 'terminate' | 'signal') => void;
  /** Reports whether a run was started eagerly, for the metrics. */
  onStarted?: (isEager: boolean) => void;
}

/**
 * The outcome of `start`:
 * - `eager`: the execution was started, and this process has its first workflow task
 * - `started`: an execution for this row exists
 * - `stale`: the row is no longer pending, or a newer run holds the workflow id
 * - `lost`: the execution closed without claiming the row, and the row has been ended
 * - `later`: the start must be repeated later
 */
export type StartOutcome = 'eager' | 'started' | 'stale' | 'lost' | 'later';

/**
 * Starts, wakes and closes the executions of runs. All calls are idempotent; each throws when Temporal is unreachable.
 */
export interface RunStarter {
  start(run: StartableRun): Promise<StartOutcome>;
  /** Signals an execution to evaluate a wait of its run. */
  wake(to: { workflowId: string } & WakeSignal): Promise<void>;
  close(run: ClosedRun, how: 'cancel' | 'terminate'): Promise<void>;
}

/** Seconds after the end of a run's row at which its execution is terminated if it is still open. */
const COMPLETION_SECONDS = 60;
/**
 * Milliseconds for which a start waits for the previous execution with its workflow id to complete. After that, the
 * sweep tries again.
 */
const COMPLETION_TIMEOUT_MS = 3_000;
const POLL_MS = 25;
const DEADLINE_MS = 10_000;
/**
 * Timeout of a workflow task in milliseconds. After that, another worker gets the task and repeats its local
 * activities. Temporal's default of 10 s is too short for an overloaded machine with many concurrent runs.
 */
const WORKFLOW_TASK_MS = 30_000;

/**
 * Creates the calls to Temporal about one workflow id. Each call has a deadline of 10 s and throws when Temporal is
 * unreachable.
 */
function createCalls(deps: RunStarterDeps) {
  const { client, onCall = () => undefined } = deps;
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(deadlineIn(DEADLINE_MS), call);
  const handleOf = (workflowId: string, firstExecutionRunId: string) =>
    client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId });
  return {
    /**
     * Starts the run. Returns null when an execution holds the workflow id. Without `again`, an execution that has
     * closed still holds its id.
     */
    async tryStart(run: StartableRun, again: boolean): Promise<'eager' | 'started' | null> {
      onCall('start');
      try {
        const { eagerlyStarted } = await within(() =>
          client.workflow.start('automation', startOptions(deps, run, again)),
        );
        deps.onStarted?.(eagerlyStarted);
        return eagerlyStarted ? 'eager' : 'started';
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
        throw error;
      }
    },
    /** Returns the execution with a workflow id, or null when Temporal has none. */
    async describe(workflowId: string): Promise<WorkflowExecutionDescription | null> {
      onCall('describe');
      try {
        return await within(() => client.workflow.getHandle(workflowId).describe());
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    },
    async terminate(workflowId: string, executionRunId: string): Promise<void> {
      onCall('terminate');
      const handle = handleOf(workflowId, executionRunId);
      await ignoreNotFound(within(() => handle.terminate('The run has ended by its row.')));
    },
    async cancel(workflowId: string, executionRunId: string): Promise<void> {
      onCall('cancel');
      await ignoreNotFound(within(() => handleOf(workflowId, executionRunId).cancel()));
    },
    async wake(workflowId: string, signal: WakeSignal): Promise<void> {
      onCall('signal');
      await ignoreNotFound(within(() => client.workflow.getHandle(workflowId).signal('wake', signal)));
    },
  };
}

type Calls = ReturnType<typeof createCalls>;

/**
 * Creates the starter of runs. It always uses the conflict policy FAIL, and closes executions only by their run id. A
 * process that was suspended between its decision and its call therefore cannot end a newer run.
 */
export function createRunStarter(deps: RunStarterDeps): RunStarter {
  const { db } = deps;
  const calls = createCalls(deps);
  return {
    async start(given) {
      const since = performance.now();
      let run = given;
      let again = run.mode !== 'parallel' || run.wasLost;
      for (;;) {
        const started = await calls.tryStart(run, again);
        if (started !== null) return started;
        const holder = await calls.describe(run.workflowId);
        if (isForeign(holder, deps.taskQueue)) {
          const workflowId = idBesideOther(given.workflowId, deps.taskQueue);
          if (!(await moveRun(db, run.id, workflowId))) return 'stale';
          run = { ...run, workflowId };
          continue;
        }
        const outcome = await resolveConflict(calls, db, run, holder, since);
        if (outcome !== null) return outcome;
        again ||= holder !== null && runIdIn(holder) !== run.id;
        if (performance.now() - since > 4 * COMPLETION_TIMEOUT_MS) return 'later';
      }
    },
    wake: ({ workflowId, runId, path }) => calls.wake(workflowId, { runId, path }),
    async close({ runId, workflowId, executionRunId }, how) {
      let target = executionRunId;
      if (target === null) {
        const holder = await calls.describe(workflowId);
        const isOurs = holder !== null && isOpen(holder) && runIdIn(holder) === runId;
        target = isOurs ? firstRunIdOf(holder) : null;
      }
      if (target !== null) await calls[how](workflowId, target);
      await markClosed(db, runId);
    },
  };
}

/**
 * Decides how a start continues after a conflict, according to the row of the run that holds the workflow id. Returns
 * null when the id may be free by now and the start must therefore be repeated.
 */
async function resolveConflict(
  calls: Calls,
  db: Executor,
  run: StartableRun,
  holder: WorkflowExecutionDescription | null,
  since: number,
): Promise<StartOutcome | null> {
  if (holder === null || !isOpen(holder)) {
    if (holder === null || run.mode !== 'parallel' || run.wasLost || runIdIn(holder) !== run.id) return null;
    // The execution of a `parallel` run is started only once. If it closed without claiming the row, no other execution
    // will claim it.
    return (await endUnclaimedRun(db, run.id)) ? 'lost' : 'started';
  }
  const holderRunId = runIdIn(holder);
  if (holderRunId === run.id) return resolveOwn(calls, db, run, holder);
  const [theirs, ours] = await Promise.all([
    holderRunId === undefined ? null : runStanding(db, holderRunId),
    runStanding(db, run.id),
  ]);
  if (ours?.status !== 'pending') return 'stale';
  const holderEnded = theirs === null || ['success', 'failed', 'cancelled'].includes(theirs.status);
  if (holderEnded) {
    // If the row has ended, the execution completes with its next workflow task. An execution without a row never
    // completes.
    if (theirs === null || theirs.endedSecondsAgo > COMPLETION_SECONDS) {
      await calls.terminate(run.workflowId, firstRunIdOf(holder));
      return null;
    }
    if (performance.now() - since > COMPLETION_TIMEOUT_MS) return 'later';
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    return null;
  }
  return theirs.createdAt > ours.createdAt ? 'stale' : 'later';
}

/**
 * Decides how a start continues if the run already has an execution. Normally, an earlier call started this execution.
 * If the execution has claimed the run although the row is pending, the execution is newer than the row, for example
 * after a restore of Postgres. None of its steps would be accepted, so it is terminated, and null is returned: the
 * caller starts the run again.
 */
async function resolveOwn(
  calls: Calls,
  db: Executor,
  run: StartableRun,
  holder: WorkflowExecutionDescription,
): Promise<'started' | null> {
  if (holder.status.name === 'PAUSED' || !hasClaimed(holder)) return 'started';
  if ((await runStanding(db, run.id))?.status !== 'pending') return 'started';
  await calls.terminate(run.workflowId, firstRunIdOf(holder));
  return null;
}

/** Number of events in a history up to the completion of the first workflow task, in which the run is claimed. */
const EVENTS_OF_CLAIM = 4;

/**
 * Returns whether the first workflow task of an execution has completed and none is pending. The claim is committed
 * before that task completes.
 */
function hasClaimed({ raw }: WorkflowExecutionDescription): boolean {
  const length = Number(raw.workflowExecutionInfo?.historyLength ?? 0);
  return length >= EVENTS_OF_CLAIM && !raw.pendingWorkflowTask;
}

/** Returns the run id in the memo of an execution, or undefined when there is none. */
const runIdIn = ({ memo }: WorkflowExecutionDescription): string | undefined =>
  (memo as Partial<RunMemo> | undefined)?.fermataRunId;

/**
 * Returns the run id of the first execution of a chain. It identifies the whole chain, because a long run continues as
 * new.
 */
const firstRunIdOf = ({ raw, runId }: WorkflowExecutionDescription): string =>
  raw.workflowExecutionInfo?.firstRunId ?? runId;

async function ignoreNotFound(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

function startOptions(deps: RunStarterDeps, run: StartableRun, again: boolean) {
  const trigger = run.triggerId ?? 'manually';
  const context = run.contextKey === null || run.contextKey === '' ? '' : ` · ${run.contextKey}`;
  const { continueAfter } = deps;
  const input: RunInput = {
    ...{ v: 1, runId: run.id },
    ...(run.firstStretch !== undefined && { first: run.firstStretch }),
    ...(continueAfter !== undefined && { continueAfter }),
  };
  const memo: RunMemo = { fermataRunId: run.id };
  return {
    workflowId: run.workflowId,
    taskQueue: deps.taskQueue,
    args: [input] as [RunInput],
    memo: { ...memo },
    requestEagerStart: deps.eagerStart ?? true,
    workflowTaskTimeout: WORKFLOW_TASK_MS,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
    workflowIdReusePolicy: again ? WorkflowIdReusePolicy.ALLOW_DUPLICATE : WorkflowIdReusePolicy.REJECT_DUPLICATE,
    staticSummary: markdownLine(`${run.automationName} · ${trigger}${context}`, 200),
    staticDetails: details(run),
    ...(deps.searchAttributes ? { typedSearchAttributes: searchAttributesOf(run) } : {}),
  };
}

function details(run: StartableRun): string {
  const text = (value: string | null) => (value === null || value === '' ? '–' : markdownLine(value, 200));
  const trigger = run.triggerEvent === null ? 'manually' : `${text(run.triggerId)} (\`${run.triggerEvent}\`)`;
  return [
    `- **Automation:** ${text(run.automationName)} (\`${run.automationId}\`, version ${run.version})`,
    `- **Group:** ${text(run.automationGroup)}`,
    `- **Trigger:** ${trigger}`,
    `- **Context key:** ${text(run.contextKey)}`,
    `- **Mode:** ${run.mode}`,
    `- **Run:** \`${run.id}\``,
  ].join('\n');
}
