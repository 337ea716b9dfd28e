// How many parts of a page hold a client. The first one connects it, the last one lets it go.

import { type ClientOptions, type FrontdeskClient, createClient } from "@frontdesk/client";

interface Holding {
  holders: number;
  /** Ends the wait until the client may be closed. */
  cancel: (() => void) | null;
}

const holdings = new WeakMap<FrontdeskClient, Holding>();
const byUrl = new Map<string, FrontdeskClient>();

/** Connects a client until the answer is called by everyone who holds it. */
export function hold(client: FrontdeskClient): () => void {
  const holding = holdings.get(client) ?? { holders: 0, cancel: null };
  holdings.set(client, holding);
  holding.cancel?.();
  holding.cancel = null;
  holding.holders += 1;
  if (holding.holders === 1) client.connect();
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    holding.holders -= 1;
    if (holding.holders === 0) holding.cancel = closeSoon(client);
  };
}

/**
 * The client of these options. Providers with the same `url` on one page share one client, and with
 * it one socket; the options of the first hold. A server has many visitors, so there nothing is shared.
 */
export function clientOf(options: ClientOptions): FrontdeskClient {
  const { url = "" } = options;
  if (typeof window === "undefined" || typeof url !== "string") return createClient(options);
  let client = byUrl.get(url);
  if (client === undefined) {
    client = createClient(options);
    byUrl.set(url, client);
  }
  return client;
}

function closeSoon(client: FrontdeskClient): () => void {
  let over = false;
  let listening: (() => void) | null = null;
  const finish = (): void => {
    // To close a socket that is still being opened makes a browser complain, and costs the server a
    // handshake. It opens or fails soon: the client has a timeout for that.
    if (over || client.state.status === "connecting") return;
    listening?.();
    over = true;
    client.close();
    for (const [url, kept] of byUrl) if (kept === client) byUrl.delete(url);
  };
  // StrictMode and fast refresh unmount and mount again at once: one macrotask later is early enough.
  const timer = setTimeout(() => {
    listening = client.on("state", finish);
    finish();
  }, 0);
  return () => {
    over = true;
    clearTimeout(timer);
    listening?.();
  };
}
