import { useSearch } from '@tanstack/react-router';
import { useNavigateWhileShown } from './navigate-while-shown';

export type Search = Record<string, string | undefined>;

/**
 * Returns the search parameters of the address, and a function that changes some of them without adding a history
 * entry. That function does nothing once the user has chosen another screen.
 */
export function useSearchParams(): [Search, (changes: Search) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigateWhileShown();
  const set = (changes: Search) => {
    // Based on the newest address, so that two quick changes do not undo each other before the page has rendered.
    const next = (before: Search) =>
      Object.fromEntries(
        Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
      );
    void navigate({ to: '.', search: next as never, replace: true });
  };
  return [search, set];
}
