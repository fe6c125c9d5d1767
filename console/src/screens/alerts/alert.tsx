import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { BellOff, Check, CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { CopyId } from '../../ui/copy';
import { Facts, SafeLink } from '../../ui/facts';
import { ActionButton } from '../../ui/mutation';
import { Loaded, Page, Panel } from '../../ui/page';
import { SilencedMark } from '../../ui/silenced-mark';
import { Status } from '../../ui/status';
import { Table } from '../../ui/table';
import { Duration, Time } from '../../ui/time';
import { Transitions } from '../systems/transitions';
import { SystemLink } from '../systems/system-links';
import { SilenceDialog } from './silence-dialog';

type Detail = components['schemas']['AlertDetail'];
const REFRESH = ['alert', 'alerts', 'now'];

/** Returns the entries of a map, sorted by name. */
const sorted = (map: Readonly<Record<string, string>>) => Object.entries(map).sort(([a], [b]) => a.localeCompare(b));

/** Shows one alert: its labels and annotations, its episodes, and the runs that it caused. */
export function AlertScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['alert', id],
    queryFn: () => bodyOf(api.GET('/api/v1/alerts/{fingerprint}', { params: { path: { fingerprint: id } } })),
  });
  return (
    <Loaded query={query} title="Alert" list={['/alerts', 'All alerts']}>
      {(alert) => (
        <Page title={alert.name ?? alert.fingerprint} sub={<Sub alert={alert} />} aside={<Actions alert={alert} />}>
          <div className="two-columns">
            <div>
              <Panel title="Labels">
                <Facts rows={sorted(alert.labels)} />
              </Panel>
              <Panel title="Annotations">
                <Facts
                  rows={sorted(alert.annotations).map(([name, text]) => [name, <SafeLink key={name} url={text} />])}
                />
              </Panel>
              <Details alert={alert} />
            </div>
            <div>
              <Runs alert={alert} />
              <Episodes alert={alert} />
              <Transitions kind="alert" id={alert.fingerprint} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}

function Sub({ alert }: { alert: Detail }) {
  return (
    <>
      <Status value={alert.status} />
      {alert.severity !== null && <span>{alert.severity}</span>}
      <span>
        fired <Time at={alert.startsAt} />
      </span>
      {alert.status === 'resolved' && (
        <span>
          resolved <Time at={alert.endsAt} />
        </span>
      )}
      {alert.acknowledgedBy !== undefined && (
        <span>
          acknowledged by {alert.acknowledgedBy} <Time at={alert.acknowledgedAt} />
        </span>
      )}
      <SilencedMark alert={alert} />
      <Link to="/why" search={{ entity: alert.fingerprint, kind: 'alert' }}>
        Why did it start a run, or not?
      </Link>
      <CopyId id={alert.fingerprint} short={16} />
    </>
  );
}

function Actions({ alert }: { alert: Detail }) {
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const params = { path: { fingerprint: alert.fingerprint } };
  const firing = alert.status === 'firing';
  return (
    <>
      <ActionButton
        disabled={!may || !firing || alert.acknowledgedBy !== undefined}
        refresh={REFRESH}
        action={() => bodyOf(api.POST('/api/v1/alerts/{fingerprint}/acknowledge', { params, body: {} }))}
      >
        <Check size={14} aria-hidden /> Acknowledge
      </ActionButton>
      <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
        <BellOff size={14} aria-hidden /> Silence
      </button>
      <ActionButton
        disabled={!may || !firing}
        refresh={REFRESH}
        action={() => bodyOf(api.POST('/api/v1/alerts/{fingerprint}/resolve', { params, body: {} }))}
      >
        <CircleCheck size={14} aria-hidden /> Resolve
      </ActionButton>
      {dialogOpen && <SilenceDialog fingerprint={alert.fingerprint} onClose={() => setDialogOpen(false)} />}
    </>
  );
}

function Details({ alert }: { alert: Detail }) {
  const link = (url: string | undefined) => (url === undefined ? undefined : <SafeLink url={url} />);
  return (
    <Panel title="Details">
      <Facts
        rows={[
          ['Source', alert.source],
          ['Receiver', alert.receiver],
          ['System', alert.systemId === undefined ? undefined : <SystemLink key="system" id={alert.systemId} />],
          ['Last received', <Time key="at" at={alert.lastReceivedAt} />],
          ['Repeats', alert.repeats],
          ['Value', alert.value === undefined ? undefined : JSON.stringify(alert.value)],
          ['Runbook', link(alert.runbookUrl)],
          ['Generator', link(alert.generatorUrl)],
          ['Dashboard', link(alert.dashboardUrl)],
        ]}
      />
    </Panel>
  );
}

function Runs({ alert }: { alert: Detail }) {
  return (
    <Panel title="Runs caused by this alert">
      <Table
        label="Runs"
        rows={alert.runs}
        rowKey={({ id }) => id}
        empty="This alert has not caused any runs."
        columns={[
          { name: 'Status', cell: ({ status }) => <Status value={status} /> },
          {
            name: 'Automation',
            title: ({ automationName }) => automationName,
            cell: ({ id, automationName }) => (
              <Link to="/runs/$id" params={{ id }} search={{}}>
                {automationName}
              </Link>
            ),
          },
          {
            name: 'Caused',
            title: ({ indirect }) => (indirect ? 'Through the health of its system or another run' : ''),
            cell: ({ indirect }) => (indirect ? 'indirectly' : 'directly'),
          },
          { name: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
        ]}
      />
    </Panel>
  );
}

function Episodes({ alert }: { alert: Detail }) {
  return (
    <Panel title="Episodes">
      <Table
        label="Episodes"
        rows={alert.episodes}
        rowKey={({ startsAt }) => startsAt}
        empty="No episodes recorded."
        columns={[
          { name: 'Began', cell: ({ startsAt }) => <Time at={startsAt} /> },
          { name: 'Lasted', cell: ({ startsAt, endsAt }) => <Duration from={startsAt} to={endsAt} /> },
          { name: 'Ended by', cell: ({ endedBy }) => endedBy ?? 'still firing' },
          { name: 'Acknowledged by', cell: ({ acknowledgedBy }) => acknowledgedBy ?? '–' },
        ]}
      />
    </Panel>
  );
}
