import type { EntityKind } from '../domain/entities/entity-kind';
import type { Mask } from '../domain/secrets/mask-values';
import { withBoundSecrets } from '../edges/egress/bound-secrets';
import type { AnyConnectionType } from './connections/connection-type';
import type { OwnPlugin } from './contract';
import { maskError } from './mask-error';

/**
 * Runs plugin code. Secrets that it reads can be sent only to the hosts they are bound to, and are masked in the errors
 * it throws.
 */
export async function runGuarded<T>(mask: Mask, work: () => Promise<T> | T): Promise<T> {
  try {
    return await withBoundSecrets([], async () => work());
  } catch (error) {
    throw maskError(mask, error);
  }
}

/**
 * Returns a plugin whose listeners, entity kinds and connection types run guarded. Actions (including notifications)
 * are already guarded when a step runs, and routes when the API calls them.
 */
export function guardPlugin(plugin: OwnPlugin, mask: Mask): OwnPlugin {
  return {
    ...plugin,
    ...(plugin.listeners && {
      listeners: plugin.listeners.map(({ handler, ...rest }) => ({
        ...rest,
        handler: (change) => runGuarded(mask, () => handler(change)),
      })),
    }),
    ...(plugin.entityKinds && { entityKinds: plugin.entityKinds.map((kind) => guardKind(kind, mask)) }),
    ...(plugin.connectionTypes && { connectionTypes: plugin.connectionTypes.map((type) => guardType(type, mask)) }),
  };
}

/** Guards the accessors of a kind. They are still called with the original kind as `this`. */
function guardKind(kind: EntityKind, mask: Mask): EntityKind {
  const { read, list } = kind;
  return {
    ...kind,
    ...(read && {
      read: (context, ids) =>
        runGuarded(mask, async () => {
          const found = await read.call(kind, context, ids);
          return mask(found instanceof Map ? (Object.fromEntries(found) as Record<string, object>) : found);
        }),
    }),
    ...(list && { list: (context, page) => runGuarded(mask, () => list.call(kind, context, page)) }),
  };
}

function guardType(type: AnyConnectionType, mask: Mask): AnyConnectionType {
  const options = Object.entries(type.options).map(([field, load]): [string, typeof load] => [
    field,
    (config, given, call) => runGuarded(mask, async () => mask(await load(config, given, call))),
  ]);
  return {
    ...type,
    test: (config, call) => runGuarded(mask, async () => mask(await type.test(config, call))),
    options: Object.fromEntries(options),
  };
}
