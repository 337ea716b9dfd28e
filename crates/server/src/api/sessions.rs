//! Where someone is signed in, and ending a session.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use desk::policy::not_found;
use desk::{Action, Object, decide};
use protocol::{Page, Session, SessionId, UserId};
use store::EndSession;

use super::no_content_with;
use crate::app::App;
use crate::extract::{ClientAddress, PathId, PathIds, Signed};
use crate::problem::Answer;

/// The own live sessions, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth", operation_id = "list_sessions",
    responses((status = 200, description = "All of them, on one page.", body = Page<Session>))
)]
pub(crate) async fn list(State(app): State<App>, signed: Signed) -> Answer<Json<Page<Session>>> {
    let user = signed.actor.id;
    live(&app, &signed, user).await.map(Json)
}

/// The live sessions of an account, the newest first: one's own, or anyone's for an admin.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/sessions", tag = "users", operation_id = "list_user_sessions",
    params(("id" = UserId, Path, description = "The account.")),
    responses((status = 200, description = "All of them, on one page.", body = Page<Session>))
)]
pub(crate) async fn list_of(
    State(app): State<App>,
    signed: Signed,
    PathId(user): PathId<UserId>,
) -> Answer<Json<Page<Session>>> {
    decide(&signed.actor, Action::Read, Object::Session { owner: user }).or_refuse()?;
    app.store.user(user).await?.ok_or_else(not_found)?;
    live(&app, &signed, user).await.map(Json)
}

async fn live(app: &App, signed: &Signed, user: UserId) -> Answer<Page<Session>> {
    let mut items = app.store.sessions_of(user, app.now()).await?;
    for session in &mut items {
        session.current = session.id == signed.session.id;
    }
    Ok(Page {
        items,
        next_cursor: None,
    })
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
    end_one(&app, &signed, id, address, (&uri, &headers)).await
}

/// Ends a session of an account and closes its sockets: one's own, or anyone's for an admin.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/sessions/{session_id}", tag = "users",
    operation_id = "end_user_session",
    params(
        ("id" = UserId, Path, description = "The account."),
        ("session_id" = SessionId, Path, description = "The session."),
    ),
    responses((status = 204, description = "Ended."))
)]
pub(crate) async fn end_of(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    signed: Signed,
    PathIds(user, id): PathIds<UserId, SessionId>,
) -> Answer<Response> {
    decide(&signed.actor, Action::End, Object::Session { owner: user }).or_refuse()?;
    let sessions = app.store.sessions_of(user, app.now()).await?;
    if !sessions.iter().any(|session| session.id == id) {
        return Err(not_found().into());
    }
    end_one(&app, &signed, id, address, (&uri, &headers)).await
}

async fn end_one(
    app: &App,
    signed: &Signed,
    id: SessionId,
    address: IpAddr,
    (uri, headers): (&Uri, &HeaderMap),
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
        return Ok(no_content_with(app.origins.cookie(uri, headers).clear()));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
