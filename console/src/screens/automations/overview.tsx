import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { runEvent } from '../../lib/change-name';
import { useSearchParams } from '../../lib/search';
import { durationText } from '../../lib/time';
import { dateText } from '../../lib/time-ticks';
import { OutcomeBars } from '../../ui/bars';
import { Countdown } from '../../ui/countdown';
import { ContextKey } from '../../ui/entity-name';
import { Select } from '../../ui/field';
import { Loaded, Panel } from '../../ui/page';
import { Status } from '../../ui/status';
import { Table } from '../../ui/table';
import { Duration, Time } from '../../ui/time';
import { Flow, type PlaceCounts, type Refused } from '../../ui/flow';
import { FlowGraph } from '../../ui/flow-graph';
import { useGraphView, ViewSwitch } from '../../ui/view-switch';
import { statsQuery, stepStatsQuery, type Automation } from './automation-api';
import { WaitedFor } from '../waited-for';
import { evaluationsQuery } from './evaluations';

type Stats = components['schemas']['RunStats'];
type Evaluation = components['schemas']['Evaluation'];
type StepStats = components['schemas']['StepStats'];
/** Interval in milliseconds at which the run counts for the last 24 hours are read again. */
const REFRESH_MS = 15_000;
const RANGES = [
  { value: '1', label: '24 hours' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
] as const;

/** Shows the steps of an automation, the outcomes of its runs, and what it waits for. */
export function Overview({ automation }: { automation: Automation }) {
  const recent = useQuery({ ...statsQuery(automation.id), refetchInterval: REFRESH_MS });
  const evaluations = useQuery(evaluationsQuery(automation.id));
  const refused = refusedOf(evaluations.data?.items ?? [], Date.now());
  const steps = useQuery(stepStatsQuery(automation.id, automation.version));
  const counts = useMemo(() => countsOf(steps.data), [steps.data]);
  const isGraph = useGraphView();
  const runs = recent.data === undefined ? undefined : { ended: recent.data.total, open: recent.data.open };
  const counted = { definition: automation.definition, runs, refused, counts };
  return (
    <div className="two-columns">
      <Panel title="What it does" aside={<ViewSwitch />}>
        {isGraph ? <FlowGraph label={`Graph of ${automation.name}`} {...counted} /> : <Flow {...counted} />}
        <p className="pad hint">
          Counts cover ended runs and refused events of the last 24 hours, and runs that are open now
          {steps.data === undefined
            ? ''
            : `; at steps, the newest ${stepRuns(steps.data)} of version ${steps.data.version}`}
          .
          {Object.values(refused).some(({ since }) => since !== undefined) &&
            ' A count of refused events with a date begins at that date.'}
          {evaluations.data != null &&
            evaluations.data.nextCursor !== null &&
            ` Only the newest ${evaluations.data.items.length} reasons for refusing events are counted.`}
        </p>
      </Panel>
      <div>
        <Outcomes id={automation.id} />
        <RecentRuns id={automation.id} />
        <Armed id={automation.id} />
      </div>
    </div>
  );
}

/**
 * Returns how many events were refused for reasons that occurred in the last 24 hours, by outcome. A reason has one count
 * for all its repetitions. If some may be older than 24 hours, `since` is the date of the first one.
 */
function refusedOf(reasons: readonly Evaluation[], now: number): Refused {
  const from = now - 86_400_000;
  const byOutcome = new Map<string, { count: number; first: number }>();
  for (const { outcome, count, firstAt, lastAt } of reasons) {
    if (Date.parse(lastAt) < from) continue;
    const before = byOutcome.get(outcome) ?? { count: 0, first: now };
    byOutcome.set(outcome, { count: before.count + count, first: Math.min(before.first, Date.parse(firstAt)) });
  }
  return Object.fromEntries(
    [...byOutcome].map(([outcome, { count, first }]) => [
      outcome,
      first < from ? { count, since: dateText(first) } : { count },
    ]),
  );
}

const stepRuns = ({ runs }: StepStats) => (runs === 1 ? 'run' : `${runs.toLocaleString('en-US')} runs`);

/**
 * Returns the counts by place in the definition. Returns undefined if no runs were counted, so that steps do not show
 * zeros.
 */
function countsOf(stats: StepStats | undefined): PlaceCounts | undefined {
  if (stats === undefined || stats.runs === 0) return undefined;
  return new Map(stats.places.map(({ place, ...counts }) => [place, counts]));
}

function Outcomes({ id }: { id: string }) {
  const [search, set] = useSearchParams();
  const range = RANGES.find(({ value }) => value === search['days'])?.value ?? '1';
  const query = useQuery(statsQuery(id, Number(range)));
  return (
    <Panel
      title="Outcomes of ended runs"
      aside={<Select aria-label="Range" value={range} options={RANGES} onChange={(days) => set({ days })} />}
    >
      <Loaded query={query}>{(stats) => <Chart stats={stats} />}</Loaded>
    </Panel>
  );
}

function Chart({ stats }: { stats: Stats }) {
  const sum = (name: 'success' | 'failed' | 'cancelled') =>
    stats.buckets.reduce((total, bucket) => total + bucket[name], 0);
  const judged = sum('success') + sum('failed');
  const last = stats.buckets.findLast(({ p95Ms }) => p95Ms !== null);
  return (
    <div className="detail">
      <OutcomeBars
        buckets={stats.buckets}
        height={64}
        label={stats.total === 1 ? '1 run ended' : `${stats.total} runs ended`}
      />
      <dl className="numbers">
        <Figure name="ended" value={String(stats.total)} />
        <Figure name="open now" value={String(stats.open)} />
        <Figure name="success rate" value={judged === 0 ? '–' : `${((sum('success') / judged) * 100).toFixed(1)} %`} />
        <Figure name="failed" value={String(sum('failed'))} />
        <Figure name={`p50, latest ${stats.bucket}`} value={durationOf(last?.p50Ms)} />
        <Figure name={`p95, latest ${stats.bucket}`} value={durationOf(last?.p95Ms)} />
      </dl>
    </div>
  );
}

const durationOf = (ms: number | null | undefined) => (ms == null ? '–' : durationText(ms));

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

function RecentRuns({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['runs', 'recent', id],
    queryFn: () => bodyOf(api.GET('/api/v1/runs', { params: { query: { automationId: id, limit: 6 } } })),
  });
  return (
    <Panel
      title="Recent runs"
      aside={
        <Link to="/runs" search={{ automationId: id }}>
          All
        </Link>
      }
    >
      <Loaded query={query}>
        {({ items }) => (
          <Table
            label="Recent runs"
            className="recent-runs"
            rows={items}
            rowKey={(run) => run.id}
            empty="No runs yet."
            columns={[
              { name: 'Status', cell: ({ status }) => <Status value={status} /> },
              {
                name: 'Started',
                cell: (run) => (
                  <Link to="/runs/$id" params={{ id: run.id }} search={{}}>
                    <Time at={run.startedAt} />
                  </Link>
                ),
              },
              { name: 'Took', numeric: true, cell: (run) => <Duration from={run.startedAt} to={run.finishedAt} /> },
              {
                name: 'Event',
                title: (run) => runEvent(run) ?? '',
                cell: (run) => runEvent(run) ?? <span className="faint">manually</span>,
              },
              {
                name: 'Context',
                cell: (run) => <ContextKey of={run} />,
              },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

/** Lists the armed dwells, the steps that are waiting for an event or a state, and the delays of open runs. */
function Armed({ id }: { id: string }) {
  const dwells = useQuery({
    queryKey: ['dwells', id],
    refetchInterval: 10_000,
    queryFn: () => bodyOf(api.GET('/api/v1/dwells', { params: { query: { automationId: id, limit: 50 } } })),
  });
  const waits = useQuery({
    queryKey: ['waits', id],
    refetchInterval: 10_000,
    queryFn: () => bodyOf(api.GET('/api/v1/waits', { params: { query: { automationId: id, limit: 50 } } })),
  });
  const delays = useQuery({
    queryKey: ['delays', id],
    refetchInterval: 10_000,
    queryFn: () => bodyOf(api.GET('/api/v1/delays', { params: { query: { automationId: id, limit: 50 } } })),
  });
  return (
    <Panel title="Armed now">
      <Loaded query={dwells}>
        {(armed) => (
          <Loaded query={waits}>
            {(waiting) => (
              <Loaded query={delays}>
                {(delayed) => (
                  <>
                    <ArmedList dwells={armed.items} waits={waiting.items} delays={delayed.items} />
                    {Object.entries({ dwells: armed, waits: waiting, delays: delayed }).map(
                      ([what, { items, nextCursor }]) =>
                        nextCursor !== null && (
                          <p key={what} className="pad faint">
                            Only the newest {items.length} {what} are shown.
                          </p>
                        ),
                    )}
                  </>
                )}
              </Loaded>
            )}
          </Loaded>
        )}
      </Loaded>
    </Panel>
  );
}

interface ArmedListProps {
  dwells: readonly components['schemas']['Dwell'][];
  waits: readonly components['schemas']['Wait'][];
  delays: readonly components['schemas']['Delay'][];
}

function ArmedList({ dwells, waits, delays }: ArmedListProps) {
  if (dwells.length + waits.length + delays.length === 0)
    return <p className="pad faint">Nothing is armed and no run is waiting.</p>;
  return (
    <ul className="plain">
      {dwells.map(({ triggerId, armedAt, firesAt, ...dwell }) => (
        <li key={`${triggerId}:${dwell.contextKey ?? ''}`}>
          <Status value="waiting" label="holding" /> <code>{triggerId}</code>{' '}
          {dwell.contextKey !== null && <ContextKey of={dwell} />} armed <Time at={armedAt} />, fires{' '}
          <Countdown until={firesAt} />
        </li>
      ))}
      {waits.map((wait) => (
        <li key={`${wait.runId}:${wait.path}`}>
          <Status value="waiting" />{' '}
          <Link to="/runs/$id" params={{ id: wait.runId }} search={{ step: wait.path }}>
            {wait.path}
          </Link>{' '}
          for <WaitedFor wait={wait} />
          {wait.timeoutAt !== null && (
            <>
              , times out <Countdown until={wait.timeoutAt} />
            </>
          )}
        </li>
      ))}
      {delays.map((delay) => (
        <li key={`${delay.runId}:${delay.path}`}>
          <Status value="waiting" label="in a delay" />{' '}
          <Link to="/runs/$id" params={{ id: delay.runId }} search={{ step: delay.path }}>
            {delay.path}
          </Link>{' '}
          {delay.contextKey !== null && <ContextKey of={delay} />} continues <Countdown until={delay.until} />
        </li>
      ))}
    </ul>
  );
}
