import { useNavigate, useSearch } from '@tanstack/react-router';

export type Search = Record<string, string | undefined>;

/** Returns the filters of the address, and a function that changes some of them without adding to the history. */
export function useSearchParams(): [Search, (changes: Search) => void] {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = (changes: Search) => {
    const next = Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined && value !== '');
    void navigate({ to: '.', search: Object.fromEntries(next) as never, replace: true });
  };
  return [search, set];
}
