import { appendChanges } from '../db/change-log';
import type { EntityStore, EntityUpdate } from '../db/entity-store';
import type { Executor } from '../db/executor';
import type { Notifier } from '../db/notifier';
import { assertStorable } from '../domain/entities/storable';
import type { Clock } from '../domain/clock';
import { FermataError } from '../domain/errors';
import { explain, findingsOf } from '../domain/validation/explain';
import type { Registry } from '../domain/registry/registry';
import type { OwnPlugin, RouteHost } from '../integrations/contract';
import { runGuarded } from '../integrations/guard-plugin';
import type { RunningPlugins } from '../integrations/load-plugins';
import { createPluginLog } from '../integrations/plugin-log';
import type { Mask } from '../domain/secrets/mask-values';
import type { Logger } from '../log';
import type { Reply, Route } from './http/route';

interface PluginHostDeps {
  db: Executor;
  entities: EntityStore;
  registry: Registry;
  notifier: Notifier;
  clock: Clock;
  log: Logger;
}

/**
 * Returns the routes that plugins provide. Each plugin has its own host. Secrets that plugins have read are masked in
 * their responses.
 */
export function pluginRoutes({ plugins, mask }: RunningPlugins, deps: PluginHostDeps): Route[] {
  return plugins.flatMap((plugin) => {
    const routes = (plugin.routes?.(hostOf(plugin, deps, mask)) ?? []) as readonly Route[];
    return routes.map((route) => guardRoute(route, mask));
  });
}

const guardRoute = (route: Route, mask: Mask): Route => ({
  ...route,
  async run(context, response) {
    const reply = await runGuarded(mask, () => route.run(context, response));
    return reply && { ...reply, ...maskParts(reply, mask) };
  },
});

/**
 * Returns the parts of a reply, masked. A binary body remains unchanged, because only the plugin can interpret its
 * format.
 */
const maskParts = ({ body, headers }: Reply, mask: Mask): Partial<Reply> => ({
  ...(body !== undefined && !(body instanceof Uint8Array) && { body: mask(body, 'data') }),
  ...(headers && { headers: mask(headers) }),
});

/** Returns an entity store that masks states before it writes them. */
function maskedStore(store: EntityStore, mask: Mask): EntityStore {
  const masked = (update: EntityUpdate): EntityUpdate =>
    typeof update === 'function' ? (prev) => mask(update(prev), 'data') : mask(update, 'data');
  return {
    ...store,
    mutate: (tx, ref, update, cause, options) => store.mutate(tx, ref, masked(update), cause, options),
    mutateMany(tx, kind, writes, cause) {
      const each = writes.map(({ update, ...write }) => ({ ...write, update: masked(update) }));
      return store.mutateMany(tx, kind, each, cause);
    },
  };
}

function hostOf(
  { id }: OwnPlugin,
  { db, entities, registry, notifier, clock, log }: PluginHostDeps,
  mask: Mask,
): RouteHost {
  return {
    ...{ db, clock, entities: maskedStore(entities, mask), log: createPluginLog(log, () => id, mask) },
    async emit({ tx, cause, afterCommit }, event, payload, order) {
      const trigger = event.startsWith(`${id}.`) ? registry.triggers().get(event) : undefined;
      // A mistake of the plugin's author, not of the caller.
      if (trigger === undefined) throw new Error(`"${event}" is not a trigger of the plugin "${id}".`);
      const parsed = explain(trigger.payloadSchema, mask(payload, 'data'));
      if (!parsed.success) {
        const errors = findingsOf(parsed.problems);
        throw new FermataError('validation_failed', `The payload does not match the schema of ${event}.`, { errors });
      }
      const checked = parsed.data as Record<string, unknown>;
      assertStorable(checked);
      const contextKey = trigger.contextKey?.(checked, {}) ?? null;
      const row = { kind: 'event', id: contextKey ?? order ?? id, occurredAt: clock.now(), cause, contextKey };
      const [change] = await appendChanges(tx, [{ ...row, event, payload: checked }]);
      if (change === undefined) throw new Error('appendChanges returned no change');
      afterCommit(() => notifier.changes());
      return change.changeId;
    },
  };
}
