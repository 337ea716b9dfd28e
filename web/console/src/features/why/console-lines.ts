// What browsers write to the console when a connection fails, and what each line means. Scripts cannot
// read these lines, people can: a pasted one often decides what a page cannot. The wordings were
// measured on Chromium; a few of Firefox and Safari are known by name alone and count as likely.

import type { CauseId } from "@frontdesk/client";

/** What a pasted line says. */
export interface Reading {
  /** The cause; the first that fits if others look the same. */
  id: CauseId;
  confidence: "certain" | "likely" | "unsure";
  /** What in the text says so, without tokens. */
  because: string;
  /** Other causes that would write the same. */
  alternatives: CauseId[];
  /** The address that the line names, if it names one. */
  url: string | null;
}

interface Pattern {
  pattern: RegExp;
  id: CauseId;
  confidence: Reading["confidence"];
  because: string;
  alternatives?: CauseId[];
}

/** The most telling first: a cause before its symptoms. */
const PATTERNS: readonly Pattern[] = [
  {
    pattern: /violates the following Content Security Policy directive: "?([\w-]+)/i,
    id: "br.csp",
    confidence: "certain",
    because: "The page's own policy ($1) blocked the connection before it was tried.",
  },
  {
    pattern:
      /insecure WebSocket connection may not be initiated from a page loaded over HTTPS|Mixed Content:/i,
    id: "br.mixed",
    confidence: "certain",
    because: "A page that came over https asked for something without TLS.",
  },
  {
    pattern:
      /ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS|more-private address space|access the `?(loopback|local)`? address space/i,
    id: "br.lna",
    confidence: "certain",
    because: "The browser does not let this page reach the local network.",
  },
  {
    pattern: /ERR_BLOCKED_BY_CLIENT/,
    id: "br.extension",
    confidence: "certain",
    because: "An extension or a setting of the browser blocked it (ERR_BLOCKED_BY_CLIENT).",
  },
  {
    pattern: /ERR_INTERNET_DISCONNECTED/,
    id: "br.offline",
    confidence: "certain",
    because: "The device had no network (ERR_INTERNET_DISCONNECTED).",
  },
  {
    pattern: /ERR_UNSAFE_PORT/,
    id: "url.invalid",
    confidence: "certain",
    because: "Browsers refuse to ask this port, whoever listens there (ERR_UNSAFE_PORT).",
  },
  {
    pattern: /Insufficient resources/i,
    id: "br.socket_limit",
    confidence: "certain",
    because: "The browser has as many sockets open as it allows (Insufficient resources).",
  },
  {
    pattern: /ERR_NAME_NOT_RESOLVED|server with the specified hostname could not be found/i,
    id: "net.dns",
    confidence: "certain",
    because: "The name of the host could not be looked up.",
    alternatives: ["url.undefined"],
  },
  {
    pattern: /ERR_CONNECTION_REFUSED|ECONNREFUSED|Could not connect to the server/i,
    id: "net.refused",
    confidence: "certain",
    because: "Nothing listened on that port (ERR_CONNECTION_REFUSED).",
    alternatives: ["net.wrong_port"],
  },
  {
    pattern: /ERR_CERT_DATE_INVALID/,
    id: "tls.expired",
    confidence: "certain",
    because: "The certificate is out of date (ERR_CERT_DATE_INVALID).",
  },
  {
    pattern: /ERR_CERT_COMMON_NAME_INVALID/,
    id: "tls.name",
    confidence: "certain",
    because: "The certificate is for another name (ERR_CERT_COMMON_NAME_INVALID).",
  },
  {
    pattern: /ERR_CERT_\w+|ERR_BAD_SSL_CLIENT_AUTH_CERT/,
    id: "tls.untrusted",
    confidence: "certain",
    because: "The browser does not trust the certificate ($0).",
    alternatives: ["tls.chain"],
  },
  {
    pattern: /ERR_SSL_PROTOCOL_ERROR|wrong version number/i,
    id: "tls.plain_port",
    confidence: "certain",
    because: "TLS was spoken to a port that speaks none.",
  },
  {
    pattern: /ERR_TUNNEL_CONNECTION_FAILED|ERR_PROXY_\w+|ERR_UNEXPECTED_PROXY_AUTH/,
    id: "net.proxy_explicit",
    confidence: "likely",
    because: "A proxy of this browser, or one that demands a login, stood in the way ($0).",
    alternatives: ["proxy.auth_layer"],
  },
  {
    pattern: /ERR_CONNECTION_TIMED_OUT|ERR_TIMED_OUT/,
    id: "net.timeout",
    confidence: "certain",
    because: "Nothing answered at all: packets were dropped on the way (ERR_CONNECTION_TIMED_OUT).",
  },
  {
    pattern: /opening handshake timed out/i,
    id: "net.timeout",
    confidence: "likely",
    because: "The port took the connection and never answered the handshake.",
    alternatives: ["cap.fd", "cap.loop_blocked"],
  },
  {
    pattern: /HTTP Authentication failed; no valid credentials available/i,
    id: "proxy.auth_layer",
    confidence: "likely",
    because: "The handshake was answered with 401: Chromium writes no number for that one.",
    alternatives: ["auth.hidden_403"],
  },
  {
    pattern: /Unexpected response code: (404|405|410)\b/i,
    id: "url.path",
    confidence: "unsure",
    because: "The handshake was answered with $1: nothing takes sockets at that path.",
    alternatives: ["proxy.path_prefix", "proxy.no_ws_support", "srv.no_ws_library"],
  },
  {
    pattern: /Unexpected response code: (502|503|504)\b/i,
    id: "proxy.bad_gateway",
    confidence: "likely",
    because:
      "The handshake was answered with $1: a proxy does not reach the server, or the server is full.",
    alternatives: ["cap.max_conn", "srv.deploy"],
  },
  {
    pattern: /Unexpected response code: 403\b/i,
    id: "origin.denied",
    confidence: "unsure",
    because: "The handshake was answered with 403.",
    alternatives: ["auth.hidden_403", "host.denied", "proxy.waf"],
  },
  {
    pattern: /Unexpected response code: (426|400)\b/i,
    id: "proxy.no_upgrade",
    confidence: "likely",
    because: "The handshake was answered with $1: it lost on the way what makes it one.",
    alternatives: ["proxy.http10", "ws.version"],
  },
  {
    pattern: /Unexpected response code: 429\b/i,
    id: "cap.rate_limit_ip",
    confidence: "unsure",
    because: "The handshake was answered with 429: too many from one address.",
    alternatives: ["cap.max_conn", "proxy.waf"],
  },
  {
    pattern: /Unexpected response code: (301|302|303|307|308)\b/i,
    id: "url.redirect",
    confidence: "certain",
    because: "The handshake was answered with $1, and browsers follow no redirect there.",
    alternatives: ["net.tunnel_auth", "proxy.auth_layer"],
  },
  {
    pattern: /Unexpected response code: 200\b/i,
    id: "url.spa_fallback",
    confidence: "likely",
    because:
      "The handshake was answered with 200: a web page or another answer instead of a socket.",
    alternatives: ["url.path", "dev.vite_ws_false"],
  },
  {
    pattern: /Unexpected response code: 431\b/i,
    id: "http.header_size",
    confidence: "certain",
    because: "The handshake was answered with 431: its headers, cookies above all, are too long.",
  },
  {
    pattern: /Unexpected response code: 5\d\d\b/i,
    id: "srv.crash",
    confidence: "unsure",
    because: "The handshake was answered with an error of the server.",
    alternatives: ["srv.static_mount", "proxy.bad_gateway"],
  },
  {
    pattern: /Sec-WebSocket-Protocol/i,
    id: "ws.subprotocol",
    confidence: "certain",
    because: "The two sides did not agree on a subprotocol.",
    alternatives: ["auth.subprotocol_echo"],
  },
  {
    pattern: /Incorrect 'Sec-WebSocket-Accept'/i,
    id: "ws.accept_key",
    confidence: "certain",
    because: "The answer to the handshake belonged to another one: a cache or a broken server.",
  },
  {
    pattern:
      /Invalid frame header|reserved bits are on|unsupported extension|Could not decode a text frame/i,
    id: "ws.extension",
    confidence: "likely",
    because: "What came on the socket was not WebSocket: something on the way changes it.",
    alternatives: ["dev.two_handlers", "ws.bad_utf8"],
  },
  {
    pattern: /'(Upgrade|Connection)' header is missing/i,
    id: "proxy.no_upgrade",
    confidence: "likely",
    because: "The answer to the handshake came without its $1 header.",
    alternatives: ["ws.accept_key"],
  },
  {
    pattern:
      /ERR_INVALID_HTTP_RESPONSE|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|ERR_CONNECTION_RESET|Connection closed before receiving a handshake response/i,
    id: "net.other_program",
    confidence: "unsure",
    because: "Something took the connection and spoke no HTTP.",
    alternatives: ["tls.plain_port", "dev.vite_target_down", "net.middlebox"],
  },
  {
    pattern: /must not be the wildcard '\*' when the request's credentials mode is 'include'/i,
    id: "cors.credentials_wildcard",
    confidence: "certain",
    because: "The server allows every page (`*`), and browsers accept that only without cookies.",
  },
  {
    pattern: /preflight|Access-Control-Allow-Headers/i,
    id: "cors.preflight",
    confidence: "certain",
    because: "The question before the request (OPTIONS) was not answered as it must be.",
  },
  {
    pattern:
      /No 'Access-Control-Allow-Origin' header|blocked by CORS policy|Cross-Origin Request Blocked|not allowed by Access-Control-Allow-Origin/i,
    id: "cors.origin",
    confidence: "unsure",
    because:
      "The answer did not allow this page to read it. An error answer without CORS headers looks the same.",
    alternatives: ["cors.error_hides"],
  },
  {
    pattern: /Page entered Back-Forward Cache/i,
    id: "bg.bfcache",
    confidence: "certain",
    because: "The page was put away by the browser and came back.",
  },
  {
    pattern: /closed before the connection is established/i,
    id: "cl.strictmode",
    confidence: "likely",
    because:
      "The page itself closed the socket while it was being opened; in development React mounts twice.",
    alternatives: ["cl.deps_loop"],
  },
  {
    pattern: /Still in CONNECTING state/i,
    id: "cl.send_early",
    confidence: "certain",
    because: "The page sent before the socket was open.",
  },
  {
    pattern: /close code must be either 1000|close reason must not be greater than 123/i,
    id: "cl.close_code",
    confidence: "certain",
    because: "The page closed its socket with a code or a reason that is not allowed.",
  },
  {
    pattern: /Failed to construct 'WebSocket'/i,
    id: "url.invalid",
    confidence: "certain",
    because: "The browser refused the address or the subprotocol of the socket.",
  },
  {
    pattern: /WebSocket is not defined/i,
    id: "cl.node_no_global",
    confidence: "certain",
    because: "There is no WebSocket where the program ran.",
  },
];

