import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import { isArmed, moveTimer, type StartableDwell } from '../db/dwells';
import type { Executor } from '../db/executor';
import type { Clock } from '../domain/clock';
import type { DwellInput, DwellMemo } from '../domain/gates/dwell-messages';
import { markdownLine } from '../domain/run/markdown';
import { idBesideOther } from '../domain/run/workflow-id';
import { deadlineIn } from './deadline';
import { isForeign } from './foreign-execution';
import { isOpen } from './open-execution';
import { searchAttributesOf } from './search-attributes';

/** Starts and ends the workflows of dwells. All calls are idempotent; each throws when Temporal is unreachable. */
export interface DwellStarter {
  /** Starts the timer of a dwell, unless the timer of a newer dwell holds the workflow id. */
  start(dwell: StartableDwell): Promise<void>;
  /** Terminates the workflow of a dwell that will not fire. Does nothing when the workflow does not exist. */
  terminate(dwell: { id: string; workflowId: string }): Promise<void>;
}

const DEADLINE_MS = 10_000;
/** Maximum number of attempts to start a dwell after conflicts. After that, the sweep starts it. */
const MAX_TRIES = 4;

interface StarterDeps {
  client: Client;
  db: Executor;
  clock: Clock;
  taskQueue: string;
  searchAttributes: boolean;
  onCall: (call: 'start_dwell' | 'terminate_dwell') => void;
}

/**
 * Creates the starter of dwell timers. A workflow is started with the remaining time as its start delay, so only one
 * call to Temporal is needed before the dwell is due. All timers of one key share a workflow id; the memo of an
 * execution names its dwell. Executions are terminated only by their run id.
 */
export function createDwellStarter(deps: StarterDeps): DwellStarter {
  const { client, db, taskQueue, onCall } = deps;
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(deadlineIn(DEADLINE_MS), call);

  const tryStart = async (dwell: StartableDwell): Promise<boolean> => {
    onCall('start_dwell');
    try {
      await within(() => client.workflow.start('dwell', startOptions(deps, dwell)));
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  };
  const describe = async (workflowId: string): Promise<WorkflowExecutionDescription | null> => {
    try {
      return await within(() => client.workflow.getHandle(workflowId).describe());
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  };
  const end = async ({ workflowId, runId }: WorkflowExecutionDescription): Promise<void> => {
    onCall('terminate_dwell');
    try {
      await within(() => client.workflow.getHandle(workflowId, runId).terminate('The cause has stopped.'));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  };

  return {
    async start(given) {
      let dwell = given;
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        if (await tryStart(dwell)) return;
        const holder = await describe(dwell.workflowId);
        if (holder === null || !isOpen(holder)) continue;
        if (isForeign(holder, taskQueue)) {
          const workflowId = idBesideOther(given.workflowId, taskQueue);
          if (!(await moveTimer(db, dwell.id, workflowId))) return;
          dwell = { ...dwell, workflowId };
          continue;
        }
        const theirs = dwellIdIn(holder);
        if (theirs === dwell.id) return;
        // A key has only one dwell. If the dwell of the running execution is armed, it is newer than the dwell that
        // this process read. Otherwise it has ended.
        if (theirs !== undefined && (await isArmed(db, theirs))) return;
        await end(holder);
      }
      throw new Error(`The workflow id ${dwell.workflowId} is still in use`);
    },
    async terminate({ id, workflowId }) {
      const holder = await describe(workflowId);
      if (holder === null || !isOpen(holder)) return;
      // Timers of older releases have a separate workflow id and no memo.
      if (dwellIdIn(holder) === id || workflowId.endsWith(`:${id}`)) await end(holder);
    },
  };
}

/**
 * Returns the id of the dwell that a timer belongs to, or undefined when the execution names no dwell or comes from an
 * older release.
 */
const dwellIdIn = ({ memo }: WorkflowExecutionDescription): string | undefined =>
  (memo as Partial<DwellMemo> | undefined)?.fermataDwellId;

function startOptions({ clock, taskQueue, searchAttributes }: StarterDeps, dwell: StartableDwell) {
  const left = dwell.firesAt.getTime() - clock.now().getTime();
  const context = dwell.contextKey === null || dwell.contextKey === '' ? '' : ` · ${dwell.contextKey}`;
  const input: DwellInput = { v: 1, dwellId: dwell.id };
  const memo: DwellMemo = { fermataDwellId: dwell.id };
  // These are only the attributes by which people search for dwells, because each attribute costs Temporal an index
  // write at every start.
  const attributes = { ...dwell, id: null, automationGroup: null, triggerEvent: null };
  return {
    ...{ workflowId: dwell.workflowId, taskQueue, args: [input] as [DwellInput], memo: { ...memo } },
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    ...(left > 0 ? { startDelay: left } : {}),
    staticSummary: markdownLine(`${dwell.automationName} · ${dwell.triggerId}${context} · for`, 200),
    staticDetails: `Fires at ${dwell.firesAt.toISOString()} if \`${dwell.event}\` holds until then.`,
    ...(searchAttributes ? { typedSearchAttributes: searchAttributesOf(attributes) } : {}),
  };
}
