//! HAProxy, Caddy, Apache, Traefik, and tunnels.

use crate::explain::pattern::{Pattern, Tells, certain, likely, tells};

pub(super) const PATTERNS: &[Pattern] = &[
    // HAProxy: its two letters say who ended it, and in which state.
    certain(r"/<NOSRV> .* 503 .* SC--", "proxy.bad_gateway")
        .says("HAProxy has no server left for this backend: all are down.")
        .fix("Start the server and look at HAProxy's health checks: its log says which check fails and why."),
    certain(r"Server (?P<name>\S+) is DOWN, reason: (?P<reason>[^,]*)", "proxy.bad_gateway")
        .says("HAProxy counts the server {name} as down: {reason}."),
    certain(r"backend '?\S+?'? has no server available", "proxy.bad_gateway"),
    certain(r"\b101 [0-9]+ - - (?:sD|cD)(?:--|\S\S)", "idle.proxy")
        .says("HAProxy cut the socket because it was silent for as long as `timeout tunnel` (or `timeout client`, `timeout server`) allows.")
        .fix("Set `timeout tunnel 1h`, or let the server ping more often than the timeout."),
    certain("no free ports|Connect\\(\\) failed for backend .*: no free ports", "cap.ephemeral"),
    tells(r"\b101 [0-9]+ - - ----", Tells::Works),
    // Caddy and Traefik, in the words of Go.
    certain(r"(?:reverse_proxy|http\.log\.error|502 Bad Gateway|traefik|aborting with incomplete).*dial tcp (?P<host>\S+?): connect: connection refused", "proxy.bad_gateway")
        .says("The proxy does not reach the server at {host}: nothing listens there.")
        .fix("Start the backend on that address, or correct the proxy's upstream."),
    certain(r"(?:reverse_proxy|http\.log\.error|502 Bad Gateway).*dial tcp: lookup (?P<host>\S+)", "net.dns"),
    certain(r"dial tcp (?P<host>\S+?): connect: connection refused", "net.refused"),
    certain(r"dial tcp: lookup (?P<host>[\w.\-]+)(?: on \S+)?: no such host", "net.dns"),
    certain(r"dial tcp (?P<host>\S+?): i/o timeout", "net.timeout"),
    certain("x509: certificate signed by unknown authority", "tls.untrusted"),
    certain("x509: certificate has expired", "tls.expired"),
    certain("x509: certificate is valid for", "tls.name"),
    certain("first record does not look like a TLS handshake|server gave HTTP response to HTTPS client", "tls.plain_port"),
    // Apache.
    certain(r"AH00957: .*attempt to connect to (?P<name>\S+) .*failed|AH01114: .*failed to make connection to backend: (?P<host>\S+)", "proxy.bad_gateway")
        .says("Apache does not reach the server behind it: nothing listens there."),
    certain("AH00898: .*DNS lookup failure for: (?P<host>\\S+)|DNS lookup failure for: (?P<name>\\S+)", "net.dns"),
    likely("No protocol handler was valid for the URL", "proxy.no_ws_support")
        .says("Apache has no module that passes this address on.")
        .fix("`a2enmod proxy proxy_http proxy_wstunnel`, and restart Apache."),
    // Tunnels.
    certain("ERR_NGROK_8012|failed to dial .*ngrok|Unable to reach the origin service", "proxy.bad_gateway")
        .says("The tunnel does not reach the server on this machine: nothing listens on the port that it was given."),
];
