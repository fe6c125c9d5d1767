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
import { isForeign } from './foreign-execution';
import { searchAttributesOf } from './search-attributes';
import { markdownLine } from '../domain/run/markdown';
import type { RunInput, RunMemo, WakeSignal } from '../domain/run/messages';
import { idBesideOther } from '../domain/run/workflow-id';

export interface RunStarterDeps {
  client: Client;
  db: Executor;
  taskQueue: string;
  /** false where the namespace does not allow us to register them. */
  searchAttributes: boolean;
  /**
   * Whether this process may get the first workflow task with the start; default true. false for versioned workers:
   * Temporal would give the run to the calling process, whatever build is current.
   */
  eagerStart?: boolean;
  /** For tests: number of events after which executions continue as new. */
  continueAfter?: number | undefined;
  /** Called once per call, for the metrics. */
  onCall?: (call: 'start' | 'describe' | 'cancel' | 'terminate' | 'signal') => void;
  /** Reports whether a run was started eagerly, for the metrics. */
  onStarted?: (isEager: boolean) => void;
}

/**
 * - `eager`: started, and this process has its first workflow task
 * - `started`: an execution for this row exists
 * - `stale`: a newer run has taken its place
 * - `lost`: its execution closed without claiming the row, which has been ended
 * - `later`: try again
 */
export type StartOutcome = 'eager' | 'started' | 'stale' | 'lost' | 'later';

/** Starts, wakes and closes the executions of runs. Every call may be repeated; each throws when Temporal is away. */
export interface RunStarter {
  start(run: StartableRun): Promise<StartOutcome>;
  /** Signals an execution to evaluate a wait of its run. */
  wake(to: { workflowId: string } & WakeSignal): Promise<void>;
  close(run: ClosedRun, how: 'cancel' | 'terminate'): Promise<void>;
}

/** Seconds after the end of its row until an execution that has not completed is terminated. */
const COMPLETION_SECONDS = 60;
/** How long a start waits for the holder of its workflow id to complete before the sweep takes over. */
const PATIENCE_MS = 3_000;
const POLL_MS = 25;
const DEADLINE_MS = 10_000;
/**
 * Timeout of a workflow task, after which another worker gets it and its local activities are repeated. Temporal's 10 s
 * are too short for an overloaded machine with many runs in flight.
 */
const WORKFLOW_TASK_MS = 30_000;

/** Calls of Temporal for one workflow id. Each has a deadline of 10 s and throws when Temporal is away. */
function createCalls(deps: RunStarterDeps) {
  const { client, onCall = () => undefined } = deps;
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + DEADLINE_MS, call);
  const handleOf = (workflowId: string, firstExecutionRunId: string) =>
    client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId });
  return {
    /**
     * Starts the run. Returns null when another execution holds the workflow id. `again`: a closed execution may have
     * held it, too.
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
    /** Returns null when Temporal has no execution of this workflow id. */
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
 * Creates what starts and closes executions. The conflict policy is always FAIL, and only named executions are closed:
 * a process that was suspended between decision and call cannot end a newer run (architecture.md, "Why not
 * TERMINATE_EXISTING").
 */
export function createRunStarter(deps: RunStarterDeps): RunStarter {
  const { db } = deps;
  const calls = createCalls(deps);
  return {
    async start(given) {
      const since = Date.now();
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
        if (Date.now() - since > 4 * PATIENCE_MS) return 'later';
      }
    },
    wake: ({ workflowId, runId, path }) => calls.wake(workflowId, { runId, path }),
    async close({ runId, workflowId, executionRunId }, how) {
      let target = executionRunId;
      if (target === null) {
        const holder = await calls.describe(workflowId);
        const isOurs = holder?.status.name === 'RUNNING' && runIdIn(holder) === runId;
        target = isOurs ? firstRunIdOf(holder) : null;
      }
      if (target !== null) await calls[how](workflowId, target);
      await markClosed(db, runId);
    },
  };
}

/**
 * Decides, by the row of the run that holds the workflow id, how a start continues. Returns null when the id may be
 * free now and the start must be repeated.
 */
async function resolveConflict(
  calls: Calls,
  db: Executor,
  run: StartableRun,
  holder: WorkflowExecutionDescription | null,
  since: number,
): Promise<StartOutcome | null> {
  if (holder?.status.name !== 'RUNNING') {
    if (holder === null || run.mode !== 'parallel' || run.wasLost || runIdIn(holder) !== run.id) return null;
    // The execution of a `parallel` run is started once. If it closed without a claim, nobody will claim the row.
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
    // Its row has ended, so it completes with its next workflow task; an execution without a row does not.
    if (theirs === null || theirs.endedSecondsAgo > COMPLETION_SECONDS) {
      await calls.terminate(run.workflowId, firstRunIdOf(holder));
      return null;
    }
    if (Date.now() - since > PATIENCE_MS) return 'later';
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    return null;
  }
  return theirs.createdAt > ours.createdAt ? 'stale' : 'later';
}

/**
 * Handles a run that already has an execution. Normally an earlier call started it. An execution that claimed a run
 * whose row is pending is newer than the row, as after a restore of Postgres: none of its steps would be accepted, so
 * it is terminated.
 */
async function resolveOwn(
  calls: Calls,
  db: Executor,
  run: StartableRun,
  holder: WorkflowExecutionDescription,
): Promise<'started' | null> {
  if (!hasClaimed(holder) || (await runStanding(db, run.id))?.status !== 'pending') return 'started';
  await calls.terminate(run.workflowId, firstRunIdOf(holder));
  return null;
}

/** Events of a history until its first workflow task is completed, which claims the run. */
const EVENTS_OF_CLAIM = 4;

/**
 * Returns whether the first workflow task of an execution has completed, and none is pending. A claim commits before
 * its task completes.
 */
function hasClaimed({ raw }: WorkflowExecutionDescription): boolean {
  const length = Number(raw.workflowExecutionInfo?.historyLength ?? 0);
  return length >= EVENTS_OF_CLAIM && !raw.pendingWorkflowTask;
}

/** Returns the run of an execution; undefined = it has none. */
const runIdIn = ({ memo }: WorkflowExecutionDescription): string | undefined =>
  (memo as Partial<RunMemo> | undefined)?.fermataRunId;

/** Returns the run id of the first execution of a chain, which names the execution: a long run continues as new. */
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
  const trigger = run.triggerId ?? 'manual';
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
  const trigger = run.triggerEvent === null ? 'manual' : `${text(run.triggerId)} (\`${run.triggerEvent}\`)`;
  return [
    `- **Automation:** ${text(run.automationName)} (\`${run.automationId}\`, version ${run.version})`,
    `- **Group:** ${text(run.automationGroup)}`,
    `- **Trigger:** ${trigger}`,
    `- **Context key:** ${text(run.contextKey)}`,
    `- **Mode:** ${run.mode}`,
    `- **Run:** \`${run.id}\``,
  ].join('\n');
}
