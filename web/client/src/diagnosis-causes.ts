// What a try to connect means: one cause of the catalogue, one sentence, one next step. A wrong reason
// is worse than none, so what looks alike to a page is told as `unsure`, with the other causes.
// Start at `decide`, which asks nobody anything.

import type { CauseId } from "./causes.ts";
import { isLoopback } from "./diagnosis-address.ts";
import { byOurServer } from "./diagnosis-reached.ts";
import { closed, RECONNECTS, refused, type Verdict } from "./diagnosis-told.ts";
import type { AttemptRecord, Diagnosis, DiagnosisEnvironment } from "./diagnosis-types.ts";
import { type Answer, type Findings, probe } from "./probes.ts";

/** By what the server said, or else by asking around for some seconds. */
export async function conclude(
  record: AttemptRecord,
  environment: DiagnosisEnvironment,
): Promise<Diagnosis> {
  return decide(record, byItself(record) ? null : await probe(record, environment));
}

/** The conclusion from a try and from what was learnt; null where the try says it all. */
export function decide(record: AttemptRecord, found: Findings | null): Diagnosis {
  const verdict = byItself(record) ?? (found ? byFindings(record, found) : UNKNOWN);
  const [id, confidence, sentence, fix, ...alternatives] = verdict;
  return {
    id,
    confidence,
    sentence,
    fix,
    evidence: evidence(record, found),
    ...(alternatives.length > 0 && { alternatives }),
  };
}

const UNKNOWN: Verdict = [
  "net.change",
  "unsure",
  "The connection ended, and nothing is known of why.",
  RECONNECTS,
];

/** The ports above 1023 that browsers refuse to ask (Fetch, "bad port"). */
const BAD_PORTS = /^(1719|172[03]|2049|3659|4045|4190|506[01]|6000|6566|666[5-9]|66[79]7|10080)$/;

