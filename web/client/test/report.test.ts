import { expect, it } from "vitest";
import { withoutToken } from "../src/attempt.ts";
import { Recorder, redact } from "../src/report.ts";

const TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

it.each([
  [`bearer ${TOKEN} was sent`],
  [`ws://desk/api/v1/ws?token=${TOKEN}&attempt=1`],
  [`{"type":"connect","token":"${TOKEN}"}`],
  ["Authorization: c2lnbmF0dXJl"],
  ['{"token": "c2lnbmF0dXJl"}'],
  ["eyJhbGciOiJFUzI1NiJ9"],
])("takes the token out of %s", (text) => {
  expect(redact(text)).toContain("…");
  for (const part of TOKEN.split(".")) expect(redact(text)).not.toContain(part);
});

it("leaves sentences about tokens as they are", () => {
  const sentence = "The token expired 20 s ago. Fetch a fresh one from GET /api/v1/auth/ws-token.";
  expect(redact(sentence)).toBe(sentence);
});

it("shows a URL without query and password", () => {
  expect(withoutToken(`wss://ana:secret@desk.example.com:1/api/v1/ws?token=${TOKEN}#x`)).toBe(
    "wss://desk.example.com:1/api/v1/ws",
  );
});

it("shortens long texts, and has a line for each thing that happened", () => {
  const recorder = new Recorder(() => 0, false);
  recorder.add("came", { text: "x".repeat(10_000), deep: { token: TOKEN }, nothing: undefined });
  const report = recorder.report({ status: "closed" });
  expect(String(report)).toBe(
    `1970-01-01T00:00:00.000Z Frontdesk {"status":"closed"}\n` +
      `1970-01-01T00:00:00.000Z came {"text":"${"x".repeat(200)}","deep":{"token":"…"}}`,
  );
});
