import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from './client';
import type { components } from './schema';

type Schemas = components['schemas'];

interface Kinds {
  triggers: Schemas['TriggerType'];
  actions: Schemas['ActionType'];
  'artifact-types': Schemas['ArtifactType'];
  filters: Schemas['Filter'];
  'entity-kinds': Schemas['EntityKind'];
}

const CALLS: { [Name in keyof Kinds]: () => Promise<{ items: Kinds[Name][] }> } = {
  triggers: () => bodyOf(api.GET('/api/v1/triggers')),
  actions: () => bodyOf(api.GET('/api/v1/actions')),
  'artifact-types': () => bodyOf(api.GET('/api/v1/artifact-types')),
  filters: () => bodyOf(api.GET('/api/v1/filters')),
  'entity-kinds': () => bodyOf(api.GET('/api/v1/entity-kinds')),
};

/**
 * Reads the triggers, actions, artifact types, filters or entity kinds from the API. The list is cached for five
 * minutes, because it rarely changes: only custom entity kinds can change before the API restarts.
 */
export const registryQuery = <Name extends keyof Kinds>(name: Name) =>
  queryOptions({
    queryKey: ['registry', name],
    staleTime: 300_000,
    queryFn: async (): Promise<Kinds[Name][]> => (await CALLS[name]()).items,
  });
