// Which items of a live list are new since it was first shown, for a quiet highlight.

import { useRef } from "react";

/**
 * Gives the class for an item's id: `fd-new` if the item came after the list had loaded, so that what
 * was there from the start does not flash. `loading` is that of the list.
 */
export function useArrivals(ids: readonly string[], loading: boolean): (id: string) => string {
  const known = useRef<Set<string> | null>(null);
  const fresh = useRef(new Set<string>());
  if (!loading) {
    if (known.current === null) known.current = new Set(ids);
    for (const id of ids) {
      if (known.current.has(id)) continue;
      known.current.add(id);
      fresh.current.add(id);
    }
  }
  return (id) => (fresh.current.has(id) ? "fd-new" : "");
}
