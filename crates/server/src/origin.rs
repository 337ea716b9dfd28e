//! Which pages may speak to this server with a cookie or a socket: one list for CORS, for the
//! cross-origin check and for sockets. Pure functions over headers; the layers are in
//! `cross_origin.rs`. Start at [`Origins::allows`] and [`Origins::check`].

use axum::http::{HeaderMap, HeaderName, Uri, header};

use crate::config::{Config, WebOrigin, is_loopback_host};
use crate::cookie::SessionCookie;
use crate::seat::Seat;

/// Headers by which a proxy says that it stands in between.
const FORWARDING_HEADERS: &[&str] = &[
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Where a browser says how the page that asks is related to this server.
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The list, and whether this may be a developer's machine.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    /// `server.public_url`.
    public: Option<WebOrigin>,
    /// `server.allowed_origins`, each as a browser writes it.
    listed: Vec<String>,
    /// Whether a browser may have several sessions: in a demo.
    has_seats: bool,
}

/// What is said of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is on the list.
    Allowed,
    /// It is not.
    Denied {
        /// What would have been allowed for this request.
        allowed: Vec<String>,
    },
}

/// What the cross-origin check says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// No other page made this request, or one that may.
    Fine,
    /// Another page made it.
    Denied {
        /// What the browser said: the origin, or the value of `Sec-Fetch-Site`.
        found: String,
        /// What would have been allowed.
        allowed: Vec<String>,
    },
}

impl Origins {
    /// The list of a configuration. Its addresses were checked when it was read.
    pub(crate) fn new(config: &Config) -> Self {
        let public = config.server.public_url.as_deref();
        Self {
            public: public.and_then(|url| WebOrigin::parse(url).ok()),
            listed: config.server.allowed_origins.clone(),
            has_seats: config.demo,
        }
    }

    /// Whether a page of this origin may speak to the server. `host` is the request's, and
    /// `forwarded` whether a proxy passed it on ([`is_forwarded`]).
    pub(crate) fn allows(&self, origin: &str, host: Option<&str>, forwarded: bool) -> Verdict {
        if self.is_allowed(origin, host, forwarded) {
            return Verdict::Allowed;
        }
        let mut allowed = self.own(host);
        allowed.extend(self.listed.iter().cloned());
        if self.is_relaxed(host, forwarded) {
            allowed.push("http://localhost:<any port>".to_owned());
        }
        Verdict::Denied { allowed }
    }

    fn is_allowed(&self, origin: &str, host: Option<&str>, forwarded: bool) -> bool {
        if self
            .listed
            .iter()
            .chain(&self.own(host))
            .any(|known| known == origin)
        {
            return true;
        }
        // `null`, an opaque origin, is not an address and ends here.
        let is_loopback = WebOrigin::parse(origin)
            .is_ok_and(|parsed| parsed.is_loopback() && parsed.to_string() == origin);
        is_loopback && self.is_relaxed(host, forwarded)
    }

    /// The server's own origins: what `public_url` says, or else whatever name it was asked by.
    fn own(&self, host: Option<&str>) -> Vec<String> {
        match (&self.public, host) {
            (Some(public), _) => vec![public.to_string()],
            (None, Some(host)) => ["http", "https"]
                .into_iter()
                .filter_map(|scheme| WebOrigin::parse(&format!("{scheme}://{host}")).ok())
                .map(|origin| origin.to_string())
                .collect(),
            (None, None) => Vec::new(),
        }
    }

    /// Whether the relaxed rules of a developer's machine hold for a request.
    pub(crate) fn is_relaxed(&self, host: Option<&str>, forwarded: bool) -> bool {
        let local = self.public.as_ref().is_none_or(WebOrigin::is_loopback);
        let host_is_loopback = host
            .and_then(|host| WebOrigin::parse(&format!("http://{host}")).ok())
            .is_some_and(|asked| is_loopback_host(&asked.host));
        local && host_is_loopback && !forwarded
    }

