import type { WorkflowExecutionDescription } from '@temporalio/client';

/** Returns whether an execution is open: running, or paused by a person in Temporal. */
export const isOpen = ({ status }: Pick<WorkflowExecutionDescription, 'status'>): boolean =>
  status.name === 'RUNNING' || status.name === 'PAUSED';
