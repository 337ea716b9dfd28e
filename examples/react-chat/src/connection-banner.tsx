// How the connection is, in words.

import type { ConnectionState } from "@frontdesk/client";
import { useConnection } from "@frontdesk/react";
import { type ReactElement, useEffect, useState } from "react";

export function ConnectionBanner(): ReactElement {
  const state = useConnection();
  const now = useNow(state.status === "waiting");
  return (
    <p role="status" className={state.status}>
      {words(state, now)}
    </p>
  );
}

function words(state: ConnectionState, now: number): string {
  switch (state.status) {
    case "connected":
      return "Live";
    case "connecting":
      return state.attempt === 0 ? "Connecting …" : "Reconnecting …";
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
      return `Reconnecting in ${seconds} s: ${why(state)}`;
    }
    case "closed":
      return state.reason === "terminal" ? `Not connected: ${why(state)}` : "Not connected";
  }
}

function why({ diagnosis, close }: Extract<ConnectionState, { status: "waiting" | "closed" }>): string {
  if (diagnosis !== null) return `${diagnosis.sentence} ${diagnosis.fix}`;
  return close?.detail ?? "looking for the reason …";
}

/** The time, which goes on only while somebody wants to know. */
function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