/** What a pasted text says, the most telling line first. Nothing is kept of it. */
export function readConsole(text: string): Reading[] {
  const readings: Reading[] = [];
  for (const { pattern, id, confidence, because, alternatives = [] } of PATTERNS) {
    const line = text.split(/\r?\n/).find((each) => pattern.test(each));
    const match = line === undefined ? null : pattern.exec(line);
    if (!line || !match || readings.some((reading) => reading.id === id)) continue;
    const filled = because.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? "");
    readings.push({ id, confidence, because: filled, alternatives, url: addressIn(line) });
  }
  const placeholder = placeholderIn(text);
  if (placeholder !== null) {
    readings.unshift({
      id: "auth.placeholder",
      confidence: "certain",
      because: `The address carries \`${placeholder}\` where a token should be.`,
      alternatives: [],
      url: addressIn(text),
    });
  }
  const hole = holeIn(text);
  if (hole !== null) {
    readings.unshift({
      id: "url.undefined",
      confidence: "certain",
      because: `The address ${hole} has a hole: a variable had no value when it was made.`,
      alternatives: [],
      url: hole,
    });
  }
  return readings;
}

/** The first address in a text, without its query. */
function addressIn(text: string): string | null {
  return /\b(?:wss?|https?):\/\/[^\s'"<>?)]+/.exec(text)?.[0] ?? null;
}

function holeIn(text: string): string | null {
  const hole =
    /\b(?:wss?|https?):\/\/(?:undefined|null|nan|\$\{[^}\s]*\})[^\s'"?]*|\b(?:wss?|https?):\/\/[^\s'"?]*\/(?:undefined|null)(?=[/'"?\s]|$)[^\s'"?]*/i;
  return hole.exec(text)?.[0] ?? null;
}

/** A token that is plainly none, in the query of an address. */
function placeholderIn(text: string): string | null {
  const found =
    /[?&]token=(test|token|undefined|null|nan|your[-_ ]?token|%5Bobject[^&\s'"]*|\[object[^\]]*\]|<[^>\s]*>|\$\{[^}\s]*\})(?=[&\s'")]|$)/i;
  return found.exec(text)?.[1]?.slice(0, 40) ?? null;
}
