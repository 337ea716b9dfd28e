// What a browser test needs: the real server, pages of another origin, nginx, and Chromium.
//
//   import { theme } from "./harness.mjs";
//
//   await theme("my theme", async (stage) => {
//     const server = await stage.server({ config: { "socket.heartbeat_seconds": 5 } }); // see web/testing
//     const ana = await server.customer();
//     const pages = await stage.pages({ folders: { "/app": "/a/folder/with/a/bundle" } });
//     const { page, console } = await stage.page({ url: pages.base, session: ana });
//     await stage.check("what a user could notice", async () => {
//       const state = await page.evaluate(async (url) => {
//         const { createClient } = await import("/client.js");      // the built package, as published
//         …
//       }, local(server.base));
//       assert.equal(state, "connected");
//     });
//   });
//
// Besides, `stage` makes a bad network (`chaosProxy`), a proxy (`nginx`, with the lines that sockets need
// in nginx.mjs), a development server (`vite`), a browser that hides, freezes and caches pages as people's
// do (`ordinary`), and runs many checks some at a time (`checks`). client.mjs makes a client in a page.
// Run as `node tests/browser/my-theme.mjs <program>`; all.mjs runs every theme, and lists them. Each
// check prints one line. All that `stage` made is ended at the end; the exit code is 0 when every
// check went well, 1 when one failed, 3 when something that is needed is missing.
// `/client.js` is what web/client/package.json exports: build it first (`npm run build`).
// Loopback has two names that are two sites for cookies, so everything here is named `localhost`.
// Names under `.test` lead here too, as hosts that are no loopback to the browser.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Missing } from "./missing.mjs";
import { nginx } from "./nginx.mjs";
import { ordinary } from "./ordinary.mjs";
import { pages } from "./pages.mjs";

const WEB = fileURLToPath(new URL("../../web/", import.meta.url));
const { chromium } = createRequire(join(WEB, "package.json"))("playwright-core");

/** Longest time of one check. */
const CHECK_MS = 60_000;

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--host-resolver-rules=MAP *.test 127.0.0.1",
];

/** Runs the checks of one theme, then ends the process with what came of them. */
export async function theme(name, play) {
  const stage = new Stage();
  // What was started must not outlive a test that is told to stop: `exit` ends it.
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]]) process.once(signal, () => process.exit(code));
  try {
    stage.program = program();
    await play(stage);
  } catch (error) {
    if (error instanceof Missing) {
      console.error(`error: ${error.message}`);
      process.exitCode = 3;
    } else {
      stage.failed += 1;
      console.log(`FAILED ${name}: it broke off: ${error.stack}`);
    }
  }
  await stage.end();
  if (stage.failed > 0) process.exitCode = 1;
  // A socket that somebody forgot must not keep a finished test waiting.
  process.exit();
}

class Stage {
  failed = 0;
  #endings = [];
  #browser;

