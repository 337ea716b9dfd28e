//! What the system, databases and containers say of a server that has too little of something.

use crate::explain::pattern::{Pattern, certain, likely};

pub(super) const PATTERNS: &[Pattern] = &[
    certain(r"Too many open files|\bEMFILE\b|\bENFILE\b", "cap.fd"),
    certain("database is locked|SQLITE_BUSY|database table is locked", "cap.sqlite_busy"),
    certain("nf_conntrack: (?:nf_conntrack: )?table full", "cap.conntrack"),
    certain("Out of memory: Killed process|OOMKilled|oom-kill:|JavaScript heap out of memory", "cap.memory"),
    likely(r"exited with code 137|exit code 137|signal: 9 \(SIGKILL\)", "cap.memory"),
    certain("possible SYN flooding on port", "cap.backlog"),
    certain(r"\[Errno 98\].*[Aa]ddress already in use|[Aa]ddress already in use \(os error 98\)|address already in use$", "net.other_program")
        .says("The server could not start: another program listens on its port already.")
        .fix("`ss -ltnp` names it. Stop it, or start the server on another port and change the URL."),
    certain("remaining connection slots|sorry, too many clients already", "cap.db_pool"),
];
