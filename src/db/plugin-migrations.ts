import type pg from 'pg';
import { applyMigration, type MigrateOptions } from './apply-migration';
import { messageOf } from '../domain/errors';
import { migrationLabel, type MigrationFile } from './migration-files';
import { pluginMigrationFindings } from './plugin-migration-rules';
import { SchemaError } from './schema-version';

/** The numbered SQL files of one plugin, as returned by `pluginMigrations`. */
export interface PluginMigrations {
  plugin: string;
  /** Schema of the plugin's tables. */
  schema: string;
  files: readonly MigrationFile[];
}

/** A row of `plugin_migrations`. */
interface Applied {
  plugin: string;
  version: number;
  name: string;
  sha256: string;
}

const TABLE = `create table if not exists plugin_migrations (
  plugin text not null,
  version integer not null,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  primary key (plugin, version)
)`;

/**
 * Applies the missing files of plugins. The search path of a plugin's files is the plugin's own schema. Applies nothing
 * when a file of any plugin is refused. The caller holds the migration lock.
 * @throws {SchemaError} when a file that was applied has been edited, when a new file has a lower number than an
 * applied file, or when a file breaks the rules or fails
 */
export async function migratePlugins(
  client: pg.PoolClient,
  plugins: readonly PluginMigrations[],
  options: MigrateOptions,
): Promise<(MigrationFile & { plugin: string })[]> {
  const withFiles = plugins.filter(({ files }) => files.length > 0);
  if (withFiles.length === 0) return [];
  await client.query(TABLE);
  const { rows } = await client.query<Applied>(
    `select plugin, version, name, sha256 from plugin_migrations order by version`,
  );
  // All files of all plugins are checked before the first one is applied, so that a refused file leaves the database
  // unchanged.
  const missing = withFiles.map((plugin) => {
    const applied = rows.filter((row) => row.plugin === plugin.plugin);
    warnOfNewer(plugin, applied, options);
    return { plugin, files: missingFiles(plugin, applied) };
  });
  const done: (MigrationFile & { plugin: string })[] = [];
  for (const { plugin, files } of missing) {
    if (files.length > 0) await createSchema(client, plugin);
    for (const file of files) {
      // Each file commits together with its row in `plugin_migrations`. After a crash, the next call begins with the
      // file that was not committed.
      await applyMigration(client, file, options, placeOf(plugin, file));
      options.log.info(`applied migration ${migrationLabel(file)} of the plugin "${plugin.plugin}"`);
      done.push({ ...file, plugin: plugin.plugin });
    }
  }
  return done;
}

const placeOf = ({ plugin, schema }: PluginMigrations, file: MigrationFile) => ({
  label: labelOf(plugin, file),
  schema,
  record: (client: pg.PoolClient) =>
    client.query('insert into plugin_migrations (plugin, version, name, sha256) values ($1, $2, $3, $4)', [
      ...[plugin, file.version, file.name, file.sha256],
    ]),
});

const labelOf = (plugin: string, file: Pick<MigrationFile, 'version' | 'name'>): string =>
  `Migration ${migrationLabel(file)} of the plugin "${plugin}"`;

/**
 * Returns the files to apply.
 * @throws {SchemaError} when one of the plugin's files is refused, whether or not it was applied before
 */
function missingFiles({ plugin, schema, files }: PluginMigrations, applied: readonly Applied[]): MigrationFile[] {
  const done = new Map(applied.map((row) => [row.version, row]));
  const newest = applied.at(-1);
  return files.filter((file) => {
    const row = done.get(file.version);
    const label = labelOf(plugin, file);
    if (row !== undefined) {
      if (row.sha256 === file.sha256) return false;
      throw new SchemaError(
        `${label} was changed after it had been applied to this database (as "${migrationLabel(row)}"). ` +
          'Restore the file and write a new migration instead.',
      );
    }
    if (newest !== undefined && file.version < newest.version) {
      throw new SchemaError(
        `${label} is out of order: ${migrationLabel(newest)} was already applied to this database. ` +
          `Give it the number ${newest.version + 1} or a higher one.`,
      );
    }
    const [finding] = pluginMigrationFindings(file.sql, schema);
    if (finding !== undefined) throw new SchemaError(`${label} is refused: ${finding}`);
    return true;
  });
}

/**
 * Logs a warning when a newer release of the plugin has migrated this database. This release then leaves the plugin's
 * tables unchanged.
 */
function warnOfNewer({ plugin, files }: PluginMigrations, applied: readonly Applied[], { log }: MigrateOptions): void {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest <= files.length) return;
  log.warn(
    `the tables of the plugin "${plugin}" are at version ${newest}, newer than its ${files.length} migrations; they are left unchanged`,
  );
}

/**
 * Creates the schema of a plugin.
 * @throws {SchemaError} when the database user may not create schemas
 */
async function createSchema(client: pg.PoolClient, { plugin, schema }: PluginMigrations): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema]);
  if (rowCount !== 0) return;
  try {
    await client.query(`create schema "${schema}"`);
  } catch (error) {
    throw new SchemaError(
      `The schema "${schema}" of the plugin "${plugin}" could not be created: ${messageOf(error)}. ` +
        'Grant CREATE on the database, or create the schema with the user of Fermata as its owner.',
      { cause: error },
    );
  }
}

/**
 * Checks the schema of each plugin. Newer tables are accepted, since two releases may run side by side.
 * @throws {SchemaError} when the tables of a plugin are older than its migrations
 */
export async function assertPluginSchemas(
  { pool }: { pool: pg.Pool },
  plugins: readonly PluginMigrations[],
): Promise<void> {
  const withFiles = plugins.filter(({ files }) => files.length > 0);
  if (withFiles.length === 0) return;
  const versions = await appliedVersions(pool);
  for (const { plugin, files } of withFiles) {
    const found = versions.get(plugin) ?? 0;
    if (found >= files.length) continue;
    throw new SchemaError(
      `The plugin "${plugin}" needs its tables at version ${files.length}; this database has version ${found}. ` +
        'Run "fermata migrate" with the same FERMATA_PLUGINS first.',
    );
  }
}

/**
 * Returns the version of each plugin's tables. Empty before the first `fermata migrate`, which creates the table that
 * stores these versions.
 */
async function appliedVersions(pool: pg.Pool): Promise<Map<string, number>> {
  const known = await pool.query<{ known: boolean }>(`select to_regclass('plugin_migrations') is not null as known`);
  if (known.rows[0]?.known !== true) return new Map();
  const { rows } = await pool.query<{ plugin: string; version: number }>(
    'select plugin, max(version)::int as version from plugin_migrations group by plugin',
  );
  return new Map(rows.map(({ plugin, version }) => [plugin, version]));
}
