// What is concluded from a try and from what was learnt about it. The probes are in probes.test.ts,
// real faults in a browser in tests/browser/diagnosis.mjs.

import { describe, expect, it } from "vitest";
import { decide } from "../src/diagnosis-causes.ts";
import type { AttemptRecord, Diagnosis } from "../src/diagnosis-types.ts";
import type { Answer, Findings } from "../src/probes.ts";

const BASE = "http://localhost:8000";
const PAGE = "http://localhost:5173";

/** A try whose socket never opened, made in a page. */
const TRY: AttemptRecord = {
  url: "ws://localhost:8000/api/v1/ws",
  origin: PAGE,
  attempt: "a1",
  phase: "opening",
  openedMs: null,
  livedMs: 5,
  error: true,
  close: { code: 1006, reason: "", wasClean: false },
  goodbye: null,
  token: null,
  threw: null,
  csp: null,
  readyStateAfterConstruction: 0,
  silentMs: null,
  frozenMs: null,
  recentFailures: 0,
  placeholder: null,
  timedOut: null,
};

const answer = (status: number, body: unknown = null, type = "application/json"): Answer => ({
  came: "answer",
  status,
  type,
  body,
  error: "",
});
const NOTHING: Answer = { came: "nothing", status: 0, type: "", body: null, error: "" };
const LATE: Answer = { ...NOTHING, came: "late" };
const OPAQUE = answer(0, null, "");

/** Nobody is there. */
const DEAD: Findings = {
  home: BASE,
  base: BASE,
  isOurs: false,
  health: NOTHING,
  blind: NOTHING,
  otherScheme: NOTHING,
  page: OPAQUE,
  check: null,
  view: null,
  echo: null,
  policy: null,
  localForbidden: false,
  online: true,
};

/** The server is well, and has not seen the try. */
const WELL: Findings = {
  ...DEAD,
  isOurs: true,
  health: answer(200, { service: "frontdesk", status: "ok" }),
  blind: null,
  otherScheme: null,
  page: null,
  check: answer(200, { seen: false }),
  echo: "fails",
};

const seen = (code: number, reason: string, outcome = "refused"): Answer =>
  answer(200, { seen: true, outcome, code, reason, fix: "the server's fix" });

/** A try whose socket lived, and went away without a close frame. */
const LOST: Partial<AttemptRecord> = {
  phase: "welcomed",
  error: false,
  livedMs: 40_000,
  silentMs: 1_234,
};

/** A try that got no token. */
const NO_TOKEN: Partial<AttemptRecord> = {
  phase: "token",
  close: null,
  error: false,
  readyStateAfterConstruction: -1,
};
const failed = (networkError: string) => ({
  status: null,
  problem: null,
  contentType: null,
  body: null,
  networkError,
});
const answered = (status: number, code?: string, detail?: string) => ({
  status,
  problem: code === undefined ? null : { code, ...(detail !== undefined && { detail }) },
  contentType: "application/problem+json",
  body: null,
  networkError: null,
});

const far = (host: string): Partial<Findings> => ({
  home: `http://${host}`,
  base: `http://${host}`,
});

type Row = [
  id: string,
  confidence: Diagnosis["confidence"],
  record: Partial<AttemptRecord>,
  found: Partial<Findings> | null,
];

const ended = (code: number, reason = ""): Partial<AttemptRecord> => ({
  phase: "open",
  error: false,
  close: { code, reason, wasClean: true },
});

