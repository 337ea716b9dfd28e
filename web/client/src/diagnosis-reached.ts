// Causes where the server is there and well: what lies between it and the page, the token, and the loss
// of a socket that was open. Start at `byOurServer`.

import { isLoopback, siteOf } from "./diagnosis-address.ts";
import { closed, PASS_UPGRADES, RECONNECTS, refused, type Verdict } from "./diagnosis-told.ts";
import type { AttemptRecord } from "./diagnosis-types.ts";
import type { Findings } from "./probes.ts";

/** How long a server remembers a try. */
const REMEMBERED_MS = 600_000;

/** The server is there, and still the try failed. */
export function byOurServer(record: AttemptRecord, found: Findings, host: string): Verdict {
  const { check, echo, home } = found;
  const { code = 0, reason, fix } = check?.body?.seen ? check.body : {};
  const [slug = "", detail = ""] = String(reason ?? "").split(/: (.*)/s);
  if (code >= 4000) return closed(record, code, String(reason), fix);
  if (code >= 400 && code < 600) return refused(slug, detail, fix);
  if (record.phase === "token") return byToken(record, found, host);
  if (record.phase !== "opening") return byLoss(record, found, host);

  if (record.timedOut && record.recentFailures > 8) {
    return [
      "br.fail_delay",
      "unsure",
      `After ${record.recentFailures} failures the browser holds new sockets back.`,
      "Wait two minutes, or open the page in a new tab.",
      "br.pending_serial",
      "net.middlebox",
    ];
  }
  if (check?.body?.seen) {
    return [
      "net.middlebox",
      "likely",
      `${host} answered the handshake, but its answer did not arrive here.`,
      "Let the proxy pass upgrades, or use https, so that nothing on the way can look inside.",
      "ws.extension",
      "br.extension",
    ];
  }
  if (check?.body?.seen !== false) {
    return [
      "proxy.no_upgrade",
      "unsure",
      `${host} is there, but the socket did not open, and the server could not be asked why.`,
      "Look at the red line in the console, or at /api/v1/ws/attempts as staff.",
      "origin.denied",
      "proxy.path_prefix",
      "net.middlebox",
    ];
  }
  if (echo === "opens") {
    return [
      "proxy.path_prefix",
      isOneServer(home) ? "likely" : "unsure",
      `Sockets open at ${host}, but the handshake for ${record.url} never reached the server.`,
      "Let the proxy pass this path on unchanged, as it does /ws/echo.",
      "origin.denied",
      "br.extension",
    ];
  }
  const isOwn = record.origin === new URL(home).origin;
  return [
    "proxy.no_upgrade",
    "unsure",
    `Requests reach ${host}, but WebSocket handshakes do not: something on the way does not pass them.`,
    PASS_UPGRADES,
    ...(isOwn ? (["dev.vite_ws_false"] as const) : []),
    "proxy.no_ws_support",
    "net.middlebox",
    "proxy.auth_layer",
    "br.extension",
  ];
}

/** The token could not be had, though the server is there. */
function byToken(
  { token, origin }: AttemptRecord,
  { view, home }: Findings,
  host: string,
): Verdict {
  const { verdict, found, expected } = view?.body?.origin ?? {};
  if (token?.networkError) {
    if (verdict === "denied") {
      return [
        "cors.origin",
        "certain",
        `The server does not let pages of ${found} ask it.`,
        `Add ${found} to server.allowed_origins, or open the page where it is allowed: ${expected}.`,
      ];
    }
    return [
      "token.endpoint_unauth",
      "unsure",
      `${host} is there, but no token could be had: ${token.networkError}.`,
      "Look at what getToken does, and at the token request in the browser's network panel.",
      "cors.preflight",
      "cors.error_hides",
    ];
  }
  if (token?.status !== 401) {
    return [
      "proxy.path_prefix",
      "likely",
      `${host} is there, but something else answers the token request (${token?.status} ${token?.contentType}).`,
      "Let the proxy pass /api on unchanged.",
      "url.spa_fallback",
    ];
  }
  if (view?.body?.session?.arrived) {
    return [
      "token.endpoint_unauth",
      "certain",
      "The session of this page is over.",
      "Log in again.",
    ];
  }
  if (origin?.startsWith("http") && siteOf(origin) !== siteOf(home)) {
    const [page, server] = [new URL(origin).hostname, new URL(home).hostname];
    return [
      "cookie.samesite",
      "likely",
      `No session came along: to the browser ${page} and ${server} are two sites, so the cookie stays behind.`,
      "Open the page by the server's host name, or log in if nobody did.",
      "token.endpoint_unauth",
    ];
  }
  return [
    "token.endpoint_unauth",
    "certain",
    "Nobody is signed in on this page.",
    'Log in first; across ports with credentials: "include", or the cookie is not kept.',
  ];
}

/** A socket that was open went away without a word. */
function byLoss(record: AttemptRecord, { check, home }: Findings, host: string): Verdict {
  const { frozenMs, silentMs, livedMs, timedOut, phase } = record;
  const seconds = Math.round((silentMs ?? 0) / 1000);
  if (frozenMs !== null) {
    return [
      "bg.bfcache",
      "certain",
      `The browser took the socket while this page slept (${Math.round(frozenMs / 1000)} s).`,
      RECONNECTS,
    ];
  }
  if (timedOut === "silence") {
    return [
      "net.change",
      "likely",
      `Nothing was heard for ${seconds} s, not even an answer to a ping: the way to ${host} broke.`,
      RECONNECTS,
      "net.middlebox",
    ];
  }
  if (record.error) {
    return [
      "ws.extension",
      "unsure",
      "What came on the socket was not WebSocket: something on the way changes it.",
      "Read the red line in the console, and connect past the proxy to see whether it is the cause.",
      "dev.two_handlers",
      "ws.protocol_error",
    ];
  }
  if (check?.body?.seen === false && (livedMs ?? 0) < REMEMBERED_MS) {
    if (phase === "welcomed") {
      return [
        "srv.crash",
        isOneServer(home) ? "likely" : "unsure",
        `${host} was started anew: it does not know the connection that ended.`,
        RECONNECTS,
        "srv.deploy",
        "net.change",
      ];
    }
    return [
      "net.other_program",
      "likely",
      `A socket opened at ${record.url}, but not on the Frontdesk server at ${host}.`,
      "Check the address of the socket, and what the proxy does with it.",
      "proxy.path_prefix",
    ];
  }
  if (timedOut === "welcome") {
    return [
      "cap.loop_blocked",
      "unsure",
      `${host} took the socket, but said no welcome in time.`,
      "Look whether the server is overloaded.",
      "net.middlebox",
    ];
  }
  // Timeouts are set in round numbers, and silence is what they count.
  if (seconds > 4 && Math.abs((silentMs ?? 0) - Math.round(seconds / 5) * 5000) < 400) {
    return [
      "idle.proxy",
      "likely",
      `The connection was cut after ${seconds} s of silence, and not by the server: an idle timeout on the way.`,
      `Raise the proxy's timeout (nginx: proxy_read_timeout 75s;), or set socket.heartbeat_seconds below ${seconds}.`,
      "net.change",
    ];
  }
  return [
    "net.change",
    "unsure",
    `The way to ${host} broke without a word; the server is well.`,
    RECONNECTS,
    "idle.proxy",
    "life.max",
    "net.middlebox",
  ];
}

/** Elsewhere another node may have been asked than the one that saw the try. */
function isOneServer(home: string): boolean {
  return isLoopback(new URL(home).hostname);
}
