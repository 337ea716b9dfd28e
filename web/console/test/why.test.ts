import type { Diagnosis } from "@frontdesk/client";
import { expect, it } from "vitest";
import { codeIn, readCode } from "../src/features/why/close-code.ts";
import { readConsole } from "../src/features/why/console-lines.ts";
import { explain } from "../src/features/why/explain.ts";
import { report } from "../src/features/why/report.ts";
import { judge } from "../src/features/why/verdict.ts";

const SOCKET = "WebSocket connection to 'ws://localhost:8000/api/v1/ws' failed: ";

it.each([
  [`${SOCKET}Error in connection establishment: net::ERR_CONNECTION_REFUSED`, "net.refused"],
  [`${SOCKET}Error in connection establishment: net::ERR_NAME_NOT_RESOLVED`, "net.dns"],
  [`${SOCKET}Error in connection establishment: net::ERR_UNSAFE_PORT`, "url.invalid"],
  [`${SOCKET}Error in connection establishment: net::ERR_CERT_AUTHORITY_INVALID`, "tls.untrusted"],
  [`${SOCKET}Error in connection establishment: net::ERR_CERT_DATE_INVALID`, "tls.expired"],
  [`${SOCKET}Error in connection establishment: net::ERR_SSL_PROTOCOL_ERROR`, "tls.plain_port"],
  [`${SOCKET}Error in connection establishment: net::ERR_INTERNET_DISCONNECTED`, "br.offline"],
  [`${SOCKET}Error in connection establishment: net::ERR_CONNECTION_TIMED_OUT`, "net.timeout"],
  [
    `${SOCKET}Error in connection establishment: net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS`,
    "br.lna",
  ],
  [
    `${SOCKET}Error in connection establishment: net::ERR_UNEXPECTED_PROXY_AUTH`,
    "net.proxy_explicit",
  ],
  [`${SOCKET}Error during WebSocket handshake: Unexpected response code: 502`, "proxy.bad_gateway"],
  [`${SOCKET}Error during WebSocket handshake: Unexpected response code: 426`, "proxy.no_upgrade"],
  [`${SOCKET}Error during WebSocket handshake: Unexpected response code: 403`, "origin.denied"],
  [`${SOCKET}Error during WebSocket handshake: Unexpected response code: 302`, "url.redirect"],
  [`${SOCKET}Error during WebSocket handshake: Unexpected response code: 200`, "url.spa_fallback"],
  [`${SOCKET}HTTP Authentication failed; no valid credentials available`, "proxy.auth_layer"],
  [`${SOCKET}WebSocket opening handshake timed out`, "net.timeout"],
  [`${SOCKET}Connection closed before receiving a handshake response`, "net.other_program"],
  [
    `${SOCKET}Error during WebSocket handshake: Incorrect 'Sec-WebSocket-Accept' header value`,
    "ws.accept_key",
  ],
  [
    `${SOCKET}Error during WebSocket handshake: Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received`,
    "ws.subprotocol",
  ],
  [
    `${SOCKET}One or more reserved bits are on: reserved1 = 1, reserved2 = 0, reserved3 = 0`,
    "ws.extension",
  ],
  [`${SOCKET}Page entered Back-Forward Cache.`, "bg.bfcache"],
  [`${SOCKET}Insufficient resources`, "br.socket_limit"],
  ["WebSocket is closed before the connection is established.", "cl.strictmode"],
  [
    `Connecting to 'ws://localhost:8000/' violates the following Content Security Policy directive: "connect-src 'self'". The action has been blocked.`,
    "br.csp",
  ],
  [
    "SecurityError: Failed to construct 'WebSocket': An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.",
    "br.mixed",
  ],
  [
    "SyntaxError: Failed to construct 'WebSocket': The subprotocol 'Bearer x' is invalid.",
    "url.invalid",
  ],
  [
    "InvalidStateError: Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
    "cl.send_early",
  ],
  [
    "Access to fetch at 'http://localhost:8000/' from origin 'http://localhost:5174' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    "cors.origin",
  ],
  [
    "Access to fetch at 'x' from origin 'y' has been blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
    "cors.credentials_wildcard",
  ],
  [
    "WebSocket connection to 'ws://localhost:8000/ws/chat/42?token=test' failed: ",
    "auth.placeholder",
  ],
  [
    "WebSocket connection to 'ws://undefined/api/v1/ws' failed: Error in connection establishment: net::ERR_NAME_NOT_RESOLVED",
    "url.undefined",
  ],
  ["WebSocket connection to 'ws://localhost:5174/undefined' failed: ", "url.undefined"],
])("reads %s", (line, id) => {
  const [reading] = readConsole(line);
  expect(reading?.id).toBe(id);
  expect(explain(id)?.title, `${id} is in the registry`).toBeTruthy();
  for (const other of reading?.alternatives ?? [])
    expect(explain(other)?.title, other).toBeTruthy();
});

