import type { Executor } from '../db/executor';
import { rememberRunSecrets, runSecretSealName, runSecretsOf, type SealedRunSecret } from '../db/secrets';
import { FermataError } from '../domain/errors';
import { LruCache } from '../domain/expressions/lru-cache';
import { useRefusal, type BoundSecret, type SecretUse } from '../domain/secrets/binding';
import type { Cipher } from '../domain/secrets/cipher';
import { secretNotAllowed } from '../domain/secrets/not-allowed';
import { createMask, NO_MASK, type Mask } from '../domain/secrets/mask-values';
import type { SecretBackend } from '../integrations/secret-backend';

/** The value of a secret that a run uses. `source` contains the name and version of the secret. */
export interface UsedSecret {
  source: string;
  value: string;
  /** Set when the secret may be sent only to certain hosts. */
  bound?: BoundSecret;
}

/** The secrets that runs have used, and the masks that hide them. */
export interface RunSecrets {
  /**
   * Returns the values of secrets by name, after checking that each may be used.
   * @throws {FermataError} `config_invalid` with the names of secrets that do not exist; `secret_not_allowed` for a use
   * that the binding of a secret does not allow
   */
  resolve(uses: ReadonlyMap<string, SecretUse>): Promise<Map<string, UsedSecret>>;
  /** Stores values for the run before they are used, so that a worker that resumes the run masks them too. */
  remember(runId: string, used: readonly UsedSecret[]): Promise<void>;
  /** Returns the mask of the secrets that are stored for a run, and of `more`, which are about to be used. */
  maskOf(runId: string, stored: readonly SealedRunSecret[], more?: readonly UsedSecret[]): Mask;
  /** Like `maskOf`, but reads the stored secrets first. */
  readMask(db: Executor, runId: string): Promise<Mask>;
}

/** Maximum number of masks in the cache. */
const MAX_MASKS = 500;

const both = (mask: Mask, more: Mask | undefined): Mask =>
  more === undefined ? mask : (value, scope) => more(mask(value, scope), scope);

export function createRunSecrets(deps: {
  db: Executor;
  cipher: Cipher;
  backend: SecretBackend;
  /** Called with the number of values that were masked, for the metrics. */
  onHit: (count: number) => void;
  /** Masks secrets that plugins have read outside of steps. */
  maskOfPlugins?: Mask;
}): RunSecrets {
  const { db, cipher, backend, onHit, maskOfPlugins } = deps;
  const masks = new LruCache<Mask>(MAX_MASKS, 64 * 1024 * 1024);

  const own: RunSecrets = {
    async resolve(uses) {
      const names = [...uses.keys()];
      if (names.length === 0) return new Map();
      const found = await backend.resolve(names);
      const missing = names.filter((name) => !found.has(name));
      if (missing.length > 0) {
        throw new FermataError('config_invalid', `Secret not found: ${missing.map((name) => `"${name}"`).join(', ')}.`);
      }
      for (const [name, use] of uses) {
        const why = useRefusal(found.get(name)?.allow, use);
        if (why !== null) throw secretNotAllowed(name, why);
      }
      return new Map(
        [...found].map(([name, { value, version, allow }]) => {
          const bound = allow?.hosts && { name, hosts: allow.hosts };
          return [name, { source: `secret:${name}@${version}`, value, ...(bound && { bound }) }];
        }),
      );
    },

    async remember(runId, used) {
      const sealed = used.map(({ source, value }) => ({
        source,
        sealed: cipher.seal(runSecretSealName(runId, source), value),
      }));
      await rememberRunSecrets(db, runId, sealed);
    },

    maskOf(runId, stored, more = []) {
      return both(ofRun(runId, stored, more), maskOfPlugins);
    },

    readMask: async (executor, runId) => own.maskOf(runId, await runSecretsOf(executor, runId)),
  };
  const ofRun = (runId: string, stored: readonly SealedRunSecret[], more: readonly UsedSecret[]): Mask => {
    if (stored.length === 0 && more.length === 0) return NO_MASK;
    const key = JSON.stringify([
      runId,
      ...stored.map(({ source }) => source),
      '+',
      ...more.map(({ source }) => source),
    ]);
    const known = masks.get(key);
    if (known) return known;
    const values = stored.map(({ source, sealed }) => cipher.open(runSecretSealName(runId, source), sealed));
    const mask = createMask([...values, ...more.map(({ value }) => value)], onHit);
    // The size of the masked forms is estimated from the length of the values: about 100 bytes per character.
    const characters = [...values, ...more.map(({ value }) => value)].reduce((sum, { length }) => sum + length, 0);
    masks.set(key, mask, key.length + 20_000 + 100 * characters);
    return mask;
  };
  return own;
}
