//! Answers what the shards ask: who is this, what may they read, what does the log say. Every
//! answer goes back to the connection that asked; one that is gone hears nothing.
//! Start at [`answer_all`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use auth::{Claims, TokenProblem};
use desk::policy::{automatic_channels, decide};
use desk::{Action, Actor, Decision, Object};
use engine::{
    Admission, Closed, ConnectionRef, DeniedChannel, EventLog as _, JoinChannel, Message, Request,
};
use protocol::{
    ChannelKind, ChannelName, CloseCode, ConnectionId, ErrorCode, Goodbye, Position, Problem,
    SessionId, Timestamp, User, UserId, WelcomeUser,
};
use store::SessionState;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::attempts::{Comparison, Failure, compared, compared_in_token};
use crate::app::App;

/// Longest wait told to a client when the store does not answer, in milliseconds.
const STORE_AWAY_RETRY_MS: u64 = 3_000;

/// Answers until every shard has ended. Answers under way are finished.
pub(crate) async fn answer_all(app: App, mut requests: mpsc::UnboundedReceiver<Request>) {
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
        } => {
            let caller = Caller {
                to: from,
                connection,
                address,
            };
            connect(app, caller, &token.0, resume).await;
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
            reader,
            channel,
            after,
            limits,
        } => {
            let result = app.store.event_log().page(&channel, after, limits).await;
            app.engine.answer(
                reader.shard(),
                Message::Page {
                    reader,
                    channel,
                    after,
                    result,
                },
            );
        }
        Request::Heads { shard, channels } => {
            let names: Vec<ChannelName> = channels.iter().map(|(name, _)| name.clone()).collect();
            let result = app.store.event_log().heads(&names).await;
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
            command,
        } => {
            let message = match super::chat::run(app, user, command).await {
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

/// A connection that has sent its token.
#[derive(Clone, Copy)]
struct Caller {
    to: ConnectionRef,
    connection: ConnectionId,
    address: IpAddr,
}

/// Who is this, and what may they read? The registration goes before the session is read: a
/// revocation that is committed in between finds the connection by it.
async fn connect(app: &App, caller: Caller, token: &str, resume: BTreeMap<ChannelName, Position>) {
    let to = caller.to;
    let claims = match verify(app, token) {
        Ok(claims) => claims,
        Err(problem) => return refuse(app, caller, goodbye(&problem), failure(&problem)),
    };
    let (user, session) = (UserId(claims.user_id), SessionId(claims.session_id));
    app.engine
        .answer(to.shard, Message::Registered { to, user, session });
    let user = match app.store.session(session, app.now()).await {
        Ok(state) => match live_user(user, state) {
            Ok(user) => user,
            Err((goodbye, compared)) => {
                let failure = Failure::by_goodbye(&goodbye, compared);
                return refuse(app, caller, goodbye, failure);
            }
        },
        Err(error) => return put_off(app, caller, &error),
    };
    let actor = Actor {
        id: user.id,
        role: user.role,
    };
    let (channels, denied) = match grants(app, &actor, resume).await {
        Ok(granted) => granted,
        Err(error) => return put_off(app, caller, &error),
    };
    let shows_presence = decide(&actor, Action::Read, Object::Presence) == Decision::Allow;
    let admission = Box::new(Admission {
        shows_presence,
        user: WelcomeUser {
            id: user.id,
            name: user.name,
            role: user.role,
        },
        expires_at: expires_at(&claims),
        channels,
        denied,
    });
    app.engine
        .answer(to.shard, Message::Admit { to, admission });
}

/// The account behind a token's session; or why the session opens nothing, with what was compared.
pub(crate) fn live_user(user: UserId, state: SessionState) -> Result<User, (Goodbye, Comparison)> {
    let ended = |found: &str| {
        let detail = "the session behind the token has ended; log in again";
        let goodbye = Goodbye::new(CloseCode::SessionEnded, detail);
        Err((goodbye, compared("session", "live", found)))
    };
    match state {
        SessionState::Live(live) if live.user.id == user => Ok(live.user),
        SessionState::Live(_) => ended("of another account"),
        SessionState::Ended => ended("ended"),
        SessionState::Unknown => ended("not in this database, or ended long ago"),
        SessionState::AccountDisabled => {
            let goodbye = Goodbye::new(CloseCode::AccountDisabled, "the account is disabled");
            Err((goodbye, compared("account", "enabled", "disabled")))
        }
    }
}

/// The store does not answer: the socket may try again.
fn put_off(app: &App, caller: Caller, error: &store::ReadError) {
    tracing::warn!(%error, "a socket was put off: the store did not answer");
    let goodbye = Goodbye {
        code: CloseCode::Overloaded,
        detail: "the database does not answer".to_owned(),
        retry_after_ms: Some(rand::random_range(500..STORE_AWAY_RETRY_MS)),
    };
    let compared = compared("database", "an answer", "none");
    app.attempts
        .judged(caller.connection, Failure::by_goodbye(&goodbye, compared));
    app.engine.answer(
        caller.to.shard,
        Message::Refuse {
            to: caller.to,
            goodbye,
        },
    );
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

/// The channels an account joins: the automatic ones, and of those it resumes the ones that the
/// policy grants today.
async fn grants(
    app: &App,
    actor: &Actor,
    mut resume: BTreeMap<ChannelName, Position>,
) -> Result<(Vec<JoinChannel>, Vec<DeniedChannel>), store::ReadError> {
    let mut channels: Vec<JoinChannel> = automatic_channels(actor)
        .into_iter()
        .map(|channel| JoinChannel {
            position: resume.remove(&channel),
            channel,
            automatic: true,
        })
        .collect();
    let mut denied = Vec::new();
    for (channel, position) in resume {
        match may_read(app, actor, &channel).await?.or_refuse() {
            Ok(()) => {
                channels.push(JoinChannel {
                    channel,
                    position: Some(position),
                    automatic: false,
                });
            }
            Err(problem) => {
                denied.push(DeniedChannel {
                    channel,
                    code: problem.code,
                    detail: problem.detail,
                });
            }
        }
    }
    Ok((channels, denied))
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
    match app.store.session(session, app.now()).await {
        Ok(SessionState::Live(_)) => Ok(expires_at(&claims)),
        Ok(SessionState::Ended | SessionState::AccountDisabled | SessionState::Unknown) => {
            Err(Problem::new(
                ErrorCode::SessionEnded,
                "the session behind the token has ended",
            ))
        }
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

pub(crate) fn verify(app: &App, token: &str) -> Result<Claims, TokenProblem> {
    app.tokens.verify(token, app.now().0.div_euclid(1_000))
}

fn expires_at(claims: &Claims) -> Timestamp {
    Timestamp(claims.expires_at_seconds.saturating_mul(1_000))
}

/// Tells why, or drops without a word an address that was told too often.
fn refuse(app: &App, caller: Caller, goodbye: Goodbye, failure: Failure) {
    app.attempts.judged(caller.connection, failure);
    let to = caller.to;
    let message = if app.admissions.may_tell(caller.address) {
        Message::Refuse { to, goodbye }
    } else {
        Message::Drop {
            to,
            code: goodbye.code,
        }
    };
    app.engine.answer(to.shard, message);
}

/// What is remembered of a bad token.
fn failure(problem: &TokenProblem) -> Failure {
    Failure::by_goodbye(&goodbye(problem), compared_in_token(problem)).with_fix(problem.fix())
}

/// The close that tells of a bad token.
pub(crate) fn goodbye(problem: &TokenProblem) -> Goodbye {
    let code = match problem {
        TokenProblem::Missing => CloseCode::TokenMissing,
        TokenProblem::Malformed { .. } => CloseCode::TokenMalformed,
        TokenProblem::Invalid { .. } => CloseCode::TokenInvalid,
        TokenProblem::Expired { .. } => CloseCode::TokenExpired,
        TokenProblem::NotYetValid { .. } => CloseCode::TokenNotYetValid,
    };
    Goodbye::new(code, problem.to_string())
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
