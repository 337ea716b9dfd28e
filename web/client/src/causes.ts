// Written by `cargo xtask gen` from the registry of causes. Do not edit.

/** The stable name of a cause. */
export type CauseId =
  | "net.refused"
  | "net.wrong_port"
  | "srv.public_url"
  | "net.other_program"
  | "net.bind_loopback"
  | "net.ipv6_localhost"
  | "net.dns"
  | "net.dns_split"
  | "net.timeout"
  | "url.undefined"
  | "url.invalid"
  | "url.path"
  | "url.redirect"
  | "url.spa_fallback"
  | "srv.no_ws_library"
  | "srv.static_mount"
  | "srv.wrong_socket"
  | "br.mixed"
  | "br.csp"
  | "br.lna"
  | "br.extension"
  | "br.service_worker"
  | "br.offline"
  | "br.hsts"
  | "br.file_origin"
  | "br.socket_limit"
  | "br.pending_serial"
  | "br.fail_delay"
  | "tls.untrusted"
  | "tls.expired"
  | "tls.name"
  | "tls.chain"
  | "tls.plain_port"
  | "tls.alpn_h2_only"
  | "tls.mtls"
  | "net.proxy_explicit"
  | "net.middlebox"
  | "net.tunnel_auth"
  | "net.change"
  | "cors.origin"
  | "cors.credentials_wildcard"
  | "cors.error_hides"
  | "cors.preflight"
  | "cookie.not_sent_fetch"
  | "cookie.samesite"
  | "cookie.third_party"
  | "cookie.secure_http"
  | "cookie.domain_path"
  | "cookie.collision"
  | "token.endpoint_unauth"
  | "token.cached"
  | "auth.hidden_403"
  | "auth.missing"
  | "auth.placeholder"
  | "auth.malformed"
  | "auth.expired"
  | "auth.not_yet_valid"
  | "auth.skew"
  | "auth.signature"
  | "auth.ephemeral_secret"
  | "auth.default_secret"
  | "auth.alg"
  | "auth.aud"
  | "auth.iss"
  | "auth.claim"
  | "auth.wrong_kind"
  | "auth.revoked"
  | "authz.user_mismatch"
  | "authz.role"
  | "authz.chat"
  | "origin.denied"
  | "host.denied"
  | "auth.cookie_vs_token"
  | "auth.subprotocol_echo"
  | "proxy.no_upgrade"
  | "proxy.http10"
  | "proxy.path_prefix"
  | "proxy.bad_gateway"
  | "proxy.auth_layer"
  | "proxy.waf"
  | "proxy.no_ws_support"
  | "proxy.sticky"
  | "dev.vite_ws_false"
  | "dev.vite_target_down"
  | "dev.vite_origin"
  | "dev.vite_tls"
  | "dev.two_handlers"
  | "dev.bundle_old"
  | "ws.subprotocol"
  | "ws.extension"
  | "ws.accept_key"
  | "ws.version"
  | "ws.too_big"
  | "ws.bad_utf8"
  | "ws.binary"
  | "ws.protocol_error"
  | "ws.version_skew"
  | "http.header_size"
  | "idle.proxy"
  | "idle.nopong"
  | "life.max"
  | "srv.deploy"
  | "srv.crash"
  | "srv.slow_consumer"
  | "srv.replaced"
  | "srv.token_expired_live"
  | "srv.revoke"
  | "srv.kick"
  | "srv.closed"
  | "bg.throttle"
  | "bg.mobile"
  | "bg.bfcache"
  | "bg.navigate"
  | "cl.strictmode"
  | "cl.deps_loop"
  | "cl.no_cleanup"
  | "cl.many_hooks"
  | "cl.reconnect_storm"
  | "cl.gave_up"
  | "cl.send_early"
  | "cl.close_code"
  | "cl.handler_late"
  | "cl.node_no_global"
  | "cap.fd"
  | "cap.ephemeral"
  | "cap.conntrack"
  | "cap.backlog"
  | "cap.max_conn"
  | "cap.per_user"
  | "cap.rate_limit"
  | "cap.rate_limit_ip"
  | "cap.db_pool"
  | "cap.sqlite_busy"
  | "cap.loop_blocked"
  | "cap.memory"
  | "ev.other_worker"
  | "ev.not_subscribed"
  | "ev.role_filter"
  | "ev.user_id_type"
  | "ev.not_published"
  | "ev.shape"
  | "ev.client_filter"
  | "ev.lost_gap"
  | "ev.bus_down"
  | "ev.dup"
  | "llm.unreachable"
  | "llm.key"
  | "llm.model"
  | "llm.quota"
  | "llm.buffered"
  | "llm.idle_thinking"
  | "llm.dialect"
  | "llm.client_gone"
  | "sse.six"
  | "sse.auth";

/** What is known of a cause, for a person. */
export interface CauseText {
  /** A few words. */
  title: string;
  /** What happened. */
  sentence: string;
  /** The next step. */
  fix: string;
  severity: "error" | "warning" | "info";
  /** Its page, below the root of the project. */
  page: string;
}

