import type { Executor } from '../db/executor';
import { findSecrets, listSecrets, secretSealName } from '../db/secrets';
import type { SecretBinding } from '../domain/secrets/binding';
import type { Cipher } from '../domain/secrets/cipher';

/**
 * A decrypted secret. It is decrypted for each activity, request, plugin call or event watch that uses it. Afterwards,
 * the value is kept only in masks.
 */
export interface SecretValue {
  value: string;
  /** Changes whenever the value changes, even when the secret is deleted and created again. */
  version: string;
  /** The uses to which the secret is bound. If absent or null, it may be used anywhere. */
  allow?: SecretBinding | null;
}

/** A store of secrets. The built-in store uses Postgres. */
export interface SecretBackend {
  /** Returns the values of existing secrets, by name. */
  resolve(names: readonly string[]): Promise<Map<string, SecretValue>>;
  /** Returns the names of all secrets. */
  list(): Promise<string[]>;
  /**
   * Checks that values can be read.
   * @throws when they cannot
   */
  health(): Promise<void>;
}

const PAGE = 1_000;

/** Creates the store that keeps secrets in Fermata's database, encrypted with the keys of this process. */
export function createPostgresSecrets({ db, cipher }: { db: Executor; cipher: Cipher }): SecretBackend {
  return {
    async resolve(names) {
      const found = await findSecrets(db, names);
      return new Map(
        [...found].map(([name, { version, sealed, allow }]) => [
          name,
          // After a deletion, version numbers start again at 1, but a nonce is never reused.
          { value: cipher.open(secretSealName(name), sealed), version: `${version}.${sealed.nonce}`, allow },
        ]),
      );
    },
    async list() {
      const names: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await listSecrets(db, { limit: PAGE, after });
        names.push(...page.map(({ name }) => name));
        after = page.at(-1)?.name;
        if (page.length < PAGE) return names;
      }
    },
    async health() {
      const [first] = await listSecrets(db, { limit: 1, after: undefined });
      if (first !== undefined) await this.resolve([first.name]);
    },
  };
}
