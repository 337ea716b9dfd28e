//! The token: by its shape, by its claims, and by the server's own verdict where it is ours.

use serde_json::{Value, json};

use crate::examination::{Examination, Seen};
use crate::example_keys::example_key;
use crate::report::Finding;
use crate::token::{Token, judge, read};

/// Seconds that our server forgives.
const LEEWAY_SECONDS: i64 = 5;

/// How often the verdict is asked for again, to see whether it changes.
const REPEATED: usize = 3;

/// Judges the token that a page would send.
pub(crate) async fn token(examination: &mut Examination<'_>) -> Seen {
    let given = examination
        .target()
        .token
        .clone()
        .or_else(|| examination.options.token.clone());
    let Some(token) = given else {
        return match examination.known.token.clone() {
            Some(token) if examination.known.session.is_none() => by_claims(examination, &token),
            Some(_) => Seen::Well("minted by the server for --email".to_owned()),
            None => Seen::Skipped("no token was given".to_owned()),
        };
    };
    examination.known.token = Some(token.clone());
    if examination.known.dialer.is_some()
        && examination.known.blocked.is_none()
        && examination.known.is_ours
    {
        return by_server(examination, &token).await;
    }
    by_claims(examination, &token)
}

/// What a token says of itself, where no server of ours can be asked.
fn by_claims(examination: &mut Examination<'_>, token: &str) -> Seen {
    let now = now() + examination.known.clock_ahead.unwrap_or(0);
    match read(token) {
        Token::Missing => {
            examination.find(Finding::new(
                "auth.missing",
                "the address has a token parameter without a value",
            ));
            Seen::Unknown(String::new())
        }
        Token::Placeholder(word) => {
            examination.find(placeholder(&word));
            Seen::Unknown(String::new())
        }
        Token::Opaque {
            is_broken_jwt: true,
            what,
        } => {
            examination.find(Finding::new(
                "auth.malformed",
                format!("the token is a damaged JWT: {what}"),
            ));
            Seen::Unknown(String::new())
        }
        Token::Opaque {
            is_broken_jwt: false,
            ..
        } => Seen::Unknown("it is no JWT, so only the server can say what it is worth".to_owned()),
        Token::Jwt { header, claims } => {
            if let Some((id, sentence)) = judge(&header, &claims, now, LEEWAY_SECONDS) {
                let finding = Finding::new(id, sentence);
                examination.find(with_clocks(examination, finding));
                return Seen::Unknown(String::new());
            }
            if let Some(key) = example_key(token) {
                let sentence = format!(
                    "the token is signed with `{key}`, a key out of examples: whoever reads them \
                     can make tokens for every account"
                );
                examination.find(
                    Finding::new("auth.default_secret", sentence)
                        .fix(
                            "give the server a key of its own, 32 random bytes (openssl rand \
                             -base64 32), and replace every token",
                        )
                        .seen("key", key),
                );
            }
            let ends = claims
                .get("exp")
                .and_then(Value::as_i64)
                .map_or("never ends".to_owned(), |exp| {
                    format!("ends in {} s", exp - now)
                });
            Seen::Unknown(format!(
                "a JWT that {ends}; its signature can be checked by the server alone"
            ))
        }
    }
}

fn placeholder(word: &str) -> Finding {
    let sentence =
        format!("the token is `{word}`, a placeholder: no server takes it for a real one");
    Finding::new("auth.placeholder", sentence)
        .fix(
            "log in, fetch a real token (GET /api/v1/auth/ws-token) and put it in its place; \
             for a try: frontdesk token mint --email …",
        )
        .not("auth.malformed", "it is a word, not a damaged token")
}

/// Says how the two clocks stand, where that would be the other explanation.
fn with_clocks(examination: &Examination<'_>, finding: Finding) -> Finding {
    match examination.known.clock_ahead {
        Some(ahead) if ahead.abs() <= LEEWAY_SECONDS => finding.not(
            "auth.skew",
            format!(
                "the server's clock and this one differ by {} s",
                ahead.abs()
            ),
        ),
        _ => finding,
    }
}

async fn by_server(examination: &mut Examination<'_>, token: &str) -> Seen {
    if let Token::Placeholder(word) = read(token) {
        examination.find(placeholder(&word));
        return Seen::Unknown(String::new());
    }
    if let Token::Missing = read(token) {
        examination.find(Finding::new(
            "auth.missing",
            "the address has a token parameter without a value",
        ));
        return Seen::Unknown(String::new());
    }
    let verdict = match verdict(examination, token).await {
        Ok(verdict) => verdict,
        Err(why) => return Seen::Unknown(why),
    };
    let is_accepted = verdict["accepted"] == true;
    if is_accepted || of_verdict(&verdict).id == "auth.signature" {
        for _ in 0..REPEATED {
            let other = self::verdict(examination, token).await;
            if other.is_ok_and(|other| (other["accepted"] == true) != is_accepted) {
                let sentence = "the server takes this token at times and refuses it at others: \
                    its nodes or workers do not share the key";
                examination.find(
                    Finding::new("auth.ephemeral_secret", sentence)
                        .not("auth.signature", "it was taken once"),
                );
                return Seen::Unknown(String::new());
            }
        }
    }
    if is_accepted {
        return Seen::Well("the server would take it".to_owned());
    }
    let finding = of_verdict(&verdict);
    let finding = with_clocks(examination, finding);
    if finding.id == "auth.signature" {
        let because = format!("the verdict was the same {} times", REPEATED + 1);
        examination.find(finding.not("auth.ephemeral_secret", because));
        return Seen::Unknown(String::new());
    }
    examination.find(finding);
    Seen::Unknown(String::new())
}

