import { z } from 'zod';
import type { Executor } from '../../db/executor';
import { workersOfPlugins } from '../../db/workers-of-plugins';
import type { Plugin } from '../../integrations/contract';
import { pageOf } from '../http/pagination';
import { json, readRoute, type Route } from '../http/route';

const Names = z.array(z.string());

const PluginAnswer = z
  .object({
    id: z.string(),
    external: z.boolean().nullable().describe('Whether FERMATA_PLUGINS names it; null when the API does not have it'),
    triggers: Names,
    actions: Names,
    entityKinds: Names,
    filters: Names,
    connectionTypes: Names,
    workers: z.int().describe('Number of live workers that have it'),
    workersWithout: z.int().describe('Number of live workers that lack it'),
  })
  .meta({ id: 'Plugin' });

interface PluginsDeps {
  db: Executor;
  plugins: readonly Plugin[];
  /** Ids of the external plugins. */
  externalPlugins: ReadonlySet<string>;
}

/** Returns the route that lists plugins. */
export function pluginListRoutes({ db, plugins, externalPlugins }: PluginsDeps): Route[] {
  return [
    readRoute({
      method: 'get',
      path: '/plugins',
      permission: 'automation.read',
      operationId: 'plugins.list',
      tag: 'Registry',
      summary: 'List the plugins of the API and of live workers, and what they provide',
      responses: { 200: { description: 'The complete list', schema: pageOf(PluginAnswer) } },
      async handler() {
        const { workers, having } = await workersOfPlugins(db);
        const ofWorkers = (id: string) => {
          const count = having.get(id) ?? 0;
          return { workers: count, workersWithout: workers - count };
        };
        const own = plugins.map((plugin) => ({
          ...{ id: plugin.id, external: externalPlugins.has(plugin.id) },
          ...namesOf(plugin),
          ...ofWorkers(plugin.id),
        }));
        const known = new Set(plugins.map(({ id }) => id));
        const others = [...having.keys()]
          .filter((id) => !known.has(id))
          .map((id) => ({ ...{ id, external: null }, ...namesOf({ id }), ...ofWorkers(id) }));
        const items = [...own, ...others].sort((a, b) => (a.id < b.id ? -1 : 1));
        return json(200, { items, nextCursor: null });
      },
    }),
  ];
}

function namesOf({ id, triggers = [], actions = [], entityKinds = [], filters = {}, connectionTypes = [] }: Plugin) {
  return {
    triggers: triggers.map((trigger) => `${id}.${trigger.id}`),
    actions: actions.map((action) => `${id}.${action.id}`),
    entityKinds: entityKinds.map(({ kind }) => kind),
    filters: Object.keys(filters),
    connectionTypes: connectionTypes.map((type) => type.id),
  };
}
