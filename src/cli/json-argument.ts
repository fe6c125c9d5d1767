import { parseJson } from '../domain/exact-json';
import { readFileSync } from 'node:fs';
import { messageOf } from '../domain/errors';
import { fileProblem } from './read-text-file';
import { UsageError } from './usage-error';

/**
 * Parses an argument that is JSON, `@FILE`, or `-` for standard input.
 * @throws {UsageError} when it cannot be read or is not valid JSON
 */
export function readJsonArgument(text: string, what: string): unknown {
  const source = textOf(text, what);
  try {
    return parseJson(source);
  } catch (error) {
    throw new UsageError(`${what} is not valid JSON: ${messageOf(error)}`);
  }
}

function textOf(text: string, what: string): string {
  if (text !== '-' && !text.startsWith('@')) return text;
  const file = text === '-' ? 0 : text.slice(1);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} cannot be read: ${fileProblem(error)}`);
  }
}
