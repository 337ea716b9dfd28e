// The connection: one state machine from "idle" to "connected" and back again. It owns every try,
// every wait and the token; what is said on the socket is the client's affair. Start at `connect`.
//
// Invariant: a try that was let go changes nothing any more; each step asks whether it is still the one.

import { Attempt, type CloseInfo, randomId, withoutToken } from "./attempt.ts";
import { delayBefore, retryAfter } from "./backoff.ts";
import type { Diagnosis } from "./diagnosis-types.ts";
import { Diagnoses } from "./diagnoses.ts";
import { prepareDiagnosis } from "./diagnosis.ts";
import { listenToPage } from "./lifecycle.ts";
import { Liveness } from "./liveness.ts";
import { locate, type Settings } from "./options.ts";
import type {
  ControlFrame,
  EventFrame,
  Refreshed,
  Resume,
  Retry,
  ServerFrame,
  Welcome,
  WelcomeUser,
} from "./protocol.ts";
import { type Recorder, redact } from "./report.ts";
import { noAnswer, placeholder, TokenFailure } from "./token.ts";
import { TokenKeeper } from "./token-keeper.ts";
import { Transport } from "./transport.ts";

/** What the connection is doing. A state object never changes; a change makes a new one. */
export type ConnectionState =
  /** A token is fetched, a socket opened. `attempt` is 0, or the number of the retry. */
  | { readonly status: "connecting"; readonly attempt: number; readonly since: number }
  /** The server said welcome. */
  | {
      readonly status: "connected";
      readonly connectionId: string;
      readonly user: WelcomeUser;
      readonly since: number;
    }
  /** The retry of that number comes at `retryAt`. */
  | {
      readonly status: "waiting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly close: CloseInfo | null;
      readonly diagnosis: Diagnosis | null;
    }
  /** Nothing happens until `connect()`: not begun, ended by `close()`, or for a reason that no retry can mend. */
  | {
      readonly status: "closed";
      readonly reason: "idle" | "stopped" | "terminal";
      readonly close: CloseInfo | null;
      readonly diagnosis: Diagnosis | null;
    };

/** What the connection tells the client. */
export interface ConnectionEvents {
  /** Positions to resume from; asked once for each try. */
  resume(): Resume | Promise<Resume>;
  state(state: ConnectionState): void;
  /** The connection is open: what it goes on from. */
  welcome(welcome: Welcome): void;
  /** A frame of an open connection. */
  frame(
    frame: Exclude<ControlFrame, { type: "welcome" | "goodbye" | "heartbeat" }> | EventFrame,
  ): void;
  /** No frame comes any more, until the next welcome. */
  lost(): void;
  diagnosis(diagnosis: Diagnosis): void;
}

/** From `open` to `welcome`; the server itself waits as long for the token. */
const WELCOME_MS = 5_000;

/** From `goodbye` to `close`. */
const GOODBYE_MS = 2_000;

/** The longest wait that a server can ask for. */
const ASKED_WAIT_MAX_MS = 3_600_000;

const IDLE: Extract<ConnectionState, { status: "closed" }> = {
  status: "closed",
  reason: "idle",
  close: null,
  diagnosis: null,
};

