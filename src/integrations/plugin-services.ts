import { messageOf } from '../domain/errors';

/** A reference to a service, with its type. Created by `serviceRef`. */
export interface ServiceRef<S> {
  /** `<plugin>.<name>` */
  readonly id: string;
  /** Carries the type of the service. Has no value at run time. */
  readonly type?: S;
}

/** Returns a typed reference to the service `<plugin>.<name>`, for `requires` and `getService`. */
export const serviceRef = <S>(id: string): ServiceRef<S> => ({ id });

/** The fields of `OwnPlugin` that services need. */
interface Providers {
  id: string;
  provides?: Readonly<Record<string, unknown>> | undefined;
  requires?: readonly (string | ServiceRef<unknown>)[] | undefined;
}

/** Services that plugins provide to each other. */
export interface PluginServices {
  /**
   * Creates all services in dependency order.
   * @throws {Error} naming a missing service, a cycle, or a service that could not be created
   */
  start(plugins: readonly Providers[]): Promise<void>;
  /**
   * Returns a service.
   * @throws {Error} before the services have been started, and when the plugin does not list the service in `requires`
   */
  get(plugin: string, service: string): unknown;
}

export function createPluginServices(): PluginServices {
  const made = new Map<string, unknown>();
  const required = new Map<string, ReadonlySet<string>>();
  return {
    async start(plugins) {
      for (const plugin of orderByServices(plugins)) {
        required.set(plugin.id, new Set(requiredBy(plugin)));
        for (const [name, make] of Object.entries(plugin.provides ?? {})) {
          made.set(`${plugin.id}.${name}`, await makeService(`${plugin.id}.${name}`, make));
        }
      }
    },
    get(plugin, service) {
      if (required.get(plugin)?.has(service) === false) {
        throw new Error(`The plugin "${plugin}" uses the service "${service}", which is not in its "requires"`);
      }
      if (made.has(service)) return made.get(service);
      throw new Error(
        `The plugin "${plugin}" uses the service "${service}" before services are available: ` +
          'call getService where the service is used, in a process that runs the plugin',
      );
    },
  };
}

const requiredBy = ({ requires = [] }: Providers): string[] =>
  requires.map((service) => (typeof service === 'string' ? service : service.id));

async function makeService(id: string, make: unknown): Promise<unknown> {
  if (typeof make !== 'function') throw new Error(`The service "${id}" must be a function that creates it`);
  let service: unknown;
  try {
    service = await (make as () => unknown)();
  } catch (error) {
    throw new Error(`The service "${id}" could not be created: ${messageOf(error)}`, { cause: error });
  }
  if (service === undefined || service === null)
    throw new Error(`The service "${id}" could not be created: its function returned ${service}`);
  return service;
}

/**
 * Returns plugins in dependency order: each follows the plugins whose services it requires.
 * @throws {Error} naming the missing service or the cycle
 */
export function orderByServices<P extends Providers>(plugins: readonly P[]): P[] {
  const providers = new Map<string, P>(
    plugins.flatMap((plugin) =>
      Object.keys(plugin.provides ?? {}).map((name) => [`${plugin.id}.${name}`, plugin] as const),
    ),
  );
  for (const plugin of plugins) {
    const missing = requiredBy(plugin).find((service) => !providers.has(service));
    if (missing === undefined) continue;
    const there = [...providers.keys()].map((id) => `"${id}"`).join(', ');
    throw new Error(
      `The plugin "${plugin.id}" requires the service "${missing}", which no plugin provides. ` +
        (there === ''
          ? 'No plugin of FERMATA_PLUGINS provides any.'
          : `Provided by those of FERMATA_PLUGINS: ${there}.`),
    );
  }
  const ordered = new Set<P>();
  const visit = (plugin: P, path: readonly { plugin: P; service: string }[]): void => {
    if (ordered.has(plugin)) return;
    const begin = path.findIndex((step) => step.plugin === plugin);
    if (begin >= 0) throw circle(path.slice(begin).map((step) => `"${step.plugin.id}" requires "${step.service}"`));
    for (const service of requiredBy(plugin)) {
      const provider = providers.get(service);
      if (provider !== undefined) visit(provider, [...path, { plugin, service }]);
    }
    ordered.add(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return [...ordered];
}

const circle = (steps: readonly string[]): Error =>
  new Error(`Plugins require services of each other in a cycle: ${steps.join(', ')}`);
