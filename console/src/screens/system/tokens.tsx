import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { sessionQuery } from '../../api/session';
import { ConfirmButton } from '../../ui/confirm-button';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { CheckField, TextField } from '../../ui/field';
import { refreshAll } from '../../ui/mutation';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Token = components['schemas']['Token'];
type Role = Token['roles'][number];
const ROLES = ['viewer', 'operator', 'ingest', 'admin'] as const;

/** Lists API tokens and sessions, with buttons to revoke them. */
export function Tokens() {
  const { data: session } = useQuery(sessionQuery);
  const [dialogOpen, setDialogOpen] = useState(false);
  const query = usePages(['tokens'], (cursor) =>
    bodyOf(api.GET('/api/v1/tokens', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Token>[] = [
    { name: 'Name', title: ({ name }) => name, cell: ({ name }) => name },
    {
      name: 'Kind',
      cell: ({ id, kind }) => (
        <>
          {kind}
          {id === session?.id && <span className="tag">this one</span>}
        </>
      ),
    },
    { name: 'Prefix', cell: ({ prefix }) => <code>{prefix}</code> },
    { name: 'Roles', cell: ({ roles }) => roles.join(', ') },
    { name: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
    { name: 'Expires', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <Time at={expiresAt} />) },
    {
      name: 'Actions',
      hidden: true,
      cell: ({ id, name, kind }) => (
        <ConfirmButton
          title={`Revoke the ${kind} “${name}”?`}
          submit="Revoke"
          refresh={['tokens']}
          action={() => bodyOf(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } }))}
        >
          {kind === 'session'
            ? 'Its user is signed out.'
            : 'Calls with this token are refused, and sessions that were started with it end.'}
        </ConfirmButton>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> New token
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Tokens and sessions"
            columns={columns}
            rows={items}
            rowKey={({ id }) => id}
            empty="No tokens."
          />
        )}
      </Pages>
      {dialogOpen && <NewToken onClose={() => setDialogOpen(false)} />}
    </>
  );
}

function NewToken({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<readonly Role[]>(['viewer']);
  const save = useMutation({
    mutationFn: async () => {
      const made: unknown = await bodyOf(api.POST('/api/v1/tokens', { body: { name, roles: [...roles] } }));
      return made as { token: string };
    },
    onSuccess: () => refreshAll(['tokens']),
  });
  if (save.data !== undefined) {
    return (
      // The key opens a new dialog, whose focus starts at the token.
      <Dialog key="created" title="New token" onClose={onClose}>
        <p>Copy the token now. It will not be shown again.</p>
        <CopyId id={save.data.token} short={60} />
      </Dialog>
    );
  }
  return (
    <Dialog title="New token" submit="Create" disabled={roles.length === 0} onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} required />
      <fieldset>
        <legend>Roles</legend>
        {ROLES.map((role) => (
          <CheckField
            key={role}
            label={role}
            checked={roles.includes(role)}
            onChange={(on) => setRoles(on ? [...roles, role] : roles.filter((each) => each !== role))}
          />
        ))}
      </fieldset>
    </Dialog>
  );
}
