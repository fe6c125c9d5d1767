import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/common';
import type { StartableDwell } from '../db/dwells';
import type { Clock } from '../domain/clock';
import { dwellWorkflowId, type DwellInput } from '../domain/gates/dwell-messages';
import { markdownLine } from '../domain/run/markdown';
import { searchAttributesOf } from './search-attributes';

/** What calls Temporal for dwells. All calls may be repeated; each throws when Temporal is away. */
export interface DwellStarter {
  start(dwell: StartableDwell): Promise<void>;
  /** Ends the workflow of a dwell that will not fire; nothing when there is none. */
  terminate(dwellId: string): Promise<void>;
}

const DEADLINE_MS = 10_000;

/** The workflow is started with the time left as its delay: it costs one call until it is due. */
export function createDwellStarter(deps: {
  client: Client;
  clock: Clock;
  taskQueue: string;
  searchAttributes: boolean;
  onCall: (call: 'start_dwell' | 'terminate_dwell') => void;
}): DwellStarter {
  const { client, clock, taskQueue, onCall } = deps;
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + DEADLINE_MS, call);
  return {
    async start(dwell) {
      onCall('start_dwell');
      const left = dwell.firesAt.getTime() - clock.now().getTime();
      const context = dwell.contextKey === null || dwell.contextKey === '' ? '' : ` · ${dwell.contextKey}`;
      const input: DwellInput = { v: 1, dwellId: dwell.id };
      // Those by which people look for a dwell: each one more is an index that Temporal writes at each start.
      const attributes = { ...dwell, id: null, automationGroup: null, triggerEvent: null };
      try {
        await within(() =>
          client.workflow.start('dwell', {
            workflowId: dwellWorkflowId(dwell.id),
            taskQueue,
            args: [input] as [DwellInput],
            workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
            workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
            ...(left > 0 ? { startDelay: left } : {}),
            staticSummary: markdownLine(`${dwell.automationName} · ${dwell.triggerId}${context} · for`, 200),
            staticDetails: `Fires at ${dwell.firesAt.toISOString()} if \`${dwell.event}\` holds until then.`,
            ...(deps.searchAttributes ? { typedSearchAttributes: searchAttributesOf(attributes) } : {}),
          }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },
    async terminate(dwellId) {
      onCall('terminate_dwell');
      try {
        await within(() => client.workflow.getHandle(dwellWorkflowId(dwellId)).terminate('The cause has stopped.'));
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
  };
}
