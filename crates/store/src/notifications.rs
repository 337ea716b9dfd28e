//! Notifications: sent to one user, read by that user alone. Those to a role are in
//! `broadcasts.rs`. Start at [`SendNotification`].

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{
    ChannelName, EventName, FieldError, Notification, NotificationData, NotificationId, Page,
    Problem, Timestamp, UserId,
};

use crate::database::{Row, Value};
use crate::error::{Fault, ReadError, WriteError, WriteFailure};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::{PageRequest, Store};

/// Most notifications that one transaction writes or marks as read, so that no other change waits
/// long for its turn.
pub(crate) const BATCH: usize = 100;

const NOTIFICATION_COLUMNS: &str = "id, kind, title, body, link, read_at, created_at";

fn notification(row: &Row) -> Result<Notification, Fault> {
    Ok(Notification {
        id: row.parsed("id")?,
        kind: row.text("kind")?,
        title: row.text("title")?,
        body: row.text("body")?,
        link: row.opt_text("link")?,
        read_at: row.opt_int("read_at")?.map(Timestamp),
        created_at: row.time("created_at")?,
    })
}

impl Store {
    /// The notifications of a user, the newest first; only the unread ones, or only the read ones,
    /// if `unread` says so.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn notifications(
        &self,
        user: UserId,
        unread: Option<bool>,
        page: PageRequest,
    ) -> Result<Page<Notification>, ReadError> {
        let mut sql =
            format!("SELECT {NOTIFICATION_COLUMNS} FROM notifications WHERE user_id = $2");
        let mut values: Vec<Value> = vec![page.rows().into(), user.into()];
        match unread {
            Some(true) => sql.push_str(" AND read_at IS NULL"),
            Some(false) => sql.push_str(" AND read_at IS NOT NULL"),
            None => {}
        }
        if let Some(place) = page.place()? {
            sql.push_str(" AND (created_at, id) < ($3, $4)");
            values.extend([place.created_at.into(), place.id.into()]);
        }
        sql.push_str(" ORDER BY created_at DESC, id DESC LIMIT $1");
        let rows = self.database().fetch_all(sql, &values).await?;
        let list = rows
            .iter()
            .map(notification)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(list, |notification| Place {
            created_at: notification.created_at,
            id: notification.id.0,
        }))
    }

    /// Marks as read what the actor has not read and was sent until `now`; how many those were.
    /// Each is told as `notification.read`. It takes a transaction per bounded batch, so what is
    /// sent or read meanwhile does no harm, and after an error the first ones are read.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn read_notifications(
        &self,
        actor: Actor,
        now: Timestamp,
    ) -> Result<u64, WriteError> {
        let mut sum = 0;
        loop {
            let batch = self.write(ReadSome { actor, now }).await?;
            sum += batch.read;
            if !batch.more {
                return Ok(sum);
            }
        }
    }
}

/// What is to be told.
#[derive(Clone, Debug)]
pub struct NewNotification {
    /// What sort of thing it tells.
    pub kind: String,
    /// The headline.
    pub title: String,
    /// The text.
    pub body: String,
    /// A path of the page to go to.
    pub link: Option<String>,
}

impl NewNotification {
    /// Appends what is wrong to `errors`.
    pub fn check(&self, errors: &mut Vec<FieldError>) {
        let Self {
            kind,
            title,
            body,
            link,
        } = self;
        desk::notification::check(kind, title, body, link.as_deref(), errors);
    }

    pub(crate) fn checked(&self) -> Result<(), Problem> {
        let mut errors = Vec::new();
        self.check(&mut errors);
        if errors.is_empty() {
            return Ok(());
        }
        Err(Problem::invalid(errors))
    }
}

