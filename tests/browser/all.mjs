// Every browser test, most of them two at a time, and a table of them at the end.
// Usage: node tests/browser/all.mjs <the program frontdesk> [theme…]
// Exit code: 0 if all went well, 1 if something failed, 3 if something that is needed is missing.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Files beside the themes that are no theme. */
const HELPERS = ["all", "client", "harness", "missing", "nginx", "ordinary", "pages"];

/**
 * Run before the others, each by itself: one has a bare socket, which a server does not wait for as our
 * client would; the other measures how much a page has to do.
 */
const ALONE = ["first-minute", "console-busy"];

/** The longest first, so that the others run beside them. */
const LONGEST = ["lifecycle", "console", "console-postgres", "console-looks"];

/** Longest time of one theme. */
const THEME_MS = 240_000;

const rank = (name) => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length);

const folder = fileURLToPath(new URL(".", import.meta.url));
const [program, ...chosen] = process.argv.slice(2);
const themes = readdirSync(folder)
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => file.slice(0, -4))
  .filter((name) => !HELPERS.includes(name) && (chosen.length === 0 || chosen.includes(name)))
  .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
if (!program || themes.length === 0) {
  console.error(`error: ${program ? `there is no theme ${chosen.join(", ")} in ${folder}` : "usage: node tests/browser/all.mjs <target/debug/frontdesk> [theme…]"}`);
  process.exit(3);
}

/** Runs one theme; its lines are printed together, when it is over. */
async function run(name) {
  const began = Date.now();
  const child = spawn(process.execPath, [`${folder}${name}.mjs`, program], { stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => lines.push(chunk));
  const timer = setTimeout(() => {
    lines.push(`FAILED ${name}: not done within ${THEME_MS / 1000} s\n`);
    child.kill("SIGTERM");
  }, THEME_MS);
  const code = await new Promise((exit) => child.once("close", exit));
  clearTimeout(timer);
  const said = Buffer.concat(lines.map((chunk) => Buffer.from(chunk))).toString();
  console.log(`\n-- ${name}\n${said.trimEnd()}`);
  const count = (word) => said.split("\n").filter((line) => line.startsWith(word)).length;
  // A theme that speaks of no checks is one itself.
  return { name, code, ok: count("ok ") || Number(code === 0), failed: count("FAILED "), seconds: (Date.now() - began) / 1000 };
}

const results = [];
for (const name of ALONE) if (themes.includes(name)) results.push(await run(name));
const waiting = themes.filter((name) => !ALONE.includes(name));
async function work() {
  for (let name = waiting.shift(); name; name = waiting.shift()) results.push(await run(name));
}
await Promise.all([work(), work()]);

console.log("");
for (const { name, code, ok, failed, seconds } of results) {
  const came = code === 0 ? "ok" : code === 3 ? "COULD NOT RUN" : "FAILED";
  console.log(`${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s  ${`${ok} ok, ${failed} failed`.padEnd(20)} ${came}`);
}
process.exitCode = results.every(({ code }) => code === 0) ? 0 : results.some(({ code }) => code !== 0 && code !== 3) ? 1 : 3;
