//! Socket tokens: every way in which one can be wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Value, json};

use super::*;
use crate::Secret;

mod texts;

const NOW: i64 = 1_763_800_000;

fn tokens() -> SocketTokens {
    SocketTokens::new(SigningKeys::generate())
}

fn claims() -> Claims {
    Claims::new(Uuid::now_v7(), Uuid::now_v7(), NOW, 300)
}

fn header(tokens: &SocketTokens) -> Value {
    json!({"alg": "HS256", "typ": "ws+jwt", "kid": tokens.keys.signing().kid})
}

fn payload() -> Value {
    json!({
        "iss": "frontdesk", "aud": "ws", "sub": Uuid::now_v7(), "sid": Uuid::now_v7(),
        "jti": Uuid::new_v4(), "iat": NOW, "exp": NOW + 300,
    })
}

/// A token with any content, signed with the right key.
fn forge(tokens: &SocketTokens, header: &str, payload: &str) -> String {
    sign(
        header,
        payload,
        &tokens.keys.signing().encoding,
        Algorithm::HS256,
    )
}

fn sign(header: &str, payload: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn with_header(tokens: &SocketTokens, name: &str, value: Value) -> String {
    let mut header = header(tokens);
    header[name] = value;
    forge(tokens, &header.to_string(), &payload().to_string())
}

fn with_claim(tokens: &SocketTokens, name: &str, value: Value) -> String {
    let mut payload = payload();
    payload[name] = value;
    forge(tokens, &header(tokens).to_string(), &payload.to_string())
}

/// The refusal, after the checks that hold for every refusal.
fn problem(tokens: &SocketTokens, token: &str) -> TokenProblem {
    let problem = tokens.verify(token, NOW).unwrap_err();
    let (text, debug) = (problem.to_string(), format!("{problem:?}"));
    assert!(text.len() <= 100, "{} bytes: {text}", text.len());
    assert!(!text.ends_with('.') && !problem.fix().is_empty(), "{text}");
    for part in token.split('.').filter(|part| part.len() >= 20) {
        assert!(
            !text.contains(&part[..12]) && !debug.contains(&part[..12]),
            "{text} {debug}"
        );
    }
    let lines = tokens.explain(token, NOW);
    assert!(
        lines.iter().any(|line| !line.ok),
        "{text}: the explanation sees no problem: {lines:?}"
    );
    problem
}

fn what(tokens: &SocketTokens, token: &str) -> Mismatch {
    match problem(tokens, token) {
        TokenProblem::Invalid { what, .. } => what,
        other => panic!("expected an invalid token, found {other:?}"),
    }
}

#[test]
fn a_minted_token_opens_a_socket_and_says_what_was_put_in() {
    let (tokens, claims) = (tokens(), claims());
    let token = tokens.mint(&claims);
    assert!(token.len() < 500, "{}", token.len());
    assert_eq!(tokens.verify(&token, NOW), Ok(claims));
    let lines = tokens.explain(&token, NOW);
    assert!(
        lines.iter().all(|line| line.ok && line.verified),
        "{lines:#?}"
    );
    let names: Vec<&str> = lines.iter().map(|line| line.name).collect();
    let expected = "format alg typ header kid signature iss aud sub sid jti iat exp";
    assert_eq!(names.join(" "), expected);
    assert!(
        tokens
            .verify(
                &forge(
                    &tokens,
                    &header(&tokens).to_string(),
                    &payload().to_string()
                ),
                NOW
            )
            .is_ok()
    );
}

#[test]
fn a_token_lives_at_most_300_seconds_and_clocks_may_differ_by_5() {
    let tokens = tokens();
    let token = tokens.mint(&Claims::new(Uuid::now_v7(), Uuid::now_v7(), NOW, 86_400));
    for late in [0, 299, 304] {
        assert!(tokens.verify(&token, NOW + late).is_ok(), "{late}");
    }
    for (late, ago_seconds) in [(305, 5), (306, 6), (1000, 700)] {
        assert_eq!(
            tokens.verify(&token, NOW + late),
            Err(TokenProblem::Expired { ago_seconds })
        );
    }
    assert!(tokens.verify(&token, NOW - 5).is_ok());
    let early = TokenProblem::NotYetValid { in_seconds: 6 };
    assert_eq!(tokens.verify(&token, NOW - 6), Err(early));
    let nbf = with_claim(&tokens, "nbf", json!(NOW + 6));
    assert_eq!(
        problem(&tokens, &nbf),
        TokenProblem::NotYetValid { in_seconds: 6 }
    );
    assert!(
        tokens
            .verify(&with_claim(&tokens, "nbf", json!(NOW + 5)), NOW)
            .is_ok()
    );
    let longest = with_claim(&tokens, "exp", json!(NOW + 301));
    assert_eq!(what(&tokens, &longest), Mismatch::Claim("exp"));
    let text = problem(&tokens, &with_claim(&tokens, "exp", json!(NOW + 3600))).to_string();
    assert_eq!(
        text,
        "the token's exp is 3600 s after iat, expected 1 to 300 s after it"
    );
}

#[test]
fn no_algorithm_but_hs256_is_taken_whatever_signed_it() {
    let tokens = tokens();
    let key = &tokens.keys.signing().encoding;
    for name in [
        "none", "None", "nOnE", "hs256", "HS384", "HS512", "RS256", "ES256", "x", "",
    ] {
        let mut header = header(&tokens);
        header["alg"] = json!(name);
        let (header, payload) = (header.to_string(), payload().to_string());
        let hs512 = sign(&header, &payload, key, Algorithm::HS512);
        let unsigned = format!("{}.", hs512.rsplit_once('.').unwrap().0);
        for token in [forge(&tokens, &header, &payload), hs512, unsigned] {
            assert_eq!(what(&tokens, &token), Mismatch::Algorithm, "{name}");
        }
    }
    for value in [json!(null), json!(1), json!(["HS256"])] {
        assert_eq!(
            what(&tokens, &with_header(&tokens, "alg", value)),
            Mismatch::Algorithm
        );
    }
    let text = problem(&tokens, &with_header(&tokens, "alg", json!("RS256"))).to_string();
    assert_eq!(text, "the token's alg is RS256, expected HS256");
    let unsigned = forge(
        &tokens,
        &header(&tokens).to_string(),
        &payload().to_string(),
    );
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    assert!(matches!(
        problem(&tokens, &unsigned),
        TokenProblem::Malformed { .. }
    ));
}

#[test]
fn another_kind_of_token_and_any_further_header_field_is_refused() {
    let tokens = tokens();
    for typ in [
        json!("JWT"),
        json!("at+jwt"),
        json!("WS+JWT"),
        json!(null),
        json!(7),
        json!(""),
    ] {
        assert_eq!(
            what(&tokens, &with_header(&tokens, "typ", typ)),
            Mismatch::Kind
        );
    }
    for name in ["crit", "jku", "jwk", "x5u", "x5c"] {
        for value in [
            json!(["exp"]),
            json!("https://example.org/keys"),
            json!({}),
            json!(null),
        ] {
            let token = with_header(&tokens, name, value);
            assert_eq!(what(&tokens, &token), Mismatch::Header(name));
        }
    }
    let other = with_header(&tokens, "surprise", json!(1));
    assert!(matches!(what(&tokens, &other), Mismatch::Header(_)));
    let kid = &tokens.keys.signing().kid;
    let twice = format!(r#"{{"alg":"none","alg":"HS256","typ":"ws+jwt","kid":"{kid}"}}"#);
    let twice = forge(&tokens, &twice, &payload().to_string());
    assert!(matches!(
        problem(&tokens, &twice),
        TokenProblem::Malformed { .. }
    ));
}

#[test]
fn a_changed_token_and_a_strange_key_are_told_apart() {
    let (tokens, strangers) = (tokens(), self::tokens());
    let token = tokens.mint(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("{message}.{first}{}", &signature[1..]);
    assert_eq!(what(&tokens, &changed), Mismatch::Signature);
    let (head, _) = message.split_once('.').unwrap();
    let swapped = format!(
        "{head}.{}.{signature}",
        URL_SAFE_NO_PAD.encode(payload().to_string())
    );
    assert_eq!(what(&tokens, &swapped), Mismatch::Signature);
    assert!(
        tokens
            .explain(&swapped, NOW)
            .iter()
            .all(|line| !line.verified)
    );

    assert_eq!(
        what(&tokens, &strangers.mint(&claims())),
        Mismatch::UnknownKey
    );
    for kid in [json!(null), json!(1), json!(""), json!("../../etc/passwd")] {
        assert_eq!(
            what(&tokens, &with_header(&tokens, "kid", kid)),
            Mismatch::UnknownKey
        );
    }
    let stolen_kid = header(&tokens).to_string();
    let token = forge(&strangers, &stolen_kid, &payload().to_string());
    assert_eq!(what(&tokens, &token), Mismatch::Signature);
    let expired = json!({"exp": 1, "iat": 0, "aud": "rest"}).to_string();
    assert_eq!(
        what(&tokens, &forge(&strangers, &stolen_kid, &expired)),
        Mismatch::Signature,
        "no claim is read before the signature"
    );
}

#[test]
fn a_token_of_the_old_key_is_taken_while_both_keys_are_there() {
    let (old, new) = (Secret::generate().reveal(), Secret::generate().reveal());
    let with = |text: &str| SocketTokens::new(SigningKeys::parse(text).unwrap());
    let before = with(&old);
    let during = with(&format!("{new}\n{old}"));
    let after = with(&new);
    let (old_token, new_token) = (before.mint(&claims()), during.mint(&claims()));
    assert!(during.verify(&old_token, NOW).is_ok());
    assert!(during.verify(&new_token, NOW).is_ok());
    assert!(after.verify(&new_token, NOW).is_ok(), "the first key signs");
    assert_eq!(what(&after, &old_token), Mismatch::UnknownKey);
    assert_eq!(what(&before, &new_token), Mismatch::UnknownKey);
}

#[test]
fn every_claim_is_required_and_strictly_typed() {
    let tokens = tokens();
    let times = [
        json!(null),
        json!("1763800300"),
        json!(1_763_800_300.0),
        json!(1_763_800_300.5),
        json!(-1),
        json!(u64::MAX),
        json!(true),
        json!([NOW]),
        json!({}),
    ];
    for name in ["iat", "exp", "nbf"] {
        for value in &times {
            let token = with_claim(&tokens, name, value.clone());
            assert_eq!(
                what(&tokens, &token),
                Mismatch::Claim(name),
                "{name} {value}"
            );
        }
    }
    let exponent = payload()
        .to_string()
        .replace(&(NOW + 300).to_string(), "1.7638003e9");
    let exponent = forge(&tokens, &header(&tokens).to_string(), &exponent);
    assert_eq!(what(&tokens, &exponent), Mismatch::Claim("exp"));
    for early in [NOW, NOW - 1, 0] {
        let token = with_claim(&tokens, "exp", json!(early));
        assert_eq!(what(&tokens, &token), Mismatch::Claim("exp"), "{early}");
    }
    let ids = [
        json!(null),
        json!(""),
        json!("ana"),
        json!(7),
        json!("urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057"),
        json!("01890a5dac96774bbcceb302099a8057"),
    ];
    for name in ["sub", "sid", "jti"] {
        for value in &ids {
            let token = with_claim(&tokens, name, value.clone());
            assert_eq!(
                what(&tokens, &token),
                Mismatch::Claim(name),
                "{name} {value}"
            );
        }
    }
    for value in [json!(null), json!("rest"), json!(["ws"]), json!("WS")] {
        assert_eq!(
            what(&tokens, &with_claim(&tokens, "aud", value)),
            Mismatch::Audience
        );
    }
    for value in [
        json!(null),
        json!("other"),
        json!(["frontdesk"]),
        json!("x".repeat(2000)),
    ] {
        assert_eq!(
            what(&tokens, &with_claim(&tokens, "iss", value)),
            Mismatch::Issuer
        );
    }
    let long_issuer = SocketTokens::with_issuer(tokens.keys.clone(), "ü".repeat(200));
    assert_eq!(
        what(&long_issuer, &tokens.mint(&claims())),
        Mismatch::Issuer
    );
    for name in ["iss", "aud", "sub", "sid", "jti", "iat", "exp"] {
        let mut payload = payload();
        payload.as_object_mut().unwrap().remove(name);
        let token = forge(&tokens, &header(&tokens).to_string(), &payload.to_string());
        assert!(
            problem(&tokens, &token).to_string().contains("absent"),
            "{name}"
        );
    }
}
