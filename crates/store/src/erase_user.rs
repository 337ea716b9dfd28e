//! Erasing a person: the account becomes an empty shell that nobody can sign in to, and their words
//! and names go from every table, from the event log and from the memory of the shards. What the
//! books need stays: which account ordered and booked what.
//!
//! Invariant: every table, and every object that an event carries, that holds words about a person
//! is known here: a new one is emptied in [`EraseRows`] and in [`ErasedPerson::rewritten`].
//!
//! It takes many small changes, so that no other waits long. Each may be made again, so what was
//! interrupted is finished by beginning anew. Start at [`Store::erase_user`].

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use desk::policy::not_found;
use protocol::{
    ChannelName, CloseCode, Erasure, ErrorCode, EventName, Problem, Revocation, RevokedSessions,
    Role, Timestamp, User, UserId,
};

use crate::Store;
use crate::database::{Dialect, Row, Value};
use crate::erased_person::{ERASED_NAME, ErasedPerson};
use crate::error::{Fault, ReadError, WriteError, WriteFailure};
use crate::transaction::{Transaction, Write};
use crate::users::locked_user;

/// Most rows that one change touches.
const BATCH: i64 = 250;

/// Rows of the log that are looked at together.
const PAGE: i64 = 500;

/// Channels named in one `text.erased`.
const CHANNELS_MAX: usize = 500;

/// Stands for a password and is no hash, so that no password fits.
const NO_PASSWORD: &str = "erased";

/// How many rows an erasure touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedUser {
    /// Orders and bookings whose note was emptied.
    pub notes: u64,
    /// Messages that were emptied.
    pub messages: u64,
    /// Notifications that were deleted.
    pub notifications: u64,
    /// Events that were rewritten or deleted.
    pub events: u64,
}

impl Store {
    /// Erases a person. Where others use the database too, `settle` is how long a request of theirs
    /// that began before may take to be written; what it wrote is erased as well.
    ///
    /// # Errors
    /// `not_found`, `last_admin`, or the database cannot be written; what was erased until then
    /// stays so, and another call does the rest.
    pub async fn erase_user(
        &self,
        id: UserId,
        settle: Duration,
        now: Timestamp,
    ) -> Result<ErasedUser, WriteError> {
        self.write(EraseAccount { id, now }).await?;
        let mut erased = ErasedUser::default();
        self.erase_words(id, now, &mut erased).await?;
        if !settle.is_zero() {
            tokio::time::sleep(settle).await;
            self.erase_words(id, now, &mut erased).await?;
        }
        erased.events += self.erase_rows(id, now, Rows::OwnEvents).await?;
        let person = Arc::new(self.person(id, now).await.map_err(unread)?);
        let mut channels = self.rewrite_events(&person, &mut erased).await?;
        self.rewrite_answers(&person).await?;
        // The ids of the notifications were needed until here.
        erased.notifications += self.erase_rows(id, now, Rows::Notifications).await?;
        channels.insert(ChannelName::user(id));
        let channels: Vec<_> = channels.into_iter().collect();
        for some in channels.chunks(CHANNELS_MAX) {
            let channels = some.to_vec();
            self.write(TellErasure { channels }).await?;
        }
        Ok(erased)
    }

    /// Empties what the person wrote, everywhere but in the log.
    async fn erase_words(
        &self,
        id: UserId,
        now: Timestamp,
        erased: &mut ErasedUser,
    ) -> Result<(), WriteError> {
        for rows in [Rows::Orders, Rows::Bookings] {
            erased.notes += self.erase_rows(id, now, rows).await?;
        }
        self.erase_rows(id, now, Rows::Chats).await?;
        erased.messages += self.erase_rows(id, now, Rows::MessagesOfChats).await?;
        erased.messages += self.erase_messages_elsewhere(id, now).await?;
        self.erase_rows(id, now, Rows::BotOffers).await?;
        self.erase_rows(id, now, Rows::OwnAnswers).await?;
        Ok(())
    }

    async fn erase_rows(&self, id: UserId, now: Timestamp, rows: Rows) -> Result<u64, WriteError> {
        let mut sum = 0;
        loop {
            let touched = self.write(EraseRows { id, now, rows }).await?;
            sum += touched;
            if touched < BATCH.unsigned_abs() {
                return Ok(sum);
            }
        }
    }

