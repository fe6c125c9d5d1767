import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useSearchParams } from '../../lib/search';
import { ActiveFilters } from '../../ui/active-filters';
import { Chips } from '../../ui/chips';
import { NoMatch } from '../../ui/no-match';
import { page, Pages, usePages } from '../../ui/pages';
import { PeriodFilter } from '../../ui/period-filter';
import { SearchBox } from '../../ui/search-box';
import { Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Entry = components['schemas']['AuditEntry'];

const COLUMNS: readonly Column<Entry>[] = [
  { name: 'At', cell: ({ at }) => <Time at={at} /> },
  { name: 'Actor', title: ({ actor }) => `${actor.type} ${actor.id}`, cell: ({ actor }) => <Actor actor={actor} /> },
  { name: 'Action', cell: ({ action }) => <code>{action}</code> },
  { name: 'Path', title: ({ target }) => target ?? '', cell: ({ target }) => target ?? '–' },
  { name: 'Outcome', cell: ({ outcome }) => <Status value={outcome} /> },
  { name: 'Address', cell: ({ remoteAddress }) => remoteAddress ?? '–' },
];

/** The actor of an entry. Pressing it filters the list to this actor. */
function Actor({ actor }: { actor: Entry['actor'] }) {
  const [, set] = useSearchParams();
  const name = actor.name ?? actor.id;
  return (
    <button type="button" className="link" aria-label={`Only ${name}`} onClick={() => set({ actorId: actor.id })}>
      {name}
    </button>
  );
}

/** Lists the audit log, newest entries first. */
export function Audit() {
  const [search] = useSearchParams();
  const { action, outcome, actorId, from, to } = search;
  const filters = Object.fromEntries(
    Object.entries({ action, outcome, actorId, from, to }).filter(([, value]) => value !== undefined),
  );
  const query = usePages(['audit', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/audit', { params: { query: { ...filters, ...page(cursor) } as never } })),
  );
  return (
    <>
      <div className="filters">
        <SearchBox name="action" label="Action" placeholder="Action, e.g. automations.update" />
        <Chips label="Outcome" name="outcome" values={['success', 'refused', 'failed']} />
        <PeriodFilter />
      </div>
      <ActiveFilters names={{ actorId: 'actor' }} />
      <Pages query={query} steadyBy={({ id }) => String(id)}>
        {(items) => (
          <Table
            label="Audit"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => String(id)}
            empty={Object.keys(filters).length > 0 ? <NoMatch what="entry" /> : 'Nothing has been recorded yet.'}
          />
        )}
      </Pages>
    </>
  );
}
