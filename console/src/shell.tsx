import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { ListChecks, LogOut, Radio, Workflow } from 'lucide-react';
import { useEffect } from 'react';
import { useLive, useLiveState } from './api/live';
import { whenSignedOut } from './api/client';
import { queryClient } from './api/query-client';
import { sessionQuery, signOut } from './api/session';

const LIVE = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' } as const;

/** Navigation around every screen; follows the stream, and leaves for sign-in when the session has ended. */
export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const live = useLiveState();
  useLive();
  useEffect(() => {
    whenSignedOut(() => queryClient.setQueryData(sessionQuery.queryKey, null));
  }, []);
  useEffect(() => {
    if (session === null) void navigate({ to: '/sign-in' });
  }, [session, navigate]);
  return (
    <div className="shell">
      <nav className="side" aria-label="Main">
        <div className="brand">Fermata</div>
        <Link to="/automations" search={{}}>
          <Workflow size={16} aria-hidden /> Automations
        </Link>
        <Link to="/runs" search={{}}>
          <ListChecks size={16} aria-hidden /> Runs
        </Link>
        <div className="side-foot">
          <span className="status" role="status">
            <Radio size={14} aria-hidden /> {LIVE[live]}
          </span>
          <span title={session?.roles.join(', ')}>{session?.name}</span>
          <button type="button" onClick={() => void signOut()}>
            <LogOut size={14} aria-hidden /> Sign out
          </button>
        </div>
      </nav>
      <main className="main">
        <Outlet />
      </main>
    </div>
  );
}
