//! The session cookie: found in a request, written into an answer. Which name and attributes hold
//! for a request is for `origin.rs` to say. Start at [`SessionCookie`].

use std::fmt::Write as _;

use auth::SessionSecret;
use axum::http::{HeaderMap, HeaderValue, header};

/// How the session cookie looks for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCookie {
    /// `__Host-frontdesk_session`, which a browser keeps only over TLS.
    Secure,
    /// `frontdesk_session`, on a developer's machine.
    Relaxed,
}

impl SessionCookie {
    /// The cookie's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-frontdesk_session",
            Self::Relaxed => "frontdesk_session",
        }
    }

    /// The secret that came along, if there is one that can be one of ours.
    pub(crate) fn find(self, headers: &HeaderMap) -> Option<SessionSecret> {
        SessionSecret::parse(cookie(headers, self.name())?).ok()
    }

    /// The header that hands the secret to the browser.
    pub(crate) fn set(self, secret: &SessionSecret, max_age_seconds: u64) -> HeaderValue {
        self.header(&secret.reveal(), max_age_seconds)
    }

    /// The header that takes it back.
    pub(crate) fn clear(self) -> HeaderValue {
        self.header("", 0)
    }

    fn header(self, value: &str, max_age_seconds: u64) -> HeaderValue {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name());
        let _ = write!(text, "; Max-Age={max_age_seconds}");
        match self {
            Self::Secure => text.push_str("; Secure"),
            Self::Relaxed => {}
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
        let set = SessionCookie::Secure.set(&secret, 60);
        assert!(set.is_sensitive());
        assert_eq!(
            set.to_str().unwrap(),
            format!(
                "__Host-frontdesk_session={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure",
                secret.reveal()
            )
        );
        let relaxed = SessionCookie::Relaxed.clear();
        assert_eq!(
            relaxed.to_str().unwrap(),
            "frontdesk_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn only_what_can_be_a_secret_is_looked_up() {
        let secret = SessionSecret::generate();
        let sent = headers(&[&format!("frontdesk_session={}", secret.reveal())]);
        let found = SessionCookie::Relaxed.find(&sent).unwrap();
        assert_eq!(found.reveal(), secret.reveal());
        assert!(SessionCookie::Secure.find(&sent).is_none());
        for text in [
            "frontdesk_session=",
            "frontdesk_session=test",
            "frontdesk_session=null",
        ] {
            assert!(SessionCookie::Relaxed.find(&headers(&[text])).is_none());
        }
    }
}
