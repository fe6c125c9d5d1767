import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useSearchParams } from '../../lib/search';
import { Loaded } from '../../ui/page';
import { SearchBox } from '../../ui/search-box';
import { Table, type Column } from '../../ui/table';

type Setting = components['schemas']['Setting'];

const COLUMNS: readonly Column<Setting>[] = [
  { name: 'Setting', cell: ({ name }) => <code>{name}</code> },
  { name: 'Value', wrap: true, cell: (setting) => <Value setting={setting} /> },
  { name: 'Comes from', cell: ({ source }) => (source === 'unset' ? '–' : source) },
];

/** Settings of the API process that answers. Workers have an environment of their own. */
export function Settings() {
  const [search] = useSearchParams();
  const query = useQuery({ queryKey: ['settings'], queryFn: () => bodyOf(api.GET('/api/v1/settings')) });
  const word = (search['q'] ?? '').toLowerCase();
  return (
    <>
      <div className="filters">
        <SearchBox label="Search settings" placeholder="Name of a setting" />
      </div>
      <p className="hint">
        Settings of the API process that answered. They are variables of its environment; worker processes have their
        own.
      </p>
      <Loaded query={query}>
        {({ items }) => (
          <Table
            label="Settings"
            columns={COLUMNS}
            rows={items.filter(({ name }) => name.toLowerCase().includes(word))}
            rowKey={({ name }) => name}
            empty="No setting has this in its name."
          />
        )}
      </Loaded>
    </>
  );
}

function Value({ setting: { value, secret, source } }: { setting: Setting }) {
  if (secret) return <span className="faint">{source === 'unset' ? 'not set' : 'set, not shown'}</span>;
  if (value === null) return <span className="faint">not set</span>;
  return value === '' ? <span className="faint">empty</span> : <code>{value}</code>;
}
