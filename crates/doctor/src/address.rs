//! An address as a page would write it, and what is wrong with it before anybody is asked. Pure.
//! Start at [`Target::parse`].

use url::{Host, Url};

use crate::report::Finding;

/// Where to go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Whether TLS is spoken.
    pub(crate) is_tls: bool,
    /// Whether an address of HTTP was given, not of a socket.
    pub(crate) is_http: bool,
    /// Without brackets.
    pub(crate) host: String,
    /// Given, or the usual one of the scheme.
    pub(crate) port: u16,
    /// Begins with a slash.
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: Option<String>,
    /// The token in the query, decoded.
    pub(crate) token: Option<String>,
}

/// Our sockets, below the base of the server.
const SOCKETS: [&str; 3] = ["/api/v1/ws", "/ws/echo", "/ws/chat/"];

/// The names under which a token stands in an address.
const TOKEN_NAMES: [&str; 5] = ["token", "access_token", "jwt", "ticket", "auth"];

/// Ports that browsers refuse to ask (Fetch, "bad port").
const BAD_PORTS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

impl Target {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<Finding>> {
        let text = text.trim();
        if let Some(hole) = hole(text) {
            let sentence = format!(
                "the address `{}` has a hole: `{hole}` stands where a variable should have had a \
                 value",
                shown(text)
            );
            return Err(Box::new(Finding::new("url.undefined", sentence)));
        }
        if text.is_empty() || text.contains(char::is_whitespace) {
            let what = if text.is_empty() {
                "is empty"
            } else {
                "contains white space"
            };
            return Err(invalid(text, what));
        }
        let with_scheme = match text.split_once("://") {
            Some(_) => text.to_owned(),
            None if text.starts_with('/') => {
                return Err(invalid(
                    text,
                    "is relative; a browser completes it by its page's address, which is not \
                     known here",
                ));
            }
            None => format!("http://{text}"),
        };
        let url = Url::parse(&with_scheme)
            .map_err(|error| invalid(text, &format!("cannot be read: {error}")))?;
        let (is_tls, is_http) = match url.scheme() {
            "ws" => (false, false),
            "wss" => (true, false),
            "http" => (false, true),
            "https" => (true, true),
            other => {
                let what = format!("has the scheme {other}; ws, wss, http and https are possible");
                return Err(invalid(text, &what));
            }
        };
        if let Some(fragment) = url.fragment() {
            let what =
                format!("ends in #{fragment}; a browser refuses a fragment in a socket's address");
            return Err(invalid(text, &what));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(invalid(text, "names no host")),
        };
        let port = url
            .port_or_known_default()
            .unwrap_or(if is_tls { 443 } else { 80 });
        if port == 0 {
            return Err(invalid(text, "has port 0, on which nothing can listen"));
        }
        let token = url
            .query_pairs()
            .find(|(name, _)| TOKEN_NAMES.contains(&name.as_ref()))
            .map(|(_, value)| value.into_owned());
        Ok(Self {
            is_tls,
            is_http,
            host,
            port,
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            token,
        })
    }

    /// `host:port` as a `Host` header has it.
    pub(crate) fn authority(&self) -> String {
        let host = self.bracketed();
        match (self.is_tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }

    /// The origin of a page that this server serves itself.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// The address without its query, for people.
    pub(crate) fn shown(&self) -> String {
        let scheme = match (self.is_http, self.is_tls) {
            (true, false) => "http",
            (true, true) => "https",
            (false, false) => "ws",
            (false, true) => "wss",
        };
        let path = if self.is_http && self.path == "/" {
            ""
        } else {
            &self.path
        };
        format!("{scheme}://{}{path}", self.authority())
    }

    /// What stands before our own paths: `/desk` in `/desk/api/v1/ws`.
    pub(crate) fn base(&self) -> &str {
        for socket in SOCKETS {
            if let Some(at) = self.path.find(socket) {
                return &self.path[..at];
            }
        }
        if self.is_http {
            self.path.trim_end_matches('/')
        } else {
            ""
        }
    }

    /// Whether our own server is expected there, so that a stranger is a fault.
    pub(crate) fn expects_ours(&self) -> bool {
        let path = self.path.trim_end_matches('/');
        (self.is_http && path.is_empty())
            || path.ends_with("/api/v1/ws")
            || path.ends_with("/ws/echo")
    }

    /// The path with its query, as it stands in a request.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Whether the host is this machine, whatever resolver is asked.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether browsers refuse the port.
    pub(crate) fn has_bad_port(&self) -> bool {
        BAD_PORTS.contains(&self.port)
    }
}

/// Whether a host name means the machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn invalid(text: &str, what: &str) -> Box<Finding> {
    let sentence = format!("the address `{}` {what}", shown(text));
    Box::new(Finding::new("url.invalid", sentence))
}