async fn verdict(examination: &mut Examination<'_>, token: &str) -> Result<Value, String> {
    let request = examination
        .request("POST", "/api/v1/diagnose/token")
        .json(&json!({"token": token}));
    let answer = examination
        .ask(&request)
        .await
        .map_err(|fault| fault.words())?;
    match answer.json() {
        Some(json) if answer.status == 200 => Ok(json),
        _ => Err(format!(
            "the server gives no verdict: {}",
            answer.status_line()
        )),
    }
}

/// The cause by the first claim that is wrong, or by what became of the session.
fn of_verdict(verdict: &Value) -> Finding {
    let reason = verdict["reason"].as_str().unwrap_or("refused");
    let said = reason.split_once(": ").map_or(reason, |(_, said)| said);
    let code = verdict["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok())
        .unwrap_or_default();
    let wrong = verdict["claims"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|claim| claim["ok"] == false);
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let by_claim = wrong.map(|claim| {
        let name = text(&claim["name"]);
        let id = match name.as_str() {
            "format" => "auth.malformed",
            "alg" => "auth.alg",
            "typ" => "auth.wrong_kind",
            "kid" | "signature" => "auth.signature",
            "iss" => "auth.iss",
            "aud" => "auth.aud",
            "iat" | "nbf" if code == 4101 => "auth.not_yet_valid",
            "exp" if code == 4100 => "auth.expired",
            _ => "auth.claim",
        };
        (id, name, text(&claim["expected"]), text(&claim["found"]))
    });
    // The close code decides what is refused; the claims say more of it.
    let by_code = causes::cause_of_close(code, reason).map(|cause| cause.id);
    let (id, finding) = match (&by_claim, by_code) {
        (Some((id, name, expected, found)), Some(by_code))
            if !matches!(
                by_code,
                "auth.revoked" | "auth.placeholder" | "auth.missing"
            ) =>
        {
            let id = if matches!(code, 4100 | 4101) {
                by_code
            } else {
                id
            };
            (
                id,
                Finding::new(
                    id,
                    // Of a text that is no token, the reason has said all.
                    match name.as_str() {
                        "format" => said.to_owned(),
                        _ => format!(
                            "{said}: the token's {name} is {found}; {expected} belongs there"
                        ),
                    },
                ),
            )
        }
        (_, Some(by_code)) => (by_code, Finding::new(by_code, said.to_owned())),
        (Some((id, ..)), None) => (*id, Finding::new(id, said.to_owned())),
        (None, None) => ("auth.claim", Finding::new("auth.claim", said.to_owned())),
    };
    let finding = match verdict["fix"].as_str() {
        Some(fix) if id != "auth.skew" => finding.fix(fix),
        _ => finding,
    };
    finding.seen("server_says", reason).seen(
        "session",
        verdict["session"].as_str().unwrap_or("not of ours"),
    )
}

fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(code: u16, reason: &str, claims: &Value) -> &'static str {
        of_verdict(&json!({"accepted": false, "code": code, "reason": reason, "fix": "x", "claims": claims})).id
    }

    #[test]
    fn the_first_wrong_claim_names_the_cause() {
        let wrong = |name: &str| json!([{"name": "format", "ok": true}, {"name": name, "expected": "a", "found": "b", "ok": false}]);
        for (code, reason, name, expected) in [
            (
                4503,
                "token_invalid: the token's aud is b",
                "aud",
                "auth.aud",
            ),
            (
                4503,
                "token_invalid: the token's iss is b",
                "iss",
                "auth.iss",
            ),
            (
                4503,
                "token_invalid: the signature is not ours",
                "signature",
                "auth.signature",
            ),
            (4503, "token_invalid: unknown key", "kid", "auth.signature"),
            (
                4503,
                "token_invalid: the token's typ is JWT",
                "typ",
                "auth.wrong_kind",
            ),
            (
                4503,
                "token_invalid: the token's alg is none",
                "alg",
                "auth.alg",
            ),
            (4503, "token_invalid: no sub", "sub", "auth.claim"),
            (4100, "token_expired: 9 s ago", "exp", "auth.expired"),
            (
                4101,
                "token_not_yet_valid: in 99 s",
                "iat",
                "auth.not_yet_valid",
            ),
            (4502, "token_malformed: 2 parts", "format", "auth.malformed"),
        ] {
            assert_eq!(id(code, reason, &wrong(name)), expected, "{reason}");
        }
        assert_eq!(
            id(4505, "session_ended: logged out", &json!([])),
            "auth.revoked"
        );
        assert_eq!(id(4506, "account_disabled: x", &json!([])), "auth.revoked");
    }
}
