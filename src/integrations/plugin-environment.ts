import type { Executor } from '../db/executor';
import { systemClock, type Clock } from '../domain/clock';
import { NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { createLogger, type Logger } from '../log';
import type { Egress } from '../edges/egress/egress';
import { createPluginLog, type PluginLog } from './plugin-log';
import { createPluginSecrets, type PluginSecrets } from './plugin-secrets';
import { createPluginServices, type PluginServices, type ServiceRef } from './plugin-services';
import type { SecretBackend } from './secret-backend';

/** Passed to the factory of an external plugin. */
export interface PluginHost {
  /** The egress guard: every call to an address from a user goes through it. */
  egress: Egress;
  /** Writes to the log of the process, with the plugin's id. Silent in commands. */
  log: PluginLog;
  /** Instants by the clock of the database. */
  clock: Clock;
  /** The database, for listeners and services; actions and routes that write use their `tx`. Unavailable in commands. */
  db: Executor;
  /** Stored secrets. Unavailable in commands. */
  secrets: PluginSecrets;
  /**
   * Returns a service of another plugin, which `requires` names. Available once all plugins are created: call it where
   * the service is used. @throws {Error} when it is not available yet, or not named in `requires`
   */
  getService<S>(service: string | ServiceRef<S>): S;
}

/** The services of a process for its plugins. */
export interface PluginRuntime {
  log: Logger;
  clock: Clock;
  db: Executor;
  backend: SecretBackend;
}

/** Creates the hosts of plugins. */
export interface PluginEnvironment {
  /** Masks the secrets that plugins have read. */
  mask: Mask;
  services: PluginServices;
  /** `plugin` returns the id, which is known only once the plugin is created. */
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

/** Returns a placeholder for objects that only processes with running plugins have; any use of it throws. */
function absent<T extends object>(what: string, plugin: () => string): T {
  return new Proxy({} as T, {
    get() {
      throw new Error(
        `The plugin "${plugin()}" uses ${what} while it is loaded. Only API and worker processes have it; use it when an action or route is called`,
      );
    },
  });
}
