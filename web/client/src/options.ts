// What a client is made with, and what each option is when it is left out.

import type { Resume } from "./protocol.ts";
import type { GetToken } from "./token.ts";
import type { WebSocketConstructor } from "./transport.ts";

export interface ClientOptions {
  /**
   * Where the server is: `https://desk.example.com`, the socket itself (`wss://…/api/v1/ws`), or a
   * function that gives one of them. The page's own server by default.
   */
  url?: string | (() => string | Promise<string>);
  /** Gives the token that opens a socket. By default the server is asked, with the page's cookie. */
  getToken?: GetToken;
  fetch?: typeof globalThis.fetch;
  /** Needed where there is none, as in Node 20: `import WebSocket from "ws"`. */
  WebSocket?: WebSocketConstructor | (new (url: string) => object);
  /** Keeps positions beyond the life of the page, so that a reload misses nothing. */
  positions?: PositionStorage;
  /** The shortest wait before a retry, in milliseconds. 500 by default. */
  minReconnectDelay?: number;
  /** The longest. 20,000 by default. */
  maxReconnectDelay?: number;
  /** Retries in a row before the client gives up. No limit by default. */
  maxRetries?: number;
  /** A connection that held this long begins a new series of retries. 5,000 by default. */
  minUptime?: number;
  /** How long a token may take, and then the handshake. 10,000 by default. */
  connectTimeout?: number;
  /** Heartbeats that may be missing before the server is asked for a sign of life. 2 by default. */
  missedHeartbeats?: number;
  /** How long that sign may take. 5,000 by default. */
  probeTimeout?: number;
  /** Prints what happens to the console. `localStorage["frontdesk.debug"] = "1"` does it too. */
  debug?: boolean;
  /** For tests: chance, from 0 up to 1. */
  random?: () => number;
  /** For tests: milliseconds since 1970. */
  now?: () => number;
}

/** A place for positions, such as `sessionStorage`. */
export interface PositionStorage {
  load(): Resume | null | Promise<Resume | null>;
  save(positions: Resume): void;
}

/** Options with nothing left out but what is looked up at the moment of its use. */
export type Settings = Omit<
  Required<ClientOptions>,
  "getToken" | "positions" | "WebSocket" | "url"
> &
  Pick<ClientOptions, "getToken" | "positions" | "url"> & { WebSocket: WebSocketConstructor };

export function settings(options: ClientOptions): Settings {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  return {
    // Looked up late: at import, and on a server, there may be none.
    fetch: (input, init) => globalThis.fetch(input, init),
    WebSocket: globalWebSocket,
    minReconnectDelay: 500,
    maxReconnectDelay: 20_000,
    maxRetries: Number.POSITIVE_INFINITY,
    minUptime: 5_000,
    connectTimeout: 10_000,
    missedHeartbeats: 2,
    probeTimeout: 5_000,
    debug: isDebugSwitchOn(),
    random: Math.random,
    now: Date.now,
    ...given,
  } as Settings;
}

/** Stands for the page's own, called with `new`. */
// biome-ignore lint/complexity/useArrowFunction: an arrow function cannot be called with `new`
const globalWebSocket = function (url: string): WebSocket {
  return new globalThis.WebSocket(url);
} as unknown as WebSocketConstructor;

function isDebugSwitchOn(): boolean {
  try {
    // Only pages have it; Node warns at the mere look.
    return Boolean(globalThis.document && localStorage.getItem("frontdesk.debug"));
  } catch {
    // A page may be forbidden to look.
    return false;
  }
}

/** The server's HTTP base, and its socket if the URL names it. Throws if the URL is none. */
export async function locate(
  url: ClientOptions["url"],
): Promise<{ base: string; socket: string | null }> {
  const page = globalThis.location?.href;
  const given = typeof url === "function" ? await url() : url;
  if (!given && !page) throw new TypeError("no page, and no url");
  const parsed = new URL(given || "/", page);
  const isSocket = parsed.protocol === "ws:" || parsed.protocol === "wss:";
  const socket = isSocket ? parsed.href : null;
  if (isSocket) parsed.protocol = parsed.protocol.replace("ws", "http");
  const path = parsed.pathname
    .replace(isSocket ? /(\/api\/v1)?\/ws\/?$/ : "", "")
    .replace(/\/+$/, "");
  return { base: parsed.origin + path, socket };
}
