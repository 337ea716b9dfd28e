// A real nginx before a server, on a port of its own, with files of its own.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Missing } from "./missing.mjs";

/** What a proxy must say to nginx so that sockets pass. */
export const PASSES_SOCKETS = `
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection "upgrade";`;

/** What keeps the name that the page asked by; origins are judged by it. */
export const KEEPS_HOST = "proxy_set_header Host $http_host;";

/** Those that a test that breaks off would leave behind. */
const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts nginx with what stands in its `server { … }`; `stop` ends it. */
export async function nginx(configuration) {
  const program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"].find(existsSync);
  if (!program) throw new Missing("no nginx was found; install it, for example `sudo apt-get install nginx-light`");
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-nginx-"));
  const port = await freePort();
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join("\n  ");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off;
master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr warn;
events {}
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port};
    ${configuration}
  }
}
`,
  );
  const child = spawn(program, ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise((exit) => child.once("exit", exit));
  const stop = async () => {
    running.delete(child);
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const gone = ended.then((code) => {
    throw new Error(`nginx ended with ${code} before it listened: ${said}`);
  });
  // After it listens, its end is what `stop` waits for.
  gone.catch(() => {});
  await Promise.race([gone, answers(port)]);
  return { base: `http://localhost:${port}`, port, stop };
}

function freePort() {
  return new Promise((free, failed) => {
    const server = createServer();
    server.once("error", failed).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => free(port));
    });
  });
}

async function answers(port) {
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await new Promise((done) => {
      const socket = connect(port, "127.0.0.1", () => done(true));
      socket.once("error", () => done(false)).once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((later) => setTimeout(later, 25));
  }
  throw new Error(`nginx does not listen on port ${port} after 5 s`);
}