/// An address that could not be read, without its query.
pub(crate) fn shown(text: &str) -> String {
    let (before, query) = text.split_once('?').unwrap_or((text, ""));
    let text = match before.split_once("://").and_then(|(scheme, rest)| {
        let (user, rest) = rest.split_once('@')?;
        (!user.contains('/')).then(|| format!("{scheme}://[masked]@{rest}"))
    }) {
        Some(masked) => masked,
        None => before.to_owned(),
    };
    let cut: String = text.chars().take(200).collect();
    if query.is_empty() {
        cut
    } else {
        format!("{cut}?…")
    }
}

/// What a variable without a value left in an address.
fn hole(text: &str) -> Option<&'static str> {
    let before_query = text.split_once('?').map_or(text, |(before, _)| before);
    for mark in [
        "${",
        "{{",
        "}}",
        "import.meta",
        "process.env",
        "[object Object]",
        "$VITE_",
        "%VITE_",
        "%24%7B",
    ] {
        if before_query.contains(mark) {
            return Some(mark);
        }
    }
    if before_query.contains('<') && before_query.contains('>') {
        return Some("<…>");
    }
    let rest = before_query
        .split_once("://")
        .map_or(before_query, |(_, rest)| rest);
    let mut parts = rest.split('/');
    let authority = parts.next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    for (word, name) in [
        ("undefined", "undefined"),
        ("null", "null"),
        ("NaN", "NaN"),
        ("None", "None"),
        ("nan", "NaN"),
    ] {
        let in_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port == word);
        if host == word || in_port || parts.clone().any(|part| part == word) {
            return Some(name);
        }
    }
    (before_query.contains("://") && host.is_empty() && !authority.starts_with('['))
        .then_some("nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> &'static str {
        Target::parse(text).map_or_else(|finding| finding.id, |_| "none")
    }

    #[test]
    fn what_is_wrong_with_an_address_is_named_before_anybody_is_asked() {
        for (text, id) in [
            ("ws://undefined/ws", "url.undefined"),
            ("http://localhost:8000/undefined/ws", "url.undefined"),
            ("ws://localhost:undefined/ws", "url.undefined"),
            ("wss://${HOST}/ws", "url.undefined"),
            ("ws:///ws", "url.undefined"),
            ("ws://local host/", "url.invalid"),
            ("ws://localhost:99999/", "url.invalid"),
            ("ws://localhost:0/", "url.invalid"),
            ("ws://localhost/#top", "url.invalid"),
            ("ftp://localhost/", "url.invalid"),
            ("/ws", "url.invalid"),
            ("", "url.invalid"),
            ("ws://undefined.example.com/ws", "none"),
            ("ws://localhost:8000/ws/chat/42?token=undefined", "none"),
            ("ws://[::1]:8000/x", "none"),
            ("localhost:8000", "none"),
        ] {
            assert_eq!(fault(text), id, "{text}");
        }
    }

    #[test]
    fn an_address_falls_into_its_parts() {
        let target =
            Target::parse("wss://Desk.example.com/app/api/v1/ws?attempt=1&token=a%2Eb").unwrap();
        assert_eq!(target.authority(), "desk.example.com");
        assert_eq!(target.origin(), "https://desk.example.com");
        assert_eq!(target.base(), "/app");
        assert_eq!(target.token.as_deref(), Some("a.b"));
        assert!(target.expects_ours() && !target.is_http);

        let target = Target::parse("ws://[::1]:8000/ws/chat/42?token=test").unwrap();
        assert_eq!(target.authority(), "[::1]:8000");
        assert_eq!(target.shown(), "ws://[::1]:8000/ws/chat/42");
        assert!(!target.expects_ours());

        let target = Target::parse("http://localhost:5174/desk/").unwrap();
        assert_eq!(target.base(), "/desk");
        assert!(!target.expects_ours() && target.is_loopback());
        assert!(
            Target::parse("http://localhost:6667")
                .unwrap()
                .has_bad_port()
        );
    }

    #[test]
    fn an_address_that_cannot_be_read_is_shown_without_its_secrets() {
        assert_eq!(
            shown("ws://u:pass@host:99999/x?token=abc"),
            "ws://[masked]@host:99999/x?…"
        );
    }
}
