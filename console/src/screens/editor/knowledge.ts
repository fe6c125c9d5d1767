import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { registryQuery } from '../../api/registry';
import type { ValidatorKnowledge } from './local-validator';
import type { RemoteField } from './remote-options';
import type { Knowledge } from './schema-walk';

/** Page size. Unknown names are reported only if the whole list of names fits on one page. */
const MAX_ITEMS = 200;
const params = { query: { limit: MAX_ITEMS } } as const;

/**
 * Returns a list and whether it is complete. If the list cannot be read, e.g. because a permission is missing, returns
 * an empty, incomplete list.
 */
async function readable<T>(
  list: Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<{ items: T[]; complete: boolean }> {
  try {
    const { items, nextCursor } = await list;
    return { items, complete: nextCursor === null };
  } catch {
    return { items: [], complete: false };
  }
}

const namesQuery = queryOptions({
  queryKey: ['editor-names'],
  staleTime: 60_000,
  queryFn: async () => {
    const [connections, secrets, hooks] = await Promise.all([
      readable(bodyOf(api.GET('/api/v1/connections', { params }))),
      readable(bodyOf(api.GET('/api/v1/secrets', { params }))),
      readable(bodyOf(api.GET('/api/v1/hooks', { params }))),
    ]);
    return { connections, secrets, hooks };
  },
});

const scopeQuery = queryOptions({
  queryKey: ['editor-scope'],
  staleTime: 60_000,
  queryFn: () => bodyOf(api.GET('/api/v1/schema/scope')),
});

/** Reads what completion and hover texts need. Lists for which the caller lacks the permission are empty. */
export const knowledgeQuery = queryOptions({
  queryKey: ['editor-knowledge'],
  staleTime: 60_000,
  queryFn: async (): Promise<Knowledge> => {
    const [schema, triggers, actions, filters, kinds, names, groups, systems, types, scope] = await Promise.all([
      bodyOf(api.GET('/api/v1/schema/automation')),
      queryClient.ensureQueryData(registryQuery('triggers')),
      queryClient.ensureQueryData(registryQuery('actions')),
      queryClient.ensureQueryData(registryQuery('filters')),
      queryClient.ensureQueryData(registryQuery('entity-kinds')),
      queryClient.ensureQueryData(namesQuery),
      bodyOf(api.GET('/api/v1/automation-groups')),
      readable(bodyOf(api.GET('/api/v1/systems', { params }))),
      readable(bodyOf(api.GET('/api/v1/connection-types'))),
      queryClient.ensureQueryData(scopeQuery),
    ]);
    return {
      ...{ schema, triggers, actions, filters, kinds, groups: groups.items, health: scope.health ?? {} },
      connections: names.connections.items,
      secrets: names.secrets.items.map(({ name }) => name),
      hooks: names.hooks.items.map(({ name }) => name),
      systems: systems.items.map(({ id, name }) => ({ id, name })),
      connectionTypes: types.items.map(({ id, options }) => ({ id, options })),
    };
  },
});

/** Loads the service's validator so that it can run in the page. */
export const validatorQuery = queryOptions({
  queryKey: ['editor-validator'],
  staleTime: 60_000,
  queryFn: async () => {
    const [{ createLocalValidator }, scope, triggers, actions, filters, kinds, names] = await Promise.all([
      import('./local-validator'),
      queryClient.ensureQueryData(scopeQuery),
      queryClient.ensureQueryData(registryQuery('triggers')),
      queryClient.ensureQueryData(registryQuery('actions')),
      queryClient.ensureQueryData(registryQuery('filters')),
      queryClient.ensureQueryData(registryQuery('entity-kinds')),
      queryClient.ensureQueryData(namesQuery),
    ]);
    const { connections, secrets, hooks } = names;
    const custom = kinds.filter(({ source }) => source === 'custom').map(({ kind, schema }) => [kind, schema] as const);
    const knowledge: ValidatorKnowledge = {
      plugins: { triggers, actions, kinds: Object.keys(scope.kinds) },
      ...{ scope, filters, customKinds: Object.fromEntries(custom) },
      ...(connections.complete && { connections: connections.items.flatMap(({ id, name }) => [id, name]) }),
      ...(hooks.complete && { hooks: hooks.items.map(({ name }) => name) }),
      ...(secrets.complete && { secrets: secrets.items }),
    };
    return { validate: createLocalValidator(knowledge) };
  },
});

/**
 * Returns the values that a connection's product offers for a field. They are cached for one minute.
 * @throws {ApiError} when the product cannot be reached or refuses the call
 */
export async function readRemoteOptions({ connectionId: id, field, given }: RemoteField) {
  const { items } = await queryClient.fetchQuery({
    queryKey: ['connection-options', id, field, given],
    staleTime: 60_000,
    retry: false,
    queryFn: () =>
      bodyOf(
        api.GET('/api/v1/connections/{id}/options/{field}', {
          params: { path: { id, field }, query: given as Record<string, never> },
        }),
      ),
  });
  return items;
}
