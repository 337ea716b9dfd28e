//! Words that people and programs send where a token belongs. Naming the word says at once what
//! went wrong, and tells nothing, because no token looks like one.

/// Something that stands where a token belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder {
    /// The word, in our spelling, never copied from what was sent.
    pub word: &'static str,
    /// How it came there.
    pub cause: PlaceholderCause,
}

/// How a placeholder came where a token belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceholderCause {
    /// Somebody wrote a word to try things out.
    Word,
    /// A variable without a value was turned into text.
    NoValue,
    /// An object or a promise was turned into text, instead of the token inside it.
    Object,
    /// The scheme of an `Authorization` header was sent along.
    Scheme,
    /// An example was copied and its placeholder not filled in.
    Template,
    /// The token is in quotes, as JSON writes a text.
    Quotes,
}

use PlaceholderCause::{NoValue, Object, Quotes, Scheme, Template, Word};

/// What was sent, in lower case; how we write it; how it came.
const WORDS: [(&str, &str, PlaceholderCause); 37] = [
    ("test", "test", Word),
    ("testing", "testing", Word),
    ("test123", "test123", Word),
    ("test-token", "test-token", Word),
    ("test_token", "test_token", Word),
    ("testtoken", "testtoken", Word),
    ("token", "token", Word),
    ("jwt", "jwt", Word),
    ("dummy", "dummy", Word),
    ("fake", "fake", Word),
    ("demo", "demo", Word),
    ("foo", "foo", Word),
    ("abc", "abc", Word),
    ("123", "123", Word),
    ("xxx", "xxx", Word),
    ("...", "...", Word),
    ("secret", "secret", Word),
    ("invalid", "invalid", Word),
    ("undefined", "undefined", NoValue),
    ("null", "null", NoValue),
    ("none", "None", NoValue),
    ("nil", "nil", NoValue),
    ("nan", "NaN", NoValue),
    ("true", "true", NoValue),
    ("false", "false", NoValue),
    ("[object object]", "[object Object]", Object),
    ("[object promise]", "[object Promise]", Object),
    ("<valid_jwt>", "<VALID_JWT>", Template),
    ("valid_jwt", "VALID_JWT", Template),
    ("your_token", "YOUR_TOKEN", Template),
    ("your-token", "your-token", Template),
    ("your_token_here", "YOUR_TOKEN_HERE", Template),
    ("your-token-here", "your-token-here", Template),
    ("your_jwt", "YOUR_JWT", Template),
    ("your_jwt_token", "YOUR_JWT_TOKEN", Template),
    ("jwt_token", "JWT_TOKEN", Template),
    ("access_token", "access_token", Template),
];

/// How it begins, how it ends; how we write it; how it came. Looked at after the words.
const SHAPES: [(&str, &str, &str, PlaceholderCause); 8] = [
    ("bearer ", "", "Bearer ", Scheme),
    ("bearer%20", "", "Bearer ", Scheme),
    ("\"", "\"", "\"…\"", Quotes),
    ("'", "'", "'…'", Quotes),
    ("<", ">", "<…>", Template),
    ("${", "}", "${…}", Template),
    ("{{", "}}", "{{…}}", Template),
    ("%", "%", "%…%", Template),
];

impl Placeholder {
    /// The placeholder that a text is, if it is one. Case and white space around it do not matter.
    pub fn find(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        if lower == "bearer" {
            return Some(Self {
                word: "Bearer ",
                cause: Scheme,
            });
        }
        let word = WORDS.iter().find(|(sent, ..)| *sent == lower);
        if let Some((_, word, cause)) = word {
            return Some(Self {
                word,
                cause: *cause,
            });
        }
        let shape = SHAPES.iter().find(|(begins, ends, ..)| {
            lower.len() > begins.len() && lower.starts_with(begins) && lower.ends_with(ends)
        });
        shape.map(|(_, _, word, cause)| Self {
            word,
            cause: *cause,
        })
    }
}
