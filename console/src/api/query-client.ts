import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client';

/**
 * The cache of API responses. A failed query is retried up to three times, unless the API refused it (status below
 * 500).
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 3 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (attempt) => Math.min(1_000 * 2 ** attempt, 8_000),
    },
  },
});
