// How many events came late, told for a moment after a connection was back.

import { useFrontdesk } from "@frontdesk/react";
import { useEffect, useState } from "react";

/** How long it is told. */
const SHOWN_MS = 6_000;

/** The number of events that had been missed; `null` when there is nothing to tell. */
export function useCaughtUp(): number | null {
  const client = useFrontdesk();
  const [missed, setMissed] = useState<number | null>(null);
  useEffect(() => {
    let lost = false;
    let behind = false;
    let count = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ends = [
      client.on("state", ({ status }) => {
        if (status === "waiting") lost = true;
        if (status === "connected") {
          behind = lost;
          lost = false;
          count = 0;
        } else {
          setMissed(null);
        }
      }),
      client.on("event", (event) => {
        if (behind && "offset" in event) count += 1;
      }),
      client.on("caughtUp", () => {
        // The welcome of a connection tells this before its state changes: nothing was missed then.
        if (!behind && !lost) return;
        behind = false;
        lost = false;
        setMissed(count);
        clearTimeout(timer);
        timer = setTimeout(() => setMissed(null), SHOWN_MS);
      }),
    ];
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [client]);
  return missed;
}
