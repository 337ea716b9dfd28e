// A close code as people paste it, and the causes that end with it. The codes of the server name one
// cause; 1006 names none, and saying so is the point.

import type { CauseId } from "@frontdesk/client";
import type { Reading } from "./console-lines.ts";

interface Meaning {
  id: CauseId;
  because: string;
  alternatives?: CauseId[];
}

const MEANINGS: Record<number, Meaning> = {
  1000: { id: "bg.navigate", because: "1000 is an ordinary end: the page or the server was done." },
  1001: {
    id: "bg.navigate",
    because: "1001 means that one side went away.",
    alternatives: ["srv.deploy"],
  },
  1002: { id: "ws.protocol_error", because: "1002 means that a frame broke the protocol." },
  1003: { id: "ws.binary", because: "1003 means that a kind of frame came which is not taken." },
  1005: {
    id: "bg.navigate",
    because: "1005 means that the close frame had no code.",
    alternatives: ["srv.closed"],
  },
  1006: {
    id: "net.change",
    because: "1006 is no code of anybody: the connection ended, or never began, without a goodbye.",
    alternatives: ["net.refused", "proxy.no_upgrade", "idle.proxy", "srv.crash"],
  },
  1007: { id: "ws.bad_utf8", because: "1007 means that a text was not UTF-8." },
  1008: {
    id: "origin.denied",
    because: "1008 means that a rule of the server was broken.",
    alternatives: ["auth.hidden_403"],
  },
  1009: { id: "ws.too_big", because: "1009 means that a message was longer than is taken." },
  1011: {
    id: "srv.crash",
    because: "1011 means that the server met an error of its own.",
    alternatives: ["idle.nopong"],
  },
  1012: { id: "srv.deploy", because: "1012 means that the server is being restarted." },
  1013: { id: "cap.max_conn", because: "1013 means: try again later." },
  1015: { id: "tls.untrusted", because: "1015 means that TLS could not be agreed on." },
  4000: { id: "srv.crash", because: "4000 is an error of the server's own." },
  4001: { id: "srv.deploy", because: "4001 means that the server is being restarted." },
  4002: { id: "srv.slow_consumer", because: "4002 means that this side read too slowly." },
  4003: { id: "idle.nopong", because: "4003 means that no answer to a ping came in time." },
  4004: { id: "cap.rate_limit", because: "4004 means that more was sent than is allowed." },
  4005: {
    id: "cap.max_conn",
    because: "4005 means that the server takes no more connections now.",
  },
  4006: { id: "srv.revoke", because: "4006 means that the role of the account changed." },
  4007: { id: "cap.per_user", because: "4007 means that the account has too many sockets." },
  4100: { id: "auth.expired", because: "4100 means that the token has expired." },
  4101: { id: "auth.not_yet_valid", because: "4101 means that the token is dated in the future." },
  4501: { id: "auth.missing", because: "4501 means that no token came." },
  4502: {
    id: "auth.malformed",
    because: "4502 means that what came is no token.",
    alternatives: ["auth.placeholder"],
  },
  4503: {
    id: "auth.claim",
    because: "4503 means that the token is of somebody else or for something else.",
    alternatives: ["auth.signature", "auth.wrong_kind"],
  },
  4505: { id: "auth.revoked", because: "4505 means that the session has ended." },
  4506: { id: "auth.revoked", because: "4506 means that the account is disabled." },
  4507: { id: "authz.role", because: "4507 means that this account may not open this socket." },
  4508: { id: "authz.chat", because: "4508 means that there is no such chat for this account." },
  4510: {
    id: "ws.protocol_error",
    because: "4510 means that too many frames could not be understood.",
  },
  4511: { id: "url.path", because: "4511 means that no socket lives at this path." },
  4512: {
    id: "ws.version_skew",
    because: "4512 means that client and server speak different versions.",
  },
};

/** The code in a text: alone, or as logs and programs write it. */
export function codeIn(text: string): number | null {
  const found =
    /^\s*([1-4]\d{3})\s*$/.exec(text) ??
    /(?:\bcode['"]?\s*[:=]?\s*|\bclosed?\w*\b[^\d\n]{0,30}|\bCloseEvent\b[^\d\n]{0,20})([1-4]\d{3})\b/i.exec(
      text,
    );
  const code = Number(found?.[1]);
  return code >= 1000 && code < 5000 ? code : null;
}

/** What a close code in a text says; null if there is none. */
export function readCode(text: string): Reading | null {
  const code = codeIn(text);
  if (code === null) return null;
  // The server's own reason tells a placeholder from other texts that are no token.
  const isPlaceholder = code === 4502 && /`[^`]+`/.test(text);
  const meaning: Meaning = isPlaceholder
    ? {
        id: "auth.placeholder",
        because: "4502 names the text that stands where a token should be.",
      }
    : (MEANINGS[code] ?? ofRange(code));
  const alternatives = meaning.alternatives ?? [];
  const confidence =
    alternatives.length === 0 ? "certain" : alternatives.length > 2 ? "unsure" : "likely";
  return { id: meaning.id, confidence, because: meaning.because, alternatives, url: null };
}

/** A code that is not in the table is still known by its range. */
function ofRange(code: number): Meaning {
  if (code < 4000 || code >= 5000)
    return { id: "srv.closed", because: `${code} is not a code of this server.` };
  const next =
    code >= 4500
      ? "do not try again before something is changed"
      : code >= 4100
        ? "come back with a fresh token"
        : "come back after a pause";
  return {
    id: "srv.closed",
    because: `${code} is not in this version's table; by its range it means: ${next}.`,
  };
}
