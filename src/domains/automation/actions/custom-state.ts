import { z } from 'zod';
import type { EntityStore } from '../../../db/entity-store';
import type { Executor } from '../../../db/executor';
import { FermataError } from '../../../domain/errors';

/** The artifact `state`. Its field `state` is null after a removal. */
export const stateArtifact = {
  name: 'state',
  identity: ['kind', 'id'],
  entity: { idField: 'id' },
  schema: z.object({ kind: z.string(), id: z.string(), state: z.record(z.string(), z.unknown()).nullable() }),
};

/**
 * Throws for unknown kinds, and for kinds whose state the domains compute.
 * @throws {FermataError} `validation_failed`
 */
export async function assertCustomKind(entities: EntityStore, tx: Executor, kind: string): Promise<void> {
  const { source } = await entities.kinds.resolve(tx, kind);
  if (source === 'custom') return;
  const message = `"${kind}" is a built-in kind: its state follows from its own data; only custom kinds can be set`;
  throw new FermataError('validation_failed', message, { errors: [{ path: 'kind', message, code: 'built_in_kind' }] });
}
