import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useSearchParams } from '../../lib/search';
import { Chips } from '../../ui/chips';
import { page, Pages, usePages } from '../../ui/pages';
import { SearchBox } from '../../ui/search-box';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Entry = components['schemas']['AuditEntry'];

const COLUMNS: readonly Column<Entry>[] = [
  { name: 'At', cell: ({ at }) => <Time at={at} /> },
  { name: 'Actor', title: ({ actor }) => `${actor.type} ${actor.id}`, cell: ({ actor }) => actor.name ?? actor.id },
  { name: 'Action', cell: ({ action }) => <code>{action}</code> },
  { name: 'Path', title: ({ target }) => target ?? '', cell: ({ target }) => target ?? '–' },
  { name: 'Outcome', cell: ({ outcome }) => <Status value={outcome} /> },
  { name: 'Address', cell: ({ remoteAddress }) => remoteAddress ?? '–' },
];

/** Lists the audit log, newest entries first. */
export function Audit() {
  const [search] = useSearchParams();
  const { action, outcome, actorId } = search;
  const filters = Object.fromEntries(
    Object.entries({ action, outcome, actorId }).filter(([, value]) => value !== undefined),
  );
  const query = usePages(['audit', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/audit', { params: { query: { ...filters, ...page(cursor) } as never } })),
  );
  return (
    <>
      <div className="filters">
        <SearchBox name="action" label="Action" placeholder="Action, e.g. automations.update" />
        <Chips label="Outcome" name="outcome" values={['success', 'refused', 'failed']} />
      </div>
      <Pages query={query}>
        {(items) => (
          <Table
            label="Audit"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => String(id)}
            empty="Nothing was recorded."
          />
        )}
      </Pages>
    </>
  );
}
