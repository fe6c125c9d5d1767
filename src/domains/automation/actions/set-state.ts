import { z } from 'zod';
import type { TransactionalAction } from '../../../integrations/contract';
import { assertCustomKind, stateArtifact } from './custom-state';

const Config = z.strictObject({
  kind: z.string().min(1).meta({ 'x-entity-kind': true }),
  id: z.string().min(1),
  state: z.record(z.string(), z.unknown()),
  /** `merge` applies the patch to the current state (RFC 7396); `replace` sets exactly this state. */
  strategy: z.enum(['merge', 'replace']).default('merge'),
});

/** Sets the state of an entity of a custom kind. */
export const setStateAction: TransactionalAction<z.infer<typeof Config>> = {
  id: 'set_state',
  displayName: 'Set state',
  description: 'Sets the state of an entity of a custom kind; merges into the current state or replaces it.',
  configSchema: Config,
  produces: stateArtifact,
  execution: 'transaction',
  async execute({ config, tx, entities, cause }) {
    const { kind, id, state, strategy } = config;
    await assertCustomKind(entities, tx, kind);
    const update = strategy === 'merge' ? state : () => state;
    const result = await entities.mutate(tx, { kind, id }, update, cause);
    return { output: { changed: result.changed }, artifact: { kind, id, state: result.state } };
  },
};
