//! Where someone is signed in, and ending a session.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use protocol::{Page, Session, SessionId};
use store::EndSession;

use super::no_content_with;
use crate::app::App;
use crate::extract::{ClientAddress, PathId, Signed};
use crate::problem::Answer;

/// The own live sessions, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "list_sessions",
    responses((status = 200, description = "All of them, on one page.", body = Page<Session>))
)]
pub(crate) async fn list(State(app): State<App>, signed: Signed) -> Answer<Json<Page<Session>>> {
    let mut items = app.store.sessions_of(signed.actor.id, app.now()).await?;
    for session in &mut items {
        session.current = session.id == signed.session.id;
    }
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
}

/// Ends a session and closes its sockets: one's own, or anyone's by an admin.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "auth", operation_id = "end_session",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 204, description = "Ended."))
)]
pub(crate) async fn end(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    signed: Signed,
    PathId(id): PathId<SessionId>,
) -> Answer<Response> {
    let actor = signed.actor;
    let detail = "the session was ended by its owner or an admin".to_owned();
    app.store
        .write(EndSession {
            actor,
            id,
            detail,
            now: app.now(),
        })
        .await?;
    tracing::info!(
        target: "audit",
        user_id = %actor.id,
        session_id = %id,
        %address,
        "a session was ended"
    );
    if id == signed.session.id {
        return Ok(no_content_with(app.origins.cookie(&uri, &headers).clear()));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