/** What a try says by itself, if nothing needs to be asked. */
function byItself(record: AttemptRecord): Verdict | null {
  const { url, origin, phase, threw, csp, placeholder, close, goodbye, token } = record;
  if (/:\/\/(undefined|null|nan)?([:/]|$)|\/(undefined|null|NaN)(\/|$)|[${<]|%7b|%24|%3c/i.test(url)) {
    return [
      "url.undefined",
      "certain",
      `The address ${url} has a hole: a variable had no value when it was made.`,
      "Set the variable (such as VITE_…) and build again; its value is baked in then.",
    ];
  }
  if (threw !== null) return thrown(threw);
  const { protocol, hostname, port, host, origin: home } = new URL(url.replace(/^ws/, "http"));
  if (csp || record.readyStateAfterConstruction === 3) return blocked(csp?.directive, host, home);
  if (origin !== null && BAD_PORTS.test(port)) {
    return [
      "url.invalid",
      "certain",
      `Browsers refuse to ask port ${port}, whoever listens there.`,
      "Let the server listen on another port.",
    ];
  }
  const isMixed = origin?.startsWith("https:") && protocol === "http:" && !isLoopback(hostname);
  if (isMixed && close === null) return mixed(host);
  const code = goodbye?.code ?? close?.code ?? 1006;
  if (placeholder !== null && (phase === "token" || (code > 4500 && code < 4504))) {
    return [
      "auth.placeholder",
      "certain",
      `The token is \`${placeholder}\`, a placeholder and no token.`,
      "Hand on what GET /api/v1/auth/ws-token answers, unchanged; without getToken the client asks it by itself.",
    ];
  }
  if (code !== 1006 && code !== 1005) {
    return closed(record, code, goodbye?.detail ?? close?.reason ?? "", goodbye?.fix);
  }
  const { code: slug, detail, fix } = token?.problem ?? {};
  return slug && detail && token?.status !== 401 ? refused(slug, detail, fix) : null;
}

function thrown(threw: string): Verdict {
  if (/^SecurityError/.test(threw)) return mixed("the server");
  if (/WebSocket is not|not a constructor/.test(threw)) {
    return [
      "cl.node_no_global",
      "certain",
      "There is no WebSocket here.",
      'Pass one: import WebSocket from "ws"; createClient({ WebSocket, … }).',
    ];
  }
  return [
    "url.invalid",
    "certain",
    `The address cannot be used: ${threw}.`,
    "Pass one such as http://localhost:8000.",
  ];
}

function mixed(host: string): Verdict {
  return [
    "br.mixed",
    "certain",
    `This page came over https, so the browser does not let it ask ${host} without TLS.`,
    "Serve the server over https as well, and name it so in url.",
  ];
}

function blocked(directive = "connect-src", host: string, home: string): Verdict {
  return [
    "br.csp",
    "certain",
    `This page's own policy (${directive}) blocks ${host}.`,
    `Add ${home} and ${home.replace("http", "ws")} to connect-src of its Content-Security-Policy.`,
  ];
}

/** What follows from the answers. */
function byFindings(record: AttemptRecord, found: Findings): Verdict {
  const { health, home } = found;
  const { host, origin } = new URL(home);
  if (found.policy) return blocked(found.policy, host, origin);
  if (found.isOurs) return byOurServer(record, found, host);
  if (health.came === "answer") return byStranger(record, health, host);
  if (health.came === "late" || found.blind?.came === "late") {
    return [
      "net.timeout",
      "likely",
      `${host} does not answer: connections are taken, or dropped on the way, and nothing comes.`,
      "Look for a firewall on the way, and whether the server hangs.",
      "cap.loop_blocked",
      "cap.fd",
    ];
  }
  return byNothing(record, found, host);
}

/** Somebody answers who is not our server. */
function byStranger({ origin }: AttemptRecord, { status, type }: Answer, host: string): Verdict {
  if (status > 499) {
    return [
      "proxy.bad_gateway",
      "likely",
      `${host} answers ${status}: a proxy there does not reach the server.`,
      "Start the server, or correct the address that the proxy passes to.",
      ...(origin?.endsWith(`/${host}`) ? (["dev.vite_target_down"] as const) : []),
      "net.other_program",
    ];
  }
  if ([401, 403, 407].includes(status)) {
    return [
      "proxy.auth_layer",
      "unsure",
      `Something before the server answers ${status} for ${host}.`,
      "Log in there, or exempt /api, /ws and /healthz.",
      "proxy.waf",
      "net.other_program",
    ];
  }
  if (status === 200 && /html/.test(type)) {
    return [
      "url.spa_fallback",
      "likely",
      `${host} answers with a web page where the server should be.`,
      "Name the server in url, or pass /api, /ws and /healthz on to it before the fallback.",
      "net.other_program",
    ];
  }
  return [
    "net.other_program",
    "certain",
    `${host} answers, but it is not Frontdesk (${status} ${type}).`,
    "Check host and port in url, or stop the other program.",
  ];
}

/** Outside of browsers, failures have names. */
const BY_ERROR: Record<string, [id: CauseId, what: string]> = {
  ENOTFOUND: ["net.dns", "is a name that nobody knows"],
  EAI_AGAIN: ["net.dns", "cannot be looked up now"],
  ETIMEDOUT: ["net.timeout", "does not answer"],
  EHOSTUNREACH: ["net.timeout", "cannot be reached from here"],
};

/** Nothing came back. Refused, unknown, distrusted and blocked are the same to a page. */
function byNothing(record: AttemptRecord, found: Findings, host: string): Verdict {
  const { home, health, blind, otherScheme } = found;
  const { protocol, hostname } = new URL(home);
  const [scheme, other] = protocol === "https:" ? ["https", "http"] : ["http", "https"];
  const page = record.origin?.startsWith("http") ? new URL(record.origin).hostname : null;
  const named = BY_ERROR[health.error];
  if (named) return [named[0], "certain", `${hostname} ${named[1]}.`, "Check the host in url."];
  if (/^(ECONNRESET|UND_ERR_SOCKET|HPE_)/.test(health.error)) {
    return [
      "net.other_program",
      "likely",
      `Something listens on ${host}, but it speaks no HTTP (${health.error}).`,
      "Check the port in url, or stop the other program.",
    ];
  }
  if (/CERT|SIGNED/.test(health.error)) {
    return [
      "tls.untrusted",
      "certain",
      `The certificate of ${host} is not trusted (${health.error}).`,
      "Install one that this machine trusts.",
    ];
  }
  if (blind?.came === "answer") {
    return [
      "net.other_program",
      "likely",
      `Something answers at ${host}, but it is not Frontdesk.`,
      `Check the port in url; open ${home}/healthz in a tab to see who is there.`,
      "cors.error_hides",
      "proxy.bad_gateway",
    ];
  }
  if (otherScheme?.came === "answer") {
    return [
      "tls.plain_port",
      "certain",
      `${host} speaks ${other}, not ${scheme}.`,
      `Use ${other}://${host} as url.`,
    ];
  }
  if (new URL(found.base).host !== host) {
    return [
      "net.dns_split",
      "likely",
      `The server calls its socket ${host}, which cannot be reached from here.`,
      "Set server.public_url, or let the proxy pass the name on (nginx: proxy_set_header Host $http_host; Vite: changeOrigin: false).",
      "net.refused",
    ];
  }
  if (found.online === false)
    return ["br.offline", "likely", "This device is offline.", RECONNECTS];
  if (found.localForbidden && page !== null && !isLoopback(page)) {
    return [
      "br.lna",
      "likely",
      `The browser does not let this page reach the local network, where ${host} is.`,
      "Allow it in the page's site settings, or serve both from one address.",
      "net.refused",
    ];
  }
  // On this very machine no network, name or certificate can fail: what is left is a program that
  // speaks no HTTP, or an extension.
  const isNear = page === null || isLoopback(page) || record.phase === "welcomed";
  const isRefused = health.error === "ECONNREFUSED";
  if (isLoopback(hostname) && (isRefused || (scheme === "http" && isNear))) {
    return [
      "net.refused",
      isRefused ? "certain" : "likely",
      `Nothing is listening on ${host}: the backend is not running.`,
      "Start it, this page reconnects by itself.",
      ...(isRefused ? [] : (["net.other_program", "br.extension"] as const)),
    ];
  }
  const suspects: CauseId[] = ["net.refused", "net.dns", "net.bind_loopback", "br.extension"];
  if (scheme === "https") suspects.unshift("tls.untrusted");
  if (found.page?.came === "nothing") suspects.unshift("br.offline");
  const [first = "net.refused", ...others] = suspects;
  return [
    first,
    "unsure",
    `${host} cannot be reached, or something keeps this page from it.`,
    `Open ${home}/healthz in a tab: what stands there, or the red line in this console (net::ERR_…), names the cause.`,
    ...others,
  ];
}

function evidence(record: AttemptRecord, found: Findings | null): Diagnosis["evidence"] {
  const came = (answer: Answer | null | undefined) =>
    answer && (answer.came === "answer" ? answer.status : answer.error || answer.came);
  const { url, origin, attempt, phase, error, livedMs, silentMs, frozenMs, timedOut } = record;
  const values = {
    ...{ url, origin, attempt, phase, error, livedMs, silentMs, frozenMs, timedOut },
    code: record.close?.code,
    failures: record.recentFailures,
    token: record.token && (record.token.status ?? "failed"),
    frontdesk: found?.isOurs,
    health: came(found?.health),
    blind: came(found?.blind),
    otherScheme: came(found?.otherScheme),
    page: came(found?.page),
    seen: found?.check?.body?.outcome ?? found?.check?.body?.seen,
    seenReason: found?.check?.body?.reason,
    echo: found?.echo,
    online: found?.online,
  };
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known) as Diagnosis["evidence"];
}
