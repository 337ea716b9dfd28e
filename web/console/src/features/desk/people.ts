// The accounts that a page of the desk can choose from.

import type { components, RestClient } from "@frontdesk/client/rest";
import { found } from "./found.ts";

export type User = components["schemas"]["User"];

/** Pages of 200 accounts that are looked through. */
const PAGES_MAX = 10;

/** The accounts that can be used, the newest 2,000 of them, by name. */
export async function people(rest: RestClient, signal: AbortSignal): Promise<User[]> {
  const users: User[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data } = await rest.GET("/api/v1/users", {
      params: { query: { limit: 200, ...(cursor && { cursor }) } },
      signal,
    });
    const { items, next_cursor } = found(data);
    users.push(...items.filter(({ disabled }) => !disabled));
    cursor = next_cursor;
    if (!cursor) break;
  }
  return users.sort((one, other) => one.name.localeCompare(other.name));
}
