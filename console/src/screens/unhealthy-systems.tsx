import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client';
import { Loaded, Panel } from '../ui/page';
import { Time } from '../ui/time';
import { List, Rest, SHOWN, useNowQuery } from './now-list';
import { readHealth, type Health } from './systems/read-all';
import { HealthStatus } from './systems/system-health';

const NOT_HEALTHY = { health: 'unhealthy,degraded' };
/** Number of systems that are read at most. The API returns no more with one request. */
const READ = 200;

/** Returns the rank of a system: unhealthy before degraded, and systems in maintenance last. */
const rankOf = (health: Health | undefined) =>
  (health?.status === 'unhealthy' ? 0 : 1) + (health?.inMaintenance === true ? 2 : 0);

async function readUnhealthy() {
  const { items, nextCursor } = await bodyOf(
    api.GET('/api/v1/systems', { params: { query: { ...NOT_HEALTHY, limit: READ } } }),
  );
  const health = await readHealth(items.map(({ id }) => id));
  const sorted = items
    .map((system) => ({ ...system, health: health.get(system.id) }))
    .sort((a, b) => rankOf(a.health) - rankOf(b.health));
  return { items: sorted, isCut: nextCursor !== null };
}

/** Lists systems that are unhealthy or degraded. */
export function UnhealthySystems() {
  const query = useNowQuery('health', readUnhealthy);
  const all = (
    <Link to="/systems" search={NOT_HEALTHY}>
      All
    </Link>
  );
  return (
    <Panel title="Unhealthy systems" aside={all}>
      <Loaded query={query}>
        {({ items, isCut }) => (
          <>
            <List
              none="No system is unhealthy or degraded."
              items={items.slice(0, SHOWN).map(({ id, name, health }) => (
                <span key={id} className="line">
                  <HealthStatus health={health} />
                  <Link to="/systems/$id" params={{ id }} search={{}} title={`${name} (${id})`}>
                    {name}
                  </Link>
                  <span className="line-end">
                    <Time at={health?.inStatusSince} />
                  </span>
                </span>
              ))}
            />
            <Rest read={items.length} isCut={isCut} to="/systems" search={NOT_HEALTHY} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
