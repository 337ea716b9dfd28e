//! The console of Chromium (Chrome, Edge, Electron), as measured.

use crate::explain::pattern::{Pattern, Tells, certain, likely, status, symptom, tells, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    // Nothing was answered.
    certain("ERR_CONNECTION_REFUSED", "net.refused"),
    certain("ERR_NAME_NOT_RESOLVED", "net.dns"),
    certain("ERR_UNSAFE_PORT", "url.invalid")
        .says("Browsers refuse to ask the port of {host}, whoever listens there.")
        .fix("Let the server listen on another port, such as 8000 (`--listen`), and change the URL."),
    certain("ERR_CONNECTION_TIMED_OUT|ERR_TIMED_OUT", "net.timeout"),
    likely("ERR_ADDRESS_UNREACHABLE", "net.timeout"),
    likely("WebSocket opening handshake timed out", "cap.loop_blocked")
        .says("{host} took the connection and never answered the handshake: the server hangs."),
    unsure("ERR_SOCKET_NOT_CONNECTED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_CONNECTION_CLOSED", "net.other_program")
        .says("{host} takes connections and hangs up without an answer."),
    unsure("Connection closed before receiving a handshake response", "tls.plain_port")
        .says("{host} took the connection and hung up before the handshake: it speaks TLS where the page does not, or it is another program."),
    certain("ERR_INVALID_HTTP_RESPONSE", "net.other_program")
        .says("What listens on {host} speaks no HTTP: it is another program."),
    certain("ERR_INTERNET_DISCONNECTED", "br.offline"),
    certain("ERR_NETWORK_CHANGED", "net.change"),
    likely("ERR_NETWORK_IO_SUSPENDED", "bg.mobile"),
    certain("ERR_TUNNEL_CONNECTION_FAILED|ERR_PROXY_CONNECTION_FAILED", "net.proxy_explicit"),
    // TLS.
    likely("ERR_CERT_AUTHORITY_INVALID", "tls.untrusted")
        .says("The certificate of {host} is not trusted by this browser: self-signed, or of an authority that it does not know."),
    certain("ERR_CERT_DATE_INVALID", "tls.expired"),
    certain("ERR_CERT_COMMON_NAME_INVALID", "tls.name"),
    likely("ERR_SSL_PROTOCOL_ERROR", "tls.plain_port")
        .says("{host} does not speak TLS, and the URL says wss or https."),
    certain("ERR_BAD_SSL_CLIENT_AUTH_CERT|ERR_SSL_CLIENT_AUTH_CERT_NEEDED", "tls.mtls"),
    certain("ERR_ALPN_NEGOTIATION_FAILED", "tls.alpn_h2_only"),
    // The browser's own rules.
    certain("An insecure WebSocket connection may not be initiated from a page loaded over HTTPS", "br.mixed"),
    certain("Mixed Content: The page at", "br.mixed"),
    certain(
        r#"(?:Connecting|Refused to connect) to '[^']*' (?:because it )?violates the following Content Security Policy directive: "(?P<name>[^"]*)""#,
        "br.csp",
    )
    .says("The page's own policy ({name}) blocks the connection to {host}."),
    certain("ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS|more-private address space|request to access the `(?:loopback|local|private)` address space", "br.lna"),
    certain("WebSocket connection to .*ERR_BLOCKED_BY_CLIENT", "br.extension"),
    unsure("ERR_BLOCKED_BY_CLIENT", "br.extension"),
    certain("WebSocket connection to .*(?:Insufficient resources|ERR_INSUFFICIENT_RESOURCES)", "br.socket_limit"),
    certain("Page entered Back-Forward Cache", "bg.bfcache"),
    // Arguments.
    certain("Failed to construct 'WebSocket': (?P<reason>The (?:URL|subprotocol).*)", "url.invalid")
        .says("`new WebSocket` refuses its arguments: {reason}"),
    certain("Still in CONNECTING state", "cl.send_early"),
    certain("The close code must be either 1000|The close reason must not be greater than 123", "cl.close_code"),
    likely("WebSocket is closed before the connection is established", "cl.strictmode"),
    // The handshake was answered.
    status("Unexpected response code: (?P<status>[0-9]{3})"),
    tells("HTTP Authentication failed; no valid credentials available", Tells::Status(401)),
    tells("ERR_UNEXPECTED_PROXY_AUTH", Tells::Status(407)),
    status(r"\b(?:GET|POST|PUT|PATCH|DELETE|OPTIONS) https?://\S+ (?:net::ERR_\w+ )?(?P<status>50[0234]|429|431)\b"),
    status("Failed to load resource: the server responded with a status of (?P<status>50[0234]|429|431)"),
    likely(r"https?://\S*token\S* (?:net::ERR_\w+ )?401 \(Unauthorized\)", "token.endpoint_unauth")
        .says("The token request is answered 401: nobody is signed in, or the session cookie stayed behind."),
    certain("'Sec-WebSocket-Protocol' header value '(?P<name>[^']*)' in response does not match", "ws.subprotocol")
        .says("The server chose the subprotocol `{name}`, which was not offered."),
    likely("Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received", "ws.subprotocol")
        .says("The page offered a subprotocol and the server named none, so the browser gave up."),
    certain("Response must not include 'Sec-WebSocket-Protocol' header if not present in request", "ws.subprotocol"),
    certain("Incorrect 'Sec-WebSocket-Accept' header value", "ws.accept_key"),
    likely("Error during WebSocket handshake: '(?:Upgrade|Connection)' header is missing", "proxy.no_upgrade"),
    certain("Found an unsupported extension '(?P<name>[^']*)'", "ws.extension")
        .says("The server answered with the extension `{name}`, which was not offered."),
    // Frames.
    unsure("Invalid frame header", "dev.two_handlers")
        .says("What came behind the handshake was no frame: two handlers answer, or something on the way changes bytes."),
    certain("One or more reserved bits are on", "ws.extension"),
    certain("A server must not mask any frames|Received a broken close frame", "ws.protocol_error"),
    certain("Could not decode a text frame as UTF-8", "ws.bad_utf8"),
    // CORS.
    certain("from origin 'null' has been blocked by CORS policy", "br.file_origin"),
    certain(r"blocked by CORS policy: .*must not be the wildcard '\*'", "cors.credentials_wildcard"),
    certain("blocked by CORS policy: .*'Access-Control-Allow-Credentials' header in the response is ''", "cors.credentials_wildcard")
        .says("The server answers without `Access-Control-Allow-Credentials: true`, which requests with cookies need."),
    certain("from origin '(?P<origin>[^']*)' has been blocked by CORS policy: .*that is not equal to the supplied origin", "cors.origin")
        .says("The server allows another origin than the page's, {origin}."),
    certain("blocked by CORS policy: Request header field (?P<name>\\S+) is not allowed", "cors.preflight")
        .says("The server does not allow the header `{name}` for requests from pages."),
    certain("blocked by CORS policy: Response to preflight request doesn't pass access control check: It does not have HTTP ok status", "cors.preflight"),
    certain("has been blocked by CORS policy: (?s:.*?)No 'Access-Control-Allow-Origin'(?s:.*?)(?:ERR_FAILED| )(?: |status of )50[0-9]", "cors.error_hides").over(4),
    likely("from origin '(?P<origin>[^']*)' has been blocked by CORS policy: .*No 'Access-Control-Allow-Origin' header", "cors.origin")
        .says("The server does not let pages of {origin} read its answers.")
        .fix("Add {origin} to `server.allowed_origins`, or open the page where it is allowed. First look at the status in the network panel: an error (500, 502) without CORS headers looks the same."),
    // What everybody sees.
    symptom("(?i)WebSocket connection to .* failed|websocket error|ERR_FAILED|isTrusted"),
];
