//! Causes: drops after open.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "idle.proxy",
        group: Group::Drops,
        title: "An idle timeout on the way",
        sentence: "Something on the way closes connections that are silent for a while, and this \
                   one was.",
        in_page: "1006 without `error`, after a round number of silent seconds: 30, 60, 100, 230, \
                  300, 350, 600.",
        in_shell: "The connection ends after the same silence, with a FIN and no close frame.",
        probe: "Hold a silent socket and note the second of its death: 60 s is nginx or an AWS \
                balancer, 100 s Cloudflare, 350 s an AWS network balancer.",
        fix: "Raise the proxy's timeout (nginx: `proxy_read_timeout 75s;`) or let the server ping \
              more often (`socket.heartbeat_seconds`, 25 by default).",
        severity: Severity::Error,
        looks_like: &["net.change", "life.max", "srv.crash"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "idle.nopong",
        group: Group::Drops,
        title: "A ping stayed unanswered",
        sentence: "One side sent a ping and got no answer in time: the other is gone, frozen, or \
                   its event loop is blocked.",
        in_page: "Closes with 4003 (`no_pong`); uvicorn and other Python servers close with 1011 \
                  \"keepalive ping timeout\".",
        in_shell: "The log has the line.",
        probe: "Look whether the peer was busy or gone at that second: its own log, its CPU.",
        fix: "It reconnects by itself. If it repeats: unblock the event loop (no blocking calls \
              in handlers), and look at the network.",
        severity: Severity::Error,
        looks_like: &["net.change", "cap.loop_blocked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "life.max",
        group: Group::Drops,
        title: "A maximum age",
        sentence: "A gateway ends every connection at a fixed age, however busy.",
        in_page: "1006 at the same age each time (30 s, one hour, two hours), also under traffic.",
        in_shell: "The same with traffic.",
        probe: "Hold a socket with traffic and note its age at the end.",
        fix: "Nothing at the client: it reconnects and resumes. Raise the gateway's timeout if it \
              is short.",
        severity: Severity::Warning,
        looks_like: &["idle.proxy"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.deploy",
        group: Group::Drops,
        title: "The server is being restarted",
        sentence: "The server restarts: a deploy, a reload after a saved file, or a stop.",
        in_page: "Closes with 4001 (`server_restarting`), 1001 or 1012, for many clients at once; \
                  then a new `boot_id` in the welcome.",
        in_shell: "503 with `Retry-After` for new connections, while the old ones end.",
        probe: "Compare `boot_id` in the welcome before and after.",
        fix: "Nothing: clients reconnect after `retry_after_ms` and resume. `--reload` does this \
              at each saved file.",
        severity: Severity::Info,
        looks_like: &["srv.crash"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.crash",
        group: Group::Drops,
        title: "The server met an error of its own",
        sentence: "The server's handler failed after the socket was open, or the whole process \
                   died.",
        in_page: "Closes with 4000 (`internal_error`) or 1011; 1006 if the process died.",
        in_shell: "The log has the error; a new `boot_id` tells that the process died.",
        probe: "Read the server's log at that second.",
        fix: "Mend what the log names. Clients reconnect by themselves.",
        severity: Severity::Error,
        looks_like: &["cap.memory", "net.change", "srv.deploy"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.slow_consumer",
        group: Group::Drops,
        title: "The client reads too slowly",
        sentence: "The client did not read as fast as events came, and its outbox was full.",
        in_page: "Closes with 4002 (`too_slow`); 1006 where the page reads nothing for 5 s more, \
                  as the server then lets go. Foreign servers use 1008 or 1013.",
        in_shell: "`outbox_bytes` grows in `/api/v1/ws/stats` before the end; `closes` counts 4002 \
                   after it.",
        probe: "Look at the client's CPU: a handler that takes long for each event, or a tab in \
                the background.",
        fix: "Nothing is lost: it resumes from the log. Do less in each handler, or subscribe to \
              less.",
        severity: Severity::Warning,
        looks_like: &["cap.loop_blocked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.replaced",
        group: Group::Drops,
        title: "Another tab took the place",
        sentence: "The server allows one socket per user, and a second one closes the first: two \
                   tabs throw each other out for ever.",
        in_page: "Closes with a code such as 4000 or 4409 \"replaced\", in turns in both tabs.",
        in_shell: "The log shows the two in turns.",
        probe: "Close all tabs but one.",
        fix: "Allow several sockets per user; otherwise use a code that the client does not \
              retry. Frontdesk allows `socket.per_user_max`, 20.",
        severity: Severity::Error,
        looks_like: &["cap.per_user"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.token_expired_live",
        group: Group::Drops,
        title: "The token ran out on a live socket",
        sentence: "The socket was open longer than its token lives, and nobody refreshed it.",
        in_page: "Closes with 4100 (`token_expired`) about five minutes after the welcome.",
        in_shell: "The same.",
        probe: "Compare the age of the socket with `expires_at` in the welcome.",
        fix: "Send `{\"type\":\"refresh\",\"token\":…}` before `expires_at`; our client does.",
        severity: Severity::Warning,
        looks_like: &["auth.expired"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.revoke",
        group: Group::Drops,
        title: "Permissions changed",
        sentence: "The account's session or role was changed, so its sockets are closed and open \
                   anew with today's permissions.",
        in_page: "Closes with 4006 (`role_changed`), 4505 or 4506.",
        in_shell: "The same.",
        probe: "The reason says what changed.",
        fix: "Connect again; the welcome shows the new role. After a sign-out, log in.",
        severity: Severity::Info,
        looks_like: &["auth.revoked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.kick",
        group: Group::Drops,
        title: "An admin ended the connection",
        sentence: "A person ended this connection on purpose.",
        in_page: "Closes with 4001 (`server_restarting`), whose reason says that an admin did it; \
                  others have a code of their own.",
        in_shell: "The same.",
        probe: "Ask the admins, or read the log: ours has `a connection was closed` with the \
                admin's id.",
        fix: "Nothing: the client comes back by itself and catches up. Whoever is to stay away \
              needs the session ended or the account disabled.",
        severity: Severity::Info,
        looks_like: &["srv.revoke", "srv.deploy"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "srv.closed",
        group: Group::Drops,
        title: "The server closed with a code of its own",
        sentence: "The server ended the connection with a code that is not in our list.",
        in_page: "Closes with that code and reason, cleanly.",
        in_shell: "The same.",
        probe: "Read the reason, then the documentation of the program that sent it.",
        fix: "The program that sent the code knows what it means; 4000 to 4999 are private codes \
              of each application.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "bg.throttle",
        group: Group::Drops,
        title: "Timers stand still in a hidden tab",
        sentence: "The client's heartbeat runs on timers, and browsers run timers of hidden tabs \
                   once a minute or less.",
        in_page: "Drops after some minutes in the background, and only there.",
        in_shell: "Nothing.",
        probe: "Note `document.visibilityState` at the close.",
        fix: "Let the server ping (ours does) and let no client timer decide on liveness.",
        severity: Severity::Warning,
        looks_like: &["idle.proxy", "idle.nopong"],
        standing: Standing::Explained {
            why: "needs a browser and minutes of a hidden tab",
        },
    },
    Cause {
        id: "bg.mobile",
        group: Group::Drops,
        title: "The phone slept",
        sentence: "The phone locked or froze the page: the connection is dead and the socket \
                   still says OPEN.",
        in_page: "OPEN and silent after waking up; sends vanish.",
        in_shell: "Nothing.",
        probe: "Compare two clocks: a jump between two ticks of a timer is a sleep.",
        fix: "On `visibilitychange` and `pageshow`, ping once and reconnect if nothing comes. Our \
              client does.",
        severity: Severity::Warning,
        looks_like: &["net.change", "bg.bfcache"],
        standing: Standing::Explained {
            why: "needs a phone",
        },
    },
    Cause {
        id: "bg.bfcache",
        group: Group::Drops,
        title: "The page was frozen",
        sentence: "The browser froze the page or put it into its back/forward cache, and takes \
                   the socket at resume.",
        in_page: "`resume` or `pageshow` with `persisted`, then `error` and 1006, whatever the \
                  length of the freeze.",
        in_shell: "The server sees 1001 at that moment.",
        probe: "Record `freeze`, `resume`, `pagehide` and `pageshow` beside the close.",
        fix: "Close in `pagehide` and `freeze` and open again in `pageshow`; our client does.",
        severity: Severity::Info,
        looks_like: &["bg.mobile", "ws.extension"],
        standing: Standing::Explained {
            why: "needs a browser that freezes pages",
        },
    },
    Cause {
        id: "bg.navigate",
        group: Group::Drops,
        title: "The page was left",
        sentence: "The page was closed, reloaded or left: the browser ends its sockets with 1001.",
        in_page: "1001, or nothing, because the page is gone.",
        in_shell: "The server's log has 1001.",
        probe: "Many single ones through the day are people; many at one second are not.",
        fix: "Nothing: this is no fault.",
        severity: Severity::Info,
        looks_like: &["srv.deploy"],
        standing: Standing::Explained {
            why: "only a page can leave itself; it is no fault, and the doctor is no page",
        },
    },
];
