//! Node and what runs on it: `ws`, Vite, webpack's dev server, Next.js, Socket.IO.

use crate::explain::pattern::{Pattern, certain, likely, status, symptom, unsure};

const START_TARGET: &str = "Start the backend and look which address it prints; then ask that address past the dev server. If it runs, write `http://127.0.0.1:<port>` instead of localhost as `target` in `vite.config`.";

const NO_TARGET: &str =
    "The dev server cannot reach its target ({host}): the backend is not running there.";

pub(super) const PATTERNS: &[Pattern] = &[
    // Dev servers that pass requests on.
    certain("proxy error(?s:.*?)connect ECONNREFUSED (?P<host>[\\[\\w.:\\]]+:[0-9]+)", "dev.vite_target_down")
        .over(8)
        .says(NO_TARGET)
        .fix(START_TARGET),
    certain("proxy error(?s:.*?)(?:ECONNREFUSED|ENOTFOUND|ECONNRESET|EHOSTUNREACH)(?:[ \\]:]+(?P<host>[\\[\\w.:\\]]*:[0-9]+))?", "dev.vite_target_down")
        .over(4)
        .says(NO_TARGET)
        .fix(START_TARGET),
    certain("proxy error(?s:.*?)(?:self[- ]signed certificate|unable to verify the first certificate|DEPTH_ZERO_SELF_SIGNED_CERT)", "dev.vite_tls").over(4),
    likely("proxy error(?s:.*?)socket hang up", "dev.vite_target_down").over(4).fix(START_TARGET),
    certain(r"Could not proxy request \S+ from \S+ to (?P<host>\S+)|\[HPM\] Error occurred while (?:trying to )?proxy(?:ing)?.*(?:ECONNREFUSED|ECONNRESET)|Failed to proxy (?P<name>\S+)", "dev.vite_target_down")
        .says("The dev server cannot reach its target: the backend is not running there.")
        .fix(START_TARGET),
    symptom("(?i)(?:ws|http) proxy (?:socket )?error"),
    certain(r#"Blocked request\. This host \(?"(?P<name>[^"]+)"\)? is not allowed"#, "host.denied")
        .says("Vite refuses the host name `{name}`.")
        .fix("Add the name to `server.allowedHosts` (or `preview.allowedHosts`) in `vite.config`."),
    certain("Invalid Host header|Invalid Host/Origin header", "host.denied"),
    // The errors of the system, as Node writes them.
    certain(r"connect ECONNREFUSED (?P<host>[\w.:\[\]]+:[0-9]+)", "net.refused"),
    likely("ECONNREFUSED", "net.refused"),
    certain(r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>[\w.\-]+)", "net.dns"),
    certain(r"connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?P<host>[\w.:\[\]]+)", "net.timeout"),
    unsure("ECONNRESET|socket hang up|EPIPE", "net.change")
        .says("The other side cut the connection with {host}, and this line does not say why."),
    certain(r"EADDRINUSE:? (?:address already in use )?(?P<host>\S+)", "net.other_program")
        .says("A server could not start: another program listens on {host} already.")
        .fix("`ss -ltnp` names it. Stop it, or start the server on another port and change the URL."),
    // TLS, as OpenSSL says it.
    certain("CERT_HAS_EXPIRED|certificate has expired", "tls.expired"),
    certain("ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|no alternative certificate subject name|Hostname mismatch, certificate is not valid", "tls.name"),
    likely("UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate|[Uu]nable to get local issuer certificate|UNABLE_TO_GET_ISSUER_CERT", "tls.chain"),
    certain("DEPTH_ZERO_SELF_SIGNED_CERT|[Ss]elf[- ][Ss]igned certificate", "tls.untrusted"),
    certain("wrong version number|WRONG_VERSION_NUMBER|packet length too long", "tls.plain_port"),
    certain("tlsv13 alert certificate required|alert certificate required|No required SSL certificate was sent", "tls.mtls"),
    certain("no application protocol|NO_APPLICATION_PROTOCOL", "tls.alpn_h2_only"),
    certain("HPE_INVALID_\\w+|Parse Error: Expected HTTP/|did not receive a valid HTTP response", "net.other_program")
        .says("What listens on {host} speaks no HTTP: it is another program."),
    // The library `ws`.
    status("Unexpected server response: (?P<status>[0-9]{3})"),
    certain("Invalid WebSocket frame: RSV[123] must be clear", "ws.extension"),
    certain("Invalid WebSocket frame: invalid UTF-8 sequence", "ws.bad_utf8"),
    certain("Max payload size exceeded", "ws.too_big"),
    certain("Invalid WebSocket frame", "ws.protocol_error"),
    certain("Server sent (?:an invalid|no|a) subprotocol", "ws.subprotocol"),
    certain("Invalid Sec-WebSocket-Accept header", "ws.accept_key"),
    likely("Invalid Upgrade header", "proxy.no_upgrade"),
    likely("Opening handshake has timed out|timed out during opening handshake", "cap.loop_blocked")
        .says("{host} took the connection and never answered the handshake: the server hangs."),
    certain("ReferenceError: WebSocket is not defined", "cl.node_no_global"),
    unsure("WebSocket was closed before the connection was established", "cl.strictmode")
        .says("The program's own code closed the socket while it was connecting."),
    certain(r"MaxListenersExceededWarning.*\[?(?:WebSocket|upgrade)", "cl.no_cleanup"),
    // Socket.IO.
    certain("Session ID unknown", "proxy.sticky"),
    certain("Unsupported protocol version", "ws.version_skew")
        .says("Client and server of Socket.IO are of different major versions.")
        .fix("Install the same major version on both sides, or set `allowEIO3: true` on the server for old clients."),
    certain("Invalid namespace", "url.path")
        .says("The server has no such namespace of Socket.IO.")
        .fix("Use a namespace that the server declares with `io.of(…)`; the path of the URL is the namespace."),
    certain("disconnect(?:ed)?:? .*ping timeout", "idle.nopong"),
    likely("io server disconnect", "srv.kick"),
    symptom("xhr poll error|connect_error|transport (?:close|error)|websocket error"),
];
