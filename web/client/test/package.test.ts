// The package as others get it: what the README says works when it is pasted.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Server, startServer, until } from "@frontdesk/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
let server: Server;

beforeAll(async () => {
  server = await startServer({ demo: true });
});
afterAll(() => server.stop());

/** Runs a block of the README as a program; what it printed so far. */
async function runBlock(language: string): Promise<{ lines: string[]; end: () => void }> {
  const readme = await readFile(`${folder}/README.md`, "utf8");
  const block = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(readme)?.[1];
  if (!block) throw new Error(`README.md has no block of ${language}`);
  expect(block).toContain("http://localhost:8000");
  const code = block.replaceAll("http://localhost:8000", server.base);
  const program = spawn(
    process.execPath,
    ["--import", "./test/support/page.mjs", "--input-type=module", "-e", code],
    { cwd: folder },
  );
  const lines: string[] = [];
  for (const output of [program.stdout, program.stderr])
    output.on("data", (chunk) => lines.push(...String(chunk).trim().split("\n")));
  return { lines, end: () => program.kill() };
}

it("connects and shows orders with the lines of the README", async () => {
  const staff = await server.signIn("staff@test.com", "test123");
  const { items } = await staff.ask<{ items: { id: string; email: string }[] }>(
    "GET",
    "/api/v1/users",
  );
  const wanda = items.find(({ email }) => email === "websocket@test.com");
  const { lines, end } = await runBlock("js");
  try {
    await until(`connected, but it said: ${lines}`, () =>
      lines.some((line) => line.startsWith("connected")),
    );
    const order = await staff.orderFor(wanda?.id ?? "");
    await staff.ask("PATCH", `/api/v1/orders/${order.id}`, {
      version: order.version,
      status: "accepted",
    });
    await until("the order", () => lines.includes(`${order.id} accepted`));
  } finally {
    end();
  }
});

it("can be imported on a server, in a worker, and anywhere else, and does nothing then", async () => {
  const check = `
    const before = new Set(Object.keys(globalThis));
    const { createClient } = await import("@frontdesk/client");
    const client = createClient();
    console.log(client.state.status, Object.keys(globalThis).filter((name) => !before.has(name)).length);
  `;
  const program = spawn(process.execPath, ["--input-type=module", "-e", check], { cwd: folder });
  let out = "";
  program.stdout.on("data", (chunk) => {
    out += chunk;
  });
  program.stderr.on("data", (chunk) => {
    out += chunk;
  });
  expect(await new Promise((exit) => program.on("close", exit))).toBe(0);
  expect(out.trim()).toBe("closed 0");
});
