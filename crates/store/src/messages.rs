//! Messages: what people write in a chat, and notes, which only staff see. A message that is
//! changed keeps its older texts in the event log; one that is deleted leaves no text anywhere.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{
    ChannelName, ChatId, ErrorCode, EventName, HandlerKind, Message, MessageData, MessageId,
    MessageState, Page, Problem, Sender, SenderKind, Timestamp, UserId,
};

use crate::bot;
use crate::chats::{ChatState, channels_of, check_open, lock_chat};
use crate::database::{Row, Value};
use crate::erase::{Erasing, erase};
use crate::error::{Fault, ReadError, WriteFailure};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::{PageRequest, Store};

/// The columns of a message `m` whose sender is the account `s`, if it is one.
pub(crate) const MESSAGE_COLUMNS: &str = "m.id AS message_id, m.chat_id, m.client_id, \
     m.sender_kind, m.sender_id, s.name AS sender_name, m.body, m.first_body, m.note, m.state, \
     m.actions, m.created_at AS written_at, m.edited_at, m.deleted_at";

/// Where those columns come from.
const MESSAGES: &str = "messages m LEFT JOIN users s ON s.id = m.sender_id";

/// Reads [`MESSAGE_COLUMNS`].
pub(crate) fn message(row: &Row) -> Result<Message, Fault> {
    let kind: SenderKind = row.parsed("sender_kind")?;
    let id = row.opt_text("sender_id")?;
    let name = match row.opt_text("sender_name")? {
        Some(name) => name,
        None => nameless(kind).to_owned(),
    };
    Ok(Message {
        id: row.parsed("message_id")?,
        chat_id: row.parsed("chat_id")?,
        client_id: row.opt_text("client_id")?,
        sender: Sender {
            kind,
            id: id.map(|id| id.parse()).transpose().map_err(Fault::row)?,
            name,
        },
        body: row.text("body")?,
        note: row.flag("note")?,
        state: row.parsed("state")?,
        actions: match row.opt_text("actions")? {
            Some(actions) => serde_json::from_str(&actions).map_err(Fault::row)?,
            None => Vec::new(),
        },
        created_at: row.time("written_at")?,
        edited_at: row.opt_int("edited_at")?.map(Timestamp),
        deleted_at: row.opt_int("deleted_at")?.map(Timestamp),
    })
}

/// What a sender without an account is called.
pub(crate) const fn nameless(kind: SenderKind) -> &'static str {
    match kind {
        SenderKind::Customer => "Customer",
        SenderKind::Staff => "Staff",
        SenderKind::Bot => "Bot",
        SenderKind::System => "Frontdesk",
    }
}

impl Store {
    /// What was written in a chat, the newest first, with its notes or without.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn messages(
        &self,
        chat: ChatId,
        with_notes: bool,
        page: PageRequest,
    ) -> Result<Page<Message>, ReadError> {
        let mut sql = format!("SELECT {MESSAGE_COLUMNS} FROM {MESSAGES} WHERE m.chat_id = $1");
        let mut values = vec![chat.into(), page.rows().into()];
        if !with_notes {
            sql.push_str(" AND m.note = 0");
        }
        if let Some(place) = page.place()? {
            sql.push_str(" AND (m.created_at, m.id) < ($3, $4)");
            values.extend([place.created_at.into(), place.id.into()]);
        }
        sql.push_str(" ORDER BY m.created_at DESC, m.id DESC LIMIT $2");
        let rows = self.database().fetch_all(sql, &values).await?;
        let messages = rows
            .iter()
            .map(message)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(page.page(messages, |message| Place {
            created_at: message.created_at,
            id: message.id.0,
        }))
    }
}

impl Store {
    /// The chat that a message stands in.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn chat_of_message(&self, id: MessageId) -> Result<Option<ChatId>, ReadError> {
        let sql = "SELECT chat_id FROM messages WHERE id = $1";
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.map(|row| row.parsed("chat_id")).transpose()?)
    }
}

/// A message of this chat, as the transaction sees it.
pub(crate) async fn find_message(
    tx: &mut Transaction<'_>,
    chat: ChatId,
    id: MessageId,
) -> Result<Option<Message>, Fault> {
    let sql =
        format!("SELECT {MESSAGE_COLUMNS} FROM {MESSAGES} WHERE m.id = $1 AND m.chat_id = $2");
    let row = tx.fetch_optional(sql, &[id.into(), chat.into()]).await?;
    row.as_ref().map(message).transpose()
}

