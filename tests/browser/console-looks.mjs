// How the console looks: every page, on a phone and on a desk, light and dark. axe-core finds nothing
// serious, nothing scrolls sideways, and the browser's console stays empty: no error, no breach of the
// page's policy. Besides, what a browser fetches before the sign-in page shows.
// The pictures go to target/screenshots/, or to the folder in FRONTDESK_SCREENSHOTS. With
// FRONTDESK_DOCS_IMAGES=1, the two of the README are made anew.
// Usage: node tests/browser/console-looks.mjs <the program frontdesk>

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { docsImages } from "./console/docs-images.mjs";
import { live, open } from "./console/page.mjs";
import { local, theme, until } from "./harness.mjs";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const PICTURES = process.env.FRONTDESK_SCREENSHOTS ?? join(PROJECT, "target/screenshots");
const AXE = readFileSync(createRequire(join(PROJECT, "web/console/package.json")).resolve("axe-core/axe.min.js"), "utf8");

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
const SCHEMES = ["light", "dark"];

const FIRST_LOAD_MAX_BYTES = 250 * 1024;

/** Pages that are looked at at once. */
const AT_ONCE = 3;

await theme("console-looks", async (stage) => {
  mkdirSync(PICTURES, { recursive: true });
  const server = await stage.server({ demo: true, config: { "bot.kind": "desk" } });
  const [customer, staff, admin] = await Promise.all(
    ["websocket@test.com", "staff@test.com", "admin@test.com"].map((email) => server.signIn(email, "test123")),
  );
  await liveIn(stage, server, customer);

  const heading = (name) => (page) => page.getByRole("heading", { name, exact: true }).first().waitFor();
  const then = (role, name) => async (page) => {
    await live(page);
    await page.getByRole(role, { name }).click();
  };
  const works = (page) => page.getByText("It works", { exact: true }).waitFor();
  /** Name, path, who, and what to wait for or to do before one looks. */
  const pages = [
    ["sign-in", "/sign-in", null, heading("This is the demo: come in as")],
    ["setup", "/setup#token=one-that-is-over", null, heading("Welcome")],
    ["split", "/split", null, async (page) => {
      for (const name of ["Customer", "Desk"]) await live(page.getByRole("region", { name, exact: true }).or(page.locator(`section[hidden]:has-text("${name}")`)));
    }],
    ["customer", "/customer", customer, live],
    ["customer-order", "/customer", customer, then("button", "New order")],
    ["customer-booking", "/customer", customer, then("button", "New booking")],
    ["customer-bell", "/customer", customer, then("button", /^Notifications/)],
    ["desk", "/desk", staff, live],
    ["desk-bookings", "/desk", staff, then("tab", /^Bookings/)],
    ["desk-chats", "/desk", staff, async (page) => {
      await then("tab", /^Chats/)(page);
      await page.getByRole("navigation", { name: "Chats" }).getByRole("button", { name: /Wanda/ }).click();
      await page.getByRole("region", { name: /^Chat with/ }).waitFor();
    }],
    ["desk-notify", "/desk", staff, then("tab", "Notify")],
    ["connections", "/connections", admin, async (page) => {
      await live(page);
      await page.getByText("4502 token_malformed").first().waitFor();
    }],
    ["lab", "/lab", staff, async (page) => {
      await then("button", /^Connect$/)(page);
      await page.getByText(/^Welcome, /).first().waitFor();
    }],
    ["why", "/why", staff, works],
    ["why-cause", "/why/auth.placeholder", staff, works],
    ["admin", "/admin", admin, live],
    ["admin-account", "/admin", admin, then("button", /^Ada Admin$/)],
    ["admin-items", "/admin/items", admin, live],
    ["admin-resources", "/admin/resources", admin, live],
    ["admin-bot", "/admin/bot", admin, live],
    ["admin-configuration", "/admin/configuration", admin, live],
    ["not-for-you", "/admin", staff, live],
    ["not-found", "/desk", staff, async (page) => {
      await live(page);
      // The server itself answers whoever asks it for such a page; a link within the console leads here.
      await page.evaluate(() => {
        history.pushState({}, "", "/no-such-page");
        dispatchEvent(new PopStateEvent("popstate"));
      });
      await heading("No such page")(page);
    }],
  ];
  await stage.checks(pages.map(([name, path, session, settle]) => [`${name} on a phone and a desk, light and dark`, () => look(stage, server, { name, path, session, settle })]), AT_ONCE);
  await stage.check("the sign-in page fetches less than 250 KiB, and no other page's part", () => firstLoad(stage, server));
  if (process.env.FRONTDESK_DOCS_IMAGES) await stage.check("the pictures of the README", () => docsImages(stage, server));
});

