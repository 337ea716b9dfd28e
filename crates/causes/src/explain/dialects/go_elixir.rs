//! Centrifugo and Phoenix.

use crate::explain::pattern::{Pattern, Tells, certain, likely, tells, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    // Centrifugo.
    certain(r#"request Origin \\?"(?P<origin>[^"\\]+)\\?" is not authorized|origin is not authorized"#, "origin.denied")
        .says("Centrifugo refuses the page's origin: it is not in `allowed_origins`.")
        .fix("Add the page's origin, scheme and port included, to `client.allowed_origins` of Centrifugo."),
    certain(r"invalid connection token.*token is expired|token is expired", "auth.expired"),
    certain(r"invalid connection token.*signature", "auth.signature"),
    certain(r"error parsing token|invalid connection token.*(?:malformed|wrong)", "auth.malformed"),
    unsure(r#"(?:"code":\s*|code[:= ]+|\()3500\b|disconnect.*invalid token"#, "auth.claim")
        .says("Centrifugo refused the token (3500, invalid token) and does not tell the client what is wrong with it."),
    certain(r#"(?:"code":\s*|code[:= ]+)3008\b|disconnect.*\bslow\b"#, "srv.slow_consumer"),
    certain(r#"(?:"code":\s*|code[:= ]+)3012\b|disconnect.*no pong"#, "idle.nopong"),
    certain(r#"(?:"code":\s*|code[:= ]+)3005\b|disconnect.*connection expired"#, "srv.token_expired_live"),
    certain(r#"(?:"code":\s*|code[:= ]+)3001\b"#, "srv.deploy"),
    certain(r#"(?:"code":\s*|code[:= ]+)3504\b|disconnect.*connection limit"#, "cap.max_conn"),
    certain(r#"(?:"code":\s*|code[:= ]+)109\b.*token expired"#, "auth.expired"),
    // Phoenix.
    certain("Could not check origin for Phoenix.Socket transport", "origin.denied")
        .says("Phoenix refuses the page's origin: its `check_origin` does not know it.")
        .fix("Add the origin to `check_origin:` of the endpoint, or correct `url: [host: …]`; behind a proxy let it pass `Host` on."),
    likely(r"REFUSED CONNECTION TO (?P<name>\S+)", "auth.hidden_403")
        .says("`connect/3` of {name} answered `:error`, so the browser sees 1006 and no reason."),
    certain(r"no route found for GET (?P<name>/\S+)", "url.path").says("Phoenix has no route for {name}.")
        .fix("A socket declared at `/socket` is opened at `/socket/websocket`: correct the URL or the endpoint."),
    certain(r#"Ignoring unmatched topic "(?P<name>[^"]*)""#, "ev.not_subscribed")
        .says("Phoenix knows no channel for the topic `{name}`."),
    tells(r"CONNECTED TO \S+", Tells::Works),
];
