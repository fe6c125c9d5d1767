import type { Executor } from '../db/executor';
import { systemClock, type Clock } from '../domain/clock';
import { NO_MASK, type Mask } from '../domain/secrets/mask-values';
import { createLogger, type Logger } from '../log';
import type { Egress } from '../edges/egress/egress';
import { createPluginLog, type PluginLog } from './plugin-log';
import { createPluginSecrets, type PluginSecrets } from './plugin-secrets';
import { createPluginServices, type PluginServices, type ServiceRef } from './plugin-services';
import type { SecretBackend } from './secret-backend';

/** What the factory of a user's plugin receives. */
export interface PluginHost {
  /** The guarded way out: every call to an address that a user gave goes through it. */
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
   * A service of another plugin, which `requires` names. Available once all plugins are made: call it where the service is used.
   * @throws {Error} when it is not available yet, or not named in `requires`
   */
  getService<S>(service: string | ServiceRef<S>): S;
}

/** What plugins work with in a process that runs them. */
export interface PluginRuntime {
  log: Logger;
  clock: Clock;
  db: Executor;
  backend: SecretBackend;
}

/** Makes the hosts of plugins. */
export interface PluginEnvironment {
  /** Hides what plugins have read of secrets. */
  mask: Mask;
  services: PluginServices;
  /** `plugin` gives the id, which is known only once the plugin is made. */
  hostOf(plugin: () => string): PluginHost;
}

/** Without a runtime, plugins can be made and described, but neither reach the database nor read secrets. */
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

/** Stands for what only processes have that run plugins; any use of it throws. */
function absent<T extends object>(what: string, plugin: () => string): T {
  return new Proxy({} as T, {
    get() {
      throw new Error(
        `The plugin "${plugin()}" uses ${what} while it is made, which only an API or worker process has`,
      );
    },
  });
}
