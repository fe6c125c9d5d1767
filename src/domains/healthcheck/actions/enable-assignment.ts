import { setAssignmentEnabled } from '../assignments';
import { assignmentAction } from './assignment-action';

/** Includes a check in its system's health again. */
export const enableAssignmentAction = assignmentAction(
  {
    id: 'enable_assignment',
    displayName: 'Enable a check',
    description: 'Enables a check: its results affect the health of the system again.',
  },
  async (write, config) => ({ assignment: await setAssignmentEnabled(write, config, true), enqueued: false }),
);
