// What the server says of itself to anyone.

import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useSession } from "./session-provider.tsx";

export interface ServerStatus {
  status: string;
  bot: string;
  /** Whether it is the demo, with accounts that anyone may use. */
  demo: boolean;
}

export function useServerStatus(): UseQueryResult<ServerStatus> {
  const { rest } = useSession();
  return useQuery({
    queryKey: ["server status"],
    queryFn: async ({ signal }) => {
      const { data } = await rest.GET("/ws/status", { signal });
      const said: Partial<ServerStatus> = { ...data };
      return { status: said.status ?? "", bot: said.bot ?? "", demo: said.demo === true };
    },
  });
}
