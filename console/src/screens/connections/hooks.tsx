import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, ask } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { ActionButton, useSave } from '../../ui/mutation';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Hook = components['schemas']['Hook'];
const SCHEMES = [
  ...(['header', 'timestamped', 'github', 'gitlab', 'pagerduty', 'slack', 'stripe', 'standard-webhooks'] as const),
  ...(['sentry', 'grafana', 'shopify', 'linear', 'bitbucket', 'none'] as const),
] as const;

/** Inbound hooks and how their senders sign. */
export function Hooks() {
  const may = useMay('secrets');
  const [asked, setAsked] = useState(false);
  const query = usePages(['hooks'], (cursor) => ask(api.GET('/api/v1/hooks', { params: { query: page(cursor) } })));
  const columns: readonly Column<Hook>[] = [
    { name: 'Hook', title: ({ name }) => name, cell: ({ name }) => name },
    { name: 'Scheme', cell: ({ scheme }) => scheme },
    {
      name: 'Address',
      cell: ({ name }) => (
        <CopyId id={`${window.location.origin}/api/v1/hooks/${encodeURIComponent(name)}`} short={50} />
      ),
    },
    { name: 'Secrets', cell: ({ secrets }) => <span className="num">{secrets.length} set</span> },
    { name: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    {
      name: 'Actions',
      hidden: true,
      cell: ({ name }) => (
        <ActionButton
          disabled={!may}
          refresh={['hooks']}
          action={() => ask(api.DELETE('/api/v1/hooks/{name}', { params: { path: { name } } }))}
        >
          Delete
        </ActionButton>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" disabled={!may} onClick={() => setAsked(true)}>
          <Plus size={14} aria-hidden /> New hook
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table label="Hooks" columns={columns} rows={items} rowKey={({ id }) => id} empty="No hooks yet." />
        )}
      </Pages>
      {asked && <NewHook onClose={() => setAsked(false)} />}
    </>
  );
}

function NewHook({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [scheme, setScheme] = useState<(typeof SCHEMES)[number]>('header');
  const [secret, setSecret] = useState('');
  const save = useSave(
    ['hooks'],
    () =>
      ask(api.POST('/api/v1/hooks', { body: { name, scheme, ...(scheme === 'none' ? {} : { secrets: [secret] }) } })),
    onClose,
  );
  return (
    <Dialog title="New hook" submit="Create" onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} hint="Part of its address." required />
      <SelectField<(typeof SCHEMES)[number]>
        label="How the sender signs"
        value={scheme}
        options={SCHEMES}
        onChange={setScheme}
      />
      {scheme === 'none' ? (
        <p className="tone-warn">Anybody who knows the address can send.</p>
      ) : (
        <TextField
          label="Secret"
          type="password"
          value={secret}
          onChange={setSecret}
          hint="Written once, never shown."
          required
        />
      )}
    </Dialog>
  );
}
