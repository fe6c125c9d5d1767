import { useSearchParams } from '../lib/search';

/** Search parameters that choose what a screen shows, and do not filter it. */
const VIEWS = ['tab', 'view'];

/** Shown when nothing in a list matches its filters, with a button that removes them. `what` is singular, e.g. `run`. */
export function NoMatch({ what }: { what: string }) {
  const [search, set] = useSearchParams();
  const filters = Object.keys(search).filter((name) => !VIEWS.includes(name));
  return (
    <span className="row-actions">
      No {what} matches these filters.
      <button
        type="button"
        className="small"
        onClick={() => set(Object.fromEntries(filters.map((name) => [name, undefined])))}
      >
        Clear all filters
      </button>
    </span>
  );
}
