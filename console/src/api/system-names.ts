import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from './client';
import { queryClient } from './query-client';

/** Maximum number of ids in one request. */
const MOST = 50;
/** How long a name is cached, in milliseconds. */
const FRESH_MS = 60_000;

interface Wanted {
  id: string;
  resolve(name: string | null): void;
  reject(error: unknown): void;
}

let wanted: Wanted[] = [];

/** Returns the name of a system, or null if no system has this id. Concurrent calls share requests. */
function readName(id: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    if (wanted.length === 0) window.setTimeout(readWanted);
    wanted.push({ id, resolve, reject });
  });
}

function readWanted(): void {
  const all = wanted;
  wanted = [];
  for (let at = 0; at < all.length; at += MOST) void readBatch(all.slice(at, at + MOST));
}

async function readBatch(batch: readonly Wanted[]): Promise<void> {
  try {
    const query = { systemIds: batch.map(({ id }) => id).join(','), limit: MOST };
    const { items } = await bodyOf(api.GET('/api/v1/systems', { params: { query } }));
    const names = new Map(items.map(({ id, name }) => [id, name]));
    for (const { id, resolve } of batch) resolve(names.get(id) ?? null);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

const keyOf = (id: string | undefined) => ['system-name', id] as const;

/** Caches the name of a system that another response contained, so that it is not requested again. */
export function rememberSystemName(id: string, name: string): void {
  queryClient.setQueryData(keyOf(id), name);
}

/**
 * Returns the name of a system, or null if there is no id, if the name has not been read yet, or if no system has this
 * id.
 */
export function useSystemName(id: string | undefined): string | null {
  const { data } = useQuery({
    queryKey: keyOf(id),
    enabled: id !== undefined,
    staleTime: FRESH_MS,
    queryFn: () => readName(id ?? ''),
  });
  return data ?? null;
}
