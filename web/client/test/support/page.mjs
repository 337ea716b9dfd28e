// What a page has and Node 20 has not, before a program begins: a WebSocket, and a fetch that keeps cookies.

import WebSocket from "ws";

const cookies = new Map();
const bare = globalThis.fetch;

globalThis.WebSocket = WebSocket;
globalThis.fetch = async (input, init = {}) => {
  const headers = new Headers(
    init.headers ?? (input instanceof Request ? input.headers : undefined),
  );
  if (init.credentials === "include" || input.credentials === "include") {
    headers.set("Cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
  }
  const answer = await bare(input, { ...init, headers });
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    cookies.set(name, value);
  }
  return answer;
};
