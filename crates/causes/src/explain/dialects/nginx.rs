//! nginx: its error log, and the access log that others write alike.

use crate::explain::pattern::{Pattern, Tells, certain, likely, status, tells, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    certain(r#"connect\(\) failed \(111: Connection refused\) while connecting to upstream.*upstream: "(?P<name>[^"]+)""#, "proxy.bad_gateway")
        .says("nginx does not reach the server at {name}: nothing listens there.")
        .fix("Start the backend on that address, or correct `proxy_pass`."),
    certain(r#"connect\(\) failed \(11[30]: [^)]*\) while connecting to upstream.*upstream: "(?P<name>[^"]+)""#, "proxy.bad_gateway")
        .says("nginx does not reach the machine of {name}."),
    certain(r#"upstream timed out \(110: [^)]*\) while connecting to upstream.*upstream: "(?P<name>[^"]+)""#, "proxy.bad_gateway")
        .says("nginx gets no answer from the machine of {name}."),
    certain(r"upstream timed out \(110: [^)]*\) while (?:proxying upgraded connection|reading upstream)", "idle.proxy")
        .says("nginx cut the socket because the server was silent for as long as `proxy_read_timeout` (60 s unless set).")
        .fix("Raise `proxy_read_timeout` in that location, or let the server ping more often than that."),
    certain(r"upstream timed out \(110: [^)]*\) while reading response header", "cap.loop_blocked")
        .says("nginx passed the handshake on, and the server did not answer within `proxy_read_timeout`: it hangs."),
    unsure(r"upstream prematurely closed connection while reading response header", "srv.crash")
        .says("The server hung up on nginx without an answer."),
    certain("no live upstreams while connecting to upstream", "proxy.bad_gateway"),
    certain(r#"host not found in upstream "(?P<host>[^"]+)"|(?P<name>\S+) could not be resolved \(\d+: Host not found\)"#, "net.dns"),
    certain("client sent plain HTTP request to HTTPS port|The plain HTTP request was sent to HTTPS port", "tls.plain_port"),
    certain(r"SSL_do_handshake\(\) failed .*wrong version number.*while SSL handshaking to upstream", "tls.plain_port")
        .says("nginx speaks TLS to the server behind it, which speaks plain HTTP.")
        .fix("Write `http://` instead of `https://` in `proxy_pass`."),
    certain("upstream SSL certificate verify error", "tls.untrusted"),
    certain("client sent too (?:long|large) (?:header|request|URI)|client sent too long (?:header line|URI)|request header or cookie too large", "http.header_size"),
    certain("worker_connections are not enough", "cap.max_conn")
        .says("nginx has as many connections as `worker_connections` allows; a socket takes two.")
        .fix("Raise `worker_connections` (and `worker_rlimit_nofile`) in nginx.conf."),
    certain(r"limiting (?:requests|connections)[, ].*zone|limiting requests, excess", "cap.rate_limit")
        .says("nginx limits requests or connections of this address (`limit_req`, `limit_conn`)."),
    certain("Cannot assign requested address.* while connecting to upstream", "cap.ephemeral"),
    certain("access forbidden by rule", "proxy.waf").says("A rule of nginx (`deny`) refuses this address."),
    certain("no user/password was provided for basic authentication", "proxy.auth_layer"),
    likely(r#"open\(\) "[^"]*" failed \(2: No such file or directory\).*request: "GET (?P<name>/(?:api|ws|socket\.io|cable|live)[^" ?]*)"#, "url.spa_fallback")
        .says("nginx looks for {name} among its files instead of passing it to the server.")
        .fix("Add a location for it with `proxy_pass`, before the one that serves files."),
    tells(r#""GET [^"]*" 101 "#, Tells::Works),
    status(r#""GET /\S*(?:\bws\b|websocket|socket\.io|/chat/|/live|cable)\S* HTTP/[0-9.]+" (?P<status>4[0-9]{2}|5[0-9]{2}|30[1278]|200) [0-9-]+ "#),
    status(r#"HTTP/1\.0" (?P<status>426)\b"#),
];
