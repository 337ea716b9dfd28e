// Why a page cannot connect: real faults, provoked one by one, and what the client says of each.
// Usage: node tests/browser/diagnosis.mjs <the program frontdesk>

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { connect, connected, diagnosed, state } from "./client.mjs";
import { local, sleep, theme } from "./harness.mjs";
import { KEEPS_HOST, PASSES_SOCKETS } from "./nginx.mjs";

await theme("diagnosis", async (stage) => {
  const [server, pages] = await Promise.all([stage.server(), stage.pages()]);
  const url = local(server.base);
  const ana = await server.customer();
  // Its life is over, the leeway of 5 s included, by the time it is used.
  const expiredSoon = server.run(["token", "mint", "--email", ana.user.email, "--seconds", "1"]);
  const expired = { token: (await expiredSoon).trim(), at: Date.now() + 8_000 };

  /** A page that cannot connect, and what its client said; no token may be in it. */
  const faults = [];
  const fault = (name, { at = pages.base, session = ana, context: given, id, confidence, ...options }, look = () => {}) =>
    faults.push([`${id}: ${name}`, async () => {
      if (options.token === expired.token) await sleep(Math.max(0, expired.at - Date.now()));
      const { page, context, console: lines } = await stage.page({ url: at, session, context: given });
      await connect(page, { url, maxReconnectDelay: 2_000, ...options });
      const diagnosis = await diagnosed(page, id);
      assert.equal(diagnosis.confidence, confidence, JSON.stringify(diagnosis));
      assert.ok(diagnosis.sentence && diagnosis.fix, JSON.stringify(diagnosis));
      assert.doesNotMatch(JSON.stringify(diagnosis), /eyJ/, "a token is in the diagnosis");
      assert.deepEqual(lines.filter(({ type }) => type === "uncaught"), []);
      await look({ diagnosis, page, lines, state: await state(page) });
      await (given ? page : context).close();
    }]);
  const moment = (name, play) => faults.push([name, play]);

  fault("the backend is not running", { id: "net.refused", confidence: "likely", url: `http://localhost:${await freePort()}` }, ({ diagnosis, lines }) => {
    const { host } = new URL(diagnosis.evidence.url);
    const line = `Nothing is listening on ${host}: the backend is not running. Start it, this page reconnects by itself.`;
    assert.ok(lines.some(({ text }) => text === line), `no line ${line} among ${JSON.stringify(lines)}`);
    assert.ok(diagnosis.alternatives.includes("net.other_program"));
  });

  moment("net.refused: the backend ends while the page is live, and comes back", async () => {
    const mortal = await stage.server();
    const ben = await mortal.customer();
    const { page, context } = await stage.page({ url: pages.base, session: ben });
    await connect(page, { url: local(mortal.base), minReconnectDelay: 1_500 });
    await connected(page);
    await mortal.kill("SIGKILL");
    const diagnosis = await diagnosed(page, "net.refused");
    assert.equal(diagnosis.sentence, `Nothing is listening on localhost:${mortal.port}: the backend is not running.`);
    await mortal.start();
    await connected(page, 25_000);
    await context.close();
  });

  moment("net.refused: the page's own server is gone as well", async () => {
    const [mortal, host] = await Promise.all([stage.server(), stage.pages()]);
    const { page, context } = await stage.page({ url: host.base, session: await mortal.customer() });
    await connect(page, { url: local(mortal.base) });
    await connected(page);
    await Promise.all([host.stop(), mortal.kill("SIGKILL")]);
    const diagnosis = await diagnosed(page, "net.refused");
    assert.equal(diagnosis.evidence.page, "nothing");
    await context.close();
  });

  const stranger = await listen(stage, createServer((_, response) => response.writeHead(404, { "Content-Type": "text/plain" }).end("nothing here")));
  fault("a stranger without CORS", { id: "net.other_program", confidence: "likely", url: stranger }, ({ diagnosis }) => {
    assert.equal(diagnosis.evidence.blind, 0, "an opaque answer has status 0");
    assert.match(diagnosis.sentence, new RegExp(new URL(stranger).host));
  });
  const open = await listen(stage, createServer((_, response) => response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Type": "application/json" }).end('{"service":"another"}')));
  fault("a stranger with CORS", { id: "net.other_program", confidence: "certain", url: open, token: await minted(ana) });

  // What speaks no HTTP looks to a page as if nobody were there: it must say that it may be so.
  const banner = await listen(stage, createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.2\r\n")));
  fault("a program that speaks no HTTP is among the alternatives", { id: "net.refused", confidence: "likely", url: banner }, ({ diagnosis }) =>
    assert.ok(diagnosis.alternatives.includes("net.other_program")));

  const silent = await listen(stage, createTcpServer((socket) => socket.on("error", () => {})));
  fault("a server that accepts and never answers", { id: "net.timeout", confidence: "likely", url: silent, connectTimeout: 2_000 });

  const foreign = await stage.pages({ name: "page.test" });
  fault("CORS does not allow the page", { id: "cors.origin", confidence: "certain", at: foreign.base }, ({ diagnosis }) => {
    assert.ok(diagnosis.sentence.includes(foreign.base), diagnosis.sentence);
    assert.match(diagnosis.fix, /server\.allowed_origins/);
  });
  fault("the socket's origin is refused", { id: "origin.denied", confidence: "certain", at: foreign.base, token: await minted(ana) }, ({ diagnosis }) => {
    assert.ok(diagnosis.sentence.includes(foreign.base), diagnosis.sentence);
    assert.equal(diagnosis.evidence.seen, "refused");
  });

  fault("the token endpoint answers 401", { id: "token.endpoint_unauth", confidence: "certain", session: null }, ({ diagnosis, state }) => {
    assert.match(diagnosis.fix, /Log in/);
    assert.equal(state.status, "closed");
    assert.equal(state.diagnosis.id, diagnosis.id);
  });
  const apiOnly = await stage.nginx(`location /api/ { proxy_pass ${server.base}; ${KEEPS_HOST} } location / { proxy_pass http://127.0.0.1:${pages.port}; }`);
  fault("the same where only /api is passed on", { id: "token.endpoint_unauth", confidence: "certain", session: null, at: apiOnly.base, url: apiOnly.base });
  fault("the cookie of localhost does not go to 127.0.0.1", { id: "cookie.samesite", confidence: "likely", url: server.base });

  fault("a placeholder for a token", { id: "auth.placeholder", confidence: "certain", token: "test" }, ({ diagnosis, state }) => {
    assert.match(diagnosis.sentence, /`test`/);
    assert.equal(state.reason, "terminal");
  });
  fault("an object for a token", { id: "auth.placeholder", confidence: "certain", token: null }, ({ diagnosis }) => assert.match(diagnosis.sentence, /`null`/));
  fault("a path that is not there", { id: "url.path", confidence: "certain", url: `${url.replace("http", "ws")}/api/v1/wss`, token: await minted(ana) }, ({ diagnosis }) =>
    assert.match(diagnosis.sentence, /api\/v1\/ws\?/));
  fault("a variable that was not set", { id: "url.undefined", confidence: "certain", url: "ws://undefined/api/v1/ws", token: await minted(ana) });
  fault("an address that is none", { id: "url.invalid", confidence: "certain", url: "http://localhost:99999" });

  const proxied = (extra) => `location / { proxy_pass ${server.base}; ${KEEPS_HOST} ${extra} }`;
  fault("nginx takes the upgrade away", { id: "proxy.no_upgrade", confidence: "certain", url: (await stage.nginx(proxied(""))).base }, ({ diagnosis }) =>
    assert.match(diagnosis.fix, /proxy_http_version 1\.1/));
  const headersOnly = PASSES_SOCKETS.replace("proxy_http_version 1.1;", "");
  fault("nginx speaks HTTP/1.0", { id: "proxy.http10", confidence: "certain", url: (await stage.nginx(proxied(headersOnly))).base });
  const noSockets = `location /api/v1/ws { return 404; } location /ws { return 404; } ${proxied("")}`;
  fault("nginx passes no sockets on", { id: "proxy.no_upgrade", confidence: "unsure", url: (await stage.nginx(noSockets)).base });
  const noPath = `location = /api/v1/ws { return 404; } ${proxied(PASSES_SOCKETS)}`;
  fault("nginx passes all but the socket's path on", { id: "proxy.path_prefix", confidence: "likely", url: (await stage.nginx(noPath)).base });
  // Behind a proxy that changes the name, the server calls its socket by one that leads nowhere from here.
  const within = `localhost:${await freePort()}`;
  const inside = `location /api/ { proxy_pass ${server.base}; proxy_set_header Host ${within}; } location / { proxy_pass http://127.0.0.1:${pages.port}; }`;
  const { base: renamed } = await stage.nginx(inside);
  fault("nginx changes the server's name", { id: "net.dns_split", confidence: "likely", at: renamed, url: renamed }, ({ diagnosis }) => {
    assert.ok(diagnosis.sentence.includes(within), diagnosis.sentence);
    assert.match(diagnosis.fix, /public_url/);
  });
  const nobody = `location / { proxy_pass http://127.0.0.1:${await freePort()}; add_header Access-Control-Allow-Origin $http_origin always; add_header Access-Control-Allow-Credentials true always; }`;
  fault("nginx before a server that is down", { id: "proxy.bad_gateway", confidence: "likely", url: (await stage.nginx(nobody)).base });
  fault("nginx cuts what is silent for 5 s", { id: "idle.proxy", confidence: "likely", url: (await stage.nginx(proxied(`${PASSES_SOCKETS} proxy_read_timeout 5s;`))).base, minReconnectDelay: 1_500 }, ({ diagnosis }) => {
    assert.match(diagnosis.sentence, /after 5 s of silence/);
    assert.match(diagnosis.fix, /proxy_read_timeout/);
  });

  const ordinary = Object.fromEntries(["/api", "/ws", "/healthz"].map((path) => [path, { target: server.base, changeOrigin: false }]));
  const development = await stage.vite({ "/client": pages.base, ...ordinary });
  fault("Vite without ws: true", { id: "proxy.no_upgrade", confidence: "unsure", at: development.base, url: development.base, connectTimeout: 3_000 }, ({ diagnosis }) =>
    assert.equal(diagnosis.alternatives[0], "dev.vite_ws_false"));
  const orphaned = await stage.vite({ "/client": pages.base, "/api": `http://127.0.0.1:${await freePort()}`, "/healthz": `http://127.0.0.1:${await freePort()}` });
  fault("Vite before a server that is down", { id: "proxy.bad_gateway", confidence: "likely", at: orphaned.base, url: orphaned.base }, ({ diagnosis }) =>
    assert.ok(diagnosis.alternatives.includes("dev.vite_target_down")));
  fault("the page's own server answers everything with a page", { id: "url.spa_fallback", confidence: "likely", url: pages.base });

  const secure = await stage.pages({ tls: true, name: "page.test" });
  const insecure = url.replace("localhost", "api.test");
  fault("an https page and an http server", { id: "br.mixed", confidence: "certain", at: secure.base, url: insecure });
  fault("an https page and a ws: socket", { id: "br.mixed", confidence: "certain", at: secure.base, url: insecure.replace("http", "ws") + "/api/v1/ws", token: await minted(ana) });
  const strict = await stage.pages({ headers: { "Content-Security-Policy": "connect-src 'self'" } });
  fault("the page's own policy blocks the token", { id: "br.csp", confidence: "certain", at: strict.base }, ({ diagnosis }) => assert.match(diagnosis.fix, /connect-src/));
  fault("the page's own policy blocks the socket", { id: "br.csp", confidence: "certain", at: strict.base, token: await minted(ana) });
  fault("http is spoken to a TLS port", { id: "tls.plain_port", confidence: "certain", url: secure.base.replace(/^https:\/\/page\.test/, "http://localhost") });

  // The page's address counts as one of the internet, and the server's as one of this machine.
  const abroad = await stage.pages({ name: "page.test" });
  const guarded = await stage.ordinary([`--ip-address-space-overrides=127.0.0.1:${abroad.port}=public`]);
  fault("the browser keeps a public page from this machine", { id: "br.lna", confidence: "likely", at: abroad.base, session: null, context: guarded, token: await minted(ana) });
  fault("a port that browsers refuse", { id: "url.invalid", confidence: "certain", url: "http://localhost:6000" }, ({ diagnosis }) => assert.match(diagnosis.sentence, /port 6000/));

  moment("auth.revoked: the session ends while the page is live", async () => {
    const session = await server.signIn(ana.user.email);
    const { page, context } = await stage.page({ url: pages.base, session });
    await connect(page, { url });
    await connected(page);
    await session.signOut();
    const diagnosis = await diagnosed(page, "auth.revoked");
    assert.equal(diagnosis.confidence, "certain");
    assert.equal((await state(page)).reason, "terminal");
    await context.close();
  });

  moment("srv.deploy: the server is told to end", async () => {
    const leaving = await stage.server();
    const { page, context } = await stage.page({ url: pages.base, session: await leaving.customer() });
    await connect(page, { url: local(leaving.base) });
    await connected(page);
    await leaving.kill("SIGTERM");
    const diagnosis = await diagnosed(page, "srv.deploy");
    assert.equal(diagnosis.confidence, "certain");
    assert.match(diagnosis.sentence, /restarted/);
    await context.close();
  });

  fault("the token has expired", { id: "auth.expired", confidence: "certain", token: expired.token }, ({ diagnosis }) => assert.match(diagnosis.sentence, /expired \d+ s ago/));

  await stage.checks(faults);
});

/** A port that nobody listens on now. */
async function freePort() {
  const server = createTcpServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Something of the outside world on a port of its own. */
async function listen(stage, server) {
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  stage.onEnd(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return `http://localhost:${server.address().port}`;
}

async function minted(session) {
  return (await session.token()).token;
}
