// Who is online; for staff.

import type { Presence } from "@frontdesk/client";
import { useMemo } from "react";
import { type CollectionPlan, collectionOf } from "./collection.ts";
import { useFrontdesk } from "./provider.ts";
import { type LiveItems, useCollection } from "./use-collection.ts";

/** Who is online, who came last first. A customer gets the error `forbidden`. */
export function usePresence(): LiveItems<Presence> {
  const client = useFrontdesk();
  const presence = useMemo(() => collectionOf(client, "presence", {}, () => plan), [client]);
  return useCollection(presence);
}

const plan: CollectionPlan<Presence> = {
  path: "/api/v1/presence",
  query: {},
  passing: true,
  rules: {
    id: ({ user }) => user.id,
    at: ({ since }) => since,
    replaces: () => true,
  },
  read: ({ event, data }) => {
    if (event === "presence.online") return { item: data.presence };
    return event === "presence.offline" ? { gone: data.presence.user.id } : null;
  },
};
