import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { ConfirmButton } from '../../ui/confirm-button';
import { ActionButton } from '../../ui/mutation';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Tabs } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { ConnectionDialog } from './connection-dialog';
import { Hooks } from './hooks';
import { Packages } from './packages';
import { Plugins } from './plugins';
import { Secrets } from './secrets';
import { UsersLink } from './used-by';

type Connection = components['schemas']['Connection'];

/** Shows connections, inbound hooks, secrets, script packages and plugins, each in a tab. */
export function Connections() {
  return (
    <Page
      title="Connections"
      sub={
        <Link to="/scripts" search={{}}>
          Try a script
        </Link>
      }
    >
      <Tabs
        tabs={[
          { id: 'connections', name: 'Connections', body: () => <ConnectionList /> },
          { id: 'hooks', name: 'Hooks', body: () => <Hooks /> },
          { id: 'secrets', name: 'Secrets', body: () => <Secrets /> },
          { id: 'packages', name: 'Script packages', body: () => <Packages /> },
          { id: 'plugins', name: 'Plugins', body: () => <Plugins /> },
        ]}
      />
    </Page>
  );
}

function ConnectionList() {
  const may = useMay('secrets');
  const [edited, setEdited] = useState<Connection | 'new'>();
  const query = usePages(['connections'], (cursor) =>
    bodyOf(api.GET('/api/v1/connections', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Connection>[] = [
    { name: 'Name', title: ({ name }) => name, cell: ({ name }) => name },
    { name: 'Type', cell: ({ type }) => type },
    { name: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    { name: 'Used by', cell: ({ id, name }) => <UsersLink uses={`connection:${id}`} name={name} /> },
    { name: 'Test', cell: ({ id }) => <TestSaved id={id} may={may} /> },
    {
      name: 'Actions',
      hidden: true,
      cell: (connection) => (
        <span className="row-actions">
          <button type="button" disabled={!may} onClick={() => setEdited(connection)}>
            Edit
          </button>
          <ConfirmButton
            title={`Delete the connection “${connection.name}”?`}
            submit="Delete"
            disabled={!may}
            refresh={['connections']}
            action={() => bodyOf(api.DELETE('/api/v1/connections/{id}', { params: { path: { id: connection.id } } }))}
          >
            Its secrets cannot be restored. Steps that use it fail.
          </ConfirmButton>
        </span>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" disabled={!may} onClick={() => setEdited('new')}>
          <Plus size={14} aria-hidden /> New connection
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Connections"
            columns={columns}
            rows={items}
            rowKey={({ id }) => id}
            empty="No connections yet. A connection has the address and the credentials of a product that automations call."
          />
        )}
      </Pages>
      {edited !== undefined && (
        <ConnectionDialog connection={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
    </>
  );
}

function TestSaved({ id, may }: { id: string; may: boolean }) {
  const [result, setResult] = useState<{ ok: boolean; message: string }>();
  return (
    <span className="row-actions">
      <ActionButton
        disabled={!may}
        refresh={[]}
        action={async () =>
          setResult(await bodyOf(api.POST('/api/v1/connections/{id}/test', { params: { path: { id } } })))
        }
      >
        Test
      </ActionButton>
      {result !== undefined && <Status value={result.ok ? 'success' : 'failed'} label={result.message} />}
    </span>
  );
}
