import { z } from 'zod';
import type { AutomationStatus } from '../../db/automation-store';
import { Definition } from '../../domain/definition/schema';
import { refusalOfFindings } from '../http/findings';

const Status = z.enum(['enabled', 'disabled']);

/** What the OpenAPI document shows; `validateDefinition` is what checks it. */
export const AutomationInput = Definition.extend({ status: Status.optional().describe('Default: enabled') }).meta({
  id: 'AutomationInput',
  title: 'An automation with its status',
});

/** The same for changes: top-level keys left out stay as they are. */
export const AutomationPatch = AutomationInput.partial().meta({ id: 'AutomationPatch', title: 'Keys to replace' });

/** A body: the document itself plus `status`. */
export interface SplitBody {
  document: Record<string, unknown>;
  status: AutomationStatus | undefined;
}

/** Takes the status out of a body. @throws {FermataError} `validation_failed` when the body is no map or the status none. */
export function splitBody(body: unknown): SplitBody {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refusalOfFindings([{ path: '', message: 'Expected an automation (a map)', code: 'invalid_type' }]);
  }
  const entries = Object.entries(body);
  const given = entries.find(([key]) => key === 'status');
  const document = Object.fromEntries(entries.filter(([key]) => key !== 'status'));
  if (given === undefined) return { document, status: undefined };
  const status = Status.safeParse(given[1]);
  if (status.success) return { document, status: status.data };
  throw refusalOfFindings([{ path: 'status', message: 'Expected "enabled" or "disabled"', code: 'invalid_value' }]);
}

/** The current document with the keys of a patch in their place; null takes a key away. */
export function patchDocument(
  current: { definition: Definition; group: string | null },
  patch: Record<string, unknown>,
): Record<string, unknown> {
  const merged = { ...current.definition, ...(current.group === null ? {} : { group: current.group }), ...patch };
  // Taking the group away needs to be said, since a document without one leaves it as it is.
  const cleared = patch.group === null ? { ...merged, group: '' } : merged;
  return Object.fromEntries(Object.entries(cleared).filter(([, value]) => value !== null));
}
