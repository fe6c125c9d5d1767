import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { CopyId } from '../../ui/copy';
import { Loaded } from '../../ui/page';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';

type Plugin = components['schemas']['Plugin'];

const COLUMNS: readonly Column<Plugin>[] = [
  { name: 'Plugin', cell: ({ id }) => <CopyId id={id} short={60} /> },
  {
    name: 'Comes from',
    cell: ({ external }) =>
      external === null ? <span className="faint">workers only</span> : external ? 'FERMATA_PLUGINS' : 'built in',
  },
  {
    name: 'Triggers',
    title: ({ triggers }) => triggers.join('\n'),
    cell: ({ id, triggers }) => <Catalogued tab="triggers" id={id} names={triggers} />,
  },
  {
    name: 'Actions',
    title: ({ actions }) => actions.join('\n'),
    cell: ({ id, actions }) => <Catalogued tab="actions" id={id} names={actions} />,
  },
  { name: 'Kinds', wrap: true, cell: ({ entityKinds }) => <Kinds names={entityKinds} /> },
  { name: 'Filters', wrap: true, cell: ({ filters }) => listed(filters) },
  { name: 'Connections', wrap: true, cell: ({ connectionTypes }) => listed(connectionTypes) },
  {
    name: 'Workers',
    cell: ({ workers, workersWithout }) =>
      workersWithout > 0 ? (
        <Status value="degraded" label={`${workers} of ${workers + workersWithout}`} />
      ) : (
        <Status value={workers === 0 ? 'pending' : 'healthy'} label={String(workers)} />
      ),
  },
];

const listed = (names: readonly string[]) => (names.length === 0 ? <span className="faint">–</span> : names.join(', '));

/** The number of triggers or actions, with a link to their descriptions. */
function Catalogued({ tab, id, names }: { tab: string; id: string; names: readonly string[] }) {
  if (names.length === 0) return <span className="faint">–</span>;
  return (
    <Link to="/system" search={{ tab, q: `${id}.` }} aria-label={`${names.length} ${tab} of ${id}`}>
      {names.length}
    </Link>
  );
}

function Kinds({ names }: { names: readonly string[] }) {
  if (names.length === 0) return listed(names);
  return names.map((kind, index) => (
    <span key={kind}>
      {index > 0 && ', '}
      <Link to="/entities/$kind" params={{ kind }} search={{}}>
        {kind}
      </Link>
    </span>
  ));
}

/** Lists plugins, what they provide, and how many workers have them. */
export function Plugins() {
  const query = useQuery({ queryKey: ['plugins'], queryFn: () => bodyOf(api.GET('/api/v1/plugins')) });
  return (
    <Loaded query={query}>
      {({ items }) => <Table label="Plugins" columns={COLUMNS} rows={items} rowKey={({ id }) => id} empty="None." />}
    </Loaded>
  );
}
