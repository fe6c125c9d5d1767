import { readFileSync } from 'node:fs';
import { messageOf } from '../domain/errors';
import { UsageError } from './usage-error';

/** Returns why a file cannot be read, without the system call and the path in Node's message. */
export function fileProblem(error: unknown): string {
  const message = messageOf(error);
  return /\bE[A-Z0-9]+: (.+?), \w+(?: '.*')?$/s.exec(message)?.[1] ?? message;
}

/**
 * Returns the text of a file that the user named.
 * @throws {UsageError} when it cannot be read
 */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${fileProblem(error)}`);
  }
}