  /** One thing that must hold; its failure stops no other check. */
  async check(name, play, milliseconds = CHECK_MS) {
    const began = Date.now();
    const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
    let timer;
    const late = new Promise((_, failed) => {
      timer = setTimeout(() => failed(new Error(`not done within ${milliseconds / 1000} s`)), milliseconds);
    });
    try {
      await Promise.race([play(), late]);
      console.log(`ok     ${name} (${seconds()})`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED ${name} (${seconds()}): ${error.stack ?? error}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same for many, some of them at once; each is `[name, play]`. */
  async checks(plays, atOnce = 4) {
    const waiting = [...plays];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.check(...next);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** The real program; options and what comes back are in web/testing/index.d.ts. */
  async server(options) {
    const { startServer } = await import(pathToFileURL(join(WEB, "testing/index.mjs")).href);
    return this.#ended(await startServer(options), (server) => server.stop());
  }

  /** A bad network before a server: see web/testing/index.d.ts. */
  async chaosProxy(target) {
    const { chaosProxy } = await import(pathToFileURL(join(WEB, "testing/index.mjs")).href);
    return this.#ended(await chaosProxy(target), (proxy) => proxy.close());
  }

  /**
   * Pages of an origin of their own: every path is a blank page, but for `/client.js` and `folders`.
   * `headers` go with each answer, `tls` serves them over https, `name` is the host's (`page.test`).
   */
  async pages(options = {}) {
    const folders = { "/client": dirname(clientEntry()), ...options.folders };
    const files = { "/client.js": `export * from "/client/${clientEntry().split("/").pop()}";` };
    return this.#ended(await pages({ ...options, folders, files }), (served) => served.stop());
  }

  /** Vite's development server with an empty page; `proxy` is its `server.proxy`. */
  async vite(proxy) {
    const { createServer } = await import(pathToFileURL(join(WEB, "node_modules/vite/dist/node/index.js")).href);
    const root = mkdtempSync(join(tmpdir(), "frontdesk-vite-"));
    writeFileSync(join(root, "index.html"), '<!doctype html><link rel="icon" href="data:,"><title>page</title>');
    const server = { host: "127.0.0.1", port: 0, proxy };
    const vite = await createServer({ root, configFile: false, logLevel: "silent", server });
    await vite.listen();
    const base = `http://localhost:${vite.httpServer.address().port}`;
    return this.#ended({ base }, async () => {
      await vite.close();
      rmSync(root, { recursive: true, force: true });
    });
  }

  /** nginx on a port of its own, with what stands in its `server { … }`. */
  async nginx(configuration) {
    return this.#ended(await nginx(configuration), (running) => running.stop());
  }

  /** Anything else that must be ended at the end. */
  onEnd(ending) {
    this.#endings.push(ending);
  }

  /** The browser that the pages of a theme share. */
  browser() {
    this.#browser ??= chromium
      .launch({ executablePath: executable(), args: CHROMIUM_ARGUMENTS })
      .then((browser) => this.#ended(browser, () => browser.close()));
    return this.#browser;
  }

  /**
   * The context of a Chromium as people start it, where pages are hidden, frozen and cached: see
   * ordinary.mjs. Its pages share a profile: sign each session in under a name of its own.
   */
  async ordinary(args = []) {
    const { context } = this.#ended(await ordinary(chromium, executable(), [...CHROMIUM_ARGUMENTS, ...args]), (started) => started.stop());
    return context;
  }

  /**
   * A page, in a fresh profile unless a `context` is given; `session` is signed in there, on the host
   * `name`. `console` collects what the page prints.
   */
  async page({ url, session, context: given, name = "localhost", ...options } = {}) {
    const context = given ?? (await (await this.browser()).newContext({ ignoreHTTPSErrors: true, ...options }));
    if (session) await context.addCookies([{ ...session.cookie, domain: name, path: "/", httpOnly: true, sameSite: "Lax" }]);
    const page = await context.newPage();
    const lines = [];
    page.on("console", (message) => lines.push({ type: message.type(), text: message.text() }));
    page.on("pageerror", (error) => lines.push({ type: "uncaught", text: String(error) }));
    if (url) await page.goto(url);
    return { page, context, console: lines };
  }

  /** Ends all that was made, the newest first. */
  async end() {
    for (const ending of this.#endings.reverse()) {
      try {
        await ending();
      } catch (error) {
        this.failed += 1;
        console.log(`FAILED to end: ${error.stack ?? error}`);
      }
    }
  }

  #ended(made, ending) {
    this.#endings.push(() => ending(made));
    return made;
  }
}

/** The same address by the name that shares cookies with our pages. */
export function local(base) {
  return base.replace("127.0.0.1", "localhost");
}

/** Waits until a condition holds, and gives what it gave. */
export async function until(what, condition, milliseconds = 10_000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const held = await condition();
    if (held) return held;
    if (Date.now() > deadline) throw new Error(`not within ${milliseconds / 1000} s: ${what}`);
    await sleep(25);
  }
}

export function sleep(milliseconds) {
  return new Promise((later) => setTimeout(later, milliseconds));
}

/** The program under test, by the first argument; web/testing reads it from the environment. */
function program() {
  const path = process.argv[2] ?? process.env.FRONTDESK_PROGRAM;
  if (!path || !existsSync(path)) {
    throw new Missing(`the program ${path ?? "is not named and"} does not exist; usage: node ${process.argv[1]} <target/debug/frontdesk>`);
  }
  process.env.FRONTDESK_PROGRAM = resolve(path);
  return process.env.FRONTDESK_PROGRAM;
}

function executable() {
  const known = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const path = known.find((one) => one && existsSync(one));
  if (!path) throw new Missing("no Chromium was found; install it, for example `sudo apt-get install chromium`, or name it in CHROMIUM");
  return path;
}

/** The file that the package exports to a browser. */
function clientEntry() {
  const { exports } = JSON.parse(readFileSync(join(WEB, "client/package.json"), "utf8"));
  const entry = exports["."];
  const file = join(WEB, "client", entry.import?.default ?? entry.import ?? entry.default);
  if (!existsSync(file)) throw new Missing(`${file} does not exist; run \`npm run build --workspace client\` in web/`);
  return file;
}
