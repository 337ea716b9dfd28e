// What can be ordered and booked, as admins change it.

import type { components } from "@frontdesk/client";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSession } from "../../../session/session-provider.tsx";
import { readPages } from "../pages.ts";

export type Item = components["schemas"]["Item"];
export type Resource = components["schemas"]["Resource"];

/** Pages of 200 that are shown. */
const PAGES_MAX = 10;

export const itemsKey: readonly string[] = ["items"];
export const resourcesKey: readonly string[] = ["resources"];

export function useItems(): UseQueryResult<Item[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: [...itemsKey, "all"],
    queryFn: async ({ signal }) => {
      const read = (cursor: string | undefined) =>
        rest.GET("/api/v1/items", {
          params: { query: { limit: 200, ...(cursor !== undefined && { cursor }) } },
          signal,
        });
      return (await readPages<Item>(read, { pagesMax: PAGES_MAX })).items;
    },
  });
}

export function useResources(): UseQueryResult<Resource[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: [...resourcesKey, "all"],
    queryFn: async ({ signal }) => {
      const read = (cursor: string | undefined) =>
        rest.GET("/api/v1/resources", {
          params: { query: { limit: 200, ...(cursor !== undefined && { cursor }) } },
          signal,
        });
      return (await readPages<Resource>(read, { pagesMax: PAGES_MAX })).items;
    },
  });
}
