//! Causes: capacity.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "cap.fd",
        group: Group::Capacity,
        title: "Out of file descriptors",
        sentence: "The server has no file descriptor left, so it cannot take connections; they \
                   wait in the backlog.",
        in_page: "CONNECTING without an end.",
        in_shell: "Connected, and not a byte comes. The log says \"Too many open files\" (EMFILE).",
        probe: "Compare `ls /proc/<pid>/fd | wc -l` with `/proc/<pid>/limits`.",
        fix: "Raise the limit (systemd: `LimitNOFILE=65536`; shell: `ulimit -n`). Frontdesk warns \
              at start when it is low.",
        severity: Severity::Error,
        looks_like: &["cap.loop_blocked", "cap.backlog"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.ephemeral",
        group: Group::Capacity,
        title: "The proxy runs out of ports",
        sentence: "The proxy has no local port left for another connection to this one upstream \
                   address, about 28,000 per pair.",
        in_page: "1006 with 502.",
        in_shell: "\"cannot assign requested address\" (EADDRNOTAVAIL), haproxy \"no free ports\".",
        probe: "Count connections from the proxy to the upstream: `ss -tn state established dst \
                <upstream> | wc -l`.",
        fix: "Give the upstream more addresses, use a Unix socket, or widen \
              `net.ipv4.ip_local_port_range`.",
        severity: Severity::Error,
        looks_like: &["proxy.bad_gateway"],
        standing: Standing::Explained {
            why: "needs some 28,000 connections",
        },
    },
    Cause {
        id: "cap.conntrack",
        group: Group::Capacity,
        title: "The connection table is full",
        sentence: "The kernel's or router's table of tracked connections is full, so new ones are \
                   dropped.",
        in_page: "CONNECTING without an end, for everybody.",
        in_shell: "Timeouts; the kernel log says \"nf_conntrack: table full, dropping packet\".",
        probe: "`sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max`.",
        fix: "Raise `net.netfilter.nf_conntrack_max`, or do not track this port.",
        severity: Severity::Error,
        looks_like: &["net.timeout", "cap.backlog"],
        standing: Standing::Explained {
            why: "needs root and a full kernel table",
        },
    },
    Cause {
        id: "cap.backlog",
        group: Group::Capacity,
        title: "The queue of new connections is full",
        sentence: "More connections arrive than the server takes in, and the kernel drops the \
                   rest.",
        in_page: "CONNECTING for seconds under load, then it works.",
        in_shell: "SYNs are answered late or not at all. `nstat -az TcpExtListenOverflows` rises.",
        probe: "Look at `ss -ltn`: Recv-Q as large as Send-Q.",
        fix: "Raise `net.core.somaxconn`, and spread reconnects over time (ours carry a jitter).",
        severity: Severity::Error,
        looks_like: &["net.timeout", "cap.fd", "cap.loop_blocked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.max_conn",
        group: Group::Capacity,
        title: "As many connections as allowed",
        sentence: "The server has as many connections as it may have.",
        in_page: "Closes with 4005 (`overloaded`) or 1013; or 503 before the handshake.",
        in_shell: "503 with `Retry-After`.",
        probe: "The reason or the body names the limit.",
        fix: "Wait as long as `Retry-After` says; raise the limit or add a node.",
        severity: Severity::Error,
        looks_like: &["srv.deploy"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.per_user",
        group: Group::Capacity,
        title: "Too many sockets of one account",
        sentence: "This account has as many sockets open as are allowed.",
        in_page: "Closes with 4007 (`too_many_connections`), whose reason names the number.",
        in_shell: "The same.",
        probe: "Count the account's tabs and devices; a number that rises is a leak.",
        fix: "Close other tabs, mend the leak, or raise `socket.per_user_max`.",
        severity: Severity::Error,
        looks_like: &["cl.no_cleanup", "srv.replaced"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.rate_limit",
        group: Group::Capacity,
        title: "Too much in too short a time",
        sentence: "The client asks or sends more often than it may.",
        in_page: "Error `rate_limited` on a command, then 4004; or 429 before the handshake.",
        in_shell: "429 with `Retry-After`.",
        probe: "The detail names the limit and the time.",
        fix: "Wait as long as it says and send more slowly: `limits.messages_per_second` in the \
              welcome.",
        severity: Severity::Error,
        looks_like: &["cap.rate_limit_ip", "cl.reconnect_storm"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.rate_limit_ip",
        group: Group::Capacity,
        title: "All users share one address",
        sentence: "The limit counts addresses, and behind the proxy every user has the proxy's: \
                   all share one limit.",
        in_page: "429 for everybody, also for people who did nothing.",
        in_shell: "`/api/v1/diagnose` shows the proxy's address as the caller's.",
        probe: "Compare `address` in `/api/v1/diagnose` with the machine's own.",
        fix: "Name the proxy in `server.trusted_proxies` and let it send `X-Forwarded-For`.",
        severity: Severity::Error,
        looks_like: &["cap.rate_limit", "proxy.waf"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.db_pool",
        group: Group::Capacity,
        title: "Each socket holds a database connection",
        sentence: "Each socket keeps a connection of the database pool, so after some fifteen \
                   everything waits.",
        in_page: "The first sockets work, then all hang, while `/health` is green.",
        in_shell: "Works up to a number, then hangs; \"QueuePool limit of size 5 overflow 10 \
                   reached\".",
        probe: "Open sockets one by one and note the number at which it stops.",
        fix: "Give the connection back after authentication. Frontdesk holds none for a socket.",
        severity: Severity::Error,
        looks_like: &["cap.loop_blocked"],
        standing: Standing::Explained {
            why: "needs another server that keeps a database connection for each socket; ours keeps none",
        },
    },
    Cause {
        id: "cap.sqlite_busy",
        group: Group::Capacity,
        title: "The database is locked",
        sentence: "Another process holds SQLite's write lock, so writes wait or fail.",
        in_page: "Commands answer late, or with `unavailable`.",
        in_shell: "\"database is locked\" (SQLITE_BUSY) in the log.",
        probe: "Look who has the file open: `fuser frontdesk-data/*.db`.",
        fix: "Let one process write; close the shell or the backup that holds the lock.",
        severity: Severity::Error,
        looks_like: &["cap.loop_blocked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.loop_blocked",
        group: Group::Capacity,
        title: "The server hangs",
        sentence: "The server's event loop is blocked by a call that does not give way: everybody \
                   waits.",
        in_page: "CONNECTING, or silence on open sockets, for all at once.",
        in_shell: "Connections are taken and nothing is answered; `/healthz` hangs as well.",
        probe: "Time `/healthz` a few times; look at the process: one core at 100 %, or a stack \
                that waits.",
        fix: "Take blocking calls out of handlers (a thread, `run_in_executor`, `spawn_blocking`).",
        severity: Severity::Error,
        looks_like: &["net.timeout", "cap.fd", "cap.db_pool"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cap.memory",
        group: Group::Capacity,
        title: "The kernel ended the process",
        sentence: "The process took more memory than it may, and the kernel ended it.",
        in_page: "1006 for everybody at once.",
        in_shell: "Exit 137; `dmesg` says \"Out of memory: Killed process\".",
        probe: "`journalctl -k | grep -i oom`, or the container's exit code.",
        fix: "Raise the limit, or lower what grows: `socket.outbox_max_bytes`, the number of \
              connections.",
        severity: Severity::Error,
        looks_like: &["srv.crash"],
        standing: Standing::Explained {
            why: "needs a memory limit on a process",
        },
    },
];
