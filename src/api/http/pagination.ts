import { z } from 'zod';
import { FermataError } from '../../domain/errors';

/** Query parameters of all lists. */
export const PageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Items per page'),
  cursor: z.string().max(2000).optional().describe('`nextCursor` of the previous page'),
};

/** Returns the response schema for a page of items. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Encodes a position in a list as an opaque cursor. */
export function encodeCursor(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * Decodes a cursor. Returns undefined without a cursor.
 * @throws {FermataError} `bad_request` for a cursor that this API did not create
 */
export function decodeCursor<T extends z.ZodType>(schema: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (error) {
    throw new FermataError('bad_request', 'The cursor is not valid for this list. Use the nextCursor of a page.', {
      cause: error,
    });
  }
}

/**
 * Returns one page from up to `limit + 1` rows. The extra row only indicates that there is another page. `keyOf`
 * returns the key of a row, which the cursor for the next page contains.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => unknown,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(toItem), nextCursor: more ? encodeCursor(keyOf(last)) : null };
}

/** Cursor schema for lists whose ids sort by time. */
export const IdCursor = z.uuid();
