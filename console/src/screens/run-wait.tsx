import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { isRecord } from '../lib/records';
import { CopyId } from '../ui/copy';
import { Countdown } from '../ui/countdown';
import { Facts } from '../ui/facts';
import { Problem } from '../ui/page';
import { Time } from '../ui/time';
import { WaitedFor } from './waited-for';

type Run = components['schemas']['Run'];
type Step = components['schemas']['Step'];

/** Shows what a step is waiting for, and how much time remains. */
export function WaitFacts({ run, step }: { run: Run; step: Step }) {
  return step.kind === 'delay' ? <DelayFacts step={step} /> : <ArmedFacts run={run} step={step} />;
}

function DelayFacts({ step }: { step: Step }) {
  const until = isRecord(step.result) ? step.result['until'] : undefined;
  if (typeof until !== 'string') return null;
  return <Facts rows={[['Continues', <Countdown key="until" until={until} />]]} />;
}

function ArmedFacts({ run, step }: { run: Run; step: Step }) {
  const { data, error } = useQuery({
    queryKey: ['waits', 'run', run.id],
    queryFn: () => bodyOf(api.GET('/api/v1/waits', { params: { query: { runId: run.id, limit: 200 } } })),
  });
  if (data === undefined && error !== null) return <Problem error={error} />;
  const wait = data?.items.find(({ path }) => path === step.path);
  if (wait === undefined) return null;
  return (
    <Facts
      rows={[
        ['Waits for', <WaitedFor key="for" wait={wait} />],
        ['Context', contextsOf(wait)],
        ['Next check', wait.recheckAt == null ? undefined : <Time key="check" at={wait.recheckAt} />],
        ['Times out', wait.timeoutAt == null ? 'never' : <Countdown key="timeout" until={wait.timeoutAt} />],
      ]}
    />
  );
}

/**
 * Shows the distinct context keys of the events that a wait listens to, by name if they have one. Returns undefined if
 * there are no keys.
 */
function contextsOf({ contextKeys, contextNames }: components['schemas']['Wait']): ReactNode {
  const keys = [...new Set(contextKeys)];
  if (keys.every((key) => key === null)) return undefined;
  return keys.map((key, index) => (
    <span key={key}>
      {index > 0 && ', '}
      {key === null && 'none'}
      {key === '*' && 'any'}
      {key !== null && key !== '*' && (
        <CopyId id={key} short={40} name={contextNames[contextKeys.indexOf(key)] ?? null} />
      )}
    </span>
  ));
}
