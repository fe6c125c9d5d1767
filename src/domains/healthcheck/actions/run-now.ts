import { requestRun } from '../assignments';
import { assignmentAction } from './assignment-action';

/**
 * Requests a run of a check with the event `healthcheck.run_requested`, which the process that runs the check receives.
 */
export const runNowAction = assignmentAction(
  {
    id: 'run_now',
    displayName: 'Run a check now',
    description: 'Asks those who run the check (satellites, scripts) to run it now, with healthcheck.run_requested.',
  },
  async (write, config) => ({ assignment: await requestRun(write, config), enqueued: true }),
);
