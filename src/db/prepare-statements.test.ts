import { PgDialect } from 'drizzle-orm/pg-core';
import type { ClientBase } from 'pg';
import { createStatementNames, PLANNED_EACH_TIME } from './prepare-statements';
import { whereRuns } from './run-filter';

/** Returns the names that a connection gives to statements. */
function namesOf(texts: readonly string[]): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  const client = { query: ({ name }: { name?: string }) => names.push(name) };
  createStatementNames()(client as unknown as ClientBase);
  for (const text of texts) client.query({ text, values: [1] } as never);
  return names;
}
const textOf = (filter: Parameters<typeof whereRuns>[0]) => {
  const where = whereRuns(filter);
  return where === undefined ? '' : new PgDialect().sqlToQuery(where).sql;
};

it('gives a name to a statement with parameters', () => {
  expect(namesOf(['select $1', 'select $1 + 1', 'select $1'])).toEqual(['fermata_0', 'fermata_1', 'fermata_0']);
});

it('gives no name to a statement whose plan depends on its values, such as one with a filter of runs', () => {
  const { sql } = new PgDialect().sqlToQuery(PLANNED_EACH_TIME);
  expect(namesOf([`${sql}select $1`, textOf({ to: new Date() }), textOf({ status: ['failed'] })])).toEqual([
    ...[undefined, undefined, undefined],
  ]);
});
