//! How a connection that has sent its token is let in: who is this, and what may they read? Most are
//! let in at the door, on the thread of their shard, from what is known; the others ask the database.
//! Start at [`Door::answer`] and [`connect`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use auth::{Claims, SocketTokens, TokenProblem};
use desk::policy::{automatic_channels, decide};
use desk::{Action, Actor, Decision, Object};
use engine::{
    Admission, Begin, ChatOpening, ConnectionRef, DeniedChannel, JoinChannel, Message, Request,
};
use protocol::{
    ChannelName, CloseCode, ConnectionId, Goodbye, Position, SessionId, Timestamp, User, UserId,
    WelcomeUser,
};
use store::SessionState;

use super::attempts::{Comparison, Failure, compared, compared_in_token};
use super::chat_socket::{self, Unopened};
use super::commands::may_read;
use super::sessions::{Account, Sessions};
use super::{Attempts, Engine};
use crate::app::{self, App};

/// The channels a connection joins, and those that it asked to resume and may not read.
pub(super) type Granted = (Vec<JoinChannel>, Vec<DeniedChannel>);

/// Longest wait told to a client when the store does not answer, in milliseconds.
const STORE_AWAY_RETRY_MS: u64 = 3_000;

/// What a shard asks first. It answers what can be told without a database and without waiting.
#[derive(Clone)]
pub(crate) struct Door {
    /// Which tokens are ours.
    pub(crate) tokens: Arc<SocketTokens>,
    /// Whose sessions live.
    pub(crate) sessions: Sessions,
    /// Where answers go.
    pub(crate) engine: Engine,
    /// Where a welcome is noted.
    pub(crate) attempts: Attempts,
}

impl Door {
    /// Answers a request, or gives it back. It costs some microseconds; on the thread of the shard
    /// that is less than to wake another thread.
    pub(crate) fn answer(&self, request: Request) -> Option<Request> {
        let is_answered = match &request {
            Request::Welcomed(connection) => {
                self.attempts.welcomed(*connection);
                true
            }
            Request::Connect {
                from,
                token,
                resume,
                chat: None,
                ..
            } => self.let_in(*from, &token.0, resume).is_some(),
            _ => false,
        };
        (!is_answered).then_some(request)
    }

    fn let_in(
        &self,
        to: ConnectionRef,
        token: &str,
        resume: &BTreeMap<ChannelName, Position>,
    ) -> Option<()> {
        let wall = app::now();
        let claims = self.tokens.verify(token, unix_seconds(wall)).ok()?;
        let (user, session) = (UserId(claims.user_id), SessionId(claims.session_id));
        register(&self.engine, to, user, session);
        let account = self.sessions.find(session, wall, Instant::now())?;
        let automatic = automatic_channels(&actor(&account));
        // The policy must see the rows of other channels.
        let is_simple = resume.keys().all(|channel| automatic.contains(channel));
        if account.id != user || !is_simple {
            return None;
        }
        let channels = automatic
            .into_iter()
            .map(|channel| JoinChannel {
                begin: resume
                    .get(&channel)
                    .copied()
                    .map_or(Begin::Now, Begin::Position),
                channel,
                automatic: true,
            })
            .collect();
        let granted = (channels, Vec::new());
        admit(&self.engine, to, &claims, account, granted, None);
        Some(())
    }
}

/// Goes before the session is looked at: a revocation that comes in between finds the connection
/// by it.
fn register(engine: &Engine, to: ConnectionRef, user: UserId, session: SessionId) {
    engine.answer(to.shard, Message::Registered { to, user, session });
}

