// What tests need from outside: the real server with its accounts, and a bad network before it.
//
//   import { chaosProxy, startServer } from "@frontdesk/testing";
//
//   const server = await startServer({ config: { "auth.ws_token_seconds": 30 } });
//   const ana = await server.customer();                 // a new account, signed in over HTTP
//   const ben = await server.staff();
//   const proxy = await chaosProxy(server.base);         // ana reaches the server through it
//   const client = createClient({ url: proxy.base, fetch: ana.fetch, WebSocket });
//
//   await ben.notify(ana.user.id, "Your order is ready"); // publishes an event on user:{ana}
//   await ben.orderFor(ana.user.id);                      // the same on user:{ana} and staff
//   proxy.reset();                                        // every connection ends, without a close frame
//   await server.kill("SIGKILL");                         // and the server is gone
//   await server.start();                                 // back on the same port and the same data
//   await server.stop();                                  // gone for good, its folder too
//
// The program is the file that the environment variable FRONTDESK_PROGRAM names. `cargo xtask check`
// sets it; by hand: `cargo build -p server`, then FRONTDESK_PROGRAM=$PWD/target/debug/frontdesk.
// In a page of Chromium there is no `fetch` to hand over: sign in there with `server.password` and
// the account's `email`, or set `ana.cookie` in the browser's context.

export interface ServerOptions {
  /**
   * Keys of the configuration, as in config.default.toml: `{ "socket.heartbeat_seconds": 5 }`. The bot
   * of the chat is off unless `bot.kind` says otherwise, so that a test hears nobody but its own people.
   */
  config?: Record<string, string | number | boolean | readonly string[]>;
  /** With the demo's accounts (`websocket@test.com`, `staff@test.com`: `test123`), items and orders. */
  demo?: boolean;
  /** A free port is taken by default. */
  port?: number;
}

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:40123`; stays the same when it is started again. */
  readonly base: string;
  readonly port: number;
  /** Its process id; none while it is down. */
  readonly pid: number | undefined;
  /** What it printed, line by line. */
  readonly log: readonly string[];
  /** The password of every account that `customer`, `staff` and `admin` make. */
  readonly password: string;
  customer(name?: string): Promise<Session>;
  staff(name?: string): Promise<Session>;
  admin(name?: string): Promise<Session>;
  /** Signs in; once more makes another session of the same account. */
  signIn(email: string, password?: string): Promise<Session>;
  /** Runs a command of the program beside the server, such as `["user", "disable", email]`. */
  run(command: readonly string[], input?: string): Promise<string>;
  /** Ends the process by a signal (SIGKILL by default) and waits until it is gone. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Starts it once more: the same port, the same data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** One sign-in of one account, as a browser with a cookie has it. */
export interface Session {
  readonly user: { id: string; email: string; name: string; role: "customer" | "staff" | "admin" };
  /** The session's cookie. */
  readonly cookie: { name: string; value: string };
  /** `fetch` with this session's cookie; a relative path goes to the server. */
  readonly fetch: typeof fetch;
  /** Asks the server and gives the JSON it answered; rejects on a problem, with its sentence. */
  ask<T = unknown>(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<T>;
  /** A fresh socket token. */
  token(): Promise<{ token: string; expires_in: number; expires_at: string; ws_url: string }>;
  /** Sends a notification (staff). */
  notify(userId: string, title: string): Promise<{ id: string; title: string }>;
  /** Writes an order for a customer (staff). */
  orderFor(
    customerId: string,
    note?: string,
  ): Promise<{ id: string; version: number; status: string; note: string }>;
  /** The customer's open chat, made if there is none; staff name the customer. */
  chat(customerId?: string): Promise<{ id: string }>;
  signOut(): Promise<void>;
}

/** Starts the real program on a free port with data of its own. */
export function startServer(options?: ServerOptions): Promise<Server>;

/** A TCP proxy that is as bad as a network can be. */
export interface ChaosProxy {
  /** Where it listens, such as `http://127.0.0.1:40124`. */
  readonly base: string;
  readonly port: number;
  /** Connections that were accepted so far, and those open now. */
  readonly accepted: number;
  readonly open: number;
  /** Ends every connection in order (FIN), without a close frame. Gives how many there were. */
  cut(): number;
  /** Ends every connection at once (RST). Gives how many there were. */
  reset(): number;
  /** From now on nothing passes, in neither direction; new connections are accepted and stall too. */
  stall(): void;
  /** Ends `stall`, `delay` and `refuse`; what was held back passes now. */
  resume(): void;
  /** From now on every chunk passes that much later, in both directions and in order. */
  delay(milliseconds: number): void;
  /** From now on new connections are reset. */
  refuse(): void;
  /**
   * Cuts once the server has sent that many more bytes: most often in the middle of a frame. As with
   * `dropByte`, whatever comes through counts, requests too: let only sockets through if that matters.
   */
  cutAfter(bytes: number): void;
  /** Swallows the n-th byte that the server sends from now on; 1 is the next one. */
  dropByte(n: number): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port before a target, such as `server.base`. */
export function chaosProxy(target: string): Promise<ChaosProxy>;

/** Waits until a condition holds, at most 20 s; what it was for is in the error. */
export function until(what: string, condition: () => unknown, milliseconds?: number): Promise<void>;
