import type { MigrationFile } from './migration-files';
import { isNonTransactional, splitStatements } from './migration-statements';
import { PARTITIONED } from './partition-indexes';

/** Number of the last file that was written before the rules existed. */
const LAST_EXEMPT = 20;

/** Tables that grow, or that are written for every event. Indexes on these tables must be built concurrently. */
const HOT = new Set([
  'changes',
  'routings',
  'runs',
  'run_steps',
  'artifacts',
  'waits',
  'wait_refs',
  'run_secrets',
  'dwells',
  'window_events',
  'evaluations',
  'entities',
  'entity_transitions',
  'health_checks',
  'health_results',
  'dedup_keys',
  'idempotency_keys',
  'notifications',
  'audit_log',
  'automation_versions',
]);

/** Default values that Postgres evaluates separately for each row, which makes it rewrite the table. */
const VOLATILE =
  /\bdefault\s+\(*\s*(?:nextval|gen_random_uuid|uuid_generate_v\d\w*|random|clock_timestamp|timeofday)\s*\(/i;

interface Statement {
  text: string;
  /** The table that an `alter table` changes. */
  table: string;
  isHot: (table: string) => boolean;
}

/** Rules, each of which returns why a statement on an existing table is refused, or undefined. */
const ALTER_RULES: readonly ((alter: Statement) => string | undefined)[] = [
  ({ text }) =>
    /\badd\s+(?:column\s+)?(?!constraint\b)/i.test(text) && VOLATILE.test(text)
      ? 'a volatile default rewrites the table: add the column without a default, set the default, then fill in batches'
      : undefined,
  ({ text }) =>
    /\badd\s+(?:column\s+)?[^,;]*\bgenerated\s+always\s+as\s*\(/i.test(text) ||
    /\badd\s+[^,;]*\b(?:big|small)?serial\b/i.test(text)
      ? 'a generated or serial column rewrites the table'
      : undefined,
  ({ text }) =>
    /\balter\s+(?:column\s+)?"?\w+"?\s+(?:set\s+data\s+)?type\b/i.test(text)
      ? 'a change of type rewrites the table: add a column beside it'
      : undefined,
  ({ text }) =>
    /\bset\s+not\s+null\b/i.test(text)
      ? '"set not null" reads the whole table under a lock: add "check (… is not null) not valid", validate it in a later file, then set it'
      : undefined,
  ({ text }) =>
    /\badd\s+(?:constraint\s+"?\w+"?\s+)?(?:check|foreign\s+key)\b/i.test(text) && !/\bnot\s+valid\b/i.test(text)
      ? 'a constraint without "not valid" reads the whole table under a lock'
      : undefined,
  ({ text }) =>
    /\badd\s+(?:constraint\s+"?\w+"?\s+)?(?:unique|primary\s+key|exclude)\b/i.test(text) &&
    !/\busing\s+index\b/i.test(text)
      ? 'a unique constraint builds its index under a lock: build it concurrently, then "add constraint … using index"'
      : undefined,
  ({ text, table, isHot }) =>
    isHot(table) &&
    /\bvalidate\s+constraint\b/i.test(text) === false &&
    /\badd\s+column\b[^,;]*\breferences\b/i.test(text)
      ? 'a column with a foreign key locks both tables: add the constraint apart, "not valid"'
      : undefined,
  ({ text }) => (/\bset\s+(?:tablespace|logged|unlogged)\b/i.test(text) ? 'this rewrites the table' : undefined),
];

/**
 * Returns a message for each statement of a migration that would rewrite a table in use or lock it for more than a
 * moment. Returns an empty list when the file may be released. The rules do not apply to tables that the file creates,
 * or to files up to 0020.
 */
export function migrationFindings({ version, sql }: Pick<MigrationFile, 'version' | 'sql'>): string[] {
  return version <= LAST_EXEMPT ? [] : lockFindings(sql, (table) => HOT.has(table));
}

/**
 * Applies the rules to a migration regardless of its number. `isHot` returns whether the indexes of a table must be
 * built concurrently.
 */
export function lockFindings(sql: string, isHot: (table: string) => boolean): string[] {
  const statements = splitStatements(sql);
  const created = new Set(
    statements.flatMap((text) => /^create\s+table\s+(?:if\s+not\s+exists\s+)?"?(\w+)"?/i.exec(text)?.[1] ?? []),
  );
  const alone = isNonTransactional(sql);
  return statements.flatMap((text) => {
    const found = [
      ...indexFindings(text, { created, alone, isHot }),
      ...alterFindings(text, created, isHot),
      ...otherFindings(text),
    ];
    return found.map((message) => `${excerpt(text)}: ${message}`);
  });
}

function indexFindings(
  text: string,
  { created, alone, isHot }: Pick<Statement, 'isHot'> & { created: ReadonlySet<string>; alone: boolean },
): string[] {
  const match = /^(create|drop)\s+(?:unique\s+)?index\s+(concurrently\b)?/i.exec(text);
  if (match === null) return [];
  const concurrently = match[2] !== undefined;
  if (concurrently && !alone) return ['"concurrently" needs the first line "-- fermata: no transaction"'];
  if (concurrently)
    return /\bif\s+(?:not\s+)?exists\b/i.test(text) ? [] : ['a statement that may be repeated needs "if (not) exists"'];
  const [, only, table = ''] = /\bon\s+(only\s+)?"?(\w+)"?/i.exec(text) ?? [];
  // `on only` builds no index yet. `buildPartitionIndexes` builds the indexes of the partitions later.
  if (only !== undefined && PARTITIONED.has(table)) return [];
  if (match[1]?.toLowerCase() === 'create' && isHot(table) && !created.has(table))
    return [`an index on ${table} blocks its writers while it is built: use "create index concurrently"`];
  return [];
}

function alterFindings(text: string, created: ReadonlySet<string>, isHot: Statement['isHot']): string[] {
  const table = /^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?"?(\w+)"?/i.exec(text)?.[1];
  if (table === undefined || created.has(table)) return [];
  return ALTER_RULES.flatMap((rule) => rule({ text, table, isHot }) ?? []);
}

function otherFindings(text: string): string[] {
  if (/^(?:vacuum\s+full|cluster|reindex(?!.*\bconcurrently\b))\b/i.test(text))
    return ['this locks the table while it is rewritten'];
  const update = /^update\s+"?(\w+)"?/i.exec(text)?.[1];
  if (update !== undefined && HOT.has(update)) return [`an update of all of ${update} locks its rows: fill in batches`];
  return [];
}

const excerpt = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 80);
