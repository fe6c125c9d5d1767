import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { MIN_SECRET_LENGTH } from '../../../../src/domain/secrets/min-length';
import { allOf } from '../../api/all-of';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { ConfirmButton } from '../../ui/confirm-button';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { Problem } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { SecretUsers } from './used-by';

type Secret = components['schemas']['Secret'];

/** Lists secrets and where each is used. The API never returns their values. */
export function Secrets() {
  const may = useMay('secrets');
  const [edited, setEdited] = useState<string>();
  const query = usePages(['secrets'], (cursor) =>
    bodyOf(api.GET('/api/v1/secrets', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Secret>[] = [
    { name: 'Name', cell: ({ name }) => <code>{name}</code> },
    { name: 'Version', numeric: true, cell: ({ version }) => <span className="num">{version}</span> },
    { name: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    { name: 'Used by', wrap: true, cell: ({ usedBy }) => <SecretUsers usedBy={usedBy} /> },
    { name: 'Reference', cell: ({ name }) => <CopyId id={`\${{ secrets.${name} }}`} short={60} /> },
    {
      name: 'Actions',
      hidden: true,
      cell: ({ name }) => (
        <span className="row-actions">
          <button type="button" disabled={!may} onClick={() => setEdited(name)}>
            Replace
          </button>
          <ConfirmButton
            title={`Delete the secret ${name}?`}
            submit="Delete"
            disabled={!may}
            refresh={['secrets']}
            action={() => bodyOf(api.DELETE('/api/v1/secrets/{name}', { params: { path: { name } } }))}
          >
            Its value cannot be restored. Steps that refer to it fail.
          </ConfirmButton>
        </span>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" disabled={!may} onClick={() => setEdited('')}>
          <Plus size={14} aria-hidden /> New secret
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Secrets"
            columns={columns}
            rows={items}
            rowKey={({ name }) => name}
            empty="No secrets yet. Automations refer to a secret by its name, e.g. ${{ secrets.NAME }}."
          />
        )}
      </Pages>
      {edited !== undefined && <SecretDialog given={edited} onClose={() => setEdited(undefined)} />}
    </>
  );
}

/** A dialog that saves a secret. `given` is the name of the secret to replace, or an empty string for a new one. */
function SecretDialog({ given, onClose }: { given: string; onClose(): void }) {
  const isNew = given === '';
  const [name, setName] = useState(given);
  const [value, setValue] = useState('');
  // Not below the key `secrets`: the name just saved would be reported as taken until the dialog closes.
  const names = useQuery({ queryKey: ['secret-names'], enabled: isNew, gcTime: 0, queryFn: readNames });
  const isTaken = isNew && names.data?.has(name) === true;
  const save = useSave(
    ['secrets'],
    () => bodyOf(api.PUT('/api/v1/secrets/{name}', { params: { path: { name } }, body: { value } })),
    onClose,
  );
  const tooShort = value !== '' && value.trim().length < MIN_SECRET_LENGTH;
  const taken = <span className="tone-bad">A secret with this name exists. To change its value, use Replace.</span>;
  return (
    <Dialog
      title={isNew ? 'New secret' : `Replace ${given}`}
      disabled={isNew && (names.data === undefined || isTaken)}
      onClose={onClose}
      form={save}
    >
      {names.error !== null && <Problem error={names.error} />}
      {isNew && <TextField label="Name" value={name} onChange={setName} hint={isTaken ? taken : undefined} required />}
      <TextField
        label="Value"
        type="password"
        value={value}
        onChange={setValue}
        hint="Never shown after saving."
        required
      />
      {tooShort && (
        <p className="tone-warn" role="status">
          Values with fewer than {MIN_SECRET_LENGTH} characters are not masked in logs and results.
        </p>
      )}
    </Dialog>
  );
}

/** Returns the names of all secrets. The API would replace the value of a secret that already exists. */
async function readNames(): Promise<ReadonlySet<string>> {
  const { items } = await allOf(Infinity, (query) => bodyOf(api.GET('/api/v1/secrets', { params: { query } })));
  return new Set(items.map(({ name }) => name));
}
