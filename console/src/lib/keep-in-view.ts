import { useEffect, type RefObject } from 'react';

/** Scrolls a row horizontally to centre the entry that matches `selector`, whenever `chosen` changes. */
export function useKeepInView(row: RefObject<HTMLElement | null>, selector: string, chosen: string): void {
  useEffect(() => {
    const entry = row.current?.querySelector(selector);
    if (row.current === null || entry === null || entry === undefined) return;
    const outer = row.current.getBoundingClientRect();
    const inner = entry.getBoundingClientRect();
    row.current.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }, [row, selector, chosen]);
}
