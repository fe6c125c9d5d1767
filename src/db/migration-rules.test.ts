import { migrationFindings } from './migration-rules';
import { readMigrations } from './migration-files';
import { splitStatements } from './migration-statements';

const check = (sql: string) => migrationFindings({ version: 21, sql });

describe('migrations that would lock or rewrite a table in use are refused', () => {
  test.each([
    ['a volatile default', 'alter table runs add column token uuid not null default gen_random_uuid();'],
    ['a volatile default in brackets', 'alter table systems add at timestamptz default (clock_timestamp());'],
    ['a serial column', 'alter table runs add column n bigserial;'],
    ['a generated column', 'alter table runs add column n int generated always as (depth + 1) stored;'],
    ['a change of type', 'alter table runs alter column depth type bigint;'],
    ['a change of type, long form', 'alter table runs alter depth set data type bigint;'],
    ['set not null without a check', 'alter table runs alter column change_id set not null;'],
    ['a check that is validated at once', 'alter table runs add constraint c check (depth >= 0);'],
    ['a foreign key that is validated at once', 'alter table runs add foreign key (id) references other (id);'],
    ['a unique constraint that builds its index', 'alter table runs add constraint u unique (change_id);'],
    ['an index on a hot table', 'create index i on runs (depth);'],
    ['an index on only a table without partitions', 'create index i on only runs (depth);'],
    ['a unique index on a hot table', 'create unique index i on changes (seq);'],
    ['a concurrent index inside a transaction', 'create index concurrently if not exists i on runs (depth);'],
    [
      'a concurrent index that cannot be repeated',
      '-- fermata: no transaction\ncreate index concurrently i on runs (depth);',
    ],
    ['an update of a hot table', `update runs set depth = 0;`],
    ['vacuum full', '-- fermata: no transaction\nvacuum full runs;'],
  ])('%s', (_, sql) => {
    expect(check(sql)).toHaveLength(1);
  });
});

test.each([
  ['a nullable column', 'alter table runs add column note text;'],
  ['a constant default', `alter table runs add column note text not null default '';`],
  ['a constraint that is validated later', 'alter table runs add constraint c check (depth >= 0) not valid;'],
  ['the validation of such a constraint', 'alter table runs validate constraint c;'],
  ['a constraint that uses an index', 'alter table runs add constraint u unique using index i;'],
  ['an index on a table of the same file', 'create table t (id int); create index t_id on t (id);'],
  ['an index on only a partitioned table', 'create index i on only changes (kind);'],
  ['an index on only the audit log', 'create index i on only audit_log (action);'],
  ['an index on a small table', 'create index i on systems (name);'],
  ['a concurrent index', '-- fermata: no transaction\ncreate index concurrently if not exists i on runs (depth);'],
  ['words of the rules in a comment', '-- alter table runs alter column depth type bigint;\nselect 1;'],
])('%s is allowed', (_, sql) => {
  expect(check(sql)).toEqual([]);
});

it('every migration of this program follows the rules', () => {
  expect(readMigrations().flatMap((file) => migrationFindings(file).map((found) => `${file.name}: ${found}`))).toEqual(
    [],
  );
});

it('a file is split at its semicolons, except in quotes, bodies and comments', () => {
  const body = 'create function f() returns int language plpgsql as $$ begin return 1; end $$';
  expect(splitStatements(`-- a; b\nselect ';', "x;y"; /* c; */ ${body};\nselect 'it''s;'`)).toEqual([
    `select ';', "x;y"`,
    body,
    `select 'it''s;'`,
  ]);
});
