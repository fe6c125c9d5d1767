import { createEgress } from '../edges/egress/egress';
import { loadConfig, type Config } from '../config';
import type { FilterRegistry } from '../domain/expressions/filter-registry';
import { createPluginFilters } from '../domain/registry/plugin-filters';
import { createRegistry, type Registry } from '../domain/registry/registry';
import type { Action } from '../integrations/contract';
import { loadPlugins } from '../integrations/load-plugins';
import { pluginMigrations } from '../integrations/plugin-migrations';
import type { PluginMigrations } from '../db/plugin-migrations';
import { createPlugins } from '../integrations/plugins';

/** Triggers, actions and filters, for commands that do not need a running service. */
export interface KnownKinds {
  registry: Registry<Action>;
  filters: FilterRegistry;
}

/** Loads the migrations of the configured plugins, for a command that does not run plugins. */
export async function loadPluginMigrations(
  config: Pick<Config, 'plugins'> = loadConfig(process.env),
): Promise<PluginMigrations[]> {
  const egress = createEgress({ allow: [] });
  try {
    return pluginMigrations(await loadPlugins(config.plugins, { egress }));
  } finally {
    await egress.close();
  }
}

/** Loads the triggers, actions and filters of this package and of the plugins configured in the environment. */
export async function loadKnown(): Promise<KnownKinds> {
  const egress = createEgress({ allow: [] });
  const own = await loadPlugins(loadConfig(process.env).plugins, { egress });
  const plugins = createPlugins({ egress, own });
  return {
    registry: createRegistry<Action>(plugins),
    filters: createPluginFilters(plugins, () => undefined),
  };
}
