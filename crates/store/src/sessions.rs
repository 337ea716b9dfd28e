//! Sign-ins: one row behind each cookie, found by the hash of the secret in it.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{
    CloseCode, ErrorCode, Problem, Revocation, RevokedSessions, Session, SessionId, Timestamp,
    User, UserId,
};

use crate::Store;
use crate::database::Row;
use crate::error::{Fault, ReadError, WriteFailure};
use crate::transaction::{Settings, Transaction, Write};
use crate::users::{USER_COLUMNS, locked_user, user};

/// Longest user agent that is stored, in characters.
const USER_AGENT_MAX_CHARS: usize = 200;

/// A session that may be used now, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// The session's id.
    pub id: SessionId,
    /// Its owner; enabled.
    pub user: User,
    /// When the sign-in happened.
    pub created_at: Timestamp,
    /// The last use that was noted.
    pub last_seen_at: Timestamp,
    /// When it ends even if used.
    pub expires_at: Timestamp,
}

/// What has become of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// It may be used.
    Live(LiveSession),
    /// It was ended, was not used for too long, or is too old.
    Ended,
    /// Its owner is disabled.
    AccountDisabled,
    /// There is none of this id, or it ended so long ago that it was forgotten.
    Unknown,
}

/// A session and its owner, whatever has become of them.
struct SessionRow {
    session: LiveSession,
    ended: bool,
    user_agent: String,
}

fn session_columns() -> String {
    format!(
        "s.id AS session_id, s.user_agent, s.created_at AS session_created_at, s.last_seen_at, \
         s.ended_at, {USER_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id"
    )
}

fn session_row(row: &Row, settings: &Settings) -> Result<SessionRow, Fault> {
    let created_at = row.time("session_created_at")?;
    let session = LiveSession {
        id: row.parsed("session_id")?,
        user: user(row)?,
        created_at,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: expiry(created_at, settings),
    };
    Ok(SessionRow {
        session,
        ended: row.opt_int("ended_at")?.is_some(),
        user_agent: row.text("user_agent")?,
    })
}

fn expiry(created_at: Timestamp, settings: &Settings) -> Timestamp {
    Timestamp(created_at.0.saturating_add(settings.session_max_ms))
}

impl SessionRow {
    fn is_live(&self, now: Timestamp, settings: &Settings) -> bool {
        let LiveSession {
            user,
            last_seen_at,
            expires_at,
            ..
        } = &self.session;
        !self.ended
            && !user.disabled
            && now < *expires_at
            && now.0.saturating_sub(last_seen_at.0) <= settings.session_idle_ms
    }
}

impl Store {
    /// The live session with this secret: not ended, used within `session_idle_hours`, younger
    /// than `session_max_days`, its owner enabled.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn session_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<LiveSession>, ReadError> {
        let sql = format!("SELECT {} WHERE s.secret_hash = $1", session_columns());
        let Some(row) = self
            .database()
            .fetch_optional(sql, &[secret_hash.into()])
            .await?
        else {
            return Ok(None);
        };
        let row = session_row(&row, self.settings())?;
        Ok(row.is_live(now, self.settings()).then_some(row.session))
    }

    /// What has become of a session.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn session(&self, id: SessionId, now: Timestamp) -> Result<SessionState, ReadError> {
        let sql = format!("SELECT {} WHERE s.id = $1", session_columns());
        let Some(row) = self.database().fetch_optional(sql, &[id.into()]).await? else {
            return Ok(SessionState::Unknown);
        };
        let row = session_row(&row, self.settings())?;
        Ok(if row.session.user.disabled {
            SessionState::AccountDisabled
        } else if row.is_live(now, self.settings()) {
            SessionState::Live(row.session)
        } else {
            SessionState::Ended
        })
    }

    /// The live sessions of a user, the newest first. `current` is for the caller to set.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sessions_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, ReadError> {
        let sql = format!(
            "SELECT {} WHERE s.user_id = $1 AND s.ended_at IS NULL \
             ORDER BY s.created_at DESC, s.id DESC",
            session_columns()
        );
        let mut sessions = Vec::new();
        for row in self.database().fetch_all(sql, &[user.into()]).await? {
            let row = session_row(&row, self.settings())?;
            if row.is_live(now, self.settings()) {
                sessions.push(Session {
                    id: row.session.id,
                    current: false,
                    user_agent: row.user_agent,
                    created_at: row.session.created_at,
                    last_seen_at: row.session.last_seen_at,
                    expires_at: row.session.expires_at,
                });
            }
        }
        Ok(sessions)
    }
}

