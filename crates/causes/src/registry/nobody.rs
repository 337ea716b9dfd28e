//! Causes: nobody there, or the wrong place.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "net.refused",
        group: Group::Nobody,
        title: "Nothing listens there",
        sentence: "Nothing listens on this host and port: the backend is not running, or not yet.",
        in_page: "The socket fails within milliseconds: `error`, then `close` with 1006 and no \
                  reason. The console has `net::ERR_CONNECTION_REFUSED`; script cannot read that.",
        in_shell: "`curl` says \"connection refused\" (exit 7, ECONNREFUSED) at once.",
        probe: "Ask who listens: `ss -ltn` on the server's machine shows no line for the port. \
                `frontdesk doctor <url>` does the same and asks each address.",
        fix: "Start the backend: `frontdesk serve` (or `cargo xtask run` in the source tree), \
              then look for its address in the first lines it prints.",
        severity: Severity::Error,
        looks_like: &["net.wrong_port", "net.bind_loopback", "net.ipv6_localhost"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.wrong_port",
        group: Group::Nobody,
        title: "The backend is on another port",
        sentence: "Nothing listens on this port, but the backend is running on another one of the \
                   same machine.",
        in_page: "As if nothing were running: 1006 at once, `net::ERR_CONNECTION_REFUSED` in the \
                  console.",
        in_shell: "The port is refused; `/healthz` on a neighbouring port answers with \
                   `\"service\":\"frontdesk\"`.",
        probe: "`ss -ltnp` on the machine lists the ports; ask `/healthz` on each for the \
                signature.",
        fix: "Use the port that the server printed when it started (`server.listen`), in the \
              page's URL and in the dev proxy's target.",
        severity: Severity::Error,
        looks_like: &["net.refused"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.public_url",
        group: Group::Nobody,
        title: "The server sends pages to another address",
        sentence: "`server.public_url` is not where this server is reached, so pages are told to \
                   connect somewhere else.",
        in_page: "The token is handed out, and `ws_url` beside it names another host or port; the \
                  socket then fails there, or `Origin` is refused.",
        in_shell: "`curl -b jar …/api/v1/auth/ws-token` answers a `ws_url` that is not the address \
                   that was asked.",
        probe: "Compare the host of `ws_url` with the address of the page.",
        fix: "Set `server.public_url` to the address that browsers use, or ask the address that it \
              names.",
        severity: Severity::Warning,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.other_program",
        group: Group::Nobody,
        title: "Another program answers",
        sentence: "Something answers at this address, but it is not the backend: another program \
                   has the port.",
        in_page: "1006 at once. `fetch` of `/healthz` fails or brings something without \
                  `\"service\":\"frontdesk\"`.",
        in_shell: "`curl -i /healthz` shows a foreign `Server` header, a foreign body, or \
                   something that is no HTTP at all.",
        probe: "GET `/healthz`: only our server answers with `\"service\":\"frontdesk\"`. `ss \
                -ltnp` names the program. On macOS, AirPlay takes 5000 and 7000.",
        fix: "Stop the other program, or give the backend another port with `--listen \
              127.0.0.1:8001` and change the URL.",
        severity: Severity::Error,
        looks_like: &["proxy.bad_gateway", "url.spa_fallback"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.bind_loopback",
        group: Group::Nobody,
        title: "The server listens on loopback only",
        sentence: "The server listens on 127.0.0.1 alone, and the client comes from another \
                   machine or container.",
        in_page: "1006: refused at once from another machine; from outside of a container the \
                  connection is taken and then dropped without an answer.",
        in_shell: "On the machine itself it works, from elsewhere it is refused. Through a \
                   published Docker port: connected, then \"empty reply\" or reset.",
        probe: "Ask `ss -ltn` which address the port is bound to, and compare with the address \
                that the client dials.",
        fix: "Listen on the outer address too: `frontdesk serve --listen 0.0.0.0:8000` (in a \
              container always), and publish the port.",
        severity: Severity::Error,
        looks_like: &["net.refused", "net.timeout"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.ipv6_localhost",
        group: Group::Nobody,
        title: "localhost means two addresses",
        sentence: "`localhost` is ::1 for the one and 127.0.0.1 for the other, and only one of \
                   the two has a listener.",
        in_page: "Chromium tries both and notices nothing, unless another program holds the \
                  first. Dev proxies and tools fail: the proxy answers 500 or 502.",
        in_shell: "`curl -4` works and `curl -6` is refused, or the reverse. Node says `connect \
                   ECONNREFUSED ::1:8000`.",
        probe: "Connect to 127.0.0.1 and to [::1] one after the other.",
        fix: "Listen on both (Frontdesk does by default), or write 127.0.0.1 instead of localhost \
              in the proxy's target.",
        severity: Severity::Error,
        looks_like: &["net.refused"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.dns",
        group: Group::Nobody,
        title: "The name does not resolve",
        sentence: "Nobody knows this host name, so there is no address to connect to.",
        in_page: "1006 within milliseconds; `net::ERR_NAME_NOT_RESOLVED` in the console.",
        in_shell: "`getaddrinfo ENOTFOUND`, \"could not resolve host\" (curl exit 6), NXDOMAIN.",
        probe: "Resolve the name: `getent hosts <name>`; a misspelt name, a missing record and a \
                missing line in the hosts file look alike.",
        fix: "Correct the host in the URL, or add the DNS record. `localhost` needs none.",
        severity: Severity::Error,
        looks_like: &["net.dns_split", "url.undefined"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.dns_split",
        group: Group::Nobody,
        title: "The name resolves only on the other side",
        sentence: "The name is known inside (a compose service, an internal zone) and not where \
                   the browser is, or the reverse.",
        in_page: "1006, `net::ERR_NAME_NOT_RESOLVED`, for a host such as `backend` or \
                  `host.docker.internal`.",
        in_shell: "It resolves in the container and not outside of it.",
        probe: "Resolve the same name in both places and compare.",
        fix: "Give the browser a public name (`server.public_url`) and keep service names for \
              traffic between containers.",
        severity: Severity::Error,
        looks_like: &["net.dns"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.timeout",
        group: Group::Nobody,
        title: "Packets are dropped",
        sentence: "Nothing comes back from this address: a firewall, a security group or a dead \
                   machine drops the packets.",
        in_page: "The socket stays in CONNECTING, for minutes if nobody ends it, then 1006 with \
                  `net::ERR_CONNECTION_TIMED_OUT`.",
        in_shell: "Connecting times out; there is neither a refusal nor an answer.",
        probe: "Connect from a second network. If one is refused or answers and the other times \
                out, a rule on the way drops packets.",
        fix: "Open the port in the firewall or security group, and check that the address is \
              still the machine's.",
        severity: Severity::Error,
        looks_like: &["cap.backlog", "cap.conntrack", "net.middlebox"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "url.undefined",
        group: Group::Nobody,
        title: "The address has a hole",
        sentence: "The address was put together from a variable without a value, so it names \
                   `undefined`, `null` or nothing.",
        in_page: "Nothing is thrown: 1006 with `net::ERR_NAME_NOT_RESOLVED`, or a socket to the \
                  page's own address at `/undefined`.",
        in_shell: "The URL itself shows it: `ws://undefined/…`, `…/undefined`, `${HOST}`.",
        probe: "Read `socket.url`, not the variable it was made from.",
        fix: "Set the variable (such as `VITE_…`) and build again: its value is baked in at build \
              time.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "url.invalid",
        group: Group::Nobody,
        title: "The address or its arguments are no use",
        sentence: "The constructor refuses its arguments: a scheme that is not ws, a fragment, an \
                   impossible port, or a subprotocol that is not a token.",
        in_page: "`new WebSocket` throws a SyntaxError that names the part, before anything is \
                  sent. Ports that browsers block fail with `net::ERR_UNSAFE_PORT`.",
        in_shell: "Tools say \"invalid URL\" or \"unsupported scheme\".",
        probe: "Read the message of the exception; it is decisive.",
        fix: "Build the URL from `location`, leave out `#…`, and carry the token in the first \
              frame rather than as the subprotocol `Bearer …`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "url.path",
        group: Group::Nobody,
        title: "No socket at this path",
        sentence: "The server is there, but no socket lives at this path: a misspelling, a \
                   missing prefix, or an old one.",
        in_page: "A foreign server answers 404 and the page sees 1006. Frontdesk accepts, then \
                  closes with 4511 and names the nearest path.",
        in_shell: "The upgrade is answered 404, while `/healthz` works.",
        probe: "Send the upgrade by hand and read the status: `curl -i --http1.1 -H 'Connection: \
                Upgrade' -H 'Upgrade: websocket' …`.",
        fix: "Connect to `/api/v1/ws` or `/ws/chat/{chat_id}`; with a proxy in front, check what \
              it does to the prefix.",
        severity: Severity::Error,
        looks_like: &[
            "proxy.path_prefix",
            "srv.no_ws_library",
            "proxy.no_ws_support",
        ],
        standing: Standing::Provoked,
    },
    Cause {
        id: "url.redirect",
        group: Group::Nobody,
        title: "The handshake is redirected",
        sentence: "The handshake is answered with a redirect, and browsers do not follow one: a \
                   slash, https, or a login page.",
        in_page: "1006; the console says `Unexpected response code: 301` (302, 307, 308).",
        in_shell: "30x with a `Location`. Some tools follow it and seem to work.",
        probe: "Send the upgrade without following redirects and read `Location`.",
        fix: "Use the final URL: the scheme, host and slash that `Location` names. If it names a \
              login page, something in front wants a sign-in.",
        severity: Severity::Error,
        looks_like: &["proxy.auth_layer", "net.tunnel_auth"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "url.spa_fallback",
        group: Group::Nobody,
        title: "The page's own index.html answers",
        sentence: "A static host answers every unknown path with its `index.html`, the socket's \
                   too.",
        in_page: "1006; the console says `Unexpected response code: 200`.",
        in_shell: "200 with `Content-Type: text/html` for the socket's path.",
        probe: "GET the socket's path and look at the body: it is the page.",
        fix: "Route `/api`, `/ws` and `/healthz` to the backend before the fallback, or name the \
              backend in `url`.",
        severity: Severity::Error,
        looks_like: &["net.other_program", "dev.vite_ws_false"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.no_ws_library",
        group: Group::Nobody,
        title: "uvicorn has no WebSocket library",
        sentence: "The Python server has no WebSocket library installed, so it treats every \
                   upgrade as a plain GET.",
        in_page: "1006; the console says `Unexpected response code: 404` (400 in some versions).",
        in_shell: "GET works, upgrades get 404 or 400. The log says \"No supported WebSocket \
                   library detected\".",
        probe: "Look for that line in uvicorn's log; from outside it looks like a wrong path.",
        fix: "`pip install 'uvicorn[standard]'`, then start it again.",
        severity: Severity::Error,
        looks_like: &["url.path"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.static_mount",
        group: Group::Nobody,
        title: "Static files swallow the socket route",
        sentence: "Static files are mounted at `/` before the socket route, and the mount cannot \
                   answer a socket: the handshake ends with 500.",
        in_page: "1006; the console says `Unexpected response code: 500`.",
        in_shell: "The upgrade gets 500 on any path, known or not. The log has an AssertionError \
                   of `starlette/staticfiles.py`.",
        probe: "Upgrade at a path that cannot exist: if it is 500 as well, a mount catches \
                everything.",
        fix: "Mount static files last, below a path of their own, and add the socket routes \
              before.",
        severity: Severity::Error,
        looks_like: &["srv.crash"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.wrong_socket",
        group: Group::Nobody,
        title: "The red line belongs to another socket",
        sentence: "The failing socket is not the application's: it is the hot-reload socket of \
                   the dev server, or an extension's.",
        in_page: "The red line names the dev server's address with `?token=` and a short token, \
                  or its path is `/@vite` or `/_next/webpack-hmr`.",
        in_shell: "Nothing: the application's socket works.",
        probe: "Compare the URL in the red line with the one that the application opens.",
        fix: "Ignore it, or mend hot reload: `server.hmr` in `vite.config` must name the host and \
              port under which the page is seen.",
        severity: Severity::Info,
        looks_like: &[],
        standing: Standing::Provoked,
    },
];
