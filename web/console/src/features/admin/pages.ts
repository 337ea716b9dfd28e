// Lists that are read page by page.

export interface OnePage<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/** Reads pages until there are enough items that `fit`, no page is left, or `pagesMax` were read. */
export async function readPages<Item>(
  read: (cursor: string | undefined) => Promise<{ data?: OnePage<Item> }>,
  {
    pagesMax,
    enough = Number.POSITIVE_INFINITY,
    fit = () => true,
  }: {
    pagesMax: number;
    enough?: number;
    fit?: (item: Item) => boolean;
  },
): Promise<{ items: Item[]; complete: boolean }> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const { data } = await read(cursor);
    items.push(...(data?.items ?? []).filter(fit));
    cursor = data?.next_cursor ?? undefined;
    if (cursor === undefined) return { items, complete: true };
    if (items.length >= enough) break;
  }
  return { items, complete: false };
}
