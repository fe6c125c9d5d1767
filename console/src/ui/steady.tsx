import { useEffect, useRef, useState, type ReactNode } from 'react';
import { steadyItems } from '../lib/steady-items';

/** Milliseconds for which the items stay in place after the last use of the pointer or keyboard in the list. */
const HOLD_MS = 4_000;

interface SteadyProps<Item> {
  items: readonly Item[];
  keyOf(item: Item): string;
  /** Whether the items match the current filters. If not, they are replaced as soon as the matching items arrive. */
  isCurrent?: boolean;
  children(items: readonly Item[]): ReactNode;
}

/**
 * Keeps the items of a live list in place while the user points at them or moves through them with the keyboard.
 * Otherwise, a new item would move another item under the pointer. New items appear when the pointer leaves the list,
 * or four seconds after the last use of the pointer or keyboard.
 */
export function Steady<Item>({ items, keyOf, isCurrent = true, children }: SteadyProps<Item>) {
  const [held, setHeld] = useState<{ items: readonly Item[]; search: string }>();
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const isHeld = isCurrent && held?.search === window.location.search;
  const shown = isHeld ? steadyItems(held.items, items, keyOf) : items;
  const release = () => {
    window.clearTimeout(timer.current);
    setHeld(undefined);
  };
  const hold = () => {
    if (!isCurrent) return;
    if (!isHeld) setHeld({ items, search: window.location.search });
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(release, HOLD_MS);
  };
  return (
    <div onPointerMove={hold} onKeyDown={hold} onFocus={hold} onPointerLeave={release}>
      {children(shown)}
    </div>
  );
}
