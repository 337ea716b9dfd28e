// A connection as the client of `@frontdesk/client` makes it, on the network of the lab, told in words.

import { createClient, type FrontdeskClient } from "@frontdesk/client";
import { seconds } from "./tracker.ts";
import type { Wire } from "./wire.ts";

export interface ClientMode {
  url: string;
  wire: Wire;
  /** Gives a token, or rejects where the lab holds it back. */
  getToken: () => Promise<{ token: string }>;
  note: (text: string) => void;
  become: (status: "opening" | "welcomed" | "away" | "closed") => void;
}

export function startClient({ url, wire, getToken, note, become }: ClientMode): FrontdeskClient {
  const client = createClient({ url, fetch: wire.fetch, WebSocket: wire.Socket, getToken });
  // A state is told once more with its diagnosis; what was said already is not said again.
  let retry = 0;
  let conclusion = "";
  client.on("state", (state) => {
    switch (state.status) {
      case "connecting":
        become("opening");
        break;
      case "connected":
        [retry, conclusion] = [0, ""];
        become("welcomed");
        break;
      case "waiting": {
        const wait = seconds(Math.max(0, state.retryAt - Date.now()));
        if (state.attempt !== retry)
          note(`The client will try again in ${wait} (retry ${state.attempt}).`);
        retry = state.attempt;
        become("away");
        break;
      }
      case "closed":
        if (state.reason === "terminal" && state.diagnosis === null)
          note("The client stops: no retry can help until something is changed.");
        become("closed");
    }
  });
  client.on("diagnosis", ({ sentence, fix }) => {
    const said = `${sentence} ${fix}`;
    const where = wire.isCut ? "From inside the cut the client concludes" : "The client concludes";
    if (said !== conclusion) note(`${where}: ${said}`);
    conclusion = said;
  });
  client.on("caughtUp", ({ channels }) =>
    note(`The client has caught up on ${channels.join(", ")}: nothing is missing.`),
  );
  note("Connecting as the client does: token, first frame, welcome.");
  client.connect();
  return client;
}
