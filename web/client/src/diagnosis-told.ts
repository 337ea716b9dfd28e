// Ends that the server gave its reason for: a goodbye, a close frame, a problem. Its own sentence and
// next step are handed on; what is added is the cause's name in the catalogue.

import type { CauseId } from "./causes.ts";
import type { AttemptRecord, Diagnosis } from "./diagnosis-types.ts";

/** Id, confidence, sentence, fix, and the ids of causes that would look the same. */
export type Verdict = [
  id: CauseId,
  confidence: Diagnosis["confidence"],
  sentence: string,
  fix: string,
  ...alternatives: CauseId[],
];

export const RECONNECTS =
  "Nothing to do: the connection comes back by itself, and what was missed with it.";

export const PASS_UPGRADES =
  'Let the proxy pass upgrades. nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; Vite: ws: true';

/** By close code. Some are told apart further in `idOf`. */
const BY_CODE: Record<number, CauseId> = {
  1001: "srv.deploy",
  1002: "ws.protocol_error",
  1003: "ws.binary",
  1007: "ws.bad_utf8",
  1009: "ws.too_big",
  1011: "srv.crash",
  1012: "srv.deploy",
  1013: "cap.max_conn",
  4000: "srv.crash",
  4001: "srv.deploy",
  4002: "srv.slow_consumer",
  4003: "idle.nopong",
  4004: "cap.rate_limit",
  4005: "cap.max_conn",
  4006: "srv.revoke",
  4007: "cap.per_user",
  4100: "auth.expired",
  4101: "auth.not_yet_valid",
  4501: "auth.missing",
  4502: "auth.malformed",
  4503: "auth.claim",
  4505: "auth.revoked",
  4506: "auth.revoked",
  4507: "authz.role",
  4508: "authz.chat",
  4510: "ws.protocol_error",
  4511: "url.path",
  4512: "ws.version_skew",
};

/** Of a token that is not the server's, by the part that differs. */
const BY_PART: Record<string, CauseId> = {
  alg: "auth.alg",
  iss: "auth.iss",
  aud: "auth.aud",
  typ: "auth.wrong_kind",
  kid: "auth.signature",
};

/** By the code of a problem. */
const BY_PROBLEM: Record<string, CauseId> = {
  account_disabled: "auth.revoked",
  forbidden: "authz.role",
  internal_error: "srv.crash",
  invalid_request: "ws.subprotocol",
  origin_denied: "origin.denied",
  overloaded: "cap.max_conn",
  rate_limited: "cap.rate_limit",
  session_ended: "auth.revoked",
  unauthenticated: "token.endpoint_unauth",
  unavailable: "srv.deploy",
  unknown_path: "url.path",
  upgrade_required: "proxy.no_upgrade",
};

/** A socket that was closed with a code; `reason` is the frame's or the goodbye's. */
export function closed(
  { phase }: AttemptRecord,
  code: number,
  reason: string,
  fix: string | undefined,
): Verdict {
  const detail = reason.replace(/^\w+: /, "");
  const next =
    code >= 4500 && code < 5000 ? "Change what it names, then connect again." : RECONNECTS;
  return [
    idOf(code, detail, phase),
    "certain",
    sentence(detail) || `The server ended the connection with ${code} and gave no reason.`,
    fix || next,
  ];
}

function idOf(code: number, detail: string, phase: AttemptRecord["phase"]): CauseId {
  if (code === 4100 && phase === "welcomed") return "srv.token_expired_live";
  if (code === 4001 && detail.includes("an admin closed")) return "srv.kick";
  if (code === 4005 && detail.includes("the database")) return "ev.bus_down";
  if (code === 4502 && detail.includes("`")) return "auth.placeholder";
  if (code === 4503) {
    if (/signature/.test(detail)) return "auth.signature";
    const [, part = ""] = /token's (\w+)/.exec(detail) ?? [];
    return BY_PART[part] ?? "auth.claim";
  }
  return BY_CODE[code] ?? "srv.closed";
}

/** A request or a handshake that was answered with a problem. */
export function refused(code: string, detail: string, fix: string | undefined): Verdict {
  if (code !== "upgrade_required") {
    return [BY_PROBLEM[code] ?? "srv.closed", "certain", sentence(detail), fix || RECONNECTS];
  }
  return [
    /HTTP\/1\.0, websocket/i.test(detail) ? "proxy.http10" : "proxy.no_upgrade",
    "certain",
    `A proxy on the way takes from the handshake what makes it one: ${detail}.`,
    PASS_UPGRADES,
  ];
}

/** A text of the server as a sentence. */
function sentence(text: string): string {
  const whole = text.trim();
  return (
    whole && whole.charAt(0).toUpperCase() + whole.slice(1) + (/[.?!]$/.test(whole) ? "" : ".")
  );
}
