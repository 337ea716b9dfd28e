// The published client inside a page, and what it told there.

import { until } from "./harness.mjs";

/**
 * Makes a client in a page and connects it. `options` are the client's own, as plain data; `token`
 * stands for a `getToken` that answers it. What happens lies in the page's `globalThis.desk`.
 */
export async function connect(page, { token, ...options }) {
  await page.evaluate(
    async ({ token, options }) => {
      const { createClient } = await import("/client.js");
      const getToken = token === undefined ? {} : { getToken: async () => token };
      const client = createClient({ ...options, ...getToken });
      const desk = { client, states: [], events: [], diagnoses: [] };
      globalThis.desk = desk;
      client.on("state", (state) => desk.states.push({ ...state, at: Date.now() }));
      client.on("event", (event) => desk.events.push({ name: event.event, id: event.id, offset: event.offset, data: event.data }));
      client.on("diagnosis", (diagnosis) => desk.diagnoses.push(diagnosis));
      client.connect();
    },
    { token, options },
  );
}

/**
 * The same in a dedicated worker of the page; what it tells lies in the page's `globalThis.told`. With
 * `asksPage` the page fetches the tokens for it. The pages must serve `/worker` (see worker/client.js).
 */
export async function connectWorker(page, { asksPage = false, ...options }) {
  await page.evaluate(
    (options) => {
      const worker = new Worker("/worker/client.js", { type: "module" });
      globalThis.told = [];
      worker.onerror = ({ message, filename, lineno }) => globalThis.told.push({ type: "error", message, filename, lineno });
      worker.onmessage = async ({ data }) => {
        globalThis.told.push({ ...data, at: Date.now() });
        if (data.type !== "token") return;
        const base = options.url.replace("ws", "http");
        const answer = await fetch(`${base}/api/v1/auth/ws-token`, { credentials: "include" });
        worker.postMessage({ token: (await answer.json()).token });
      };
      worker.postMessage(options);
    },
    { asksPage, ...options },
  );
}

/** What the worker of a page has told of this type, the oldest first; an error of its own is one here. */
export async function toldByWorker(page, type) {
  const told = await page.evaluate(() => globalThis.told);
  const broken = told.find((one) => one.type === "error");
  if (broken) throw new Error(`the worker broke: ${JSON.stringify(broken)}`);
  return told.filter((one) => one.type === type);
}

/** The state now. */
export const state = (page) => page.evaluate(() => globalThis.desk.client.state);

/** Waits until the client is connected, and gives that state. */
export async function connected(page, milliseconds) {
  let last;
  try {
    return await until("the client is connected", async () => {
      last = await state(page);
      return last.status === "connected" && last;
    }, milliseconds);
  } catch (error) {
    throw new Error(`${error.message}; it was ${JSON.stringify(last)}`);
  }
}

/** Waits for a diagnosis of that id, and gives it; another one in the end is an error that shows it. */
export async function diagnosed(page, id, milliseconds = 15_000) {
  let seen = [];
  try {
    return await until(`diagnosis ${id}`, async () => {
      seen = await page.evaluate(() => globalThis.desk.diagnoses);
      return seen.find((diagnosis) => diagnosis.id === id);
    }, milliseconds);
  } catch (error) {
    const report = await page.evaluate(() => `${globalThis.desk.client.report()}`);
    throw new Error(`${error.message}; instead ${JSON.stringify(seen.at(-1), null, 1)}\n${report.split("\n").slice(-12).join("\n")}`);
  }
}
