import type { AutomationStore, CheckCurrent } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import { cancelRunsOf } from '../../db/runs/run-states';

/**
 * Deletes an automation in the caller's transaction. Its runs are cancelled and its history is kept. The caller
 * notifies the workers (`definitions`, `starts`) after the commit.
 * @throws {FermataError} `not_found`, and errors from `check`
 */
export async function deleteAutomation(
  tx: Executor,
  automations: Pick<AutomationStore, 'remove'>,
  id: string,
  check?: CheckCurrent,
): Promise<void> {
  // Lock the runs first, in the same order as the admission of a run.
  await cancelRunsOf(tx, id, { kind: 'cancel', reason: 'the automation was deleted' });
  await automations.remove(tx, id, check);
}
