// Where the lab connects to and how it proves who it is.

/** How the token travels. */
export type Carry = "first-frame" | "query" | "none" | "own-first-frame" | "own-query";

export interface Dial {
  /** Bare frames on a bare socket, or the client of `@frontdesk/client`. */
  mode: "raw" | "client";
  /** The socket, such as `ws://localhost:8000/api/v1/ws`. */
  url: string;
  carry: Carry;
  /** A token of one's own, also one that is none. Held in memory only. */
  own: string;
}

export const CARRIES: readonly { value: Carry; label: string }[] = [
  { value: "first-frame", label: "In the first frame" },
  { value: "query", label: "In the address, ?token=" },
  { value: "none", label: "No token at all" },
  { value: "own-first-frame", label: "Your own, in the first frame" },
  { value: "own-query", label: "Your own, in the address" },
];

export function isOwn(carry: Carry): boolean {
  return carry.startsWith("own");
}

export function isInQuery(carry: Carry): boolean {
  return carry.endsWith("query");
}

/** The sockets of a server, by the page's own address. */
export function presets(origin: string): { label: string; url: string }[] {
  const base = origin.replace(/^http/, "ws");
  return [
    { label: "Event socket", url: `${base}/api/v1/ws` },
    { label: "My chat", url: `${base}/ws/chat/me` },
    { label: "Echo", url: `${base}/ws/echo` },
  ];
}

export function isChatSocket(url: string): boolean {
  return /\/ws\/chat\//.test(url);
}

/** Sends everything back, so it must not be sent a token. */
export function isEchoSocket(url: string): boolean {
  return /\/ws\/echo\/?(\?|$)/.test(url);
}

/** The HTTP side of the server that a socket belongs to. */
export function httpBase(url: string): string {
  return new URL(url.replace(/^ws/, "http")).origin;
}

/** What is wrong with an address, in words; null if nothing is. */
export function addressFault(url: string): string | null {
  // Chromium takes a name with spaces in it, and then asks for it.
  if (/\s/.test(url)) return `\`${url}\` has a space in it, which no address has`;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return `\`${url}\` is no whole address; write one such as ws://localhost:8000/api/v1/ws`;
  }
  if (!/^wss?:$/.test(parsed.protocol))
    return `the address begins with ${parsed.protocol}, a socket's begins with ws: or wss:`;
  if (parsed.hash !== "")
    return `the address has a fragment (${parsed.hash}), which sockets do not allow`;
  return null;
}

/** The address as it is opened: with a name for this try, and with the token if it travels there. */
export function addressOf(url: string, attempt: string, token: string | null): string {
  const address = new URL(url);
  address.searchParams.set("attempt", attempt);
  if (token !== null) address.searchParams.set("token", token);
  return address.href;
}
