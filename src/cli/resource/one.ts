import type { ApiClient } from '../client';
import { ApiProblem } from '../client/problem';
import { createOutput, type Output } from '../print/output';
import { paint, plain, toneOf } from '../print/paint';
import { instantText } from '../print/time-text';
import { UsageError } from '../usage-error';
import { Row, valueText } from './columns';

const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
/** Maximum number of rows to search for a shortened id. */
const MAX_SEARCHED = 1_000;

/** Prints a resource: its title, then each field that has a value. With `--json`, prints the API's response. */
export function printOne(row: Row, title: string, json: true | undefined, output: Output = createOutput()): void {
  if (json) return output.json(row);
  output.line(paint(plain(title), 'strong', output.colours));
  printFields(row, output);
}

/** Prints one line for each field that has a value. */
export function printFields(row: Row, output: Output): void {
  const fields = Object.entries(row).filter(([, value]) => valueText(value) !== '-');
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  for (const [name, value] of fields) {
    const shown = typeof value === 'string' && INSTANT.test(value) ? `${instantText(value)} UTC` : valueText(value);
    const tone = name === 'status' ? toneOf(shown) : undefined;
    const label = paint(name.padEnd(width), 'quiet', output.colours);
    output.line(`  ${label}  ${paint(plain(shown), tone, output.colours)}`);
  }
}

/**
 * Returns the complete id for an id that a table shows shortened, e.g. `01a2086a…27d2`. Returns other ids unchanged.
 * @throws {UsageError} unless exactly one of the newest rows matches
 */
export async function wholeId(client: ApiClient, path: string, id: string, field = 'id'): Promise<string> {
  const [head, tail, ...more] = id.split(/…|\.{3}/);
  if (tail === undefined || more.length > 0) return id;
  const rows = await client.list(path, Row, { limit: MAX_SEARCHED });
  const ids = rows.map((row) => String(row[field]));
  const matches = [...new Set(ids)].filter((each) => each.startsWith(head ?? '') && each.endsWith(tail));
  const [match] = matches;
  if (match !== undefined && matches.length === 1) return match;
  const found = matches.length === 0 ? 'none matches' : `these match: ${matches.join(', ')}`;
  throw new UsageError(`"${id}" must match exactly one id. Of the newest ${rows.length}, ${found}.`);
}

/**
 * Returns the row with the given id or name.
 * @throws {UsageError} listing the ids when several rows match; {@link ApiProblem} listing the existing names when none
 * matches
 */
export async function byName(client: ApiClient, path: string, nameOrId: string): Promise<Row> {
  const rows = await client.list(path, Row);
  const found = rows.filter(({ id, name }) => id === nameOrId || name === nameOrId);
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  if (found.length > 1) {
    throw new UsageError(
      `More than one has the name "${nameOrId}"; use an id: ${found.map(({ id }) => id).join(', ')}.`,
    );
  }
  const names = rows.map(({ name }) => `"${String(name)}"`);
  const known = names.length === 0 ? 'There are none yet.' : `Known: ${names.join(', ')}.`;
  throw new ApiProblem(`"${nameOrId}" not found. ${known}`, { status: 404, code: 'not_found' });
}
