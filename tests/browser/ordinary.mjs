// A Chromium as people start it. A test's own browser keeps every page visible and throws away the
// back/forward cache; this one hides, freezes and caches pages, so all of it shares one profile.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts it; `context` holds its pages, `stop` ends it. */
export async function ordinary(chromium, executable, args) {
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-chromium-"));
  const flags = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${folder}`, ...args, "about:blank"];
  // A group of its own: the distribution's launcher is a script, and its children must go too.
  const child = spawn(executable, flags, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  };
  process.once("exit", kill);
  const ended = new Promise((exit) => child.once("exit", exit));
  const endpoint = await new Promise((listening, failed) => {
    const said = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const found = /^DevTools listening on (ws:\S+)$/.exec(line);
      if (found) listening(found[1]);
    });
    child.once("exit", (code) => failed(new Error(`${executable} ended with ${code}: ${said.slice(-5).join("\n")}`)));
  });
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
  const stop = async () => {
    await browser.close();
    kill();
    await ended;
    process.off("exit", kill);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context: browser.contexts()[0], stop };
}