const BY_ITSELF: Row[] = [
  ["url.undefined", "certain", { url: "ws://undefined/api/v1/ws" }, null],
  ["url.undefined", "certain", { url: "ws://localhost:5173/undefined/api/v1/ws" }, null],
  ["url.undefined", "certain", { url: "wss://$%7BHOST%7D/api/v1/ws" }, null],
  ["url.invalid", "certain", { threw: "TypeError: Invalid URL", phase: "constructor" }, null],
  ["url.invalid", "certain", { url: "ws://localhost:6000/api/v1/ws" }, null],
  ["br.mixed", "certain", { threw: "SecurityError: Failed to construct 'WebSocket'" }, null],
  [
    "br.mixed",
    "certain",
    {
      ...NO_TOKEN,
      origin: "https://shop.example.com",
      url: "ws://desk.example.com/api/v1/ws",
      token: failed("TypeError"),
    },
    null,
  ],
  [
    "br.csp",
    "certain",
    { csp: { directive: "connect-src", blocked: "ws://localhost:8000" } },
    null,
  ],
  ["br.csp", "certain", { readyStateAfterConstruction: 3, close: null }, null],
  [
    "cl.node_no_global",
    "certain",
    { threw: "TypeError: globalThis.WebSocket is not a constructor", origin: null },
    null,
  ],
  ["auth.placeholder", "certain", { ...ended(4502), placeholder: "undefined" }, null],
  ["auth.placeholder", "certain", { ...NO_TOKEN, placeholder: "null" }, null],
  [
    "auth.placeholder",
    "certain",
    ended(4502, "token_malformed: the token is `test`: a word to try things out"),
    null,
  ],
  [
    "auth.malformed",
    "certain",
    ended(4502, "token_malformed: the token has 2 parts, expected 3"),
    null,
  ],
  ["auth.missing", "certain", ended(4501), null],
  ["auth.expired", "certain", ended(4100, "token_expired: the token expired 7 s ago"), null],
  ["srv.token_expired_live", "certain", { ...ended(4100), phase: "welcomed" }, null],
  ["auth.not_yet_valid", "certain", ended(4101), null],
  ["auth.signature", "certain", ended(4503, "token_invalid: the signature is wrong"), null],
  ["auth.aud", "certain", ended(4503, "token_invalid: the token's aud is web, expected ws"), null],
  [
    "auth.wrong_kind",
    "certain",
    ended(4503, "token_invalid: the token's typ is JWT, expected ws+jwt"),
    null,
  ],
  [
    "auth.claim",
    "certain",
    ended(4503, "token_invalid: the token's sub is a number, expected a UUID"),
    null,
  ],
  ["auth.revoked", "certain", ended(4505), null],
  [
    "srv.deploy",
    "certain",
    {
      ...ended(1006),
      goodbye: {
        code: 4001,
        reason: "server_restarting",
        detail: "the server is being restarted",
        fix: "Wait.",
        retry: "backoff",
      },
    },
    null,
  ],
  [
    "srv.kick",
    "certain",
    ended(4001, "server_restarting: an admin closed this connection; it may come back"),
    null,
  ],
  ["srv.slow_consumer", "certain", ended(4002), null],
  ["ev.bus_down", "certain", ended(4005, "overloaded: the database does not answer"), null],
  ["cap.max_conn", "certain", ended(4005, "overloaded: no answer within 15 s"), null],
  ["cap.per_user", "certain", ended(4007), null],
  ["authz.chat", "certain", ended(4508), null],
  [
    "url.path",
    "certain",
    ended(4511, "unknown_path: no socket at /wss; did you mean /api/v1/ws?"),
    null,
  ],
  ["ws.too_big", "certain", ended(1009), null],
  ["srv.closed", "certain", ended(4242, "odd"), null],
  [
    "cap.rate_limit",
    "certain",
    { ...NO_TOKEN, token: answered(429, "rate_limited", "30 a minute were taken") },
    null,
  ],
  [
    "srv.crash",
    "certain",
    { ...NO_TOKEN, token: answered(500, "internal_error", "an error of ours") },
    null,
  ],
];

