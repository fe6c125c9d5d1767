import { sql } from 'drizzle-orm';
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core';

/** Declares a column for a point in time. */
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/**
 * Declares a jsonb column. Unlike drizzle's own column type, it does not parse a JSON string a second time: `"1"`
 * remains a string.
 */
export const jsonb = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});

/** Declares a column for bytes. */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Declares a column for a position in the sequence that streams follow. */
export const seq = () =>
  bigint('seq', { mode: 'number' })
    .notNull()
    .default(sql`nextval('change_seq')`);
