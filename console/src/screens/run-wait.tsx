import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { isRecord } from '../lib/records';
import { Countdown } from '../ui/countdown';
import { Facts } from '../ui/facts';
import { Time } from '../ui/time';
import { waitedFor } from './waited-for';

type Run = components['schemas']['Run'];
type Step = components['schemas']['Step'];

/** Shows what a waiting step waits for, and how much time remains. */
export function WaitFacts({ run, step }: { run: Run; step: Step }) {
  return step.kind === 'delay' ? <DelayFacts step={step} /> : <ArmedFacts run={run} step={step} />;
}

function DelayFacts({ step }: { step: Step }) {
  const until = isRecord(step.result) ? step.result['until'] : undefined;
  if (typeof until !== 'string') return null;
  return <Facts rows={[['Continues', <Countdown key="until" until={until} />]]} />;
}

function ArmedFacts({ run, step }: { run: Run; step: Step }) {
  const { data } = useQuery({
    queryKey: ['waits', 'run', run.id],
    queryFn: () => bodyOf(api.GET('/api/v1/waits', { params: { query: { runId: run.id, limit: 200 } } })),
  });
  const wait = data?.items.find(({ path }) => path === step.path);
  if (wait === undefined) return null;
  return (
    <Facts
      rows={[
        ['Waits for', waitedFor(wait) || undefined],
        ['Context key', contextKeysOf(wait)],
        ['Next check', wait.recheckAt == null ? undefined : <Time key="check" at={wait.recheckAt} />],
        ['Times out', wait.timeoutAt == null ? 'never' : <Countdown key="timeout" until={wait.timeoutAt} />],
      ]}
    />
  );
}

/**
 * Returns the distinct context keys of the events that a wait listens to, joined by commas. Returns undefined if there
 * are no keys.
 */
function contextKeysOf({ contextKeys }: components['schemas']['Wait']): string | undefined {
  const keys = [...new Set(contextKeys.map((key) => key ?? 'none'))];
  return keys.length === 0 || (keys.length === 1 && keys[0] === 'none') ? undefined : keys.join(', ');
}
