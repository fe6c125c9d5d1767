import type { Executor } from '../db/executor';
import { systemClock, type Clock } from '../domain/clock';
import { NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { createLogger, type Logger } from '../log';
import type { Egress } from '../edges/egress/egress';
import { createPluginLog, type PluginLog } from './plugin-log';
import { createPluginSecrets, type PluginSecrets } from './plugin-secrets';
import { createPluginServices, type PluginServices, type ServiceRef } from './plugin-services';
import type { SecretBackend } from './secret-backend';

/** The host objects that the factory of an external plugin receives. */
export interface PluginHost {
  /** The egress guard. Every call to an address that a user has configured must go through it. */
  egress: Egress;
  /** Writes to the process log and adds the plugin's id to each line. Silent in CLI commands. */
  log: PluginLog;
  /** Returns the current time of the database. In CLI commands, returns this machine's time. */
  clock: Clock;
  /**
   * The database, for listeners and services. Actions and routes that write use their `tx` instead. Unavailable in CLI
   * commands.
   */
  db: Executor;
  /** Stored secrets. Unavailable in CLI commands. */
  secrets: PluginSecrets;
  /**
   * Returns a service of another plugin, which must be listed in `requires`. Services are available once all plugins
   * have been created, so call this where the service is used.
   * @throws {Error} when the service is not available yet or not listed in `requires`
   */
  getService<S>(service: string | ServiceRef<S>): S;
}

/** The objects of a running process that plugins may use. */
export interface PluginRuntime {
  log: Logger;
  clock: Clock;
  db: Executor;
  backend: SecretBackend;
}

/** Creates the host objects of plugins. */
export interface PluginEnvironment {
  /** Masks the secrets that plugins have read. */
  mask: Mask;
  services: PluginServices;
  /**
   * Creates the host objects for a plugin. `plugin` is a function that returns the plugin's id, because the id is only
   * known once the plugin has been created.
   */
  hostOf(plugin: () => string): PluginHost;
}

/**
 * Creates the environment. Without a runtime, plugins can be created and described, but they cannot use the database or
 * read secrets.
 */
export function createPluginEnvironment(egress: Egress, runtime?: PluginRuntime): PluginEnvironment {
  const services = createPluginServices();
  const secrets = runtime && createPluginSecrets(runtime.backend);
  const mask = secrets?.mask ?? NO_MASK;
  const log = runtime?.log ?? createLogger({ level: 'silent', name: 'plugins', format: 'json' });
  return {
    ...{ mask, services },
    hostOf: (plugin) => ({
      egress,
      log: createPluginLog(log, plugin, mask),
      clock: runtime?.clock ?? systemClock,
      db: runtime?.db ?? absent<Executor>('the database', plugin),
      secrets: secrets ? { resolve: (name) => secrets.resolve(name) } : absent<PluginSecrets>('secrets', plugin),
      getService: <S>(service: string | ServiceRef<S>): S =>
        services.get(plugin(), typeof service === 'string' ? service : service.id) as S,
    }),
  };
}

/** Returns a placeholder for an object that is only available in processes that run plugins. Any use of it throws. */
function absent<T extends object>(what: string, plugin: () => string): T {
  return new Proxy({} as T, {
    get() {
      throw new Error(
        `The plugin "${plugin()}" uses ${what} while it is loaded. Only API and worker processes have it; use it when an action or route is called`,
      );
    },
  });
}
