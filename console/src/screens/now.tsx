import { Link } from '@tanstack/react-router';
import { changeName, runEvent } from '../lib/change-name';
import { countText } from '../lib/run-counts';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { Countdown } from '../ui/countdown';
import { OutcomeBars } from '../ui/bars';
import { EntityName } from '../ui/entity-name';
import { Loaded, Page, Panel } from '../ui/page';
import { page, Pages, usePages } from '../ui/pages';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';
import { FiringAlerts } from './firing-alerts';
import { FirstSteps } from './first-steps';
import { List, REFRESH_MS, Rest, SHOWN, useNowQuery } from './now-list';
import { UnhealthySystems } from './unhealthy-systems';

const HOUR_MS = 3_600_000;
const OPEN = ['running', 'waiting', 'pending'] as const;
/** Shows what needs attention now: alerts, unhealthy systems, runs, dwells, workers and problems. */
export function Now() {
  return (
    <Page title="Now" sub={<Lag />}>
      <FirstSteps />
      <Problems />
      <div className="two-columns">
        <div>
          <FiringAlerts />
          <UnhealthySystems />
          <DeadLetters />
        </div>
        <div>
          <OpenAndRecentRuns />
          <ArmedDwells />
          <Workers />
        </div>
      </div>
    </Page>
  );
}

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

/** Shows all open runs, regardless of when they started, and the runs that failed or succeeded in the last hour. */
function OpenAndRecentRuns() {
  const query = useNowQuery('runs', async () => {
    const from = new Date(Date.now() - HOUR_MS).toISOString();
    const list = (query: { status: string; from?: string; counts?: 'true' }) =>
      bodyOf(api.GET('/api/v1/runs', { params: { query: { ...query, limit: SHOWN } } }));
    const [ended, open, failed, stats] = await Promise.all([
      list({ status: 'failed,success', from, counts: 'true' }),
      // Open runs are counted and shown even if they started earlier.
      list({ status: OPEN.join(','), counts: 'true' }),
      list({ status: 'failed', from }),
      bodyOf(api.GET('/api/v1/stats', { params: { query: { from, bucket: 'minute' } } })),
    ]);
    return { from, ended, open, items: [...failed.items, ...open.items], stats };
  });
  return (
    <Panel
      title="Open runs and runs of the last hour"
      aside={
        <Link to="/runs" search={{}}>
          All
        </Link>
      }
    >
      <Loaded query={query}>
        {({ from, ended, open, items, stats }) => (
          <>
            <div className="detail">
              <div className="chips">
                <span className="hint">Open</span>
                {OPEN.map((status) => (
                  <Link key={status} className="button" to="/runs" search={{ status }}>
                    <Status value={status} /> <span className="num">{countText(open, [status]) ?? 0}</span>
                  </Link>
                ))}
              </div>
              <div className="chips">
                <span className="hint">Last hour</span>
                {(['failed', 'success'] as const).map((status) => (
                  <Link key={status} className="button" to="/runs" search={{ status, from }}>
                    <Status value={status} /> <span className="num">{countText(ended, [status]) ?? 0}</span>
                  </Link>
                ))}
              </div>
              <OutcomeBars buckets={stats.buckets} height={40} label={`${stats.total} runs ended in the last hour`} />
            </div>
            <List
              none="No run is open, and none failed in the last hour."
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
      <Link to="/runs/$id" params={{ id: run.id }} search={{}} title={run.automationName}>
        {run.automationName}
      </Link>
      <span className="faint line-side" title={runEvent(run) ?? ''}>
        {runEvent(run) ?? 'manually'}
      </span>
      <span className="line-end">
        <RunTime run={run} />
      </span>
    </span>
  );
}

/** Shows when a run ended, for how long it has been running, or when it was created if it has not started. */
function RunTime({ run: { createdAt, startedAt, finishedAt } }: { run: components['schemas']['Run'] }) {
  if (finishedAt !== null) return <Time at={finishedAt} />;
  return startedAt === null ? (
    <>
      created <Time at={createdAt} />
    </>
  ) : (
    <>
      for <Duration from={startedAt} to={null} />
    </>
  );
}

function ArmedDwells() {
  const query = usePages(
    ['now', 'dwells'],
    (cursor) => bodyOf(api.GET('/api/v1/dwells', { params: { query: page(cursor, SHOWN) } })),
    { refetchInterval: REFRESH_MS },
  );
  return (
    <Panel title="Armed dwells">
      <Pages query={query}>
        {(items) => (
          <List
            none="No dwells are armed. A dwell is armed while the cause of a trigger with “for” holds."
            items={items.map(({ automationId, automationName, triggerId, contextKey, contextName, firesAt }) => (
              <div key={`${automationId}:${triggerId}:${contextKey ?? ''}`}>
                <div className="line">
                  <Link to="/automations/$id" params={{ id: automationId }} search={{}} title={automationName}>
                    {automationName}
                  </Link>
                  <span className="line-end">
                    fires <Countdown until={firesAt} />
                  </span>
                </div>
                <div className="cell-sub" title={contextKey ?? undefined}>
                  {triggerId} · {contextName ?? contextKey}
                </div>
              </div>
            ))}
          />
        )}
      </Pages>
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
        {({ items, nextCursor }) => (
          <>
            <List
              none="All changes were routed."
              items={items.map((change) => (
                <span key={change.changeId} className="line">
                  <Status value="failed" label="not routed" />
                  <Link to="/why/$id" params={{ id: change.changeId }} search={{}}>
                    {changeName(change) ?? change.kind}
                  </Link>
                  <EntityName kind={change.kind} id={change.id} name={change.name} />
                  <span className="line-end">
                    <Time at={change.failedAt} />
                  </span>
                </span>
              ))}
            />
            <Rest read={items.length} isCut={nextCursor !== null} to="/system" search={{ tab: 'dead' }} />
          </>
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
                  started <Time at={startedAt} />
                </span>
              </span>
            ))}
          />
        )}
      </Loaded>
    </Panel>
  );
}
