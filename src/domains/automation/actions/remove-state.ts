import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { assertCustomKind, stateArtifact } from './custom-state';

const Config = z.strictObject({ kind: z.string().min(1).meta({ 'x-entity-kind': true }), id: z.string().min(1) });

/** Removes an entity of a custom kind. Does nothing when the entity does not exist. */
export const removeStateAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'remove_state',
  displayName: 'Remove state',
  description: 'Removes an entity of a custom kind. Succeeds when the entity does not exist.',
  configSchema: Config,
  produces: stateArtifact,
  consumes: 'automation.state',
  execution: 'transaction',
  async execute({ config, tx, entities, cause }) {
    const { kind, id } = config;
    await assertCustomKind(entities, tx, kind);
    const { removed } = await entities.remove(tx, { kind, id }, cause);
    return { output: { removed }, artifact: { kind, id, state: null }, closesConsumed: true };
  },
};
