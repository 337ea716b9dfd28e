//! Whether people come by another address than the one the configuration names as public: there they
//! cannot stay signed in, and their pages are refused as another origin's. Start at
//! [`HostHint::look`].

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::http::HeaderMap;

use crate::config::{Config, IpRange, WebOrigin, is_loopback_host};
use crate::origin::host;

/// Paths that machines ask by whatever address they know.
const ASKED_BY_MACHINES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Longest host that is logged, in characters.
const SHOWN_MAX_CHARS: usize = 100;

/// Says once that a request came by another address than the public one.
#[derive(Debug)]
pub(crate) struct HostHint {
    /// `server.public_url`, where it is one for others.
    public: Option<WebOrigin>,
    said: AtomicBool,
}

impl HostHint {
    /// For this configuration.
    pub(crate) fn new(config: &Config) -> Self {
        let public = config.server.public_url.as_deref();
        let public = public.and_then(|url| WebOrigin::parse(url).ok());
        Self {
            public: public.filter(|origin| !origin.is_loopback()),
            said: AtomicBool::new(false),
        }
    }

    /// Looks at a request, and warns of the first that asks for another host.
    pub(crate) fn look(&self, peer: IpAddr, request: &Request, trusted: &[IpRange]) {
        let by_proxy = trusted.iter().any(|range| range.contains(peer));
        if let (Some(public), Some(asked)) = (&self.public, self.first(request, by_proxy)) {
            tracing::warn!(
                host = asked,
                public_url = %public,
                "a request came for another host than server.public_url names: a page that is \
                 opened there is refused as another origin, and cannot stay signed in; open the \
                 public address, or correct server.public_url"
            );
        }
    }

    fn first(&self, request: &Request, by_proxy: bool) -> Option<String> {
        let public = self.public.as_ref()?;
        let is_for_machines = ASKED_BY_MACHINES.contains(&request.uri().path());
        if is_for_machines || self.said.load(Ordering::Relaxed) {
            return None;
        }
        let asked = match by_proxy {
            // Its own name for this server is no matter; what it was asked by is.
            true => forwarded_host(request.headers())?,
            false => host(request.uri(), request.headers())?,
        };
        let found = WebOrigin::parse(&format!("http://{asked}")).ok()?;
        if found.host == public.host || is_loopback_host(&found.host) {
            return None;
        }
        let shown = asked.chars().take(SHOWN_MAX_CHARS).collect();
        (!self.said.swap(true, Ordering::Relaxed)).then_some(shown)
    }
}

fn forwarded_host(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("x-forwarded-host")?.to_str().ok()?;
    value.split(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn hint() -> HostHint {
        HostHint {
            public: Some(WebOrigin::parse("https://desk.example.com").unwrap()),
            said: AtomicBool::new(false),
        }
    }

    fn request(path: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn another_host_is_told_once_and_the_own_and_machines_never() {
        let found = |path, headers: &[(&str, &str)], by_proxy| {
            hint().first(&request(path, headers), by_proxy)
        };
        let other = [("host", "www.example.com:8000")];
        assert_eq!(
            found("/", &other, false).as_deref(),
            Some("www.example.com:8000")
        );
        assert_eq!(found("/healthz", &other, false), None);
        for own in [
            "desk.example.com",
            "DESK.example.com:443",
            "localhost:8000",
            "127.0.0.1",
        ] {
            assert_eq!(found("/", &[("host", own)], false), None, "{own}");
        }
        let nobody = HostHint {
            public: None,
            said: AtomicBool::new(false),
        };
        assert_eq!(nobody.first(&request("/", &other), false), None);
        let hint = hint();
        assert!(hint.first(&request("/", &other), false).is_some());
        assert!(hint.first(&request("/", &other), false).is_none());
    }

    #[test]
    fn of_a_trusted_proxy_what_it_was_asked_by_counts() {
        let found = |headers: &[(&str, &str)]| hint().first(&request("/", headers), true);
        let upstream = ("host", "frontdesk:8000");
        assert_eq!(found(&[upstream]), None);
        assert_eq!(
            found(&[upstream, ("x-forwarded-host", "desk.example.com")]),
            None
        );
        let other = found(&[upstream, ("x-forwarded-host", "shop.example.com, inner")]);
        assert_eq!(other.as_deref(), Some("shop.example.com"));
    }
}
