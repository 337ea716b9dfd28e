//! The session cookie: found in a request, written into an answer. Which name and attributes hold
//! for a request is for `origin.rs` to say. Start at [`SessionCookie`].

use std::fmt::Write as _;

use auth::SessionSecret;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::seat::Seat;

/// How the session cookie looks for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionCookie {
    /// Whether a browser keeps it only over TLS.
    is_secure: bool,
    /// Which of a demo's sessions in one browser is meant.
    seat: Option<Seat>,
}

impl SessionCookie {
    /// `__Host-frontdesk_session`, which a browser keeps only over TLS.
    pub(crate) const SECURE: Self = Self {
        is_secure: true,
        seat: None,
    };

    /// `frontdesk_session`, on a developer's machine.
    pub(crate) const RELAXED: Self = Self {
        is_secure: false,
        seat: None,
    };

    /// The cookie of a seat: no other seat's, and not the one of no seat.
    pub(crate) fn at(self, seat: Option<Seat>) -> Self {
        Self { seat, ..self }
    }

    /// The cookie's name.
    pub(crate) fn name(&self) -> String {
        let name = match self.is_secure {
            true => "__Host-frontdesk_session",
            false => "frontdesk_session",
        };
        match &self.seat {
            None => name.to_owned(),
            Some(seat) => format!("{name}_{seat}"),
        }
    }

    /// The secret that came along, if there is one that can be one of ours.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<SessionSecret> {
        SessionSecret::parse(cookie(headers, &self.name())?).ok()
    }

    /// The header that hands the secret to the browser.
    pub(crate) fn set(&self, secret: &SessionSecret, max_age_seconds: u64) -> HeaderValue {
        self.header(&secret.reveal(), max_age_seconds)
    }

    /// The header that takes it back.
    pub(crate) fn clear(&self) -> HeaderValue {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age_seconds: u64) -> HeaderValue {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name());
        let _ = write!(text, "; Max-Age={max_age_seconds}");
        if self.is_secure {
            text.push_str("; Secure");
        }
        let mut header =
            HeaderValue::from_str(&text).expect("a secret's text is base64url, the rest is ASCII");
        header.set_sensitive(true);
        header
    }
}

/// The value of the first cookie of this name.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = headers(&["a=1; my_frontdesk_session=2", "frontdesk_session=3;b=x=y"]);
        assert_eq!(cookie(&headers, "frontdesk_session"), Some("3"));
        assert_eq!(cookie(&headers, "b"), Some("x=y"));
        assert_eq!(cookie(&headers, "session"), None);
    }

    #[test]
    fn the_secure_cookie_has_every_attribute_that_its_prefix_asks_for() {
        let secret = SessionSecret::generate();
        let set = SessionCookie::SECURE.set(&secret, 60);
        assert!(set.is_sensitive());
        assert_eq!(
            set.to_str().unwrap(),
            format!(
                "__Host-frontdesk_session={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure",
                secret.reveal()
            )
        );
        let relaxed = SessionCookie::RELAXED.clear();
        assert_eq!(
            relaxed.to_str().unwrap(),
            "frontdesk_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn only_what_can_be_a_secret_is_looked_up() {
        let secret = SessionSecret::generate();
        let sent = headers(&[&format!("frontdesk_session={}", secret.reveal())]);
        let found = SessionCookie::RELAXED.find(&sent).unwrap();
        assert_eq!(found.reveal(), secret.reveal());
        assert!(SessionCookie::SECURE.find(&sent).is_none());
        for text in [
            "frontdesk_session=",
            "frontdesk_session=test",
            "frontdesk_session=null",
        ] {
            assert!(SessionCookie::RELAXED.find(&headers(&[text])).is_none());
        }
    }
}
