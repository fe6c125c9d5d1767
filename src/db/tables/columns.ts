import { sql } from 'drizzle-orm';
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core';

/** Declares a column for an instant. */
export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/**
 * A jsonb column. Unlike the one of drizzle, it does not parse a text inside jsonb as JSON again: `"1"` stays a text.
 */
export const jsonb = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});

/** Bytes. */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Declares a column for a position in the log that streams follow. */
export const seq = () =>
  bigint('seq', { mode: 'number' })
    .notNull()
    .default(sql`nextval('change_seq')`);
