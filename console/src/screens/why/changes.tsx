import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useSearchParams } from '../../lib/search';
import { changeName } from '../../lib/change-name';
import { ActiveFilters } from '../../ui/active-filters';
import { ContextKey, EntityName } from '../../ui/entity-name';
import { NoMatch } from '../../ui/no-match';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { PeriodFilter } from '../../ui/period-filter';
import { SearchBox } from '../../ui/search-box';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Change = components['schemas']['ChangeSummary'];
/** Interval in milliseconds at which the list is read again. */
const REFRESH_MS = 10_000;
const FILTERS = ['kind', 'entity', 'event', 'system', 'since', 'until'] as const;

const COLUMNS: readonly Column<Change>[] = [
  { name: 'At', cell: ({ occurredAt }) => <Time at={occurredAt} /> },
  {
    name: 'What happened',
    title: ({ event, events, kind }) => [event, ...events].filter((each) => each !== null).join(', ') || kind,
    cell: (change) => (
      <>
        <Link to="/why/$id" params={{ id: change.changeId }} search={{}}>
          {changeName(change) ?? change.kind}
        </Link>{' '}
        <span className="cell-sub">{change.changedFields.join(', ')}</span>
      </>
    ),
  },
  {
    name: 'Entity',
    cell: ({ kind, id, name }) => <EntityName kind={kind} id={id} name={name} short={32} />,
  },
  {
    name: 'Context',
    cell: (change) =>
      change.contextKey === change.id ? <span className="faint">–</span> : <ContextKey of={change} short={32} />,
  },
  {
    name: 'From',
    title: ({ sender }) => sender.name,
    cell: ({ sender }) => (
      <>
        <span className="faint">{sender.type}</span> {sender.name}
      </>
    ),
  },
];

/** Lists events and state changes, newest first. Each links to what automations did with it. */
export function Changes() {
  const [search] = useSearchParams();
  const filters = Object.fromEntries(
    FILTERS.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])),
  );
  const query = usePages(
    ['changes', filters],
    (cursor) => bodyOf(api.GET('/api/v1/changes', { params: { query: { ...filters, ...page(cursor) } } })),
    // The event stream does not announce events that start no run.
    { refetchInterval: REFRESH_MS },
  );
  return (
    <Page
      title="Why"
      sub={
        <span>Choose an event or change to see every automation it could have started, and why it did or did not.</span>
      }
    >
      <div className="filters">
        <SearchBox name="event" label="Event" placeholder="Event, e.g. alert.fired" />
        <SearchBox name="system" label="System" placeholder="System" />
        <SearchBox name="entity" label="Entity" placeholder="Entity, e.g. a fingerprint" />
        <PeriodFilter from="since" to="until" />
      </div>
      <ActiveFilters names={{ kind: 'kind', ...(/^\d+[a-z]+$/i.test(search['since'] ?? '') && { since: 'since' }) }} />
      <Pages query={query} steadyBy={({ changeId }) => changeId}>
        {(items) => (
          <Table
            label="Changes"
            columns={COLUMNS}
            rows={items}
            rowKey={({ changeId }) => changeId}
            empty={
              Object.keys(filters).length > 0 ? (
                <NoMatch what="event or change" />
              ) : (
                'Nothing has happened yet. Events, and changes of alerts, systems and other entities, appear here.'
              )
            }
          />
        )}
      </Pages>
    </Page>
  );
}