    /// What they wrote in the chats of others, at the desk. No index leads there, so every message
    /// is passed by.
    async fn erase_messages_elsewhere(
        &self,
        id: UserId,
        now: Timestamp,
    ) -> Result<u64, WriteError> {
        let (mut after, mut sum) = (String::new(), 0);
        loop {
            let rows = self
                .database()
                .fetch_all(
                    "SELECT id, sender_id FROM messages \
                     WHERE id > $1 ORDER BY id LIMIT 2000",
                    &[(&after).into()],
                )
                .await
                .map_err(ReadError::from)
                .map_err(unread)?;
            let Some(last) = rows.last() else {
                return Ok(sum);
            };
            after = last.text("id").map_err(failed)?;
            let mut theirs = Vec::new();
            for row in &rows {
                if row.opt_text("sender_id").map_err(failed)? == Some(id.to_string()) {
                    theirs.push(row.text("id").map_err(failed)?);
                }
            }
            for some in theirs.chunks(usize::try_from(BATCH).unwrap_or(1)) {
                let ids = some.to_vec();
                sum += self.write(EraseMessages { ids, now }).await?;
            }
        }
    }

    /// What is needed to know the person again in a copy of an object.
    async fn person(&self, id: UserId, now: Timestamp) -> Result<ErasedPerson, ReadError> {
        let ids = async |table: &str, column: &str| {
            let sql = format!("SELECT id FROM {table} WHERE {column} = $1");
            let rows = self.database().fetch_all(sql, &[id.into()]).await?;
            rows.iter()
                .map(|row| row.text("id"))
                .collect::<Result<HashSet<_>, Fault>>()
        };
        Ok(ErasedPerson {
            chats: ids("chats", "customer_id").await?,
            notifications: ids("notifications", "user_id").await?,
            id: id.to_string(),
            email: erased_email(id),
            now: now.to_string(),
        })
    }

    /// Rewrites every event that holds something of the person; on which channels those are.
    async fn rewrite_events(
        &self,
        person: &Arc<ErasedPerson>,
        erased: &mut ErasedUser,
    ) -> Result<BTreeSet<ChannelName>, WriteError> {
        let mut channels = BTreeSet::new();
        let (mut channel, mut offset) = (String::new(), 0);
        loop {
            let rows = self
                .database()
                .fetch_all(
                    "SELECT channel, event_offset, data FROM events \
                     WHERE (channel, event_offset) > ($1, $2) \
                     ORDER BY channel, event_offset LIMIT $3",
                    &[(&channel).into(), offset.into(), PAGE.into()],
                )
                .await
                .map_err(ReadError::from)
                .map_err(unread)?;
            let Some(last) = rows.last() else {
                return Ok(channels);
            };
            let last = place(last).map_err(failed)?;
            let mut places = Vec::new();
            for row in &rows {
                let data = row.text("data").map_err(failed)?;
                if person.rewritten(&data).map_err(failed)?.is_some() {
                    places.push(place(row).map_err(failed)?);
                }
            }
            for (channel, _) in &places {
                let name = ChannelName::from_stored(channel).map_err(Fault::row);
                channels.insert(name.map_err(failed)?);
            }
            if !places.is_empty() {
                let person = Arc::clone(person);
                erased.events += self.write(RewriteEvents { places, person }).await?;
            }
            (channel, offset) = last;
        }
    }

