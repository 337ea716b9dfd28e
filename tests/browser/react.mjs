// React in Chromium: one socket in StrictMode however many components there are, handlers that run
// once for each event through a hundred reconnects, and the examples and the README as they stand.
// Usage: node tests/browser/react.mjs <the program frontdesk>

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { local, sleep, theme, until } from "./harness.mjs";
import { Missing } from "./missing.mjs";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const RECONNECTS = 100;

await theme("react", async (stage) => {
  const entry = join(PROJECT, "web/react/dist/index.js");
  if (!existsSync(entry)) throw new Missing(`${entry} does not exist; run \`npm run build --workspace react\` in web/`);
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-react-"));
  stage.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [server, demo] = await Promise.all([stage.server(), stage.server({ demo: true })]);
  const [url, demoUrl] = [local(server.base), local(demo.base)];
  const staff = await server.staff();

  writeReadmePage(join(folder, "readme"), url);
  const built = Object.fromEntries(["page", "chat", "readme"].map((name) => [name, join(folder, `${name}-built`)]));
  // React runs effects twice, as StrictMode wants it, only in its development build.
  await bundle(join(PROJECT, "tests/browser"), built.page, "development", { input: join(PROJECT, "tests/browser/react-page.jsx") });
  await bundle(join(PROJECT, "examples/react-chat"), built.chat, "development", {}, demoUrl);
  await bundle(join(folder, "readme"), built.readme, "production");
  const folders = { "/react": built.page, "/chat": built.chat, "/readme": built.readme, "/examples": join(PROJECT, "examples") };
  const pages = await stage.pages({ folders });

  /** A page of a new customer. `upgrades` counts the event sockets that it opened. */
  const open = async (shown = {}) => {
    const customer = await server.customer();
    const { page, context, console: lines } = await stage.page({ url: pages.base, session: customer });
    const upgrades = eventSockets(page);
    await page.evaluate(() => import("/react/page.js"));
    const show = (more) => page.evaluate((what) => globalThis.desk.show(what), { url, ...shown, ...more });
    await show();
    const states = () => page.evaluate(() => Array.from(document.querySelectorAll("li"), (item) => item.textContent));
    const connected = () => until("every part says that it is connected", async () => {
      const now = await states();
      return now.length > 0 && now.every((status) => status === "connected");
    });
    const mounts = () => page.evaluate(() => globalThis.desk.mounts);
    const heard = () => page.evaluate(() => globalThis.desk.heard);
    return { customer, page, context, lines, upgrades, show, connected, mounts, heard };
  };
  const sockets = async () => (await staff.ask("GET", "/api/v1/ws/stats")).connections;
  const complaints = (lines) => lines.filter(({ type }) => type === "error" || type === "uncaught").map(({ text }) => text);

  await stage.check("StrictMode makes one socket of ten components, and none once they are gone", async () => {
    const { page, context, lines, upgrades, connected, mounts } = await open({ parts: 10 });
    await connected();
    assert.equal(await mounts(), 20, "StrictMode mounted each component twice");
    assert.deepEqual([upgrades.count, await sockets()], [1, 1]);
    await page.evaluate(() => globalThis.desk.hide());
    await until("the server has no socket any more", async () => (await sockets()) === 0);
    assert.deepEqual(complaints(lines), []);
    await context.close();
  });

  await stage.check("what is mounted anew keeps its socket, as with fast refresh", async () => {
    const { context, lines, upgrades, show, connected, mounts } = await open({ parts: 3 });
    await connected();
    for (let generation = 1; generation <= 5; generation += 1) {
      await show({ generation });
      await sleep(100);
    }
    await connected();
    assert.equal(await mounts(), 6 * 3 * 2);
    assert.deepEqual([upgrades.count, await sockets()], [1, 1]);
    assert.deepEqual(complaints(lines), []);
    await context.close();
  });

  await stage.check("a page that goes away while it connects leaves no socket and no complaint", async () => {
    const { page, context, lines, upgrades } = await open();
    await until("a socket is under way", () => upgrades.count > 0);
    await page.evaluate(() => globalThis.desk.hide());
    await until("the server has no socket", async () => (await sockets()) === 0);
    await sleep(300);
    assert.equal(upgrades.count, 1);
    assert.deepEqual(lines.filter(({ text }) => text.includes("before the connection is established")), []);
    await context.close();
  });

  await stage.check(`${RECONNECTS} reconnects run each handler once for each event`, async () => {
    const proxy = await stage.chaosProxy(server.base);
    const options = { minReconnectDelay: 1, maxReconnectDelay: 20 };
    const { customer, context, upgrades, connected, heard } = await open({ url: `${local(proxy.base).replace("http", "ws")}/api/v1/ws`, parts: 2, options });
    await connected();
    const told = [];
    for (let count = 1; count <= RECONNECTS; count += 1) {
      proxy.reset();
      told.push(`${count}`);
      await staff.notify(customer.user.id, `${count}`);
      await until(`it is back after ${count} reconnects`, async () => upgrades.count > count && proxy.open > 0);
    }
    await connected();
    await until("both parts heard all of them", async () => Object.values(await heard()).every(({ length }) => length >= told.length));
    await sleep(300);
    assert.deepEqual(await heard(), { "part 0": told, "part 1": told });
    await context.close();
  });

  await stage.check("the lines of the README work when they are pasted", async () => {
    const customer = await server.customer();
    const { page, context } = await stage.page({ url: `${pages.base}/readme/index.html`, session: customer });
    await page.getByRole("list", { name: "connected" }).waitFor({ state: "attached" });
    const order = await staff.orderFor(customer.user.id);
    await page.getByText("placed").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("cancelled").waitFor();
    assert.equal((await customer.ask("GET", `/api/v1/orders/${order.id}`)).status, "cancelled");
    await context.close();
  });

  await stage.check("examples/bare-websocket.html signs in and prints what happens", async () => {
    const { page, context } = await stage.page({ url: `${pages.base}/examples/bare-websocket.html?server=${demoUrl}` });
    await page.getByText(/^welcome/).waitFor();
    const desk = await demo.signIn("staff@test.com", "test123");
    const { items } = await desk.ask("GET", "/api/v1/orders");
    const order = items.find(({ status, customer }) => status === "placed" && customer.name === "Wanda Websocket");
    await desk.ask("PATCH", `/api/v1/orders/${order.id}`, { version: order.version, status: "accepted" });
    await page.getByText(/event order\.updated/).waitFor();
    await context.close();
  });

  await stage.check("examples/react-chat: a chat with the desk, and a banner that says how the connection is", async () => {
    const { page, context, console: lines } = await stage.page({ url: `${pages.base}/chat/index.html` });
    const banner = page.getByRole("status");
    await page.getByRole("button", { name: "Sign in" }).click();
    await banner.getByText("Live", { exact: true }).waitFor();
    await page.getByText("Then please keep three pieces for me").waitFor();
    await page.getByLabel("Your message").fill("I am on my way.");
    await page.getByRole("button", { name: "Send" }).click();
    const own = page.getByRole("listitem").filter({ hasText: "I am on my way." });
    await own.getByText("sent", { exact: true }).waitFor();

    const desk = await demo.signIn("staff@test.com", "test123");
    const { items: [chat] } = await desk.ask("GET", "/api/v1/chats?status=open");
    const { items: [newest] } = await desk.ask("GET", `/api/v1/chats/${chat.id}/messages`);
    assert.equal(newest.body, "I am on my way.");
    await desk.ask("POST", `/api/v1/chats/${chat.id}/read`, { message_id: newest.id });
    await own.getByText("read", { exact: true }).waitFor();
    await desk.ask("POST", `/api/v1/chats/${chat.id}/messages`, { body: "We wait for you." });
    await page.getByText("We wait for you.").waitFor();
    assert.deepEqual(complaints(lines), []);

    await demo.kill();
    await banner.getByText(/^Reconnecting in \d+ s: Nothing is listening on localhost:\d+: the backend is not running\./).waitFor();
    await page.getByLabel("Your message").fill("Are you still there?");
    await page.getByRole("button", { name: "Send" }).click();
    const waiting = page.getByRole("listitem").filter({ hasText: "Are you still there?" });
    await waiting.getByText("being sent").waitFor();
    await demo.start();
    await banner.getByText("Live", { exact: true }).waitFor();
    await waiting.getByText("sent", { exact: true }).waitFor();
    assert.equal(await waiting.count(), 1);
    await context.close();
  });
});

