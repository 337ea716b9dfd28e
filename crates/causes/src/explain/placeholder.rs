//! Words that stand where a token belongs.

use std::sync::LazyLock;

use regex::Regex;

use super::mask::regex;

/// In lower case. None of them is a secret, so they may be shown.
const WORDS: &[&str] = &[
    "test",
    "testing",
    "test123",
    "test-token",
    "test_token",
    "testtoken",
    "token",
    "jwt",
    "dummy",
    "fake",
    "demo",
    "foo",
    "abc",
    "123",
    "xxx",
    "...",
    "secret",
    "invalid",
    "undefined",
    "null",
    "none",
    "nil",
    "nan",
    "true",
    "false",
    "[object object]",
    "[object promise]",
    "valid_jwt",
    "<valid_jwt>",
    "your_token",
    "your-token",
    "<your_token>",
    "<token>",
    "your_token_here",
    "your-token-here",
    "your_jwt",
    "your_jwt_token",
    "jwt_token",
    "access_token",
    "<jwt>",
    "{token}",
    "${token}",
    "mock-token",
    "mock_token",
    "fake-token",
    "dummy-token",
    "mytoken",
    "my-token",
    "placeholder",
    "changeme",
];

/// Whether a text is a word that people put where a token belongs, in any case.
pub fn is_placeholder(text: &str) -> bool {
    WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// The placeholder that a value is, as it is to be shown.
pub(super) fn word(value: &str) -> Option<String> {
    let plain = decoded(value);
    let bare = plain.trim_matches(['"', '\'']);
    let bare = bare.strip_prefix("Bearer ").unwrap_or(bare);
    is_placeholder(bare).then(|| plain.clone())
}

/// The placeholder that a line carries as its token.
pub(super) fn in_line(line: &str) -> Option<String> {
    IN_QUERY
        .captures_iter(line)
        .find_map(|found| word(found.get(1)?.as_str()))
}

/// What the browser wrote as `%20` and the like, for the few characters that placeholders have.
fn decoded(value: &str) -> String {
    let mut text = value.to_owned();
    for (coded, plain) in [
        ("%20", " "),
        ("+", " "),
        ("%5B", "["),
        ("%5b", "["),
        ("%5D", "]"),
        ("%5d", "]"),
        ("%22", "\""),
        ("%3C", "<"),
        ("%3c", "<"),
        ("%3E", ">"),
        ("%3e", ">"),
        ("%7B", "{"),
        ("%7D", "}"),
        ("%24", "$"),
    ] {
        text = text.replace(coded, plain);
    }
    text
}

static IN_QUERY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)[?&](?:access_|auth_|ws_|socket_)?(?:token|jwt|ticket)=([^\s"'`&,;)#]*(?: Object\]| Promise\])?)"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_however_they_are_written() {
        for (line, expected) in [
            ("ws://localhost:8000/ws/chat/42?token=test", Some("test")),
            ("'ws://h/ws?a=1&token=undefined' failed", Some("undefined")),
            (
                "ws://h/ws?token=%5Bobject%20Object%5D",
                Some("[object Object]"),
            ),
            ("ws://h/ws?token=[object Object] x", Some("[object Object]")),
            ("ws://h/ws?access_token=null", Some("null")),
            ("ws://h/ws?token=%3Cyour_token%3E", Some("<your_token>")),
            ("ws://h/ws?token=…", None),
            ("ws://h/ws?token=tester-of-things", None),
            ("a test of the token", None),
        ] {
            assert_eq!(in_line(line).as_deref(), expected, "{line}");
        }
    }
}
