import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { ConfirmButton } from '../../ui/confirm-button';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { Field, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { UsersLink } from './used-by';

type Package = components['schemas']['ScriptPackage'];

/** Lists the packages that scripts may import. */
export function Packages() {
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const query = usePages(['packages'], (cursor) =>
    bodyOf(api.GET('/api/v1/script-packages', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Package>[] = [
    { name: 'Package', cell: ({ name }) => <code>{name}</code> },
    { name: 'Version', cell: ({ version }) => version },
    { name: 'Size', numeric: true, cell: ({ bytes }) => <span className="num">{Math.ceil(bytes / 1024)} kB</span> },
    { name: 'SHA-256', cell: ({ sha256 }) => <CopyId id={sha256} short={12} /> },
    {
      name: 'Used by',
      cell: ({ name, version }) => <UsersLink uses={`package:${name}@${version}`} name={`${name} ${version}`} />,
    },
    { name: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      name: 'Actions',
      hidden: true,
      cell: ({ id, name, version }) => (
        <ConfirmButton
          title={`Remove ${name} ${version}?`}
          submit="Remove"
          disabled={!may}
          refresh={['packages']}
          action={() => bodyOf(api.DELETE('/api/v1/script-packages/{id}', { params: { path: { id } } }))}
        >
          Scripts that import this version fail.
        </ConfirmButton>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> Add a package
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Script packages"
            columns={columns}
            rows={items}
            rowKey={({ id }) => id}
            empty="No packages yet. Scripts can import the packages that you add here."
          />
        )}
      </Pages>
      {dialogOpen && <AddPackage onClose={() => setDialogOpen(false)} />}
    </>
  );
}

function AddPackage({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [version, setVersion] = useState('');
  const [file, setFile] = useState<File>();
  const save = useSave(
    ['packages'],
    async () => {
      const bytes = new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer(0));
      const tarball = btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(''));
      // Not `crypto.subtle`, which browsers offer only over HTTPS and on localhost.
      const digest = bytesToHex(sha256(bytes));
      return bodyOf(api.POST('/api/v1/script-packages', { body: { name, version, tarball, sha256: digest } }));
    },
    onClose,
  );
  return (
    <Dialog title="Add a package" submit="Add" disabled={file === undefined} onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} required />
      <TextField label="Version" value={version} onChange={setVersion} required />
      <Field label="Tarball" hint="A tarball created by “npm pack”.">
        {(id) => (
          <input id={id} type="file" accept=".tgz,.tar.gz" onChange={(event) => setFile(event.target.files?.[0])} />
        )}
      </Field>
    </Dialog>
  );
}
