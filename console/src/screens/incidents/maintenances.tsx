import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { allOf } from '../../api/all-of';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSystemName } from '../../api/system-names';
import { useSearchParams } from '../../lib/search';
import { daysFrom } from '../../lib/days';
import { absoluteText } from '../../lib/time';
import { ActiveFilters } from '../../ui/active-filters';
import { Chips } from '../../ui/chips';
import { Dialog } from '../../ui/dialog';
import { CheckField, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { NoMatch } from '../../ui/no-match';
import { Loaded, Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Duration, Time } from '../../ui/time';
import { SystemsField } from '../systems/system-fields';
import { SystemLinks } from '../systems/system-links';

type Maintenance = components['schemas']['Maintenance'];
const DAYS = 14;
/** Maximum number of planned and running maintenances to read for the calendar. */
const MAX_PLANNED = 1_000;

const COLUMNS: readonly Column<Maintenance>[] = [
  { name: 'Status', cell: ({ status }) => <Status value={status} /> },
  {
    name: 'Maintenance',
    title: ({ title }) => title,
    cell: ({ id, title }) => (
      <Link to="/maintenances/$id" params={{ id }} search={{}}>
        {title}
      </Link>
    ),
  },
  {
    name: 'Systems',
    title: ({ systemIds }) => systemIds.join(', '),
    cell: ({ systemIds }) => <SystemLinks ids={systemIds} />,
  },
  { name: 'Starts', cell: ({ startAt }) => <Time at={startAt} /> },
  { name: 'Lasts', cell: ({ startAt, endAt }) => <Duration from={startAt} to={endAt} /> },
];

/** Shows maintenances in a two-week calendar and in a list. */
export function Maintenances() {
  const [search] = useSearchParams();
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const { status, systemId } = search;
  const filters = {
    ...(status === undefined ? {} : { status }),
    ...(systemId === undefined ? {} : { systemId }),
  };
  const query = usePages(['maintenances', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/maintenances', { params: { query: { ...filters, ...page(cursor, 100) } } })),
  );
  return (
    <Page
      title="Maintenances"
      aside={
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> Plan a maintenance
        </button>
      }
    >
      <Planned />
      <div className="filters">
        <Chips label="Status" name="status" values={['scheduled', 'in_progress', 'completed', 'cancelled']} />
      </div>
      <ActiveFilters names={{ systemId: 'system' }} texts={{ systemId: useSystemName(systemId) }} />
      <Pages query={query}>
        {(items) => (
          <Table
            label="Maintenances"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => id}
            empty={
              Object.keys(filters).length > 0 ? (
                <NoMatch what="maintenance" />
              ) : (
                'No maintenances yet. Plan one here, or let an automation plan one with maintenance.create.'
              )
            }
          />
        )}
      </Pages>
      {dialogOpen && <Plan onClose={() => setDialogOpen(false)} />}
    </Page>
  );
}

/** Shows the calendar of all maintenances that are planned or in progress. The filters apply only to the list below it. */
function Planned() {
  const query = useQuery({
    queryKey: ['maintenances', 'planned'],
    queryFn: () =>
      allOf(MAX_PLANNED, (page) =>
        bodyOf(api.GET('/api/v1/maintenances', { params: { query: { status: 'scheduled,in_progress', ...page } } })),
      ),
  });
  return (
    <Loaded query={query}>
      {({ items, isWhole }) => (
        <>
          <Calendar items={items} />
          {!isWhole && (
            <p className="filter-hint hint">
              The calendar shows only the newest {items.length} of the maintenances that are planned or in progress.
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}

/** A calendar of two weeks, starting today. Each day lists the maintenances that overlap it. */
function Calendar({ items }: { items: readonly Maintenance[] }) {
  const days = daysFrom(new Date(), DAYS).map(({ from, to }) => ({
    day: from,
    inDay: items.filter(({ startAt, endAt }) => Date.parse(startAt) < to && Date.parse(endAt) > from),
  }));
  return (
    <ol className="calendar" aria-label="Next two weeks">
      {days.map(({ day, inDay }) => (
        <li key={day} className={inDay.length > 0 ? 'busy' : undefined}>
          <span className="cell-sub">
            {new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' }).format(day)}
          </span>
          {inDay.map(({ id, title, startAt }) => (
            <Link key={id} to="/maintenances/$id" params={{ id }} search={{}} title={absoluteText(Date.parse(startAt))}>
              {title}
            </Link>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Plan({ onClose }: { onClose(): void }) {
  const [title, setTitle] = useState('');
  const [systemIds, setSystemIds] = useState<readonly string[]>([]);
  const [start, setStart] = useState('');
  const [end, setEnd] = useState('');
  const [suppress, setSuppress] = useState(true);
  const save = useSave(
    ['maintenances'],
    () =>
      bodyOf(
        api.POST('/api/v1/maintenances', {
          body: {
            ...{ title, systemIds: [...systemIds], suppressNotifications: suppress },
            ...{ startAt: new Date(start).toISOString(), endAt: new Date(end).toISOString() },
          },
        }),
      ),
    onClose,
  );
  return (
    <Dialog title="Plan a maintenance" submit="Plan" onClose={onClose} form={save}>
      <TextField label="Title" value={title} onChange={setTitle} required />
      <SystemsField value={systemIds} onChange={setSystemIds} />
      <TextField label="Start" type="datetime-local" value={start} onChange={setStart} required />
      <TextField label="End" type="datetime-local" value={end} onChange={setEnd} required />
      <CheckField label="Suppress notifications" checked={suppress} onChange={setSuppress} />
    </Dialog>
  );
}
