import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSystemName } from '../../api/system-names';
import { useNavigateWhileShown } from '../../lib/navigate-while-shown';
import { useSearchParams } from '../../lib/search';
import { ActiveFilters } from '../../ui/active-filters';
import { Chips } from '../../ui/chips';
import { Dialog } from '../../ui/dialog';
import { AreaField, SelectField, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { NoMatch } from '../../ui/no-match';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Duration, Time } from '../../ui/time';
import { SystemsField } from '../systems/system-fields';
import { SystemLinks } from '../systems/system-links';

type Incident = components['schemas']['Incident'];
const STATUSES = ['investigating', 'identified', 'fixing', 'monitoring', 'resolved'] as const;

const COLUMNS: readonly Column<Incident>[] = [
  { name: 'Status', cell: ({ status }) => <Status value={status} /> },
  {
    name: 'Incident',
    title: ({ title }) => title,
    cell: ({ id, title }) => (
      <Link to="/incidents/$id" params={{ id }} search={{}}>
        {title}
      </Link>
    ),
  },
  { name: 'Severity', cell: ({ severity }) => <Status value={severity} /> },
  {
    name: 'Systems',
    title: ({ systemIds }) => systemIds.join(', '),
    cell: ({ systemIds }) => <SystemLinks ids={systemIds} />,
  },
  { name: 'Opened', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { name: 'Lasted', cell: ({ createdAt, resolvedAt }) => <Duration from={createdAt} to={resolvedAt} /> },
];

/** Lists incidents, newest first. */
export function Incidents() {
  const [search] = useSearchParams();
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const { status, systemId } = search;
  const filters = {
    ...(status === undefined ? {} : { status }),
    ...(systemId === undefined ? {} : { systemId }),
  };
  const query = usePages(['incidents', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/incidents', { params: { query: { ...filters, ...page(cursor) } } })),
  );
  return (
    <Page
      title="Incidents"
      aside={
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> Open an incident
        </button>
      }
    >
      <div className="filters">
        <Chips label="Status" name="status" values={STATUSES} />
      </div>
      <ActiveFilters names={{ systemId: 'system' }} texts={{ systemId: useSystemName(systemId) }} />
      <Pages query={query} steadyBy={({ id }) => id}>
        {(items) => (
          <Table
            label="Incidents"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => id}
            empty={
              Object.keys(filters).length > 0 ? (
                <NoMatch what="incident" />
              ) : (
                'No incidents yet. Open one here, or let an automation open one with incident.create.'
              )
            }
          />
        )}
      </Pages>
      {dialogOpen && <OpenIncident onClose={() => setDialogOpen(false)} />}
    </Page>
  );
}

function OpenIncident({ onClose }: { onClose(): void }) {
  const navigate = useNavigateWhileShown();
  const [title, setTitle] = useState('');
  const [severity, setSeverity] = useState<Incident['severity']>('major');
  const [systemIds, setSystemIds] = useState<readonly string[]>([]);
  const [message, setMessage] = useState('');
  const save = useSave(
    ['incidents'],
    () => {
      const body = { title, severity, systemIds: [...systemIds], ...(message === '' ? {} : { message }) };
      return bodyOf(api.POST('/api/v1/incidents', { body }));
    },
    ({ id }) => navigate({ to: '/incidents/$id', params: { id }, search: {} }),
  );
  return (
    <Dialog title="Open an incident" submit="Open" onClose={onClose} form={save}>
      <TextField label="Title" value={title} onChange={setTitle} required />
      <SelectField<Incident['severity']>
        label="Severity"
        value={severity}
        options={['minor', 'major', 'critical']}
        onChange={setSeverity}
      />
      <SystemsField value={systemIds} onChange={setSystemIds} />
      <AreaField label="First update" value={message} onChange={setMessage} />
    </Dialog>
  );
}
