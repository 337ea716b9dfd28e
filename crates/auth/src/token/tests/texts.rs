//! What people read about a token: sentences and explanations.

use serde_json::json;

use super::*;

#[test]
fn a_placeholder_is_called_by_its_name() {
    let tokens = tokens();
    let real = tokens.mint(&claims());
    for (sent, text) in [
        ("test", "the token is `test`: a word to try things out"),
        ("TEST", "the token is `test`: a word to try things out"),
        (
            "undefined",
            "the token is `undefined`: a variable without a value",
        ),
        ("null", "the token is `null`: a variable without a value"),
        ("NaN", "the token is `NaN`: a variable without a value"),
        (
            "[object Object]",
            "the token is `[object Object]`: an object, not the text inside it",
        ),
        (
            "[object Promise]",
            "the token is `[object Promise]`: an object, not the text inside it",
        ),
        (
            "<VALID_JWT>",
            "the token is `<VALID_JWT>`: a placeholder nobody filled in",
        ),
        (
            "<paste here>",
            "the token is `<…>`: a placeholder nobody filled in",
        ),
        (
            "YOUR_TOKEN",
            "the token is `YOUR_TOKEN`: a placeholder nobody filled in",
        ),
        (
            "${token}",
            "the token is `${…}`: a placeholder nobody filled in",
        ),
        (
            "{{ws_token}}",
            "the token is `{{…}}`: a placeholder nobody filled in",
        ),
        (
            "Bearer",
            "the token is `Bearer `: the scheme was sent along with the token",
        ),
        (
            &format!("Bearer {real}"),
            "the token is `Bearer `: the scheme was sent along with the token",
        ),
        (
            &format!("\"{real}\""),
            "the token is `\"…\"`: quotes around the token",
        ),
    ] {
        let problem = problem(&tokens, sent);
        assert_eq!(problem.to_string(), text);
        assert!(matches!(
            problem,
            TokenProblem::Malformed {
                looks_like: Some(_),
                ..
            }
        ));
    }
}

#[test]
fn what_is_no_token_is_described_by_its_shape() {
    let tokens = tokens();
    let real = tokens.mint(&claims());
    let cookie = Secret::generate().reveal();
    let (head, rest) = real.split_once('.').unwrap();
    for (sent, text) in [
        ("", "no token was sent, expected one of three parts"),
        (" \n", "no token was sent, expected one of three parts"),
        ("nonsense", "the token has 1 part between dots, expected 3"),
        (head, "the token has 1 part between dots, expected 3"),
        ("a.b", "the token has 2 parts between dots, expected 3"),
        (
            &".".repeat(4096),
            "the token has 4097 parts between dots, expected 3",
        ),
        (
            &cookie,
            "the token is 43 characters in 1 part, as a session cookie is; expected 3 parts",
        ),
        (
            &format!("{real}\n"),
            "the token has white space or a line break around it",
        ),
        (
            &format!("{real}="),
            "the token is not base64url in part 3 of 3 (A-Z a-z 0-9 - _)",
        ),
        (
            &format!("{head}+.{rest}"),
            "the token is not base64url in part 1 of 3 (A-Z a-z 0-9 - _)",
        ),
        (&format!(".{rest}"), "the token is empty in part 1 of 3"),
        (
            "a.b.c",
            "the token is not base64url in part 1 of 3; it was cut",
        ),
        (
            "bm8.bm8.bm8",
            "the token is not a JSON object in part 1 of 3",
        ),
        (
            &real[..real.len() - 3],
            "the token has a signature of 40 characters, expected 43; it was cut",
        ),
        (
            &"x".repeat(5000),
            "the token has 5000 bytes, the limit is 4096",
        ),
        (
            "ä.ö.ü",
            "the token is not base64url in part 1 of 3 (A-Z a-z 0-9 - _)",
        ),
    ] {
        assert_eq!(problem(&tokens, sent).to_string(), text, "{sent:?}");
    }
    for payload in ["", "[]", "7", "null", "{\"exp\":1,\"exp\":2}", "{} {}"] {
        let token = forge(&tokens, &header(&tokens).to_string(), payload);
        let problem = problem(&tokens, &token);
        assert!(
            matches!(problem, TokenProblem::Malformed { .. }),
            "{payload}: {problem}"
        );
    }
}

#[test]
fn texts_stay_short_with_the_largest_numbers() {
    for problem in [
        TokenProblem::Expired {
            ago_seconds: i64::MAX,
        },
        TokenProblem::NotYetValid {
            in_seconds: i64::MAX,
        },
    ] {
        let text = problem.to_string();
        assert!(text.len() <= 100, "{} bytes: {text}", text.len());
    }
    let tokens = tokens();
    let token = with_claim(&tokens, "iat", json!(i64::MAX));
    assert_eq!(what(&tokens, &token), Mismatch::Claim("exp"));
    assert_eq!(
        TokenProblem::Expired { ago_seconds: 42 }.to_string(),
        "the token expired 42 s ago; it lives 300 s at most"
    );
    assert_eq!(
        TokenProblem::NotYetValid { in_seconds: 90 }.to_string(),
        "the token is valid in 90 s; clocks may differ by 5 s"
    );
}

#[test]
fn an_explanation_shows_values_and_escapes_what_a_terminal_would_obey() {
    let tokens = tokens();
    let find = |token: &str, name: &str| {
        tokens
            .explain(token, NOW)
            .into_iter()
            .find(|line| line.name == name)
            .unwrap()
    };
    let aud = find(&with_claim(&tokens, "aud", json!("rest\u{1b}[31m")), "aud");
    assert_eq!(
        (aud.expected.as_str(), aud.found.as_str(), aud.ok),
        ("ws", "rest\\u{1b}[31m", false)
    );
    let exp = find(&with_claim(&tokens, "exp", json!("1763800300")), "exp");
    assert!(
        exp.found.starts_with("1763800300 (a text, not a number)"),
        "{}",
        exp.found
    );
    let old = with_claim(&tokens, "exp", json!(NOW - 42));
    assert!(
        find(&old, "exp")
            .found
            .starts_with("1763799958, 42 s ago: the token expired")
    );
    let iss = find(&with_claim(&tokens, "iss", json!("x".repeat(2000))), "iss");
    assert!(iss.found.len() < 100 && iss.verified);
    let token = tokens.mint(&claims());
    let signature = token.rsplit('.').next().unwrap();
    let everything = format!("{:?} {tokens:?}", tokens.explain(&token, NOW));
    assert!(!everything.contains(signature));
    let key = tokens.keys.to_text().lines().last().unwrap().to_owned();
    assert!(!everything.contains(&key));
    assert_eq!(tokens.explain("test", NOW).len(), 1);
}
