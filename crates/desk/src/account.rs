//! Accounts: what an address and a name look like. Passwords are `auth`'s.

use protocol::FieldError;

use crate::text::{TextRule, check_text};

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3 leaves 254 for the path's content).
pub const EMAIL_MAX_BYTES: usize = 254;

/// What a name may be.
pub const NAME: TextRule = TextRule {
    min_chars: 1,
    max_chars: 100,
    lines: false,
};

/// The address as it is stored and compared: trimmed and in lower case.
#[must_use]
pub fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Checks an address that [`normal_email`] gave. Only its shape: whether mail arrives there is
/// for a mail to find out.
pub fn check_email(pointer: &str, email: &str, errors: &mut Vec<FieldError>) {
    let fault = |message: String| FieldError::new(pointer, message);
    if email.len() > EMAIL_MAX_BYTES {
        errors.push(fault(format!(
            "has {} bytes, at most {EMAIL_MAX_BYTES} are allowed",
            email.len()
        )));
        return;
    }
    let shaped = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    if !shaped || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        errors.push(fault(
            "is not an address such as ana@example.com".to_owned(),
        ));
    }
}

/// Checks a name.
pub fn check_name(pointer: &str, name: &str, errors: &mut Vec<FieldError>) {
    check_text(pointer, name, NAME, errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_by_their_shape() {
        let good = |text: &str| {
            let mut errors = Vec::new();
            check_email("/email", text, &mut errors);
            errors.is_empty()
        };
        assert!(good("ana@example.com"));
        assert!(good("ana+desk@localhost"));
        for text in [
            "",
            "ana",
            "@example.com",
            "ana@",
            "a@b@c",
            "ana@.com",
            "a na@b.c",
            "a\0@b.c",
        ] {
            assert!(!good(text), "{text:?}");
        }
        assert!(!good(&format!("{}@b.c", "a".repeat(254))));
        assert_eq!(normal_email(" Ana@Example.COM "), "ana@example.com");
    }
}
