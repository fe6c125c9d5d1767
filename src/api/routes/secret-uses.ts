import { z } from 'zod';
import { allConnections } from '../../db/connections';
import type { Executor } from '../../db/executor';
import { allHooks } from '../../db/hooks';
import { automationsWithSecrets } from '../../db/secret-uses';
import { secretsOf } from '../../domain/definition/secret-references';
import type { Cipher } from '../../domain/secrets/cipher';
import { sealedValues } from '../../integrations/connections/open-connection';
import { hookSecretName } from './hooks';

const Users = z.array(z.object({ id: z.uuid(), name: z.string() }));
export const UsedBy = z
  .object({ automations: Users, connections: Users, hooks: Users })
  .describe('Automations, connections and hooks that refer to the secret');
type UsedBy = z.infer<typeof UsedBy>;

/**
 * Reads the references to all secrets. Returns a function that returns the references to the secret with a given name.
 */
export async function secretUses(deps: { db: Executor; cipher: Cipher }): Promise<(name: string) => UsedBy> {
  const uses = new Map<string, UsedBy>();
  const usedBy = (name: string) => uses.get(name) ?? { automations: [], connections: [], hooks: [] };
  const add = (kind: keyof UsedBy, secret: string, { id, name }: { id: string; name: string }) => {
    const known = usedBy(secret);
    known[kind].push({ id, name });
    uses.set(secret, known);
  };
  for (const row of await automationsWithSecrets(deps.db)) add('automations', row.secret, row);
  for await (const row of allConnections(deps.db)) {
    const texts = [row.config, sealedValues(deps.cipher, row)];
    for (const secret of secretsOf(texts)) add('connections', secret, row);
  }
  for await (const row of allHooks(deps.db)) {
    const texts = row.secrets.map((sealed) => deps.cipher.open(hookSecretName(row.id), sealed));
    for (const secret of secretsOf(texts)) add('hooks', secret, row);
  }
  return usedBy;
}
