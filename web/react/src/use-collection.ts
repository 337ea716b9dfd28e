// How a hook reads a live list.

import { useSyncExternalStore } from "react";
import { type Collection, type CollectionState, nothingYet } from "./collection.ts";

/** A live list, and how to read more of it. */
export interface LiveItems<Item> extends CollectionState<Item> {
  /** Asks for the list once more. It is rarely needed: after a gap it happens by itself. */
  reload: () => Promise<void>;
  /** Reads the next page of older items. */
  loadMore: () => Promise<void>;
}

export function useCollection<Item>(collection: Collection<Item>): LiveItems<Item> {
  const state = useSyncExternalStore(
    collection.subscribe,
    collection.snapshot,
    (): CollectionState<Item> => nothingYet,
  );
  return { ...state, reload: collection.reload, loadMore: collection.loadMore };
}