/// A notification to one user.
#[derive(Clone, Debug)]
pub struct SendNotification {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: NotificationId,
    /// Whose it becomes.
    pub user: UserId,
    /// What it tells.
    pub notification: NewNotification,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden` or `validation_failed`. Told as `notification.created` to its user.
impl Write for SendNotification {
    type Output = Notification;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Notification, WriteFailure> {
        let owned = Object::Notification {
            owner: Some(self.user),
        };
        decide(&self.actor, Action::Create, owned).or_refuse()?;
        self.notification.checked()?;
        let user = tx
            .fetch_optional("SELECT id FROM users WHERE id = $1", &[self.user.into()])
            .await?;
        if user.is_none() {
            let error = FieldError::new("/user_id", "is not the id of an account");
            return Err(Problem::invalid(vec![error]).into());
        }
        let to = [(self.user, self.id)];
        let mut sent = insert(tx, &to, &self.notification, self.now).await?;
        sent.pop()
            .ok_or_else(|| Fault::row("no notification was written").into())
    }
}

/// Writes the same notification to each of these users and tells them. At most [`BATCH`] of them.
pub(crate) async fn insert(
    tx: &mut Transaction<'_>,
    to: &[(UserId, NotificationId)],
    new: &NewNotification,
    now: Timestamp,
) -> Result<Vec<Notification>, Fault> {
    let mut values: Vec<Value> = vec![
        (&new.kind).into(),
        (&new.title).into(),
        (&new.body).into(),
        Value::OptText(new.link.clone()),
        now.into(),
    ];
    let mut rows = Vec::with_capacity(to.len());
    for (user, id) in to {
        values.extend([(*user).into(), (*id).into()]);
        let (user, id) = (values.len() - 1, values.len());
        rows.push(format!("(${user}, ${id}, $1, $2, $3, $4, $5)"));
    }
    let sql = format!(
        "INSERT INTO notifications (user_id, id, kind, title, body, link, created_at) VALUES {}",
        rows.join(", ")
    );
    tx.execute(sql, &values).await?;
    let written = to.iter().map(|(user, id)| {
        let notification = Notification {
            id: *id,
            kind: new.kind.clone(),
            title: new.title.clone(),
            body: new.body.clone(),
            link: new.link.clone(),
            read_at: None,
            created_at: now,
        };
        tell(tx, *user, EventName::NotificationCreated, notification)
    });
    written.collect()
}

/// A user has read one.
#[derive(Clone, Debug)]
pub struct ReadNotification {
    /// Who asks.
    pub actor: Actor,
    /// Which one.
    pub id: NotificationId,
    /// When.
    pub now: Timestamp,
}

/// Refused with `not_found`. Told as `notification.read` to its user, unless it was read before.
impl Write for ReadNotification {
    type Output = Notification;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Notification, WriteFailure> {
        let sql = format!(
            "SELECT user_id, {NOTIFICATION_COLUMNS} FROM notifications n WHERE id = $1{}",
            tx.lock("n")
        );
        let row = tx
            .fetch_optional(sql, &[self.id.into()])
            .await?
            .ok_or_else(not_found)?;
        let user: UserId = row.parsed("user_id")?;
        let owned = Object::Notification { owner: Some(user) };
        decide(&self.actor, Action::Change, owned).or_refuse()?;
        let mut notification = notification(&row)?;
        if notification.read_at.is_some() {
            return Ok(notification);
        }
        notification.read_at = Some(self.now);
        tx.execute(
            "UPDATE notifications SET read_at = $2 WHERE id = $1",
            &[self.id.into(), self.now.into()],
        )
        .await?;
        Ok(tell(tx, user, EventName::NotificationRead, notification)?)
    }
}

/// One batch of [`Store::read_notifications`], the oldest first.
#[derive(Clone, Debug)]
struct ReadSome {
    actor: Actor,
    now: Timestamp,
}

struct SomeRead {
    read: u64,
    /// Whether there may be more.
    more: bool,
}

impl Write for ReadSome {
    type Output = SomeRead;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<SomeRead, WriteFailure> {
        let user = self.actor.id;
        let owned = Object::Notification { owner: Some(user) };
        decide(&self.actor, Action::Change, owned).or_refuse()?;
        let unread = tx
            .fetch_all(
                "SELECT id FROM notifications WHERE user_id = $1 AND read_at IS NULL \
                 AND created_at <= $2 ORDER BY created_at, id LIMIT $3",
                &[user.into(), self.now.into(), (BATCH as i64).into()],
            )
            .await?;
        if unread.is_empty() {
            return Ok(SomeRead {
                read: 0,
                more: false,
            });
        }
        // Another node may be reading the same ones; what it has read by now is not told again.
        let mut values: Vec<Value> = vec![self.now.into()];
        let mut places = Vec::with_capacity(unread.len());
        for row in &unread {
            values.push(Value::Text(row.text("id")?));
            places.push(format!("${}", values.len()));
        }
        let sql = format!(
            "UPDATE notifications SET read_at = $1 WHERE id IN ({}) AND read_at IS NULL \
             RETURNING {NOTIFICATION_COLUMNS}",
            places.join(", ")
        );
        let rows = tx.fetch_all(sql, &values).await?;
        let mut read = rows
            .iter()
            .map(notification)
            .collect::<Result<Vec<_>, Fault>>()?;
        read.sort_by_key(|notification| (notification.created_at, notification.id));
        let batch = SomeRead {
            read: read.len() as u64,
            more: unread.len() == BATCH,
        };
        for notification in read {
            tell(tx, user, EventName::NotificationRead, notification)?;
        }
        Ok(batch)
    }
}

fn tell(
    tx: &mut Transaction<'_>,
    user: UserId,
    name: EventName,
    notification: Notification,
) -> Result<Notification, Fault> {
    let data = NotificationData { notification };
    tx.tell(vec![ChannelName::user(user)], name, &data)?;
    Ok(data.notification)
}
