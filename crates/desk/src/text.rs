//! Texts that people write: how long they may be and what they may hold.

use protocol::FieldError;

/// What a text field accepts.
#[derive(Clone, Copy, Debug)]
pub struct TextRule {
    /// Fewest characters.
    pub min_chars: usize,
    /// Most characters (Unicode scalar values).
    pub max_chars: usize,
    /// Whether line breaks and tabs are allowed.
    pub lines: bool,
}

/// Checks a text against its rule; appends what is wrong to `errors`.
/// NUL and other control characters are refused, because PostgreSQL cannot store the first and
/// nobody can see the others.
pub fn check_text(pointer: &str, text: &str, rule: TextRule, errors: &mut Vec<FieldError>) {
    let chars = text.chars().count();
    if chars < rule.min_chars {
        let message = format!(
            "has {chars} characters, at least {} are needed",
            rule.min_chars
        );
        errors.push(FieldError::new(pointer, message));
    } else if chars > rule.max_chars {
        let message = format!(
            "has {chars} characters, at most {} are allowed",
            rule.max_chars
        );
        errors.push(FieldError::new(pointer, message));
    }
    let forbidden = text.chars().find(|character| {
        character.is_control() && !(rule.lines && matches!(character, '\n' | '\r' | '\t'))
    });
    if let Some(character) = forbidden {
        let message = format!("holds the control character U+{:04X}", u32::from(character));
        errors.push(FieldError::new(pointer, message));
    }
    if rule.min_chars > 0 && chars >= rule.min_chars && text.trim().is_empty() {
        errors.push(FieldError::new(pointer, "holds only spaces"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters_and_control_characters_refused() {
        let rule = TextRule {
            min_chars: 1,
            max_chars: 4,
            lines: false,
        };
        let faults = |text: &str| {
            let mut errors = Vec::new();
            check_text("/name", text, rule, &mut errors);
            errors
                .into_iter()
                .map(|error| error.message)
                .collect::<Vec<_>>()
        };
        assert!(faults("ümläu"[..].get(..6).unwrap()).is_empty());
        assert_eq!(faults(""), ["has 0 characters, at least 1 are needed"]);
        assert_eq!(faults("abcde"), ["has 5 characters, at most 4 are allowed"]);
        assert_eq!(faults("a\0b"), ["holds the control character U+0000"]);
        assert_eq!(faults("a\nb"), ["holds the control character U+000A"]);
        assert_eq!(faults("  "), ["holds only spaces"]);
    }
}
