import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { CopyId } from '../../ui/copy';
import { Facts } from '../../ui/facts';
import { Select } from '../../ui/field';
import { ActionButton } from '../../ui/mutation';
import { Loaded, Page, Panel } from '../../ui/page';
import { page, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Duration, Time } from '../../ui/time';
import { SystemLinks } from '../systems/system-links';
import { ReferringAutomations, Transitions } from '../systems/transitions';
import { nameOf, Timeline } from './timeline';

type Incident = components['schemas']['Incident'];
const OPEN = ['investigating', 'identified', 'fixing', 'monitoring'] as const;

/** Shows one incident and its updates. */
export function IncidentScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const may = useMay('manage');
  const params = { path: { id } };
  const query = useQuery({
    queryKey: ['incidents', id],
    queryFn: () => bodyOf(api.GET('/api/v1/incidents/{id}', { params })),
  });
  const updates = usePages(['incidents', id, 'updates'], (cursor) =>
    bodyOf(api.GET('/api/v1/incidents/{id}/updates', { params: { path: { id }, query: page(cursor) } })),
  );
  return (
    <Loaded query={query} title="Incident" list={['/incidents', 'All incidents']}>
      {(incident) => (
        <Page
          title={incident.title}
          sub={<Sub incident={incident} />}
          aside={<Actions incident={incident} may={may} />}
        >
          <div className="two-columns">
            <Timeline
              query={updates}
              may={may}
              refresh={['incidents']}
              post={(message) => bodyOf(api.POST('/api/v1/incidents/{id}/updates', { params, body: { message } }))}
            />
            <div>
              <Panel title="Details">
                <Facts
                  rows={[
                    ['Description', incident.description],
                    ['Systems', <SystemLinks key="systems" ids={incident.systemIds} />],
                    ['Opened by', nameOf(incident.createdBy)],
                    ['Resolved', incident.resolvedAt === null ? undefined : <Time key="at" at={incident.resolvedAt} />],
                    ['Notifications', incident.suppressNotifications ? 'suppressed' : 'sent'],
                  ]}
                />
              </Panel>
              <Transitions kind="incident" id={id} />
              <ReferringAutomations kind="incident" id={id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}

function Sub({ incident }: { incident: Incident }) {
  return (
    <>
      <Status value={incident.status} />
      <Status value={incident.severity} />
      <span>
        opened <Time at={incident.createdAt} />, {incident.resolvedAt === null ? 'open for' : 'lasted'}{' '}
        <Duration from={incident.createdAt} to={incident.resolvedAt} />
      </span>
      <CopyId id={incident.id} short={13} />
    </>
  );
}

function Actions({ incident, may }: { incident: Incident; may: boolean }) {
  const [choice, setChoice] = useState<{ status: Incident['status']; instead: Incident['status'] }>();
  // A choice is dropped when the status changes: it would revert a change that the user has not seen.
  const status = choice?.instead === incident.status ? choice.status : incident.status;
  const send = (next: Incident['status'], message: string) =>
    bodyOf(
      api.POST('/api/v1/incidents/{id}/updates', {
        params: { path: { id: incident.id } },
        body: { message, statusChange: next },
      }),
    );
  const resolved = incident.status === 'resolved';
  return (
    <>
      <Select<Incident['status']>
        aria-label="Status"
        value={status}
        options={resolved ? ['resolved', ...OPEN] : OPEN}
        disabled={!may}
        onChange={(next) => setChoice({ status: next, instead: incident.status })}
      />
      <ActionButton
        disabled={!may || status === incident.status}
        refresh={['incidents', 'now']}
        action={() => send(status, `Status is now ${status}.`)}
      >
        Change status
      </ActionButton>
      <ActionButton
        disabled={!may || resolved}
        primary
        refresh={['incidents', 'now']}
        action={() => send('resolved', 'Resolved.')}
      >
        Resolve
      </ActionButton>
    </>
  );
}
