// The questions of a diagnosis, asked by a program that is no browser: real sockets, real silence.

import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, it } from "vitest";
import WebSocket from "ws";
import { diagnose } from "../src/diagnosis.ts";
import type { AttemptRecord, DiagnosisEnvironment } from "../src/diagnosis-types.ts";

/** A try whose socket never opened. */
const TRY: AttemptRecord = {
  url: "ws://localhost:8000/api/v1/ws",
  origin: null,
  attempt: "a1",
  phase: "opening",
  openedMs: null,
  livedMs: 5,
  error: true,
  close: { code: 1006, reason: "", wasClean: false },
  goodbye: null,
  token: null,
  threw: null,
  csp: null,
  readyStateAfterConstruction: 0,
  silentMs: null,
  frozenMs: null,
  recentFailures: 0,
  placeholder: null,
  timedOut: null,
};

/** Asks about a try to reach `base`. */
const ask = (
  base: string,
  record: Partial<AttemptRecord> = {},
  environment: Partial<DiagnosisEnvironment> = {},
) =>
  diagnose(
    { ...TRY, url: `${base.replace("http", "ws")}/api/v1/ws`, ...record },
    {
      fetch,
      WebSocket: WebSocket as never,
      now: Date.now,
      base,
      signal: new AbortController().signal,
      ...environment,
    },
  );

/** Something of the outside world, on a port of its own. */
async function listening<T>(
  server: ReturnType<typeof createTcpServer>,
  work: (base: string) => Promise<T>,
): Promise<T> {
  await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

it("is certain that nobody listens", async () => {
  const base = await listening(createTcpServer(), async (free) => free);
  expect(await ask(base)).toMatchObject({ id: "net.refused", confidence: "certain" });
});

it("knows a program that speaks no HTTP from nobody", async () => {
  const banner = createTcpServer((socket) =>
    socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.2\r\n"),
  );
  expect(await listening(banner, (base) => ask(base))).toMatchObject({ id: "net.other_program" });
});

it("ends within its time when nothing ever answers, and at once when it is told to", async () => {
  const silent = createTcpServer((socket) => socket.on("error", () => {}));
  await listening(silent, async (base) => {
    const began = Date.now();
    expect(await ask(base)).toMatchObject({ id: "net.timeout" });
    expect(Date.now() - began).toBeLessThan(3_000);
    const end = new AbortController();
    const asked = ask(base, {}, { signal: end.signal });
    setTimeout(() => end.abort(), 50);
    const told = Date.now();
    await expect(asked).rejects.toThrow();
    expect(Date.now() - told).toBeLessThan(500);
  });
});

it("never hands on a token that a stranger repeats", async () => {
  const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
  const told = await ask("http://localhost:8000", {
    phase: "open",
    close: { code: 4503, reason: `token_invalid: bad token ${token}`, wasClean: true },
  });
  expect(JSON.stringify(told)).not.toContain("eyJ");
  const echo = createServer((_, response) => {
    response.writeHead(404, { "Content-Type": `text/plain; note=${token}` }).end(token);
  });
  const record: Partial<AttemptRecord> = {
    phase: "token",
    close: null,
    error: false,
    token: { status: 401, problem: null, contentType: null, body: null, networkError: null },
  };
  expect(JSON.stringify(await listening(echo, (base) => ask(base, record)))).not.toContain("eyJ");
});
