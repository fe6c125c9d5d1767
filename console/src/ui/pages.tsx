import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Loaded } from './page';
import { Steady } from './steady';

interface PageOf<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Reads a list page by page. The event stream refreshes the list if an event makes the first part of `key` stale. */
export function usePages<Answer extends PageOf<unknown>>(
  key: readonly unknown[],
  read: (cursor: string | undefined) => Promise<Answer>,
  options: { enabled?: boolean; refetchInterval?: number } = {},
) {
  return useInfiniteQuery({
    queryKey: key,
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => read(pageParam),
    getNextPageParam: (page: Answer) => page.nextCursor ?? undefined,
    ...options,
  });
}

/** The result of `usePages`. */
export interface PagesQuery<Item> {
  data: { pages: readonly PageOf<Item>[] } | undefined;
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isPlaceholderData: boolean;
  fetchNextPage(): Promise<unknown>;
}

interface PagesProps<Item> {
  query: PagesQuery<Item>;
  /** Returns the key of an item in a live list. If set, the items stay in place while the user points at them. */
  steadyBy?: (item: Item) => string;
  children(items: readonly Item[]): ReactNode;
}

/** Shows the items read so far, and a button that reads the next page. */
export function Pages<Item>({ query, steadyBy, children }: PagesProps<Item>) {
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        return (
          <>
            {steadyBy === undefined ? (
              children(items)
            ) : (
              <Steady items={items} keyOf={steadyBy} isCurrent={!query.isPlaceholderData}>
                {children}
              </Steady>
            )}
            {query.hasNextPage && (
              <div className="more">
                <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show more
                </button>
              </div>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

/**
 * Returns the query parameters for a page: `limit`, and `cursor` only if it is defined, because the generated types do
 * not accept undefined.
 */
export const page = (cursor: string | undefined, limit = 50) => ({
  limit,
  ...(cursor === undefined ? {} : { cursor }),
});
