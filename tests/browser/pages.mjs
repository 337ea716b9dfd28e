// A server of pages: an origin of its own, as a team's own front end has. Every path is a blank page
// unless a folder or a file is named for it.

import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};
const BLANK = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>page</title>';

/** Starts it; `stop` ends it. Without `name` it is called localhost. */
export async function pages({ folders = {}, files = {}, headers = {}, tls = false, name = "localhost" }) {
  const answer = (asked, response) => {
    const path = normalize(decodeURIComponent(new URL(asked.url, "http://page").pathname));
    const file = path in files ? null : found(folders, path);
    const type = file ? TYPES[extname(file)] ?? "application/octet-stream" : path in files ? TYPES[extname(path)] : TYPES[".html"];
    response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-cache", ...headers });
    if (file) createReadStream(file).pipe(response);
    else response.end(files[path] ?? BLANK);
  };
  const server = tls ? createTlsServer(selfSigned(), answer) : createServer(answer);
  await new Promise((listening, failed) => server.once("error", failed).listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  return {
    base: `${tls ? "https" : "http"}://${name}:${port}`,
    port,
    stop: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}

/** The file of a path, if a folder is named for it; `index.html` for a folder. */
function found(folders, path) {
  const longestFirst = Object.entries(folders).sort(([a], [b]) => b.length - a.length);
  for (const [prefix, folder] of longestFirst) {
    if (path !== prefix && !path.startsWith(prefix === "/" ? "/" : `${prefix}/`)) continue;
    const file = join(folder, path.slice(prefix.length));
    const whole = existsSync(file) && statSync(file).isDirectory() ? join(file, "index.html") : file;
    if (existsSync(whole)) return whole;
  }
  return null;
}

/** A certificate for localhost and *.test that nobody trusts. */
function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), "frontdesk-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const names = "subjectAltName=DNS:localhost,DNS:*.test,DNS:page.test,IP:127.0.0.1";
    const wanted = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", [...wanted, "-subj", "/CN=localhost", "-addext", names, "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
