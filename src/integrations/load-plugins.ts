import { existsSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../domain/errors';
import type { OwnPlugin } from './contract';
import type { Egress } from '../edges/egress/egress';

/** What a plugin of a user's own is given when it is made. */
export interface PluginHost {
  /** The guarded way out: every call to an address that a user gave goes through it. */
  egress: Egress;
}

/** What such a module exports as its default. */
export type PluginModule = OwnPlugin | ((host: PluginHost) => OwnPlugin | Promise<OwnPlugin>);

/**
 * Loads plugins by the names of their modules: packages, or paths from `directory`.
 * @throws {Error} naming the module that cannot be loaded or is no plugin
 */
export async function loadPlugins(
  modules: readonly string[],
  host: PluginHost,
  directory = process.cwd(),
): Promise<OwnPlugin[]> {
  if (modules.length > 0) resolveContract();
  const plugins: OwnPlugin[] = [];
  for (const name of modules) {
    try {
      const loaded = (await import(urlOf(name, directory))) as { default?: PluginModule };
      const made = typeof loaded.default === 'function' ? await loaded.default(host) : loaded.default;
      if (typeof made?.id !== 'string') throw new Error('its default export is no plugin');
      plugins.push(made);
    } catch (error) {
      throw new Error(`The plugin "${name}" (FERMATA_PLUGINS) could not be loaded: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  return plugins;
}

/** Source of a module loader: `fermata/plugin` is the contract of this very process, wherever a plugin lies. */
const LOADER = `
let contract;
export function initialize(url) { contract = url; }
export function resolve(specifier, context, next) {
  return specifier === 'fermata/plugin' ? { url: contract, format: 'commonjs', shortCircuit: true } : next(specifier, context);
}`;
let resolves = false;

/**
 * Lets plugins import `fermata/plugin` without an installed package beside them. A second copy of the contract would have
 * errors and schemas that this process does not recognise. For `import`; `require` finds it where a package is installed.
 */
function resolveContract(): void {
  const contract = join(__dirname, '..', 'plugin.js');
  // Absent where the sources run without a build, in tests.
  if (resolves || !existsSync(contract)) return;
  resolves = true;
  register(`data:text/javascript,${encodeURIComponent(LOADER)}`, { data: pathToFileURL(contract).href });
}

function urlOf(name: string, directory: string): string {
  const isPath = /^(\.{0,2}\/|[A-Za-z]:[\\/])/.test(name);
  const file = isPath ? resolve(directory, name) : createRequire(join(directory, 'index.js')).resolve(name);
  return pathToFileURL(file).href;
}
