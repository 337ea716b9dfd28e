// What the page asks the server, and how often: each question only while somebody looks.

import type { components } from "@frontdesk/client";
import {
  useMutation,
  type UseMutationResult,
  useQuery,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { Session } from "../../session/session.ts";
import { useSession } from "../../session/session-provider.tsx";

export type WsStats = components["schemas"]["WsStats"];
export type Attempt = components["schemas"]["Attempt"];
export type TokenVerdict = components["schemas"]["TokenVerdict"];
export type LiveConnection = components["schemas"]["Connection"];

/** How often counts are asked for. */
export const SECOND_MS = 1_000;

/** Twice in the second within which a refusal is to be seen. */
const ATTEMPTS_MS = 500;

const CONNECTIONS_MS = 2_000;

/** Connections that one page of the list holds. */
const CONNECTIONS_MAX = 200;

const connectionsKey = ["live connections"];

export interface LiveConnections {
  items: LiveConnection[];
  /** Whether there are more than are shown. */
  hasMore: boolean;
}

export function useLiveConnections(): UseQueryResult<LiveConnections> {
  const { rest } = useSession();
  return useQuery({
    queryKey: connectionsKey,
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/ws/connections", {
        signal,
        params: { query: { limit: CONNECTIONS_MAX } },
      });
      return { items: data?.items ?? [], hasMore: Boolean(data?.next_cursor) };
    },
    refetchInterval: CONNECTIONS_MS,
  });
}

export function useDisconnect(): UseMutationResult<void, Error, string> {
  const { rest, queries } = useSession();
  return useMutation({
    mutationFn: async (id) => {
      await rest.DELETE("/api/v1/ws/connections/{id}", { params: { path: { id } } });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: connectionsKey }),
  });
}

export function useWsStats(): UseQueryResult<WsStats> {
  const { rest } = useSession();
  return useQuery({
    queryKey: ["socket statistics"],
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/ws/stats", { signal });
      if (!data) throw new Error("the statistics were answered without a body");
      return data;
    },
    refetchInterval: SECOND_MS,
  });
}

export function useAttempts(): UseQueryResult<Attempt[]> {
  const { rest } = useSession();
  return useQuery({
    queryKey: ["refused attempts"],
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/ws/attempts", { signal });
      return data?.items ?? [];
    },
    refetchInterval: ATTEMPTS_MS,
  });
}

/** The verdict on a token. It goes in the body of one request, and is kept nowhere. */
export async function inspectToken({ rest }: Session, token: string): Promise<TokenVerdict> {
  const { data } = await rest.POST("/api/v1/diagnose/token", { body: { token } });
  if (!data) throw new Error("the verdict was answered without a body");
  return data;
}
