import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { queryClient } from './api/query-client';
import { loadScript } from './api/reachable';
import { sessionQuery } from './api/session';
import { Shell } from './shell';
import { Crash, NoScreen } from './ui/crash';
import { SignIn } from './screens/sign-in';
import { SignInCallback } from './screens/sign-in-callback';

type Search = Record<string, string | undefined>;

/**
 * Returns a validator that keeps the named search parameters as strings. Empty parameters are dropped to keep addresses
 * short.
 */
function texts(...names: string[]) {
  return (given: Record<string, unknown>): Search =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = given[name];
        return value === undefined || value === '' || value === null ? [] : [[name, String(value)]];
      }),
    );
}

const rootRoute = createRootRoute();
const signInRoute = createRoute({ getParentRoute: () => rootRoute, path: '/sign-in', component: SignIn });
const callbackRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in/callback',
  component: SignInCallback,
});
const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery).catch(() => undefined);
    if (session === null) throw redirect({ to: '/sign-in', search: { next: location.href } as never });
  },
});

const screen = <Path extends string>(
  path: Path,
  load: () => Promise<Record<string, unknown>>,
  name: string,
  ...search: string[]
) =>
  createRoute({
    getParentRoute: () => shellRoute,
    path,
    validateSearch: texts(...search),
    component: lazyRouteComponent(() => loadScript(load) as Promise<Record<string, never>>, name as never),
  });

const routes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/now' as never });
    },
  }),
  screen(
    ...(['/automations', () => import('./screens/automations/automations'), 'Automations'] as const),
    ...['q', 'status', 'managedBy', 'uses'],
  ),
  screen(
    ...(['/automations/$id', () => import('./screens/automations/automation'), 'AutomationScreen'] as const),
    ...['tab', 'days', 'from', 'view'],
  ),
  screen('/automations/new', () => import('./screens/editor/editor'), 'NewAutomation', 'view'),
  screen('/automations/$id/edit', () => import('./screens/editor/editor'), 'EditAutomation', 'view'),
  screen('/now', () => import('./screens/now'), 'Now'),
  screen(
    ...(['/alerts', () => import('./screens/alerts/alerts'), 'Alerts'] as const),
    ...['tab', 'status', 'severity', 'matchers', 'systemId', 'source'],
  ),
  screen('/alerts/$id', () => import('./screens/alerts/alert'), 'AlertScreen'),
  screen('/incidents', () => import('./screens/incidents/incidents'), 'Incidents', 'status', 'systemId'),
  screen('/incidents/$id', () => import('./screens/incidents/incident'), 'IncidentScreen'),
  screen('/maintenances', () => import('./screens/incidents/maintenances'), 'Maintenances', 'status', 'systemId'),
  screen('/maintenances/$id', () => import('./screens/incidents/maintenance'), 'MaintenanceScreen'),
  screen('/slos', () => import('./screens/incidents/slos'), 'Slos'),
  screen('/slos/$id', () => import('./screens/incidents/slo'), 'SloScreen'),
  screen(
    ...(['/why', () => import('./screens/why/changes'), 'Changes'] as const),
    ...['kind', 'entity', 'event', 'system', 'since', 'until'],
  ),
  screen('/why/$id', () => import('./screens/why/change'), 'ChangeScreen'),
  screen('/systems', () => import('./screens/systems/systems'), 'Systems', 'q', 'view', 'health'),
  screen('/systems/$id', () => import('./screens/systems/system'), 'SystemScreen'),
  screen('/entities', () => import('./screens/systems/entities'), 'EntityKinds'),
  screen('/entities/$kind', () => import('./screens/systems/entities'), 'Entities'),
  screen('/entities/$kind/$id', () => import('./screens/systems/entities'), 'EntityScreen'),
  screen('/connections', () => import('./screens/connections/connections'), 'Connections', 'tab'),
  screen('/scripts', () => import('./screens/connections/scripts'), 'Scripts', 'run', 'step'),
  screen(
    ...(['/system', () => import('./screens/system/system-page'), 'SystemPage'] as const),
    ...['tab', 'q', 'kind', 'action', 'outcome', 'actorId', 'from', 'to'],
  ),
  screen(
    ...(['/runs', () => import('./screens/runs'), 'Runs'] as const),
    ...['status', 'automationId', 'contextKey', 'errorCode', 'q', 'from', 'to'],
  ),
  screen('/runs/$id', () => import('./screens/run'), 'Run', 'step', 'view'),
];

export const router = createRouter({
  routeTree: rootRoute.addChildren([signInRoute, callbackRoute, shellRoute.addChildren(routes)]),
  basepath: '/console',
  defaultPreload: 'intent',
  defaultErrorComponent: Crash,
  defaultNotFoundComponent: NoScreen,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
