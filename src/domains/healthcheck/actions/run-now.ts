import { requestRun } from '../assignments';
import { assignmentAction } from './assignment-action';

/**
 * Requests a run of a check with the event `healthcheck.run_requested`, which the process that runs the check receives.
 */
export const runNowAction = assignmentAction(
  {
    id: 'run_now',
    displayName: 'Run a check now',
    description: 'Requests that the check be run now by its satellite or script, with healthcheck.run_requested.',
  },
  async (write, config) => ({ assignment: await requestRun(write, config), enqueued: true }),
);
