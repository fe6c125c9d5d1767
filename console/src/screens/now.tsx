import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { changeName, runEvent } from '../lib/change-name';
import { countText } from '../lib/run-counts';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { Countdown } from '../ui/countdown';
import { OutcomeBars } from '../ui/bars';
import { Loaded, Page, Panel } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';

const HOUR_MS = 3_600_000;
const SHOWN = 8;
/**
 * Interval in milliseconds at which the panels are read again. The event stream does not announce every change that
 * they show.
 */
const REFRESH_MS = 15_000;

/** Shows what needs attention now: alerts, unhealthy systems, runs, dwells, workers and problems. */
export function Now() {
  return (
    <Page title="Now" sub={<Lag />}>
      <Problems />
      <div className="two-columns">
        <div>
          <FiringAlerts />
          <UnhealthySystems />
          <DeadLetters />
        </div>
        <div>
          <RunsOfTheHour />
          <ArmedDwells />
          <Workers />
        </div>
      </div>
    </Page>
  );
}

const useNowQuery = <T,>(name: string, read: () => Promise<T>) =>
  useQuery({ queryKey: ['now', name], queryFn: read, refetchInterval: REFRESH_MS });

/** Shows whether the API is ready, and how many seconds routing lags behind. */
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
    bodyOf(api.GET('/api/v1/alerts', { params: { query: { status: 'firing', limit: SHOWN } } })),
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
            none="No alerts are firing."
            items={items.map((alert) => (
              <span key={alert.fingerprint} className="line">
                <Status value="firing" label={alert.severity ?? 'firing'} />
                <Link to="/alerts/$id" params={{ id: alert.fingerprint }} search={{}}>
                  {alert.name ?? alert.fingerprint}
                </Link>
                <span>{alert.systemId}</span>
                {alert.acknowledgedBy != null && <span className="faint">acknowledged by {alert.acknowledgedBy}</span>}
                <span className="line-end">
                  <Time at={alert.startsAt} />
                </span>
              </span>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function UnhealthySystems() {
  const query = useNowQuery('health', () =>
    bodyOf(api.GET('/api/v1/entities/{kind}', { params: { path: { kind: 'health' }, query: { limit: 200 } } })),
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
                <span key={id} className="line">
                  <Status value={String(state['status'])} />
                  <Link to="/systems/$id" params={{ id }} search={{}}>
                    {id}
                  </Link>
                  <span className="line-end">
                    <Time at={updatedAt} />
                  </span>
                </span>
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
    const list = (query: { status: string; from?: string }) =>
      bodyOf(api.GET('/api/v1/runs', { params: { query: { ...query, limit: SHOWN } } }));
    const [runs, open, failed, stats] = await Promise.all([
      bodyOf(api.GET('/api/v1/runs', { params: { query: { from, counts: 'true', limit: 1 } } })),
      // Open runs are shown even if they started earlier.
      list({ status: 'running,waiting' }),
      list({ status: 'failed', from }),
      bodyOf(api.GET('/api/v1/stats', { params: { query: { from, bucket: 'minute' } } })),
    ]);
    return { from, counted: runs, items: [...failed.items, ...open.items], stats };
  });
  return (
    <Panel
      title="Runs of the last hour"
      aside={
        <Link to="/runs" search={{}}>
          All
        </Link>
      }
    >
      <Loaded query={query}>
        {({ from, counted, items, stats }) => (
          <>
            <div className="detail">
              <div className="chips">
                {(['running', 'waiting', 'failed', 'success'] as const).map((status) => (
                  <Link key={status} className="button" to="/runs" search={{ status, from }}>
                    <Status value={status} /> <span className="num">{countText(counted, [status]) ?? 0}</span>
                  </Link>
                ))}
              </div>
              <OutcomeBars buckets={stats.buckets} height={40} label={`${stats.total} runs ended in the last hour`} />
            </div>
            <List
              none="No failed or open runs."
              items={items.map((run) => (
                <RunLine key={run.id} run={run} />
              ))}
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function RunLine({ run }: { run: components['schemas']['Run'] }) {
  return (
    <span className="line">
      <Status value={run.status} />
      <Link to="/runs/$id" params={{ id: run.id }} search={{}}>
        {run.automationName}
      </Link>
      <span className="faint line-text" title={runEvent(run) ?? ''}>
        {runEvent(run)}
      </span>
      <span className="line-end">
        {run.finishedAt === null ? (
          <>
            for <Duration from={run.startedAt} to={null} />
          </>
        ) : (
          <Time at={run.finishedAt} />
        )}
      </span>
    </span>
  );
}

function ArmedDwells() {
  const query = useNowQuery('dwells', () => bodyOf(api.GET('/api/v1/dwells', { params: { query: { limit: SHOWN } } })));
  return (
    <Panel title="Armed dwells">
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="No dwells are armed."
            items={items.map(({ automationId, automationName, triggerId, contextKey, contextName, firesAt }) => (
              <span key={`${automationId}:${triggerId}:${contextKey ?? ''}`} className="line">
                <Link to="/automations/$id" params={{ id: automationId }} search={{}}>
                  {automationName}
                </Link>
                <span>
                  <span className="faint">{triggerId}</span> {contextName ?? contextKey}
                </span>
                <span className="line-end">
                  fires <Countdown until={firesAt} />
                </span>
              </span>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function DeadLetters() {
  const query = useNowQuery('dead', () =>
    bodyOf(api.GET('/api/v1/changes/failed', { params: { query: { limit: SHOWN } } })),
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
            none="All changes were routed."
            items={items.map((change) => (
              <span key={change.changeId} className="line">
                <Status value="failed" label={changeName(change) ?? change.kind} />
                <span>
                  {change.kind} {change.id}
                </span>
                <span className="line-end">
                  <Time at={change.failedAt} />
                </span>
              </span>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** Lists the problems of the installation, with advice on each. */
function Problems() {
  const { data } = useNowQuery('diagnosis', () => bodyOf(api.GET('/api/v1/diagnosis')));
  const items = data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Panel title={`Problems with this installation (${items.length})`}>
      <List
        none=""
        items={items.map(({ code, severity, message, advice, subject }) => (
          <span key={`${code}:${subject ?? ''}`} className="line">
            <Status value={severity === 'critical' ? 'unhealthy' : 'degraded'} label={severity} />
            <span className="line-text">
              {message} <span className="faint">{advice}</span>
            </span>
          </span>
        ))}
      />
    </Panel>
  );
}

function Workers() {
  const query = useNowQuery('workers', () => bodyOf(api.GET('/api/v1/workers')));
  return (
    <Panel title="Workers">
      <Loaded query={query}>
        {({ items }) => (
          <List
            none="No worker is running, so nothing starts. Start one with “fermata worker”."
            items={items.map(({ id, host, pid, live, version, startedAt, partitions }) => (
              <span key={id} className="line">
                <Status value={live ? 'healthy' : 'disabled'} label={live ? 'live' : 'stopped'} />
                <span className="line-text">
                  {host}{' '}
                  <span className="faint">
                    process {pid} · {version === null ? 'version unknown' : `version ${version}`} · {partitions}{' '}
                    partitions
                  </span>
                </span>
                <span className="line-end">
                  since <Time at={startedAt} />
                </span>
              </span>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}
