//! Takes secrets out of a text before anything of it is looked at or shown. A known placeholder is
//! no secret and stays, because it is the answer.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::placeholder;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "…";

/// The text without tokens, passwords, cookies and keys.
pub(super) fn mask(text: &str) -> String {
    let text = JWT.replace_all(text, MASK);
    let text = COOKIE.replace_all(&text, |found: &Captures| format!("{}{MASK}", &found[1]));
    let text = USER.replace_all(&text, |found: &Captures| format!("{}{MASK}@", &found[1]));
    let text = BEARER.replace_all(&text, |found: &Captures| format!("{} {MASK}", &found[1]));
    let text = NAMED.replace_all(&text, named);
    let text = KEY.replace_all(&text, MASK);
    LONG.replace_all(&text, long).into_owned()
}

fn named(found: &Captures) -> String {
    let (before, value) = (&found[1], &found[2]);
    let is_scheme = ["Bearer", "Basic", "Digest"].contains(&value);
    if placeholder::word(value).is_some() || value == MASK || is_scheme {
        return found[0].to_owned();
    }
    format!("{before}{MASK}")
}

/// Long runs of letters and digits may be anything, unless they are words or ids.
fn long(found: &Captures) -> String {
    let run = &found[0];
    let has = |what: fn(&u8) -> bool| run.bytes().any(|byte| what(&byte));
    let is_secret = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && !UUID.is_match(run);
    if is_secret { MASK } else { run }.to_owned()
}

static JWT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"eyJ[A-Za-z0-9_\-]*(?:(?:\.|%2[eE])[A-Za-z0-9_\-=]*)*"));

/// The rest of a line that carries cookies.
static COOKIE: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)((?:set-)?cookie["']?\s*[:=]\s*["']?)[^\r\n]+"#));

static USER: LazyLock<Regex> = LazyLock::new(|| regex(r#"(://)[^/\s@'"]+@"#));

static BEARER: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?i)\b(Bearer|Basic|Digest)(?:\s|\+|%20)+[^\s"',;}&)]+"#));

/// `token=…`, `"password": "…"` and their like.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r#"(?i)((?:\b|[_\-])(?:token|jwt|ticket|authorization|auth|password|passwd|pwd|secret|"#,
        r#"api[_\-]?key|apikey|access[_\-]?key|session|session[_\-]?id|sid|signature|code_verifier)"#,
        r#"["']?\s*(?:=|:|%3[dD])\s*["'`]?)([^\s"'`&,;)}\]]+(?: Object\]| Promise\])?)"#
    ))
});

static KEY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(?:sk|pk|ghp|gho|glpat|xox[abp])[\-_][A-Za-z0-9_\-]{8,}"));

static LONG: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Za-z0-9_\-]{32,}"));

static UUID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"));

pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a test compiles every pattern of ours")
}

/// A line as it is shown: short, and on one line.
pub(super) fn shown(line: &str) -> Cow<'_, str> {
    /// Longest line that is shown, in characters.
    const SHOWN_MAX_CHARS: usize = 180;
    let line = line.trim();
    match line.char_indices().nth(SHOWN_MAX_CHARS) {
        None => Cow::Borrowed(line),
        Some((end, _)) => Cow::Owned(format!("{}{MASK}", &line[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_what_explains_stays() {
        for (text, expected) in [
            (
                "ws://h/ws?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln&a=1",
                "ws://h/ws?token=…&a=1",
            ),
            ("ws://h/ws?token=test", "ws://h/ws?token=test"),
            ("ws://h/ws?token=hunter2secret", "ws://h/ws?token=…"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
            ("access_token=abc123 x", "access_token=… x"),
            (
                r#"{"password": "correct horse"}"#,
                r#"{"password": "… horse"}"#,
            ),
            ("Set-Cookie: a=b; Path=/", "Set-Cookie: …"),
            ("postgres://ana:pw@db/x", "postgres://…@db/x"),
            ("key sk-abcdefgh12345", "key …"),
            (
                "chat 0190a000-0000-7000-8000-0000000000d1",
                "chat 0190a000-0000-7000-8000-0000000000d1",
            ),
            (
                "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
                "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS",
            ),
            ("id 0123456789abcdef0123456789abcdef", "id …"),
        ] {
            assert_eq!(mask(text), expected, "{text}");
        }
    }
}
