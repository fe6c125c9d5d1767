import { AsyncLocalStorage } from 'node:async_hooks';
import { FermataError } from '../domain/errors';
import { createMask, NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { secretNotAllowed } from '../domain/secrets/not-allowed';
import { addBoundSecret } from '../edges/egress/bound-secrets';
import type { SecretBackend } from './secret-backend';

/** Reads stored secrets for a plugin. */
export interface PluginSecrets {
  /**
   * Returns the value of a secret. From then on, the value is masked in everything that the plugin returns, logs or
   * throws. During a step, the secret counts as used by the run.
   * @throws {FermataError} `config_invalid` when the secret does not exist; `secret_not_allowed` when it is bound to
   * other uses
   */
  resolve(name: string): Promise<string>;
}

const ofStep = new AsyncLocalStorage<PluginSecrets>();

/** Runs `work` for a step. Until `work` ends, plugins read secrets from `secrets`. */
export const withSecretsOfStep = <T>(secrets: PluginSecrets, work: () => Promise<T>): Promise<T> =>
  ofStep.run(secrets, work);

/**
 * Refuses every secret. Used for actions that write in a transaction, because everything that they write is stored.
 */
export const NO_SECRETS: PluginSecrets = {
  resolve: (name) =>
    Promise.reject(
      new FermataError(
        'config_invalid',
        `The secret "${name}" cannot be read by an action that writes in a transaction.`,
      ),
    ),
};

/**
 * Maximum number of values that this process masks. When the limit is exceeded, e.g. after many secrets have been
 * rotated, the oldest values are no longer masked.
 */
const MAX_VALUES = 500;

/** Creates the secrets for all plugins of a process, and a mask for the values that they have read. */
export function createPluginSecrets(backend: SecretBackend): PluginSecrets & { mask: Mask } {
  const seen = new Set<string>();
  let current = NO_MASK;
  const hide = (value: string): string => {
    if (seen.has(value)) return value;
    seen.add(value);
    for (const oldest of seen) {
      if (seen.size <= MAX_VALUES) break;
      seen.delete(oldest);
    }
    current = createMask([...seen]);
    return value;
  };
  return {
    mask: (value, scope) => current(value, scope),
    async resolve(name) {
      const step = ofStep.getStore();
      return hide(await (step === undefined ? outsideSteps(backend, name) : step.resolve(name)));
    },
  };
}

async function outsideSteps(backend: SecretBackend, name: string): Promise<string> {
  const found = (await backend.resolve([name])).get(name);
  if (found === undefined) throw new FermataError('config_invalid', `Secret not found: "${name}".`);
  const { hosts, ...steps } = found.allow ?? {};
  if (Object.keys(steps).length > 0)
    throw secretNotAllowed(name, 'is bound to steps and cannot be read outside of them');
  if (hosts !== undefined) addBoundSecret({ name, hosts });
  return found.value;
}
