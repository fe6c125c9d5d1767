import { appendChanges } from '../db/change-log';
import type { EntityStore } from '../db/entity-store';
import type { Executor } from '../db/executor';
import type { Notifier } from '../db/notifier';
import { assertStorable } from '../domain/entities/storable';
import type { Clock } from '../domain/clock';
import { FermataError } from '../domain/errors';
import type { Registry } from '../domain/registry/registry';
import type { OwnPlugin, RouteHost } from '../integrations/contract';
import type { Logger } from '../log';
import type { Route } from './http/route';

interface PluginHostDeps {
  db: Executor;
  entities: EntityStore;
  registry: Registry;
  notifier: Notifier;
  clock: Clock;
  log: Logger;
}

/** The routes of plugins, each plugin with a host of its own. */
export function pluginRoutes(plugins: readonly OwnPlugin[], deps: PluginHostDeps): Route[] {
  return plugins.flatMap((plugin) => (plugin.routes?.(hostOf(plugin, deps)) ?? []) as readonly Route[]);
}

function hostOf({ id }: OwnPlugin, { db, entities, registry, notifier, clock, log }: PluginHostDeps): RouteHost {
  return {
    ...{ db, entities, clock, log: log.child({ plugin: id }) },
    async emit({ tx, cause, afterCommit }, event, payload, order) {
      const trigger = event.startsWith(`${id}.`) ? registry.triggers().get(event) : undefined;
      // A mistake of the plugin's author, not of the caller.
      if (trigger === undefined) throw new Error(`"${event}" is not a trigger of the plugin "${id}"`);
      const parsed = trigger.payloadSchema.safeParse(payload);
      if (!parsed.success) {
        const errors = parsed.error.issues.map((issue) => ({
          ...{ path: issue.path.map(String).join('.'), message: issue.message, code: issue.code ?? 'invalid' },
        }));
        throw new FermataError('validation_failed', `The payload does not fit ${event}.`, { errors });
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
