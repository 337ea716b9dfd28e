//! curl, websocat and wscat.

use crate::explain::pattern::{Pattern, certain, likely, status, unsure};

pub(super) const PATTERNS: &[Pattern] = &[
    certain(r"Failed to connect to (?P<host>\S+) port (?P<port>[0-9]+).*(?:refused|[Cc]ould(?:n't| not) connect)", "net.refused"),
    certain(r"connect to (?P<host>\S+) port (?P<port>[0-9]+).*Connection refused", "net.refused"),
    certain(r"curl: \(6\) Could not resolve host: (?P<host>\S+)", "net.dns"),
    likely(r"curl: \(28\)", "net.timeout"),
    certain(r"curl: \(35\).*wrong version number", "tls.plain_port"),
    unsure(r"curl: \(52\)|Empty reply from server|curl: \(56\)", "net.bind_loopback")
        .says("Something took the connection and hung up without an answer: a container whose server listens on 127.0.0.1, a TLS port, or another program."),
    certain(r"curl: \(1\) Received HTTP/0.9 when not allowed", "net.other_program")
        .says("What listens there speaks no HTTP: it is another program."),
    certain(r"curl: \(5\)|curl: \(97\)|CONNECT tunnel failed", "net.proxy_explicit"),
    status(r"WebSocketError: Received unexpected status code \((?P<status>[0-9]{3})"),
    status(r"Redirected \((?P<status>30[1-8])"),
    certain(r"Connection refused \(os error (?:111|61)\)", "net.refused"),
    certain(r"failed to lookup address information", "net.dns"),
    certain(r"UnknownIssuer|invalid peer certificate: UnknownIssuer", "tls.untrusted"),
    certain(r"invalid peer certificate: (?:certificate )?[Ee]xpired", "tls.expired"),
    certain(r"invalid peer certificate: (?:certificate )?(?:NotValidForName|not valid for name)", "tls.name"),
    certain(r"received corrupt message of type InvalidContentType", "tls.plain_port"),
    status(r"^<? ?HTTP/1\.[01] (?P<status>426|431|414|50[234]|30[1278])\b"),
];
