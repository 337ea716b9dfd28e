//! Why a request failed, as an answer: `application/problem+json` (RFC 9457). The codes are
//! `protocol`'s; here they meet HTTP. Start at [`Refusal`].

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, FieldError, Problem};
use store::{ReadError, WriteError};
use utoipa::ToSchema;

use crate::limits::RETRY_SOON_SECONDS;

/// The member that becomes the header `Retry-After`.
const RETRY_AFTER: &str = "retry_after_seconds";

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// A problem on its way to the client.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Problem>);

/// Lies in the extensions of an answer that is a problem, for the log line and the request id.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub(crate) Arc<Problem>);

impl Refusal {
    /// A refusal with the usual fix of its code.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    /// Refused because it came too often.
    pub(crate) fn later(code: ErrorCode, detail: impl Into<String>, seconds: u64) -> Self {
        Problem::new(code, detail).with(RETRY_AFTER, seconds).into()
    }

    /// A parameter or header that cannot be read.
    pub(crate) fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, detail)
    }

    /// An error of ours. The cause goes into the log and the client gets the request id.
    pub(crate) fn internal(cause: &str) -> Self {
        tracing::error!(cause, "a request failed by an error of the server");
        Self::new(
            ErrorCode::InternalError,
            "the server met an error of its own",
        )
    }

    /// The store does not answer. The cause goes into the log.
    pub(crate) fn unavailable(cause: &str) -> Self {
        tracing::warn!(cause, "the store did not answer");
        Self::later(
            ErrorCode::Unavailable,
            "the database does not answer or the server is shutting down",
            RETRY_SOON_SECONDS,
        )
    }

    /// Says so when the change may have been made after all, which the store tells in its text.
    fn doubtful(mut self, cause: &str) -> Self {
        if cause.contains("outcome") && cause.contains("unknown") {
            "it is unknown whether the change was made".clone_into(&mut self.0.detail);
            "Look before sending it again, or repeat it with the same Idempotency-Key."
                .clone_into(&mut self.0.fix);
        }
        self
    }

    /// The problem.
    pub(crate) fn problem(&self) -> &Problem {
        &self.0
    }
}

/// Refuses when a field holds a value that is not allowed.
///
/// # Errors
/// `validation_failed` with every fault.
pub(crate) fn check(faults: Vec<FieldError>) -> Answer<()> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid(faults).into())
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<WriteError> for Refusal {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(problem) => problem.into(),
            WriteError::Unavailable(cause) => Self::unavailable(&cause).doubtful(&cause),
            WriteError::StorageFull(cause) => {
                tracing::error!(cause, "the disk of the database is full");
                Self::new(
                    ErrorCode::StorageFull,
                    "the disk of the database is full, nothing was written",
                )
            }
            WriteError::Failed(cause) => Self::internal(&cause).doubtful(&cause),
        }
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::BadCursor => Problem::new(
                ErrorCode::InvalidRequest,
                "cursor is not one that this list gave",
            )
            .with_fix("Pass next_cursor of the page before, unchanged, or leave cursor out.")
            .into(),
            ReadError::Unavailable(cause) => Self::unavailable(&cause),
            ReadError::Failed(cause) => Self::internal(&cause),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        respond(*self.0)
    }
}

/// The answer that tells of a problem.
pub(crate) fn respond(problem: Problem) -> Response {
    let body = serde_json::to_vec(&problem).expect("a problem is texts, numbers and lists");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = problem
        .members
        .get(RETRY_AFTER)
        .and_then(serde_json::Value::as_u64)
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(Told(Arc::new(problem)));
    response
}

/// The shape of every problem, for /openapi.json only.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "documents protocol::Problem, which is what is sent"
)]
pub(crate) struct ProblemSchema {
    /// `urn:frontdesk:problem:` and the code.
    #[schema(example = "urn:frontdesk:problem:not_found")]
    r#type: String,
    /// Short title of the code.
    #[schema(example = "Not found")]
    title: String,
    /// HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// Stable word; programs match on this.
    #[schema(example = "not_found")]
    code: String,
    /// One sentence with the values compared.
    #[schema(example = "there is no such object for this account")]
    detail: String,
    /// The next step.
    #[schema(example = "Check the id; objects of others are not shown.")]
    fix: String,
    /// What is wrong with which field.
    errors: Option<Vec<FieldError>>,
    /// Seconds to wait, as in the header `Retry-After`.
    retry_after_seconds: Option<u64>,
    /// Of an error of the server: what to look for in its log.
    request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refusal: Refusal) -> (StatusCode, Option<String>, &'static str) {
        let code = refusal.problem().code.slug();
        let response = refusal.into_response();
        let retry = response.headers().get(header::RETRY_AFTER);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        (
            response.status(),
            retry.map(|value| value.to_str().unwrap().to_owned()),
            code,
        )
    }

    #[test]
    fn what_the_store_says_becomes_a_status_and_no_cause_reaches_the_client() {
        let cause = || "SELECT secret FROM sessions".to_owned();
        let refusals: [(Refusal, u16, &str); 6] = [
            (WriteError::Unavailable(cause()).into(), 503, "unavailable"),
            (WriteError::StorageFull(cause()).into(), 507, "storage_full"),
            (WriteError::Failed(cause()).into(), 500, "internal_error"),
            (ReadError::BadCursor.into(), 400, "invalid_request"),
            (ReadError::Unavailable(cause()).into(), 503, "unavailable"),
            (ReadError::Failed(cause()).into(), 500, "internal_error"),
        ];
        for (refusal, status, code) in refusals {
            assert!(
                !serde_json::to_string(refusal.problem())
                    .unwrap()
                    .contains("SELECT")
            );
            let told = told(refusal);
            assert_eq!((told.0.as_u16(), told.2), (status, code));
            assert_eq!(told.1.is_some(), status == 503, "{code}");
        }
    }

    #[test]
    fn a_change_that_may_have_been_made_is_not_called_undone() {
        let cause = "no answer within 10 s; the outcome is unknown".to_owned();
        let refusal = Refusal::from(WriteError::Unavailable(cause));
        assert!(
            refusal
                .problem()
                .detail
                .contains("unknown whether the change was made")
        );
        assert!(refusal.problem().fix.contains("Idempotency-Key"));
    }

    #[test]
    fn a_wait_is_a_member_and_a_header() {
        let refusal = Refusal::later(ErrorCode::RateLimited, "too many logins", 42);
        assert_eq!(refusal.problem().members["retry_after_seconds"], 42);
        assert_eq!(
            told(refusal),
            (
                StatusCode::TOO_MANY_REQUESTS,
                Some("42".into()),
                "rate_limited"
            )
        );
    }

    #[test]
    fn faults_are_told_together() {
        assert!(check(Vec::new()).is_ok());
        let refusal = check(vec![FieldError::new("/name", "is empty")]).unwrap_err();
        assert_eq!(refusal.problem().detail, "/name: is empty");
        assert_eq!(told(refusal).0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
