//! What handlers take: who asks ([`Signed`]), the JSON body ([`Body`]), ids in the path
//! ([`PathId`]), the query ([`Parameters`]) and the client's address ([`ClientAddress`]).
//! Each refuses with a problem that names the place and the values.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use bytes::Bytes;
use desk::Actor;
use protocol::{ErrorCode, FieldError, Problem};
use serde::de::DeserializeOwned;
use store::{LiveSession, PageRequest, TouchSession};
use tokio::time::timeout;

use crate::app::App;
use crate::config::IpRange;
use crate::envelope::Notes;
use crate::limits::{
    CURSOR_MAX_BYTES, PAGE_DEFAULT, PAGE_MAX, SESSION_TOUCH_INTERVAL_MS, SESSION_TOUCH_TIMEOUT,
};
use crate::problem::{Answer, Refusal};

mod json;

/// Whoever is signed in. Anyone else gets 401.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// For the policy: the account's id and today's role.
    pub(crate) actor: Actor,
    /// The session behind the cookie.
    pub(crate) session: LiveSession,
}

impl FromRequestParts<App> for Signed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let cookie = app.origins.cookie(&parts.uri, &parts.headers);
        let Some(secret) = cookie.find(&parts.headers) else {
            return Err(unauthenticated(&format!(
                "the request carries no cookie {}",
                cookie.name()
            )));
        };
        let now = app.now();
        let before = app.sessions.before();
        let Some(session) = app.store.session_by_secret(&secret.hash(), now).await? else {
            return Err(unauthenticated("the session of the cookie has ended"));
        };
        // Whoever asks for a token here opens a socket next.
        app.sessions.keep(before, &session, Instant::now());
        if now.0 - session.last_seen_at.0 > SESSION_TOUCH_INTERVAL_MS {
            // Only the list of sessions and the idle limit hang on it: the request goes on.
            let touch = app.store.write(TouchSession {
                id: session.id,
                now,
            });
            match timeout(SESSION_TOUCH_TIMEOUT, touch).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "cannot note that a session was used"),
                Err(_) => tracing::debug!("the store is too slow to note that a session was used"),
            }
        }
        if let Some(notes) = parts.extensions.get::<Arc<Notes>>() {
            notes.set_user(session.user.id);
        }
        Ok(Self {
            actor: Actor {
                id: session.user.id,
                role: session.user.role,
            },
            session,
        })
    }
}

fn unauthenticated(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated, detail)
}

/// A JSON body, with the bytes it was read from.
#[derive(Debug)]
pub(crate) struct Body<T> {
    /// What it says.
    pub(crate) value: T,
    /// How it said it, for the fingerprint of an `Idempotency-Key`.
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &App) -> Answer<Self> {
        let (parts, body) = request.into_parts();
        json::check_headers(&parts.headers)?;
        let bytes = json::read(&parts.headers, body).await?;
        Ok(Self {
            value: json::parse(&bytes)?,
            bytes,
        })
    }
}

/// The id in the path. What cannot be an id is answered like an id that nobody has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<App> for PathId<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let text = Path::<String>::from_request_parts(parts, app).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| desk::policy::not_found().into())
    }
}

/// The two ids in the path, the outer one first; answered in the same way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathIds<A, B>(pub(crate) A, pub(crate) B);

impl<A: FromStr, B: FromStr> FromRequestParts<App> for PathIds<A, B> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let texts = Path::<(String, String)>::from_request_parts(parts, app).await;
        let ids = texts
            .ok()
            .and_then(|Path((outer, inner))| Some(Self(outer.parse().ok()?, inner.parse().ok()?)));
        ids.ok_or_else(|| desk::policy::not_found().into())
    }
}

/// The query, read into a type that denies unknown fields.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => {
                let text = error.body_text();
                let why = text
                    .rsplit_once("query string: ")
                    .map_or(text.as_str(), |(_, why)| why);
                Err(Refusal::invalid_request(format!(
                    "the query cannot be read: {why}"
                )))
            }
        }
    }
}

/// The page that `limit` and `cursor` ask for.
///
/// # Errors
/// `invalid_request` with the value and the bounds.
pub(crate) fn page_request(limit: Option<&str>, cursor: Option<String>) -> Answer<PageRequest> {
    let limit = number(
        "limit",
        limit,
        u64::from(PAGE_DEFAULT),
        1..=u64::from(PAGE_MAX),
    )?;
    if let Some(cursor) = cursor
        .as_ref()
        .filter(|cursor| cursor.len() > CURSOR_MAX_BYTES)
    {
        return Err(Refusal::invalid_request(format!(
            "cursor has {} bytes; the limit is {CURSOR_MAX_BYTES}",
            cursor.len()
        )));
    }
    Ok(PageRequest {
        limit: u32::try_from(limit).unwrap_or(PAGE_MAX),
        cursor,
    })
}

