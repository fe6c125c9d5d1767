import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { mostUrgentFirst } from '../../lib/alert-order';
import { durationText } from '../../lib/time';
import { AlertLabels } from '../../ui/alert-labels';
import { CopyId } from '../../ui/copy';
import { Facts } from '../../ui/facts';
import { JsonPanel } from '../../ui/json-panel';
import { Loaded, Page, Panel } from '../../ui/page';
import { SilencedMark } from '../../ui/silenced-mark';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import { HealthStatus } from './system-health';
import { SystemLink } from './system-links';
import { ReferringAutomations, Transitions } from './transitions';

type Health = components['schemas']['Health'];

/**
 * Shows one system: its health, its dependencies, its open alerts and incidents, and the automations that refer to it.
 */
export function SystemScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['systems', id],
    queryFn: () => bodyOf(api.GET('/api/v1/systems/{id}', { params: { path: { id } } })),
  });
  const health = useQuery({
    queryKey: ['health', 'of', id],
    queryFn: () => bodyOf(api.GET('/api/v1/health/{systemId}', { params: { path: { systemId: id } } })),
  });
  return (
    <Loaded query={query} title="System" list={['/systems', 'All systems']}>
      {(system) => (
        <Page
          title={system.name}
          sub={
            <>
              <HealthStatus health={health.data} />
              {system.description !== null && <span>{system.description}</span>}
              <CopyId id={system.id} short={40} />
            </>
          }
        >
          <div className="two-columns">
            <div>
              <HealthPanel query={health} />
              <Dependencies id={id} />
              <OpenThings id={id} />
              {Object.keys(system.metadata).length > 0 && <JsonPanel title="Metadata" value={system.metadata} />}
            </div>
            <div>
              <Transitions kind="health" id={id} />
              <ReferringAutomations kind="health" id={id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}

function HealthPanel({ query }: { query: { data: Health | undefined; error: Error | null } }) {
  return (
    <Panel title="Health">
      <Loaded query={query}>{(health) => <HealthFacts health={health} />}</Loaded>
    </Panel>
  );
}

function HealthFacts({ health }: { health: Health }) {
  const ms = (value: number | null) => (value === null ? undefined : durationText(value));
  return (
    <Facts
      rows={[
        ['Status', <Status key="status" value={health.status} />],
        ['In status for', durationText(health.inStatusForMs)],
        ['Checks', health.totalChecks === 0 ? 'none' : `${health.healthyChecks} of ${health.totalChecks} healthy`],
        ['Latency', ms(health.latencyMs)],
        ['p95 latency', ms(health.p95LatencyMs)],
        ['Success rate', health.successRate === null ? undefined : `${(health.successRate * 100).toFixed(1)} %`],
        ['Last result', health.lastRunAt === null ? undefined : <Time key="at" at={health.lastRunAt} />],
        ['Transitions', `${health.transitionsInWindow} in ${health.transitionWindowMinutes} min`],
        ['In maintenance', health.inMaintenance ? 'yes' : 'no'],
      ]}
    />
  );
}

function Dependencies({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['systems', id, 'dependencies'],
    queryFn: () => bodyOf(api.GET('/api/v1/dependencies', { params: { query: { systemId: id, limit: 200 } } })),
  });
  return (
    <Panel title="Dependencies">
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="pad faint">This system has no dependencies or dependents.</p>
          ) : (
            <ul className="plain">
              {items.map(({ id: each, sourceSystemId, targetSystemId, impactType, transitive, label }) => (
                <li key={each}>
                  {sourceSystemId === id ? (
                    <>
                      depends on <SystemLink id={targetSystemId} />
                    </>
                  ) : (
                    <>
                      <SystemLink id={sourceSystemId} /> depends on it
                    </>
                  )}{' '}
                  · {impactType}
                  {transitive && ', transitive'}
                  {label !== null && ` · ${label}`}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}

const OPEN_INCIDENTS = 'investigating,identified,fixing,monitoring';

/** Lists the firing alerts and open incidents of a system, at most 20 of each. */
function OpenThings({ id }: { id: string }) {
  const alerts = useQuery({
    queryKey: ['alerts', 'of', id],
    queryFn: () =>
      bodyOf(api.GET('/api/v1/alerts', { params: { query: { systemId: id, status: 'firing', limit: 20 } } })),
  });
  const incidents = useQuery({
    queryKey: ['incidents', 'of', id],
    queryFn: () =>
      bodyOf(api.GET('/api/v1/incidents', { params: { query: { systemId: id, status: OPEN_INCIDENTS, limit: 20 } } })),
  });
  const all = (
    <span className="row-actions">
      <Link to="/alerts" search={{ systemId: id }}>
        All alerts
      </Link>
      <Link to="/incidents" search={{ systemId: id }}>
        All incidents
      </Link>
    </span>
  );
  return (
    <Panel title="Alerts and incidents" aside={all}>
      <Loaded query={alerts}>
        {({ items: firing }) => (
          <Loaded query={incidents}>{({ items: open }) => <OpenList firing={firing} open={open} />}</Loaded>
        )}
      </Loaded>
    </Panel>
  );
}

interface OpenListProps {
  firing: readonly components['schemas']['Alert'][];
  open: readonly components['schemas']['Incident'][];
}

function OpenList({ firing, open }: OpenListProps) {
  if (firing.length + open.length === 0) return <p className="pad faint">No firing alerts and no open incidents.</p>;
  return (
    <ul className="plain">
      {mostUrgentFirst(firing).map((alert) => (
        <li key={alert.fingerprint}>
          <Status value="firing" label={alert.severity ?? 'firing'} />{' '}
          <Link to="/alerts/$id" params={{ id: alert.fingerprint }} search={{}} title={alert.fingerprint}>
            {alert.name ?? alert.fingerprint}
          </Link>{' '}
          <SilencedMark alert={alert} />
          <AlertLabels alert={alert} />
        </li>
      ))}
      {open.map((incident) => (
        <li key={incident.id}>
          <Status value={incident.status} />{' '}
          <Link to="/incidents/$id" params={{ id: incident.id }} search={{}}>
            {incident.title}
          </Link>
        </li>
      ))}
    </ul>
  );
}
