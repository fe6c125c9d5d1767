import type { Command } from 'commander';
import { loadConfig, requireDatabaseUrl, type Config } from '../config';
import { migrate } from '../db/migrate';
import { messageOf } from '../domain/errors';
import { createLogger, type Logger } from '../log';
import { lazyClient } from '../temporal/connect';
import { deadlineIn } from '../temporal/deadline';
import { loadPluginMigrations } from './known';
import { upgradeStored } from './upgrade-stored';
import { registerSearchAttributes } from '../temporal/search-attributes';

const TEMPORAL_TIMEOUT_MS = 5_000;

/** Configures `fermata migrate`. */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Applies missing migrations, including those of the plugins in FERMATA_PLUGINS. Upgrades stored automations of older releases.
Registers the search attributes in Temporal. A lock makes concurrent calls safe. Run it before you start the new release of
api and worker.

Examples:
  DATABASE_URL=postgres://fermata:secret@db/fermata fermata migrate
`,
    )
    .action(async () => {
      const config = loadConfig(process.env, ['DATABASE_URL']);
      const log = createLogger({ level: config.logLevel, name: 'migrate', format: config.logFormat });
      const databaseUrl = requireDatabaseUrl(config);
      const plugins = await loadPluginMigrations(config);
      const { applied, version } = await migrate(databaseUrl, { log, plugins });
      log.info(
        applied.length > 0 ? `the schema is at version ${version} now` : `nothing to do: schema version ${version}`,
      );
      await upgradeStored(config, databaseUrl, log);
      await registerInTemporal(config, log);
    });
}

/**
 * Registers search attributes in Temporal. A failure is only logged, because Temporal may start later. Registers
 * nothing if `FERMATA_SEARCH_ATTRIBUTES` is `registered`. Temporal Cloud needs this setting, because only its own tools
 * can register search attributes there. Without search attributes, everything works except filtering by them in the Web
 * UI.
 */
async function registerInTemporal(config: Config, log: Logger): Promise<void> {
  const { address, namespace, searchAttributes } = config.temporal;
  if (searchAttributes === 'registered') return;
  const { connection } = lazyClient({ address, namespace });
  try {
    const added = await connection.withDeadline(deadlineIn(TEMPORAL_TIMEOUT_MS), () =>
      registerSearchAttributes(connection, namespace),
    );
    if (added.length > 0) log.info(`registered search attributes: ${added.join(', ')}`);
  } catch (error) {
    log.warn(`failed to register search attributes in Temporal's namespace "${namespace}": ${messageOf(error)}`);
  } finally {
    await connection.close();
  }
}
