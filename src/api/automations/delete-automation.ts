import type { AutomationStore, CheckCurrent } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { cancelRunsOf } from '../../db/runs/run-states';

/**
 * Deletes an automation in the caller's transaction: its runs are cancelled, and its history is kept. The caller
 * notifies the workers (`definitions`, `starts`) after the commit. Throws `not_found`, and errors from `check`.
 */
export async function deleteAutomation(
  tx: Executor,
  automations: Pick<AutomationStore, 'remove'>,
  id: string,
  check?: CheckCurrent,
): Promise<void> {
  // Runs first: admitting a run takes these locks in the same order.
  await cancelRunsOf(tx, id, { kind: 'cancel', reason: 'the automation was deleted' });
  await automations.remove(tx, id, check);
}
