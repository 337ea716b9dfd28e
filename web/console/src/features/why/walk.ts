// One try to connect, made by the client itself, of which every question is shown as it is asked: what
// one sees is what the conclusion rests on. Start at `walk`.

import { createClient, type Diagnosis, FrontdeskError } from "@frontdesk/client";

export type StepId =
  | "token"
  | "socket"
  | "health"
  | "blind"
  | "scheme"
  | "page"
  | "check"
  | "view"
  | "echo";

export interface Step {
  readonly id: StepId;
  readonly title: string;
  readonly state: "waiting" | "asking" | "good" | "bad" | "unclear" | "skipped";
  /** What came of it, in words. */
  readonly says: string;
  readonly ms: number | null;
}

/** What it all came to. */
export type Outcome =
  | { readonly how: "connected"; readonly name: string; readonly ms: number }
  | {
      readonly how: "diagnosis";
      readonly diagnosis: Diagnosis;
      /** Whether a socket opened that needs no token; null if none was tried. */
      readonly echo: boolean | null;
    }
  /** The client said nothing in time. */
  | { readonly how: "silence" };

export interface WalkInput {
  /** The server or its socket: `http://localhost:8000`, `ws://localhost:8000/api/v1/ws`. */
  address: string;
  /** The token that one's own page would send; none asks the server for one. */
  token: string | null;
}

const TITLES: Record<StepId, string> = {
  token: "Ask for a socket token",
  socket: "Open the socket",
  health: "Ask the server how it is (/healthz)",
  blind: "Ask once more without reading the answer (no CORS)",
  scheme: "Ask by the other scheme, http or https",
  page: "Ask this page's own server",
  check: "Ask what the server saw of the try (/connect-check)",
  view: "Ask what arrives of this page (/diagnose)",
  echo: "Open a socket that needs no token (/ws/echo)",
};

export const NOT_BEGUN: readonly Step[] = (Object.keys(TITLES) as StepId[]).map((id) => ({
  id,
  title: TITLES[id],
  state: "waiting",
  says: "",
  ms: null,
}));

/** The client's own limits end earlier; this one is for what none of them knows. */
const LIMIT_MS = 30_000;

const ECHO_MS = 3_000;

type Settled = Pick<Step, "says"> & { state: "good" | "bad" | "unclear" };

/** Tries once; tells every step as it changes. Rejects only when it is stopped by `signal`. */
export async function walk(
  { address, token }: WalkInput,
  tell: (steps: readonly Step[]) => void,
  signal: AbortSignal,
): Promise<Outcome> {
  const steps = new Map(NOT_BEGUN.map((step) => [step.id, step]));
  const began = new Map<StepId, number>();
  const change = (id: StepId, how: Partial<Step>): void => {
    const step = steps.get(id);
    if (!step || signal.aborted) return;
    steps.set(id, { ...step, ...how });
    tell([...steps.values()]);
  };
  const begin = (id: StepId): void => {
    began.set(id, performance.now());
    change(id, { state: "asking", says: "", ms: null });
  };
  const settle = (id: StepId, settled: Settled): void => {
    const since = began.get(id);
    // A socket tells of its end more than once: what came first says more.
    if (since === undefined) return;
    began.delete(id);
    change(id, { ...settled, ms: Math.round(performance.now() - since) });
  };

  let scheme = "";
  const watchedFetch: typeof fetch = async (input, init) => {
    const id = stepOf(String(input), init, scheme);
    if (id === "health") scheme = new URL(String(input), location.href).protocol;
    if (id === null) return fetch(input, init);
    begin(id);
    try {
      const answer = await fetch(input, init);
      settle(id, await answered(id, answer.clone()));
      return answer;
    } catch (error) {
      settle(id, unanswered(id, init?.signal?.aborted === true));
      throw error;
    }
  };
  class WatchedSocket extends WebSocket {
    constructor(url: string) {
      const id = isEcho(url) ? "echo" : "socket";
      begin(id);
      super(url);
      watchSocket(this, id, (settled) => settle(id, settled));
    }
  }

  if (token !== null) change("token", { state: "skipped", says: "You gave a token of your own." });
  const client = createClient({
    url: address,
    fetch: watchedFetch,
    WebSocket: WatchedSocket,
    maxRetries: 0,
    ...(token !== null && { getToken: () => token }),
  });
  const start = performance.now();
  const outcome = await new Promise<Outcome>((done, fail) => {
    const timer = setTimeout(() => done({ how: "silence" }), LIMIT_MS);
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      done(outcome);
    };
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      client.close();
      fail(new FrontdeskError("closed", "the walk was stopped", "Begin it again."));
    });
    client.on("diagnosis", (diagnosis) => end({ how: "diagnosis", diagnosis, echo: null }));
    client.on("state", (state) => {
      if (state.status !== "connected") return;
      end({ how: "connected", name: state.user.name, ms: Math.round(performance.now() - start) });
    });
    client.connect();
  });
  client.close();

  // Without a session the client never comes to the socket. Whether sockets pass at all is still worth
  // knowing, and needs no account.
  const wasReached =
    outcome.how === "diagnosis" && outcome.diagnosis.evidence["frontdesk"] === true;
  if (
    wasReached &&
    steps.get("socket")?.state === "waiting" &&
    steps.get("echo")?.state === "waiting"
  )
    await tryEcho(echoOf(address), WatchedSocket);
  const echo = steps.get("echo")?.state;
  for (const [id, step] of steps) if (step.state === "waiting") change(id, { state: "skipped" });
  return outcome.how === "diagnosis" && (echo === "good" || echo === "bad")
    ? { ...outcome, echo: echo === "good" }
    : outcome;
}

