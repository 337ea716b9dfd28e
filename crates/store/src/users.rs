//! Accounts and their passwords' hashes.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{
    CloseCode, ErrorCode, FieldError, Page, Person, Problem, Revocation, RevokedSessions, Role,
    SessionId, Timestamp, User, UserId,
};

use crate::database::{Row, Value};
use crate::error::{Fault, FaultKind, ReadError, WriteFailure};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::{PageRequest, Store};

/// The columns of [`user`], for a table `users` that is called `u`.
pub(crate) const USER_COLUMNS: &str =
    "u.id AS user_id, u.email, u.name, u.role, u.disabled, u.created_at AS user_created_at";

/// What a login is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// The hash of its password, as `auth` wrote it.
    pub password_hash: String,
}

pub(crate) fn user(row: &Row) -> Result<User, Fault> {
    Ok(User {
        id: row.parsed("user_id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        role: row.parsed("role")?,
        disabled: row.flag("disabled")?,
        created_at: row.time("user_created_at")?,
    })
}

impl Store {
    /// An account.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, ReadError> {
        let sql = format!("SELECT {USER_COLUMNS} FROM users u WHERE u.id = $1");
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(user).transpose()?)
    }

    /// The account with this address, in the form that [`desk::account::normal_email`] gives.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, ReadError> {
        self.credentials_where("u.email = $1", email.into()).await
    }

    /// The account with this id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn credentials_of(&self, id: UserId) -> Result<Option<Credentials>, ReadError> {
        self.credentials_where("u.id = $1", id.into()).await
    }

    async fn credentials_where(
        &self,
        condition: &str,
        value: Value,
    ) -> Result<Option<Credentials>, ReadError> {
        let sql = format!("SELECT {USER_COLUMNS}, u.password_hash FROM users u WHERE {condition}");
        let row = match self.database().fetch_optional(sql, &[value]).await {
            // No account has such an address, because none could be stored.
            Err(fault) if fault.kind == FaultKind::Nul => None,
            other => other?,
        };
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Credentials {
            user: user(&row)?,
            password_hash: row.text("password_hash")?,
        }))
    }

    /// All accounts, the oldest first.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn users(&self, page: PageRequest) -> Result<Page<User>, ReadError> {
        let mut sql = format!("SELECT {USER_COLUMNS} FROM users u");
        let mut values = vec![page.rows().into()];
        if let Some(place) = page.place()? {
            sql.push_str(" WHERE (u.created_at, u.id) > ($2, $3)");
            values.extend([place.created_at.into(), place.id.into()]);
        }
        sql.push_str(" ORDER BY u.created_at, u.id LIMIT $1");
        let rows = self.database().fetch_all(sql, &values).await?;
        let users = rows.iter().map(user).collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(users, |user| Place {
            created_at: user.created_at,
            id: user.id.0,
        }))
    }

    /// Whether there is an admin whose account is enabled.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn admin_exists(&self) -> Result<bool, ReadError> {
        let row = self.database().fetch_optional(ENABLED_ADMIN, &[]).await?;
        Ok(row.is_some())
    }
}

const ENABLED_ADMIN: &str =
    "SELECT id FROM users WHERE role = 'admin' AND disabled = 0 ORDER BY id LIMIT 1";

/// Whose a new order or booking becomes: a customer, or whoever makes it.
pub(crate) async fn find_customer(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    id: UserId,
) -> Result<Person, WriteFailure> {
    let sql = "SELECT name, role FROM users WHERE id = $1";
    let row = tx.fetch_optional(sql, &[id.into()]).await?;
    let refused = |message: &str| Problem::invalid(vec![FieldError::new("/customer_id", message)]);
    let row = row.ok_or_else(|| refused("is not the id of an account"))?;
    if row.parsed::<Role>("role")? != Role::Customer && id != actor.id {
        return Err(refused("is not the id of a customer").into());
    }
    Ok(Person {
        id,
        name: row.text("name")?,
    })
}