/** Every cause that the doctor, the server and the client name. */
export const causes: Record<CauseId, CauseText> = {
  "net.refused": {
    title: "Nothing listens there",
    sentence: "Nothing listens on this host and port: the backend is not running, or not yet.",
    fix: "Start the backend: `frontdesk serve` (or `cargo xtask run` in the source tree), then look for its address in the first lines it prints.",
    severity: "error",
    page: "docs/failures/net.refused.md",
  },
  "net.wrong_port": {
    title: "The backend is on another port",
    sentence: "Nothing listens on this port, but the backend is running on another one of the same machine.",
    fix: "Use the port that the server printed when it started (`server.listen`), in the page's URL and in the dev proxy's target.",
    severity: "error",
    page: "docs/failures/net.wrong_port.md",
  },
  "srv.public_url": {
    title: "The server sends pages to another address",
    sentence: "`server.public_url` is not where this server is reached, so pages are told to connect somewhere else.",
    fix: "Set `server.public_url` to the address that browsers use, or ask the address that it names.",
    severity: "warning",
    page: "docs/failures/srv.public_url.md",
  },
  "net.other_program": {
    title: "Another program answers",
    sentence: "Something answers at this address, but it is not the backend: another program has the port.",
    fix: "Stop the other program, or give the backend another port with `--listen 127.0.0.1:8001` and change the URL.",
    severity: "error",
    page: "docs/failures/net.other_program.md",
  },
  "net.bind_loopback": {
    title: "The server listens on loopback only",
    sentence: "The server listens on 127.0.0.1 alone, and the client comes from another machine or container.",
    fix: "Listen on the outer address too: `frontdesk serve --listen 0.0.0.0:8000` (in a container always), and publish the port.",
    severity: "error",
    page: "docs/failures/net.bind_loopback.md",
  },
  "net.ipv6_localhost": {
    title: "localhost means two addresses",
    sentence: "`localhost` is ::1 for the one and 127.0.0.1 for the other, and only one of the two has a listener.",
    fix: "Listen on both (Frontdesk does by default), or write 127.0.0.1 instead of localhost in the proxy's target.",
    severity: "error",
    page: "docs/failures/net.ipv6_localhost.md",
  },
  "net.dns": {
    title: "The name does not resolve",
    sentence: "Nobody knows this host name, so there is no address to connect to.",
    fix: "Correct the host in the URL, or add the DNS record. `localhost` needs none.",
    severity: "error",
    page: "docs/failures/net.dns.md",
  },
  "net.dns_split": {
    title: "The name resolves only on the other side",
    sentence: "The name is known inside (a compose service, an internal zone) and not where the browser is, or the reverse.",
    fix: "Give the browser a public name (`server.public_url`) and keep service names for traffic between containers.",
    severity: "error",
    page: "docs/failures/net.dns_split.md",
  },
  "net.timeout": {
    title: "Packets are dropped",
    sentence: "Nothing comes back from this address: a firewall, a security group or a dead machine drops the packets.",
    fix: "Open the port in the firewall or security group, and check that the address is still the machine's.",
    severity: "error",
    page: "docs/failures/net.timeout.md",
  },
  "url.undefined": {
    title: "The address has a hole",
    sentence: "The address was put together from a variable without a value, so it names `undefined`, `null` or nothing.",
    fix: "Set the variable (such as `VITE_…`) and build again: its value is baked in at build time.",
    severity: "error",
    page: "docs/failures/url.undefined.md",
  },
  "url.invalid": {
    title: "The address or its arguments are no use",
    sentence: "The constructor refuses its arguments: a scheme that is not ws, a fragment, an impossible port, or a subprotocol that is not a token.",
    fix: "Build the URL from `location`, leave out `#…`, and carry the token in the first frame rather than as the subprotocol `Bearer …`.",
    severity: "error",
    page: "docs/failures/url.invalid.md",
  },
  "url.path": {
    title: "No socket at this path",
    sentence: "The server is there, but no socket lives at this path: a misspelling, a missing prefix, or an old one.",
    fix: "Connect to `/api/v1/ws` or `/ws/chat/{chat_id}`; with a proxy in front, check what it does to the prefix.",
    severity: "error",
    page: "docs/failures/url.path.md",
  },
  "url.redirect": {
    title: "The handshake is redirected",
    sentence: "The handshake is answered with a redirect, and browsers do not follow one: a slash, https, or a login page.",
    fix: "Use the final URL: the scheme, host and slash that `Location` names. If it names a login page, something in front wants a sign-in.",
    severity: "error",
    page: "docs/failures/url.redirect.md",
  },
  "url.spa_fallback": {
    title: "The page's own index.html answers",
    sentence: "A static host answers every unknown path with its `index.html`, the socket's too.",
    fix: "Route `/api`, `/ws` and `/healthz` to the backend before the fallback, or name the backend in `url`.",
    severity: "error",
    page: "docs/failures/url.spa_fallback.md",
  },
  "srv.no_ws_library": {
    title: "uvicorn has no WebSocket library",
    sentence: "The Python server has no WebSocket library installed, so it treats every upgrade as a plain GET.",
    fix: "`pip install 'uvicorn[standard]'`, then start it again.",
    severity: "error",
    page: "docs/failures/srv.no_ws_library.md",
  },
  "srv.static_mount": {
    title: "Static files swallow the socket route",
    sentence: "Static files are mounted at `/` before the socket route, and the mount cannot answer a socket: the handshake ends with 500.",
    fix: "Mount static files last, below a path of their own, and add the socket routes before.",
    severity: "error",
    page: "docs/failures/srv.static_mount.md",
  },
  "srv.wrong_socket": {
    title: "The red line belongs to another socket",
    sentence: "The failing socket is not the application's: it is the hot-reload socket of the dev server, or an extension's.",
    fix: "Ignore it, or mend hot reload: `server.hmr` in `vite.config` must name the host and port under which the page is seen.",
    severity: "info",
    page: "docs/failures/srv.wrong_socket.md",
  },
  "br.mixed": {
    title: "An https page may not open ws://",
    sentence: "The page came over https, so the browser refuses a socket without TLS to any host but this machine.",
    fix: "Use `wss://`: let the proxy that serves the page serve the socket as well, and set `server.public_url` to the https address.",
    severity: "error",
    page: "docs/failures/br.mixed.md",
  },
  "br.csp": {
    title: "The page's own policy blocks the socket",
    sentence: "The page's Content-Security-Policy has no entry for this socket in `connect-src`, so the browser does not even try.",
    fix: "Add the socket's origin to `connect-src`, with `ws:` or `wss:`; `http://host` does not cover `ws://host`.",
    severity: "error",
    page: "docs/failures/br.csp.md",
  },
  "br.lna": {
    title: "The browser guards the local network",
    sentence: "A page from a public address may not reach this machine or the local network without a permission.",
    fix: "Serve page and backend from one address, or allow it in the page's site settings; the page must be https, an iframe needs `allow`.",
    severity: "error",
    page: "docs/failures/br.lna.md",
  },
  "br.extension": {
    title: "An extension blocks it",
    sentence: "A blocker in the browser stops the request because of its address.",
    fix: "Allow the site in the blocker, or rename the path that it takes for tracking.",
    severity: "error",
    page: "docs/failures/br.extension.md",
  },
  "br.service_worker": {
    title: "A service worker serves what is old",
    sentence: "A service worker answers with a cached token or an old build. It cannot touch the socket itself.",
    fix: "Let the worker pass `/api` by, send `Cache-Control: no-store`, then unregister the old worker.",
    severity: "warning",
    page: "docs/failures/br.service_worker.md",
  },
  "br.offline": {
    title: "The device is offline",
    sentence: "The device has no network, or only a captive portal that wants a login.",
    fix: "Connect to a network, or log in to its portal. The client comes back by itself.",
    severity: "error",
    page: "docs/failures/br.offline.md",
  },
  "br.hsts": {
    title: "The browser insists on https for this host",
    sentence: "The host once said \"https only\" (HSTS), so the browser turns http into https and ws into wss, where nobody speaks TLS.",
    fix: "Clear the host in `chrome://net-internals/#hsts`, or serve TLS there.",
    severity: "error",
    page: "docs/failures/br.hsts.md",
  },
  "br.file_origin": {
    title: "The page has no origin",
    sentence: "The page was opened as a file or in a sandboxed frame, so its origin is `null`, which no list allows.",
    fix: "Serve the page over http (`npx vite`, or the backend's own), or give the frame `allow-same-origin`.",
    severity: "error",
    page: "docs/failures/br.file_origin.md",
  },
  "br.socket_limit": {
    title: "Too many sockets in one browser",
    sentence: "The browser has a limit of sockets (255 for a renderer process in Chromium, 200 in Firefox), and it is reached.",
    fix: "Close sockets when their component goes, and share one per page.",
    severity: "error",
    page: "docs/failures/br.socket_limit.md",
  },
  "br.pending_serial": {
    title: "Another attempt to the same host hangs",
    sentence: "Browsers let one socket at a time connect to an address; this one waits behind another that hangs.",
    fix: "End each attempt after ten seconds with `close()` before starting the next. Our client does.",
    severity: "warning",
    page: "docs/failures/br.pending_serial.md",
  },
  "br.fail_delay": {
    title: "The browser holds new sockets back",
    sentence: "After about ten failures in a row Chromium delays every new socket of the page by up to five seconds, whatever the host.",
    fix: "Mend what failed before; back off between attempts instead of retrying at once.",
    severity: "warning",
    page: "docs/failures/br.fail_delay.md",
  },
  "tls.untrusted": {
    title: "The certificate is not trusted",
    sentence: "The server's certificate is self-signed or from an authority that this client does not know.",
    fix: "Install the authority, use a real certificate, or in development open `https://host` once and accept it: any port of the same host name will do.",
    severity: "error",
    page: "docs/failures/tls.untrusted.md",
  },
  "tls.expired": {
    title: "The certificate has expired",
    sentence: "The certificate's dates do not cover today, or the client's clock is wrong.",
    fix: "Renew it and reload the proxy: many serve the old one until they are reloaded.",
    severity: "error",
    page: "docs/failures/tls.expired.md",
  },
  "tls.name": {
    title: "The certificate is for another name",
    sentence: "The certificate does not name the host that the client dialled.",
    fix: "Use a name that it has, or issue it for this one. An IP address needs an IP entry.",
    severity: "error",
    page: "docs/failures/tls.name.md",
  },
  "tls.chain": {
    title: "The intermediate certificate is missing",
    sentence: "The server sends its own certificate without the intermediate, so some clients can build the chain and others cannot.",
    fix: "Configure the full chain (`fullchain.pem`, not `cert.pem`).",
    severity: "error",
    page: "docs/failures/tls.chain.md",
  },
  "tls.plain_port": {
    title: "TLS meets plain text",
    sentence: "One side speaks TLS and the other does not: `wss://` to a plain port, or `ws://` to a TLS port.",
    fix: "Change the scheme in the URL to what the port speaks.",
    severity: "error",
    page: "docs/failures/tls.plain_port.md",
  },
  "tls.alpn_h2_only": {
    title: "The port speaks HTTP/2 only",
    sentence: "The TLS port offers nothing but HTTP/2, or claims sockets over HTTP/2 and cannot carry them.",
    fix: "Offer `http/1.1` beside `h2`, or turn Extended CONNECT off in the proxy.",
    severity: "error",
    page: "docs/failures/tls.alpn_h2_only.md",
  },
  "tls.mtls": {
    title: "The server wants a client certificate",
    sentence: "The TLS layer asks for a client certificate, and none was given.",
    fix: "Install the client certificate, or exempt the socket's path.",
    severity: "error",
    page: "docs/failures/tls.mtls.md",
  },
  "net.proxy_explicit": {
    title: "The configured proxy refuses",
    sentence: "This machine reaches the network through an HTTP proxy (HTTP_PROXY, PAC, company), and it refuses the tunnel.",
    fix: "Use `wss://` on port 443, which proxies let through, or add the host to the proxy's exceptions.",
    severity: "error",
    page: "docs/failures/net.proxy_explicit.md",
  },
  "net.middlebox": {
    title: "Something on the way drops sockets",
    sentence: "A virus scanner, firewall or filter on the way looks into the traffic and drops the upgrade or the frames.",
    fix: "Use `wss://`, where nothing on the way can look inside, or exempt the host in the scanner.",
    severity: "error",
    page: "docs/failures/net.middlebox.md",
  },
  "net.tunnel_auth": {
    title: "The tunnel's port is private",
    sentence: "The address belongs to a tunnel or a cloud workspace whose port is private: it redirects to a login.",
    fix: "Make the port public, or open the URL once in the same browser and log in.",
    severity: "error",
    page: "docs/failures/net.tunnel_auth.md",
  },
  "net.change": {
    title: "The network changed under the socket",
    sentence: "The way broke without a word: Wi-Fi to mobile, sleep, or a router that forgot the connection.",
    fix: "Nothing: the client reconnects by itself and what was missed follows. Servers must ping; ours does every 25 s.",
    severity: "warning",
    page: "docs/failures/net.change.md",
  },
  "cors.origin": {
    title: "The page's origin is not allowed",
    sentence: "The server does not name this page's origin in its answers, so the browser keeps them from the page.",
    fix: "Add the page's origin, scheme and port included, to `server.allowed_origins`, or open the page where it is allowed.",
    severity: "error",
    page: "docs/failures/cors.origin.md",
  },
  "cors.credentials_wildcard": {
    title: "A wildcard where a cookie comes along",
    sentence: "The server answers `Access-Control-Allow-Origin: *`, which browsers refuse for requests with cookies.",
    fix: "Answer with the page's own origin and `Access-Control-Allow-Credentials: true`. Frontdesk does, for what is in `server.allowed_origins`.",
    severity: "error",
    page: "docs/failures/cors.credentials_wildcard.md",
  },
  "cors.error_hides": {
    title: "An error that looks like CORS",
    sentence: "The answer is an error (500, 502) without CORS headers, so the browser tells of CORS instead of the error.",
    fix: "Mend the error first; then let the proxy or framework add CORS headers to errors too.",
    severity: "error",
    page: "docs/failures/cors.error_hides.md",
  },
  "cors.preflight": {
    title: "The preflight is refused",
    sentence: "The browser asks with OPTIONS first, because of a header or method, and gets no permission.",
    fix: "Allow the header, and answer OPTIONS before authentication.",
    severity: "error",
    page: "docs/failures/cors.preflight.md",
  },
  "cookie.not_sent_fetch": {
    title: "The session cookie stays behind",
    sentence: "The page asks another port or host without `credentials: \"include\"`, so the browser leaves the session cookie at home.",
    fix: "Add `credentials: \"include\"` to the request (our client does), or serve page and API from one address.",
    severity: "error",
    page: "docs/failures/cookie.not_sent_fetch.md",
  },
  "cookie.samesite": {
    title: "The cookie does not cross sites",
    sentence: "To the browser, page and server are two sites, so a cookie with `SameSite=Lax` or `Strict` stays behind. localhost and 127.0.0.1 are two.",
    fix: "Open the page by the server's host name, or put a proxy in front that serves both.",
    severity: "error",
    page: "docs/failures/cookie.samesite.md",
  },
  "cookie.third_party": {
    title: "Third-party cookies are blocked",
    sentence: "The browser blocks cookies of other sites altogether, even `SameSite=None; Secure`.",
    fix: "Serve page and API from one site through a proxy, or carry the token in the first frame.",
    severity: "error",
    page: "docs/failures/cookie.third_party.md",
  },
  "cookie.secure_http": {
    title: "A Secure cookie on plain http",
    sentence: "The cookie is marked `Secure`, and the page is plain http on a name that is not loopback: the browser drops it.",
    fix: "Use https, or develop on `http://localhost`. `server.public_url` decides: with https the cookie is `Secure`.",
    severity: "error",
    page: "docs/failures/cookie.secure_http.md",
  },
  "cookie.domain_path": {
    title: "The cookie does not cover the path",
    sentence: "`Domain` or `Path` of the cookie does not cover the socket's address, so the browser sends it to one path and not to the other.",
    fix: "Set `Path=/` and no `Domain`; Frontdesk does.",
    severity: "error",
    page: "docs/failures/cookie.domain_path.md",
  },
  "cookie.collision": {
    title: "Two programs share a cookie name",
    sentence: "Two programs on the same host use the same cookie name, and ports do not separate cookies: each overwrites the other's.",
    fix: "Give the cookies different names, or use 127.0.0.1 for one program and localhost for the other.",
    severity: "warning",
    page: "docs/failures/cookie.collision.md",
  },
  "token.endpoint_unauth": {
    title: "Nobody is signed in",
    sentence: "The token endpoint answers 401: there is no live session, so there is no token to connect with.",
    fix: "Log in (`POST /api/v1/auth/login`), and do not connect when the token request fails.",
    severity: "error",
    page: "docs/failures/token.endpoint_unauth.md",
  },
  "token.cached": {
    title: "A cached token",
    sentence: "The token request is answered from a cache, so every attempt carries the same old token.",
    fix: "Send `Cache-Control: no-store` (Frontdesk does) and take caches and workers out of `/api`.",
    severity: "error",
    page: "docs/failures/token.cached.md",
  },
  "auth.hidden_403": {
    title: "The server refuses before it accepts",
    sentence: "The server answers the handshake with 403 (or 401) instead of accepting and saying why, so no client can learn the reason.",
    fix: "In the server: accept, send the reason, close with a code of 4000 to 4999. In FastAPI: `await websocket.accept()` before `close(code=…)`.",
    severity: "error",
    page: "docs/failures/auth.hidden_403.md",
  },
  "auth.missing": {
    title: "No token was sent",
    sentence: "The socket came without a token.",
    fix: "Send the token as `?token=`, as `Authorization: Bearer`, or in the first frame `{\"type\":\"connect\",\"token\":…}` within 5 s.",
    severity: "error",
    page: "docs/failures/auth.missing.md",
  },
  "auth.placeholder": {
    title: "A placeholder instead of a token",
    sentence: "What was sent as the token is a placeholder such as `test`, `undefined`, `null`, `[object Object]` or `YOUR_TOKEN`: no server takes it.",
    fix: "Put a real token there: log in and fetch one from `GET /api/v1/auth/ws-token`, or `frontdesk token mint --email …`; await the promise and take its field `token`.",
    severity: "error",
    page: "docs/failures/auth.placeholder.md",
  },
  "auth.malformed": {
    title: "The token is no token",
    sentence: "What was sent is not three parts of base64url: cut, quoted, or encoded twice.",
    fix: "Pass the answer's field `token` unchanged; do not put it through `JSON.stringify`, and encode it once in a URL.",
    severity: "error",
    page: "docs/failures/auth.malformed.md",
  },
  "auth.expired": {
    title: "The token has expired",
    sentence: "The token was valid and is no more: socket tokens live for 300 seconds, and this one was used again later.",
    fix: "Fetch a token before each attempt from `GET /api/v1/auth/ws-token`; our client does so with `getToken`.",
    severity: "error",
    page: "docs/failures/auth.expired.md",
  },
  "auth.not_yet_valid": {
    title: "The token is dated in the future",
    sentence: "The token's `iat` or `nbf` lies ahead of the server's clock.",
    fix: "Set both clocks by NTP and fetch a fresh token.",
    severity: "error",
    page: "docs/failures/auth.not_yet_valid.md",
  },
  "auth.skew": {
    title: "Two clocks differ",
    sentence: "The clocks of the machines that make and check tokens differ by more than the leeway of 5 s.",
    fix: "Run NTP (`timedatectl set-ntp true`) on every machine that makes or checks tokens.",
    severity: "warning",
    page: "docs/failures/auth.skew.md",
  },
  "auth.signature": {
    title: "The token is signed by another key",
    sentence: "The token is well formed, but its signature belongs to another key: another installation, an old key, or a changed token.",
    fix: "Fetch the token from this same server; nodes of one installation need the same `auth.signing_key_file`.",
    severity: "error",
    page: "docs/failures/auth.signature.md",
  },
  "auth.ephemeral_secret": {
    title: "The key dies with the process",
    sentence: "The signing key is made anew at each start or in each worker, so tokens die with a restart, or half of them fail.",
    fix: "Keep the key: put `data.dir` on a volume that survives (Frontdesk keeps its key there), or set `auth.signing_key_file`.",
    severity: "error",
    page: "docs/failures/auth.ephemeral_secret.md",
  },
  "auth.default_secret": {
    title: "The key is an example",
    sentence: "The signing key is a value from an example or a tutorial, so anybody can make tokens.",
    fix: "Let the server make its own key (it does unless `auth.signing_key_file` says otherwise), and replace every token.",
    severity: "warning",
    page: "docs/failures/auth.default_secret.md",
  },
  "auth.alg": {
    title: "Another algorithm",
    sentence: "The token names another signing algorithm than the server's.",
    fix: "Use a token from `GET /api/v1/auth/ws-token`. An identity provider's RS256 token opens no socket here.",
    severity: "error",
    page: "docs/failures/auth.alg.md",
  },
  "auth.aud": {
    title: "Another audience",
    sentence: "The token's `aud` is not `ws`: it was made for something else.",
    fix: "Use a token from `GET /api/v1/auth/ws-token`; no other kind opens a socket.",
    severity: "error",
    page: "docs/failures/auth.aud.md",
  },
  "auth.iss": {
    title: "Another issuer",
    sentence: "The token's `iss` names another issuer than this server.",
    fix: "Fetch the token from the server that the socket belongs to, not from another environment.",
    severity: "error",
    page: "docs/failures/auth.iss.md",
  },
  "auth.claim": {
    title: "A claim is missing or wrong",
    sentence: "A claim that the token needs is absent, of the wrong type, or has an impossible value.",
    fix: "Use a token from `GET /api/v1/auth/ws-token` instead of one made by hand.",
    severity: "error",
    page: "docs/failures/auth.claim.md",
  },
  "auth.wrong_kind": {
    title: "Another kind of token",
    sentence: "The token is of another kind: an access, refresh or identity token where a socket token belongs.",
    fix: "Exchange the session for a socket token: `GET /api/v1/auth/ws-token`.",
    severity: "error",
    page: "docs/failures/auth.wrong_kind.md",
  },
  "auth.revoked": {
    title: "The session has ended",
    sentence: "The token is right, but the session behind it has ended or the account is disabled: logged out, revoked, or the password changed.",
    fix: "Log in again; a disabled account is enabled by an admin (`frontdesk user enable --email …`).",
    severity: "error",
    page: "docs/failures/auth.revoked.md",
  },
  "authz.user_mismatch": {
    title: "The id in the path is another's",
    sentence: "The path carries a user id that is not the token's: another user, another spelling, a number instead of a text.",
    fix: "Take the identity from the token, not from the path: `/ws/chat/me`.",
    severity: "error",
    page: "docs/failures/authz.user_mismatch.md",
  },
  "authz.role": {
    title: "The role does not allow it",
    sentence: "The account is signed in, but its role may not do this.",
    fix: "Use an account with the role that the detail names, or let an admin change the role.",
    severity: "error",
    page: "docs/failures/authz.role.md",
  },
  "authz.chat": {
    title: "No such chat for this account",
    sentence: "The chat belongs to somebody else or does not exist; the server answers both alike.",
    fix: "Use an id from `GET /api/v1/chats`, or `me` for the customer's own open chat.",
    severity: "error",
    page: "docs/failures/authz.chat.md",
  },
  "origin.denied": {
    title: "The page's origin is refused",
    sentence: "The server refuses the handshake because of the page's `Origin`: it is not on the list, or a proxy changes host or scheme so that the comparison fails.",
    fix: "Add the page's origin to `server.allowed_origins`; behind a proxy set `server.public_url` and pass `Host` and `X-Forwarded-Proto` on.",
    severity: "error",
    page: "docs/failures/origin.denied.md",
  },
  "host.denied": {
    title: "The host name is refused",
    sentence: "A check of the `Host` header refuses the name that was dialled: trusted hosts, or Vite's `allowedHosts`.",
    fix: "Add the name to `server.allowedHosts` in `vite.config`, or to the framework's trusted hosts.",
    severity: "error",
    page: "docs/failures/host.denied.md",
  },
  "auth.cookie_vs_token": {
    title: "REST takes the cookie, the socket wants a token",
    sentence: "REST is signed in by the session cookie; the socket takes a token and no cookie, or the reverse.",
    fix: "Exchange the session for a token at `GET /api/v1/auth/ws-token` and send that.",
    severity: "error",
    page: "docs/failures/auth.cookie_vs_token.md",
  },
  "auth.subprotocol_echo": {
    title: "The token in the subprotocol is not echoed",
    sentence: "The token travels as a subprotocol, and the server accepts without naming one of those that were offered.",
    fix: "Offer two, a name and the token, and let the server echo the name; or carry the token in the first frame.",
    severity: "error",
    page: "docs/failures/auth.subprotocol_echo.md",
  },
  "proxy.no_upgrade": {
    title: "The proxy does not pass the upgrade",
    sentence: "A proxy on the way takes from the handshake what makes it one: the `Upgrade` and `Connection` headers.",
    fix: "nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. Vite: `ws: true`.",
    severity: "error",
    page: "docs/failures/proxy.no_upgrade.md",
  },
  "proxy.http10": {
    title: "The proxy speaks HTTP/1.0",
    sentence: "The proxy passes the upgrade's headers, but in HTTP/1.0, which has no upgrade.",
    fix: "nginx: add `proxy_http_version 1.1;` beside the two headers.",
    severity: "error",
    page: "docs/failures/proxy.http10.md",
  },
  "proxy.path_prefix": {
    title: "The proxy changes the path",
    sentence: "The proxy strips or doubles a prefix, so the server is asked for a path that it does not have.",
    fix: "nginx: `location /app/ { proxy_pass http://backend/; }` strips, without the last slash it does not. Vite: look at `rewrite`.",
    severity: "error",
    page: "docs/failures/proxy.path_prefix.md",
  },
  "proxy.bad_gateway": {
    title: "The proxy does not reach the server",
    sentence: "The proxy is there and the server behind it is not: 502, 503 or 504.",
    fix: "Start the server, or correct the proxy's upstream address; nginx' error.log names the address and the errno.",
    severity: "error",
    page: "docs/failures/proxy.bad_gateway.md",
  },
  "proxy.auth_layer": {
    title: "Something in front wants a login",
    sentence: "A layer in front of the server (basic authentication, single sign-on, Cloudflare Access) refuses the handshake.",
    fix: "Log in there in the same browser, or exempt `/api`, `/ws` and `/healthz`.",
    severity: "error",
    page: "docs/failures/proxy.auth_layer.md",
  },
  "proxy.waf": {
    title: "A firewall rule refuses",
    sentence: "A web application firewall or bot rule in front refuses the handshake.",
    fix: "Exempt the socket's path in the rule that the vendor's log names.",
    severity: "error",
    page: "docs/failures/proxy.waf.md",
  },
  "proxy.no_ws_support": {
    title: "The platform has no sockets",
    sentence: "The platform in front cannot carry sockets: serverless functions, static hosting, or a plan without them.",
    fix: "Host the backend where sockets pass, and name it in `url`.",
    severity: "error",
    page: "docs/failures/proxy.no_ws_support.md",
  },
  "proxy.sticky": {
    title: "Several nodes, no shared state",
    sentence: "Requests of one session go to nodes that do not know of each other: it works now and then.",
    fix: "Share state (one database, one key, a bus), or make the balancer sticky.",
    severity: "error",
    page: "docs/failures/proxy.sticky.md",
  },
  "dev.vite_ws_false": {
    title: "Vite does not proxy the socket",
    sentence: "Vite's proxy has no entry with `ws: true` that matches this path, so Vite answers the handshake itself.",
    fix: "`server.proxy: { '/ws': { target: 'http://127.0.0.1:8000', ws: true } }`, with a key that begins the path.",
    severity: "error",
    page: "docs/failures/dev.vite_ws_false.md",
  },
  "dev.vite_target_down": {
    title: "Vite's target is down",
    sentence: "Vite's proxy does not reach its target: the backend is not running, restarts, or listens elsewhere.",
    fix: "Start the backend first; if it runs, write 127.0.0.1 instead of localhost in `target`.",
    severity: "error",
    page: "docs/failures/dev.vite_target_down.md",
  },
  "dev.vite_origin": {
    title: "The dev proxy keeps the page's origin",
    sentence: "The dev proxy passes the page's `Origin` on, and the backend refuses it.",
    fix: "Allow the dev origin in the backend (`server.allowed_origins`; Frontdesk takes loopback origins in development by itself), or rewrite it in the proxy.",
    severity: "error",
    page: "docs/failures/dev.vite_origin.md",
  },
  "dev.vite_tls": {
    title: "The dev proxy distrusts its target",
    sentence: "The dev proxy's target is https with a certificate that Node does not trust.",
    fix: "`secure: false` in that entry of `server.proxy`, in development alone.",
    severity: "error",
    page: "docs/failures/dev.vite_tls.md",
  },
  "dev.two_handlers": {
    title: "Two handlers answer one upgrade",
    sentence: "Two upgrade handlers sit on one server, and both write to the same socket.",
    fix: "Keep one handler: filter by path in each, or use `noServer` and hand the upgrade on once.",
    severity: "error",
    page: "docs/failures/dev.two_handlers.md",
  },
  "dev.bundle_old": {
    title: "An old build is running",
    sentence: "The page runs an old build that still has the old address baked in.",
    fix: "Build again, reload without the cache, and unregister old service workers.",
    severity: "warning",
    page: "docs/failures/dev.bundle_old.md",
  },
  "ws.subprotocol": {
    title: "No agreement on the subprotocol",
    sentence: "The client asked for a subprotocol and the server chose none or another, or chose one that nobody asked for.",
    fix: "Let the server echo one of those offered; or offer none, as our sockets want.",
    severity: "error",
    page: "docs/failures/ws.subprotocol.md",
  },
  "ws.extension": {
    title: "Compression is not understood",
    sentence: "One side sends compressed frames that the other did not agree to, or a proxy changes bits of the frames.",
    fix: "Turn permessage-deflate off on the server or in the proxy. Ours does not offer it.",
    severity: "error",
    page: "docs/failures/ws.extension.md",
  },
  "ws.accept_key": {
    title: "The answer belongs to another handshake",
    sentence: "`Sec-WebSocket-Accept` does not fit the key that was sent: a cache answered, or the server is broken.",
    fix: "Take the path out of the cache; mend the server's handshake.",
    severity: "error",
    page: "docs/failures/ws.accept_key.md",
  },
  "ws.version": {
    title: "Another WebSocket version",
    sentence: "The client asks for another version of the WebSocket protocol than 13.",
    fix: "Send `Sec-WebSocket-Version: 13`; replace the client library.",
    severity: "error",
    page: "docs/failures/ws.version.md",
  },
  "ws.too_big": {
    title: "A frame is over the limit",
    sentence: "A message is larger than the server or a gateway takes.",
    fix: "Send less in one message (`limits.frame_max_bytes` in the welcome), upload by REST, or raise `socket.frame_max_bytes`.",
    severity: "error",
    page: "docs/failures/ws.too_big.md",
  },
  "ws.bad_utf8": {
    title: "Text that is no UTF-8",
    sentence: "A text frame holds bytes that are not UTF-8.",
    fix: "Send binary data in binary frames, or encode the text as UTF-8.",
    severity: "error",
    page: "docs/failures/ws.bad_utf8.md",
  },
  "ws.binary": {
    title: "Binary frames are not taken",
    sentence: "A binary frame was sent to a socket that speaks text.",
    fix: "Send JSON text: `socket.send(JSON.stringify(…))`.",
    severity: "error",
    page: "docs/failures/ws.binary.md",
  },
  "ws.protocol_error": {
    title: "Frames that break the protocol",
    sentence: "What came is not what the protocol says: broken frames (1002), or messages that the server does not understand (4510).",
    fix: "Compare what is sent with docs/protocol.md; update the client.",
    severity: "error",
    page: "docs/failures/ws.protocol_error.md",
  },
  "ws.version_skew": {
    title: "Client and server differ in version",
    sentence: "The client speaks a version of our protocol that this server does not.",
    fix: "Update the client, then reload the page; during a deploy, old pages need one reload.",
    severity: "error",
    page: "docs/failures/ws.version_skew.md",
  },
  "http.header_size": {
    title: "The headers are too large",
    sentence: "Request line and headers together are longer than the server takes, mostly by cookies or a long token in the URL.",
    fix: "Delete cookies of other programs on the same host; put the token into the first frame instead of the URL.",
    severity: "error",
    page: "docs/failures/http.header_size.md",
  },
  "idle.proxy": {
    title: "An idle timeout on the way",
    sentence: "Something on the way closes connections that are silent for a while, and this one was.",
    fix: "Raise the proxy's timeout (nginx: `proxy_read_timeout 75s;`) or let the server ping more often (`socket.heartbeat_seconds`, 25 by default).",
    severity: "error",
    page: "docs/failures/idle.proxy.md",
  },
  "idle.nopong": {
    title: "A ping stayed unanswered",
    sentence: "One side sent a ping and got no answer in time: the other is gone, frozen, or its event loop is blocked.",
    fix: "It reconnects by itself. If it repeats: unblock the event loop (no blocking calls in handlers), and look at the network.",
    severity: "error",
    page: "docs/failures/idle.nopong.md",
  },
  "life.max": {
    title: "A maximum age",
    sentence: "A gateway ends every connection at a fixed age, however busy.",
    fix: "Nothing at the client: it reconnects and resumes. Raise the gateway's timeout if it is short.",
    severity: "warning",
    page: "docs/failures/life.max.md",
  },
  "srv.deploy": {
    title: "The server is being restarted",
    sentence: "The server restarts: a deploy, a reload after a saved file, or a stop.",
    fix: "Nothing: clients reconnect after `retry_after_ms` and resume. `--reload` does this at each saved file.",
    severity: "info",
    page: "docs/failures/srv.deploy.md",
  },
  "srv.crash": {
    title: "The server met an error of its own",
    sentence: "The server's handler failed after the socket was open, or the whole process died.",
    fix: "Mend what the log names. Clients reconnect by themselves.",
    severity: "error",
    page: "docs/failures/srv.crash.md",
  },
  "srv.slow_consumer": {
    title: "The client reads too slowly",
    sentence: "The client did not read as fast as events came, and its outbox was full.",
    fix: "Nothing is lost: it resumes from the log. Do less in each handler, or subscribe to less.",
    severity: "warning",
    page: "docs/failures/srv.slow_consumer.md",
  },
  "srv.replaced": {
    title: "Another tab took the place",
    sentence: "The server allows one socket per user, and a second one closes the first: two tabs throw each other out for ever.",
    fix: "Allow several sockets per user; otherwise use a code that the client does not retry. Frontdesk allows `socket.per_user_max`, 20.",
    severity: "error",
    page: "docs/failures/srv.replaced.md",
  },
  "srv.token_expired_live": {
    title: "The token ran out on a live socket",
    sentence: "The socket was open longer than its token lives, and nobody refreshed it.",
    fix: "Send `{\"type\":\"refresh\",\"token\":…}` before `expires_at`; our client does.",
    severity: "warning",
    page: "docs/failures/srv.token_expired_live.md",
  },
  "srv.revoke": {
    title: "Permissions changed",
    sentence: "The account's session or role was changed, so its sockets are closed and open anew with today's permissions.",
    fix: "Connect again; the welcome shows the new role. After a sign-out, log in.",
    severity: "info",
    page: "docs/failures/srv.revoke.md",
  },
  "srv.kick": {
    title: "An admin ended the connection",
    sentence: "A person ended this connection on purpose.",
    fix: "Nothing: the client comes back by itself and catches up. Whoever is to stay away needs the session ended or the account disabled.",
    severity: "info",
    page: "docs/failures/srv.kick.md",
  },
  "srv.closed": {
    title: "The server closed with a code of its own",
    sentence: "The server ended the connection with a code that is not in our list.",
    fix: "The program that sent the code knows what it means; 4000 to 4999 are private codes of each application.",
    severity: "error",
    page: "docs/failures/srv.closed.md",
  },
  "bg.throttle": {
    title: "Timers stand still in a hidden tab",
    sentence: "The client's heartbeat runs on timers, and browsers run timers of hidden tabs once a minute or less.",
    fix: "Let the server ping (ours does) and let no client timer decide on liveness.",
    severity: "warning",
    page: "docs/failures/bg.throttle.md",
  },
  "bg.mobile": {
    title: "The phone slept",
    sentence: "The phone locked or froze the page: the connection is dead and the socket still says OPEN.",
    fix: "On `visibilitychange` and `pageshow`, ping once and reconnect if nothing comes. Our client does.",
    severity: "warning",
    page: "docs/failures/bg.mobile.md",
  },
  "bg.bfcache": {
    title: "The page was frozen",
    sentence: "The browser froze the page or put it into its back/forward cache, and takes the socket at resume.",
    fix: "Close in `pagehide` and `freeze` and open again in `pageshow`; our client does.",
    severity: "info",
    page: "docs/failures/bg.bfcache.md",
  },
  "bg.navigate": {
    title: "The page was left",
    sentence: "The page was closed, reloaded or left: the browser ends its sockets with 1001.",
    fix: "Nothing: this is no fault.",
    severity: "info",
    page: "docs/failures/bg.navigate.md",
  },
  "cl.strictmode": {
    title: "React mounts twice in development",
    sentence: "React's StrictMode mounts, unmounts and mounts again, and the first socket is closed while it still connects.",
    fix: "Harmless. Keep the socket outside of the component (our hooks do), and end it a moment later.",
    severity: "info",
    page: "docs/failures/cl.strictmode.md",
  },
  "cl.deps_loop": {
    title: "An effect runs again at each render",
    sentence: "The effect that opens the socket depends on an object or function that is new at each render.",
    fix: "Give the effect stable dependencies (`useMemo`, `useCallback`, or a text), or use our hooks.",
    severity: "error",
    page: "docs/failures/cl.deps_loop.md",
  },
  "cl.no_cleanup": {
    title: "Sockets are never closed",
    sentence: "A component opens a socket and does not close it when it goes.",
    fix: "Return a function from the effect that closes the socket.",
    severity: "warning",
    page: "docs/failures/cl.no_cleanup.md",
  },
  "cl.many_hooks": {
    title: "Each component has its own socket",
    sentence: "Several components each open a socket to the same address.",
    fix: "Share one client for the page (`FrontdeskProvider`).",
    severity: "warning",
    page: "docs/failures/cl.many_hooks.md",
  },
  "cl.reconnect_storm": {
    title: "Reconnecting without a pause",
    sentence: "The client connects again at once and for ever, also after a code that says stop.",
    fix: "Back off with jitter and stop at codes from 4500 on. Our client does both.",
    severity: "error",
    page: "docs/failures/cl.reconnect_storm.md",
  },
  "cl.gave_up": {
    title: "The client stopped trying",
    sentence: "The client gave up after a number of attempts and does not come back when the server does.",
    fix: "Try without an end, with a cap on the pause; stop only at codes from 4500 on.",
    severity: "warning",
    page: "docs/failures/cl.gave_up.md",
  },
  "cl.send_early": {
    title: "Sent before it was open",
    sentence: "`send` was called while the socket was still connecting.",
    fix: "Send after `open`; on Frontdesk after the `welcome`.",
    severity: "error",
    page: "docs/failures/cl.send_early.md",
  },
  "cl.close_code": {
    title: "A code that close() does not take",
    sentence: "`close` was called with a code or reason that the browser does not allow.",
    fix: "Use 1000 or 3000 to 4999, and a reason of at most 123 bytes.",
    severity: "error",
    page: "docs/failures/cl.close_code.md",
  },
  "cl.handler_late": {
    title: "The handler came too late",
    sentence: "`onmessage` is set after something was awaited, so the first frames found nobody.",
    fix: "Set every handler in the same turn as `new WebSocket`.",
    severity: "error",
    page: "docs/failures/cl.handler_late.md",
  },
  "cl.node_no_global": {
    title: "This runtime has no WebSocket",
    sentence: "The runtime has no global `WebSocket`: Node has one from version 22 on.",
    fix: "`import WebSocket from \"ws\"` and pass it: `createClient({ WebSocket, … })`.",
    severity: "error",
    page: "docs/failures/cl.node_no_global.md",
  },
  "cap.fd": {
    title: "Out of file descriptors",
    sentence: "The server has no file descriptor left, so it cannot take connections; they wait in the backlog.",
    fix: "Raise the limit (systemd: `LimitNOFILE=65536`; shell: `ulimit -n`). Frontdesk warns at start when it is low.",
    severity: "error",
    page: "docs/failures/cap.fd.md",
  },
  "cap.ephemeral": {
    title: "The proxy runs out of ports",
    sentence: "The proxy has no local port left for another connection to this one upstream address, about 28,000 per pair.",
    fix: "Give the upstream more addresses, use a Unix socket, or widen `net.ipv4.ip_local_port_range`.",
    severity: "error",
    page: "docs/failures/cap.ephemeral.md",
  },
  "cap.conntrack": {
    title: "The connection table is full",
    sentence: "The kernel's or router's table of tracked connections is full, so new ones are dropped.",
    fix: "Raise `net.netfilter.nf_conntrack_max`, or do not track this port.",
    severity: "error",
    page: "docs/failures/cap.conntrack.md",
  },
  "cap.backlog": {
    title: "The queue of new connections is full",
    sentence: "More connections arrive than the server takes in, and the kernel drops the rest.",
    fix: "Raise `net.core.somaxconn`, and spread reconnects over time (ours carry a jitter).",
    severity: "error",
    page: "docs/failures/cap.backlog.md",
  },
  "cap.max_conn": {
    title: "As many connections as allowed",
    sentence: "The server has as many connections as it may have.",
    fix: "Wait as long as `Retry-After` says; raise the limit or add a node.",
    severity: "error",
    page: "docs/failures/cap.max_conn.md",
  },
  "cap.per_user": {
    title: "Too many sockets of one account",
    sentence: "This account has as many sockets open as are allowed.",
    fix: "Close other tabs, mend the leak, or raise `socket.per_user_max`.",
    severity: "error",
    page: "docs/failures/cap.per_user.md",
  },
  "cap.rate_limit": {
    title: "Too much in too short a time",
    sentence: "The client asks or sends more often than it may.",
    fix: "Wait as long as it says and send more slowly: `limits.messages_per_second` in the welcome.",
    severity: "error",
    page: "docs/failures/cap.rate_limit.md",
  },
  "cap.rate_limit_ip": {
    title: "All users share one address",
    sentence: "The limit counts addresses, and behind the proxy every user has the proxy's: all share one limit.",
    fix: "Name the proxy in `server.trusted_proxies` and let it send `X-Forwarded-For`.",
    severity: "error",
    page: "docs/failures/cap.rate_limit_ip.md",
  },
  "cap.db_pool": {
    title: "Each socket holds a database connection",
    sentence: "Each socket keeps a connection of the database pool, so after some fifteen everything waits.",
    fix: "Give the connection back after authentication. Frontdesk holds none for a socket.",
    severity: "error",
    page: "docs/failures/cap.db_pool.md",
  },
  "cap.sqlite_busy": {
    title: "The database is locked",
    sentence: "Another process holds SQLite's write lock, so writes wait or fail.",
    fix: "Let one process write; close the shell or the backup that holds the lock.",
    severity: "error",
    page: "docs/failures/cap.sqlite_busy.md",
  },
  "cap.loop_blocked": {
    title: "The server hangs",
    sentence: "The server's event loop is blocked by a call that does not give way: everybody waits.",
    fix: "Take blocking calls out of handlers (a thread, `run_in_executor`, `spawn_blocking`).",
    severity: "error",
    page: "docs/failures/cap.loop_blocked.md",
  },
  "cap.memory": {
    title: "The kernel ended the process",
    sentence: "The process took more memory than it may, and the kernel ended it.",
    fix: "Raise the limit, or lower what grows: `socket.outbox_max_bytes`, the number of connections.",
    severity: "error",
    page: "docs/failures/cap.memory.md",
  },
  "ev.other_worker": {
    title: "The event was published in another process",
    sentence: "The event was published in one worker or node and the socket lives in another, which never hears of it.",
    fix: "Share a bus between workers, or run one. Frontdesk's nodes share the log.",
    severity: "error",
    page: "docs/failures/ev.other_worker.md",
  },
  "ev.not_subscribed": {
    title: "Nobody subscribed",
    sentence: "The socket has no subscription to the channel that the event went to, or subscribed before the welcome.",
    fix: "Subscribe after the welcome, by the exact name (`chat:{id}`), and read the reply.",
    severity: "error",
    page: "docs/failures/ev.not_subscribed.md",
  },
  "ev.role_filter": {
    title: "The role may not see it",
    sentence: "The event is of a kind that this role does not see.",
    fix: "Use an account with that role, or send it on a channel that the customer sees.",
    severity: "error",
    page: "docs/failures/ev.role_filter.md",
  },
  "ev.user_id_type": {
    title: "The ids differ in spelling",
    sentence: "Publisher and subscriber spell the user's id differently: `1` and `\"1\"`, upper and lower case.",
    fix: "Make one type of it at the edge and compare only that.",
    severity: "error",
    page: "docs/failures/ev.user_id_type.md",
  },
  "ev.not_published": {
    title: "Nothing was published",
    sentence: "The code path that changes the data never publishes the event, or does so before the commit.",
    fix: "Publish in the transaction that changes the data. Frontdesk does for every write.",
    severity: "error",
    page: "docs/failures/ev.not_published.md",
  },
  "ev.shape": {
    title: "The handler does not know the shape",
    sentence: "The event arrives, but its JSON is shaped otherwise than the handler expects, so it is ignored.",
    fix: "Use the generated types of `@frontdesk/client`; look for `default:` in the switch.",
    severity: "error",
    page: "docs/failures/ev.shape.md",
  },
  "ev.client_filter": {
    title: "The page drops the event itself",
    sentence: "The event arrives, and a filter, a missing case or a removed listener drops it.",
    fix: "Attach the handler where it lives as long as the screen; look at the filter.",
    severity: "error",
    page: "docs/failures/ev.client_filter.md",
  },
  "ev.lost_gap": {
    title: "It happened while reconnecting",
    sentence: "The event happened between two connections, and the client did not ask for what it missed.",
    fix: "Resume with positions (`connect` with `resume`), and reload the list at a `gap` or `reset`. Our client does.",
    severity: "error",
    page: "docs/failures/ev.lost_gap.md",
  },
  "ev.bus_down": {
    title: "The bus or the database is down",
    sentence: "Nodes share events through a bus or the database, and it does not answer.",
    fix: "Bring the database or the bus back; nothing is lost, as events are in the log.",
    severity: "error",
    page: "docs/failures/ev.bus_down.md",
  },
  "ev.dup": {
    title: "Everything comes twice",
    sentence: "Each event is handled twice: two sockets, or delivery that repeats.",
    fix: "Handle each `id` once (our client does), and share one socket per page.",
    severity: "warning",
    page: "docs/failures/ev.dup.md",
  },
  "llm.unreachable": {
    title: "The model's endpoint does not answer",
    sentence: "The bot's model endpoint (`bot.base_url`) cannot be reached.",
    fix: "Start the model server, or correct `bot.base_url`.",
    severity: "error",
    page: "docs/failures/llm.unreachable.md",
  },
  "llm.key": {
    title: "The model's key is refused",
    sentence: "The model endpoint refuses the key (401 or 403).",
    fix: "Put a valid key into the file that `bot.api_key_file` names.",
    severity: "error",
    page: "docs/failures/llm.key.md",
  },
  "llm.model": {
    title: "No such model",
    sentence: "The endpoint does not know the model in `bot.model` (404 or 400).",
    fix: "Correct `bot.model`, or load the model.",
    severity: "error",
    page: "docs/failures/llm.model.md",
  },
  "llm.quota": {
    title: "The model's quota is used up",
    sentence: "The endpoint answers 429, or the day's tokens (`bot.tokens_per_day`) are used up.",
    fix: "Wait, buy more, or raise `bot.tokens_per_day`.",
    severity: "error",
    page: "docs/failures/llm.quota.md",
  },
  "llm.buffered": {
    title: "The stream arrives in one piece",
    sentence: "A proxy or compression collects the stream, so the answer appears all at once.",
    fix: "nginx: `proxy_buffering off;`, no gzip on `text/event-stream`; send `X-Accel-Buffering: no`.",
    severity: "error",
    page: "docs/failures/llm.buffered.md",
  },
  "llm.idle_thinking": {
    title: "The model thinks longer than the proxy waits",
    sentence: "The model sends nothing for a while, and a proxy cuts the silent stream.",
    fix: "Raise the timeout on the way to the model, or let the server send keep-alives while it waits.",
    severity: "error",
    page: "docs/failures/llm.idle_thinking.md",
  },
  "llm.dialect": {
    title: "The endpoint speaks a dialect",
    sentence: "The endpoint calls itself compatible and streams something else.",
    fix: "Use the endpoint's own compatible path (often `/v1`), or another server.",
    severity: "error",
    page: "docs/failures/llm.dialect.md",
  },
  "llm.client_gone": {
    title: "The model keeps writing for nobody",
    sentence: "The reader stopped or went away, and the request to the model was not ended.",
    fix: "End the upstream request when its reader is gone. Frontdesk does at `stop_message`.",
    severity: "warning",
    page: "docs/failures/llm.client_gone.md",
  },
  "sse.six": {
    title: "Six streams per host",
    sentence: "Browsers open at most six HTTP/1.1 connections to a host, and tabs with server-sent events hold them all.",
    fix: "Serve over HTTP/2, use a socket, or share one stream between tabs.",
    severity: "error",
    page: "docs/failures/sse.six.md",
  },
  "sse.auth": {
    title: "EventSource sends no headers",
    sentence: "`EventSource` cannot send an `Authorization` header, so the stream is refused.",
    fix: "Use the session cookie, or read the stream with `fetch`.",
    severity: "error",
    page: "docs/failures/sse.auth.md",
  },
};
