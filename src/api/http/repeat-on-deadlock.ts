import { isRepeatable } from './database-error';

/** Maximum number of attempts of a transaction that ends in a deadlock or serialization failure. */
const MAX_ATTEMPTS = 3;

/**
 * Runs a transaction, and repeats it if the database aborted it because of a conflict with another transaction. Throws
 * the error after `MAX_ATTEMPTS` attempts.
 */
export async function repeatOnDeadlock<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRepeatable(error)) throw error;
    }
  }
}
