// The line that every page shares: live, reconnecting and why, signed out, back again.

import { useConnection, useFrontdesk } from "@frontdesk/react";
import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import { Banner } from "../ui/banner.tsx";
import { useNow } from "../ui/use-now.ts";
import { connectionWords } from "./connection-words.ts";
import { useSession } from "./session-provider.tsx";
import { useCaughtUp } from "./use-caught-up.ts";

/** Below `SignedIn`. */
export function ConnectionBanner(): ReactElement {
  const session = useSession();
  const client = useFrontdesk();
  const state = useConnection();
  const now = useNow(state.status === "waiting" ? 500 : null);
  const { tone, text, spoken, hint, remedy } = connectionWords(state, now, useCaughtUp());
  const action =
    remedy === "sign-in" ? (
      <Button size="compact-sm" variant="default" onClick={() => session.leave("elsewhere")}>
        Sign in again
      </Button>
    ) : remedy === "connect" ? (
      <Button size="compact-sm" variant="default" onClick={() => client.connect()}>
        Connect now
      </Button>
    ) : null;
  return (
    <Banner tone={tone} spoken={spoken} hint={hint} action={action}>
      {text}
    </Banner>
  );
}
