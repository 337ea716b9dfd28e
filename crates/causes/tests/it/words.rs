//! A close code, the name of a cause, and a token, alone.

use causes::{Confidence, Explanation, Input, Verdict, explain};

const NOW_SECONDS: i64 = 1_795_341_600;

fn told(text: &str) -> Explanation {
    explain(&Input {
        text,
        now_seconds: NOW_SECONDS,
    })
}

fn cause_of(text: &str) -> Option<&'static str> {
    let explanation = told(text);
    (explanation.verdict == Verdict::Explained).then(|| explanation.findings[0].id)
}

/// A token as somebody might have one, whatever is in it.
fn token(header: &str, claims: &str) -> String {
    let part = |json: &str| base64(json.as_bytes());
    format!("{}.{}.{}", part(header), part(claims), part("a signature"))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn codes_and_names_alone_are_explained() {
    for (text, expected) in [
        ("4502", Some("auth.malformed")),
        ("close 4100", Some("auth.expired")),
        (
            "4502 token_malformed: the token is `test`: a word",
            Some("auth.placeholder"),
        ),
        ("code: 1009", Some("ws.too_big")),
        ("1006", None),
        ("close 1006", None),
        ("close 1006, reason ''", None),
        ("1000", None),
        ("4401", None),
        ("4998", None),
        ("403", None),
        ("502", Some("proxy.bad_gateway")),
        ("net.refused", Some("net.refused")),
        ("docs/failures/net.refused.md", Some("net.refused")),
        ("origin_denied", Some("origin.denied")),
        ("token_expired", Some("auth.expired")),
        ("net::ERR_CONNECTION_REFUSED", Some("net.refused")),
        ("ECONNREFUSED", Some("net.refused")),
        ("[object Object]", None),
        ("email_taken", None),
        ("", None),
        ("hello", None),
    ] {
        assert_eq!(cause_of(text), expected, "{text}: {:?}", told(text));
    }
}

#[test]
fn every_cause_explains_its_own_name() {
    for cause in causes::all() {
        assert_eq!(cause_of(cause.id), Some(cause.id));
    }
}

#[test]
fn a_token_is_judged_by_what_can_be_read_and_never_repeated() {
    let ids = r#""sub":"u","sid":"s","jti":"j""#;
    let ours = r#"{"alg":"HS256","typ":"ws+jwt"}"#;
    let now = NOW_SECONDS;
    let times = |iat: i64, exp: i64| format!(r#"{{"aud":"ws",{ids},"iat":{iat},"exp":{exp}}}"#);
    let good = times(now - 10, now + 290);
    for (token, expected) in [
        (token(ours, &good), None),
        (
            token(ours, &times(now - 400, now - 100)),
            Some("auth.expired"),
        ),
        (
            token(ours, &times(now + 60, now + 360)),
            Some("auth.not_yet_valid"),
        ),
        (
            token(r#"{"alg":"HS256","typ":"JWT"}"#, &good),
            Some("auth.wrong_kind"),
        ),
        (
            token(r#"{"alg":"RS256","typ":"ws+jwt"}"#, &good),
            Some("auth.alg"),
        ),
        (
            token(ours, &good.replace("\"ws\"", "\"api\"")),
            Some("auth.aud"),
        ),
        (
            token(ours, &good.replace("\"sid\"", "\"xid\"")),
            Some("auth.claim"),
        ),
        (token(ours, "no json"), Some("auth.malformed")),
        (
            token(ours, &good).rsplit_once('.').unwrap().0.to_owned(),
            Some("auth.malformed"),
        ),
        (
            format!("Bearer {}", token(ours, &times(0, 1))),
            Some("auth.expired"),
        ),
    ] {
        let explanation = told(&token);
        assert_eq!(cause_of(&token), expected, "{explanation:?}");
        let text = format!("{explanation:?}");
        let parts = token.trim_start_matches("Bearer ").split('.');
        assert!(parts.into_iter().all(|part| !text.contains(part)), "{text}");
    }
}

#[test]
fn the_time_is_an_argument() {
    let token = token(
        r#"{"alg":"HS256","typ":"ws+jwt"}"#,
        r#"{"aud":"ws","sub":"u","sid":"s","jti":"j","iat":1000,"exp":1300}"#,
    );
    let at = |now_seconds| {
        let explanation = explain(&Input {
            text: &token,
            now_seconds,
        });
        explanation
            .findings
            .first()
            .map(|finding| (finding.id, finding.confidence))
    };
    assert_eq!(at(1100), None);
    assert_eq!(at(1310), Some(("auth.expired", Confidence::Certain)));
    assert_eq!(at(900), Some(("auth.not_yet_valid", Confidence::Certain)));
}
