//! A token as anybody may read it who has it: the words that stand in its place, its header and its
//! claims against a clock. No signature is checked here; only the server can. Pure.
//! Start at [`read`].

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// What a token says without being asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// There is none.
    Missing,
    /// A word that stands in its place.
    Placeholder(String),
    /// It is not a JWT; what is wrong with it, in our words.
    Opaque {
        /// Whether it was one: it begins as one does.
        is_broken_jwt: bool,
        /// What is wrong.
        what: String,
    },
    /// A JWT.
    Jwt {
        /// The first part.
        header: Map<String, Value>,
        /// The second part.
        claims: Map<String, Value>,
    },
}

/// Reads a token.
pub(crate) fn read(text: &str) -> Token {
    if text.trim().is_empty() {
        return Token::Missing;
    }
    if let Some(word) = placeholder(text) {
        return Token::Placeholder(word);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let is_broken_jwt = text.starts_with("eyJ");
    let opaque = |what: String| Token::Opaque {
        is_broken_jwt,
        what,
    };
    if parts.len() != 3 {
        return opaque(format!(
            "it has {} parts between dots, a JWT has 3",
            parts.len()
        ));
    }
    if parts.iter().any(|part| part.is_empty()) {
        return opaque("one of its three parts is empty".to_owned());
    }
    let object = |part: &str| {
        let bytes = URL_SAFE_NO_PAD
            .decode(part.trim_end_matches('='))
            .or_else(|_| STANDARD_NO_PAD.decode(part.trim_end_matches('=')))
            .ok()?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).ok()
    };
    match (object(parts[0]), object(parts[1])) {
        (Some(header), Some(claims)) => match URL_SAFE_NO_PAD.decode(parts[2]) {
            Ok(_) => Token::Jwt { header, claims },
            Err(_) => opaque(
                "its third part, the signature, is not base64url: it was cut or changed".to_owned(),
            ),
        },
        (None, _) => opaque("its first part is no JSON object in base64url".to_owned()),
        (_, None) => opaque(
            "its second part is no JSON object in base64url: it was cut or changed".to_owned(),
        ),
    }
}

/// What is wrong with the claims at a time (unix seconds): the cause, and a sentence.
pub(crate) fn judge(
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
    now: i64,
    leeway: i64,
) -> Option<(&'static str, String)> {
    if header
        .get("alg")
        .and_then(Value::as_str)
        .is_some_and(|alg| alg.eq_ignore_ascii_case("none"))
    {
        return Some((
            "auth.alg",
            "the token says alg: none, so nobody signed it".to_owned(),
        ));
    }
    for name in ["exp", "nbf", "iat"] {
        if let Some(value) = claims.get(name).filter(|value| value.as_f64().is_none()) {
            let kind = if value.is_string() {
                "a text"
            } else {
                "no number"
            };
            return Some((
                "auth.claim",
                format!("the claim {name} is {kind}; seconds since 1970 belong there"),
            ));
        }
    }
    let seconds = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_f64)
            .map(|value| value as i64)
    };
    if let Some(exp) = seconds("exp") {
        if exp > now.saturating_mul(100) {
            return Some((
                "auth.claim",
                format!("the claim exp is {exp}, which is milliseconds; seconds belong there"),
            ));
        }
        if exp + leeway < now {
            let ago = now - exp;
            let life =
                seconds("iat").map_or(String::new(), |iat| format!("; it lived {} s", exp - iat));
            return Some((
                "auth.expired",
                format!("the token expired {ago} s ago by the server's clock{life}"),
            ));
        }
    }
    for name in ["nbf", "iat"] {
        if let Some(begins) = seconds(name).filter(|begins| *begins > now + leeway) {
            let sentence = format!(
                "the token's {name} is {} s ahead of the server's clock: two clocks differ",
                begins - now
            );
            return Some(("auth.not_yet_valid", sentence));
        }
    }
    None
}

/// The word that stands where a token belongs, if it is one. Never part of a real token.
pub(crate) fn placeholder(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let lower = trimmed.to_ascii_lowercase();
    if causes::is_placeholder(trimmed) {
        return Some(trimmed.to_owned());
    }
    let framed = |begin: &str, end: &str| {
        lower.len() >= begin.len() + end.len() && lower.starts_with(begin) && lower.ends_with(end)
    };
    if lower == "bearer" || lower.starts_with("bearer ") || lower.starts_with("bearer%20") {
        return Some("Bearer …".to_owned());
    }
    if lower.len() > 1 && (framed("\"", "\"") || framed("'", "'")) {
        return Some("\"…\"".to_owned());
    }
    for (begin, end, shown) in [
        ("<", ">", "<…>"),
        ("${", "}", "${…}"),
        ("{{", "}}", "{{…}}"),
    ] {
        if framed(begin, end) {
            return Some(shown.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn jwt(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn id(text: &str) -> &'static str {
        match read(text) {
            Token::Jwt { header, claims } => {
                judge(&header, &claims, 1_000_000, 5).map_or("none", |(id, _)| id)
            }
            _ => "no jwt",
        }
    }

    #[test]
    fn words_in_the_place_of_a_token_are_recognised() {
        for text in [
            "test",
            "UNDEFINED",
            "null",
            "[object Object]",
            "\"abc.def.ghi\"",
            "Bearer eyJ.a.b",
            "<VALID_JWT>",
            "${TOKEN}",
        ] {
            assert!(matches!(read(text), Token::Placeholder(_)), "{text}");
        }
        assert_eq!(read(" "), Token::Missing);
        assert_eq!(placeholder("testament"), None);
    }

    #[test]
    fn a_broken_jwt_is_told_from_a_token_that_is_none() {
        let whole = jwt(&json!({"alg": "HS256"}), &json!({"exp": 1}));
        let cut = &whole[..whole.len() - 7];
        for (text, broken) in [("5f4dcc3b5aa765d61d8327deb882cf99", false), (cut, true)] {
            let Token::Opaque { is_broken_jwt, .. } = read(text) else {
                panic!("{text} was taken for a token");
            };
            assert_eq!(is_broken_jwt, broken, "{text}");
        }
    }

    #[test]
    fn claims_are_judged_by_the_servers_clock() {
        let hs = json!({"alg": "HS256", "typ": "JWT"});
        for (claims, expected) in [
            (json!({"exp": 1_000_300, "iat": 1_000_000}), "none"),
            (json!({"exp": 999_000, "iat": 998_700}), "auth.expired"),
            (json!({"exp": 999_996}), "none"),
            (
                json!({"exp": 1_000_300, "nbf": 1_000_100}),
                "auth.not_yet_valid",
            ),
            (json!({"exp": 1_000_300_000_u64}), "auth.claim"),
            (json!({"exp": "tomorrow"}), "auth.claim"),
        ] {
            assert_eq!(id(&jwt(&hs, &claims)), expected, "{claims}");
        }
        assert_eq!(id(&jwt(&json!({"alg": "none"}), &json!({}))), "auth.alg");
    }
}
