//! What must never be shown, and the one place that takes it out. Start at [`Secrets::mask`].

use crate::report::Report;
use crate::token::placeholder;

/// What stands in the place of a secret.
const MASK: &str = "[masked]";

/// Shortest secret that is looked for in texts; a shorter one would be found in every word, so it
/// is only taken out of the places where secrets stand.
const SOUGHT_MIN_BYTES: usize = 5;

/// Parameters whose value is a secret wherever they stand.
const PARAMETERS: [&str; 12] = [
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "jwt",
    "ticket",
    "auth",
    "authorization",
    "password",
    "secret",
    "api_key",
    "apikey",
];

/// Headers whose value is a secret.
const HEADERS: [&str; 5] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
];

/// The secrets that an examination knows.
#[derive(Default)]
pub(crate) struct Secrets {
    texts: Vec<String>,
}

impl Secrets {
    /// Remembers a secret in every spelling in which it may come back. Placeholders are none.
    pub(crate) fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SOUGHT_MIN_BYTES || placeholder(secret).is_some() {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let in_path: String = encoded.replace('+', "%20");
        let quoted = serde_json::Value::from(secret).to_string();
        let in_json = quoted.trim_matches('"').to_owned();
        let in_html = secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let lower = in_path.to_ascii_lowercase();
        let debug = secret.escape_debug().to_string();
        for text in [
            secret.to_owned(),
            encoded,
            in_path,
            lower,
            in_json,
            in_html,
            debug,
        ] {
            if !self.texts.contains(&text) {
                self.texts.push(text);
            }
        }
        // The longest first, so that no part of one is left standing.
        self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// A text without secrets.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for secret in &self.texts {
            if masked.contains(secret.as_str()) {
                masked = masked.replace(secret.as_str(), MASK);
            }
        }
        mask_jwts(&mask_parameters(&masked))
    }

    /// A header as it may be shown.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        if !HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return format!("{name}: {}", printable(&self.mask(value)));
        }
        let shown = match name.to_ascii_lowercase().as_str() {
            "set-cookie" => match value.split_once(';') {
                Some((pair, attributes)) => {
                    format!("{}={MASK};{attributes}", name_of(pair))
                }
                None => format!("{}={MASK}", name_of(value)),
            },
            "cookie" => value
                .split(';')
                .map(|pair| format!("{}={MASK}", name_of(pair)))
                .collect::<Vec<_>>()
                .join("; "),
            _ => MASK.to_owned(),
        };
        format!("{name}: {}", printable(&self.mask(&shown)))
    }

    /// Takes every secret out of a report. The last step before it leaves this crate.
    pub(crate) fn clean(&self, report: &mut Report) {
        let mask = |text: &mut String| *text = self.mask(text);
        mask(&mut report.target);
        report.trouble.iter_mut().for_each(mask);
        report.transcript.iter_mut().for_each(mask);
        for check in &mut report.checks {
            mask(&mut check.note);
        }
        for timing in &mut report.timings {
            mask(&mut timing.phase);
        }
        for finding in &mut report.findings {
            mask(&mut finding.sentence);
            mask(&mut finding.fix);
            finding.evidence.seen.values_mut().for_each(mask);
            for other in &mut finding.evidence.alternatives {
                mask(&mut other.probe);
            }
            for other in &mut finding.evidence.ruled_out {
                mask(&mut other.because);
            }
        }
    }
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or("?", |(name, _)| name.trim())
}

/// Text of a stranger, without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

fn mask_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at);
        let begin = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .map_or(0, |found| {
                found + before[found..].chars().next().map_or(1, char::len_utf8)
            });
        let opened = begin > 0 && matches!(before.as_bytes()[begin - 1], b'?' | b'&');
        let name = before[begin..].to_ascii_lowercase();
        out.push_str(before);
        out.push('=');
        let value = &after[1..];
        let end = value
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '&' | '#' | '"' | '\'' | '`' | ';' | ')' | ',')
            })
            .unwrap_or(value.len());
        let found = &value[..end];
        if opened
            && PARAMETERS.contains(&name.as_str())
            && !found.is_empty()
            && found != MASK
            && placeholder(&percent_decoded(found)).is_none()
        {
            out.push_str(MASK);
            rest = &value[end..];
        } else {
            rest = value;
        }
    }
    out.push_str(rest);
    out
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={text}").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// A JWT is a secret whoever brought it: a server may send one back.
fn mask_jwts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let end = found
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(found.len());
        if end >= 20 {
            out.push_str(MASK);
        } else {
            out.push_str(&found[..end]);
        }
        rest = &found[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let mut secrets = Secrets::default();
        secrets.add("s3cret/with \"all\" of it");
        for text in [
            "token s3cret/with \"all\" of it here",
            "/ws?x=s3cret%2Fwith+%22all%22+of+it",
            "/ws?x=s3cret%2Fwith%20%22all%22%20of%20it",
            "{\"found\":\"s3cret/with \\\"all\\\" of it\"}",
        ] {
            let masked = secrets.mask(text);
            assert!(
                masked.contains(MASK) && !masked.contains("s3cret"),
                "{masked}"
            );
        }
    }

    #[test]
    fn tokens_of_others_are_masked_and_placeholders_are_named() {
        let secrets = Secrets::default();
        assert_eq!(
            secrets.mask("GET /ws/chat/42?token=abc-def&attempt=1 \"x\""),
            "GET /ws/chat/42?token=[masked]&attempt=1 \"x\""
        );
        assert_eq!(
            secrets.mask("/ws/chat/42?token=test"),
            "/ws/chat/42?token=test"
        );
        assert_eq!(
            secrets.mask("ü=1 & eyJhbGciOiJIUzI1NiJ9.e30.c2ln."),
            "ü=1 & [masked]"
        );
    }

    #[test]
    fn headers_that_carry_secrets_show_their_names_alone() {
        let secrets = Secrets::default();
        assert_eq!(
            secrets.header("Set-Cookie", "sid=abc; Path=/; HttpOnly"),
            "Set-Cookie: sid=[masked]; Path=/; HttpOnly"
        );
        assert_eq!(
            secrets.header("cookie", "a=1; b=2"),
            "cookie: a=[masked]; b=[masked]"
        );
        assert_eq!(
            secrets.header("Authorization", "Bearer x"),
            "Authorization: [masked]"
        );
        assert_eq!(
            secrets.header("Server", "nginx\u{1b}[2J"),
            "Server: nginx [2J"
        );
    }
}
