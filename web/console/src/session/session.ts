// One sign-in: who it is, and what asks the server in that name. Without React, so that a test needs
// none. Start at `Session.check`.

import { type components, createClient, type FrontdeskClient } from "@frontdesk/client";
import { createRestClient, FrontdeskProblem, type RestClient } from "@frontdesk/client/rest";
import { QueryClient } from "@tanstack/react-query";
import { whyUnreachable } from "./reach.ts";
import { seatFetch } from "./seat.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

export type User = components["schemas"]["User"];

export type SessionState =
  | { readonly status: "checking" }
  /** Asked again at `retryAt`, by itself. */
  | { readonly status: "unreachable"; readonly trouble: Trouble; readonly retryAt: number }
  | { readonly status: "signed-out"; readonly why: "unknown" | "asked" | "elsewhere" }
  | { readonly status: "signed-in"; readonly user: User; readonly client: FrontdeskClient };

/** Waits between two questions to a server that does not answer. */
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class Session {
  /** Names the cookie; `null` is the ordinary one. */
  readonly seat: string | null;
  /** Carries the seat. */
  readonly fetch: typeof globalThis.fetch;
  readonly rest: RestClient;
  /** What was fetched in this name; emptied when somebody else signs in. */
  readonly queries: QueryClient;
  #state: SessionState = { status: "checking" };
  readonly #listeners = new Set<() => void>();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #checks = 0;

  constructor(seat: string | null = null) {
    this.seat = seat;
    this.fetch = seatFetch(seat);
    this.rest = createRestClient({ url: globalThis.location?.origin ?? "", fetch: this.fetch });
    this.queries = new QueryClient({
      defaultOptions: { queries: { retry: shouldAskAgain, staleTime: 30_000 } },
    });
  }

  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Finds out who is signed in, until the answer is called. */
  start(): () => void {
    const online = (): void => {
      if (this.#state.status === "unreachable") void this.check();
    };
    addEventListener("online", online);
    void this.check();
    return () => {
      removeEventListener("online", online);
      clearTimeout(this.#timer);
      this.#checks += 1;
    };
  }

  /** Asks who is signed in. */
  readonly check = async (): Promise<void> => {
    clearTimeout(this.#timer);
    this.#checks += 1;
    const mine = this.#checks;
    try {
      const { data } = await this.rest.GET("/api/v1/auth/me");
      if (mine === this.#checks && data) this.enter(data);
    } catch (error) {
      if (mine !== this.#checks) return;
      if (error instanceof FrontdeskProblem && error.status === 401) {
        this.leave(this.#state.status === "signed-in" ? "elsewhere" : "unknown");
      } else if (this.#state.status !== "signed-in") {
        const trouble = await this.#reason(error);
        if (mine === this.#checks) this.#unreachable(trouble);
      }
    }
  };

  readonly signIn = async (credentials: { email: string; password: string }): Promise<User> => {
    const { data } = await this.rest.POST("/api/v1/auth/login", { body: credentials });
    if (!data) throw new Error("the sign-in was answered without an account");
    this.enter(data);
    return data;
  };

  readonly signOut = async (): Promise<void> => {
    const { client } = this.#state.status === "signed-in" ? this.#state : { client: null };
    // Otherwise the page would tell that it was signed out, as if by somebody else.
    client?.close();
    try {
      await this.rest.POST("/api/v1/auth/logout");
    } catch (error) {
      if (!(error instanceof FrontdeskProblem && error.status === 401)) {
        client?.connect();
        throw error;
      }
    }
    this.leave("asked");
  };

  /** Somebody is signed in. */
  enter(user: User): void {
    this.#failures = 0;
    const held = this.#state;
    if (held.status === "signed-in" && held.user.id === user.id) {
      this.#set({ ...held, user });
      return;
    }
    this.queries.clear();
    const client = createClient({ fetch: this.fetch });
    client.on("state", (state) => {
      const now = this.#state;
      if (now.status !== "signed-in" || now.client !== client || state.status !== "connected")
        return;
      // A changed role or name comes with the connection that follows it.
      if (state.user.role !== now.user.role || state.user.name !== now.user.name) void this.check();
    });
    this.#set({ status: "signed-in", user, client });
  }

  /** Nobody is signed in any more. */
  leave(why: Extract<SessionState, { status: "signed-out" }>["why"]): void {
    this.#failures = 0;
    this.queries.clear();
    this.#set({ status: "signed-out", why });
  }

  async #reason(error: unknown): Promise<Trouble> {
    const isProblem = error instanceof FrontdeskProblem && error.code !== "unexpected_answer";
    return isProblem ? troubleOf(error) : await whyUnreachable(this.fetch);
  }

  #unreachable(trouble: Trouble): void {
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 15_000;
    this.#failures += 1;
    this.#set({ status: "unreachable", trouble, retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => void this.check(), wait);
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** A refusal stays one; a server that did not answer may do so next time. */
function shouldAskAgain(failures: number, error: Error): boolean {
  return failures < 2 && !(error instanceof FrontdeskProblem && error.status < 500);
}
