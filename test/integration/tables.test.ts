import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { projectRoot } from '../../src/project-root';
import { createEntityFixture, type EntityFixture } from '../support/entity-fixture';

interface Column {
  name: string;
  type: string;
  not_null: boolean;
}

describe('the tables in drizzle', () => {
  let f: EntityFixture;
  beforeAll(async () => {
    f = await createEntityFixture([]);
  });
  afterAll(() => f.end());

  const folder = join(projectRoot(), 'src', 'db', 'tables');
  const described = readdirSync(folder)
    .flatMap((file) => Object.values(jest.requireActual<Record<string, unknown>>(join(folder, file))))
    .flatMap((value) => (is(value, PgTable) ? [getTableConfig(value)] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

  test.each(described.map((table) => [table.name, table] as const))(
    '%s matches the table that the migrations create',
    async (name, table) => {
      const real = await f.rows<Column>(
        `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null
       from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attname`,
        [name],
      );
      const seen = table.columns.map((column) => ({
        name: column.name,
        type: column.getSQLType(),
        not_null:
          column.notNull ||
          column.primary ||
          table.primaryKeys.some((key) => key.columns.some((part) => part.name === column.name)),
      }));
      expect(seen.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(real);
    },
  );

  /** Tables that only plain SQL uses: a table with one row that serves as a lock, and the record of migrations. */
  const SQL_ONLY = ['definition_revision', 'schema_migrations'];

  test('include every table of the schema', async () => {
    const real = await f.rows<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
       and not relispartition order by relname`,
    );
    const known = new Set([...SQL_ONLY, ...described.map((table) => table.name)]);
    expect(real.map((row) => row.name).filter((name) => !known.has(name))).toEqual([]);
  });
});
