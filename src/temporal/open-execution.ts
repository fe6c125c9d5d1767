import type { WorkflowExecutionDescription } from '@temporalio/client';

/** Returns whether an execution is open: it runs, or a person has paused it in Temporal. */
export const isOpen = ({ status }: Pick<WorkflowExecutionDescription, 'status'>): boolean =>
  status.name === 'RUNNING' || status.name === 'PAUSED';
