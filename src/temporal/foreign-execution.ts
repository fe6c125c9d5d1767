import type { WorkflowExecutionDescription } from '@temporalio/client';

/**
 * Returns whether an open execution belongs to another installation that shares the namespace and has an automation
 * with the same slug. It must not be ended or treated as one of this installation.
 */
export function isForeign(
  holder: Pick<WorkflowExecutionDescription, 'status' | 'taskQueue'> | null,
  taskQueue: string,
): boolean {
  return holder?.status.name === 'RUNNING' && holder.taskQueue !== taskQueue;
}
