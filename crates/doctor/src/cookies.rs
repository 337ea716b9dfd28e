//! Would a browser keep this cookie, and send it to the socket? Pure. Start at [`judge`].

use crate::address::is_loopback;
use crate::report::Finding;

/// A page, the server that sets the cookie, and the socket that should get it.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    /// The page's scheme and host.
    pub(crate) page: (&'a str, &'a str),
    /// The server's scheme and host.
    pub(crate) server: (&'a str, &'a str),
    /// The path of the socket, if it is known.
    pub(crate) socket_path: Option<&'a str>,
}

/// Names that every second framework gives its cookie.
const USUAL_NAMES: [&str; 9] = [
    "session",
    "sessionid",
    "sid",
    "token",
    "connect.sid",
    "phpsessid",
    "jsessionid",
    "csrftoken",
    "auth",
];

/// What a browser would do with one line of `Set-Cookie`, if it is not what is wanted.
pub(crate) fn judge(line: &str, setting: &Setting<'_>) -> Vec<Finding> {
    let mut parts = line.split(';').map(str::trim);
    let name = parts
        .next()
        .and_then(|pair| pair.split_once('='))
        .map_or("?", |(name, _)| name.trim());
    let attributes: Vec<(String, &str)> = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let value = |wanted: &str| {
        attributes
            .iter()
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| *value)
    };
    let is_secure = value("secure").is_some();
    let same_site = value("samesite").unwrap_or("Lax");
    let (server_scheme, server_host) = setting.server;
    let mut findings = Vec::new();
    let mut find = |id: &'static str, sentence: String| {
        findings.push(Finding::new(id, sentence).seen("cookie", name))
    };

    if is_secure && server_scheme == "http" && !is_loopback(server_host) {
        find(
            "cookie.secure_http",
            format!(
                "the cookie {name} is Secure and came over plain http from {server_host}: no \
                 browser keeps it"
            ),
        );
    }
    let is_host = name.starts_with("__Host-");
    if (is_host || name.starts_with("__Secure-")) && !is_secure {
        find(
            "cookie.secure_http",
            format!("the name {name} asks for Secure, which is missing: no browser keeps it"),
        );
    }
    if is_host && (value("domain").is_some() || value("path") != Some("/")) {
        find(
            "cookie.domain_path",
            format!("the name {name} asks for Path=/ and no Domain: no browser keeps it"),
        );
    }
    if let Some(domain) = value("domain").filter(|domain| !domain.is_empty()) {
        let domain = domain.trim_start_matches('.');
        if server_host != domain && !server_host.ends_with(&format!(".{domain}")) {
            find(
                "cookie.domain_path",
                format!(
                    "the cookie {name} is for the domain {domain}, and {server_host} is not in \
                     it: no browser keeps it"
                ),
            );
        }
    }
    if let (Some(path), Some(socket)) = (
        value("path").filter(|path| path.starts_with('/')),
        setting.socket_path,
    ) && !covers(path, socket)
    {
        find(
            "cookie.domain_path",
            format!(
                "the cookie {name} has Path={path}, which does not cover the socket at {socket}: \
                 it is not sent there"
            ),
        );
    }
    let is_cross = !is_same_site(setting.page, setting.server);
    let between = format!(
        "a page of {}://{} and the server {server_scheme}://{server_host} are two sites",
        setting.page.0, setting.page.1
    );
    match same_site.to_ascii_lowercase().as_str() {
        "none" if !is_secure => find(
            "cookie.samesite",
            format!("the cookie {name} is SameSite=None without Secure: no browser keeps it"),
        ),
        "none" if is_cross && value("partitioned").is_none() => {
            find(
                "cookie.third_party",
                format!(
                    "{between}: the cookie {name} is a third-party cookie, which many browsers \
                     block"
                ),
            );
        }
        "none" => {}
        other if is_cross => find(
            "cookie.samesite",
            format!(
                "{between}: the cookie {name} is SameSite={other} and is neither kept nor sent"
            ),
        ),
        _ => {}
    }
    if is_loopback(server_host) && USUAL_NAMES.contains(&name.to_ascii_lowercase().as_str()) {
        let sentence = format!(
            "the cookie is called {name}: another application on localhost with the same name \
             overwrites it, whatever its port"
        );
        let finding = Finding::new("cookie.collision", sentence);
        findings.push(
            finding
                .severity(causes::Severity::Info)
                .seen("cookie", name),
        );
    }
    findings
}

