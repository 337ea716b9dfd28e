//! Scheme, host and port: what a browser calls an origin (RFC 6454). Also the whole of
//! `server.public_url`, which has no path.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An origin that was parsed: in lower case, without a default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebOrigin {
    pub(crate) scheme: Scheme,
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub(crate) host: String,
    /// None for the default port of the scheme.
    pub(crate) port: Option<u16>,
}

/// The schemes that pages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl WebOrigin {
    /// Reads `https://desk.example.com` or `http://localhost:5174`; one slash at the end is
    /// forgiven.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains('*') {
            return Err("is a wildcard; name each origin in full".to_owned());
        }
        let lower = text.trim().to_ascii_lowercase();
        let Some((scheme, rest)) = lower.split_once("://") else {
            return Err(format!("has no scheme; did you mean https://{lower}"));
        };
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(format!("has the scheme {other}, expected http or https")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(at) = authority.find(['/', '?', '#']) {
            let path = &authority[at..];
            return Err(format!(
                "has the path {path}, expected scheme, host and port only"
            ));
        }
        if authority.contains('@') {
            return Err("has a user name in it, expected scheme, host and port only".to_owned());
        }
        let (host, port) = split_port(authority)?;
        check_host(host)?;
        let port = port.filter(|port| *port != scheme.default_port());
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port,
        })
    }

    /// Whether the host can only be this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Whether a host, without its port, can only be this machine: `localhost`, a name under it
/// (RFC 6761, 6.3), or a loopback address.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let lower = host.to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return true;
    }
    match bare_address(&lower) {
        Some(IpAddr::V4(address)) => address.is_loopback(),
        Some(IpAddr::V6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}

fn bare_address(host: &str) -> Option<IpAddr> {
    match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inside) => inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority[after_host..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_host + colon);
    match port[1..].parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(format!(
            "has the port `{}`, expected 1 to 65535",
            &port[1..]
        )),
    }
}

fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("has no host".to_owned());
    }
    if host.starts_with('[') {
        return match bare_address(host) {
            Some(_) => Ok(()),
            None => Err(format!("has the host {host}, which is not an IPv6 address")),
        };
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match host.chars().find(|c| !allowed(*c)) {
        Some(c) if !c.is_ascii() => Err(format!(
            "has the character `{c}` in its host; write the host in its xn-- form"
        )),
        Some(c) => Err(format!("has the character `{c}` in its host")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_printed_as_a_browser_prints_it() {
        for (text, printed) in [
            ("https://Desk.Example.com/", "https://desk.example.com"),
            ("https://desk.example.com:443", "https://desk.example.com"),
            ("http://localhost:5174", "http://localhost:5174"),
            ("http://[::1]:80/", "http://[::1]"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(
                WebOrigin::parse(text).unwrap().to_string(),
                printed,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_the_part_that_is_wrong() {
        for (text, says) in [
            ("*", "wildcard"),
            ("https://*.example.com", "wildcard"),
            ("localhost:5174", "did you mean https://localhost:5174"),
            ("ftp://a.b", "the scheme ftp"),
            ("https://a.b/app", "the path /app"),
            ("https://u:p@a.b", "user name"),
            ("https://a.b:0", "the port `0`"),
            ("https://a.b:http", "the port `http`"),
            ("https://", "no host"),
            ("https://münchen.de", "xn--"),
            ("http://[::g]", "not an IPv6 address"),
            ("http://a b", "the character ` `"),
        ] {
            let error = WebOrigin::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for host in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "localhost.",
            "127.9.9.9",
            "[::1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "::1",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
