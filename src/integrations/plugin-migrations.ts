import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSqlFiles, toMigrations, type SqlFile } from '../db/migration-files';
import type { PluginMigrations } from '../db/plugin-migrations';
import { messageOf } from '../domain/errors';
import type { OwnPlugin } from './contract';

/** Ids that can be part of a schema name. Postgres truncates longer names to 63 bytes. */
const ID = /^[a-z][a-z0-9_-]{0,55}$/;

/** Returns the schema of a plugin's tables: `plugin_` and the id, with `-` replaced by `_`. */
export const schemaOf = (id: string): string => `plugin_${id.replaceAll('-', '_')}`;

/**
 * Reads the migrations of plugins.
 * @throws {Error} that names the plugin, when its id cannot be part of a schema name, its schema is that of another
 * plugin, or its files are missing, not numbered, or have gaps
 */
export function pluginMigrations(plugins: readonly OwnPlugin[]): PluginMigrations[] {
  const owners = new Map<string, string>();
  return plugins.flatMap(({ id, migrations }) => {
    if (migrations === undefined) return [];
    const schema = schemaOf(id);
    const owner = owners.get(schema);
    if (owner !== undefined) throw new Error(`The plugins "${owner}" and "${id}" have the same schema, ${schema}`);
    owners.set(schema, id);
    try {
      if (!ID.test(id)) {
        throw new Error(
          'the id of a plugin with tables must have at most 56 characters of a-z, 0-9, "-" and "_", and begin with a letter',
        );
      }
      return [{ plugin: id, schema, files: toMigrations(filesOf(migrations), 'migrations/') }];
    } catch (error) {
      throw new Error(`The migrations of the plugin "${id}" cannot be used: ${messageOf(error)}`, { cause: error });
    }
  });
}

function filesOf(migrations: NonNullable<OwnPlugin['migrations']>): SqlFile[] {
  if (typeof migrations !== 'string' && !(migrations instanceof URL)) {
    const files = migrations.map(({ name, sql }) => ({ name: name.endsWith('.sql') ? name : `${name}.sql`, sql }));
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const isUrl = migrations instanceof URL || migrations.startsWith('file:');
  const directory = isUrl ? fileURLToPath(migrations) : migrations;
  if (!isAbsolute(directory)) {
    throw new Error(`"${directory}" is not absolute; write new URL('./migrations/', import.meta.url)`);
  }
  if (!statSync(directory).isDirectory()) throw new Error(`${directory} is not a directory`);
  return readSqlFiles(directory);
}
