//! What the server saw of attempts to open a socket: the list for staff, and one of them for
//! whoever knows its id. The attempts themselves are in `ws/attempts.rs`.

use std::time::Instant;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use desk::policy::decide;
use desk::{Action, Object};
use protocol::{ErrorCode, Page, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::refusals;
use crate::app::App;
use crate::extract::{ClientAddress, Signed};
use crate::problem::{Answer, Refusal};
use crate::rate_limit::subscriber;
use crate::ws::attempts::{Attempt, Outcome};

refusals!(ListRefusals: Unauthenticated, Forbidden);

/// The last refused and failed attempts to open a socket on this node, newest first. Never a token.
#[utoipa::path(
    get, path = "/api/v1/ws/attempts", tag = "sockets", operation_id = "ws_attempts",
    responses((status = 200, description = "At most 200.", body = Page<Attempt>), ListRefusals)
)]
pub(crate) async fn list(State(app): State<App>, signed: Signed) -> Answer<Json<Page<Attempt>>> {
    decide(&signed.actor, Action::Read, Object::Attempts).or_refuse()?;
    Ok(Json(Page {
        items: app.attempts.listed(),
        next_cursor: None,
    }))
}

/// What the server saw of one attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ConnectCheck {
    /// It was seen in the last ten minutes.
    Seen(SeenAttempt),
    /// It was not: it never arrived here, or it was opened without `?attempt=`.
    Unseen {
        /// False.
        seen: bool,
    },
}

/// An attempt, as anyone may know it who knows its id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeenAttempt {
    /// True.
    seen: bool,
    /// When the handshake came.
    at: Timestamp,
    /// What became of it.
    outcome: Outcome,
    /// The close code, or the HTTP status of a handshake that was refused.
    #[schema(example = 403)]
    code: Option<u16>,
    /// Why: a stable word, a colon and a sentence, as in a close frame.
    #[schema(
        example = "origin_denied: the page is of https://a.b, which is not among the allowed origins"
    )]
    reason: Option<String>,
    /// The next step.
    fix: Option<String>,
    /// The name of the cause, as the doctor and the client have it; its page is in docs/failures.
    #[schema(example = "origin.denied")]
    cause: Option<&'static str>,
}

refusals!(CheckRefusals: RateLimited);

/// What became of the attempt that was opened with `?attempt={attempt}`. Any page of any origin may
/// ask: a browser tells it nothing of a handshake that was refused.
#[utoipa::path(
    get, path = "/api/v1/connect-check/{attempt}", tag = "sockets",
    operation_id = "connect_check", security(()),
    params(("attempt" = String, Path, description = "The id that the client chose: 1 to 64 letters, \
        digits, `-` and `_`.", example = "k3J9x_Qm2")),
    responses((status = 200, description = "What was seen.", body = ConnectCheck), CheckRefusals)
)]
pub(crate) async fn connect_check(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    attempt: Result<Path<String>, PathRejection>,
) -> Answer<Json<ConnectCheck>> {
    let now = Instant::now();
    if let Err(seconds) = app.rates.connect_checks.take(&subscriber(address), now) {
        let detail = format!("60 checks a minute were asked, try again in {seconds} s");
        return Err(Refusal::later(ErrorCode::RateLimited, detail, seconds));
    }
    let found = attempt
        .ok()
        .and_then(|Path(id)| app.attempts.find(&id, now));
    Ok(Json(match found {
        Some(found) => ConnectCheck::Seen(SeenAttempt {
            seen: true,
            at: found.at,
            outcome: found.outcome,
            code: found.code,
            reason: found.reason,
            fix: found.fix,
            cause: found.cause,
        }),
        None => ConnectCheck::Unseen { seen: false },
    }))
}
