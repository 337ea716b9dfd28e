//! Causes: proxies and dev servers.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "proxy.no_upgrade",
        group: Group::Proxy,
        title: "The proxy does not pass the upgrade",
        sentence: "A proxy on the way takes from the handshake what makes it one: the `Upgrade` \
                   and `Connection` headers.",
        in_page: "1006; `Unexpected response code: 426` (400 from other servers). `/healthz` \
                  works.",
        in_shell: "426 or 400 through the proxy, 101 past it. Our 426 says which header did not \
                   arrive.",
        probe: "Send the upgrade to the server itself and through the proxy.",
        fix: "nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
              proxy_set_header Connection \"upgrade\";`. Vite: `ws: true`.",
        severity: Severity::Error,
        looks_like: &["proxy.http10", "dev.vite_ws_false", "proxy.no_ws_support"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.http10",
        group: Group::Proxy,
        title: "The proxy speaks HTTP/1.0",
        sentence: "The proxy passes the upgrade's headers, but in HTTP/1.0, which has no upgrade.",
        in_page: "1006; `Unexpected response code: 426`.",
        in_shell: "426 only through the proxy; the detail says \"HTTP/1.0\".",
        probe: "Read the detail of the 426: which version arrived.",
        fix: "nginx: add `proxy_http_version 1.1;` beside the two headers.",
        severity: Severity::Error,
        looks_like: &["proxy.no_upgrade"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.path_prefix",
        group: Group::Proxy,
        title: "The proxy changes the path",
        sentence: "The proxy strips or doubles a prefix, so the server is asked for a path that \
                   it does not have.",
        in_page: "1006 with 404, or 4511 whose reason names the path that arrived.",
        in_shell: "The path that the server saw is another than the one asked.",
        probe: "Compare the path in the URL with the one in `/api/v1/ws/attempts`.",
        fix: "nginx: `location /app/ { proxy_pass http://backend/; }` strips, without the last \
              slash it does not. Vite: look at `rewrite`.",
        severity: Severity::Error,
        looks_like: &["url.path"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.bad_gateway",
        group: Group::Proxy,
        title: "The proxy does not reach the server",
        sentence: "The proxy is there and the server behind it is not: 502, 503 or 504.",
        in_page: "1006; `Unexpected response code: 502` (503, 504).",
        in_shell: "502, 503 or 504 with the proxy's `Server` header.",
        probe: "Ask the server past the proxy, on the address that the proxy passes to.",
        fix: "Start the server, or correct the proxy's upstream address; nginx' error.log names \
              the address and the errno.",
        severity: Severity::Error,
        looks_like: &["net.refused", "cap.ephemeral", "srv.deploy"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.auth_layer",
        group: Group::Proxy,
        title: "Something in front wants a login",
        sentence: "A layer in front of the server (basic authentication, single sign-on, \
                   Cloudflare Access) refuses the handshake.",
        in_page: "1006; `HTTP Authentication failed` (401), `Unexpected response code: 302` or \
                  403.",
        in_shell: "401 with `WWW-Authenticate`, or a redirect to a login page that is not the \
                   application's.",
        probe: "Read the headers of the refusal: they are not the application's.",
        fix: "Log in there in the same browser, or exempt `/api`, `/ws` and `/healthz`.",
        severity: Severity::Error,
        looks_like: &["auth.hidden_403", "url.redirect", "proxy.waf"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.waf",
        group: Group::Proxy,
        title: "A firewall rule refuses",
        sentence: "A web application firewall or bot rule in front refuses the handshake.",
        in_page: "1006; `Unexpected response code: 403` or 429.",
        in_shell: "403 or 429 with a vendor's header (`cf-ray`, `x-amzn-…`) and a body that is \
                   not the application's.",
        probe: "Compare with the same request past the firewall.",
        fix: "Exempt the socket's path in the rule that the vendor's log names.",
        severity: Severity::Error,
        looks_like: &["proxy.auth_layer", "origin.denied", "cap.rate_limit_ip"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.no_ws_support",
        group: Group::Proxy,
        title: "The platform has no sockets",
        sentence: "The platform in front cannot carry sockets: serverless functions, static \
                   hosting, or a plan without them.",
        in_page: "1006; 404 or 426, although requests work.",
        in_shell: "404 or 426 on any socket path.",
        probe: "Read the platform's documentation; `/ws/echo` fails while `/healthz` works.",
        fix: "Host the backend where sockets pass, and name it in `url`.",
        severity: Severity::Error,
        looks_like: &["proxy.no_upgrade", "url.path"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "proxy.sticky",
        group: Group::Proxy,
        title: "Several nodes, no shared state",
        sentence: "Requests of one session go to nodes that do not know of each other: it works \
                   now and then.",
        in_page: "Fails at random: 400 \"Session ID unknown\", 4503, or events that do not come.",
        in_shell: "Ten attempts: some work.",
        probe: "Repeat ten times and compare; look at `boot_id` in the welcome.",
        fix: "Share state (one database, one key, a bus), or make the balancer sticky.",
        severity: Severity::Error,
        looks_like: &["auth.ephemeral_secret", "ev.other_worker"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.vite_ws_false",
        group: Group::Proxy,
        title: "Vite does not proxy the socket",
        sentence: "Vite's proxy has no entry with `ws: true` that matches this path, so Vite \
                   answers the handshake itself.",
        in_page: "1006, or a socket that stays silent; requests through the same proxy work.",
        in_shell: "Direct works, through the dev port it does not.",
        probe: "Open the socket on the backend's own port; read `server.proxy` in `vite.config`.",
        fix: "`server.proxy: { '/ws': { target: 'http://127.0.0.1:8000', ws: true } }`, with a \
              key that begins the path.",
        severity: Severity::Error,
        looks_like: &["proxy.no_upgrade", "dev.vite_target_down"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.vite_target_down",
        group: Group::Proxy,
        title: "Vite's target is down",
        sentence: "Vite's proxy does not reach its target: the backend is not running, restarts, \
                   or listens elsewhere.",
        in_page: "1006 or a drop; requests get 500 from Vite.",
        in_shell: "Vite's terminal says `ws proxy error` or `http proxy error` with ECONNREFUSED \
                   or ECONNRESET.",
        probe: "Ask the target's `/healthz` past Vite.",
        fix: "Start the backend first; if it runs, write 127.0.0.1 instead of localhost in \
              `target`.",
        severity: Severity::Error,
        looks_like: &["net.refused", "net.ipv6_localhost"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.vite_origin",
        group: Group::Proxy,
        title: "The dev proxy keeps the page's origin",
        sentence: "The dev proxy passes the page's `Origin` on, and the backend refuses it.",
        in_page: "1006; `Unexpected response code: 403`.",
        in_shell: "403 with that `Origin`, 101 without.",
        probe: "Upgrade past the proxy with `Origin: http://localhost:5173`.",
        fix: "Allow the dev origin in the backend (`server.allowed_origins`; Frontdesk takes \
              loopback origins in development by itself), or rewrite it in the proxy.",
        severity: Severity::Error,
        looks_like: &["origin.denied"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.vite_tls",
        group: Group::Proxy,
        title: "The dev proxy distrusts its target",
        sentence: "The dev proxy's target is https with a certificate that Node does not trust.",
        in_page: "1006 or 500.",
        in_shell: "Vite's terminal says `self-signed certificate` or `unable to verify the first \
                   certificate`.",
        probe: "Ask the target with and without `-k`.",
        fix: "`secure: false` in that entry of `server.proxy`, in development alone.",
        severity: Severity::Error,
        looks_like: &["tls.untrusted"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.two_handlers",
        group: Group::Proxy,
        title: "Two handlers answer one upgrade",
        sentence: "Two upgrade handlers sit on one server, and both write to the same socket.",
        in_page: "Opens, then `error` and 1006; \"Invalid frame header\".",
        in_shell: "101, and then HTTP text or a second 101 where frames belong.",
        probe: "Read the bytes behind the 101.",
        fix: "Keep one handler: filter by path in each, or use `noServer` and hand the upgrade on \
              once.",
        severity: Severity::Error,
        looks_like: &["ws.extension"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "dev.bundle_old",
        group: Group::Proxy,
        title: "An old build is running",
        sentence: "The page runs an old build that still has the old address baked in.",
        in_page: "The URL of the socket is not the one in the source.",
        in_shell: "Nothing.",
        probe: "Compare the URL in the console with the source; look for a service worker and for \
                `dist`.",
        fix: "Build again, reload without the cache, and unregister old service workers.",
        severity: Severity::Warning,
        looks_like: &["br.service_worker", "url.undefined"],
        standing: Standing::Explained {
            why: "needs an old build in a browser's cache",
        },
    },
];
