import { queryOptions } from '@tanstack/react-query';
import { api, ask } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { registryQuery } from '../../api/registry';
import type { Knowledge } from './schema-walk';

/** Everything that completion and hover know; what the caller may not read is left out. */
export const knowledgeQuery = queryOptions({
  queryKey: ['editor-knowledge'],
  staleTime: 60_000,
  queryFn: async (): Promise<Knowledge> => {
    const [schema, triggers, actions, filters, kinds, connections, secrets, groups] = await Promise.all([
      ask(api.GET('/api/v1/schema/automation')),
      queryClient.ensureQueryData(registryQuery('triggers')),
      queryClient.ensureQueryData(registryQuery('actions')),
      queryClient.ensureQueryData(registryQuery('filters')),
      queryClient.ensureQueryData(registryQuery('entity-kinds')),
      ask(api.GET('/api/v1/connections', { params: { query: { limit: 200 } } })).catch(() => ({ items: [] })),
      ask(api.GET('/api/v1/secrets', { params: { query: { limit: 200 } } })).catch(() => ({ items: [] })),
      ask(api.GET('/api/v1/automation-groups')),
    ]);
    return {
      ...{ schema, triggers, actions, filters, kinds, connections: connections.items, groups: groups.items },
      secrets: secrets.items.map(({ name }) => name),
    };
  },
});
