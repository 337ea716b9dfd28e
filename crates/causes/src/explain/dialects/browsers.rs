//! The consoles of Firefox and Safari.

use crate::explain::pattern::{Pattern, certain, likely, status, symptom, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    // Firefox says the same of everything that fails before the open.
    symptom("Firefox can.t establish a connection to the server at"),
    certain("was interrupted while the page was loading", "bg.navigate"),
    certain("Cross-Origin Request Blocked: .*Access-Control-Allow-Origin.{1,3} missing.*Status code: 5[0-9]{2}", "cors.error_hides"),
    likely("Cross-Origin Request Blocked: .*Access-Control-Allow-Origin.{1,3} missing", "cors.origin"),
    certain("Cross-Origin Request Blocked: .*Access-Control-Allow-Origin.{1,3} does not match", "cors.origin"),
    certain(r"Cross-Origin Request Blocked: .*[Cc]redential is not supported if the CORS header .Access-Control-Allow-Origin. is .\*", "cors.credentials_wildcard"),
    certain("Cross-Origin Request Blocked: .*(?:CORS preflight response did not succeed|is not allowed according to header .Access-Control-Allow-Headers)", "cors.preflight"),
    unsure("Cross-Origin Request Blocked: .*CORS request did not succeed", "net.refused")
        .says("{host} could not be asked: Firefox says so of a dead server, a distrusted certificate and a blocked request alike."),
    certain(r"Content-Security-Policy: The page.s settings blocked .*\(connect-src\)|blocked the loading of a resource \(connect-src\)", "br.csp"),
    likely("SecurityError: The operation is insecure", "br.mixed"),
    likely("SyntaxError: An invalid or illegal string was specified", "url.invalid"),
    // Safari hands on what the system says.
    likely("failed: Could not connect to the server", "net.refused"),
    certain(r"POSIX error 61|kNWErrorDomainPOSIX error 61|Connection refused\)$", "net.refused"),
    certain("A server with the specified hostname could not be found", "net.dns"),
    likely("The certificate for this server is invalid|A TLS error caused the secure connection to fail", "tls.untrusted"),
    likely("The Internet connection appears to be offline", "br.offline"),
    likely("failed: The request timed out", "net.timeout"),
    unsure("failed: There was a bad response from the server", "url.path")
        .says("{host} answers the handshake with something else than 101; Safari does not say with what."),
    unsure("The network connection was lost|Socket is not connected|POSIX error 5[47]", "net.change"),
    certain("was not allowed to run insecure content from ws:", "br.mixed"),
    certain("Refused to connect to .* because it (?:does not appear|appears) in (?:the|neither the) connect-src directive", "br.csp"),
    certain("WebSocket is closed due to suspension", "bg.mobile"),
    certain("Origin .* is not allowed by Access-Control-Allow-Origin.* Status code: 5[0-9]{2}", "cors.error_hides"),
    likely("Origin (?P<origin>\\S+) is not allowed by Access-Control-Allow-Origin", "cors.origin")
        .says("The server does not let pages of {origin} read its answers."),
    certain("Can.t find variable: WebSocket|WebSocket is not defined", "cl.node_no_global"),
    status("WebSocket connection to .* failed: Unexpected response code: (?P<status>[0-9]{3})"),
];
