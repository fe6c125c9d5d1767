import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Search } from '../lib/search';
import { Steady } from '../ui/steady';

/** Number of items that a panel of the first screen shows at most. */
export const SHOWN = 8;
/**
 * Interval in milliseconds at which the panels are read again. The event stream does not announce every change that
 * they show.
 */
export const REFRESH_MS = 15_000;

export const useNowQuery = <T,>(name: string, read: () => Promise<T>) =>
  useQuery({ queryKey: ['now', name], queryFn: read, refetchInterval: REFRESH_MS });

/** The items of a panel, or a text if there are none. */
export function List({ items, none }: { items: readonly ReactElement[]; none: string }) {
  if (items.length === 0) return <p className="pad faint">{none}</p>;
  return (
    <Steady items={items} keyOf={({ key }) => key ?? ''}>
      {(shown) => (
        <ul className="plain">
          {shown.map((item) => (
            <li key={item.key}>{item}</li>
          ))}
        </ul>
      )}
    </Steady>
  );
}

interface RestProps {
  /** Number of items that were read. */
  read: number;
  /** Whether there are more items than were read. */
  isCut: boolean;
  to: string;
  search: Search;
}

/** Says how many items a panel leaves out and links to the list of all. Shows nothing if it leaves out none. */
export function Rest({ read, isCut, to, search }: RestProps) {
  if (read <= SHOWN && !isCut) return null;
  return (
    <p className="pad faint">
      {Math.min(read, SHOWN)} of {isCut ? 'more than ' : ''}
      {read},{' '}
      <Link to={to} search={search}>
        show all
      </Link>
    </p>
  );
}
