import { useMatch, useNavigate, useRouter } from '@tanstack/react-router';
import { useCallback } from 'react';

/**
 * Returns `navigate` for the screen that calls: it does nothing once another screen has been chosen. While the script of
 * that one loads, this one is still shown and can be pressed, and its requests may be answered even later, but the
 * address is no longer its own.
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
