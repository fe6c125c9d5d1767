import { setAssignmentEnabled } from '../assignments';
import { assignmentAction } from './assignment-action';

/** Excludes a check from the health of its system. Its results are still stored. */
export const disableAssignmentAction = assignmentAction(
  {
    id: 'disable_assignment',
    displayName: 'Disable a check',
    description: 'Disables a check: its results are kept, but no longer affect the health of the system.',
  },
  async (write, config) => ({ assignment: await setAssignmentEnabled(write, config, false), enqueued: false }),
);
