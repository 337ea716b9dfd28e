//! Notifications: what one user should know.

use protocol::FieldError;

use crate::text::{TextRule, check_text};

/// What a kind may be.
pub const KIND: TextRule = TextRule {
    min_chars: 1,
    max_chars: 50,
    lines: false,
};

/// What a headline may be.
pub const TITLE: TextRule = TextRule {
    min_chars: 1,
    max_chars: 200,
    lines: false,
};

/// What a text may be.
pub const BODY: TextRule = TextRule {
    min_chars: 0,
    max_chars: 2_000,
    lines: true,
};

/// What a link may be.
pub const LINK: TextRule = TextRule {
    min_chars: 1,
    max_chars: 500,
    lines: false,
};

/// Checks what is to be sent. A link is a path of the page itself, so that a notification cannot
/// lead anywhere else: it begins with one slash.
pub fn check(
    kind: &str,
    title: &str,
    body: &str,
    link: Option<&str>,
    errors: &mut Vec<FieldError>,
) {
    check_text("/kind", kind, KIND, errors);
    check_text("/title", title, TITLE, errors);
    check_text("/body", body, BODY, errors);
    if let Some(link) = link {
        check_text("/link", link, LINK, errors);
        let leads_away = link.starts_with("//") || link.starts_with("/\\");
        if !link.starts_with('/') || leads_away {
            errors.push(FieldError::new("/link", "is not a path such as /orders"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_on_the_page() {
        let good = |link: &str| {
            let mut errors = Vec::new();
            check("order", "Ready", "", Some(link), &mut errors);
            errors.is_empty()
        };
        assert!(good("/orders/1?x=2#y"));
        for link in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "orders",
            "",
        ] {
            assert!(!good(link), "{link}");
        }
    }
}
