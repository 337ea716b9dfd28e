//! Seats: several sessions in one browser, so that a demo can show a customer and the desk side by
//! side in one window. `serve --demo` alone understands them; elsewhere the header is refused, so
//! that nobody builds on it. Start at [`refusal`].

use std::fmt;

use axum::http::HeaderMap;
use protocol::{ErrorCode, Problem};

/// Names the seat of a request.
const FRONTDESK_SEAT: &str = "frontdesk-seat";

/// Longest name.
const SEAT_MAX_CHARS: usize = 16;

/// The name of a seat: 1 to 16 of the letters a to z, so it can stand in the name of a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat(String);

impl Seat {
    /// The seat that the headers name, if they name one.
    ///
    /// # Errors
    /// What they name instead, cut where it is long.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let mut named = headers.get_all(FRONTDESK_SEAT).iter();
        let (Some(value), second) = (named.next(), named.next()) else {
            return Ok(None);
        };
        if second.is_some() {
            return Err("more than one".to_owned());
        }
        let text = value.to_str().unwrap_or("?");
        let is_seat = (1..=SEAT_MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase());
        match is_seat {
            true => Ok(Some(Self(text.to_owned()))),
            false => Err(text.chars().take(40).collect()),
        }
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a request may not name the seat that it names.
pub(crate) fn refusal(is_demo: bool, headers: &HeaderMap) -> Option<Problem> {
    if !headers.contains_key(FRONTDESK_SEAT) {
        return None;
    }
    if !is_demo {
        let detail = "the request has a header Frontdesk-Seat, which `frontdesk serve --demo` alone \
            understands; this server was started without --demo";
        let fix = "Leave the header out: a browser has one session with this server.";
        return Some(Problem::new(ErrorCode::InvalidRequest, detail).with_fix(fix));
    }
    let found = Seat::of(headers).err()?;
    let detail = format!("Frontdesk-Seat is `{found}`, expected 1 to 16 letters from a to z");
    Some(Problem::new(ErrorCode::InvalidRequest, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FRONTDESK_SEAT, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_demo_has_seats_and_only_letters_name_one() {
        assert!(refusal(false, &headers(&[])).is_none());
        assert!(refusal(false, &headers(&["left"])).is_some());
        for seat in ["left", "a", "abcdefghijklmnop"] {
            assert!(refusal(true, &headers(&[seat])).is_none(), "{seat}");
        }
        for seat in [
            "",
            "Left",
            "left1",
            "a;b",
            "a=b",
            "a b",
            "abcdefghijklmnopq",
            "ä",
        ] {
            let problem = refusal(true, &headers(&[seat])).unwrap();
            assert!(problem.detail.contains("expected 1 to 16"), "{seat}");
            assert!(Seat::of(&headers(&[seat])).is_err());
        }
        assert!(refusal(true, &headers(&["left", "right"])).is_some());
    }
}