    /// Rewrites the answers that are kept for repeated requests of others.
    async fn rewrite_answers(&self, person: &Arc<ErasedPerson>) -> Result<(), WriteError> {
        let mut after = AnswerPlace::default();
        loop {
            let person = Arc::clone(person);
            match self.write(RewriteAnswers { after, person }).await? {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }
}

fn erased_email(id: UserId) -> String {
    format!("erased-{id}@invalid")
}

fn place(row: &Row) -> Result<(String, i64), Fault> {
    Ok((row.text("channel")?, row.int("event_offset")?))
}

fn failed(fault: Fault) -> WriteError {
    fault.to_write_error()
}

fn unread(error: ReadError) -> WriteError {
    match error {
        ReadError::Unavailable(text) => WriteError::Unavailable(text),
        ReadError::BadCursor | ReadError::Failed(_) => WriteError::Failed(error.to_string()),
    }
}

/// The account itself: no address, no name, no way in. Its id stays, so that it is never given to
/// anyone else. Refused with `not_found` or `last_admin`.
#[derive(Clone, Debug)]
struct EraseAccount {
    id: UserId,
    now: Timestamp,
}

impl Write for EraseAccount {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        // In the order of ChangeUserLocally, so that two nodes cannot each take one of the last two.
        let sql = format!(
            "SELECT u.id FROM users u WHERE u.role = 'admin' AND u.disabled = 0 ORDER BY u.id{}",
            tx.lock("u")
        );
        let admins = tx.fetch_all(sql, &[]).await?;
        let user: User = locked_user(tx, self.id).await?.ok_or_else(not_found)?;
        if user.role == Role::Admin && !user.disabled && admins.len() <= 1 {
            let detail = format!("{} is the last enabled admin", user.email);
            return Err(Problem::new(ErrorCode::LastAdmin, detail).into());
        }
        tx.execute(
            "UPDATE users SET email = $2, name = $3, password_hash = $4, disabled = 1 WHERE id = $1",
            &[
                self.id.into(),
                (&erased_email(self.id)).into(),
                ERASED_NAME.into(),
                NO_PASSWORD.into(),
            ],
        )
        .await?;
        tx.execute(
            "UPDATE sessions SET ended_at = COALESCE(ended_at, $2), user_agent = '' \
             WHERE user_id = $1",
            &[self.id.into(), self.now.into()],
        )
        .await?;
        tx.revoke(&Revocation {
            user: self.id,
            sessions: RevokedSessions::All,
            code: CloseCode::AccountDisabled.code(),
            detail: "the account was erased".to_owned(),
        })?;
        Ok(())
    }
}

/// Rows that an index leads to.
#[derive(Clone, Copy, Debug)]
enum Rows {
    Orders,
    Bookings,
    Notifications,
    /// A chat is closed, so that nobody writes in it any more.
    Chats,
    /// All of a conversation: answers repeat what was asked, and notes are about the person.
    MessagesOfChats,
    /// What the bot offered them, which may hold their wishes.
    BotOffers,
    /// Kept for repeated requests of their own.
    OwnAnswers,
    /// The log of their own channel, which nobody may read any more.
    OwnEvents,
}

/// At most a batch of these rows; how many there were.
#[derive(Clone, Copy, Debug)]
struct EraseRows {
    id: UserId,
    now: Timestamp,
    rows: Rows,
}

impl Write for EraseRows {
    type Output = u64;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<u64, WriteFailure> {
        let (id, now, most) = (Value::from(self.id), self.now.into(), BATCH.into());
        let touched = match self.rows {
            Rows::Orders => {
                tx.execute(
                    "UPDATE orders SET note = '', version = version + 1 WHERE id IN (\
                     SELECT id FROM orders WHERE customer_id = $1 AND note <> '' LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            Rows::Bookings => {
                tx.execute(
                    "UPDATE bookings SET note = '', version = version + 1 WHERE id IN (\
                     SELECT id FROM bookings WHERE customer_id = $1 AND note <> '' LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            Rows::Notifications => {
                tx.execute(
                    "DELETE FROM notifications WHERE id IN (\
                     SELECT id FROM notifications WHERE user_id = $1 LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            Rows::Chats => {
                tx.execute(
                    "UPDATE chats SET subject = '', status = 'closed', version = version + 1 \
                     WHERE id IN (SELECT id FROM chats WHERE customer_id = $1 \
                     AND (subject <> '' OR status <> 'closed') LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            Rows::MessagesOfChats => {
                let sql = erase_messages(
                    "m.chat_id IN (SELECT c.id FROM chats c WHERE c.customer_id = $2) LIMIT $3",
                );
                tx.execute(sql, &[now, id, most]).await?
            }
            Rows::BotOffers => {
                tx.execute(
                    "DELETE FROM bot_offers WHERE (message_id, action_id) IN (\
                     SELECT o.message_id, o.action_id FROM bot_offers o \
                     JOIN chats c ON c.id = o.chat_id WHERE c.customer_id = $1 LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            Rows::OwnAnswers => {
                tx.execute(
                    "DELETE FROM once_keys WHERE (user_id, path, key) IN (\
                     SELECT user_id, path, key FROM once_keys WHERE user_id = $1 LIMIT $2)",
                    &[id, most],
                )
                .await?
            }
            // The oldest first, as the log itself forgets.
            Rows::OwnEvents => {
                tx.execute(
                    "DELETE FROM events WHERE (channel, event_offset) IN (\
                     SELECT channel, event_offset FROM events WHERE channel = $1 \
                     ORDER BY event_offset LIMIT $2)",
                    &[ChannelName::user(self.id).as_str().into(), most],
                )
                .await?
            }
        };
        Ok(touched)
    }
}

/// Empties the messages of this condition that are not empty yet; `$1` is the time.
fn erase_messages(condition: &str) -> String {
    format!(
        "UPDATE messages SET body = '', first_body = NULL, client_id = NULL, actions = NULL, \
         deleted_at = COALESCE(deleted_at, $1) WHERE id IN (SELECT m.id FROM messages m \
         WHERE (m.body <> '' OR m.first_body IS NOT NULL OR m.client_id IS NOT NULL \
         OR m.actions IS NOT NULL OR m.deleted_at IS NULL) AND {condition})"
    )
}

/// Empties these messages; how many were not empty yet.
#[derive(Clone, Debug)]
struct EraseMessages {
    ids: Vec<String>,
    now: Timestamp,
}

impl Write for EraseMessages {
    type Output = u64;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<u64, WriteFailure> {
        let sql = erase_messages(match tx.connection.dialect() {
            Dialect::Sqlite => "m.id IN (SELECT value FROM json_each($2))",
            Dialect::Postgres => "m.id = ANY($2)",
        });
        let values = [self.now.into(), Value::Texts(self.ids.clone())];
        Ok(tx.execute(sql, &values).await?)
    }
}

/// Takes the person out of these events; how many there were.
#[derive(Clone, Debug)]
struct RewriteEvents {
    places: Vec<(String, i64)>,
    person: Arc<ErasedPerson>,
}

impl Write for RewriteEvents {
    type Output = u64;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<u64, WriteFailure> {
        let mut rewritten = 0;
        let select = format!(
            "SELECT e.data FROM events e WHERE e.channel = $1 AND e.event_offset = $2{}",
            tx.lock("e")
        );
        for (channel, offset) in &self.places {
            let place = [channel.into(), (*offset).into()];
            // It may have expired meanwhile.
            let Some(row) = tx.fetch_optional(select.clone(), &place).await? else {
                continue;
            };
            if let Some(text) = self.person.rewritten(&row.text("data")?)? {
                let [channel, offset] = place;
                rewritten += tx
                    .execute(
                        "UPDATE events SET data = $3 WHERE channel = $1 AND event_offset = $2",
                        &[channel, offset, (&text).into()],
                    )
                    .await?;
            }
        }
        Ok(rewritten)
    }
}

/// Who asked, which path, under which key.
type AnswerPlace = (String, String, String);

/// Takes the person out of the next kept answers; the place of the last one looked at.
#[derive(Clone, Debug)]
struct RewriteAnswers {
    after: AnswerPlace,
    person: Arc<ErasedPerson>,
}

impl Write for RewriteAnswers {
    type Output = Option<AnswerPlace>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, WriteFailure> {
        let (user, path, key) = &self.after;
        let rows = tx
            .fetch_all(
                "SELECT user_id, path, key, output FROM once_keys \
                 WHERE (user_id, path, key) > ($1, $2, $3) ORDER BY user_id, path, key LIMIT $4",
                &[user.into(), path.into(), key.into(), BATCH.into()],
            )
            .await?;
        let mut last = None;
        for row in &rows {
            let place = (row.text("user_id")?, row.text("path")?, row.text("key")?);
            if let Some(text) = self.person.rewritten(&row.text("output")?)? {
                let (user, path, key) = &place;
                tx.execute(
                    "UPDATE once_keys SET output = $4 \
                     WHERE user_id = $1 AND path = $2 AND key = $3",
                    &[user.into(), path.into(), key.into(), (&text).into()],
                )
                .await?;
            }
            last = Some(place);
        }
        Ok(last)
    }
}

/// Makes the shards forget the frames of these channels.
#[derive(Clone, Debug)]
struct TellErasure {
    channels: Vec<ChannelName>,
}

impl Write for TellErasure {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        let channels = self.channels.clone();
        let internal = vec![ChannelName::revocations()];
        tx.tell(internal, EventName::TextErased, &Erasure { channels })?;
        Ok(())
    }
}
