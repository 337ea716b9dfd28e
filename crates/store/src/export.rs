//! What only an export of a person reads; everything else of it comes from the lists.

use desk::{Action, Actor, Decision, Object, decide};
use protocol::{Message, MessageId, SessionId, Timestamp, UserId};

use crate::Store;
use crate::database::Row;
use crate::error::{Fault, ReadError};
use crate::messages::{MESSAGE_COLUMNS, message};

/// Messages looked at together.
const PAGE: i64 = 1_000;

/// A sign-in that is still stored, ended or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Its id.
    pub id: SessionId,
    /// What the browser called itself.
    pub user_agent: String,
    /// When the sign-in happened.
    pub created_at: Timestamp,
    /// The last use that was noted.
    pub last_seen_at: Timestamp,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
}

/// Some messages, and after which to go on; none after the last ones.
pub type MessagesWritten = (Vec<Message>, Option<MessageId>);

impl Store {
    /// Every sign-in of a user that is still stored, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn stored_sessions(&self, user: UserId) -> Result<Vec<StoredSession>, ReadError> {
        let session = |row: &Row| {
            Ok(StoredSession {
                id: row.parsed("id")?,
                user_agent: row.text("user_agent")?,
                created_at: row.time("created_at")?,
                last_seen_at: row.time("last_seen_at")?,
                ended_at: row.opt_int("ended_at")?.map(Timestamp),
            })
        };
        let rows = self
            .database()
            .fetch_all(
                "SELECT id, user_agent, created_at, last_seen_at, ended_at FROM sessions \
                 WHERE user_id = $1 ORDER BY created_at, id",
                &[user.into()],
            )
            .await?;
        Ok(rows
            .iter()
            .map(session)
            .collect::<Result<Vec<_>, Fault>>()?)
    }

    /// What someone wrote in the chats of others and may still read. No index leads there, so every
    /// message is passed by, a page at a time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn messages_written(
        &self,
        actor: &Actor,
        after: Option<MessageId>,
    ) -> Result<MessagesWritten, ReadError> {
        let after = after.map_or(String::new(), |id| id.to_string());
        let sql = format!(
            "SELECT c.customer_id, {MESSAGE_COLUMNS} FROM messages m \
             JOIN chats c ON c.id = m.chat_id LEFT JOIN users s ON s.id = m.sender_id \
             WHERE m.id > $1 ORDER BY m.id LIMIT $2"
        );
        let values = [(&after).into(), PAGE.into()];
        let rows = self.database().fetch_all(sql, &values).await?;
        let mut written = Vec::new();
        let mut last = None;
        for row in &rows {
            let customer: UserId = row.parsed("customer_id")?;
            let message = message(row)?;
            last = Some(message.id);
            let object = Object::Message {
                customer,
                author: message.sender.id,
                note: message.note,
            };
            let may_read = decide(actor, Action::Read, object) == Decision::Allow;
            if may_read && customer != actor.id && message.sender.id == Some(actor.id) {
                written.push(message);
            }
        }
        Ok((written, last))
    }
}
