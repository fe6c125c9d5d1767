import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/**
 * The cache of API responses. A failed query is retried up to three times, unless the API refused it (status below
 * 500). Requests are sent even if the browser reports that it is offline: the API may run on the same computer or in a
 * network without access to the internet.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 3 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (attempt) => Math.min(1_000 * 2 ** attempt, 8_000),
    },
  },
});
