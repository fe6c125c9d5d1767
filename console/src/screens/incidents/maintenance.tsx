import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import { useMay } from '../../api/session';
import { absoluteText } from '../../lib/time';
import { CopyId } from '../../ui/copy';
import { Facts } from '../../ui/facts';
import { ActionButton } from '../../ui/mutation';
import { Loaded, Page, Panel } from '../../ui/page';
import { page, usePages } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import { SystemLinks } from '../systems/system-links';
import { Transitions } from '../systems/transitions';
import { nameOf, Timeline } from './timeline';

/** Shows one maintenance and its updates, with actions to end it early or cancel it. */
export function MaintenanceScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const may = useMay('manage');
  const params = { path: { id } };
  const query = useQuery({
    queryKey: ['maintenances', id],
    queryFn: () => bodyOf(api.GET('/api/v1/maintenances/{id}', { params })),
  });
  const updates = usePages(['maintenances', id, 'updates'], (cursor) =>
    bodyOf(api.GET('/api/v1/maintenances/{id}/updates', { params: { path: { id }, query: page(cursor) } })),
  );
  return (
    <Loaded query={query} title="Maintenance" list={['/maintenances', 'All maintenances']}>
      {({ title, status, startAt, endAt, systemIds, description, createdBy, suppressNotifications }) => (
        <Page
          title={title}
          sub={
            <>
              <Status value={status} />
              <span>
                starts <Time at={startAt} />, ends <Time at={endAt} />
              </span>
              <CopyId id={id} short={13} />
            </>
          }
          aside={<Actions id={id} status={status} may={may} />}
        >
          <div className="two-columns">
            <Timeline
              query={updates}
              may={may}
              refresh={['maintenances']}
              post={(message) => bodyOf(api.POST('/api/v1/maintenances/{id}/updates', { params, body: { message } }))}
            />
            <div>
              <Panel title="Details">
                <Facts
                  rows={[
                    ['Description', description],
                    ['Systems', <SystemLinks key="systems" ids={systemIds} />],
                    ['From', absoluteText(Date.parse(startAt))],
                    ['To', absoluteText(Date.parse(endAt))],
                    ['Planned by', nameOf(createdBy)],
                    ['Notifications', suppressNotifications ? 'suppressed' : 'sent'],
                  ]}
                />
              </Panel>
              <Transitions kind="maintenance" id={id} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}

function Actions({ id, status, may }: { id: string; status: string; may: boolean }) {
  const end = (next: 'completed' | 'cancelled') => () =>
    bodyOf(api.PATCH('/api/v1/maintenances/{id}', { params: { path: { id } }, body: { status: next } }));
  return (
    <>
      <ActionButton disabled={!may || status !== 'in_progress'} refresh={['maintenances']} action={end('completed')}>
        End now
      </ActionButton>
      <ActionButton disabled={!may || status !== 'scheduled'} refresh={['maintenances']} action={end('cancelled')}>
        Cancel
      </ActionButton>
    </>
  );
}