    /// How the session cookie looks for a request.
    pub(crate) fn cookie(&self, uri: &Uri, headers: &HeaderMap) -> SessionCookie {
        let is_https = self
            .public
            .as_ref()
            .is_some_and(|public| public.to_string().starts_with("https:"));
        let cookie = match !is_https && self.is_relaxed(host(uri, headers), is_forwarded(headers)) {
            true => SessionCookie::RELAXED,
            false => SessionCookie::SECURE,
        };
        // A seat that may not be, or is none, was refused before.
        let seat = Seat::of(headers).ok().flatten();
        cookie.at(seat.filter(|_| self.has_seats))
    }

    /// The cross-origin check: did another page make this request? `Sec-Fetch-Site` is believed,
    /// because no page can set it; without it `Origin` must be on the list; a program that is no
    /// browser sends neither.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Crossing {
        let origin = text(headers, &header::ORIGIN);
        let site = text(headers, &SEC_FETCH_SITE);
        let found = match (site, origin) {
            (Some("same-origin" | "none"), _) | (None, None) => return Crossing::Fine,
            (_, Some(origin)) => origin.to_owned(),
            (Some(site), None) => format!("Sec-Fetch-Site: {site}"),
        };
        match self.allows(&found, host(uri, headers), is_forwarded(headers)) {
            Verdict::Allowed => Crossing::Fine,
            Verdict::Denied { allowed } => Crossing::Denied { found, allowed },
        }
    }
}

/// The name by which the server was asked, with the port.
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    uri.authority()
        .map(axum::http::uri::Authority::as_str)
        .or_else(|| text(headers, &header::HOST))
        .filter(|host| !host.is_empty())
}

/// Whether a proxy passed the request on.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    forwarding(headers).next().is_some()
}

/// The names of the headers by which a proxy says so.
pub(crate) fn forwarding(headers: &HeaderMap) -> impl Iterator<Item = &'static str> {
    FORWARDING_HEADERS
        .iter()
        .copied()
        .filter(|name| headers.contains_key(*name))
}

