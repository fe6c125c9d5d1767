import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, bodyOf } from '../api/client';
import { queryClient } from '../api/query-client';
import type { components } from '../api/schema';

type Step = components['schemas']['Step'];

/** A page of the steps of a run, and the cursor with which it was read. */
interface StepPage {
  cursor: string | undefined;
  items: readonly Step[];
  nextCursor: string | null;
}

const PAGE = 200;
/** Number of pages read between two updates of the screen during the first read of the list. */
const SHOW_EVERY = 10;
const OPEN = new Set(['pending', 'running', 'waiting']);

interface Detail {
  steps: readonly Step[];
  stepsTruncated: boolean;
}

/**
 * Returns the steps of a run, sorted by path. The API returns the first 500 steps with the run. If there are more, all
 * steps are read page by page, and `complete` is false until the last page has arrived.
 * When a run continues, only the last page and pages with an open step are read again. Until that is done, the previous
 * list is returned and counts as complete.
 */
export function useSteps(id: string, detail: Detail | undefined): { steps: readonly Step[]; complete: boolean } {
  const truncated = detail?.stepsTruncated === true;
  const query = useQuery({ queryKey: ['run', id, 'steps'], enabled: truncated, queryFn: () => readPages(id) });
  const first = detail?.steps ?? [];
  const pages = query.data;
  const read = useMemo(() => byPlace((pages ?? []).flatMap(({ items }) => items)), [pages]);
  if (!truncated) return { steps: first, complete: true };
  const complete = pages?.at(-1)?.nextCursor === null;
  return { steps: read.length > first.length ? read : first, complete };
}

async function readPages(id: string): Promise<readonly StepPage[]> {
  const key = ['run', id, 'steps'];
  const before = queryClient.getQueryData<readonly StepPage[]>(key) ?? [];
  const pages: StepPage[] = [];
  let cursor: string | undefined;
  do {
    const known = before[pages.length];
    const page = known !== undefined && isSettled(known, cursor) ? known : await readPage(id, cursor);
    pages.push(page);
    cursor = page.nextCursor ?? undefined;
    // During the first read, show the pages read so far. Later reads replace the whole list at their end.
    if (pages.length > before.length && pages.length % SHOW_EVERY === 4) queryClient.setQueryData(key, [...pages]);
  } while (cursor !== undefined);
  return pages;
}

/**
 * Returns whether a page can no longer change. Steps are listed in the order in which they started, so a page cannot
 * change if it is not the last page and has no open steps.
 */
const isSettled = (page: StepPage, cursor: string | undefined): boolean =>
  page.cursor === cursor && page.nextCursor !== null && !page.items.some(({ status }) => OPEN.has(status));

async function readPage(id: string, cursor: string | undefined): Promise<StepPage> {
  const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
  const answer = await bodyOf(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id }, query } }));
  return { cursor, ...answer };
}

/**
 * Returns the steps sorted by path, with numbers in paths compared numerically. Nested steps directly follow the step
 * that contains them.
 */
function byPlace<S extends { path: string }>(steps: readonly S[]): S[] {
  const keyed = steps.map((step) => ({ step, key: step.path.replaceAll(/\d+/g, (digits) => digits.padStart(7, '0')) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ step }) => step);
}
