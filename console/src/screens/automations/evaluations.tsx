import { queryOptions } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { ContextKey } from '../../ui/entity-name';
import { page, Pages, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Evaluation = components['schemas']['Evaluation'];

/** Plain-English descriptions of the evaluation outcomes. */
const MEANING: Readonly<Record<string, string>> = {
  config: 'The configuration of the trigger did not match',
  filter: 'The filter was false',
  window: 'Too few events within the window',
  dwell_armed: 'The cause must hold first',
  dwell_held: 'An earlier event already armed or fired the dwell',
  dwell_cancelled: 'The cause did not hold long enough',
  condition: 'A condition was false',
  already_running: 'A run was in progress (mode single)',
  max_runs: 'Too many runs at once',
  disabled: 'The automation was disabled',
  silenced: 'The alert was silenced',
  error: 'An expression failed',
  trigger_disabled: 'The trigger was disabled',
  started: 'Started a run',
};

/** Returns an evaluation outcome as readable text. */
export const meaningOf = (outcome: string): string => MEANING[outcome] ?? outcome.replaceAll('_', ' ');

/** Interval in milliseconds at which evaluations are read again. The event stream does not announce them. */
const REFRESH_MS = 10_000;

export const evaluationsQuery = (id: string) =>
  queryOptions({
    queryKey: ['evaluations', id, 'recent'],
    staleTime: REFRESH_MS,
    refetchInterval: REFRESH_MS,
    queryFn: () =>
      bodyOf(api.GET('/api/v1/automations/{id}/evaluations', { params: { path: { id }, query: { limit: 200 } } })),
  });

const COLUMNS: readonly Column<Evaluation>[] = [
  {
    name: 'Did not start because',
    cell: ({ outcome }) => <Status value="refused" label={meaningOf(outcome)} />,
  },
  { name: 'Detail', wrap: true, cell: ({ detail }) => detail ?? <span className="faint">–</span> },
  { name: 'About', cell: (evaluation) => <ContextKey of={evaluation} /> },
  { name: 'Trigger', cell: ({ triggerId }) => <code>{triggerId ?? '–'}</code> },
  { name: 'Times', numeric: true, cell: ({ count }) => <span className="num">{count}</span> },
  { name: 'First', cell: ({ firstAt }) => <Time at={firstAt} /> },
  { name: 'Last', cell: ({ lastAt }) => <Time at={lastAt} /> },
  {
    name: 'Change',
    cell: ({ changeId }) =>
      changeId === null ? (
        '–'
      ) : (
        <Link to="/why/$id" params={{ id: changeId }} search={{}}>
          Why
        </Link>
      ),
  },
];

/** Lists the events that did not start the automation, each with the reason. */
export function Evaluations({ id }: { id: string }) {
  const query = usePages(
    ['evaluations', id],
    (cursor) =>
      bodyOf(api.GET('/api/v1/automations/{id}/evaluations', { params: { path: { id }, query: page(cursor) } })),
    { refetchInterval: REFRESH_MS },
  );
  return (
    <Pages query={query}>
      {(items) => (
        <Table
          label="Events that did not start this automation"
          columns={COLUMNS}
          rows={items}
          rowKey={({ triggerId, changeId, contextKey, outcome, firstAt }) =>
            `${triggerId ?? ''}:${changeId ?? ''}:${contextKey ?? ''}:${outcome}:${firstAt}`
          }
          empty="No event was refused. Events that started a run are listed under Runs."
        />
      )}
    </Pages>
  );
}
