//! Notifications to everyone of a role. Sending writes one row; whoever calls
//! [`DeliverBroadcast`] again and again writes the notifications from it, a batch at a time.
//!
//! Invariant: the row's cursor moves in the transaction that writes the notifications, so a crash
//! between two batches loses none and repeats none.

use desk::{Action, Actor, Object, decide};
use protocol::{NotificationId, Role, Timestamp, UserId};
use uuid::Uuid;

use crate::NewNotification;
use crate::database::{Dialect, Row, Value};
use crate::error::{Fault, WriteFailure};
use crate::notifications::{BATCH, insert};
use crate::page::Place;
use crate::transaction::{Transaction, Write};

/// A notification to everyone of a role: to each account that exists now, and that is enabled and
/// has the role when its turn comes.
#[derive(Clone, Debug)]
pub struct SendToRole {
    /// Who asks.
    pub actor: Actor,
    /// To whom.
    pub role: Role,
    /// What it tells.
    pub notification: NewNotification,
    /// When.
    pub now: Timestamp,
}

/// How many enabled accounts have the role. Refused with `forbidden` or `validation_failed`.
/// Nothing is told before [`DeliverBroadcast`].
impl Write for SendToRole {
    type Output = i64;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<i64, WriteFailure> {
        let to_a_role = Object::Notification { owner: None };
        decide(&self.actor, Action::Create, to_a_role).or_refuse()?;
        self.notification.checked()?;
        // One statement sees one moment: the newest account is one of those counted.
        let newest = tx
            .fetch_optional(
                "SELECT (SELECT COUNT(*) FROM users WHERE role = $1 AND disabled = 0) AS recipients, \
                 created_at, id FROM users WHERE role = $1 AND disabled = 0 \
                 ORDER BY created_at DESC, id DESC LIMIT 1",
                &[self.role.into()],
            )
            .await?;
        let Some(newest) = newest else { return Ok(0) };
        let until = place(&newest)?;
        let NewNotification {
            kind,
            title,
            body,
            link,
        } = &self.notification;
        tx.execute(
            "INSERT INTO broadcasts (id, role, kind, title, body, link, after_created_at, after_id, \
             until_created_at, until_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10)",
            &[
                Uuid::now_v7().into(),
                self.role.into(),
                kind.into(),
                title.into(),
                body.into(),
                Value::OptText(link.clone()),
                i64::MIN.into(),
                until.created_at.into(),
                until.id.into(),
                self.now.into(),
            ],
        )
        .await?;
        Ok(newest.int("recipients")?)
    }
}

/// Writes the next notifications of the oldest broadcast that no other node is at, at most a
/// hundred, and forgets the broadcast after its last one.
#[derive(Clone, Debug)]
pub struct DeliverBroadcast {
    /// When.
    pub now: Timestamp,
}

/// How many were written; none when no broadcast is left to be done here. Told as
/// `notification.created` to each of their users.
impl Write for DeliverBroadcast {
    type Output = Option<usize>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Option<usize>, WriteFailure> {
        let mine = match tx.connection.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        };
        let sql = format!(
            "SELECT id, role, kind, title, body, link, after_created_at, after_id, \
             until_created_at, until_id FROM broadcasts ORDER BY created_at, id LIMIT 1{mine}"
        );
        let Some(row) = tx.fetch_optional(sql, &[]).await? else {
            return Ok(None);
        };
        let id = row.parsed::<Uuid>("id")?;
        let users = next_users(tx, &row).await?;
        if !users.is_empty() {
            let to: Vec<_> = users
                .iter()
                .map(|place| (UserId(place.id), NotificationId::new()))
                .collect();
            let new = NewNotification {
                kind: row.text("kind")?,
                title: row.text("title")?,
                body: row.text("body")?,
                link: row.opt_text("link")?,
            };
            insert(tx, &to, &new, self.now).await?;
        }
        match users.last().filter(|_| users.len() == BATCH) {
            Some(last) => {
                tx.execute(
                    "UPDATE broadcasts SET after_created_at = $2, after_id = $3 WHERE id = $1",
                    &[id.into(), last.created_at.into(), last.id.into()],
                )
                .await?;
            }
            None => {
                tx.execute("DELETE FROM broadcasts WHERE id = $1", &[id.into()])
                    .await?;
            }
        }
        Ok(Some(users.len()))
    }
}

/// The next accounts that a broadcast goes to.
async fn next_users(tx: &mut Transaction<'_>, broadcast: &Row) -> Result<Vec<Place>, Fault> {
    let rows = tx
        .fetch_all(
            "SELECT created_at, id FROM users WHERE role = $1 AND disabled = 0 \
             AND (created_at, id) > ($2, $3) AND (created_at, id) <= ($4, $5) \
             ORDER BY created_at, id LIMIT $6",
            &[
                Value::Text(broadcast.text("role")?),
                broadcast.int("after_created_at")?.into(),
                Value::Text(broadcast.text("after_id")?),
                broadcast.int("until_created_at")?.into(),
                Value::Text(broadcast.text("until_id")?),
                (BATCH as i64).into(),
            ],
        )
        .await?;
    rows.iter().map(place).collect()
}

fn place(row: &Row) -> Result<Place, Fault> {
    Ok(Place {
        created_at: row.time("created_at")?,
        id: row.parsed("id")?,
    })
}
