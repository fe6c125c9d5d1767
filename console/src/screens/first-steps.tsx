import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client';
import { Panel } from '../ui/page';

/** Explains how to begin. Shown only while there are no automations. */
export function FirstSteps() {
  const { data } = useQuery({
    queryKey: ['automations', 'first'],
    queryFn: () => bodyOf(api.GET('/api/v1/automations', { params: { query: { limit: 1 } } })),
  });
  if (data === undefined || data.items.length > 0) return null;
  return (
    <Panel title="First steps">
      <ul className="plain">
        <li>
          <Link to="/automations/new" search={{}}>
            Create an automation
          </Link>
          , or apply a folder with <code>fermata apply</code>. Until there is one, events start nothing.
        </li>
        <li>
          <Link to="/alerts" search={{}}>
            Send alerts
          </Link>{' '}
          from Alertmanager or another monitoring system. They also determine the health of systems.
        </li>
        <li>
          <Link to="/connections" search={{}}>
            Add a connection
          </Link>{' '}
          to each product that automations call.
        </li>
      </ul>
    </Panel>
  );
}
