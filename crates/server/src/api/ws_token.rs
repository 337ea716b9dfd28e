//! The token that opens a socket for five minutes.

use std::sync::Arc;
use std::time::Instant;

use ::auth::Claims;
use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use protocol::{ErrorCode, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::refusals;
use crate::app::App;
use crate::cross_origin::origin_denied;
use crate::envelope::Notes;
use crate::extract::Signed;
use crate::origin::{Crossing, host};
use crate::problem::{Answer, Refusal};

/// The path of the event socket.
const SOCKET_PATH: &str = "/api/v1/ws";

/// A token and where to use it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SocketToken {
    /// Opens sockets until `expires_at`; useless for anything else.
    token: String,
    /// Seconds until then.
    #[schema(example = 300)]
    expires_in: i64,
    /// When it ends.
    expires_at: Timestamp,
    /// The event socket, as this server is reached from outside.
    #[schema(example = "wss://desk.example.com/api/v1/ws")]
    ws_url: String,
}

refusals!(TokenRefusals: OriginDenied, RateLimited);

/// A fresh token for the session that asks.
#[utoipa::path(
    get, path = "/api/v1/auth/ws-token", tag = "auth", operation_id = "socket_token",
    responses((status = 200, description = "The token.", body = SocketToken), TokenRefusals)
)]
pub(crate) async fn socket_token(
    State(app): State<App>,
    Extension(notes): Extension<Arc<Notes>>,
    uri: Uri,
    headers: HeaderMap,
    signed: Signed,
) -> Answer<Json<SocketToken>> {
    // It changes nothing, but hands out something of worth: so it is checked like a change.
    match app.origins.check(&uri, &headers) {
        Crossing::Fine => {}
        Crossing::Denied { found, allowed } => {
            tracing::warn!(
                target: "audit",
                origin = found,
                allowed = allowed.join(", "),
                user_id = %signed.actor.id,
                address = %notes.address,
                "a page that is not allowed asked for a socket token"
            );
            return Err(origin_denied(&found, &allowed).into());
        }
    }
    let (user, session) = (signed.actor.id, signed.session.id);
    if let Err(seconds) = app.rates.socket_tokens.take(&user, Instant::now()) {
        tracing::warn!(
            target: "audit",
            user_id = %user,
            address = %notes.address,
            "too many socket tokens"
        );
        return Err(Refusal::later(
            ErrorCode::RateLimited,
            format!("30 socket tokens a minute were taken, try again in {seconds} s"),
            seconds,
        ));
    }
    let lifetime = i64::try_from(app.config.auth.ws_token_seconds).unwrap_or(i64::MAX);
    let claims = Claims::new(user.0, session.0, app.now().0.div_euclid(1000), lifetime);
    Ok(Json(SocketToken {
        token: app.tokens.mint(&claims),
        expires_in: claims.expires_at_seconds - claims.issued_at_seconds,
        expires_at: Timestamp(claims.expires_at_seconds.saturating_mul(1000)),
        ws_url: socket_url(&base_url(&app, &notes, &uri, &headers)?),
    }))
}

/// The server's address as the one who asks reaches it: `server.public_url`, or the name asked by.
///
/// # Errors
/// `invalid_request` when the name is no host.
pub(crate) fn base_url(app: &App, notes: &Notes, uri: &Uri, headers: &HeaderMap) -> Answer<String> {
    if let Some(public_url) = &app.config.server.public_url {
        return Ok(public_url.clone());
    }
    let host = host(uri, headers).unwrap_or_default();
    let trusted = &app.config.server.trusted_proxies;
    let by_proxy = trusted.iter().any(|range| range.contains(notes.peer));
    let proto = headers.get("x-forwarded-proto").filter(|_| by_proxy);
    let scheme = if proto.is_some_and(|proto| proto == "https") {
        "https"
    } else {
        "http"
    };
    match crate::config::WebOrigin::parse(&format!("{scheme}://{host}")) {
        Ok(origin) => Ok(origin.to_string()),
        Err(why) => Err(Refusal::invalid_request(format!("the Host header {why}"))),
    }
}

fn socket_url(base_url: &str) -> String {
    // http becomes ws, https becomes wss.
    format!("ws{}{SOCKET_PATH}", base_url.trim_start_matches("http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_the_server_is() {
        assert_eq!(
            socket_url("https://desk.example.com"),
            "wss://desk.example.com/api/v1/ws"
        );
        assert_eq!(
            socket_url("http://localhost:8000"),
            "ws://localhost:8000/api/v1/ws"
        );
    }
}
