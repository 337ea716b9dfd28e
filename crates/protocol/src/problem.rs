//! Why a request failed, as `application/problem+json` (RFC 9457). The same problem travels in an
//! `error` frame on a socket.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ErrorCode;

/// One failure, told to a person and to a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// `urn:frontdesk:problem:` and the code; its section is in docs/problems.md.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title of the code.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The stable word.
    pub code: ErrorCode,
    /// One sentence with the values compared.
    pub detail: String,
    /// The next step.
    pub fix: String,
    /// What is wrong with which field; empty unless the code is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Values for programs, such as `allowed` or `current`.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON Pointer into the request body (RFC 6901).
    pub pointer: String,
    /// What is wrong, with the values compared.
    pub message: String,
}

impl FieldError {
    /// An error at a pointer such as `/lines/0/quantity`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

impl Problem {
    /// A problem with the usual fix of its code.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:frontdesk:problem:{}", code.slug()),
            title: code.title(),
            status: code.status(),
            code,
            detail: detail.into(),
            fix: code.fix().to_owned(),
            errors: Vec::new(),
            members: Map::new(),
        }
    }

    /// The same with a better next step.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same with a value for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The fields that hold values that are not allowed.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.message),
            many => format!("{} fields hold values that are not allowed", many.len()),
        };
        Self {
            errors,
            ..Self::new(ErrorCode::ValidationFailed, detail)
        }
    }
}

/// Escapes one segment of a JSON Pointer (RFC 6901, section 3).
#[must_use]
pub fn pointer_escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_beside_the_standard_ones() {
        let problem = Problem::new(ErrorCode::InvalidTransition, "placed may not become ready")
            .with("allowed", vec!["accepted", "rejected"]);
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["status"], 409);
        assert_eq!(json["code"], "invalid_transition");
        assert_eq!(json["allowed"][0], "accepted");
        assert!(json.get("errors").is_none());
    }
}
