import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { mostUrgentFirst } from '../lib/alert-order';
import { AlertLabels } from '../ui/alert-labels';
import { Loaded, Panel } from '../ui/page';
import { SilencedMark } from '../ui/silenced-mark';
import { Severity } from '../ui/status';
import { Time } from '../ui/time';
import { List, Rest, SHOWN, useNowQuery } from './now-list';
import { SystemName } from './systems/system-links';

type Alert = components['schemas']['Alert'];
const FIRING = { status: 'firing' } as const;
/** Number of alerts that are read at most. The API returns the newest first, and no more with one request. */
const READ = 200;

/** Reads the newest firing alerts. If there are more, also reads critical ones, which may all be older. */
async function readFiring(): Promise<{ items: Alert[]; isCut: boolean }> {
  const read = (severity?: string) =>
    bodyOf(
      api.GET('/api/v1/alerts', {
        params: { query: { ...FIRING, limit: READ, ...(severity === undefined ? {} : { severity }) } },
      }),
    );
  const newest = await read();
  if (newest.nextCursor === null) return { items: mostUrgentFirst(newest.items), isCut: false };
  const critical = await read('critical');
  const byId = new Map([...newest.items, ...critical.items].map((alert) => [alert.fingerprint, alert]));
  return { items: mostUrgentFirst([...byId.values()]), isCut: true };
}

/** Lists the most severe firing alerts. */
export function FiringAlerts() {
  const query = useNowQuery('alerts', readFiring);
  const all = (
    <Link to="/alerts" search={FIRING}>
      All
    </Link>
  );
  return (
    <Panel title="Firing alerts" aside={all}>
      <Loaded query={query}>
        {({ items, isCut }) => (
          <>
            <List
              none="No alerts are firing."
              items={items.slice(0, SHOWN).map((alert) => (
                <div key={alert.fingerprint}>
                  <FiringAlert alert={alert} />
                  <AlertLabels alert={alert} />
                </div>
              ))}
            />
            <Rest read={items.length} isCut={isCut} to="/alerts" search={FIRING} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function FiringAlert({ alert }: { alert: Alert }) {
  return (
    <span className="line">
      <Severity value={alert.severity} />
      <Link to="/alerts/$id" params={{ id: alert.fingerprint }} search={{}} title={alert.name ?? alert.fingerprint}>
        {alert.name ?? alert.fingerprint}
      </Link>
      <span className="line-side">{alert.systemId !== undefined && <SystemName id={alert.systemId} />}</span>
      {alert.acknowledgedBy != null && <span className="faint">acknowledged by {alert.acknowledgedBy}</span>}
      <span className="line-end">
        <SilencedMark alert={alert} /> <Time at={alert.startsAt} />
      </span>
    </span>
  );
}