/// A new message.
#[derive(Clone, Debug)]
pub struct WriteMessage {
    /// Who writes.
    pub actor: Actor,
    /// Its id.
    pub id: MessageId,
    /// In which chat.
    pub chat: ChatId,
    /// The id that the author's client chose, if it did.
    pub client_id: Option<String>,
    /// The text.
    pub body: String,
    /// Whether only staff may see it.
    pub note: bool,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `forbidden`, `validation_failed`,
/// `client_id_conflict` and `chat_closed`. A `client_id` that the author has used in the chat for
/// the same text gives that message again, also when the chat is closed by now. Told as
/// `message.created`.
impl Write for WriteMessage {
    type Output = Message;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Message, WriteFailure> {
        let chat = lock_chat(tx, &self.actor, self.chat).await?;
        let object = Object::Message {
            customer: chat.customer,
            author: Some(self.actor.id),
            note: self.note,
        };
        decide(&self.actor, Action::Create, object).or_refuse()?;
        self.check()?;
        if let Some(first) = self.find_first(tx, chat).await? {
            return Ok(first);
        }
        check_open(chat)?;
        let kind = match self.actor.id == chat.customer {
            true => SenderKind::Customer,
            false => SenderKind::Staff,
        };
        let (name, created_at) = self.name_and_time(tx).await?;
        let message = Message {
            id: self.id,
            chat_id: self.chat,
            client_id: self.client_id.clone(),
            sender: Sender {
                kind,
                id: Some(self.actor.id),
                name,
            },
            body: self.body.clone(),
            note: self.note,
            state: MessageState::Complete,
            actions: Vec::new(),
            created_at,
            edited_at: None,
            deleted_at: None,
        };
        insert(tx, &message).await?;
        tell(tx, EventName::MessageCreated, chat, &message)?;
        if kind == SenderKind::Customer && chat.handler == HandlerKind::Bot {
            bot::ask(tx, self.chat, created_at).await?;
        }
        Ok(message)
    }
}

impl WriteMessage {
    fn check(&self) -> Result<(), Problem> {
        let mut errors = Vec::new();
        if let Some(client_id) = &self.client_id {
            desk::chat::check_client_id(client_id, &mut errors);
        }
        desk::chat::check_body(&self.body, &mut errors);
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Problem::invalid(errors)),
        }
    }

    /// The message that came under the same `client_id` before.
    async fn find_first(
        &self,
        tx: &mut Transaction<'_>,
        chat: ChatState,
    ) -> Result<Option<Message>, WriteFailure> {
        let Some(client_id) = &self.client_id else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM {MESSAGES} \
             WHERE m.chat_id = $1 AND m.sender_id = $2 AND m.client_id = $3"
        );
        let values = [self.chat.into(), self.actor.id.into(), client_id.into()];
        let Some(row) = tx.fetch_optional(sql, &values).await? else {
            return Ok(None);
        };
        let first = message(&row)?;
        decide(&self.actor, Action::Read, object(chat, &first)).or_refuse()?;
        let first_body = row.opt_text("first_body")?;
        let said = first_body.as_ref().unwrap_or(&first.body);
        // Of a message that was deleted nobody knows any more what it said.
        let same_text = first.deleted_at.is_some() || *said == self.body;
        if !same_text || first.note != self.note {
            return Err(Problem::new(
                ErrorCode::ClientIdConflict,
                "the same client_id came with another text in this chat before",
            )
            .into());
        }
        Ok(Some(first))
    }

    /// What the author is called, and a time that comes after every message of the chat.
    async fn name_and_time(
        &self,
        tx: &mut Transaction<'_>,
    ) -> Result<(String, Timestamp), WriteFailure> {
        let name = name_of(tx, self.actor.id).await?.ok_or_else(not_found)?;
        Ok((name, after_newest(tx, self.chat, self.now).await?))
    }
}

pub(crate) async fn name_of(
    tx: &mut Transaction<'_>,
    user: UserId,
) -> Result<Option<String>, Fault> {
    let sql = "SELECT name FROM users WHERE id = $1";
    let row = tx.fetch_optional(sql, &[user.into()]).await?;
    row.map(|row| row.text("name")).transpose()
}

/// A time that comes after every message of the chat.
pub(crate) async fn after_newest(
    tx: &mut Transaction<'_>,
    chat: ChatId,
    now: Timestamp,
) -> Result<Timestamp, Fault> {
    let sql = "SELECT MAX(created_at) AS newest FROM messages WHERE chat_id = $1";
    let row = tx.fetch_optional(sql, &[chat.into()]).await?;
    let newest = match row {
        Some(row) => row.opt_int("newest")?,
        None => None,
    };
    let after = newest.map_or(i64::MIN, |newest| newest + 1);
    Ok(Timestamp(now.0.max(after)))
}

