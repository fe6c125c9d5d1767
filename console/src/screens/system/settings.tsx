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
  { name: 'Source', cell: ({ source }) => (source === 'unset' ? '–' : source) },
];

/** Lists the settings of the API process that answers the request. Workers are configured separately. */
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
        Settings of the API process that answered this request, read from its environment variables. Worker processes
        have their own settings.
      </p>
      <Loaded query={query}>
        {({ items }) => (
          <Table
            label="Settings"
            columns={COLUMNS}
            rows={items.filter(({ name }) => name.toLowerCase().includes(word))}
            rowKey={({ name }) => name}
            empty="No setting name contains this text."
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
