//! How far a chat has come to each participant: what they have read, and what has arrived on a
//! device of theirs. Both only move forward, and what was read has arrived. Start at [`MarkRead`] and
//! [`MarkDelivered`].

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{Chat, ChatId, EventName, Message, MessageId, ReadPosition};

use crate::chats::{lock_chat, reread, tell};
use crate::database::{Connection, Value};
use crate::error::{Fault, WriteFailure};
use crate::messages::find_message;
use crate::transaction::{Transaction, Write};

/// Most positions of each kind that a chat shows: the customer's and the newest of the others.
const SHOWN_MAX: i64 = 50;

/// How far someone has read.
#[derive(Clone, Debug)]
pub struct MarkRead {
    /// Who asks.
    pub actor: Actor,
    /// Which chat.
    pub chat: ChatId,
    /// The newest message that they have read.
    pub message: MessageId,
}

/// Refused with `not_found`. Told as `chat.updated`, unless the positions that everyone sees stay:
/// they never go back, and never stand on a note.
impl Write for MarkRead {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        let message = find_readable(tx, &self.actor, self.chat, self.message).await?;
        let read = advance(tx, Kind::Read, &self.actor, &message).await?;
        let delivered = advance(tx, Kind::Delivered, &self.actor, &message).await?;
        tell_if(tx, &self.actor, self.chat, read || delivered).await
    }
}

/// How far a chat has arrived on a device of someone.
#[derive(Clone, Debug)]
pub struct MarkDelivered {
    /// Who asks.
    pub actor: Actor,
    /// Which chat.
    pub chat: ChatId,
    /// The newest message that has arrived.
    pub message: MessageId,
}

/// Refused and told as [`MarkRead`] is.
impl Write for MarkDelivered {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        let message = find_readable(tx, &self.actor, self.chat, self.message).await?;
        let moved = advance(tx, Kind::Delivered, &self.actor, &message).await?;
        tell_if(tx, &self.actor, self.chat, moved).await
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Read,
    Delivered,
}

impl Kind {
    /// Its table, and the column there that says how far exactly, notes included.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Read => ("chat_reads", "read_at"),
            Self::Delivered => ("chat_deliveries", "delivered_at"),
        }
    }
}

/// A message that the actor may see; its chat is locked until the commit.
async fn find_readable(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    chat: ChatId,
    message: MessageId,
) -> Result<Message, WriteFailure> {
    let customer = lock_chat(tx, actor, chat).await?.customer;
    let found = find_message(tx, chat, message).await?;
    let message = found.ok_or_else(not_found)?;
    let object = Object::Message {
        customer,
        author: message.sender.id,
        note: message.note,
    };
    decide(actor, Action::Read, object).or_refuse()?;
    Ok(message)
}

/// Moves a position forward to a message; whether what everyone sees of it has moved.
async fn advance(
    tx: &mut Transaction<'_>,
    kind: Kind,
    actor: &Actor,
    to: &Message,
) -> Result<bool, Fault> {
    let (table, at) = kind.place();
    let (chat, user) = (Value::from(to.chat_id), Value::from(actor.id));
    let sql = format!("SELECT {at}, message_id FROM {table} WHERE chat_id = $1 AND user_id = $2");
    let before = tx
        .fetch_optional(sql, &[chat.clone(), user.clone()])
        .await?;
    let shown_before = match before {
        Some(row) if row.time(at)? >= to.created_at => return Ok(false),
        Some(row) => row.opt_text("message_id")?,
        None => None,
    };
    let sql = "SELECT id FROM messages WHERE chat_id = $1 AND note = 0 AND created_at <= $2 \
               ORDER BY created_at DESC LIMIT 1";
    let newest = [chat.clone(), to.created_at.into()];
    let row = tx.fetch_optional(sql, &newest).await?;
    let shown = row.map(|row| row.text("id")).transpose()?;
    let moved = shown != shown_before;
    tx.execute(
        format!(
            "INSERT INTO {table} (chat_id, user_id, {at}, message_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (chat_id, user_id) \
             DO UPDATE SET {at} = excluded.{at}, message_id = excluded.message_id"
        ),
        &[chat, user, to.created_at.into(), Value::OptText(shown)],
    )
    .await?;
    Ok(moved)
}

async fn tell_if(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    chat: ChatId,
    moved: bool,
) -> Result<(), WriteFailure> {
    if moved {
        let chat = reread(tx, actor, chat).await?;
        tell(tx, EventName::ChatUpdated, &chat)?;
    }
    Ok(())
}

/// Adds to chats what everyone may see of their positions.
pub(crate) async fn add_positions(
    connection: &mut Connection<'_>,
    chats: &mut [Chat],
) -> Result<(), Fault> {
    if chats.is_empty() {
        return Ok(());
    }
    let values: Vec<Value> = chats.iter().map(|chat| chat.id.into()).collect();
    let places: Vec<String> = (1..=values.len())
        .map(|place| format!("${place}"))
        .collect();
    for kind in [Kind::Read, Kind::Delivered] {
        let (table, at) = kind.place();
        let sql = format!(
            "SELECT chat_id, user_id, message_id FROM (\
               SELECT p.chat_id, p.user_id, p.message_id, ROW_NUMBER() OVER (\
                 PARTITION BY p.chat_id ORDER BY \
                 CASE WHEN p.user_id = c.customer_id THEN 0 ELSE 1 END, p.{at} DESC, p.user_id\
               ) AS place FROM {table} p JOIN chats c ON c.id = p.chat_id \
               WHERE p.message_id IS NOT NULL AND p.chat_id IN ({})) ranked \
             WHERE place <= {SHOWN_MAX} ORDER BY chat_id, user_id",
            places.join(", ")
        );
        for row in connection.fetch_all(sql, &values).await? {
            let id: ChatId = row.parsed("chat_id")?;
            let position = ReadPosition {
                user_id: row.parsed("user_id")?,
                message_id: row.parsed("message_id")?,
            };
            if let Some(chat) = chats.iter_mut().find(|chat| chat.id == id) {
                match kind {
                    Kind::Read => chat.read.push(position),
                    Kind::Delivered => chat.delivered.push(position),
                }
            }
        }
    }
    Ok(())
}
