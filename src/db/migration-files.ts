import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../domain/sha256';
import { projectRoot } from '../project-root';

/** A numbered migration file from `drizzle/` or from a plugin. */
export interface MigrationFile {
  version: number;
  /** File name without its number and extension. */
  name: string;
  sql: string;
  sha256: string;
}

/** Returns this program's migrations (`0001_name.sql`, `0002_…`) in order. Their numbers have no gaps. */
export function readMigrations(directory = join(projectRoot(), 'drizzle')): MigrationFile[] {
  return toMigrations(readSqlFiles(directory), 'drizzle/');
}

/** Returns the `.sql` files of a directory, ordered by name. */
export const readSqlFiles = (directory: string): SqlFile[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(directory, name), 'utf8') }));

/** A file and its name in its directory, e.g. `0001_calls.sql`. */
export interface SqlFile {
  name: string;
  sql: string;
}

/**
 * Converts files to numbered migrations. `place` precedes file names in error messages.
 * @throws {Error} for a name without a number, and for a gap in the numbers
 */
export function toMigrations(files: readonly SqlFile[], place: string): MigrationFile[] {
  return files.map(({ name: file, sql }, index) => {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
    if (match === null) throw new Error(`${place}${file} must have a name such as 0001_what_it_does.sql`);
    const version = Number(match[1]);
    if (version !== index + 1) throw new Error(`${place}${file} should have number ${index + 1}: numbers have no gaps`);
    return { version, name: match[2] ?? '', sql, sha256: sha256(sql) };
  });
}

/** Returns the name of a migration for messages, e.g. `0001_spine`. */
export const migrationLabel = (file: Pick<MigrationFile, 'version' | 'name'>): string =>
  `${String(file.version).padStart(4, '0')}_${file.name}`;
