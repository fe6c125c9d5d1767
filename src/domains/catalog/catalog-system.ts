import { z } from 'zod';
import type { EntityChange, Occurrence } from '../../domain/entities/change';
import type { EntityKind } from '../../domain/entities/entity-kind';

/** Reactive state of a catalogue system. */
export const CatalogSystemState = z.strictObject({
  name: z.string(),
  description: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
});
export type CatalogSystemState = z.infer<typeof CatalogSystemState>;

function derive(change: EntityChange): Occurrence[] {
  const { id: systemId, prev, next, changedFields } = change;
  const systemName = (next ?? prev)?.name;
  if (prev === null) return [{ event: 'catalog.created', payload: { systemId, systemName } }];
  if (next === null) return [{ event: 'catalog.deleted', payload: { systemId, systemName } }];
  return [{ event: 'catalog.updated', payload: { systemId, systemName, changedFields } }];
}

/** Systems as entities. Fields whose changes fire no events are in the table `systems`. */
export const catalogSystemKind: EntityKind = {
  kind: 'catalog-system',
  description: 'A system of the catalogue',
  schema: CatalogSystemState,
  derive,
};
