//! Causes: client code.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "cl.strictmode",
        group: Group::ClientCode,
        title: "React mounts twice in development",
        sentence: "React's StrictMode mounts, unmounts and mounts again, and the first socket is \
                   closed while it still connects.",
        in_page: "\"WebSocket is closed before the connection is established\", once, and then it \
                  works.",
        in_shell: "Nothing.",
        probe: "Count `new WebSocket`: two within 50 ms, in a development build only.",
        fix: "Harmless. Keep the socket outside of the component (our hooks do), and end it a \
              moment later.",
        severity: Severity::Info,
        looks_like: &["cl.deps_loop"],
        standing: Standing::Explained {
            why: "needs a page with React; the tests of our hooks cover our own",
        },
    },
    Cause {
        id: "cl.deps_loop",
        group: Group::ClientCode,
        title: "An effect runs again at each render",
        sentence: "The effect that opens the socket depends on an object or function that is new \
                   at each render.",
        in_page: "Sockets open and close again and again.",
        in_shell: "Many short connections from one address.",
        probe: "Count `new WebSocket` per second while nothing is touched.",
        fix: "Give the effect stable dependencies (`useMemo`, `useCallback`, or a text), or use \
              our hooks.",
        severity: Severity::Error,
        looks_like: &["cl.strictmode", "cl.reconnect_storm"],
        standing: Standing::Explained {
            why: "needs a page with such an effect",
        },
    },
    Cause {
        id: "cl.no_cleanup",
        group: Group::ClientCode,
        title: "Sockets are never closed",
        sentence: "A component opens a socket and does not close it when it goes.",
        in_page: "Every event is handled several times; in the end `Insufficient resources`.",
        in_shell: "The number of connections per user rises.",
        probe: "Count open sockets per user: `GET /api/v1/ws/stats`.",
        fix: "Return a function from the effect that closes the socket.",
        severity: Severity::Warning,
        looks_like: &["cl.many_hooks", "br.socket_limit"],
        standing: Standing::Explained {
            why: "needs a page with such a component",
        },
    },
    Cause {
        id: "cl.many_hooks",
        group: Group::ClientCode,
        title: "Each component has its own socket",
        sentence: "Several components each open a socket to the same address.",
        in_page: "N sockets per page, N times the events.",
        in_shell: "N connections from one user within a second.",
        probe: "Compare the number of sockets with the number of components.",
        fix: "Share one client for the page (`FrontdeskProvider`).",
        severity: Severity::Warning,
        looks_like: &["cl.no_cleanup", "ev.dup"],
        standing: Standing::Explained {
            why: "needs such a page",
        },
    },
    Cause {
        id: "cl.reconnect_storm",
        group: Group::ClientCode,
        title: "Reconnecting without a pause",
        sentence: "The client connects again at once and for ever, also after a code that says \
                   stop.",
        in_page: "Requests per second, then 429.",
        in_shell: "Attempts of one address per second in `/api/v1/ws/attempts`.",
        probe: "Look at the pauses between attempts, and at the codes before.",
        fix: "Back off with jitter and stop at codes from 4500 on. Our client does both.",
        severity: Severity::Error,
        looks_like: &["cap.rate_limit"],
        standing: Standing::Explained {
            why: "needs such a client",
        },
    },
    Cause {
        id: "cl.gave_up",
        group: Group::ClientCode,
        title: "The client stopped trying",
        sentence: "The client gave up after a number of attempts and does not come back when the \
                   server does.",
        in_page: "CLOSED, and no attempt in the network panel.",
        in_shell: "The server is well.",
        probe: "Reload the page: it works.",
        fix: "Try without an end, with a cap on the pause; stop only at codes from 4500 on.",
        severity: Severity::Warning,
        looks_like: &[],
        standing: Standing::Explained {
            why: "needs a client that gives up",
        },
    },
    Cause {
        id: "cl.send_early",
        group: Group::ClientCode,
        title: "Sent before it was open",
        sentence: "`send` was called while the socket was still connecting.",
        in_page: "\"Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.\"",
        in_shell: "Nothing.",
        probe: "The exception's stack names the line.",
        fix: "Send after `open`; on Frontdesk after the `welcome`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "an exception in the page; nothing reaches a server",
        },
    },
    Cause {
        id: "cl.close_code",
        group: Group::ClientCode,
        title: "A code that close() does not take",
        sentence: "`close` was called with a code or reason that the browser does not allow.",
        in_page: "\"The close code must be either 1000, or between 3000 and 4999\", or \"The \
                  close reason must not be greater than 123 UTF-8 bytes\".",
        in_shell: "Nothing.",
        probe: "The exception's stack names the line.",
        fix: "Use 1000 or 3000 to 4999, and a reason of at most 123 bytes.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "an exception in the page; nothing reaches a server",
        },
    },
    Cause {
        id: "cl.handler_late",
        group: Group::ClientCode,
        title: "The handler came too late",
        sentence: "`onmessage` is set after something was awaited, so the first frames found \
                   nobody.",
        in_page: "The welcome is missing now and then.",
        in_shell: "The frames were sent.",
        probe: "Log in the first line behind `new WebSocket`.",
        fix: "Set every handler in the same turn as `new WebSocket`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "needs a page with such code",
        },
    },
    Cause {
        id: "cl.node_no_global",
        group: Group::ClientCode,
        title: "This runtime has no WebSocket",
        sentence: "The runtime has no global `WebSocket`: Node has one from version 22 on.",
        in_page: "Never in a page.",
        in_shell: "`ReferenceError: WebSocket is not defined`.",
        probe: "`node --version`.",
        fix: "`import WebSocket from \"ws\"` and pass it: `createClient({ WebSocket, … })`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Explained {
            why: "covered by the client's own tests",
        },
    },
];
