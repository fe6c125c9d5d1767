import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, ask } from '../api/client';
import { Countdown } from '../ui/countdown';
import { OutcomeBars } from '../ui/bars';
import { Loaded, Page, Panel } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';

const HOUR_MS = 3_600_000;
const SHOWN = 8;
/** What no event of the stream announces is read again this often. */
const REFRESH_MS = 15_000;

/** What needs attention at this moment. */
export function Now() {
  return (
    <Page title="Now" sub={<Lag />}>
      <div className="two-columns">
        <div>
          <FiringAlerts />
          <UnhealthySystems />
          <DeadLetters />
        </div>
        <div>
          <RunsOfTheHour />
          <ArmedDwells />
        </div>
      </div>
    </Page>
  );
}

const useNowQuery = <T,>(name: string, read: () => Promise<T>) =>
  useQuery({ queryKey: ['now', name], queryFn: read, refetchInterval: REFRESH_MS });

/** `ready`, and how far routing is behind. */
function Lag() {
  const { data, error } = useNowQuery('ready', async () => {
    const response = await fetch('/readyz');
    return (await response.json()) as { status: string; checks: { dispatcher: { lagSeconds: number | null } } };
  });
  if (error !== null) return <Status value="failed" label="The API cannot be reached" />;
  if (data === undefined) return <span className="faint">…</span>;
  const lag = data.checks.dispatcher.lagSeconds;
  return (
    <>
      <Status value={data.status === 'ready' ? 'healthy' : 'unhealthy'} label={data.status.replaceAll('_', ' ')} />
      <span>routing lag {lag === null ? 'unknown' : `${lag.toFixed(1)} s`}</span>
    </>
  );
}

function List({ items, none }: { items: readonly ReactNode[]; none: string }) {
  if (items.length === 0) return <p className="pad faint">{none}</p>;
  return (
    <ul className="plain">
      {items.map((item, index) => (
        <li key={index}>{item}</li>
      ))}
    </ul>
  );
}

function FiringAlerts() {
  const query = useNowQuery('alerts', () =>
    ask(api.GET('/api/v1/alerts', { params: { query: { status: 'firing', limit: SHOWN } } })),
  );
  const all = (
    <Link to="/alerts" search={{ status: 'firing' }}>
      All
    </Link>
  );
  return (
    <Panel title="Firing alerts" aside={all}>
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="No alert fires."
            items={items.map((alert) => (
              <>
                <Status value="firing" label={alert.severity ?? 'firing'} />{' '}
                <Link to="/alerts/$id" params={{ id: alert.fingerprint }} search={{}}>
                  {alert.name ?? alert.fingerprint}
                </Link>{' '}
                {alert.systemId} began <Time at={alert.startsAt} />
                {alert.acknowledgedBy !== undefined && (
                  <span className="faint"> · acknowledged by {alert.acknowledgedBy}</span>
                )}
              </>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function UnhealthySystems() {
  const query = useNowQuery('health', () =>
    ask(api.GET('/api/v1/entities/{kind}', { params: { path: { kind: 'health' }, query: { limit: 200 } } })),
  );
  return (
    <Panel title="Unhealthy systems">
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="Every system is healthy."
            items={items
              .filter(({ state }) => state['status'] !== 'healthy')
              .map(({ id, state, updatedAt }) => (
                <>
                  <Status value={String(state['status'])} />{' '}
                  <Link to="/systems/$id" params={{ id }} search={{}}>
                    {id}
                  </Link>{' '}
                  changed <Time at={updatedAt} />
                </>
              ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function RunsOfTheHour() {
  const query = useNowQuery('runs', async () => {
    const from = new Date(Date.now() - HOUR_MS).toISOString();
    const [runs, failed, stats] = await Promise.all([
      ask(api.GET('/api/v1/runs', { params: { query: { from, counts: 'true', limit: 1 } } })),
      ask(api.GET('/api/v1/runs', { params: { query: { from, status: 'failed', limit: SHOWN } } })),
      ask(api.GET('/api/v1/stats', { params: { query: { from, bucket: 'minute' } } })),
    ]);
    return { counts: runs.counts, failed: failed.items, stats };
  });
  return (
    <Panel title="Runs of the last hour">
      <Loaded query={query}>
        {({ counts, failed, stats }) => (
          <>
            <div className="detail">
              <div className="chips">
                {(['running', 'waiting', 'failed', 'success'] as const).map((status) => (
                  <Link key={status} className="button" to="/runs" search={{ status }}>
                    <Status value={status} /> <span className="num">{counts?.[status] ?? 0}</span>
                  </Link>
                ))}
              </div>
              <OutcomeBars buckets={stats.buckets} height={40} label={`${stats.total} runs ended in the last hour`} />
            </div>
            <List
              none="None failed."
              items={failed.map((run) => (
                <>
                  <Status value="failed" />{' '}
                  <Link to="/runs/$id" params={{ id: run.id }} search={{}}>
                    {run.automationName}
                  </Link>{' '}
                  <Time at={run.finishedAt} /> after <Duration from={run.startedAt} to={run.finishedAt} />
                </>
              ))}
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function ArmedDwells() {
  const query = useNowQuery('dwells', () => ask(api.GET('/api/v1/dwells', { params: { query: { limit: SHOWN } } })));
  return (
    <Panel title="Armed dwells">
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="No cause is waiting to hold long enough."
            items={items.map(({ automationId, triggerId, contextKey, firesAt }) => (
              <>
                <Link to="/automations/$id" params={{ id: automationId }} search={{}}>
                  {triggerId}
                </Link>{' '}
                {contextKey} fires <Countdown until={firesAt} />
              </>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function DeadLetters() {
  const query = useNowQuery('dead', () =>
    ask(api.GET('/api/v1/changes/failed', { params: { query: { limit: SHOWN } } })),
  );
  return (
    <Panel
      title="Dead letters"
      aside={
        <Link to="/system" search={{ tab: 'dead' }}>
          All
        </Link>
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="Every change could be routed."
            items={items.map(({ kind, id, event, failedAt }) => (
              <>
                <Status value="failed" label={event ?? 'change'} /> {kind} {id} <Time at={failedAt} />
              </>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}
