import { existsSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database } from '../db/client';
import { assertPluginSchemas } from '../db/plugin-migrations';
import { messageOf } from '../domain/errors';
import type { Mask } from '../domain/secrets/mask-values';
import { checkPlugin } from './check-plugin';
import type { OwnPlugin } from './contract';
import type { Egress } from '../edges/egress/egress';
import { guardPlugin } from './guard-plugin';
import {
  createPluginEnvironment,
  type PluginEnvironment,
  type PluginHost,
  type PluginRuntime,
} from './plugin-environment';
import { pluginMigrations } from './plugin-migrations';
import { orderByServices } from './plugin-services';

/** The default export of a plugin module. */
export type PluginModule = OwnPlugin | ((host: PluginHost) => OwnPlugin | Promise<OwnPlugin>);

/** Loads plugins without starting them. Used by CLI commands and by threads that validate documents. */
export async function loadPlugins(
  modules: readonly string[],
  { egress }: { egress: Egress },
  directory?: string,
): Promise<OwnPlugin[]> {
  const made = await makePlugins(modules, createPluginEnvironment(egress), directory);
  orderByServices(made);
  return made;
}

/** The plugins of a process that runs them. */
export interface RunningPlugins {
  plugins: OwnPlugin[];
  /** Masks the secrets that plugins have read. */
  mask: Mask;
}

/**
 * Loads plugins, checks that their tables are migrated, and creates their services.
 * @throws {Error} naming the module that cannot be loaded or is not a plugin, or the service that is missing, is part
 * of a cycle, or failed to start
 * @throws {SchemaError} when a plugin's tables are behind its migrations
 */
export async function startPlugins(
  modules: readonly string[],
  egress: Egress,
  { database, ...runtime }: Omit<PluginRuntime, 'db'> & { database: Database },
): Promise<RunningPlugins> {
  const environment = createPluginEnvironment(egress, { ...runtime, db: database.db });
  const made = await makePlugins(modules, environment);
  await assertPluginSchemas(database, pluginMigrations(made));
  await environment.services.start(made);
  return { plugins: made.map((plugin) => guardPlugin(plugin, environment.mask)), mask: environment.mask };
}

/**
 * Loads plugins by module name. A name is a package or a path relative to `directory`.
 * @throws {Error} naming the module that cannot be loaded or is not a plugin
 */
async function makePlugins(
  modules: readonly string[],
  environment: PluginEnvironment,
  directory = process.cwd(),
): Promise<OwnPlugin[]> {
  if (modules.length > 0) resolveContract();
  const plugins: OwnPlugin[] = [];
  for (const name of modules) {
    try {
      const loaded = (await import(urlOf(name, directory))) as { default?: PluginModule };
      let id = name;
      const host = environment.hostOf(() => id);
      const made = typeof loaded.default === 'function' ? await loaded.default(host) : loaded.default;
      checkPlugin(made);
      id = made.id;
      plugins.push(made);
    } catch (error) {
      throw new Error(`The plugin "${name}" (FERMATA_PLUGINS) could not be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  return plugins;
}

/**
 * Source code of a module loader that resolves `fermata/plugin` to the contract of this process, wherever the plugin is
 * installed.
 */
const LOADER = `
let contract;
export function initialize(url) { contract = url; }
export function resolve(specifier, context, next) {
  return specifier === 'fermata/plugin' ? { url: contract, format: 'commonjs', shortCircuit: true } : next(specifier, context);
}`;
let resolves = false;

/**
 * Makes `fermata/plugin` importable for plugins that do not have the package installed. They must not load a second
 * copy of the contract, because this process would not recognise its errors and schemas. Applies to `import` only;
 * `require` needs an installed package.
 */
function resolveContract(): void {
  const contract = join(__dirname, '..', 'plugin.js');
  // The built contract does not exist in tests, which run from the sources.
  if (resolves || !existsSync(contract)) return;
  resolves = true;
  register(`data:text/javascript,${encodeURIComponent(LOADER)}`, { data: pathToFileURL(contract).href });
}

function urlOf(name: string, directory: string): string {
  const isPath = /^(\.{0,2}\/|[A-Za-z]:[\\/])/.test(name);
  const file = isPath ? resolve(directory, name) : createRequire(join(directory, 'index.js')).resolve(name);
  return pathToFileURL(file).href;
}
