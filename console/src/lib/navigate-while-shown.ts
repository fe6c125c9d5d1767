import { useMatch, useNavigate, useRouter } from '@tanstack/react-router';
import { useCallback } from 'react';

/**
 * Returns a `navigate` function that does nothing once the user has chosen another screen.
 * While the script of the new screen loads, the old screen stays visible and clickable, and its requests may be
 * answered even later. It must not change the address, which already belongs to the new screen.
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