const BY_FINDINGS: Row[] = [
  ["net.refused", "likely", {}, DEAD],
  ["net.refused", "likely", { origin: null }, DEAD],
  [
    "net.refused",
    "certain",
    { origin: null },
    { ...DEAD, health: { ...NOTHING, error: "ECONNREFUSED" } },
  ],
  [
    "net.other_program",
    "likely",
    { origin: null },
    { ...DEAD, health: { ...NOTHING, error: "UND_ERR_SOCKET" } },
  ],
  [
    "net.dns",
    "certain",
    { origin: null },
    { ...DEAD, ...far("nope.invalid"), health: { ...NOTHING, error: "ENOTFOUND" } },
  ],
  [
    "tls.untrusted",
    "certain",
    { origin: null },
    { ...DEAD, health: { ...NOTHING, error: "DEPTH_ZERO_SELF_SIGNED_CERT" } },
  ],
  // A page from elsewhere may be kept from the local network, and a server elsewhere may be anything.
  ["net.refused", "unsure", { origin: "https://shop.example.com" }, DEAD],
  ["net.refused", "unsure", {}, { ...DEAD, ...far("desk.example.com") }],
  [
    "tls.untrusted",
    "unsure",
    {},
    { ...DEAD, home: "https://localhost:8000", base: "https://localhost:8000" },
  ],
  ["br.offline", "unsure", {}, { ...DEAD, ...far("desk.example.com"), page: NOTHING }],
  ["br.offline", "likely", {}, { ...DEAD, online: false }],
  ["br.lna", "likely", { origin: "http://shop.example.com" }, { ...DEAD, localForbidden: true }],
  ["br.csp", "certain", NO_TOKEN, { ...DEAD, policy: "connect-src" }],
  ["tls.plain_port", "certain", {}, { ...DEAD, otherScheme: OPAQUE }],
  ["net.dns_split", "likely", {}, { ...DEAD, base: PAGE }],
  ["net.other_program", "likely", {}, { ...DEAD, blind: OPAQUE }],
  ["net.other_program", "certain", {}, { ...DEAD, health: answer(404, null, "text/plain") }],
  ["proxy.bad_gateway", "likely", {}, { ...DEAD, health: answer(502, null, "text/html") }],
  ["proxy.auth_layer", "unsure", {}, { ...DEAD, health: answer(403, null, "text/html") }],
  ["url.spa_fallback", "likely", {}, { ...DEAD, health: answer(200, null, "text/html") }],
  ["net.timeout", "likely", {}, { ...DEAD, health: LATE }],
  ["net.timeout", "likely", {}, { ...DEAD, blind: LATE }],

  [
    "origin.denied",
    "certain",
    {},
    {
      ...WELL,
      check: seen(
        403,
        "origin_denied: the page is of http://a.b, which is not among the allowed origins",
      ),
    },
  ],
  [
    "proxy.no_upgrade",
    "certain",
    {},
    {
      ...WELL,
      check: seen(426, "upgrade_required: … were expected, HTTP/1.0, nothing and close were found"),
    },
  ],
  [
    "proxy.http10",
    "certain",
    {},
    {
      ...WELL,
      check: seen(
        426,
        "upgrade_required: … were expected, HTTP/1.0, websocket and upgrade were found",
      ),
    },
  ],
  [
    "srv.deploy",
    "certain",
    {},
    { ...WELL, check: seen(503, "unavailable: the server is being restarted") },
  ],
  [
    "cap.rate_limit",
    "certain",
    {},
    { ...WELL, check: seen(429, "rate_limited: this address has 200 sockets open already") },
  ],
  [
    "net.middlebox",
    "likely",
    {},
    { ...WELL, check: seen(1006, "the peer went without a close frame", "closed") },
  ],
  ["proxy.path_prefix", "likely", {}, { ...WELL, echo: "opens" }],
  ["proxy.no_upgrade", "unsure", {}, WELL],
  ["br.fail_delay", "unsure", { close: null, timedOut: "handshake", recentFailures: 12 }, WELL],

  // Who was not told what the server saw claims nothing about it.
  ["proxy.no_upgrade", "unsure", {}, { ...WELL, echo: "opens", check: answer(429) }],
  // One of many nodes does not know what another one saw.
  ["proxy.path_prefix", "unsure", {}, { ...WELL, ...far("desk.example.com"), echo: "opens" }],
  ["srv.crash", "unsure", LOST, { ...WELL, ...far("desk.example.com") }],

  // What the browser kept from the page, the server still knows.
  [
    "auth.revoked",
    "certain",
    { ...LOST, frozenMs: 5_000 },
    { ...WELL, check: seen(4505, "session_ended: logged out", "closed") },
  ],
  [
    "srv.slow_consumer",
    "certain",
    LOST,
    { ...WELL, check: seen(4002, "too_slow: its outbox was full", "closed") },
  ],
  ["bg.bfcache", "certain", { ...LOST, error: true, frozenMs: 5_000 }, WELL],
  [
    "ws.extension",
    "unsure",
    { ...LOST, error: true },
    { ...WELL, check: seen(1006, "gone", "closed") },
  ],
  [
    "idle.proxy",
    "likely",
    { ...LOST, silentMs: 10_030 },
    { ...WELL, check: seen(1006, "gone", "closed") },
  ],
  [
    "net.change",
    "unsure",
    { ...LOST, silentMs: 12_700 },
    { ...WELL, check: seen(1006, "gone", "closed") },
  ],
  [
    "net.change",
    "likely",
    { ...LOST, close: null, timedOut: "silence", silentMs: 55_000 },
    { ...WELL, check: seen(1006, "gone", "open") },
  ],
  ["srv.crash", "likely", LOST, WELL],
  // A server forgets a try after ten minutes, so not to know it proves nothing then.
  ["net.change", "unsure", { ...LOST, livedMs: 700_000 }, WELL],
  [
    "net.other_program",
    "likely",
    { ...LOST, phase: "open", timedOut: "welcome", close: null },
    WELL,
  ],
  [
    "cap.loop_blocked",
    "unsure",
    { ...LOST, phase: "open", timedOut: "welcome", close: null },
    { ...WELL, check: seen(0, "", "upgrading") },
  ],
  ["net.refused", "likely", LOST, DEAD],

  [
    "cors.origin",
    "certain",
    { ...NO_TOKEN, token: failed("TypeError: Failed to fetch") },
    { ...WELL, view: answer(200, { origin: { verdict: "denied", found: PAGE, expected: BASE } }) },
  ],
  [
    "token.endpoint_unauth",
    "unsure",
    { ...NO_TOKEN, token: failed("Error: no network of ours") },
    { ...WELL, view: answer(200, { origin: { verdict: "allowed" } }) },
  ],
  [
    "token.endpoint_unauth",
    "certain",
    { ...NO_TOKEN, token: answered(401, "unauthenticated", "no session") },
    { ...WELL, view: answer(200, { session: { arrived: false } }) },
  ],
  [
    "token.endpoint_unauth",
    "certain",
    { ...NO_TOKEN, token: answered(401, "session_ended", "over") },
    { ...WELL, view: answer(200, { session: { arrived: true, live: false } }) },
  ],
  [
    "cookie.samesite",
    "likely",
    {
      ...NO_TOKEN,
      origin: "http://127.0.0.1:5173",
      token: answered(401, "unauthenticated", "no session"),
    },
    { ...WELL, view: answer(200, { session: { arrived: false } }) },
  ],
  ["proxy.path_prefix", "likely", { ...NO_TOKEN, token: answered(404) }, WELL],
];

