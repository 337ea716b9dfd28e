// The server cannot be asked: says why, and when it is asked again.

import type { ReactElement } from "react";
import { Offline } from "../ui/states.tsx";
import { useNow } from "../ui/use-now.ts";
import type { SessionState } from "./session.ts";
import { useSession } from "./session-provider.tsx";

export function Unreachable({
  state: { trouble, retryAt },
}: {
  state: Extract<SessionState, { status: "unreachable" }>;
}): ReactElement {
  const { check } = useSession();
  const seconds = Math.max(0, Math.ceil((retryAt - useNow(1_000)) / 1_000));
  return (
    <Offline
      sentence={trouble.sentence}
      fix={trouble.fix}
      next={seconds > 0 ? `Asking again in ${seconds} s` : "Asking again …"}
      onRetry={() => void check()}
    />
  );
}
