// What the registry of causes says of one. The table is part of the page, so it is there while the
// server is not.

import { type CauseId, causes } from "@frontdesk/client/causes";
import type { Explained } from "./verdict.ts";

/** Null for an id that this version does not know. */
export function explain(id: string): Explained | null {
  return isCause(id) ? causes[id] : null;
}

function isCause(id: string): id is CauseId {
  return Object.hasOwn(causes, id);
}
