// The published client in a dedicated module worker, which has neither window nor document. It makes a
// client from what its page sends first, and tells the page all that happens. With `asksPage` the page
// fetches the tokens; otherwise the client does, with the cookie that a worker of the page has too.

import { createClient } from "/client.js";

const waiting = [];

const getToken = () =>
  new Promise((given) => {
    waiting.push(given);
    postMessage({ type: "token" });
  });

addEventListener("message", ({ data }) => {
  if ("token" in data) return waiting.shift()(data.token);
  const { asksPage, ...options } = data;
  const client = createClient({ ...options, ...(asksPage && { getToken }) });
  postMessage({ type: "scope", window: typeof window, document: typeof document, scope: self.constructor.name });
  client.on("state", (state) => postMessage({ type: "state", state }));
  client.on("event", ({ id, offset, data }) => postMessage({ type: "event", id, offset, data }));
  client.on("diagnosis", (diagnosis) => postMessage({ type: "diagnosis", diagnosis, report: `${client.report()}` }));
  client.connect();
});
