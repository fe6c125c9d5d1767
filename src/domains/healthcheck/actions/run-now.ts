import { requestRun } from '../assignments';
import { assignmentAction } from './assignment-action';

/**
 * Requests a check run by appending the event `healthcheck.run_requested`. The process that runs the check receives
 * this event.
 */
export const runNowAction = assignmentAction(
  {
    id: 'run_now',
    displayName: 'Run a check now',
    description: 'Fires healthcheck.run_requested, so that the satellite or script of the check runs it now.',
  },
  async (write, config) => ({ assignment: await requestRun(write, config), enqueued: true }),
);
