import { useMatch, useNavigate, useRouter } from '@tanstack/react-router';
import { useCallback } from 'react';

/**
 * Returns a `navigate` function that does nothing once the user has chosen another screen.
 * Until the script of the new screen has loaded, the old screen stays visible and clickable, and responses to its
 * requests may arrive even later. By then, the address already belongs to the new screen, so the old screen must not
 * change it.
 */
export function useNavigateWhileShown(): ReturnType<typeof useNavigate> {
  const router = useRouter();
  const navigate = useNavigate();
  const screen = useMatch({ strict: false, select: ({ id }) => id });
  return useCallback(
    async (options) => {
      if (router.matchRoutes(router.latestLocation).some(({ id }) => id === screen)) await navigate(options);
    },
    [router, navigate, screen],
  );
}
