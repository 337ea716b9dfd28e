// What a page can still ask when a socket said nothing: the second channel. Each question is bounded,
// none is a try to connect, and sockets are spared where the server is dead, because browsers slow
// new ones after some failures. What follows from the answers is diagnosis.ts.

import type { AttemptRecord, DiagnosisEnvironment } from "./diagnosis-types.ts";

/** What came of one question. A browser gives no reason for `nothing`: `error` is for others. */
export interface Answer {
  came: "answer" | "nothing" | "late";
  status: number;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a stranger answers may be anything
  body: any;
  error: string;
}

/** All that was learnt. What was not asked is null. */
export interface Findings {
  /** The HTTP base that belongs to the socket, or to the token if it got no further. */
  home: string;
  /** What the application named; the server names its socket itself. */
  base: string;
  /** Whether a Frontdesk server answers there. */
  isOurs: boolean;
  /** `/healthz`, which any page may read on a Frontdesk server. */
  health: Answer;
  /** The same without a look at the answer: whether there is one. */
  blind: Answer | null;
  /** The same by https instead of http, or the reverse. */
  otherScheme: Answer | null;
  /** The page's own server. */
  page: Answer | null;
  /** What the server saw of this try. */
  check: Answer | null;
  /** What arrived of a request with this page's origin and cookies. */
  view: Answer | null;
  echo: "opens" | "fails" | null;
  /** The directive of the page's own policy that blocked a question. */
  policy: string | null;
  /** Whether the page may not reach the local network. */
  localForbidden: boolean;
  online: boolean | null;
}

const HEALTH_MS = 2_000;
const OTHERS_MS = 1_500;

export async function probe(
  record: AttemptRecord,
  environment: DiagnosisEnvironment,
): Promise<Findings> {
  const { base, signal } = environment;
  const home = homeOf(record, base);
  const ask = (path: string, init: RequestInit = {}, milliseconds = OTHERS_MS): Promise<Answer> =>
    question(environment, path, init, milliseconds);
  const policy = watchPolicy(home);
  try {
    const health = await ask(`${home}/healthz`, {}, HEALTH_MS);
    const { phase, token, origin } = record;
    const asked = { mode: "no-cors" } as const;
    const other = home.startsWith("https")
      ? home.replace("https", "http")
      : home.replace("http", "https");
    const [blind, otherScheme, page, localForbidden] = await Promise.all(
      health.came === "nothing"
        ? [
            ask(`${home}/healthz`, asked),
            ask(`${other}/healthz`, asked),
            origin?.startsWith("http") && new URL(home).origin !== origin
              ? ask(`${origin}/`, { ...asked, method: "HEAD" })
              : null,
            isLocalForbidden(),
          ]
        : [null, null, null, false],
    );
    // A proxy may pass on nothing but the API, so its answer counts as much as that of /healthz.
    const isThere = health.came === "answer" || blind?.came === "answer";
    const check = isThere ? await ask(`${home}/api/v1/connect-check/${record.attempt}`) : null;
    const isOurs = isFrontdesk(health, check);
    const [view, echo] = await Promise.all([
      isOurs && token
        ? ask(`${home}/api/v1/diagnose`, { credentials: token.status === 401 ? "include" : "omit" })
        : null,
      isOurs && phase === "opening"
        ? echoes(environment, `${home.replace(/^http/, "ws")}/ws/echo`)
        : null,
    ]);
    signal.throwIfAborted();
    const online = globalThis.navigator?.onLine ?? null;
    return {
      home,
      base,
      isOurs,
      health,
      blind,
      otherScheme,
      page,
      check,
      view,
      echo,
      policy: policy.directive,
      localForbidden,
      online,
    };
  } finally {
    policy.stop();
  }
}

function isFrontdesk(health: Answer, check: Answer | null): boolean {
  return health.body?.service === "frontdesk" || typeof check?.body?.seen === "boolean";
}

function homeOf({ phase, url }: AttemptRecord, base: string): string {
  if (phase === "token") return base;
  const { origin } = new URL(url.replace(/^ws/, "http"));
  return new URL(base).origin === origin ? base : origin;
}

async function question(
  { fetch, signal }: DiagnosisEnvironment,
  url: string,
  init: RequestInit,
  milliseconds: number,
): Promise<Answer> {
  signal.throwIfAborted();
  const answer: Answer = { came: "answer", status: 0, type: "", body: null, error: "" };
  const end = new AbortController();
  const stop = () => end.abort();
  const timer = setTimeout(() => {
    answer.came = "late";
    stop();
  }, milliseconds);
  signal.addEventListener("abort", stop);
  try {
    const response = await fetch(url, {
      cache: "no-store",
      credentials: "omit",
      ...init,
      signal: end.signal,
    });
    answer.status = response.status;
    answer.type = response.headers.get("Content-Type") ?? "";
    answer.body = await response.json().catch(() => null);
    // A stranger that never ends its body has answered all the same.
    answer.came = "answer";
  } catch (error) {
    if (answer.came === "answer") answer.came = "nothing";
    answer.error = (error as { cause?: { code?: string } } | null)?.cause?.code ?? "";
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
  return answer;
}

/** Whether a socket that needs no token opens. */
function echoes(
  { WebSocket, signal }: DiagnosisEnvironment,
  url: string,
): Promise<"opens" | "fails"> {
  return new Promise((done) => {
    let socket: WebSocket | undefined;
    const end = (came: "opens" | "fails") => {
      clearTimeout(timer);
      signal.removeEventListener("abort", fail);
      socket?.close();
      done(came);
    };
    const fail = () => end("fails");
    const timer = setTimeout(fail, OTHERS_MS);
    signal.addEventListener("abort", fail);
    try {
      socket = new WebSocket(url);
      socket.addEventListener("open", () => end("opens"));
      socket.addEventListener("error", fail);
    } catch {
      fail();
    }
  });
}

/** Notes whether the page's own policy blocks what is asked there. */
function watchPolicy(home: string): { directive: string | null; stop(): void } {
  const { host } = new URL(home);
  const watch = {
    directive: null as string | null,
    stop: () => globalThis.removeEventListener?.("securitypolicyviolation", look),
  };
  const look = (event: Event) => {
    const { disposition, blockedURI, effectiveDirective } = event as SecurityPolicyViolationEvent;
    if (disposition === "enforce" && blockedURI.includes(host))
      watch.directive = effectiveDirective;
  };
  globalThis.addEventListener?.("securitypolicyviolation", look);
  return watch;
}

/** `denied` alone counts: on a page that is local itself, the permission reads `prompt`. */
async function isLocalForbidden(): Promise<boolean> {
  const states = ["loopback-network", "local-network"].map(async (name) => {
    try {
      return (
        (await globalThis.navigator.permissions.query({ name: name as PermissionName })).state ===
        "denied"
      );
    } catch {
      return false;
    }
  });
  return (await Promise.all(states)).includes(true);
}