pub(crate) async fn insert(tx: &mut Transaction<'_>, message: &Message) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO messages (id, chat_id, client_id, sender_kind, sender_id, body, note, state, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            message.id.into(),
            message.chat_id.into(),
            Value::OptText(message.client_id.clone()),
            message.sender.kind.into(),
            Value::OptText(message.sender.id.map(|id| id.to_string())),
            (&message.body).into(),
            message.note.into(),
            message.state.into(),
            message.created_at.into(),
        ],
    )
    .await?;
    if !message.note {
        tx.execute(
            "UPDATE chats SET last_message_id = $2, updated_at = $3 WHERE id = $1",
            &[
                message.chat_id.into(),
                message.id.into(),
                message.created_at.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// A message with another text.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Who asks.
    pub actor: Actor,
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub id: MessageId,
    /// What it says now.
    pub body: String,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `forbidden`, `validation_failed`, `editing_over` and
/// `chat_closed`. Told as `message.updated`, unless nothing changes.
impl Write for EditMessage {
    type Output = Message;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Message, WriteFailure> {
        let (chat, before) =
            own_message(tx, &self.actor, Action::Change, self.chat, self.id).await?;
        let mut errors = Vec::new();
        desk::chat::check_body(&self.body, &mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        if before.deleted_at.is_some() {
            let detail = "the message was deleted, so it cannot be changed";
            return Err(Problem::new(ErrorCode::EditingOver, detail).into());
        }
        desk::chat::check_editing(before.created_at, self.now)?;
        check_open(chat)?;
        if before.body == self.body {
            return Ok(before);
        }
        let message = Message {
            body: self.body.clone(),
            edited_at: Some(self.now),
            ..before
        };
        tx.execute(
            "UPDATE messages SET first_body = COALESCE(first_body, body), body = $2, \
             edited_at = $3 WHERE id = $1",
            &[self.id.into(), (&message.body).into(), self.now.into()],
        )
        .await?;
        tell(tx, EventName::MessageUpdated, chat, &message)?;
        Ok(message)
    }
}

/// A message without its text.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Who asks.
    pub actor: Actor,
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub id: MessageId,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `forbidden` and `editing_over`. A message that is
/// deleted already stays as it is. Told as `message.updated`, and to the shards as `text.erased`;
/// whatever told the text before is rewritten.
impl Write for DeleteMessage {
    type Output = Message;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Message, WriteFailure> {
        let (chat, before) = own_message(tx, &self.actor, Action::End, self.chat, self.id).await?;
        if before.deleted_at.is_some() {
            return Ok(before);
        }
        desk::chat::check_editing(before.created_at, self.now)?;
        let message = Message {
            body: String::new(),
            deleted_at: Some(self.now),
            ..before
        };
        tx.execute(
            "UPDATE messages SET body = '', first_body = NULL, deleted_at = $2 WHERE id = $1",
            &[self.id.into(), self.now.into()],
        )
        .await?;
        let deleted_at = self.now.to_string();
        let blank = move |copy: &mut serde_json::Map<String, serde_json::Value>| {
            copy.insert("body".to_owned(), "".into());
            copy.insert("deleted_at".to_owned(), deleted_at.as_str().into());
        };
        let erasing = Erasing {
            subject: self.id.0,
            author: message.sender.id,
            channels: channels(chat.customer, &message),
            blank: &blank,
        };
        erase(tx, erasing).await?;
        tell(tx, EventName::MessageUpdated, chat, &message)?;
        Ok(message)
    }
}

/// A message that the actor may do this to, and its chat, locked until the commit.
async fn own_message(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    action: Action,
    chat: ChatId,
    id: MessageId,
) -> Result<(ChatState, Message), WriteFailure> {
    let state = lock_chat(tx, actor, chat).await?;
    let message = find_message(tx, chat, id).await?.ok_or_else(not_found)?;
    decide(actor, action, object(state, &message)).or_refuse()?;
    Ok((state, message))
}

/// The message as the policy knows it.
fn object(chat: ChatState, message: &Message) -> Object<'static> {
    // A notice tells of someone's doing and is not theirs to change.
    let is_notice = message.sender.kind == SenderKind::System;
    Object::Message {
        customer: chat.customer,
        author: message.sender.id.filter(|_| !is_notice),
        note: message.note,
    }
}

/// Notes go to staff alone.
fn channels(customer: UserId, message: &Message) -> Vec<ChannelName> {
    match message.note {
        true => vec![ChannelName::staff()],
        false => channels_of(message.chat_id, customer),
    }
}

fn tell(
    tx: &mut Transaction<'_>,
    name: EventName,
    chat: ChatState,
    message: &Message,
) -> Result<(), Fault> {
    tell_message(tx, name, chat.customer, message)
}

/// Tells of a message in a chat of this customer.
pub(crate) fn tell_message(
    tx: &mut Transaction<'_>,
    name: EventName,
    customer: UserId,
    message: &Message,
) -> Result<(), Fault> {
    let data = MessageData {
        message: message.clone(),
    };
    let channels = channels(customer, message);
    tx.tell_about(Some(message.id.0), channels, name, &data)
}

pub(crate) fn tell_updated(
    tx: &mut Transaction<'_>,
    customer: UserId,
    message: &Message,
) -> Result<(), Fault> {
    tell_message(tx, EventName::MessageUpdated, customer, message)
}
