//! Causes: the browser refuses.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "br.mixed",
        group: Group::Browser,
        title: "An https page may not open ws://",
        sentence: "The page came over https, so the browser refuses a socket without TLS to any \
                   host but this machine.",
        in_page: "The constructor throws a SecurityError: \"An insecure WebSocket connection may \
                  not be initiated from a page loaded over HTTPS\".",
        in_shell: "It works: only browsers have this rule.",
        probe: "The exception is decisive. `ws://localhost` and `ws://127.0.0.1` are exempt in \
                Chromium.",
        fix: "Use `wss://`: let the proxy that serves the page serve the socket as well, and set \
              `server.public_url` to the https address.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "br.csp",
        group: Group::Browser,
        title: "The page's own policy blocks the socket",
        sentence: "The page's Content-Security-Policy has no entry for this socket in \
                   `connect-src`, so the browser does not even try.",
        in_page: "`error` without a `close`; `readyState` is 3 right after construction; a \
                  `securitypolicyviolation` event names the directive.",
        in_shell: "It works: only the page is bound by its policy.",
        probe: "Listen for `securitypolicyviolation` with `disposition` `enforce`; its \
                `blockedURI` is the socket.",
        fix: "Add the socket's origin to `connect-src`, with `ws:` or `wss:`; `http://host` does \
              not cover `ws://host`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "the page's own policy is seen by a browser alone",
        },
    },
    Cause {
        id: "br.lna",
        group: Group::Browser,
        title: "The browser guards the local network",
        sentence: "A page from a public address may not reach this machine or the local network \
                   without a permission.",
        in_page: "1006; `net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS` in the console.",
        in_shell: "It works.",
        probe: "Ask the permission `loopback-network` or `local-network`: only `denied` says \
                anything; `prompt` is normal.",
        fix: "Serve page and backend from one address, or allow it in the page's site settings; \
              the page must be https, an iframe needs `allow`.",
        severity: Severity::Error,
        looks_like: &["net.refused"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "br.extension",
        group: Group::Browser,
        title: "An extension blocks it",
        sentence: "A blocker in the browser stops the request because of its address.",
        in_page: "1006; `net::ERR_BLOCKED_BY_CLIENT` in the console.",
        in_shell: "It works.",
        probe: "Open the page in a private window without extensions.",
        fix: "Allow the site in the blocker, or rename the path that it takes for tracking.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "needs an installed extension",
        },
    },
    Cause {
        id: "br.service_worker",
        group: Group::Browser,
        title: "A service worker serves what is old",
        sentence: "A service worker answers with a cached token or an old build. It cannot touch \
                   the socket itself.",
        in_page: "The socket closes with 4100 again and again although the page has just asked \
                  for a token; the token's `iat` is old.",
        in_shell: "It works.",
        probe: "Look at `navigator.serviceWorker.controller` and at the token's `iat` against the \
                server's time.",
        fix: "Let the worker pass `/api` by, send `Cache-Control: no-store`, then unregister the \
              old worker.",
        severity: Severity::Warning,
        looks_like: &["token.cached", "dev.bundle_old"],
        standing: Standing::Explained {
            why: "needs a page with a service worker",
        },
    },
    Cause {
        id: "br.offline",
        group: Group::Browser,
        title: "The device is offline",
        sentence: "The device has no network, or only a captive portal that wants a login.",
        in_page: "1006 within milliseconds; `net::ERR_INTERNET_DISCONNECTED`. `navigator.onLine` \
                  is a hint, no proof.",
        in_shell: "Nothing is reachable, not even well-known hosts; or a portal's page answers.",
        probe: "Ask `/healthz` for the signature: a portal answers with a page of its own.",
        fix: "Connect to a network, or log in to its portal. The client comes back by itself.",
        severity: Severity::Error,
        looks_like: &["net.change"],
        standing: Standing::Explained {
            why: "a page without a network is told by the browser's own `navigator.onLine`, and a program on the same machine cannot take the network from another",
        },
    },
    Cause {
        id: "br.hsts",
        group: Group::Browser,
        title: "The browser insists on https for this host",
        sentence: "The host once said \"https only\" (HSTS), so the browser turns http into https \
                   and ws into wss, where nobody speaks TLS.",
        in_page: "1006 with a TLS error (`net::ERR_SSL_PROTOCOL_ERROR`) although the URL says \
                  `ws://`.",
        in_shell: "Plain http works.",
        probe: "Try another name of the same machine (127.0.0.1 for localhost).",
        fix: "Clear the host in `chrome://net-internals/#hsts`, or serve TLS there.",
        severity: Severity::Error,
        looks_like: &["tls.plain_port"],
        standing: Standing::Explained {
            why: "needs a browser profile that remembers HSTS",
        },
    },
    Cause {
        id: "br.file_origin",
        group: Group::Browser,
        title: "The page has no origin",
        sentence: "The page was opened as a file or in a sandboxed frame, so its origin is \
                   `null`, which no list allows.",
        in_page: "1006; the handshake gets 403.",
        in_shell: "It works without `Origin`, and is refused with `Origin: null`.",
        probe: "Send the upgrade with `Origin: null` and without.",
        fix: "Serve the page over http (`npx vite`, or the backend's own), or give the frame \
              `allow-same-origin`.",
        severity: Severity::Error,
        looks_like: &["origin.denied"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "br.socket_limit",
        group: Group::Browser,
        title: "Too many sockets in one browser",
        sentence: "The browser has a limit of sockets (255 for a renderer process in Chromium, \
                   200 in Firefox), and it is reached.",
        in_page: "1006; the console says `Insufficient resources`.",
        in_shell: "It works.",
        probe: "Count `new WebSocket` per URL; a number that rises is a leak.",
        fix: "Close sockets when their component goes, and share one per page.",
        severity: Severity::Error,
        looks_like: &["cl.no_cleanup", "cl.deps_loop"],
        standing: Standing::Explained {
            why: "needs a browser with 255 open sockets",
        },
    },
    Cause {
        id: "br.pending_serial",
        group: Group::Browser,
        title: "Another attempt to the same host hangs",
        sentence: "Browsers let one socket at a time connect to an address; this one waits behind \
                   another that hangs.",
        in_page: "CONNECTING for a long time, though a fresh tab connects at once.",
        in_shell: "It works.",
        probe: "Close the attempt that hangs: the waiting ones go on within milliseconds.",
        fix: "End each attempt after ten seconds with `close()` before starting the next. Our \
              client does.",
        severity: Severity::Warning,
        looks_like: &["br.fail_delay", "net.timeout"],
        standing: Standing::Explained {
            why: "needs a browser test with a hanging server",
        },
    },
    Cause {
        id: "br.fail_delay",
        group: Group::Browser,
        title: "The browser holds new sockets back",
        sentence: "After about ten failures in a row Chromium delays every new socket of the page \
                   by up to five seconds, whatever the host.",
        in_page: "CONNECTING for seconds, then it opens or fails as usual. A reload does not \
                  help; two minutes of silence do.",
        in_shell: "It works at once.",
        probe: "Open the page in a new tab of another site, or wait two minutes.",
        fix: "Mend what failed before; back off between attempts instead of retrying at once.",
        severity: Severity::Warning,
        looks_like: &["br.pending_serial", "net.middlebox"],
        standing: Standing::Explained {
            why: "needs a browser test with twenty failures",
        },
    },
];
