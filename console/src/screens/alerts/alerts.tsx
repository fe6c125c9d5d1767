import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSystemName } from '../../api/system-names';
import { isMatcherText } from '../../lib/matcher-text';
import { useSearchParams } from '../../lib/search';
import { ActiveFilters } from '../../ui/active-filters';
import { AlertLabels } from '../../ui/alert-labels';
import { Chips } from '../../ui/chips';
import { CopyId } from '../../ui/copy';
import { Countdown } from '../../ui/countdown';
import { ActionButton } from '../../ui/mutation';
import { NoMatch } from '../../ui/no-match';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { SearchBox } from '../../ui/search-box';
import { SilencedMark } from '../../ui/silenced-mark';
import { Severity, Status } from '../../ui/status';
import { Table, type Column } from '../../ui/table';
import { Tabs } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { SystemLink } from '../systems/system-links';
import { SilenceDialog } from './silence-dialog';

type Alert = components['schemas']['Alert'];
type Silence = components['schemas']['AlertSilence'];

/** Lists alerts. A second tab lists silences. */
export function Alerts() {
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  return (
    <Page
      title="Alerts"
      aside={
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> Silence by matchers
        </button>
      }
    >
      <Tabs
        tabs={[
          { id: 'alerts', name: 'Alerts', body: () => <AlertList /> },
          { id: 'silences', name: 'Silences', body: () => <SilenceList /> },
        ]}
      />
      {dialogOpen && <SilenceDialog onClose={() => setDialogOpen(false)} />}
    </Page>
  );
}

const COLUMNS: readonly Column<Alert>[] = [
  { name: 'Status', cell: ({ status }) => <Status value={status} /> },
  {
    name: 'Alert',
    title: ({ name, fingerprint, annotations: { summary } }) =>
      [name ?? fingerprint, summary].filter((text) => text !== undefined).join('\n'),
    cell: (alert) => (
      <>
        <Link to="/alerts/$id" params={{ id: alert.fingerprint }} search={{}}>
          {alert.name ?? alert.fingerprint}
        </Link>
        <AlertLabels alert={alert} />
        {alert.annotations['summary'] !== undefined && <div className="cell-sub">{alert.annotations['summary']}</div>}
      </>
    ),
  },
  {
    name: 'Severity',
    cell: ({ severity, status }) =>
      severity !== null && status === 'firing' ? <Severity value={severity} /> : (severity ?? '–'),
  },
  {
    name: 'System',
    cell: ({ systemId }) => (systemId === undefined ? '–' : <SystemLink id={systemId} />),
  },
  { name: 'Since', cell: ({ status, startsAt, endsAt }) => <Time at={status === 'resolved' ? endsAt : startsAt} /> },
  {
    name: 'Handled',
    cell: (alert) => (
      <>
        {alert.acknowledgedBy !== undefined && <Status value="success" label={`by ${alert.acknowledgedBy}`} />}{' '}
        <SilencedMark alert={alert} />
      </>
    ),
  },
  { name: 'Source', cell: ({ source }) => source },
];

/** The address to which Alertmanager sends alerts, as seen by this browser. */
const receiver = () => `${window.location.origin}/api/v1/ingest/alertmanager`;

function NoAlerts() {
  return (
    <>
      No alerts yet. Let Alertmanager send them to <CopyId id={receiver()} short={80} /> with a token of the role{' '}
      <code>ingest</code>.
    </>
  );
}

function AlertList() {
  const [search] = useSearchParams();
  const { status, severity, matchers, systemId, source } = search;
  const filters = Object.fromEntries(
    Object.entries({ status, severity, matchers, systemId, source }).filter(([, value]) => value !== undefined),
  );
  const query = usePages(['alerts', filters], (cursor) =>
    bodyOf(api.GET('/api/v1/alerts', { params: { query: { ...filters, ...page(cursor) } as never } })),
  );
  return (
    <>
      <div className="filters">
        <SearchBox
          name="matchers"
          label="Matcher"
          placeholder={'Matcher, e.g. alertname=~"Disk.*"'}
          isComplete={isMatcherText}
        />
        <Chips label="Status" name="status" values={['firing', 'resolved']} />
      </div>
      <ActiveFilters
        names={{ severity: 'severity', systemId: 'system', source: 'source' }}
        texts={{ systemId: useSystemName(systemId) }}
      />
      <Pages query={query} steadyBy={({ fingerprint }) => fingerprint}>
        {(items) => (
          <Table
            label="Alerts"
            className="alerts-table"
            columns={COLUMNS}
            rows={items}
            rowKey={({ fingerprint }) => fingerprint}
            empty={Object.keys(filters).length > 0 ? <NoMatch what="alert" /> : <NoAlerts />}
          />
        )}
      </Pages>
    </>
  );
}

/** Shows the alert that a silence names, or the silence's matchers. */
function Silenced({ silence: { fingerprint, name, matchers } }: { silence: Silence }) {
  if (fingerprint === null) return <code>{matchers.join(', ')}</code>;
  return (
    <>
      <Link to="/alerts/$id" params={{ id: fingerprint }} search={{}} title={fingerprint}>
        {name ?? fingerprint}
      </Link>{' '}
      <CopyId id={fingerprint} />
    </>
  );
}

function SilenceList() {
  const may = useMay('manage');
  const query = usePages(['silences'], (cursor) =>
    bodyOf(api.GET('/api/v1/alert-silences', { params: { query: page(cursor) } })),
  );
  const columns: readonly Column<Silence>[] = [
    {
      name: 'Alert or matchers',
      wrap: true,
      cell: (silence) => <Silenced silence={silence} />,
    },
    { name: 'Comment', wrap: true, cell: ({ comment }) => comment },
    { name: 'By', cell: ({ createdBy }) => createdBy },
    { name: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
    { name: 'Ends', cell: ({ endsAt }) => <Countdown until={endsAt} /> },
    {
      name: 'End it',
      hidden: true,
      cell: ({ id }) => (
        <ActionButton
          disabled={!may}
          refresh={['silences', 'alerts', 'alert']}
          action={() => bodyOf(api.DELETE('/api/v1/alert-silences/{id}', { params: { path: { id } } }))}
        >
          End
        </ActionButton>
      ),
    },
  ];
  return (
    <Pages query={query}>
      {(items) => (
        <Table
          label="Silences"
          columns={columns}
          rows={items}
          rowKey={({ id }) => id}
          empty="Nothing is silenced. A silenced alert starts no automations until its silence ends."
        />
      )}
    </Pages>
  );
}
