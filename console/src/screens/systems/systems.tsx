import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSearchParams } from '../../lib/search';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { AreaField, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { NoMatch } from '../../ui/no-match';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { SearchBox } from '../../ui/search-box';
import { Status } from '../../ui/status';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useGraphView, ViewSwitch } from '../../ui/view-switch';
import { readHealth, type Health } from './read-all';
import { HealthStatus } from './system-health';
import { SystemMap } from './system-map';

type System = components['schemas']['System'];

/** Lists systems with their health. */
export function Systems() {
  const [search] = useSearchParams();
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const { q, health } = search;
  const filters = { ...(q === undefined ? {} : { q }), ...(health === undefined ? {} : { health }) };
  const isMap = useGraphView('map');
  const query = usePages(
    ['systems', filters],
    (cursor) => bodyOf(api.GET('/api/v1/systems', { params: { query: { ...filters, ...page(cursor) } } })),
    { enabled: !isMap },
  );
  return (
    <Page
      title="Systems"
      aside={
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> New system
        </button>
      }
    >
      <div className="filters">
        <SearchBox label="Search systems" placeholder="Part of id or name" />
        {!isMap && <HealthFilter />}
        <ViewSwitch other="map" />
      </div>
      {isMap ? (
        <SystemMap q={q} />
      ) : (
        <Pages query={query}>
          {(items) => <SystemTable systems={items} filtered={Object.keys(filters).length > 0} />}
        </Pages>
      )}
      {dialogOpen && <NewSystem onClose={() => setDialogOpen(false)} />}
    </Page>
  );
}

/** Buttons that restrict the list to systems with the chosen health statuses. */
function HealthFilter() {
  const [search, set] = useSearchParams();
  const chosen = (search['health'] ?? '').split(',').filter((status) => status !== '');
  const toggle = (status: string) => {
    const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
    set({ health: next.join(',') });
  };
  return (
    <div className="chips" role="group" aria-label="Health">
      {['unhealthy', 'degraded', 'healthy'].map((status) => (
        <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
          <Status value={status} />
        </button>
      ))}
    </div>
  );
}

function SystemTable({ systems, filtered }: { systems: readonly System[]; filtered: boolean }) {
  const ids = systems.map(({ id }) => id);
  const health = useQuery({
    queryKey: ['health', 'list', ids],
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    queryFn: () => readHealth(ids),
  });
  const byId = health.data ?? new Map<string, Health>();
  return (
    <Table
      label="Systems"
      className="systems-table"
      rows={systems}
      rowKey={({ id }) => id}
      empty={
        filtered ? (
          <NoMatch what="system" />
        ) : (
          'No systems yet. Alerts and check results create them, or create one here.'
        )
      }
      columns={[
        {
          name: 'System',
          title: ({ name }) => name,
          cell: ({ id, name }) => (
            <Link to="/systems/$id" params={{ id }} search={{}}>
              {name}
            </Link>
          ),
        },
        { name: 'Health', cell: ({ id }) => <HealthStatus health={byId.get(id)} /> },
        { name: 'Since', cell: ({ id }) => <Time at={byId.get(id)?.inStatusSince} /> },
        {
          name: 'Checks',
          cell: ({ id }) => {
            const known = byId.get(id);
            return (
              <span className="num">
                {known === undefined || known.totalChecks === 0
                  ? '–'
                  : `${known.healthyChecks} of ${known.totalChecks}`}
              </span>
            );
          },
        },
        { name: 'Id', cell: ({ id }) => <CopyId id={id} short={40} /> },
        {
          name: 'Description',
          title: ({ description }) => description ?? '',
          cell: ({ description }) => description ?? '–',
        },
      ]}
    />
  );
}

function NewSystem({ onClose }: { onClose(): void }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const save = useSave(
    ['systems'],
    () =>
      bodyOf(
        api.POST('/api/v1/systems', {
          body: { name, ...(id === '' ? {} : { id }), ...(description === '' ? {} : { description }) },
        }),
      ),
    onClose,
  );
  return (
    <Dialog title="New system" submit="Create" onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} required />
      <TextField
        label="Id"
        value={id}
        onChange={setId}
        hint="Leave empty to generate an id. Alerts refer to the system by this id."
      />
      <AreaField label="Description" value={description} onChange={setDescription} rows={2} />
    </Dialog>
  );
}
