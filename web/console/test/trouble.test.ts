import { FrontdeskError } from "@frontdesk/client";
import { FrontdeskProblem } from "@frontdesk/client/rest";
import { expect, it, vi } from "vitest";
import { whyUnreachable } from "../src/session/reach.ts";
import { asSentence, troubleOf } from "../src/session/trouble.ts";

it("makes sentences of what the server says, and leaves addresses as they are", () => {
  expect(asSentence("the password is wrong")).toBe("The password is wrong.");
  expect(asSentence("localhost:8000 answers 502")).toBe("localhost:8000 answers 502.");
  expect(asSentence("Wait …")).toBe("Wait …");
});

it("names the fields that are wrong", () => {
  const problem = new FrontdeskProblem(422, {
    code: "validation_failed",
    detail: "one field is wrong",
    fix: "correct it",
    errors: [{ pointer: "/email", message: "has no @" }],
  });
  expect(troubleOf(problem)).toEqual({
    code: "validation_failed",
    sentence: "One field is wrong.",
    fix: "Correct it.",
    fields: { email: "Has no @." },
  });
});

it("says plainly that nobody answered, also where the hooks say it with method and path", () => {
  vi.stubGlobal("location", { host: "localhost:8000" });
  vi.stubGlobal("navigator", { onLine: true });
  const detail = "PATCH /api/v1/orders/1 got no answer: TypeError: Failed to fetch";
  const thrown = Object.assign(new FrontdeskError("connection_lost", detail, "try again"), {
    status: 0,
  });
  for (const error of [thrown, new TypeError("Failed to fetch")]) {
    expect(troubleOf(error)).toMatchObject({
      code: "unreachable",
      sentence: "localhost:8000 does not answer.",
    });
  }
  vi.unstubAllGlobals();
});

const where = { online: true, host: "localhost:8000" };
const answers =
  (status: number, body: string): typeof fetch =>
  async () =>
    new Response(body, { status });

it("tells a dead server from a proxy before one, a foreign program and a device without network", async () => {
  const refused: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  const silent: typeof fetch = () => Promise.reject(new DOMException("slow", "TimeoutError"));
  const said = async (fetch: typeof globalThis.fetch, online = true): Promise<string> =>
    (await whyUnreachable(fetch, { ...where, online })).sentence;

  expect(await said(refused)).toMatch(/^Nothing answers at localhost:8000/);
  expect(await said(silent)).toMatch(/takes connections and does not answer/);
  expect(await said(answers(502, ""))).toMatch(/^A proxy at localhost:8000 answers 502/);
  expect(await said(answers(200, "<h1>It works!</h1>"))).toMatch(/^Another program answers/);
  expect(await said(answers(503, '{"service":"frontdesk"}'))).toMatch(/starting, or shutting down/);
  expect(await said(refused, false)).toBe("This device is offline.");
});
