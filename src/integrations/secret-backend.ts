import type { Executor } from '../db/executor';
import { findSecrets, listSecrets, secretSealName } from '../db/secrets';
import type { SecretBinding } from '../domain/secrets/binding';
import type { Cipher } from '../domain/secrets/cipher';

/** A secret in clear. It exists only inside the activity that uses it. */
export interface SecretValue {
  value: string;
  /** Changes with the value, also when a secret is deleted and set again. */
  version: string;
  /** Its binding; absent or null = it may be used anywhere. */
  allow?: SecretBinding | null;
}

/** A store of secrets. The built-in one is Postgres. */
export interface SecretBackend {
  /** Returns the values of existing secrets, by name. */
  resolve(names: readonly string[]): Promise<Map<string, SecretValue>>;
  /** Returns all names. */
  list(): Promise<string[]>;
  /** @throws when values cannot be read. */
  health(): Promise<void>;
}

const PAGE = 1_000;

/** Creates the backend that keeps secrets in the database of Fermata, sealed under the keys of this process. */
export function createPostgresSecrets({ db, cipher }: { db: Executor; cipher: Cipher }): SecretBackend {
  return {
    async resolve(names) {
      const found = await findSecrets(db, names);
      return new Map(
        [...found].map(([name, { version, sealed, allow }]) => [
          name,
          // Versions begin again after a deletion; a nonce is never reused.
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
