import { useQuery } from '@tanstack/react-query';
import { sampleOf } from '../../../../src/domain/registry/sample';
import { api, bodyOf } from '../../api/client';
import { registryQuery } from '../../api/registry';
import { isRecord } from '../../lib/records';
import { useSearchParams } from '../../lib/search';
import { Json } from '../../ui/json';
import { Loaded, Panel } from '../../ui/page';
import { SearchBox } from '../../ui/search-box';

/** Lists the available triggers or actions, with schemas and examples. */
export function Catalogue({ name }: { name: 'triggers' | 'actions' }) {
  const query = useQuery(registryQuery(name));
  const [search, set] = useSearchParams();
  const words = (search['q'] ?? '').toLowerCase();
  return (
    <>
      <div className="filters">
        <SearchBox label={`Search ${name}`} placeholder="Part of id or description" />
      </div>
      <Loaded query={query}>
        {(items) => {
          const shown = items.filter(({ id, description }) => `${id} ${description}`.toLowerCase().includes(words));
          const chosen = shown.find(({ id }) => id === search['kind']) ?? shown[0];
          return (
            <div className="side-list">
              <Panel title={`${shown.length} ${name}`}>
                <ul className="picks scroll" aria-label={name}>
                  {shown.map(({ id, displayName }) => (
                    <li key={id}>
                      <button type="button" aria-pressed={id === chosen?.id} onClick={() => set({ kind: id })}>
                        {displayName}
                        <span className="cell-sub">{id}</span>
                      </button>
                    </li>
                  ))}
                </ul>
              </Panel>
              {chosen !== undefined && (
                <Panel title={chosen.id}>
                  <div className="detail">
                    <p>{chosen.description}</p>
                    <h3>Configuration</h3>
                    <Json value={chosen.configSchema} empty="None." />
                    <h3>Example</h3>
                    <Json value={exampleOf(chosen)} />
                    {'payloadSchema' in chosen && (
                      <>
                        <h3>Payload</h3>
                        <Json value={chosen.payloadSchema} />
                        <Sample event={chosen.id} />
                      </>
                    )}
                    {'produces' in chosen && chosen.produces !== null && (
                      <>
                        <h3>Produces the artifact {chosen.produces.name}</h3>
                        <Json value={chosen.produces.schema} />
                      </>
                    )}
                  </div>
                </Panel>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

/** Returns a trigger or step that uses the chosen type, with a config that its schema accepts. */
function exampleOf({ id, configSchema, ...type }: { id: string; configSchema: Record<string, unknown> | null }) {
  const config = configSchema === null ? undefined : sampleOf(configSchema);
  const hasConfig = isRecord(config) && Object.keys(config).length > 0;
  return { ['payloadSchema' in type ? 'event' : 'action']: id, ...(hasConfig && { config }) };
}

function Sample({ event }: { event: string }) {
  const { data } = useQuery({
    queryKey: ['sample', event],
    staleTime: Infinity,
    queryFn: () => bodyOf(api.GET('/api/v1/triggers/{event}/sample', { params: { path: { event } } })),
  });
  return (
    <>
      <h3>Example of a payload</h3>
      <Json value={data?.payload} empty="…" />
    </>
  );
}
