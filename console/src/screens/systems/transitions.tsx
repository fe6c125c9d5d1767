import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import { Panel } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * The value of a field. As everywhere in the console, an instant is shown as relative time, with the absolute time on
 * hover.
 */
function Value({ value }: { value: unknown }) {
  return typeof value === 'string' && INSTANT.test(value) ? <Time at={value} /> : short(value);
}

const short = (value: unknown) => (typeof value === 'string' ? value : value == null ? '–' : JSON.stringify(value));

interface TransitionsProps {
  kind: string;
  id: string;
  /** Only transitions of this field. Default: all. */
  field?: string;
  /** Default: Transitions. */
  title?: string;
}

/** Lists the transitions of an entity, newest first. */
export function Transitions({ kind, id, field, title = 'Transitions' }: TransitionsProps) {
  const query = usePages(['entity', kind, id, 'transitions', field], (cursor) => {
    const filter = field === undefined ? {} : { field };
    return bodyOf(
      api.GET('/api/v1/entities/{kind}/{id}/transitions', {
        params: { path: { kind, id }, query: { ...page(cursor, 20), ...filter } },
      }),
    );
  });
  return (
    <Panel title={title}>
      <Pages query={query} steadyBy={({ changeId, field: changed }) => `${changeId}:${changed}`}>
        {(items) => (
          <Table
            label={title}
            className="transitions"
            rows={items}
            rowKey={({ changeId, field: changed }) => `${changeId}:${changed}`}
            empty="No transitions yet."
            columns={[
              { name: 'At', cell: ({ at }) => <Time at={at} /> },
              { name: 'Field', cell: ({ field: changed }) => <code>{changed}</code> },
              { name: 'From', title: ({ from }) => short(from), cell: ({ from }) => <Value value={from} /> },
              { name: 'To', title: ({ to }) => short(to), cell: ({ to }) => <Value value={to} /> },
              {
                name: 'Change',
                cell: ({ changeId }) => (
                  <Link to="/why/$id" params={{ id: changeId }} search={{}}>
                    Why
                  </Link>
                ),
              },
            ]}
          />
        )}
      </Pages>
    </Panel>
  );
}

/** Lists automations that refer to an entity. */
export function ReferringAutomations({ kind, id }: { kind: string; id: string }) {
  const query = usePages(['automations', 'looking', kind, id], (cursor) =>
    bodyOf(
      api.GET('/api/v1/entities/{kind}/{id}/automations', { params: { path: { kind, id }, query: page(cursor, 20) } }),
    ),
  );
  return (
    <Panel title="Referring automations">
      <Pages query={query}>
        {(items) => (
          <Table
            label="Referring automations"
            rows={items}
            rowKey={(each) => each.id}
            empty="No automation refers to it."
            columns={[
              {
                name: 'Automation',
                title: ({ name }) => name,
                cell: (each) => (
                  <Link to="/automations/$id" params={{ id: each.id }} search={{}}>
                    {each.name}
                  </Link>
                ),
              },
              { name: 'Status', cell: ({ status }) => <Status value={status} /> },
              { name: 'Refers to', cell: ({ looksAt }) => REFERS_TO[looksAt] },
            ]}
          />
        )}
      </Pages>
    </Panel>
  );
}

const REFERS_TO = {
  id: 'this entity',
  any: 'any entity of this kind',
  system_of_run: 'the system of its run',
} as const;
