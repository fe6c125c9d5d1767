import { queryOptions } from '@tanstack/react-query';
import { allOf } from '../../api/all-of';
import { api, bodyOf } from '../../api/client';
import { queryClient } from '../../api/query-client';
import type { components } from '../../api/schema';

export type Automation = components['schemas']['AutomationResource'];
const MAX_LISTED = 1_000;

/** An automation and its ETag. Updates send the ETag so that they do not overwrite somebody else's changes. */
export interface Tagged {
  automation: Automation;
  etag: string;
}

export const automationQuery = (id: string) =>
  queryOptions({
    queryKey: ['automation', id],
    queryFn: async (): Promise<Tagged> => {
      const call = await api.GET('/api/v1/automations/{id}', { params: { path: { id } } });
      return { automation: await bodyOf(Promise.resolve(call)), etag: call.response.headers.get('etag') ?? '*' };
    },
  });

/** Returns the YAML document of an automation as its author saved it. */
export async function readYaml(id: string): Promise<{ text: string; etag: string }> {
  const call = await api.GET('/api/v1/automations/{id}', {
    params: { path: { id } },
    headers: { Accept: 'application/yaml' },
    parseAs: 'text',
  });
  const text: unknown = await bodyOf(Promise.resolve(call));
  return { text: String(text), etag: call.response.headers.get('etag') ?? '*' };
}

interface Filters {
  q?: string | undefined;
  status?: string | undefined;
  managedBy?: string | undefined;
  uses?: string | undefined;
}

/**
 * Reads the automations that match the filters. The screen groups them, so all pages are read, up to 1,000 automations.
 */
export const automationsQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ['automations', filters],
    queryFn: () =>
      allOf(MAX_LISTED, (page) =>
        bodyOf(api.GET('/api/v1/automations', { params: { query: { ...filters, ...page } as never } })),
      ),
  });

export async function setStatus(id: string, enabled: boolean): Promise<void> {
  const params = { path: { id } };
  await bodyOf(
    enabled
      ? api.POST('/api/v1/automations/{id}/enable', { params })
      : api.POST('/api/v1/automations/{id}/disable', { params }),
  );
}

export async function refreshAutomation(id?: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['automations'] }),
    id === undefined ? undefined : queryClient.invalidateQueries({ queryKey: ['automation', id] }),
  ]);
}

/** Reads the statistics of ended runs: 24 hours in hourly buckets, or 7 or 30 days in daily buckets. */
export const statsQuery = (id: string, days = 1) =>
  queryOptions({
    queryKey: ['stats', id, days],
    staleTime: 60_000,
    queryFn: () => {
      const from = new Date(Date.now() - days * 86_400_000).toISOString();
      const bucket = days > 1 ? ('day' as const) : ('hour' as const);
      return bodyOf(api.GET('/api/v1/automations/{id}/stats', { params: { path: { id }, query: { from, bucket } } }));
    },
  });

/**
 * Reads how many runs of a version reached each step. Counts the runs that ended in the last 24 hours, up to the newest
 * 1,000.
 */
export const stepStatsQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['stats', id, 'steps', version],
    staleTime: 60_000,
    queryFn: () =>
      bodyOf(api.GET('/api/v1/automations/{id}/step-stats', { params: { path: { id }, query: { version } } })),
  });
