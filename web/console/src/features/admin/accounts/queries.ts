// Accounts and their sessions.

import type { components } from "@frontdesk/client";
import type { RestClient } from "@frontdesk/client/rest";
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useSession } from "../../../session/session-provider.tsx";
import { readPages } from "../pages.ts";

export type User = components["schemas"]["User"];
export type OneSession = components["schemas"]["Session"];
export type ChangeUser = components["schemas"]["ChangeUserRequest"];
export type NewUser = components["schemas"]["CreateUserRequest"];

export const accountsKey: readonly string[] = ["admin", "accounts"];

/** Accounts that are shown at once; whoever is not among them is found by typing more. */
const SHOWN = 100;

/** Pages of 200 that one search looks through. */
const SEARCH_PAGES = 25;

export interface FoundAccounts {
  items: User[];
  /** Whether these are all that there are. */
  complete: boolean;
}

/** Accounts with these words in their name, address or id. */
export function useAccounts(words: string): UseQueryResult<FoundAccounts> {
  const { rest } = useSession();
  return useQuery({
    queryKey: [...accountsKey, words],
    queryFn: async ({ signal }) => {
      const read = (cursor: string | undefined) =>
        rest.GET("/api/v1/users", {
          params: { query: { limit: 200, ...(cursor !== undefined && { cursor }) } },
          signal,
        });
      const found = await readPages<User>(read, {
        pagesMax: SEARCH_PAGES,
        enough: SHOWN,
        fit: (user) => fits(user, words),
      });
      return {
        items: found.items.slice(0, SHOWN),
        complete: found.complete && found.items.length <= SHOWN,
      };
    },
    placeholderData: keepPreviousData,
  });
}

/** Each word stands somewhere in the name, the address, the role or the id. */
export function fits({ id, name, email, role }: User, words: string): boolean {
  const text = `${name} ${email} ${role} ${id}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export async function changeUser(rest: RestClient, id: string, change: ChangeUser): Promise<void> {
  await rest.PATCH("/api/v1/users/{id}", { params: { path: { id } }, body: change });
}

export async function createUser(rest: RestClient, user: NewUser): Promise<void> {
  await rest.POST("/api/v1/users", { body: user });
}

export function sessionsKey(user: string): readonly string[] {
  return ["admin", "sessions", user];
}

export function useSessionsOf(user: string): UseQueryResult<OneSession[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: sessionsKey(user),
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/users/{id}/sessions", {
        params: { path: { id: user } },
        signal,
      });
      return data?.items ?? [];
    },
  });
}

export async function endSession(rest: RestClient, user: string, session: string): Promise<void> {
  await rest.DELETE("/api/v1/users/{id}/sessions/{session_id}", {
    params: { path: { id: user, session_id: session } },
  });
}
