import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import {
  Activity,
  Bell,
  Boxes,
  CalendarClock,
  CircleHelp,
  Gauge,
  KeyRound,
  ListChecks,
  LogOut,
  Network,
  Radio,
  Server,
  Siren,
  Target,
  Unplug,
  Workflow,
  type LucideIcon,
} from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useLive, useLiveState, useLostAt } from './api/live';
import { whenSignedOut } from './api/client';
import { queryClient } from './api/query-client';
import { sessionQuery, signOut } from './api/session';
import { useNow } from './lib/clock';
import { useKeepInView } from './lib/keep-in-view';
import { Time } from './ui/time';

const LIVE = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' } as const;

const SCREENS: readonly (readonly [path: string, name: string, icon: LucideIcon])[] = [
  ['/now', 'Now', Gauge],
  ['/automations', 'Automations', Workflow],
  ['/runs', 'Runs', ListChecks],
  ['/why', 'Why', CircleHelp],
  ['/alerts', 'Alerts', Bell],
  ['/incidents', 'Incidents', Siren],
  ['/maintenances', 'Maintenances', CalendarClock],
  ['/slos', 'Objectives', Target],
  ['/systems', 'Systems', Server],
  ['/entities', 'Entities', Boxes],
  ['/connections', 'Connections', Network],
  ['/system', 'Access, system', KeyRound],
];

/** The script panel has no navigation entry. It belongs to the connections screen, which links to it. */
const currentIf = (to: string, path: string) =>
  to === '/connections' && path.startsWith('/scripts') ? { className: 'active', 'aria-current': 'page' as const } : {};

/**
 * The navigation and the frame around every screen. Follows the event stream, and redirects to sign-in when the session
 * has ended.
 */
export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const live = useLiveState();
  const path = useRouterState({ select: ({ location }) => location.href });
  const side = useRef<HTMLElement>(null);
  useLive();
  useKeepInView(side, '[aria-current=page]', path);
  useEffect(() => {
    whenSignedOut(() => queryClient.setQueryData(sessionQuery.queryKey, null));
  }, []);
  useEffect(() => {
    if (session === null) void navigate({ to: '/sign-in', search: { next: path } as never });
  }, [session, navigate]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <nav className="side" aria-label="Main" ref={side}>
        <div className="brand">
          <Activity size={16} aria-hidden /> Fermata
        </div>
        {SCREENS.map(([to, name, Icon]) => (
          <Link key={to} to={to} search={{}} activeOptions={{ includeSearch: false }} {...currentIf(to, path)}>
            <Icon size={16} aria-hidden /> {name}
          </Link>
        ))}
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
      <main className="main" id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Unreachable />
    </div>
  );
}

/**
 * Delay in milliseconds between losing the connection and showing a notice. After a planned restart, the page
 * reconnects before the delay ends.
 */
const PATIENCE_MS = 2_000;

/** A notice that the page shows old data. It covers the bottom of the window, so that the screen does not move. */
function Unreachable() {
  const lostAt = useLostAt();
  const now = useNow();
  if (lostAt === undefined || now - Date.parse(lostAt) < PATIENCE_MS) return null;
  return (
    <div className="unreachable">
      <Unplug size={16} aria-hidden />
      <span role="alert">The API cannot be reached. Data may be out of date. The page reconnects automatically.</span>
      <span>
        Last contact <Time at={lostAt} />
      </span>
    </div>
  );
}