describe("a cause is concluded", () => {
  it.each(BY_ITSELF)("%s (%s) from the try alone: %j", (id, confidence, record) => {
    const diagnosis = decide({ ...TRY, ...record }, null);
    expect([diagnosis.id, diagnosis.confidence]).toEqual([id, confidence]);
    expect(diagnosis.sentence).toMatch(/^[^\s].*[.?!]$/);
    expect(diagnosis.fix).not.toBe("");
  });

  it.each(BY_FINDINGS)("%s (%s) from %j and %j", (id, confidence, record, found) => {
    const diagnosis = decide({ ...TRY, ...record }, { ...DEAD, ...found });
    expect([diagnosis.id, diagnosis.confidence]).toEqual([id, confidence]);
    expect(diagnosis.sentence).toMatch(/^[^\s].*[.?!]$/);
    expect(diagnosis.fix).not.toBe("");
    // What is not certain names what else it may be, and never itself.
    if (confidence === "unsure") expect(diagnosis.alternatives?.length).toBeGreaterThan(0);
    expect(diagnosis.alternatives ?? []).not.toContain(id);
  });
});

it("says the first team's sentence, and what else it may be", () => {
  const diagnosis = decide(TRY, DEAD);
  expect(`${diagnosis.sentence} ${diagnosis.fix}`).toBe(
    "Nothing is listening on localhost:8000: the backend is not running. Start it, this page reconnects by itself.",
  );
  expect(diagnosis.alternatives).toEqual(["net.other_program", "br.extension"]);
});

it("hands on the server's own sentence and next step", () => {
  const goodbye = {
    code: 4507,
    reason: "forbidden",
    detail: "staff only",
    fix: "Use another account.",
    retry: "never",
  } as const;
  const diagnosis = decide({ ...TRY, ...ended(4507, "forbidden: staff only"), goodbye }, null);
  expect([diagnosis.sentence, diagnosis.fix]).toEqual(["Staff only.", "Use another account."]);
});
