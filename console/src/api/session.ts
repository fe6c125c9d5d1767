import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, ApiError, bodyOf, setCsrfToken } from './client';
import { queryClient } from './query-client';
import type { components } from './schema';

export type Session = components['schemas']['Session'];
type Role = Session['roles'][number];

/** Reads the current session. Null means signed out. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await bodyOf(api.GET('/api/v1/session'));
      setCsrfToken(session.csrfToken);
      return session;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** Reads whether users can sign in with OpenID Connect, and the name for the button. */
export const oidcQuery = queryOptions({
  queryKey: ['session', 'oidc'],
  queryFn: () => bodyOf(api.GET('/api/v1/session/oidc')),
  // If the API cannot be reached, the page shows only the form for a token.
  retry: false,
  staleTime: 60_000,
});

/** Starts a session with an API token or with the code of a one-time link. */
export const signIn = (token: string): Promise<void> => createSession({ token });

/** Starts a sign-in with OpenID Connect. Returns the address at which the user signs in. */
export async function startOidc(): Promise<string> {
  return (await bodyOf(api.POST('/api/v1/session/oidc', { body: {} }))).url;
}

/** Starts a session with the query of the address to which the identity provider redirected. */
export const finishOidc = (response: string): Promise<void> => createSession({ oidc: { response } });

async function createSession(body: components['schemas']['SignIn']): Promise<void> {
  const session = await bodyOf(api.POST('/api/v1/session', { body }));
  setCsrfToken(session.csrfToken);
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
}

export async function signOut(): Promise<void> {
  await bodyOf(api.DELETE('/api/v1/session')).catch(() => undefined);
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}

const GRANTS: Readonly<Record<'manage' | 'secrets' | 'admin', readonly Role[]>> = {
  manage: ['operator', 'admin'],
  secrets: ['admin'],
  admin: ['admin'],
};

/**
 * Returns whether one of the session's roles grants `what`. The page uses this only to disable or hide controls: the
 * server checks every request.
 */
export function useMay(what: keyof typeof GRANTS): boolean {
  const { data } = useQuery(sessionQuery);
  return (data?.roles ?? []).some((role) => GRANTS[what].includes(role));
}