/// Whether an enabled admin exists, as the transaction sees it.
pub(crate) async fn admin_exists(tx: &mut Transaction<'_>) -> Result<bool, Fault> {
    Ok(tx.fetch_optional(ENABLED_ADMIN, &[]).await?.is_some())
}

/// A new account. Who may make one is for the caller to check.
#[derive(Clone, Debug)]
pub struct CreateUser {
    /// Its id.
    pub id: UserId,
    /// Its address; it is stored in the form that [`desk::account::normal_email`] gives.
    pub email: String,
    /// What others see.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The hash of its password.
    pub password_hash: String,
    /// When it is made.
    pub now: Timestamp,
}

/// Refused with `validation_failed` or `email_taken`.
impl Write for CreateUser {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<User, WriteFailure> {
        let email = desk::account::normal_email(&self.email);
        let mut errors = Vec::new();
        desk::account::check_email("/email", &email, &mut errors);
        desk::account::check_name("/name", &self.name, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let inserted = tx
            .execute(
                "INSERT INTO users (id, email, name, role, disabled, password_hash, created_at) \
                 VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (email) DO NOTHING",
                &[
                    self.id.into(),
                    (&email).into(),
                    (&self.name).into(),
                    self.role.into(),
                    (&self.password_hash).into(),
                    self.now.into(),
                ],
            )
            .await?;
        if inserted == 0 {
            let detail = format!("another account has the address {email}");
            return Err(Problem::new(ErrorCode::EmailTaken, detail).into());
        }
        Ok(User {
            id: self.id,
            email,
            name: self.name.clone(),
            role: self.role,
            disabled: false,
            created_at: self.now,
        })
    }
}

/// A change of an account by someone.
#[derive(Clone, Debug)]
pub struct ChangeUser {
    /// Who asks.
    pub actor: Actor,
    /// Which account.
    pub id: UserId,
    /// What others see, if that changes.
    pub name: Option<String>,
    /// What it may do, if that changes.
    pub role: Option<Role>,
    /// Whether it is disabled, if that changes.
    pub disabled: Option<bool>,
    /// When.
    pub now: Timestamp,
}

/// A change of an account by the command line, which acts for nobody.
#[derive(Clone, Debug)]
pub struct ChangeUserLocally {
    /// Which account.
    pub id: UserId,
    /// What others see, if that changes.
    pub name: Option<String>,
    /// What it may do, if that changes.
    pub role: Option<Role>,
    /// Whether it is disabled, if that changes.
    pub disabled: Option<bool>,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `not_found`, `validation_failed` or `last_admin`. Disabling ends all
/// sessions; it and a change of role are told as revocations. What changes nothing tells nothing.
impl Write for ChangeUser {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<User, WriteFailure> {
        decide(&self.actor, Action::Change, Object::Account(self.id)).or_refuse()?;
        let Self {
            id,
            name,
            role,
            disabled,
            now,
            ..
        } = self.clone();
        ChangeUserLocally {
            id,
            name,
            role,
            disabled,
            now,
        }
        .apply(tx)
        .await
    }
}

/// As [`ChangeUser`], but nobody is asked whether it is allowed.
impl Write for ChangeUserLocally {
    type Output = User;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<User, WriteFailure> {
        // Admins are locked before the account, and always in this order, so that two nodes
        // cannot each take away one of the last two.
        let sql = format!(
            "SELECT u.id FROM users u WHERE u.role = 'admin' AND u.disabled = 0 ORDER BY u.id{}",
            tx.lock("u")
        );
        let admins = tx.fetch_all(sql, &[]).await?;
        let before = locked_user(tx, self.id).await?.ok_or_else(not_found)?;
        let after = User {
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            role: self.role.unwrap_or(before.role),
            disabled: self.disabled.unwrap_or(before.disabled),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let mut errors = Vec::new();
        desk::account::check_name("/name", &after.name, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let is_admin = |user: &User| user.role == Role::Admin && !user.disabled;
        if is_admin(&before) && !is_admin(&after) && admins.len() <= 1 {
            let detail = format!("{} is the last enabled admin", before.email);
            return Err(Problem::new(ErrorCode::LastAdmin, detail).into());
        }
        tx.execute(
            "UPDATE users SET name = $2, role = $3, disabled = $4 WHERE id = $1",
            &[
                self.id.into(),
                (&after.name).into(),
                after.role.into(),
                after.disabled.into(),
            ],
        )
        .await?;
        if after.disabled && !before.disabled {
            end_sessions(tx, self.id, None, self.now).await?;
            tx.revoke(&Revocation {
                user: self.id,
                sessions: RevokedSessions::All,
                code: CloseCode::AccountDisabled.code(),
                detail: "the account was disabled".to_owned(),
            })?;
        }
        if after.role != before.role {
            tx.revoke(&Revocation {
                user: self.id,
                sessions: RevokedSessions::All,
                code: CloseCode::RoleChanged.code(),
                detail: format!("the role changed from {} to {}", before.role, after.role),
            })?;
        }
        Ok(after)
    }
}

/// An account that stays as it is until the commit.
pub(crate) async fn locked_user(
    tx: &mut Transaction<'_>,
    id: UserId,
) -> Result<Option<User>, Fault> {
    let sql = format!(
        "SELECT {USER_COLUMNS} FROM users u WHERE u.id = $1{}",
        tx.lock("u")
    );
    tx.fetch_optional(sql, &[id.into()])
        .await?
        .as_ref()
        .map(user)
        .transpose()
}

async fn end_sessions(
    tx: &mut Transaction<'_>,
    user: UserId,
    but: Option<SessionId>,
    now: Timestamp,
) -> Result<(), Fault> {
    let but = Value::OptText(but.map(|id| id.to_string()));
    tx.execute(
        "UPDATE sessions SET ended_at = $2 \
         WHERE user_id = $1 AND ended_at IS NULL AND id <> COALESCE($3, '')",
        &[user.into(), now.into(), but],
    )
    .await?;
    Ok(())
}

/// A new password. All sessions end but the kept one, which gets a new secret.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// Whose.
    pub id: UserId,
    /// The hash of the new password.
    pub password_hash: String,
    /// The session that goes on, and the hash of its new secret.
    pub keep: Option<(SessionId, [u8; 32])>,
    /// When.
    pub now: Timestamp,
}

/// Refused with `not_found`.
impl Write for SetPassword {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        locked_user(tx, self.id).await?.ok_or_else(not_found)?;
        tx.execute(
            "UPDATE users SET password_hash = $2 WHERE id = $1",
            &[self.id.into(), (&self.password_hash).into()],
        )
        .await?;
        let mut kept = None;
        if let Some((session, secret_hash)) = &self.keep {
            let rotated = tx
                .execute(
                    "UPDATE sessions SET secret_hash = $3 \
                     WHERE id = $1 AND user_id = $2 AND ended_at IS NULL",
                    &[(*session).into(), self.id.into(), secret_hash.into()],
                )
                .await?;
            kept = (rotated > 0).then_some(*session);
        }
        end_sessions(tx, self.id, kept, self.now).await?;
        tx.revoke(&Revocation {
            user: self.id,
            sessions: kept.map_or(RevokedSessions::All, RevokedSessions::AllBut),
            code: CloseCode::SessionEnded.code(),
            detail: "the password was changed".to_owned(),
        })?;
        Ok(())
    }
}

/// The same password under a stronger hash; does nothing if the hash has changed meanwhile.
#[derive(Clone, Debug)]
pub struct UpgradePasswordHash {
    /// Whose.
    pub id: UserId,
    /// The hash that was checked.
    pub old_hash: String,
    /// The hash to store.
    pub new_hash: String,
}

impl Write for UpgradePasswordHash {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        tx.execute(
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
            &[
                self.id.into(),
                (&self.old_hash).into(),
                (&self.new_hash).into(),
            ],
        )
        .await?;
        Ok(())
    }
}
