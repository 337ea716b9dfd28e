// What can be ordered and booked. Orders, bookings and the chat are live: their hooks are in
// @frontdesk/react.

import type { components } from "@frontdesk/client";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSession } from "../../session/session-provider.tsx";

export type Item = components["schemas"]["Item"];
export type Resource = components["schemas"]["Resource"];

/** As many as one answer holds. */
const LIMIT = 200;

export function useItems(): UseQueryResult<Item[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: ["items"],
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/items", {
        params: { query: { limit: LIMIT } },
        signal,
      });
      return data?.items ?? [];
    },
  });
}

export function useResources(): UseQueryResult<Resource[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: ["resources"],
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/resources", {
        params: { query: { limit: LIMIT } },
        signal,
      });
      return data?.items ?? [];
    },
  });
}