/// A sign-in.
#[derive(Clone, Debug)]
pub struct CreateSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The hash that the password was checked against. If another one is stored by now, the
    /// password was changed meanwhile and the sign-in is refused. None where no password was asked.
    pub checked_hash: Option<String>,
    /// The hash of the secret in the cookie.
    pub secret_hash: [u8; 32],
    /// What the browser calls itself; cut to 200 characters.
    pub user_agent: String,
    /// The hash of the secret in the cookie that came along: that session ends.
    pub replaces: Option<[u8; 32]>,
    /// When.
    pub now: Timestamp,
}

/// Refused with `not_found`, `invalid_credentials` or `account_disabled`.
impl Write for CreateSession {
    type Output = Session;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Session, WriteFailure> {
        let owner = locked_user(tx, self.user).await?.ok_or_else(not_found)?;
        if owner.disabled {
            let detail = format!("the account {} is disabled", owner.email);
            return Err(Problem::new(ErrorCode::AccountDisabled, detail).into());
        }
        if let Some(checked) = &self.checked_hash {
            let stored = tx
                .fetch_optional(
                    "SELECT password_hash FROM users WHERE id = $1",
                    &[self.user.into()],
                )
                .await?
                .ok_or_else(not_found)?;
            if stored.text("password_hash")? != *checked {
                let detail = "the password was changed in this moment";
                return Err(Problem::new(ErrorCode::InvalidCredentials, detail).into());
            }
        }
        if let Some(secret_hash) = &self.replaces {
            self.end_replaced(tx, secret_hash).await?;
        }
        let shown = self
            .user_agent
            .chars()
            .filter(|character| !character.is_control());
        let session = Session {
            id: self.id,
            current: false,
            user_agent: shown.take(USER_AGENT_MAX_CHARS).collect(),
            created_at: self.now,
            last_seen_at: self.now,
            expires_at: expiry(self.now, tx.settings),
        };
        tx.execute(
            "INSERT INTO sessions (id, user_id, secret_hash, user_agent, created_at, last_seen_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
            &[
                self.id.into(),
                self.user.into(),
                (&self.secret_hash).into(),
                (&session.user_agent).into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(session)
    }
}

impl CreateSession {
    async fn end_replaced(
        &self,
        tx: &mut Transaction<'_>,
        secret_hash: &[u8; 32],
    ) -> Result<(), Fault> {
        let row = tx
            .fetch_optional(
                "UPDATE sessions SET ended_at = $2 WHERE secret_hash = $1 AND ended_at IS NULL \
                 RETURNING id, user_id",
                &[secret_hash.into(), self.now.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(()) };
        tx.revoke(&Revocation {
            user: row.parsed("user_id")?,
            sessions: RevokedSessions::One(row.parsed("id")?),
            code: CloseCode::SessionEnded.code(),
            detail: "another sign-in replaced the session".to_owned(),
        })
    }
}

/// The end of one session: a logout, or a device that is thrown out.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// Who asks.
    pub actor: Actor,
    /// Which session.
    pub id: SessionId,
    /// One sentence for the close reason of its sockets.
    pub detail: String,
    /// When.
    pub now: Timestamp,
}

/// Refused with `not_found`, also when the session has ended already or is someone else's.
impl Write for EndSession {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        let sql = format!(
            "SELECT s.user_id, s.ended_at FROM sessions s WHERE s.id = $1{}",
            tx.lock("s")
        );
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let owner: UserId = row.parsed("user_id")?;
        decide(&self.actor, Action::End, Object::Session { owner }).or_refuse()?;
        if row.opt_int("ended_at")?.is_some() {
            return Err(not_found().into());
        }
        tx.execute(
            "UPDATE sessions SET ended_at = $2 WHERE id = $1",
            &[self.id.into(), self.now.into()],
        )
        .await?;
        tx.revoke(&Revocation {
            user: owner,
            sessions: RevokedSessions::One(self.id),
            code: CloseCode::SessionEnded.code(),
            detail: self.detail.clone(),
        })?;
        Ok(())
    }
}

/// Notes that a session is used. Never turns back the clock, never revives an ended session.
#[derive(Clone, Debug)]
pub struct TouchSession {
    /// Which session.
    pub id: SessionId,
    /// When it was used.
    pub now: Timestamp,
}

impl Write for TouchSession {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        tx.execute(
            "UPDATE sessions SET last_seen_at = $2 \
             WHERE id = $1 AND ended_at IS NULL AND last_seen_at < $2",
            &[self.id.into(), self.now.into()],
        )
        .await?;
        Ok(())
    }
}
