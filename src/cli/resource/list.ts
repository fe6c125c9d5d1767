import type { Command } from 'commander';
import type { ApiClient } from '../client';
import { connect, CONNECTION_HELP } from '../client/connect';
import { createOutput, JSON_OPTION, type Output } from '../print/output';
import { UsageError } from '../usage-error';
import { Row, type Column } from './columns';

/** The path of a list, and how to show it. */
export interface Listing {
  /** Path relative to the base path. */
  path: string;
  columns: readonly Column[];
  /** Text to print when the list is empty. */
  empty: string;
}

/** Options of all lists. */
export interface ListOptions {
  json?: true;
  limit: string;
}

type Query = Record<string, string | number | boolean | undefined>;

/** Adds `--limit` and `--json`. `order` completes the help text of `--limit`. */
export function listOptions(command: Command, limit = 50, order = ', newest first'): Command {
  return command.option('-n, --limit <count>', `maximum number to list${order}`, String(limit)).option(...JSON_OPTION);
}

/** Adds examples and `CONNECTION_HELP` to `--help`. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}${CONNECTION_HELP}`);
}

/**
 * Parses `--limit`.
 * @throws {UsageError} unless it is a whole number above 0
 */
export function limitOf({ limit }: { limit: string }): number {
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1) throw new UsageError('--limit must be a whole number above 0.');
  return count;
}

/** Prints a list as a table or, with `--json`, its items as the API returned them. */
export async function printList(
  listing: Listing,
  options: ListOptions,
  query: Query = {},
  client: ApiClient = connect(),
): Promise<void> {
  const items = await client.list(listing.path, Row, { ...query, limit: limitOf(options) });
  printRows(listing, items, options.json, createOutput());
}

/** Prints rows that have already been read. */
export function printRows(
  { columns, empty }: Omit<Listing, 'path'>,
  rows: readonly Row[],
  json: true | undefined,
  output: Output,
): void {
  if (json) return output.json(rows);
  if (rows.length === 0) return output.line(empty);
  output.table(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
  );
}
