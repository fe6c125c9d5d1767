import type { Config } from '../config';
import { createDatabase } from '../db/client';
import { upgradeDefinitions } from '../db/upgrade-definitions';
import { systemClock, uuidV7 } from '../domain/clock';
import { validateDefinition } from '../domain/definition/validate';
import { createPluginFilters } from '../domain/registry/plugin-filters';
import { createRegistry } from '../domain/registry/registry';
import type { Logger } from '../log';
import { createEgress } from '../edges/egress/egress';
import { loadPlugins } from '../integrations/load-plugins';
import { createPlugins } from '../integrations/plugins';

/** Upgrades the stored definitions of automations, and logs the automations that could not be upgraded. */
export async function upgradeStored(config: Config, databaseUrl: string, log: Logger): Promise<void> {
  const egress = createEgress({ allow: [] });
  const plugins = createPlugins({ egress, own: await loadPlugins(config.plugins, { egress }) });
  const known = { registry: createRegistry(plugins), filters: createPluginFilters(plugins, () => undefined) };
  const database = createDatabase(databaseUrl, { max: 2, applicationName: 'fermata migrate' });
  try {
    const { upgraded, failed } = await upgradeDefinitions({
      ...{ database, clock: systemClock, ids: uuidV7 },
      validate: (document) => validateDefinition(document, known),
    });
    if (upgraded.length > 0) log.info(`upgraded ${upgraded.length} automations`);
    if (failed.length > 0) {
      log.warn(
        `${failed.length} automations could not be upgraded and are disabled: GET /api/v1/migration-failures lists the reasons`,
      );
    }
  } finally {
    await database.close();
    await egress.close();
  }
}
