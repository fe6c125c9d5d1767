import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { scriptOf, type StepScript } from '../../lib/step-script';
import { pinnedVersionQuery } from '../run-graph';

/** Reads the script of a step of a run. The result is null if the step runs no script or does not exist. */
export const stepScriptQuery = (runId: string, path: string) =>
  queryOptions({
    queryKey: ['step-script', runId, path],
    staleTime: Infinity,
    queryFn: async (): Promise<StepScript | null> => {
      const params = { path: { id: runId } };
      const { items } = await bodyOf(
        api.GET('/api/v1/runs/{id}/steps', { params: { ...params, query: { path, limit: 1 } } }),
      );
      const step = items.find((each) => each.path === path);
      if (step === undefined || scriptOf(step, undefined) === null) return null;
      const { run } = await bodyOf(api.GET('/api/v1/runs/{id}', { params }));
      const version = await queryClient.fetchQuery(pinnedVersionQuery(run));
      return scriptOf(step, version?.definition);
    },
  });
