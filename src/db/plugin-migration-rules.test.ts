import { pluginMigrationFindings } from './plugin-migration-rules';

const check = (sql: string) => pluginMigrationFindings(sql, 'plugin_phones');

test.each([
  ['a table with its index', 'create table calls (id uuid primary key, at timestamptz); create index on calls (at);'],
  [
    "names with the plugin's schema",
    'create table plugin_phones.calls (id uuid); create index on plugin_phones.calls (id);',
  ],
  ['a reference inside the schema', 'create table parts (call uuid references calls (id));'],
  ['rows', `insert into calls (id) select gen_random_uuid() from generate_series(1, 3) as n;`],
  ['a function of Postgres by its schema', 'create table t (at timestamptz default pg_catalog.now());'],
  ['columns of an alias', 'update calls set at = t.at from parts t where t.call = calls.id;'],
  [
    'an index on a table in use, built concurrently',
    '-- fermata: no transaction\ncreate index concurrently if not exists calls_at on calls (at);',
  ],
])('a migration of a plugin may contain %s', (_, sql) => {
  expect(check(sql)).toEqual([]);
});

test.each([
  ['an index on a table of an earlier file', 'create index on calls (at);', /blocks its writers/],
  [
    'an index on a table of an earlier file, with its schema',
    'create index on plugin_phones.calls (at);',
    /blocks its writers/,
  ],
  [
    'an index on a table of an earlier file, after a new table',
    'create table plugin_phones.parts (id int); create index on plugin_phones.calls (at);',
    /blocks its writers/,
  ],
  [
    'not null on a table of an earlier file',
    'alter table calls alter column at set not null;',
    /reads the whole table/,
  ],
  [
    "a change of the service's tables",
    'alter table public.runs add column x int;',
    /"public" is outside the plugin's schema/,
  ],
  ['a table in another schema', 'create table if not exists public.calls (id int);', /"public" is outside/],
  ["an index on the service's tables", 'create index i on public.runs (id);', /"public" is outside/],
  [
    "a reference to the service's tables",
    'create table t (run uuid references "public"."runs" (id));',
    /"public" is outside/,
  ],
  ['rows of another schema', `insert into plugin_other.calls values (1);`, /"plugin_other" is outside/],
  [
    'a deletion in another schema',
    `with gone as (delete from public.secrets returning 1) select 1;`,
    /"public" is outside/,
  ],
  ['a search path', 'set search_path to public;', /search path and the role are set already/],
  ['a role', 'set local role postgres;', /search path and the role are set already/],
  ['a commit in the middle', 'create table t (id int); commit;', /one transaction already/],
  ['another schema', 'create schema more;', /has one schema, "plugin_phones"/],
])('a migration of a plugin may not contain %s', (_, sql, why) => {
  const findings = check(sql);
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.join('\n')).toMatch(why);
});
