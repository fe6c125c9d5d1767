import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { Facts } from '../ui/facts';
import { HeldParts } from '../ui/held-parts';
import { Loaded, Loading } from '../ui/page';
import { Time } from '../ui/time';

type RunData = components['schemas']['Run'];
type Candidate = components['schemas']['Candidate'];

/**
 * Shows the trigger that started a run, and the values with which config, filter and conditions were true. If the
 * trigger has a `for`, also shows how long the cause had held. For a retry, shows the same facts about the run that it
 * retries.
 */
export function StartedBy({ run, changeId }: { run: RunData; changeId: string }) {
  const query = useQuery({
    queryKey: ['changes', changeId],
    queryFn: () => bodyOf(api.GET('/api/v1/changes/{id}', { params: { path: { id: changeId } } })),
  });
  if (query.data === undefined && query.error === null) return <Loading rows={2} />;
  return (
    <>
      <h3>Started by</h3>
      <Loaded query={query}>
        {({ candidates }) => {
          const candidate = candidateOf(run, candidates ?? []);
          if (candidate === undefined)
            return <p className="faint">The values that started this run are no longer kept.</p>;
          return (
            <div>
              <Facts
                rows={[
                  ['Trigger', <code key="trigger">{candidate.triggerId}</code>],
                  ['Window', windowText(candidate)],
                  ['Held', candidate.dwell === undefined ? undefined : <DwellTimes dwell={candidate.dwell} />],
                ]}
              />
              <HeldParts candidate={candidate} />
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

/** Shows the period for which the cause of a dwell had held when the dwell fired. */
export function DwellTimes({ dwell: { armedAt, firesAt } }: { dwell: NonNullable<Candidate['dwell']> }) {
  return (
    <span>
      from <Time at={armedAt} /> to <Time at={firesAt} />
    </span>
  );
}

/**
 * Returns text that says how many events the trigger's window had counted, or undefined for a trigger without a window.
 */
export const windowText = ({ window }: Candidate): string | undefined =>
  window && `${window.count} of ${window.needed} events within the window`;

function candidateOf(run: RunData, candidates: readonly Candidate[]): Candidate | undefined {
  const isOriginal = ({ automationId, triggerId, outcome }: Candidate) =>
    outcome === 'started' && automationId === run.automationId && triggerId === run.triggerId;
  return (
    candidates.find(({ runId }) => runId === run.id) ??
    (run.parentRunId === null ? undefined : candidates.find(isOriginal))
  );
}
