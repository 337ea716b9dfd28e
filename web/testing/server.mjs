// The real program on a free port, with data of its own.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { signIn } from "./session.mjs";

/** @import { Server, ServerOptions, Session } from "./index.d.ts" */
/** @import { ChildProcess } from "node:child_process" */
/** @import { Readable } from "node:stream" */

/** Longest wait for a start; a busy machine is slow, not wrong. */
const START_MS = 30_000;

/** @type {typeof import("./index.d.ts").startServer} */
export async function startServer(options = {}) {
  const server = new RunningServer(options);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @implements {Server} */
class RunningServer {
  port = 0;
  password = "correct horse battery staple";
  /** @type {string[]} */
  log = [];
  #program = program();
  #folder = mkdtempSync(join(tmpdir(), "frontdesk-testing-"));
  /** @type {ServerOptions} */
  #options;
  /** @type {ChildProcess | undefined} */
  #child;
  #accounts = 0;

  /** @param {ServerOptions} options */
  constructor(options) {
    this.#options = options;
    this.port = options.port ?? 0;
  }

  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.#child?.pid;
  }

  async start() {
    if (this.#child) throw new Error(`the server runs already, as process ${this.pid}`);
    const flags = [
      "serve",
      "--listen",
      `127.0.0.1:${this.port}`,
      ...(this.#options.demo ? ["--demo"] : []),
    ];
    const child = this.#spawn(flags);
    this.#child = child;
    const orphan = () => child.kill("SIGKILL");
    process.once("exit", orphan);
    child.once("exit", () => {
      process.off("exit", orphan);
      if (this.#child === child) this.#child = undefined;
    });
    this.port = await this.#listening(child);
  }

  /**
   * The port that a new process listens on.
   * @param {ChildProcess} child
   * @returns {Promise<number>}
   */
  async #listening(child) {
    const said = () => `it said:\n${this.log.slice(-20).join("\n")}`;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    try {
      return await new Promise((listening, failed) => {
        timer = setTimeout(
          () => failed(new Error(`no server after ${START_MS / 1000} s; ${said()}`)),
          START_MS,
        );
        child.once("error", (error) =>
          failed(new Error(`${this.#program} cannot be started: ${error.message}`)),
        );
        child.once("close", (code) =>
          failed(new Error(`the server ended with ${code} before it listened; ${said()}`)),
        );
        createInterface({ input: /** @type {Readable} */ (child.stderr) }).on("line", (line) => {
          this.log.push(line);
          const found = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(line);
          if (found) listening(Number(found[1]));
        });
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {"SIGKILL" | "SIGTERM"} signal */
  async kill(signal = "SIGKILL") {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((exit) => child.once("exit", exit));
    child.kill(signal);
    await gone;
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  customer(name = "Ana") {
    return this.#newcomer(name, "customer");
  }

  staff(name = "Ben") {
    return this.#newcomer(name, "staff");
  }

  admin(name = "Ada") {
    return this.#newcomer(name, "admin");
  }

  signIn(/** @type {string} */ email, password = this.password) {
    return signIn(this.base, email, password);
  }

  /** @param {readonly string[]} command */
  async run(command, input = "") {
    const child = this.#spawn(command);
    let [out, said] = ["", ""];
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      said += chunk;
    });
    child.stdin?.end(input);
    const code = await new Promise((exit, failed) =>
      child.once("error", failed).once("close", exit),
    );
    if (code !== 0) throw new Error(`frontdesk ${command.join(" ")} ended with ${code}: ${said}`);
    return out;
  }

  /**
   * @param {string} name
   * @param {string} role
   * @returns {Promise<Session>}
   */
  async #newcomer(name, role) {
    this.#accounts += 1;
    const email = `${role}-${this.#accounts}@example.com`;
    await this.run(
      ["user", "add", "--email", email, "--name", name, "--role", role, "--password-stdin"],
      `${this.password}\n`,
    );
    return this.signIn(email);
  }

  /** @param {readonly string[]} flags */
  #spawn(flags) {
    const { config = {}, demo = false } = this.#options;
    // The demo has a folder of its own in the data folder, which only `serve` knows about.
    const data = join(this.#folder, "data");
    const own = Object.entries({ "bot.kind": "off", ...config }).map(([key, value]) => [variable(key), String(value)]);
    const env = {
      ...process.env,
      ...Object.fromEntries(own),
      FRONTDESK_DATA__DIR: demo && flags[0] !== "serve" ? join(data, "demo") : data,
    };
    return spawn(this.#program, flags, { cwd: this.#folder, env, stdio: ["pipe", "pipe", "pipe"] });
  }
}

/** The name of a key of the configuration in the environment. */
function variable(/** @type {string} */ key) {
  const [section, name, ...rest] = key.split(".");
  if (!section || !name || rest.length > 0)
    throw new Error(`a key of the configuration is section.name, but got ${key}`);
  return `FRONTDESK_${section.toUpperCase()}__${name.toUpperCase()}`;
}

function program() {
  const path = process.env["FRONTDESK_PROGRAM"];
  if (!path || !existsSync(path)) {
    const found = path ? `names ${path}, where no file is` : "is not set";
    throw new Error(
      `FRONTDESK_PROGRAM ${found}; run \`cargo build -p server\` and set it to the absolute path of target/debug/frontdesk, or run \`cargo xtask check\``,
    );
  }
  return path;
}
