import { readFileSync } from 'node:fs';
import { messageOf } from '../domain/errors';
import { UsageError } from './usage-error';

/**
 * Returns the text of a file that the user named.
 * @throws {UsageError} when it cannot be read
 */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}