/// A whole number in the query.
///
/// # Errors
/// `invalid_request` with the value and the bounds.
pub(crate) fn number(
    name: &str,
    text: Option<&str>,
    default: u64,
    allowed: std::ops::RangeInclusive<u64>,
) -> Answer<u64> {
    let Some(text) = text else { return Ok(default) };
    match text.parse::<u64>() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        Ok(_) | Err(_) => {
            let shown: String = text.chars().take(40).collect();
            Err(Refusal::invalid_request(format!(
                "{name} is `{shown}`, allowed are {} to {}",
                allowed.start(),
                allowed.end()
            )))
        }
    }
}

/// A word or id in the query.
///
/// # Errors
/// `invalid_request` with the value and what it should be.
pub(crate) fn word<T: FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<&str>,
) -> Answer<Option<T>> {
    text.map(|text| {
        text.parse()
            .map_err(|error| Refusal::invalid_request(format!("{name}: {error}")))
    })
    .transpose()
}

/// Where the request comes from, behind the trusted proxies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let notes = parts.extensions.get::<Arc<Notes>>();
        notes
            .map(|notes| Self(notes.address))
            .ok_or_else(|| Refusal::internal("a route lies outside of the envelope"))
    }
}

/// The client's address: the right-most hop that is no trusted proxy. Without a trusted peer no
/// header is believed.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpRange]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut client = peer;
    for hop in hops(headers).iter().rev() {
        if !is_trusted(client) {
            break;
        }
        // Whatever stands further left was written by someone we do not know.
        let Some(hop) = hop else { break };
        client = hop.to_canonical();
    }
    client
}

/// The hops that proxies wrote down, the nearest one last; `None` is one that is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let list = |name: &str| -> Vec<String> {
        let lines = headers
            .get_all(name)
            .iter()
            .map(|line| line.to_str().unwrap_or("?"));
        lines
            .flat_map(|line| line.split(','))
            .map(|hop| hop.trim().to_owned())
            .collect()
    };
    let forwarded_for = list("x-forwarded-for");
    if !forwarded_for.is_empty() {
        return forwarded_for.iter().map(|hop| address(hop)).collect();
    }
    let forwarded = list("forwarded");
    if !forwarded.is_empty() {
        return forwarded
            .iter()
            .map(|hop| address(forwarded_by(hop)?))
            .collect();
    }
    list("x-real-ip").iter().map(|hop| address(hop)).collect()
}

/// The value of `for=` in one element of `Forwarded` (RFC 7239).
fn forwarded_by(element: &str) -> Option<&str> {
    element
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("for"))
        .map(|(_, value)| value.trim_matches('"'))
}

/// An address, with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(inside, _)| inside);
    bare.unwrap_or(text).parse().ok().or_else(|| {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    })
}

/// A refusal that points at a place in the body.
pub(crate) fn invalid_body(pointer: String, message: String) -> Refusal {
    let detail = if pointer.is_empty() {
        format!("the body cannot be read: {message}")
    } else {
        format!("the body cannot be read at {pointer}: {message}")
    };
    let mut problem = Problem::new(ErrorCode::InvalidRequest, detail);
    problem.errors.push(FieldError::new(pointer, message));
    problem.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn client(peer: &str, pairs: &[(&'static str, &'static str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let sent = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-real-ip", "203.0.113.8"),
        ];
        assert_eq!(client("198.51.100.1", &sent), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &sent), "203.0.113.7");
        assert_eq!(
            client("::1", &[("x-real-ip", "203.0.113.8")]),
            "203.0.113.8"
        );
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_counts_and_what_is_left_of_it_is_hearsay() {
        let chain = [("x-forwarded-for", "127.0.0.1, 203.0.113.7, 10.9.9.9")];
        assert_eq!(client("10.0.0.1", &chain), "203.0.113.7");
        let lines = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "203.0.113.7"),
        ];
        assert_eq!(client("10.0.0.1", &lines), "203.0.113.7");
        let broken = [("x-forwarded-for", "1.1.1.1, unknown, 10.9.9.9")];
        assert_eq!(client("10.0.0.1", &broken), "10.9.9.9");
    }

    #[test]
    fn forwarded_is_read_in_all_its_forms() {
        for (value, expected) in [
            ("for=203.0.113.7;proto=https", "203.0.113.7"),
            ("For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=192.0.2.1, for=203.0.113.7:80", "203.0.113.7"),
            ("for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(
                client("10.0.0.1", &[("forwarded", value)]),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn a_number_out_of_bounds_is_named_with_its_bounds() {
        assert_eq!(page_request(None, None).unwrap().limit, 50);
        assert_eq!(page_request(Some("200"), None).unwrap().limit, 200);
        for text in ["0", "201", "-1", "ten", "", "99999999999999999999"] {
            let refusal = page_request(Some(text), None).unwrap_err();
            let expected = format!("limit is `{text}`, allowed are 1 to 200");
            assert_eq!(refusal.problem().detail, expected);
        }
        assert!(page_request(None, Some("x".repeat(513))).is_err());
    }
}
