import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, ApiError, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { outcomesByPlace, placeInDefinition } from '../lib/graph';
import { FlowGraph } from '../ui/flow-graph';
import { Loaded } from '../ui/page';

type RunData = components['schemas']['Run'];
type Step = components['schemas']['Step'];

/** Reads the definition version to which a run is pinned. The result is null if that version is no longer stored. */
export const pinnedVersionQuery = ({ automationId, version: pinned }: RunData) =>
  queryOptions({
    queryKey: ['automation', automationId, 'version', pinned],
    staleTime: Infinity,
    queryFn: async () => {
      const params = { path: { id: automationId, version: String(pinned) } };
      try {
        return await bodyOf(api.GET('/api/v1/automations/{id}/versions/{version}', { params }));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });

interface RunGraphProps {
  run: RunData;
  steps: readonly Step[];
  chosen: string | undefined;
  onChoose(path: string): void;
}

/** Shows the graph of a run's definition with the outcome of each step and the number of loop passes. */
export function RunGraph({ run, steps, chosen, onChoose }: RunGraphProps) {
  const query = useQuery(pinnedVersionQuery(run));
  const outcomes = useMemo(() => outcomesByPlace(steps), [steps]);
  return (
    <Loaded query={query}>
      {(version) =>
        version === null ? (
          <p className="pad faint">Version {run.version} is no longer kept. Use the list to see the steps.</p>
        ) : (
          <FlowGraph
            label={`Graph of the run, version ${run.version}`}
            definition={version.definition}
            outcomes={outcomes}
            chosen={chosen === undefined ? undefined : placeInDefinition(chosen)}
            onChoose={(place) => {
              const found = outcomes.get(place);
              if (found !== undefined) onChoose(found.path);
            }}
          />
        )
      }
    </Loaded>
  );
}
