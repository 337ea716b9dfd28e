// The token that is held: used again while it lives, asked for anew when it must be, and renewed
// before a living connection runs out of it.

import type { Settings } from "./options.ts";
import type { Recorder } from "./report.ts";
import { fetchToken, type GivenToken, givenToken, isFresh, TokenFailure } from "./token.ts";

/** The longest time before its end at which a token is renewed. */
const LEAD_MAX_MS = 60_000;

/** The shortest wait before a renewal, and before it is tried again. */
const PAUSE_MS = 1_000;

/** The longest time that a timer can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class TokenKeeper {
  readonly #settings: Settings;
  readonly #recorder: Recorder;
  #held: GivenToken | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewing: AbortController | null = null;

  constructor(settings: Settings, recorder: Recorder) {
    this.#settings = settings;
    this.#recorder = recorder;
  }

  /** A token that can open a socket. Rejects with a `TokenFailure`. */
  async token(base: string, signal: AbortSignal): Promise<GivenToken> {
    if (this.#held && isFresh(this.#held, this.#settings.now())) return this.#held;
    const token = await this.#ask(base, signal);
    if (!signal.aborted) this.#held = token;
    return token;
  }

  /** The held token is not good any more. */
  drop(): void {
    this.#held = null;
  }

  /** The server said when the token of a living connection ends: before that, `renew` gets another one. */
  endsAt(endsAt: number, base: string, renew: (token: string) => void): void {
    if (this.#held) this.#held = { ...this.#held, expiresAt: endsAt };
    const life = endsAt - this.#settings.now();
    this.stop();
    this.#renewing = new AbortController();
    this.#renewIn(life - Math.min(LEAD_MAX_MS, life * 0.3), {
      endsAt,
      base,
      renew,
      signal: this.#renewing.signal,
    });
  }

  /** The connection is gone; the token is not. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#renewing?.abort();
    this.#renewing = null;
  }

  #renewIn(milliseconds: number, renewal: Renewal): void {
    this.#timer = setTimeout(
      () => void this.#renew(renewal),
      Math.min(Math.max(PAUSE_MS, milliseconds), TIMER_MAX_MS),
    );
  }

  async #renew(renewal: Renewal): Promise<void> {
    const { endsAt, base, renew, signal } = renewal;
    // Until the server confirms the renewal it is tried again; after the last try it says 4100.
    this.#renewIn((endsAt - this.#settings.now()) / 4, renewal);
    try {
      const token = await this.#ask(base, signal);
      if (signal.aborted) return;
      this.#held = token;
      renew(token.token);
    } catch (error) {
      if (signal.aborted) return;
      this.#recorder.add(
        "renewal_failed",
        error instanceof TokenFailure ? { ...error.answer } : { why: String(error) },
      );
    }
  }

  #ask(base: string, signal: AbortSignal): Promise<GivenToken> {
    const { getToken, fetch, now } = this.#settings;
    this.#recorder.add("token");
    return getToken ? givenToken(getToken, signal) : fetchToken(base, fetch, now, signal);
  }
}

interface Renewal {
  endsAt: number;
  base: string;
  renew: (token: string) => void;
  signal: AbortSignal;
}