fn admit(
    engine: &Engine,
    to: ConnectionRef,
    claims: &Claims,
    account: Account,
    (channels, denied): Granted,
    chat: Option<Box<ChatOpening>>,
) {
    let shows_presence = decide(&actor(&account), Action::Read, Object::Presence);
    let admission = Box::new(Admission {
        shows_presence: shows_presence == Decision::Allow,
        user: WelcomeUser {
            id: account.id,
            name: account.name,
            role: account.role,
        },
        expires_at: expires_at(claims),
        channels,
        denied,
        chat,
    });
    engine.answer(to.shard, Message::Admit { to, admission });
}

fn actor(account: &Account) -> Actor {
    Actor {
        id: account.id,
        role: account.role,
    }
}

/// A connection that has sent its token.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    pub(super) to: ConnectionRef,
    pub(super) connection: ConnectionId,
    pub(super) address: IpAddr,
}

/// Lets a connection in, or refuses it, with the database's help.
pub(super) async fn connect(
    app: &App,
    caller: Caller,
    token: &str,
    (resume, chat): (BTreeMap<ChannelName, Position>, Option<&str>),
) {
    let to = caller.to;
    let claims = match verify(app, token) {
        Ok(claims) => claims,
        Err(problem) => return refuse(app, caller, goodbye(&problem), failure(&problem)),
    };
    let (user, session) = (UserId(claims.user_id), SessionId(claims.session_id));
    register(&app.engine, to, user, session);
    let account = match live_account(app, user, session).await {
        Ok(Ok(account)) => account,
        Ok(Err((goodbye, compared))) => {
            let failure = Failure::by_goodbye(&goodbye, compared);
            return refuse(app, caller, goodbye, failure);
        }
        Err(error) => return put_off(app, caller, &error),
    };
    let Some(asked) = chat else {
        return match grants(app, &actor(&account), resume).await {
            Ok(granted) => admit(&app.engine, to, &claims, account, granted, None),
            Err(error) => put_off(app, caller, &error),
        };
    };
    match chat_socket::open(app, &actor(&account), asked, resume).await {
        Ok(opened) => {
            let (granted, opening) = (opened.granted, Some(Box::new(opened.opening)));
            admit(&app.engine, to, &claims, account, granted, opening);
        }
        Err(Unopened::Refused(goodbye, compared)) => {
            let failure = Failure::by_goodbye(&goodbye, compared);
            refuse(app, caller, goodbye, failure);
        }
        Err(Unopened::Away(error)) => put_off(app, caller, &error),
    }
}

/// The account behind a token's session, from memory or from the database; or why the session opens
/// nothing. The connection that asks must be registered with its shard.
///
/// # Errors
/// The store does not answer.
pub(super) async fn live_account(
    app: &App,
    user: UserId,
    session: SessionId,
) -> Result<Result<Account, (Goodbye, Comparison)>, store::ReadError> {
    let now = app.now();
    let known = app.sessions.find(session, now, Instant::now());
    if let Some(account) = known.filter(|account| account.id == user) {
        return Ok(Ok(account));
    }
    let before = app.sessions.before();
    let state = app.store.session(session, now).await?;
    if let SessionState::Live(live) = &state {
        app.sessions.keep(before, live, Instant::now());
    }
    Ok(live_user(user, state).map(|user| Account {
        id: user.id,
        name: user.name,
        role: user.role,
    }))
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

/// The channels an account joins: the automatic ones, and of those it resumes the ones that the
/// policy grants today.
async fn grants(
    app: &App,
    actor: &Actor,
    mut resume: BTreeMap<ChannelName, Position>,
) -> Result<Granted, store::ReadError> {
    let mut channels: Vec<JoinChannel> = automatic_channels(actor)
        .into_iter()
        .map(|channel| JoinChannel {
            begin: resume.remove(&channel).map_or(Begin::Now, Begin::Position),
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
                    begin: Begin::Position(position),
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

pub(crate) fn verify(app: &App, token: &str) -> Result<Claims, TokenProblem> {
    app.tokens.verify(token, unix_seconds(app.now()))
}

fn unix_seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}

pub(super) fn expires_at(claims: &Claims) -> Timestamp {
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
