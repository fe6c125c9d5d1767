import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { sampleOf } from '../../../../src/domain/registry/sample';
import { api, bodyOf } from '../../api/client';
import { registryQuery } from '../../api/registry';
import { CopyId } from '../../ui/copy';
import { EntityName } from '../../ui/entity-name';
import { JsonPanel } from '../../ui/json-panel';
import { Loaded, Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { ReferringAutomations, Transitions } from './transitions';

/** Lists the kinds of entities. */
export function EntityKinds() {
  const query = useQuery(registryQuery('entity-kinds'));
  return (
    <Page title="Entities">
      <Loaded query={query}>
        {(kinds) => (
          <Table
            label="Kinds of entities"
            rows={kinds}
            rowKey={({ kind }) => kind}
            empty="No kinds."
            columns={[
              {
                name: 'Kind',
                cell: ({ kind }) => (
                  <Link to="/entities/$kind" params={{ kind }} search={{}}>
                    {kind}
                  </Link>
                ),
              },
              { name: 'Description', wrap: true, cell: ({ description }) => description ?? '–' },
              { name: 'Source', cell: ({ source }) => source.replace('_', ' ') },
              { name: 'Automations', cell: ({ reactive }) => (reactive ? 'react to changes' : 'only read the state') },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}

/** Lists the entities of one kind. */
export function Entities() {
  const { kind = '' } = useParams({ strict: false }) as { kind?: string };
  const query = usePages(['entities', kind], (cursor) =>
    bodyOf(api.GET('/api/v1/entities/{kind}', { params: { path: { kind }, query: page(cursor) } })),
  );
  return (
    <Page
      title={`Entities: ${kind}`}
      sub={
        <Link to="/entities" search={{}}>
          All kinds
        </Link>
      }
    >
      <Pages query={query}>
        {(items) => (
          <Table
            label="Entities"
            rows={items}
            rowKey={({ id }) => id}
            empty="No entity of this kind."
            columns={[
              {
                name: 'Entity',
                cell: ({ id, name }) => (
                  <Link to="/entities/$kind/$id" params={{ kind, id }} search={{}}>
                    <EntityName id={id} name={name} short={60} />
                  </Link>
                ),
              },
              {
                name: 'State',
                title: ({ state }) => JSON.stringify(state, null, 1),
                cell: ({ state }) => <code>{JSON.stringify(state)}</code>,
              },
              { name: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
            ]}
          />
        )}
      </Pages>
      <KindSchema kind={kind} />
    </Page>
  );
}

/** Shows the schema of a kind's state and an example state. */
function KindSchema({ kind }: { kind: string }) {
  const { data } = useQuery(registryQuery('entity-kinds'));
  const schema = data?.find((each) => each.kind === kind)?.schema;
  if (schema === undefined) return null;
  return (
    <div className="two-columns">
      <JsonPanel title="Schema of the state" value={schema} />
      <JsonPanel title="Example" value={sampleOf(schema)} />
    </div>
  );
}

/** Shows one entity: its state, its transitions, and the automations that refer to it. */
export function EntityScreen() {
  const { kind = '', id = '' } = useParams({ strict: false }) as { kind?: string; id?: string };
  const query = useQuery({
    queryKey: ['entity', kind, id],
    queryFn: () => bodyOf(api.GET('/api/v1/entities/{kind}/{id}', { params: { path: { kind, id } } })),
  });
  return (
    <Loaded query={query} title="Entity" list={['/entities', 'All kinds of entities']}>
      {({ name, state, updatedAt }) => (
        <Page
          title={name ?? id}
          sub={
            <>
              <Link to="/entities/$kind" params={{ kind }} search={{}}>
                {kind}
              </Link>
              <span>
                changed <Time at={updatedAt} />
              </span>
              <CopyId id={id} short={40} />
            </>
          }
        >
          <div className="two-columns">
            <JsonPanel title="State" value={state} />
            <div>
              <Transitions kind={kind} id={id} />
              <ReferringAutomations kind={kind} id={id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}
