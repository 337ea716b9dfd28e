//! A JWT, read without its key: header and claims as they stand there, and its times against now.
//! Nothing of the token is repeated, only what kind of value stands where.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Confidence, Explanation, Finding};
use crate::registry::known;

/// How far clocks may differ, in seconds; as the server has it.
const LEEWAY_SECONDS: i64 = 5;

/// Longest life of a socket token, in seconds.
const LIFE_MAX_SECONDS: i64 = 300;

/// The text as a token, if it is one and nothing else: a JWT, with `Bearer` or quotes around it perhaps.
pub(super) fn find(text: &str) -> Option<&str> {
    let bare = text.trim_matches(['"', '\'']);
    let bare = bare.strip_prefix("Authorization:").unwrap_or(bare).trim();
    let bare = bare.strip_prefix("Bearer ").unwrap_or(bare).trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte);
    (bare.starts_with("eyJ") && bare.bytes().all(fits)).then_some(bare)
}

pub(super) fn explain(token: &str, now_seconds: i64) -> Explanation {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        let found = format!("it has {} parts, a JWT has three", parts.len());
        return told("auth.malformed", Confidence::Certain, None, vec![found]);
    };
    let Some(header) = object(header) else {
        return told(
            "auth.malformed",
            Confidence::Certain,
            None,
            vec!["its first part is no JSON in base64url".into()],
        );
    };
    let Some(claims) = object(claims) else {
        return told(
            "auth.malformed",
            Confidence::Certain,
            None,
            vec!["its second part is no JSON in base64url".into()],
        );
    };
    if signature.is_empty() || URL_SAFE_NO_PAD.decode(signature).is_err() {
        return told(
            "auth.malformed",
            Confidence::Certain,
            None,
            vec!["its third part, the signature, is missing or cut".into()],
        );
    }
    let seen = seen(&header, &claims, now_seconds);
    judged(&header, &claims, now_seconds).map_or_else(
        || {
            let why = "nothing is wrong with what can be read of this token; whether its signature is right and its session live, only the server knows";
            let next = "Ask the server: frontdesk token check - (on its machine, the token on stdin), or POST /api/v1/diagnose/token.";
            let mut explanation = Explanation::cannot_tell(why, next);
            explanation.alternatives = vec!["auth.signature", "auth.revoked"];
            explanation
        },
        |(id, sentence)| told(id, Confidence::Certain, Some(sentence), seen),
    )
}

/// The first thing that is wrong, in the order in which the server looks.
fn judged(
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
    now: i64,
) -> Option<(&'static str, String)> {
    let kind = header
        .get("typ")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let algorithm = header
        .get("alg")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    if kind != "ws+jwt" {
        return Some((
            "auth.wrong_kind",
            "This is a JWT of another kind (its typ is not ws+jwt): no token for a socket of Frontdesk.".into(),
        ));
    }
    if algorithm != "HS256" {
        return Some((
            "auth.alg",
            "The token names another algorithm than HS256.".into(),
        ));
    }
    if claims.get("aud").and_then(Value::as_str) != Some("ws") {
        return Some(("auth.aud", "The token's aud is not ws.".into()));
    }
    let missing = ["sub", "sid", "jti"]
        .into_iter()
        .find(|name| claims.get(*name).and_then(Value::as_str).is_none());
    if let Some(name) = missing {
        return Some((
            "auth.claim",
            format!("The token's {name} is missing or no text."),
        ));
    }
    let (Some(issued), Some(expires)) = (seconds("iat"), seconds("exp")) else {
        return Some((
            "auth.claim",
            "The token's iat or exp is missing or no number of seconds.".into(),
        ));
    };
    let begins = seconds("nbf").unwrap_or(issued).max(issued);
    if begins.saturating_sub(now) > LEEWAY_SECONDS {
        let ahead = begins.saturating_sub(now);
        return Some((
            "auth.not_yet_valid",
            format!("The token is valid in {ahead} s, by this machine's clock."),
        ));
    }
    let ago = now.saturating_sub(expires);
    (ago >= LEEWAY_SECONDS).then(|| {
        ("auth.expired", format!("The token expired {ago} s ago, by this machine's clock; a socket token lives {LIFE_MAX_SECONDS} s at most."))
    })
}

/// What can be read of it that is no secret: names, kinds and times.
fn seen(header: &Map<String, Value>, claims: &Map<String, Value>, now: i64) -> Vec<String> {
    let mut seen = Vec::new();
    for name in ["alg", "typ"] {
        let value = header
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("missing");
        seen.push(format!("header: {name} is {}", known_word(value)));
    }
    for name in ["iat", "exp"] {
        seen.push(match claims.get(name).and_then(Value::as_i64) {
            None => format!("claims: {name} is missing or no number"),
            Some(at) if at > now => format!("claims: {name} is in {} s", at.saturating_sub(now)),
            Some(at) => format!("claims: {name} was {} s ago", now.saturating_sub(at)),
        });
    }
    seen
}

/// Words of the standards; anything else might be a secret in the wrong place.
fn known_word(value: &str) -> &str {
    const WORDS: &[&str] = &[
        "missing", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384",
        "EdDSA", "none", "JWT", "at+jwt", "ws+jwt", "dpop+jwt",
    ];
    WORDS
        .iter()
        .find(|word| **word == value)
        .unwrap_or(&"another word")
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn told(
    id: &'static str,
    confidence: Confidence,
    sentence: Option<String>,
    evidence: Vec<String>,
) -> Explanation {
    let cause = known(id);
    Explanation::explained(
        Finding {
            id,
            confidence,
            severity: cause.severity,
            sentence: sentence.unwrap_or_else(|| cause.sentence.to_owned()),
            fix: cause.fix.to_owned(),
            evidence,
            page: cause.page(),
        },
        Vec::new(),
    )
}
