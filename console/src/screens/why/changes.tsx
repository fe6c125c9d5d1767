import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useSearchParams } from '../../lib/search';
import { changeName } from '../../lib/change-name';
import { ActiveFilters } from '../../ui/active-filters';
import { shortId } from '../../ui/copy';
import { EntityName } from '../../ui/entity-name';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { PeriodFilter } from '../../ui/period-filter';
import { SearchBox } from '../../ui/search-box';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Change = components['schemas']['ChangeSummary'];
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
    title: ({ contextKey }) => contextKey ?? '',
    cell: ({ contextKey, id }) =>
      contextKey === null || contextKey === id ? <span className="faint">–</span> : shortId(contextKey, 32),
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
  const query = usePages(['changes', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/changes', { params: { query: { ...filters, ...page(cursor) } } })),
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
      <Pages query={query}>
        {(items) => (
          <Table
            label="Changes"
            columns={COLUMNS}
            rows={items}
            rowKey={({ changeId }) => changeId}
            empty="No events or changes match these filters."
          />
        )}
      </Pages>
    </Page>
  );
}
