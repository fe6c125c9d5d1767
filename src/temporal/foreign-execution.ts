import type { WorkflowExecutionDescription } from '@temporalio/client';

/**
 * Returns whether an open execution belongs to another installation that shares the namespace and has an automation of the same slug. It
 * must neither be ended nor be taken for ours.
 */
export function isForeign(
  holder: Pick<WorkflowExecutionDescription, 'status' | 'taskQueue'> | null,
  taskQueue: string,
): boolean {
  return holder?.status.name === 'RUNNING' && holder.taskQueue !== taskQueue;
}
