// How the bot is set up.

import type { components } from "@frontdesk/client";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSession } from "../../../session/session-provider.tsx";

export type BotSettings = components["schemas"]["BotSettings"];
export type TryAnswer = components["schemas"]["TryAnswer"];

export const botKey: readonly string[] = ["admin", "bot"];

export function useBotSettings(): UseQueryResult<BotSettings> {
  const { rest } = useSession();
  return useQuery({
    queryKey: botKey,
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/api/v1/bot", { signal });
      if (data === undefined) throw new Error("the server answered well but said nothing");
      return data;
    },
    // What is being written must not change under the hand.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
}
