//! Answers what the shards ask and the door does not: who is this, what may they read, what does the
//! log say. Every answer goes back to the connection that asked; one that is gone hears nothing.
//! Start at [`answer_all`].

use auth::TokenProblem;
use desk::policy::decide;
use desk::{Action, Actor, Decision, Object};
use engine::{Closed, EventLog as _, Message, Request};
use protocol::{ChannelKind, ChannelName, ErrorCode, Problem, SessionId, Timestamp, UserId};
use tokio::sync::mpsc;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::connect::{Caller, connect, expires_at, live_account, verify};
use crate::app::App;

/// Answers until every shard has ended. Answers under way are finished.
pub(crate) async fn answer_all(app: App, requests: mpsc::UnboundedReceiver<Request>) {
    // Where the answers are worked out too: so no request passes through a thread more.
    let answering = AbortOnDropHandle::new(tokio::spawn(take_all(app, requests)));
    if let Err(error) = answering.await {
        tracing::error!(%error, "nobody answers the shards any more");
    }
}

async fn take_all(app: App, mut requests: mpsc::UnboundedReceiver<Request>) {
    let tasks = TaskTracker::new();
    while let Some(request) = requests.recv().await {
        match request {
            Request::Welcomed(connection) => app.attempts.welcomed(connection),
            Request::Closed(closed) => ended(&app, &closed),
            request => {
                let app = app.clone();
                tasks.spawn(async move { answer(&app, request).await });
            }
        }
    }
    tasks.close();
    tasks.wait().await;
}

async fn answer(app: &App, request: Request) {
    match request {
        Request::Connect {
            from,
            connection,
            address,
            token,
            resume,
            chat,
        } => {
            let caller = Caller {
                to: from,
                connection,
                address,
            };
            connect(app, caller, &token.0, (resume, chat.as_deref())).await;
        }
        Request::Refresh {
            from,
            user,
            session,
            token,
        } => {
            let message = match refresh(app, user, session, &token.0).await {
                Ok(expires_at) => Message::Extend {
                    to: from,
                    expires_at,
                },
                Err(problem) => Message::Deny {
                    to: from,
                    problem: Box::new(problem),
                },
            };
            app.engine.answer(from.shard, message);
        }
        Request::Authorize {
            from,
            user,
            channel,
        } => {
            let message = match authorize(app, user, &channel).await {
                Ok(()) => Message::Grant { to: from },
                Err(problem) => Message::Deny {
                    to: from,
                    problem: Box::new(problem),
                },
            };
            app.engine.answer(from.shard, message);
        }
        Request::Page {
            read,
            channel,
            after,
            limits,
        } => {
            let result = app.store.event_log().page(&channel, after, limits).await;
            match &result {
                Ok(page) => app.sessions.read_page(&channel, after, page),
                Err(_) => app.sessions.forget_all(),
            }
            app.engine
                .answer(read.shard, Message::Page { read, result });
        }
        Request::Heads { shard, channels } => {
            let names: Vec<ChannelName> =
                channels.iter().map(|asked| asked.channel.clone()).collect();
            let result = app.store.event_log().heads(&names).await;
            match &result {
                Ok(heads) => app.sessions.read_epoch(heads.epoch),
                // What is revoked meanwhile cannot be told, so nobody is let in from memory.
                Err(_) => app.sessions.forget_all(),
            }
            app.engine.answer(
                shard,
                Message::Heads {
                    asked: channels,
                    result,
                },
            );
        }
        Request::Command {
            from,
            user,
            session,
            command,
        } => {
            let message = match super::chat::run(app, (user, session), command).await {
                Ok(data) => Message::Done { to: from, data },
                Err(problem) => Message::Deny {
                    to: from,
                    problem: Box::new(problem),
                },
            };
            app.engine.answer(from.shard, message);
        }
        Request::Presence { presence, online } => app.presence.changed(presence, online),
        Request::Welcomed(connection) => app.attempts.welcomed(connection),
        Request::Closed(closed) => ended(app, &closed),
    }
}

/// Whether the policy lets this account read a channel, by today's rows.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn may_read(
    app: &App,
    actor: &Actor,
    name: &ChannelName,
) -> Result<Decision, store::ReadError> {
    let customer = match name.kind() {
        ChannelKind::Chat(id) => app.store.chat_customer(id).await?,
        ChannelKind::User(_) | ChannelKind::Staff | ChannelKind::Revocations => None,
    };
    Ok(decide(
        actor,
        Action::Read,
        Object::Channel { name, customer },
    ))
}

/// May the socket of this session live on with this token?
async fn refresh(
    app: &App,
    user: UserId,
    session: SessionId,
    token: &str,
) -> Result<Timestamp, Problem> {
    let claims = verify(app, token).map_err(|problem| {
        Problem::new(error_code(&problem), problem.to_string()).with_fix(problem.fix())
    })?;
    if (UserId(claims.user_id), SessionId(claims.session_id)) != (user, session) {
        return Err(Problem::new(
            ErrorCode::TokenInvalid,
            "the token is of another session than this socket",
        )
        .with_fix("Fetch the token with the cookie of the session that opened the socket."));
    }
    match live_account(app, user, session).await {
        Ok(Ok(_)) => Ok(expires_at(&claims)),
        Ok(Err(_)) => Err(Problem::new(
            ErrorCode::SessionEnded,
            "the session behind the token has ended",
        )),
        Err(error) => Err(store_away(&error)),
    }
}

/// May this account read this channel, by today's rows?
async fn authorize(app: &App, user: UserId, channel: &ChannelName) -> Result<(), Problem> {
    let user = match app.store.user(user).await {
        Ok(Some(user)) if !user.disabled => user,
        Ok(_) => return Err(desk::policy::not_found()),
        Err(error) => return Err(store_away(&error)),
    };
    let actor = Actor {
        id: user.id,
        role: user.role,
    };
    may_read(app, &actor, channel)
        .await
        .map_err(|error| store_away(&error))?
        .or_refuse()
}

pub(super) fn store_away(error: &store::ReadError) -> Problem {
    tracing::warn!(%error, "a command was refused: the store did not answer");
    Problem::new(
        ErrorCode::Unavailable,
        "the database does not answer; nothing was changed",
    )
}

fn error_code(problem: &TokenProblem) -> ErrorCode {
    match problem {
        TokenProblem::Missing => ErrorCode::TokenMissing,
        TokenProblem::Malformed { .. } => ErrorCode::TokenMalformed,
        TokenProblem::Invalid { .. } => ErrorCode::TokenInvalid,
        TokenProblem::Expired { .. } => ErrorCode::TokenExpired,
        TokenProblem::NotYetValid { .. } => ErrorCode::TokenNotYetValid,
    }
}

/// A connection ended, with or without ever having been open.
fn ended(app: &App, closed: &Closed) {
    app.attempts.closed(closed, app.config.socket.per_user_max);
}