/** Counts the event sockets that a page opens; those of a diagnosis go elsewhere. */
function eventSockets(page) {
  const upgrades = { count: 0 };
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).pathname === "/api/v1/ws") upgrades.count += 1;
  });
  return upgrades;
}

/** The first tsx block of the package's README as a page, with the server's address in it. */
function writeReadmePage(folder, url) {
  const readme = readFileSync(join(PROJECT, "web/react/README.md"), "utf8");
  const [, lines] = /```tsx\n(.*?)```/s.exec(readme) ?? assert.fail("web/react/README.md has no tsx block to paste");
  assert.match(lines, /http:\/\/localhost:8000/);
  mkdirSync(folder);
  writeFileSync(join(folder, "main.tsx"), lines.replace("http://localhost:8000", url));
  writeFileSync(join(folder, "index.html"), '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/main.tsx"></script>');
}

/** Bundles a page with what web/ has installed, so that nothing is fetched for a test. */
async function bundle(root, outDir, mode, { input } = {}, url = undefined) {
  const web = join(PROJECT, "web");
  const { build } = await import(pathToFileURL(join(web, "node_modules/vite/dist/node/index.js")).href);
  const installed = {
    name: "installed in web/",
    enforce: "pre",
    resolveId(source, importer) {
      const bare = /^[@a-z]/.test(source) && importer && !importer.startsWith(join(web, "node_modules"));
      return bare ? this.resolve(source, join(web, "react/package.json"), { skipSelf: true }) : null;
    },
  };
  await build({
    root,
    configFile: false,
    // A warning would tell that "use client" means nothing in a bundle, which is so.
    logLevel: "error",
    mode,
    base: "./",
    plugins: [installed],
    define: {
      "process.env.NODE_ENV": JSON.stringify(mode),
      ...(url && { "import.meta.env.VITE_FRONTDESK_URL": JSON.stringify(url) }),
    },
    oxc: { jsx: { runtime: "automatic" } },
    build: {
      outDir,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: input ? { input, output: { entryFileNames: "page.js" }, preserveEntrySignatures: "strict" } : {},
    },
  });
}
