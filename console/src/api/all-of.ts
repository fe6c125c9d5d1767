const PAGE = 200;

interface Listed<Item> {
  items: Item[];
  nextCursor: string | null;
}

/**
 * Reads pages of a list until its end, or until at least `most` items have been read. `isWhole` is true if the end was
 * reached.
 */
export async function allOf<Item>(
  most: number,
  read: (query: { limit: number; cursor?: string }) => Promise<Listed<Item>>,
): Promise<{ items: Item[]; isWhole: boolean }> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < most);
  return { items, isWhole: cursor === undefined };
}
