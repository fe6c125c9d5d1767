import { useQuery } from '@tanstack/react-query';
import { api, ask } from '../api/client';
import type { components } from '../api/schema';
import { delayMs, valueAtPath } from '../lib/delay';
import { isRecord } from '../lib/records';
import { Countdown } from '../ui/countdown';

type Run = components['schemas']['Run'];
type Step = components['schemas']['Step'];

/** What a waiting step waits for, and how long still. */
export function WaitFacts({ run, step }: { run: Run; step: Step }) {
  return step.kind === 'delay' ? <DelayFacts run={run} step={step} /> : <ArmedFacts run={run} step={step} />;
}

/** A delay ends a fixed time after its step began; how long, its version of the definition says. */
function DelayFacts({ run, step }: { run: Run; step: Step }) {
  const { data: version } = useQuery({
    queryKey: ['automation', run.automationId, 'version', run.version],
    staleTime: Infinity,
    queryFn: async () => {
      const params = { path: { id: run.automationId }, query: { limit: 200 } };
      const { items } = await ask(api.GET('/api/v1/automations/{id}/versions', { params }));
      return items.find((each) => each.version === run.version) ?? null;
    },
  });
  const found = valueAtPath(version?.definition, step.path);
  const ms = isRecord(found) ? delayMs(found['delay']) : undefined;
  if (ms === undefined || step.startedAt === null) return null;
  return (
    <>
      <dt>Goes on</dt>
      <dd>
        <Countdown until={new Date(Date.parse(step.startedAt) + ms).toISOString()} />
      </dd>
    </>
  );
}

function ArmedFacts({ run, step }: { run: Run; step: Step }) {
  const { data } = useQuery({
    queryKey: ['waits', 'run', run.id],
    queryFn: () => ask(api.GET('/api/v1/waits', { params: { query: { runId: run.id, limit: 200 } } })),
  });
  const wait = data?.items.find(({ path }) => path === step.path);
  if (wait === undefined) return null;
  return (
    <>
      <dt>Waits for</dt>
      <dd>{wait.event ?? wait.refs.join(', ')}</dd>
      {wait.contextKey !== null && (
        <>
          <dt>Context key</dt>
          <dd>{wait.contextKey}</dd>
        </>
      )}
      {wait.timeoutAt !== null && (
        <>
          <dt>Times out</dt>
          <dd>
            <Countdown until={wait.timeoutAt} />
          </dd>
        </>
      )}
    </>
  );
}
