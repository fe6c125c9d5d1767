import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../project-root';

/** One numbered file of `drizzle/`. */
export interface MigrationFile {
  version: number;
  /** File name without number and ending. */
  name: string;
  sql: string;
  sha256: string;
}

/** The migrations this program knows, in order: `0001_name.sql`, `0002_…`, without a gap. */
export function readMigrations(directory = join(projectRoot(), 'drizzle')): MigrationFile[] {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  return files.map((file, index) => {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
    if (match === null) throw new Error(`drizzle/${file} is not named like 0001_what_it_does.sql`);
    const version = Number(match[1]);
    if (version !== index + 1) throw new Error(`drizzle/${file} should have number ${index + 1}: numbers have no gaps`);
    const sql = readFileSync(join(directory, file), 'utf8');
    return { version, name: match[2] ?? '', sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

/** How messages name a migration, e.g. `0001_spine`. */
export const migrationLabel = (file: MigrationFile): string => `${String(file.version).padStart(4, '0')}_${file.name}`;