export class Connection {
  readonly #settings: Settings;
  readonly #events: ConnectionEvents;
  readonly #recorder: Recorder;
  readonly #liveness: Liveness;
  readonly #tokens: TokenKeeper;
  readonly #diagnoses: Diagnoses;
  #state: ConnectionState = IDLE;
  #try: Attempt | null = null;
  /** Retries since a connection last held, and tries in a row that got no welcome. */
  #retries = 0;
  #failures = 0;
  #triedFreshToken = false;
  /** The deadline of a try, or the wait for the next. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshId = "";
  #askedToWait = false;
  #stopListening: (() => void) | null = null;
  #asleepSince: number | null = null;

  constructor(settings: Settings, recorder: Recorder, events: ConnectionEvents) {
    this.#settings = settings;
    this.#recorder = recorder;
    this.#events = events;
    this.#liveness = new Liveness({
      now: settings.now,
      probeTimeout: settings.probeTimeout,
      ask: () => this.#try?.transport?.send('{"type":"ping"}'),
      lost: () => this.#timeOut("silence"),
    });
    this.#tokens = new TokenKeeper(settings, recorder);
    this.#diagnoses = new Diagnoses(settings, (diagnosis) => this.#diagnosed(diagnosis));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects, or tries again at once. While a try or a connection is under way, nothing happens. */
  connect(): void {
    const { status } = this.#state;
    if (status === "connecting" || status === "connected" || this.#asleepSince !== null) return;
    if (status === "closed") {
      this.#retries = 0;
      this.#triedFreshToken = false;
      prepareDiagnosis();
      this.#stopListening ??= listenToPage({
        asleep: () => this.#sleep(),
        awake: () => this.#wake(),
        doubt: (why) => this.#doubt(why),
        blocked: (directive, uri) => this.#blocked(directive, uri),
      });
    }
    this.#start();
  }

  /** Ends whatever is under way. No timer and no socket is left, and the token is forgotten. */
  close(): void {
    const { status } = this.#state;
    this.#stop();
    if (status !== "closed") this.#setState({ ...IDLE, reason: "stopped" });
  }

  send(frame: object): void {
    this.#try?.transport?.send(JSON.stringify(frame));
  }

  #start(): void {
    this.#askedToWait = false;
    const attempt = new Attempt(this.#failures);
    this.#try = attempt;
    this.#deadline("handshake", this.#settings.connectTimeout);
    this.#setState({ status: "connecting", attempt: this.#retries, since: this.#settings.now() });
    void this.#open(attempt);
  }

  async #open(attempt: Attempt): Promise<void> {
    const { record } = attempt;
    try {
      const { base, socket } = await locate(this.#settings.url);
      attempt.base = base;
      record.url = withoutToken(socket ?? `${base.replace(/^http/, "ws")}/api/v1/ws`);
      if (this.#try !== attempt) return;

      const token = await this.#tokens.token(base, attempt.ended.signal);
      if (this.#try !== attempt) return;
      record.placeholder = placeholder(token.token);
      if (typeof token.token !== "string" || !token.token) return this.#end(attempt, "never");
      const resume = await this.#events.resume();
      if (this.#try !== attempt) return;
      this.#construct(
        attempt,
        socket ?? token.url ?? record.url,
        JSON.stringify({ type: "connect", id: "connect", token: token.token, resume }),
      );
    } catch (error) {
      if (this.#try !== attempt) return;
      if (error instanceof TokenFailure) {
        record.token = error.answer;
        return this.#end(attempt, error.retry, error.retryAfterMs);
      }
      record.phase = "constructor";
      record.threw = redact(String(error));
      this.#end(attempt);
    }
  }

  #construct(attempt: Attempt, address: string, hello: string): void {
    const { record } = attempt;
    const url = new URL(address);
    url.searchParams.set("protocol", "1");
    url.searchParams.set("attempt", record.attempt);
    record.url = withoutToken(address);
    record.phase = "constructor";
    const began = this.#settings.now();
    attempt.constructedAt = began;
    this.#deadline("handshake", this.#settings.connectTimeout);
    const transport = new Transport(this.#settings.WebSocket, url.href, {
      open: () => {
        record.phase = "open";
        record.openedMs = this.#settings.now() - began;
        this.#deadline("welcome", Math.min(WELCOME_MS, this.#settings.connectTimeout));
        attempt.transport?.send(hello);
      },
      frame: (data) => this.#hear(attempt, data),
      end: () => this.#end(attempt),
    });
    attempt.transport = transport;
    if (transport.result.threw === null) record.phase = "opening";
    this.#recorder.add("socket", { url: record.url, attempt: record.attempt });
  }

  #hear(attempt: Attempt, data: unknown): void {
    attempt.heardAt = this.#settings.now();
    this.#liveness.heard();
    try {
      const frame = JSON.parse(data as string) as ServerFrame;
      if (frame.type === "goodbye") {
        const { type: _, ...goodbye } = frame;
        attempt.record.goodbye = goodbye;
        // A close follows; if it does not, this is the end all the same.
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#end(attempt), GOODBYE_MS);
      } else if (frame.type === "welcome") {
        this.#welcome(attempt, frame);
      } else if (attempt.welcomedAt === null || frame.type === "heartbeat") {
        // A heartbeat has been heard, which is all; before the welcome nothing counts.
      } else if (!this.#isRefreshAnswer(attempt, frame)) {
        this.#events.frame(frame);
      }
    } catch (error) {
      this.#recorder.add("bad_frame", { why: String(error), data });
    }
  }

  #welcome(attempt: Attempt, welcome: Welcome): void {
    const {
      connection_id: connectionId,
      user,
      channels,
      heartbeat_seconds: heartbeatSeconds,
    } = welcome;
    if (
      attempt.welcomedAt !== null ||
      typeof connectionId !== "string" ||
      typeof user?.id !== "string" ||
      !Array.isArray(channels)
    ) {
      throw new TypeError("no connection_id, user or channels, or again");
    }
    clearTimeout(this.#timer);
    const now = this.#settings.now();
    attempt.record.phase = "welcomed";
    attempt.welcomedAt = now;
    attempt.clockAhead = Date.parse(welcome.server_time) - now || 0;
    this.#failures = 0;
    this.#diagnoses.connected();
    const interval = heartbeatSeconds > 0 ? heartbeatSeconds * 1000 : 25_000;
    this.#liveness.start(interval * this.#settings.missedHeartbeats);
    this.#tokenEndsAt(attempt, welcome.expires_at);
    this.#setState({ status: "connected", connectionId, user, since: now });
    // A handler of the state may have closed the client.
    if (this.#try === attempt) this.#events.welcome(welcome);
  }

  /** A try is over: by the server, by the network or by our own limits. What next? */
  #end(attempt: Attempt, known?: Retry, askedMs?: number): void {
    if (this.#try !== attempt) return;
    const { record } = attempt;
    const { now, minUptime, maxRetries } = this.#settings;
    attempt.finish(now());
    record.frozenMs = this.#liveness.frozenMs;
    this.#letGo();
    const { goodbye } = record;
    const close = attempt.close();
    const { phase, livedMs, timedOut, threw } = record;
    this.#recorder.add("end", { phase, livedMs, timedOut, threw, ...close });

    if (attempt.welcomedAt === null) this.#failures += 1;
    else if (now() - attempt.welcomedAt >= minUptime) {
      this.#retries = 0;
      this.#triedFreshToken = false;
    }
    const retry = known ?? retryAfter(close?.code, goodbye);
    this.#retries += 1;
    if (retry === "never" || this.#retries > maxRetries) {
      this.#stop();
      this.#diagnoses.start(record, attempt.base, "now");
      this.#setState({ status: "closed", reason: "terminal", close, diagnosis: null });
      return;
    }

    const asked = Math.min(askedMs ?? goodbye?.retry_after_ms ?? 0, ASKED_WAIT_MAX_MS) || 0;
    let delay = delayBefore(this.#retries, this.#settings);
    if (retry === "fresh_token") {
      this.#tokens.drop();
      // Once at once: tokens end, and a fresh one is the cure. If it was not, it is a failure like others.
      if (!this.#triedFreshToken) delay = 0;
      this.#triedFreshToken = true;
    } else if (record.frozenMs !== null && close?.code === 1006) {
      // A page or a machine that slept loses its socket: nobody's failure.
      delay = 0;
    }
    this.#diagnoses.start(record, attempt.base, "beside");
    this.#wait(Math.max(delay, asked), asked > 0, close, this.#diagnoses.lastFor(record));
  }

  #wait(
    delay: number,
    askedToWait: boolean,
    close: CloseInfo | null,
    diagnosis: Diagnosis | null,
  ): void {
    this.#askedToWait = askedToWait;
    this.#timer = setTimeout(() => this.#start(), delay);
    this.#setState({
      status: "waiting",
      attempt: this.#retries,
      retryAt: this.#settings.now() + delay,
      close,
      diagnosis,
    });
  }

  #timeOut(what: "handshake" | "welcome" | "silence"): void {
    const attempt = this.#try;
    if (!attempt) return;
    attempt.record.timedOut = what;
    if (attempt.record.phase === "token") {
      attempt.record.token = noAnswer(`no token within ${this.#settings.connectTimeout} ms`);
    }
    this.#end(attempt);
  }

  #deadline(what: "handshake" | "welcome", milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#timeOut(what), milliseconds);
  }

  /** Ends the try, and with it its timers and its socket. */
  #letGo(): void {
    const attempt = this.#try;
    this.#try = null;
    clearTimeout(this.#timer);
    this.#tokens.stop();
    this.#liveness.stop();
    attempt?.ended.abort();
    attempt?.transport?.letGo();
    if (attempt && attempt.welcomedAt !== null) this.#events.lost();
  }

  /** As `#letGo`, for good. */
  #stop(): void {
    this.#letGo();
    this.#diagnoses.stop();
    this.#stopListening?.();
    this.#stopListening = null;
    this.#asleepSince = null;
    this.#tokens.drop();
  }

  // The token of a living connection

  #tokenEndsAt(attempt: Attempt, serverTime: string): void {
    const endsAt = Date.parse(serverTime) - attempt.clockAhead;
    if (Number.isNaN(endsAt)) return;
    this.#tokens.endsAt(endsAt, attempt.base, (token) => {
      this.#refreshId = `refresh-${randomId()}`;
      this.send({ type: "refresh", id: this.#refreshId, token });
    });
  }

  #isRefreshAnswer(attempt: Attempt, frame: ServerFrame): boolean {
    if ((frame.type !== "reply" && frame.type !== "error") || frame.id !== this.#refreshId)
      return false;
    this.#recorder.add("refreshed", { ...frame });
    if (frame.type === "reply") this.#tokenEndsAt(attempt, (frame.data as Refreshed).expires_at);
    return true;
  }

  // The life of the page

  /** A sleeping page loses its socket, and what is said on it, without a word: better to let it go. */
  #sleep(): void {
    if (this.#asleepSince !== null) return;
    this.#recorder.add("asleep");
    this.#asleepSince = this.#settings.now();
    this.#letGo();
    this.#diagnoses.stop();
    this.#setState({
      status: "waiting",
      attempt: this.#retries,
      retryAt: this.#asleepSince,
      close: null,
      diagnosis: null,
    });
  }

  #wake(): void {
    if (this.#asleepSince === null) return;
    this.#recorder.add("awake", { ms: this.#settings.now() - this.#asleepSince });
    this.#asleepSince = null;
    this.connect();
  }

  #doubt(why: string): void {
    this.#recorder.add(why);
    if (this.#asleepSince !== null) this.#wake();
    else if (this.#state.status === "connected") this.#liveness.probe();
    else if (this.#state.status === "waiting" && !this.#askedToWait) {
      clearTimeout(this.#timer);
      this.#start();
    }
  }

  #blocked(directive: string, blocked: string): void {
    const attempt = this.#try;
    if (!attempt || !directive.startsWith("connect-src")) return;
    const hosts = [attempt.record.url, attempt.base]
      .filter(Boolean)
      .map((url) => new URL(url).host);
    if (hosts.some((host) => blocked.includes(host)))
      attempt.record.csp = { directive, blocked: withoutToken(blocked) };
  }

  // What came of a diagnosis, and the state

  #diagnosed(diagnosis: Diagnosis): void {
    this.#recorder.add("diagnosis", { id: diagnosis.id, sentence: diagnosis.sentence });
    const { status } = this.#state;
    if (status === "waiting" || status === "closed")
      this.#setState({ ...this.#state, diagnosis } as ConnectionState);
    this.#events.diagnosis(diagnosis);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#recorder.add(
      `state ${state.status}`,
      "attempt" in state ? { attempt: state.attempt } : {},
    );
    this.#events.state(state);
  }
}
