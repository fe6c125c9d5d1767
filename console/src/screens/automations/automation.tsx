import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { GitBranch, Pencil, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { useMay } from '../../api/session';
import { useNavigateWhileShown } from '../../lib/navigate-while-shown';
import { CopyId } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { Loaded, Page } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { automationQuery, refreshAutomation, type Automation, type Tagged } from './automation-api';
import { StatusSwitch } from './automations';
import { Evaluations } from './evaluations';
import { Overview } from './overview';
import { RunNow } from './run-now';
import { Versions } from './versions';

/** Shows one automation: its definition and outcomes, its runs, the events that did not start it, and its versions. */
export function AutomationScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery(automationQuery(id));
  return (
    <Loaded query={query} title="Automation" list={['/automations', 'All automations']}>
      {(tagged) => (
        <Page
          title={tagged.automation.name}
          sub={<Facts automation={tagged.automation} />}
          aside={<Actions tagged={tagged} />}
        >
          <GitOpsBanner automation={tagged.automation} />
          {tagged.automation.description !== null && <p className="lead">{tagged.automation.description}</p>}
          <Tabs
            tabs={[
              { id: 'overview', name: 'Overview', body: () => <Overview automation={tagged.automation} /> },
              { id: 'evaluations', name: 'Did not start', body: () => <Evaluations id={id} /> },
              { id: 'versions', name: 'Versions', body: () => <Versions tagged={tagged} /> },
            ]}
          />
        </Page>
      )}
    </Loaded>
  );
}

function Facts({ automation }: { automation: Automation }) {
  return (
    <>
      <StatusSwitch automation={automation} />
      {automation.group !== null && <span>{automation.group}</span>}
      <span>version {automation.version}</span>
      <span>
        last triggered <Time at={automation.lastTriggeredAt} />
      </span>
      <Link to="/runs" search={{ automationId: automation.id }}>
        All runs
      </Link>
      <CopyId id={automation.id} short={13} />
    </>
  );
}

function GitOpsBanner({ automation }: { automation: Automation }) {
  if (automation.managedBy !== 'gitops') return null;
  const { source, path, commit } = automation.provenance ?? { source: 'Git', path: null, commit: null };
  return (
    <div className="banner">
      <GitBranch size={16} aria-hidden />
      <div>
        Managed from <strong>{source}</strong>
        {path !== null && (
          <>
            {' '}
            · <code>{path}</code>
          </>
        )}
        {commit !== null && (
          <>
            {' '}
            · commit <CopyId id={commit} short={10} />
          </>
        )}
        . Edit the definition there. Here you can only enable, disable and run it.
      </div>
    </div>
  );
}

function Actions({ tagged }: { tagged: Tagged }) {
  const { automation } = tagged;
  const may = useMay('manage');
  const [open, setOpen] = useState<'run' | 'delete'>();
  const locked = automation.managedBy === 'gitops';
  const why = locked ? 'Managed from Git' : undefined;
  return (
    <>
      <button type="button" disabled={!may} onClick={() => setOpen('run')}>
        <Play size={14} aria-hidden /> Run now
      </button>
      <Link to="/automations/$id/edit" params={{ id: automation.id }} search={{}} className="button">
        <Pencil size={14} aria-hidden /> {locked || !may ? 'Open in the editor' : 'Edit'}
      </Link>
      <button type="button" disabled={!may || locked} title={why} onClick={() => setOpen('delete')}>
        <Trash2 size={14} aria-hidden /> Delete
      </button>
      {open === 'run' && <RunNow automation={automation} onClose={() => setOpen(undefined)} />}
      {open === 'delete' && <Delete tagged={tagged} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function Delete({ tagged: { automation, etag }, onClose }: { tagged: Tagged; onClose(): void }) {
  const navigate = useNavigateWhileShown();
  const remove = useMutation({
    mutationFn: () =>
      bodyOf(
        api.DELETE('/api/v1/automations/{id}', {
          params: { path: { id: automation.id }, header: { 'If-Match': etag } },
        }),
      ),
    onSuccess: async () => {
      await navigate({ to: '/automations', search: {} });
      await refreshAutomation();
    },
  });
  return (
    <Dialog title={`Delete “${automation.name}”?`} submit="Delete" danger onClose={onClose} form={remove}>
      <p>Its open runs will be cancelled. Ended runs are kept until their retention expires.</p>
    </Dialog>
  );
}
