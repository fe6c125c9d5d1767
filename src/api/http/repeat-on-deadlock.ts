import { isRepeatable } from './database-error';

/** Attempts of a transaction that ends in a deadlock or a serialisation failure. */
const MAX_ATTEMPTS = 3;

/** Runs a transaction, and again when the database ended it for the sake of another one. */
export async function repeatOnDeadlock<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRepeatable(error)) throw error;
    }
  }
}
