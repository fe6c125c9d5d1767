import { HOOK_SCHEMES, type HookScheme } from '../../../../src/domain/hooks/scheme-names';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { omit } from '../../lib/records';
import { ConfirmButton } from '../../ui/confirm-button';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { AreaField, SelectField, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { UsersLink } from './used-by';

type Hook = components['schemas']['Hook'];

/** Signature schemes that need no secret. */
const UNSIGNED: ReadonlySet<string> = new Set(['none', 'sns']);
/** Signature schemes whose HTTP header is configurable. */
const WITH_HEADER: ReadonlySet<string> = new Set(['header', 'timestamped', 'hmac']);

interface HmacOptions {
  digest?: (typeof DIGESTS)[number];
  encoding?: (typeof ENCODINGS)[number];
  prefix?: string;
  signedText?: string;
  timestampHeader?: string;
}
const DIGESTS = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
const ENCODINGS = ['hex', 'base64'] as const;

/** Lists inbound hooks and the signature scheme of each. */
export function Hooks() {
  const may = useMay('secrets');
  const [dialogOpen, setDialogOpen] = useState(false);
  const query = usePages(['hooks'], (cursor) => bodyOf(api.GET('/api/v1/hooks', { params: { query: page(cursor) } })));
  const columns: readonly Column<Hook>[] = [
    { name: 'Hook', title: ({ name }) => name, cell: ({ name }) => name },
    { name: 'Scheme', cell: ({ scheme }) => scheme },
    {
      name: 'Address',
      cell: ({ name }) => (
        <CopyId id={`${window.location.origin}/api/v1/hooks/${encodeURIComponent(name)}`} short={50} />
      ),
    },
    { name: 'Used by', cell: ({ name }) => <UsersLink uses={`hook:${name}`} name={name} /> },
    { name: 'Secrets', cell: ({ secrets }) => <span className="num">{secrets.length} set</span> },
    { name: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    {
      name: 'Actions',
      hidden: true,
      cell: ({ name }) => (
        <ConfirmButton
          title={`Delete the hook “${name}”?`}
          submit="Delete"
          disabled={!may}
          refresh={['hooks']}
          action={() => bodyOf(api.DELETE('/api/v1/hooks/{name}', { params: { path: { name } } }))}
        >
          Its secrets cannot be restored. Requests to its address are refused.
        </ConfirmButton>
      ),
    },
  ];
  return (
    <>
      <div className="filters">
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> New hook
        </button>
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Hooks"
            columns={columns}
            rows={items}
            rowKey={({ id }) => id}
            empty="No hooks yet. A hook receives messages that other products sign with a secret."
          />
        )}
      </Pages>
      {dialogOpen && <NewHook onClose={() => setDialogOpen(false)} />}
    </>
  );
}

function NewHook({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [scheme, setScheme] = useState<HookScheme>('header');
  const [secret, setSecret] = useState('');
  const [header, setHeader] = useState('');
  const [hmac, setHmac] = useState<HmacOptions>({});
  const [topics, setTopics] = useState('');
  const save = useSave(
    ['hooks'],
    () => {
      const arns = topics.split(/[\s,]+/).filter((each) => each !== '');
      const options = scheme === 'sns' ? { topics: arns } : hmac;
      const body = {
        ...{ name, scheme },
        ...(UNSIGNED.has(scheme) ? {} : { secrets: [secret] }),
        ...(header === '' || !WITH_HEADER.has(scheme) ? {} : { header }),
        ...(scheme === 'sns' || scheme === 'hmac' ? options : {}),
      };
      return bodyOf(api.POST('/api/v1/hooks', { body }));
    },
    onClose,
  );
  return (
    <Dialog title="New hook" submit="Create" onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} hint="Part of the hook’s address." required />
      <SelectField<HookScheme>
        label="How the sender signs requests"
        value={scheme}
        options={HOOK_SCHEMES}
        onChange={setScheme}
      />
      {WITH_HEADER.has(scheme) && (
        <TextField label="Header" value={header} onChange={setHeader} hint="Default: depends on the scheme." />
      )}
      {scheme === 'hmac' && <HmacFields value={hmac} onChange={setHmac} />}
      {scheme === 'sns' && (
        <AreaField
          label="Topics"
          value={topics}
          onChange={setTopics}
          rows={2}
          code
          required
          hint="ARNs of the topics that may post, one per line. Their subscriptions are confirmed automatically."
        />
      )}
      {scheme === 'none' && <p className="tone-warn">Anyone who knows the address can send events.</p>}
      {!UNSIGNED.has(scheme) && (
        <TextField
          label="Secret"
          type="password"
          value={secret}
          onChange={setSecret}
          hint="Never shown after saving."
          required
        />
      )}
    </Dialog>
  );
}

/** Fields for the options of an HMAC signature. An empty field keeps the default. */
function HmacFields({ value, onChange }: { value: HmacOptions; onChange(value: HmacOptions): void }) {
  const set = (name: 'prefix' | 'signedText' | 'timestampHeader') => (text: string) => {
    onChange(text === '' ? omit(value, name) : { ...value, [name]: text });
  };
  return (
    <fieldset>
      <legend>Signature</legend>
      <SelectField
        label="Digest"
        value={value.digest ?? 'sha256'}
        options={DIGESTS}
        onChange={(digest) => onChange({ ...value, digest })}
      />
      <SelectField
        label="Encoding"
        value={value.encoding ?? 'hex'}
        options={ENCODINGS}
        onChange={(encoding) => onChange({ ...value, encoding })}
      />
      <TextField label="Prefix" value={value.prefix ?? ''} onChange={set('prefix')} hint="For example sha256=" />
      <TextField
        label="Signed text"
        value={value.signedText ?? ''}
        onChange={set('signedText')}
        hint="May contain {body}, {timestamp}, {id} and {header:NAME}. Default: {body}"
      />
      <TextField label="Timestamp header" value={value.timestampHeader ?? ''} onChange={set('timestampHeader')} />
    </fieldset>
  );
}
