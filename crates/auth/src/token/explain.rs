//! A token explained claim by claim, for a person with a terminal. Unlike
//! [`SocketTokens::verify`] it goes on after the first problem and shows what the token says, so
//! its output belongs to whoever brought the token, and in no log.

use serde_json::Value;

use super::problem::TokenProblem;
use super::read::{Header, Payload, Token, seconds, uuid};
use super::{
    ALGORITHM_NAME, SocketTokens, TOKEN_AUDIENCE, TOKEN_LEEWAY_SECONDS, TOKEN_LIFETIME_MAX_SECONDS,
    TOKEN_TYP, check_begun, check_not_expired,
};

/// Longest value shown, in characters.
const SHOWN_MAX_CHARS: usize = 80;

/// One line of the explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimReport {
    /// The claim or check: `format`, `alg`, `typ`, `header`, `kid`, `signature`, `iss`, `aud`,
    /// `sub`, `sid`, `jti`, `iat`, `nbf` (only where present), `exp`.
    pub name: &'static str,
    /// What belongs there.
    pub expected: String,
    /// What is there. Control characters are escaped, long values cut. Holds no signature.
    pub found: String,
    /// Whether the two agree.
    pub ok: bool,
    /// Whether a right signature stands behind `found`. Without one, anybody may have written it.
    pub verified: bool,
}

impl SocketTokens {
    /// Explains a token at `now_seconds` (unix time), in the order in which it is checked. Every
    /// line is `ok` exactly if [`SocketTokens::verify`] takes the token.
    ///
    /// A text that is no token at all gets the single line `format`.
    pub fn explain(&self, token: &str, now_seconds: i64) -> Vec<ClaimReport> {
        let shape = "three base64url parts between dots, the first two JSON objects";
        let read = Token::read(token).and_then(|token| {
            let (header, payload) = (token.header()?, token.payload()?);
            Ok((token, header, payload))
        });
        let (token, header, payload) = match read {
            Ok(read) => read,
            Err(problem) => return vec![line("format", shape, problem.to_string(), false, false)],
        };
        let mut lines = vec![line("format", shape, "as expected", true, false)];
        self.explain_header(&header, &mut lines);
        let signature = header
            .find_key(&self.keys)
            .and_then(|key| token.check_signature(key));
        // A right signature over a header that we refuse proves nothing either.
        let verified = signature.is_ok() && lines.iter().all(|line| line.ok);
        let found = match &signature {
            Ok(()) => "right".to_owned(),
            Err(problem) => problem.to_string(),
        };
        lines.push(line(
            "signature",
            "of the key that kid names",
            found,
            signature.is_ok(),
            verified,
        ));
        self.explain_payload(&payload, now_seconds, verified, &mut lines);
        for line in &mut lines {
            line.verified = verified;
        }
        lines
    }

    fn explain_header(&self, header: &Header, lines: &mut Vec<ClaimReport>) {
        let check = |name, expected: &str, value: &Option<Value>, ok| {
            line(name, expected, show(value.as_ref()), ok, false)
        };
        lines.push(check(
            "alg",
            ALGORITHM_NAME,
            &header.alg,
            header.check_algorithm().is_ok(),
        ));
        lines.push(check(
            "typ",
            TOKEN_TYP,
            &header.typ,
            header.check_typ().is_ok(),
        ));
        let others: Vec<&str> = header.others.keys().map(String::as_str).collect();
        let found = match others.as_slice() {
            [] => "alg, typ and kid only".to_owned(),
            others => printable(&format!("also {}", others.join(", "))),
        };
        lines.push(line(
            "header",
            "alg, typ and kid only",
            found,
            others.is_empty(),
            false,
        ));
        let kids = self.keys.kids().collect::<Vec<_>>().join(" or ");
        lines.push(check(
            "kid",
            &kids,
            &header.kid,
            header.find_key(&self.keys).is_ok(),
        ));
    }

    fn explain_payload(
        &self,
        payload: &Payload,
        now_seconds: i64,
        verified: bool,
        lines: &mut Vec<ClaimReport>,
    ) {
        let mut add = |name, expected: &str, found: String, ok| {
            lines.push(line(name, expected, found, ok, verified));
        };
        let issuer_ok = payload.check_issuer(&self.issuer).is_ok();
        add("iss", &self.issuer, show(payload.iss.as_ref()), issuer_ok);
        add(
            "aud",
            TOKEN_AUDIENCE,
            show(payload.aud.as_ref()),
            payload.check_audience().is_ok(),
        );
        let ids = [
            ("sub", "a user's UUID", &payload.sub),
            ("sid", "a session's UUID", &payload.sid),
            ("jti", "a UUID", &payload.jti),
        ];
        for (name, expected, value) in ids {
            add(
                name,
                expected,
                show(value.as_ref()),
                uuid(name, value.as_ref()).is_ok(),
            );
        }

        let begun = |name, value: &Option<Value>| {
            seconds(name, value.as_ref()).and_then(|begins| check_begun(begins, now_seconds))
        };
        let begins = format!("whole seconds, at most {TOKEN_LEEWAY_SECONDS} s in the future");
        let iat_ok = begun("iat", &payload.iat).is_ok();
        add(
            "iat",
            &begins,
            show_time(payload.iat.as_ref(), now_seconds),
            iat_ok,
        );
        if payload.nbf.is_some() {
            let nbf_ok = begun("nbf", &payload.nbf).is_ok();
            add(
                "nbf",
                &begins,
                show_time(payload.nbf.as_ref(), now_seconds),
                nbf_ok,
            );
        }
        let exp = explain_exp(payload, now_seconds);
        let mut found = show_time(payload.exp.as_ref(), now_seconds);
        if let Err(problem) = &exp {
            found = format!("{found}: {problem}");
        }
        let ends = format!("in the future, at most {TOKEN_LIFETIME_MAX_SECONDS} s after iat");
        add("exp", &ends, found, exp.is_ok());
    }
}

fn explain_exp(payload: &Payload, now_seconds: i64) -> Result<(), TokenProblem> {
    let expires_at = seconds("exp", payload.exp.as_ref())?;
    check_not_expired(expires_at, now_seconds)?;
    // A bad iat has its own line.
    match seconds("iat", payload.iat.as_ref()) {
        Ok(_) => payload.life().map(|_| ()),
        Err(_) => Ok(()),
    }
}

fn line(
    name: &'static str,
    expected: impl Into<String>,
    found: impl Into<String>,
    ok: bool,
    verified: bool,
) -> ClaimReport {
    ClaimReport {
        name,
        expected: expected.into(),
        found: found.into(),
        ok,
        verified,
    }
}

fn show(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "absent".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(other) => printable(&format!("{other} (not a text)")),
    }
}

fn show_time(value: Option<&Value>, now_seconds: i64) -> String {
    let Some(seconds) = value.and_then(Value::as_i64) else {
        return match value {
            Some(Value::String(text)) => printable(&format!("{text} (a text, not a number)")),
            Some(other) => printable(&format!("{other} (not whole seconds)")),
            None => "absent".to_owned(),
        };
    };
    match seconds.saturating_sub(now_seconds) {
        0 => format!("{seconds}, now"),
        ahead @ 1.. => format!("{seconds}, in {ahead} s"),
        behind => format!("{seconds}, {} s ago", behind.unsigned_abs()),
    }
}

/// What a terminal may be shown of a stranger's text.
fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