/// Whether a cookie's path covers a request's (RFC 6265, 5.1.4).
fn covers(path: &str, asked: &str) -> bool {
    asked == path
        || (asked.starts_with(path)
            && (path.ends_with('/') || asked[path.len()..].starts_with('/')))
}

/// Whether two hosts are one site: the same scheme and the same registrable domain, as far as it
/// can be told without the public suffix list.
fn is_same_site(page: (&str, &str), server: (&str, &str)) -> bool {
    if page.0 != server.0 {
        return false;
    }
    let is_address = |host: &str| host.parse::<std::net::IpAddr>().is_ok() || host == "localhost";
    if page.1 == server.1 {
        return true;
    }
    if is_address(page.1) || is_address(server.1) {
        return false;
    }
    registrable(page.1) == registrable(server.1)
}

fn registrable(host: &str) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    // co.uk and its like: a short second level under a country.
    let is_double = labels.len() > 2
        && labels[labels.len() - 1].len() == 2
        && labels[labels.len() - 2].len() <= 3;
    let count = if is_double { 3 } else { 2 };
    labels[labels.len().saturating_sub(count)..].join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(line: &str, page: (&str, &str), server: (&str, &str)) -> Vec<&'static str> {
        let setting = Setting {
            page,
            server,
            socket_path: Some("/ws/chat/42"),
        };
        judge(line, &setting)
            .into_iter()
            .map(|finding| finding.id)
            .collect()
    }

    #[test]
    fn a_cookie_is_judged_as_a_browser_would() {
        let local = ("http", "localhost");
        let numbers = ("http", "127.0.0.1");
        let lan = ("http", "192.168.0.7");
        let shop = ("https", "shop.example.com");
        let api = ("https", "api.example.com");
        let other = ("https", "example.org");
        for (line, page, server, expected) in [
            (
                "desk=1; Path=/; HttpOnly; SameSite=Lax",
                local,
                local,
                &[][..],
            ),
            ("desk=1; Path=/", local, numbers, &["cookie.samesite"]),
            (
                "desk=1; Path=/; SameSite=None; Secure",
                local,
                numbers,
                &["cookie.third_party"],
            ),
            (
                "desk=1; Path=/; SameSite=None; Secure; Partitioned",
                local,
                numbers,
                &[],
            ),
            (
                "desk=1; Path=/; SameSite=None",
                local,
                local,
                &["cookie.samesite"],
            ),
            ("desk=1; Path=/; Secure", lan, lan, &["cookie.secure_http"]),
            ("desk=1; Path=/; Secure", local, local, &[]),
            ("desk=1; Path=/api", local, local, &["cookie.domain_path"]),
            ("desk=1; Path=/ws/", local, local, &[]),
            ("desk=1; Path=/ws/c", local, local, &["cookie.domain_path"]),
            (
                "desk=1; Path=/; Domain=example.org",
                shop,
                api,
                &["cookie.domain_path"],
            ),
            ("desk=1; Path=/; Domain=.example.com", shop, api, &[]),
            ("desk=1; Path=/", shop, api, &[]),
            ("desk=1; Path=/", other, api, &["cookie.samesite"]),
            (
                "desk=1; Path=/",
                ("http", "shop.example.com"),
                api,
                &["cookie.samesite"],
            ),
            (
                "desk=1; Path=/",
                ("https", "a.co.uk"),
                ("https", "b.co.uk"),
                &["cookie.samesite"],
            ),
            (
                "__Host-desk=1; Path=/",
                local,
                local,
                &["cookie.secure_http"],
            ),
            (
                "__Host-desk=1; Path=/x; Secure",
                local,
                local,
                &["cookie.domain_path", "cookie.domain_path"],
            ),
            ("session=1; Path=/", local, local, &["cookie.collision"]),
        ] {
            assert_eq!(
                ids(line, page, server),
                expected,
                "{line} {page:?} {server:?}"
            );
        }
    }
}
