//! Who is at the other end of a connection: how far away, and whether it seems to be a proxy that
//! the configuration does not name. Start at [`ProxyHint::look`].

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::IpRange;

/// Headers in which a proxy names the client.
const CLIENT_HEADERS: [&str; 3] = ["x-forwarded-for", "forwarded", "x-real-ip"];

/// Longest value of such a header that is logged, in characters.
const SHOWN_MAX_CHARS: usize = 100;

/// How far away an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// This machine.
    Loopback,
    /// A network of one's own, such as that of containers.
    Private,
    /// Anywhere else.
    Public,
}

impl Reach {
    /// How far away an address is.
    pub(crate) fn of(address: IpAddr) -> Self {
        let is_private = match address.to_canonical() {
            IpAddr::V4(address) => address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        };
        if address.to_canonical().is_loopback() {
            Self::Loopback
        } else if is_private {
            Self::Private
        } else {
            Self::Public
        }
    }
}

/// Says once that requests seem to come through a proxy that is not named.
#[derive(Debug, Default)]
pub(crate) struct ProxyHint {
    said: AtomicBool,
}

impl ProxyHint {
    /// Looks at a request, and warns of the first that a proxy without our trust seems to have
    /// passed on.
    pub(crate) fn look(&self, peer: IpAddr, headers: &HeaderMap, trusted: &[IpRange]) {
        if let Some((name, value)) = self.first(peer, headers, trusted) {
            let listed: Vec<String> = trusted.iter().map(ToString::to_string).collect();
            tracing::warn!(
                %peer,
                header = name,
                value,
                trusted_proxies = listed.join(", "),
                "a request came through a proxy that is not in server.trusted_proxies, so the \
                 header is not believed and everyone behind the proxy shares its address and its \
                 limits; if the peer is your proxy, add it there"
            );
        }
    }

    fn first(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        trusted: &[IpRange],
    ) -> Option<(&'static str, String)> {
        if self.said.load(Ordering::Relaxed) || trusted.iter().any(|range| range.contains(peer)) {
            return None;
        }
        // Strangers may send the header too; where proxies are named, a near one was forgotten.
        if !trusted.is_empty() && Reach::of(peer) == Reach::Public {
            return None;
        }
        let (name, value) = CLIENT_HEADERS
            .iter()
            .find_map(|name| Some((*name, headers.get(*name)?)))?;
        let value = value
            .to_str()
            .unwrap_or("?")
            .chars()
            .take(SHOWN_MAX_CHARS)
            .collect();
        (!self.said.swap(true, Ordering::Relaxed)).then_some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn an_address_is_near_or_far() {
        for (address, expected) in [
            ("127.0.0.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("172.17.0.2", Reach::Private),
            ("fd00::1", Reach::Private),
            ("fe80::1", Reach::Private),
            ("203.0.113.7", Reach::Public),
            ("2001:db8::1", Reach::Public),
        ] {
            assert_eq!(Reach::of(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_proxy_that_is_not_named_is_told_of_once() {
        let near: IpAddr = "172.17.0.2".parse().unwrap();
        let far: IpAddr = "198.51.100.1".parse().unwrap();
        let mut headers = HeaderMap::new();
        let named: Vec<IpRange> = vec!["127.0.0.1".parse().unwrap()];
        let found = |peer, headers: &HeaderMap, trusted: &[IpRange]| {
            ProxyHint::default()
                .first(peer, headers, trusted)
                .map(|(_, value)| value)
        };
        assert_eq!(found(near, &headers, &[]), None);
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
        assert_eq!(found(near, &headers, &[]).as_deref(), Some("203.0.113.7"));
        assert_eq!(found(far, &headers, &[]).as_deref(), Some("203.0.113.7"));
        assert_eq!(
            found(near, &headers, &named).as_deref(),
            Some("203.0.113.7")
        );
        assert_eq!(found(far, &headers, &named), None);
        assert_eq!(found("127.0.0.1".parse().unwrap(), &headers, &named), None);
        let hint = ProxyHint::default();
        assert!(hint.first(near, &headers, &[]).is_some());
        assert!(hint.first(near, &headers, &[]).is_none());
    }
}
