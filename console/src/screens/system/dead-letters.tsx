import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { changeName } from '../../lib/change-name';
import { isRecord } from '../../lib/records';
import { CopyId } from '../../ui/copy';
import { EntityName } from '../../ui/entity-name';
import { ActionButton } from '../../ui/mutation';
import { page, Pages, usePages } from '../../ui/pages';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Failed = components['schemas']['FailedChange'];
type Refused = components['schemas']['RefusedDelivery'];

/** Lists changes that could not be routed, each with a button to retry it. */
export function DeadLetters() {
  const may = useMay('manage');
  const query = usePages(['now', 'dead-letters'], (cursor) =>
    bodyOf(api.GET('/api/v1/changes/failed', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Failed>[] = [
    { name: 'Change', cell: ({ changeId }) => <CopyId id={changeId} short={13} /> },
    {
      name: 'Event',
      cell: (change) => (
        <Link to="/why/$id" params={{ id: change.changeId }} search={{}}>
          {changeName(change) ?? change.kind}
        </Link>
      ),
    },
    { name: 'Entity', cell: ({ kind, id, name }) => <EntityName kind={kind} id={id} name={name} /> },
    { name: 'Error', wrap: true, cell: ({ error }) => messageOf(error) },
    { name: 'Attempts', numeric: true, cell: ({ attempts }) => <span className="num">{attempts}</span> },
    { name: 'Failed', cell: ({ failedAt }) => <Time at={failedAt} /> },
    {
      name: 'Retry',
      hidden: true,
      cell: ({ changeId }) => (
        <ActionButton
          disabled={!may}
          refresh={['now']}
          action={() => bodyOf(api.POST('/api/v1/changes/{id}/retry', { params: { path: { id: changeId } } }))}
        >
          Retry
        </ActionButton>
      ),
    },
  ];
  return (
    <Pages query={query}>
      {(items) => (
        <Table
          label="Dead letters"
          columns={columns}
          rows={items}
          rowKey={({ changeId }) => changeId}
          empty="All changes were routed."
        />
      )}
    </Pages>
  );
}

function messageOf(error: unknown): string {
  if (isRecord(error) && typeof error['message'] === 'string') return error['message'];
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? '');
}

const REFUSED: readonly Column<Refused>[] = [
  { name: 'At', cell: ({ at }) => <Time at={at} /> },
  { name: 'Route', cell: ({ route }) => <code>{route}</code> },
  { name: 'Sender', title: ({ sender }) => sender, cell: ({ sender }) => sender },
  { name: 'Code', cell: ({ code }) => <code>{code}</code> },
  { name: 'Message', wrap: true, cell: ({ message }) => message },
];

/** Lists deliveries that the API refused. */
export function RefusedDeliveries() {
  const query = usePages(['refused'], (cursor) =>
    bodyOf(api.GET('/api/v1/deliveries/refused', { params: { query: page(cursor) } })),
  );
  return (
    <Pages query={query}>
      {(items) => (
        <Table
          label="Refused deliveries"
          columns={REFUSED}
          rows={items}
          rowKey={({ id }) => id}
          empty="Nothing was refused."
        />
      )}
    </Pages>
  );
}
