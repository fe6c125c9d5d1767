import type { WorkflowExecutionDescription } from '@temporalio/client';
import { isOpen } from './open-execution';

/**
 * Returns whether an open execution belongs to another installation, which shares the namespace and has an automation
 * with the same slug. Such an execution must neither be ended nor treated as an execution of this installation.
 */
export function isForeign(
  holder: Pick<WorkflowExecutionDescription, 'status' | 'taskQueue'> | null,
  taskQueue: string,
): boolean {
  return holder !== null && isOpen(holder) && holder.taskQueue !== taskQueue;
}