/// A header's value; one that is no ASCII is as good as a wrong one.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn origins(public: Option<&str>, listed: &[&str]) -> Origins {
        Origins {
            public: public.map(|url| WebOrigin::parse(url).unwrap()),
            listed: listed.iter().map(|&origin| origin.to_owned()).collect(),
            has_seats: false,
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn allowed(origins: &Origins, origin: &str, host: &str, forwarded: bool) -> bool {
        origins.allows(origin, Some(host), forwarded) == Verdict::Allowed
    }

    #[test]
    fn a_developers_page_works_from_any_loopback_origin() {
        for public in [None, Some("http://localhost:8000")] {
            let origins = origins(public, &[]);
            for origin in [
                "http://localhost:5174",
                "http://127.0.0.1:3000",
                "http://[::1]:9",
            ] {
                assert!(
                    allowed(&origins, origin, "localhost:8000", false),
                    "{origin}"
                );
                assert!(
                    !allowed(&origins, origin, "localhost:8000", true),
                    "{origin} forwarded"
                );
                assert!(
                    !allowed(&origins, origin, "192.168.0.7:8000", false),
                    "{origin} by LAN"
                );
            }
            for origin in [
                "null",
                "",
                "http://localhost.evil.com",
                "http://evil.com",
                "file://",
            ] {
                assert!(
                    !allowed(&origins, origin, "localhost:8000", false),
                    "{origin}"
                );
            }
        }
    }

    #[test]
    fn a_public_server_knows_its_own_origin_and_those_listed_exactly() {
        let origins = origins(
            Some("https://desk.example.com"),
            &["https://shop.example.com"],
        );
        let host = "desk.example.com";
        assert!(allowed(&origins, "https://desk.example.com", host, true));
        assert!(allowed(&origins, "https://shop.example.com", host, true));
        for origin in [
            "http://desk.example.com",
            "https://desk.example.com:8443",
            "https://desk.example.com/",
            "https://shop.example.com.evil.com",
            "https://SHOP.example.com",
            "http://localhost:5174",
            "null",
        ] {
            assert!(!allowed(&origins, origin, host, false), "{origin}");
            assert!(
                !allowed(&origins, origin, "localhost", false),
                "{origin} by a loopback host"
            );
        }
        let Verdict::Denied { allowed } = origins.allows("https://a.b", Some(host), true) else {
            panic!("an unknown origin was allowed");
        };
        assert_eq!(
            allowed,
            ["https://desk.example.com", "https://shop.example.com"]
        );
    }

    #[test]
    fn without_a_public_url_the_name_that_was_asked_by_is_the_own_one() {
        let origins = origins(None, &[]);
        assert!(allowed(
            &origins,
            "http://desk.lan:8000",
            "desk.lan:8000",
            false
        ));
        assert!(allowed(&origins, "https://desk.lan", "desk.lan", true));
        assert!(!allowed(
            &origins,
            "http://desk.lan",
            "desk.lan:8000",
            false
        ));
        assert_eq!(origins.own(None), [] as [String; 0]);
    }

    #[test]
    fn the_relaxed_cookie_is_only_for_a_developers_machine() {
        let uri = Uri::from_static("/");
        let cookie = |origins: &Origins, sent: &[(&'static str, &'static str)]| {
            origins.cookie(&uri, &headers(sent))
        };
        let local = origins(None, &[]);
        assert_eq!(
            cookie(&local, &[("host", "localhost:8000")]),
            SessionCookie::RELAXED
        );
        assert_eq!(
            cookie(&local, &[("host", "[::1]:8000")]),
            SessionCookie::RELAXED
        );
        assert_eq!(
            cookie(&local, &[("host", "10.0.0.1:8000")]),
            SessionCookie::SECURE
        );
        assert_eq!(cookie(&local, &[]), SessionCookie::SECURE);
        for forwarding in FORWARDING_HEADERS {
            let sent = [("host", "localhost"), (*forwarding, "x")];
            assert_eq!(cookie(&local, &sent), SessionCookie::SECURE, "{forwarding}");
        }
        for public in ["https://desk.example.com", "https://localhost"] {
            let public = origins(Some(public), &[]);
            assert_eq!(
                cookie(&public, &[("host", "localhost")]),
                SessionCookie::SECURE
            );
        }
    }

    #[test]
    fn the_cross_origin_check_decides_by_sec_fetch_site_and_then_by_origin() {
        let origins = origins(
            Some("https://desk.example.com"),
            &["https://shop.example.com"],
        );
        let own = "https://desk.example.com";
        let listed = "https://shop.example.com";
        let evil = "https://evil.example.com";
        let table: &[(Option<&'static str>, Option<&'static str>, bool)] = &[
            (None, None, true),
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some(own), true),
            (Some("none"), None, true),
            (Some("same-site"), None, false),
            (Some("same-site"), Some(listed), true),
            (Some("same-site"), Some(evil), false),
            (Some("cross-site"), None, false),
            (Some("cross-site"), Some(listed), true),
            (Some("cross-site"), Some(evil), false),
            (Some("cross-site"), Some("null"), false),
            (Some("nonsense"), None, false),
            (Some(""), None, false),
            (None, Some(own), true),
            (None, Some(listed), true),
            (None, Some(evil), false),
            (None, Some("null"), false),
            (None, Some(""), false),
        ];
        for (site, origin, fine) in table {
            let mut sent = vec![("host", "desk.example.com")];
            sent.extend(site.map(|site| ("sec-fetch-site", site)));
            sent.extend(origin.map(|origin| ("origin", origin)));
            let crossing = origins.check(&Uri::from_static("/"), &headers(&sent));
            assert_eq!(
                crossing == Crossing::Fine,
                *fine,
                "{site:?} {origin:?}: {crossing:?}"
            );
        }
    }
}