async function look(stage, server, { name, path, session, settle }) {
  const { page, context, complaints } = await open(stage, server, path, { session, colorScheme: "light", reducedMotion: "reduce" });
  await settle(page);
  const faults = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await until(`the page is ${colorScheme}`, () => page.evaluate((scheme) => document.documentElement.dataset.mantineColorScheme === scheme, colorScheme));
      const where = `${name}-${size.width}-${colorScheme}`;
      await page.screenshot({ path: join(PICTURES, `${where}.png`), animations: "disabled", fullPage: true });
      // Each size and each scheme once: what is wrong in a pair of them is wrong in one of them.
      if ((size === SIZES[0]) === (colorScheme === SCHEMES[0])) faults.push(...(await judge(page)).map((fault) => `${where}: ${fault}`));
      if (await scrollsSideways(page)) faults.push(`${where}: it scrolls sideways`);
    }
  }
  assert.deepEqual([...faults, ...complaints], []);
  await context.close();
}

/** What axe-core finds in a page as it is now, in words. */
async function judge(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return serious.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
  });
}

function scrollsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/** Something of everything, so that no page is empty. */
async function liveIn(stage, server, customer) {
  const { id } = await customer.chat();
  await customer.ask("POST", `/api/v1/chats/${id}/messages`, { body: "What are your opening hours?" });
  await customer.ask("POST", `/api/v1/chats/${id}/messages`, { body: "I would like to talk to a person." });
  const { page, context } = await stage.page({ url: `${local(server.base)}/healthz` });
  await page.evaluate(async () => {
    for (const token of ["test", "undefined"]) {
      await new Promise((closed) => {
        new WebSocket(`/api/v1/ws?token=${token}`).onclose = closed;
      });
    }
  });
  await context.close();
}

async function firstLoad(stage, server) {
  const { page, context } = await stage.page();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  const fetched = new Map();
  devtools.on("Network.responseReceived", ({ requestId, response }) => fetched.set(requestId, { url: response.url, bytes: 0 }));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const held = fetched.get(requestId);
    if (held) held.bytes = encodedDataLength;
  });
  await page.goto(`${local(server.base)}/sign-in`, { waitUntil: "load" });
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  // Afterwards the page fetches what it may need when the server is gone.
  const files = [...fetched.values()].filter(({ url }) => url.startsWith(local(server.base)));
  const sum = files.reduce((bytes, file) => bytes + file.bytes, 0);
  const list = files.map(({ url, bytes }) => `${bytes} ${new URL(url).pathname}`).join("\n");
  assert.ok(sum <= FIRST_LOAD_MAX_BYTES, `it fetched ${sum} bytes, the limit is ${FIRST_LOAD_MAX_BYTES}:\n${list}`);
  const parts = Object.entries(JSON.parse(readFileSync(join(PROJECT, "web/console/dist/.vite/manifest.json"), "utf8")))
    .filter(([source]) => /^src\/features\/.*\/page\.tsx$/.test(source))
    .map(([source, { file }]) => ({ source, fetched: files.some(({ url }) => url.endsWith(file)) }));
  assert.deepEqual(parts.filter(({ fetched }) => fetched).map(({ source }) => source), ["src/features/sign-in/page.tsx"], list);
  assert.ok(parts.length >= 9, `each page is a part of its own, but the build has only ${parts.length}`);
  await context.close();
}