it("names a cause and not its symptoms in a whole log", () => {
  const log = [
    "[HMR] connected",
    "WebSocket connection to 'ws://localhost:8000/api/v1/ws' failed: Error in connection establishment: net::ERR_CONNECTION_REFUSED",
    "Connection closed: {code: 1006, reason: '', wasClean: false}",
    "Max reconnection attempts reached",
    "TypeError: Failed to fetch",
  ].join("\n");
  const verdict = judge(null, log, explain);
  expect(verdict).toMatchObject({ id: "net.refused", confidence: "certain" });
});

it.each([
  ["1006", 1006],
  ["  4502 ", 4502],
  ["Connection closed: {code: 1006, reason: '', wasClean: false}", 1006],
  ["CloseEvent 4503 token_invalid", 4503],
  ["closed with 4100 token_expired", 4100],
  ["port 8000 is taken", null],
  ["12345", null],
])("finds the close code in %s", (text, code) => {
  expect(codeIn(text)).toBe(code);
});

it("every code of the table has causes of the registry", () => {
  for (let code = 1000; code < 5000; code += 1) {
    const reading = readCode(String(code));
    for (const id of [reading?.id ?? "", ...(reading?.alternatives ?? [])])
      expect(explain(id), `${code}: ${id}`).not.toBeNull();
  }
});

it("cannot tell what 1006 alone means, and says what from what", () => {
  const verdict = judge(null, "1006", explain);
  expect(verdict?.confidence).toBe("unsure");
  expect(verdict?.sentence).toMatch(/^Cannot tell “.+” from “.+”: they look the same from here\.$/);
  expect(verdict?.alternatives).toContain("net.refused");
});

it("cannot tell from a text that it does not know", () => {
  expect(judge(null, "it does not work :(", explain)).toMatchObject({
    id: null,
    confidence: "unsure",
  });
});

function diagnosis(id: string, confidence: Diagnosis["confidence"], alternatives: string[] = []) {
  const found = {
    id,
    confidence,
    sentence: `It is ${id}.`,
    fix: "Mend it.",
    evidence: {},
    alternatives,
  };
  return { how: "diagnosis", diagnosis: found as Diagnosis, echo: null } as const;
}

it("two witnesses that leave one cause make it certain", () => {
  const here = diagnosis("proxy.no_upgrade", "unsure", ["net.middlebox", "dev.vite_ws_false"]);
  const line = `${SOCKET}Error during WebSocket handshake: Unexpected response code: 200`;
  expect(judge(here, line, explain)).toMatchObject({ id: "dev.vite_ws_false", alternatives: [] });
});

it("a line that is decisive outweighs a page that is not", () => {
  const here = diagnosis("net.dns", "unsure", ["br.extension"]);
  const line = `${SOCKET}Error in connection establishment: net::ERR_CERT_AUTHORITY_INVALID`;
  expect(judge(here, line, explain)).toMatchObject({ id: "tls.untrusted", confidence: "certain" });
});

it("a page without a sign-in says nothing of another page's line", () => {
  const here = diagnosis("token.endpoint_unauth", "certain");
  const line = `${SOCKET}Error during WebSocket handshake: Unexpected response code: 502`;
  expect(judge(here, line, explain)?.id).toBe("proxy.bad_gateway");
});

it("tells who is not signed in whether sockets get through", () => {
  const here = diagnosis("token.endpoint_unauth", "certain");
  expect(judge({ ...here, echo: true }, "", explain)).toMatchObject({
    id: "token.endpoint_unauth",
    because: expect.arrayContaining([expect.stringContaining("get through")]),
  });
  const verdict = judge({ ...here, echo: false }, "", explain);
  expect(verdict).toMatchObject({ id: null, confidence: "unsure" });
  expect(verdict?.alternatives).toContain("proxy.no_upgrade");
});

it("takes what the page is certain of before a close code that goes with everything", () => {
  expect(judge(diagnosis("auth.placeholder", "certain"), "1006", explain)).toMatchObject({
    id: "auth.placeholder",
    confidence: "certain",
  });
});

it("does not blame what works now", () => {
  const line = `${SOCKET}Error in connection establishment: net::ERR_CONNECTION_REFUSED`;
  const verdict = judge({ how: "connected", name: "Ana", ms: 12 }, line, explain);
  expect(verdict?.sentence).toMatch(/^It works from this page now/);
  expect(verdict?.confidence).not.toBe("certain");
});

it("reports everything but tokens", () => {
  const text = report({
    at: new Date(0),
    page: "http://localhost:5174",
    agent: "test",
    address: "ws://localhost:8000/ws?token=eyJhbGciOi.secret.part",
    steps: [{ id: "health", title: "Ask", state: "bad", says: "No answer.", ms: 3 }],
    outcome: diagnosis("net.refused", "certain"),
    pasted: "sent Authorization: Bearer abcdefghijkl and ?token=hunter22",
    verdict: judge(diagnosis("net.refused", "certain"), "", explain),
  });
  expect(text).toContain("net.refused (certain): It is net.refused.");
  expect(text).toContain("bad Ask: No answer. (3 ms)");
  expect(text).not.toMatch(/secret|abcdefghijkl|hunter22/);
});
