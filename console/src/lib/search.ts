import { useSearch } from '@tanstack/react-router';
import { useNavigateWhileShown } from './navigate-while-shown';

export type Search = Record<string, string | undefined>;

/**
 * Returns the filters of the address, and a function that changes some of them without adding to the history. The function
 * does nothing once another screen has been chosen.
 */
export function useSearchParams(): [Search, (changes: Search) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigateWhileShown();
  const set = (changes: Search) => {
    // Of the newest address, so that a second change does not undo one that is not shown yet.
    const next = (before: Search) =>
      Object.fromEntries(
        Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
      );
    void navigate({ to: '.', search: next as never, replace: true });
  };
  return [search, set];
}
