// A client of one session of the real server, with what it did, seen from outside.

import type { Session } from "@frontdesk/testing";
import WebSocket from "ws";
import {
  type ClientOptions,
  type ConnectionState,
  createClient,
  type EventFrame,
  type FrontdeskClient,
} from "../../src/index.ts";

export interface Watched {
  client: FrontdeskClient;
  states: ConnectionState[];
  events: EventFrame[];
  /** Every socket that was ever made. */
  sockets: WebSocket[];
  /** The URLs that were fetched. */
  fetched: string[];
  close(): void;
}

/** Short waits, so that a test needs no long ones. */
const QUICK = { minReconnectDelay: 20, maxReconnectDelay: 200 };

const running: Watched[] = [];

/** Makes a client and connects it. The session's cookie travels as it does in a page. */
export function watch(
  session: Session | null,
  options: ClientOptions & { url: ClientOptions["url"] & {} },
): Watched {
  const sockets: WebSocket[] = [];
  const fetched: string[] = [];
  class Counted extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const client = createClient({
    ...QUICK,
    WebSocket: Counted,
    fetch: (input, init) => {
      fetched.push(String(input instanceof Request ? input.url : input));
      return (session?.fetch ?? fetch)(input, init);
    },
    ...options,
  });
  const watched: Watched = {
    client,
    states: [],
    events: [],
    sockets,
    fetched,
    close: () => client.close(),
  };
  client.on("state", (state) => watched.states.push(state));
  client.on("event", (event) => watched.events.push(event));
  running.push(watched);
  client.connect();
  return watched;
}

/** For `afterEach`: no test leaves a client behind. */
export function closeAll(): void {
  for (const { client } of running.splice(0)) client.close();
}

/** The times that a client asked for a token. */
export const tokensAsked = ({ fetched }: Watched): number =>
  fetched.filter((url) => url.endsWith("/auth/ws-token")).length;

/** The titles of the notifications that came, in order. */
export const titles = ({ events }: Watched): string[] =>
  events.flatMap((event) =>
    event.event === "notification.created" ? [event.data.notification.title] : [],
  );

/** The states, by name, each change once. */
export const path = ({ states }: Watched): string[] =>
  states.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1]);
