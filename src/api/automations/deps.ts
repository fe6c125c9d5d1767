import type { AutomationRecord, AutomationStore } from '../../db/automation-store';
import type { Executor } from '../../db/executor';
import type { Notifier } from '../../db/notifier';
import { FermataError } from '../../domain/errors';
import { notFound, uuidOrNotFound } from '../http/values';
import type { AutomationBodySchemas } from './input';
import type { AutomationValidator } from './validator';

/** Dependencies of the routes for automations. */
export interface AutomationDeps {
  db: Executor;
  automations: AutomationStore;
  validator: AutomationValidator;
  notifier: Notifier;
  bodySchemas: () => AutomationBodySchemas;
}

export const TAG = 'Automations';
export const NOT_FOUND = { 404: { description: 'Automation not found' } };
export const MANAGED = { 409: { description: 'The automation is managed from Git; change it there' } };

/**
 * Returns the automation with an id.
 * @throws {FermataError} `not_found`
 */
export async function requireAutomation(
  { automations }: Pick<AutomationDeps, 'automations'>,
  db: Executor,
  id: string,
): Promise<AutomationRecord> {
  const record = await automations.get(db, uuidOrNotFound(id, 'automation'));
  if (record === null) throw notFound('automation', id);
  return record;
}

/**
 * Refuses changes to an automation that is managed from Git.
 * @throws {FermataError} `managed_elsewhere`
 */
export function assertManagedHere({ managedBy }: AutomationRecord): void {
  if (managedBy === 'api') return;
  throw new FermataError('managed_elsewhere', 'This automation is managed from Git; change it there.');
}