/** Which question a request is; null for one that is none. */
function stepOf(url: string, init: RequestInit | undefined, scheme: string): StepId | null {
  const { pathname, protocol } = new URL(url, location.href);
  if (pathname.endsWith("/auth/ws-token")) return "token";
  if (pathname.includes("/connect-check/")) return "check";
  if (pathname.endsWith("/api/v1/diagnose")) return "view";
  if (init?.method === "HEAD") return "page";
  if (!pathname.endsWith("/healthz")) return null;
  if (init?.mode !== "no-cors") return "health";
  return protocol === scheme ? "blind" : "scheme";
}

async function answered(id: StepId, answer: Response): Promise<Settled> {
  if (answer.type === "opaque") {
    return id === "scheme"
      ? { state: "unclear", says: "Something answers there, by the other scheme." }
      : { state: "good", says: "Something answers; this page may not read it." };
  }
  const type = answer.headers.get("Content-Type")?.split(";")[0] ?? "no content type";
  const body = (await answer.json().catch(() => null)) as Record<string, unknown> | null;
  const plain: Settled = { state: "bad", says: `Answered with ${answer.status}, ${type}.` };
  switch (id) {
    case "token":
      if (typeof body?.["token"] === "string")
        return { state: "good", says: "A fresh token came." };
      if (answer.status === 401) {
        return { state: "unclear", says: "It answers; nobody is signed in on this page (401)." };
      }
      return plain;
    case "health":
      if (body?.["service"] !== "frontdesk") return plain;
      return answer.ok
        ? { state: "good", says: "Frontdesk answers, and is well." }
        : { state: "bad", says: `Frontdesk answers ${answer.status}: it is not ready.` };
    case "check":
      return seen(body) ?? plain;
    case "view":
      return arrived(body) ?? plain;
    default:
      return { state: "good", says: `Answered with ${answer.status}.` };
  }
}

function seen(body: Record<string, unknown> | null): Settled | null {
  if (typeof body?.["seen"] !== "boolean") return null;
  if (!body["seen"]) return { state: "unclear", says: "The server never saw this try." };
  const { outcome, code, reason } = body;
  const said = typeof reason === "string" ? `: ${reason}` : "";
  return outcome === "open" || outcome === "upgrading"
    ? { state: "good", says: "The server saw it, and let it in." }
    : { state: "bad", says: `The server saw it and ended it with ${code ?? "no code"}${said}.` };
}

function arrived(body: Record<string, unknown> | null): Settled | null {
  const { origin, session } = (body ?? {}) as {
    origin?: { verdict?: string };
    session?: { arrived?: boolean; live?: boolean | null };
  };
  if (!origin || !session) return null;
  const cookie = session.arrived
    ? session.live === false
      ? "its session is over"
      : "a live session came along"
    : "no session came along";
  return {
    state: origin.verdict === "denied" ? "bad" : "good",
    says: `This page is ${origin.verdict === "denied" ? "not allowed" : "allowed"}; ${cookie}.`,
  };
}

function unanswered(id: StepId, wasLate: boolean): Settled {
  const nothing = wasLate ? "No answer in time." : "No answer, or none that this page may read.";
  // That nobody answers by the other scheme is as it should be.
  return { state: id === "scheme" ? "unclear" : "bad", says: nothing };
}

function watchSocket(socket: WebSocket, id: StepId, settle: (settled: Settled) => void): void {
  let isOpen = false;
  socket.addEventListener("open", () => {
    isOpen = true;
    if (id === "echo") settle({ state: "good", says: "It opens: sockets get through." });
  });
  socket.addEventListener("message", ({ data }) => {
    if (/^\s*\{\s*"type"\s*:\s*"welcome"/.test(String(data)))
      settle({ state: "good", says: "It opened, and the server said welcome." });
  });
  // The page's own policy lets a socket say `error` and no more.
  socket.addEventListener("error", () => {
    if (!isOpen)
      setTimeout(
        () => settle({ state: "bad", says: "It did not open; the browser says no more." }),
        150,
      );
  });
  socket.addEventListener("close", ({ code, reason }) => {
    if (!isOpen)
      settle({
        state: "bad",
        says: `It did not open: error, then close ${code}. The browser says no more.`,
      });
    else
      settle({
        state: "bad",
        says: `It opened and was closed with ${code}${reason ? `, ${reason}` : ""}.`,
      });
  });
}

function tryEcho(url: string, Socket: new (url: string) => WebSocket): Promise<void> {
  return new Promise((done) => {
    const socket = new Socket(url);
    const end = (): void => {
      clearTimeout(timer);
      socket.close();
      done();
    };
    const timer = setTimeout(end, ECHO_MS);
    socket.addEventListener("open", end);
    socket.addEventListener("close", end);
    socket.addEventListener("error", () => setTimeout(end, 200));
  });
}

function isEcho(url: string): boolean {
  return /\/ws\/echo\/?(\?|$)/.test(url);
}

/** The echo socket beside an address, below the same prefix of a proxy. */
function echoOf(address: string): string {
  const { origin, pathname } = new URL(address.replace(/^ws/, "http"), location.href);
  const prefix = pathname.replace(/\/(api\/v1\/ws|ws(\/.*)?)\/?$/, "").replace(/\/+$/, "");
  return `${origin.replace(/^http/, "ws")}${prefix}/ws/echo`;
}
