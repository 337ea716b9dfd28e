//! The sockets that are open on this node: the list for staff, and closing one of them for admins.
//! The shards own the sockets, so they are asked, and answer when their turn comes.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use desk::policy::{decide, not_found};
use desk::{Action, Object};
use engine::{LiveAsked, Tell};
use protocol::{
    ChannelName, CloseCode, ConnectionId, ErrorCode, Goodbye, Timestamp, UserId, WelcomeUser,
};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::refusals;
use super::users::ListParameters;
use crate::app::App;
use crate::extract::{ClientAddress, Parameters, PathId, Signed};
use crate::limits::RETRY_SOON_SECONDS;
use crate::problem::{Answer, Refusal};

/// How long the shards may take to answer. They are busy with their sockets first.
const SHARDS_TIMEOUT: Duration = Duration::from_secs(2);

/// Wait told to whoever is closed: long enough that a person sees it happen.
const RETRY_AFTER_MS: u64 = 1_000;

/// One open socket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connection {
    /// As in its welcome and in the log of the server.
    id: ConnectionId,
    /// Whose it is.
    user: WelcomeUser,
    /// `event` or `chat`.
    #[schema(example = "event")]
    kind: &'static str,
    /// The node that has it: its run of the program, as in a welcome.
    node: String,
    /// When the handshake came.
    since: Timestamp,
    /// Where it connects from, behind the trusted proxies.
    #[schema(value_type = String, example = "203.0.113.7")]
    address: IpAddr,
    /// Bytes that wait because the socket would block.
    outbox_bytes: usize,
    /// When its last pong came; null before the first.
    last_pong_at: Option<Timestamp>,
    /// What it listens to.
    channels: Vec<ChannelName>,
    /// When it is closed unless its token is refreshed; some seconds of grace follow.
    expires_at: Timestamp,
}

/// One page of the open sockets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connections {
    /// The newest first.
    items: Vec<Connection>,
    /// What to pass as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    /// Whose sockets these are: `node`, those of the node that answers. Other nodes on the same
    /// database have others, and are to be asked themselves.
    #[schema(example = "node")]
    scope: &'static str,
    /// The node that answers.
    node: String,
}

refusals!(ListRefusals: Unauthenticated, Forbidden, Unavailable);

/// The open sockets of this node that had their welcome, the newest first. For staff.
#[utoipa::path(
    get, path = "/api/v1/ws/connections", tag = "sockets", operation_id = "ws_connections",
    params(ListParameters),
    responses((status = 200, description = "One page.", body = Connections), ListRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<Json<Connections>> {
    decide(&signed.actor, Action::Read, Object::Connections).or_refuse()?;
    let page = parameters.page()?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let before = page.cursor.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| {
        Refusal::invalid_request(
            "cursor is not one that this list gave; pass next_cursor unchanged",
        )
    })?;
    // One more than the page, to know whether another follows.
    let most = limit.saturating_add(1);
    let (sender, answers) = mpsc::unbounded_channel();
    app.engine.live(LiveAsked { before, most }, || {
        let sender = sender.clone();
        Tell::new(move |live| {
            let _ = sender.send(live);
        })
    });
    drop(sender);
    let mut found: Vec<_> = all(answers).await?.into_iter().flatten().collect();
    found.sort_by_key(|live| std::cmp::Reverse(live.connection));
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|live| live.connection.to_string());
    let node = app.boot_id.to_string();
    let items = found.into_iter().map(|live| Connection {
        id: live.connection,
        user: live.user,
        kind: if live.is_chat { "chat" } else { "event" },
        node: node.clone(),
        since: made_at(live.connection),
        address: live.address,
        outbox_bytes: live.outbox_bytes,
        last_pong_at: live.last_pong_at,
        channels: live.channels,
        expires_at: to_the_second(live.expires_at),
    });
    Ok(Json(Connections {
        items: items.collect(),
        next_cursor: last.filter(|_| has_more),
        scope: "node",
        node,
    }))
}

refusals!(CloseRefusals: Unauthenticated, Forbidden);

/// Closes an open socket of this node, with 4001 and a second's wait. For admins. The client comes
/// back and catches up; whoever is to stay away needs their session ended, or the account disabled.
#[utoipa::path(
    delete, path = "/api/v1/ws/connections/{id}", tag = "sockets", operation_id = "close_connection",
    params(("id" = ConnectionId, Path, description = "The connection.")),
    responses((status = 204, description = "It is being closed."), CloseRefusals)
)]
pub(crate) async fn close(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    signed: Signed,
    PathId(id): PathId<ConnectionId>,
) -> Answer<StatusCode> {
    decide(&signed.actor, Action::End, Object::Connections).or_refuse()?;
    // Of the codes after which a client comes back by itself, this one says that nothing is wrong
    // with the client, its network or its account.
    let goodbye = Goodbye {
        code: CloseCode::ServerRestarting,
        detail: "an admin closed this connection; it may come back".to_owned(),
        retry_after_ms: Some(RETRY_AFTER_MS),
    };
    let (sender, answers) = mpsc::unbounded_channel();
    app.engine.close(id, &goodbye, || {
        let sender = sender.clone();
        Tell::new(move |user: Option<UserId>| {
            let _ = sender.send(user);
        })
    });
    drop(sender);
    let user = all(answers).await?.into_iter().flatten().next();
    let user = user.ok_or_else(not_found)?;
    tracing::info!(
        target: "audit",
        user_id = %signed.actor.id,
        account = %user,
        connection_id = %id,
        %address,
        "a connection was closed"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// What the shards answer, once all of them have.
async fn all<A>(mut answers: mpsc::UnboundedReceiver<A>) -> Answer<Vec<A>> {
    let collected = timeout(SHARDS_TIMEOUT, async {
        let mut all = Vec::new();
        while let Some(answer) = answers.recv().await {
            all.push(answer);
        }
        all
    });
    collected.await.map_err(|_| {
        let waited = SHARDS_TIMEOUT.as_secs();
        let detail = format!("the sockets' threads did not answer within {waited} s");
        Refusal::later(ErrorCode::Unavailable, detail, RETRY_SOON_SECONDS)
    })
}

/// When an id was made, which is in it (UUID version 7).
fn made_at(id: ConnectionId) -> Timestamp {
    let unix_ms = id.0.as_u128() >> 80;
    Timestamp(i64::try_from(unix_ms).unwrap_or(i64::MAX))
}

/// Tokens end at whole seconds; what a shard counts on its own clock is some milliseconds off.
fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_add(500).div_euclid(1_000) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made_and_an_end_is_a_whole_second() {
        let before = crate::app::now();
        let made = made_at(ConnectionId::new());
        assert!(before <= made && made <= crate::app::now());
        assert_eq!(to_the_second(Timestamp(1_799)), Timestamp(2_000));
        assert_eq!(to_the_second(Timestamp(2_003)), Timestamp(2_000));
    }
}
