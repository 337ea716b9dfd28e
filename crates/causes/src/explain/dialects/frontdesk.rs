//! Our own server, client and doctor.

use crate::explain::pattern::{Pattern, Tells, certain, likely, tells};

pub(super) const PATTERNS: &[Pattern] = &[
    // The server's log, as text and as JSON.
    tells(
        r#"a (?:refused )?socket (?:was refused|went before its welcome|closed|is gone).*?code"?[=:]\s*(?P<code>[0-9]{3,4}).*?reason"?[=:]\s*"?(?P<reason>[^"]*)"#,
        Tells::Attempt,
    ),
    // What is on the wire.
    tells(
        r#""type":\s*"goodbye".*?"code":\s*(?P<code>[0-9]{4}),\s*"reason":\s*"(?P<reason>[^"]*)""#,
        Tells::Close,
    ),
    tells(
        r#"urn:frontdesk:problem:(?P<word>[a-z_]+)(?:.*?"detail":\s*"(?P<reason>[^"]*)")?"#,
        Tells::Problem,
    ),
    tells(
        r#""reason":\s*"(?P<word>[a-z_]+): (?P<reason>[^"]*)""#,
        Tells::Problem,
    ),
    // A finding of the doctor, a diagnosis of the client, or `cause` of /connect-check.
    tells(
        r#""(?:id|cause)":\s*"(?P<id>[a-z]+\.[a-z0-9_]+)""#,
        Tells::Id,
    ),
    // The client's line in the console: a sentence and the next step.
    certain(
        r"Nothing is listening on (?P<host>[\w.:\[\]\-]+): the backend is not running",
        "net.refused",
    ),
    likely(
        r"(?P<host>[\w.:\[\]\-]+) does not answer: connections are taken, or dropped on the way",
        "net.timeout",
    ),
    certain(
        r"(?P<host>[\w.:\[\]\-]+) answers, but it is not Frontdesk",
        "net.other_program",
    )
    .says("{host} answers, but it is not the backend: another program has the port."),
    certain(
        "The token is `(?P<word>[^`]*)`, a placeholder",
        "auth.placeholder",
    )
    .says("The token is `{word}`, a placeholder and no token."),
    certain(
        "A proxy on the way takes from the handshake what makes it one.*HTTP/1.0, websocket",
        "proxy.http10",
    ),
    certain(
        "A proxy on the way takes from the handshake what makes it one",
        "proxy.no_upgrade",
    ),
    certain(
        r"This page's own policy \((?P<name>[^)]*)\) blocks",
        "br.csp",
    ),
    certain("Nobody is signed in on this page", "token.endpoint_unauth"),
    certain(
        r"The server does not let pages of (?P<origin>\S+) ask it",
        "cors.origin",
    )
    .says("The server does not let pages of {origin} ask it."),
    likely(
        "to the browser \\S+ and \\S+ are two sites",
        "cookie.samesite",
    ),
    certain("has a hole: a variable had no value", "url.undefined"),
    certain(
        "This page came over https, so the browser does not let it ask",
        "br.mixed",
    ),
    // The start.
    certain(
        r"cannot listen on (?P<host>\S+?)[:,]? .*(?:in use|already)",
        "net.other_program",
    )
    .says("The server could not start: another program listens on {host} already.")
    .fix("`ss -ltnp` names it. Stop it, or start with `--listen 127.0.0.1:8001`."),
    certain(
        "the store did not answer|the database does not answer",
        "ev.bus_down",
    )
    .says("The server runs, but its database does not answer."),
    tells(r#""type":\s*"welcome"|state connected"#, Tells::Works),
];
