//! Chats: one conversation of one customer, at most one of them open at a time; who answers. What
//! changes about them is in `chat_changes.rs`, how far they have come to everyone in
//! `chat_positions.rs`, what is written in them in `messages.rs`.
//!
//! Invariant: whoever changes a chat or anything in it holds the lock of the chat's row, and
//! whoever opens one holds that of the customer's row. Nothing that a customer is shown depends on
//! a note.

use desk::policy::not_found;
use desk::{Action, Actor, Decision, Object, Scope, decide};
use protocol::{
    ChannelName, Chat, ChatData, ChatId, ChatStatus, ErrorCode, EventName, Handler, HandlerKind,
    Page, Person, Problem, Timestamp, UserId,
};

use crate::chat_positions::add_positions;
use crate::database::{Connection, Row, Value, in_time};
use crate::error::{Fault, ReadError, WriteFailure};
use crate::messages::{MESSAGE_COLUMNS, message};
use crate::page::Place;
use crate::transaction::{Transaction, Write};
use crate::users::find_customer;
use crate::{PageRequest, Store};

/// Unread messages are counted up to here.
const UNREAD_MAX: i64 = 200;

/// And looked for among so many of the newest messages, one's own included.
const UNREAD_AMONG: i64 = 1_000;

/// Which chats a list shows; every condition must hold.
#[derive(Clone, Copy, Debug)]
pub struct ChatFilter {
    /// Whose chats the caller may see.
    pub scope: Scope,
    /// Only those that stand so.
    pub status: Option<ChatStatus>,
    /// Only those that are answered so.
    pub handler: Option<NewHandler>,
}

/// Who is to answer in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewHandler {
    /// Nobody yet.
    Nobody,
    /// This member of staff.
    Person(UserId),
    /// The bot.
    Bot,
}

/// Whose chat it is, and whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatState {
    /// Whose.
    pub customer: UserId,
    /// Whether anything may be written in it.
    pub status: ChatStatus,
    /// Who answers.
    pub handler: HandlerKind,
}

impl Store {
    /// Whose chat it is.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn chat_customer(&self, id: ChatId) -> Result<Option<UserId>, ReadError> {
        Ok(self.chat_state(id).await?.map(|state| state.customer))
    }

    /// Whose chat it is, and whether it goes on.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn chat_state(&self, id: ChatId) -> Result<Option<ChatState>, ReadError> {
        let sql = "SELECT customer_id, status, handler_kind FROM chats WHERE id = $1";
        let row = self.database().fetch_optional(sql, &[id.into()]).await?;
        Ok(row.as_ref().map(chat_state).transpose()?)
    }

    /// One chat, as `actor` sees it. Whether they may is for the caller to ask.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn chat(&self, actor: &Actor, id: ChatId) -> Result<Option<Chat>, ReadError> {
        let chat = async {
            let mut snapshot = self.database().snapshot().await?;
            let chat = find_chat(&mut snapshot.borrow(), actor, id).await?;
            snapshot.end().await?;
            Ok::<_, Fault>(chat)
        };
        Ok(in_time(chat).await?)
    }

    /// Chats as `actor` sees them, those used last first.
    ///
    /// # Errors
    /// The cursor is not ours, or the database cannot be read.
    pub async fn chats(
        &self,
        actor: &Actor,
        filter: ChatFilter,
        page: PageRequest,
    ) -> Result<Page<Chat>, ReadError> {
        let (conditions, values) = filter.conditions(actor, &page)?;
        let sql = format!(
            "{}{conditions} ORDER BY c.updated_at DESC, c.id DESC LIMIT $2",
            select_chats(actor)
        );
        let chats = async {
            let mut snapshot = self.database().snapshot().await?;
            let rows = snapshot.borrow().fetch_all(sql, &values).await?;
            let mut chats = rows.iter().map(chat).collect::<Result<Vec<_>, Fault>>()?;
            add_positions(&mut snapshot.borrow(), &mut chats).await?;
            snapshot.end().await?;
            Ok::<_, Fault>(chats)
        };
        Ok(page.page(in_time(chats).await?, |chat| Place {
            created_at: chat.updated_at,
            id: chat.id.0,
        }))
    }
}

impl ChatFilter {
    /// The `WHERE`, and what stands behind every placeholder: `$1` is the reader, `$2` the limit.
    fn conditions(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<(String, Vec<Value>), ReadError> {
        let mut values: Vec<Value> = vec![actor.id.into(), page.rows().into()];
        let mut conditions = Vec::new();
        let mut placeholder = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        match self.scope {
            Scope::All => {}
            Scope::Own(user) => {
                conditions.push(format!("c.customer_id = {}", placeholder(user.into())));
            }
        }
        if let Some(status) = self.status {
            conditions.push(format!("c.status = {}", placeholder(status.into())));
        }
        if let Some(handler) = self.handler {
            let kind = placeholder(handler.kind().into());
            conditions.push(format!("c.handler_kind = {kind}"));
            conditions.push(match handler.person() {
                Some(user) => format!("c.handler_id = {}", placeholder(user.into())),
                None => "c.handler_id IS NULL".to_owned(),
            });
        }
        if let Some(place) = page.place()? {
            let updated_at = placeholder(place.created_at.into());
            let id = placeholder(place.id.into());
            conditions.push(format!("(c.updated_at, c.id) < ({updated_at}, {id})"));
        }
        let condition = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        Ok((condition, values))
    }
}

impl NewHandler {
    pub(crate) const fn kind(self) -> HandlerKind {
        match self {
            Self::Nobody => HandlerKind::None,
            Self::Person(_) => HandlerKind::Staff,
            Self::Bot => HandlerKind::Bot,
        }
    }

    pub(crate) const fn person(self) -> Option<UserId> {
        match self {
            Self::Nobody | Self::Bot => None,
            Self::Person(user) => Some(user),
        }
    }
}

/// The columns of chats for a reader, who is `$1`.
fn select_chats(actor: &Actor) -> String {
    let sees_notes = decide(actor, Action::Read, Object::Note) == Decision::Allow;
    let shown = if sees_notes { "" } else { " AND n.note = 0" };
    format!(
        "SELECT c.id, c.customer_id, u.name AS customer_name, c.subject, c.status, c.handler_kind, \
         c.handler_id, h.name AS handler_name, c.version, c.created_at, c.updated_at, \
         {MESSAGE_COLUMNS}, (SELECT COUNT(*) FROM (SELECT 1 AS one FROM (\
           SELECT n.sender_id FROM messages n WHERE n.chat_id = c.id{shown} \
           AND n.sender_kind <> 'system' \
           AND n.created_at > COALESCE((SELECT r.read_at FROM chat_reads r \
             WHERE r.chat_id = c.id AND r.user_id = $1), -1) \
           ORDER BY n.created_at DESC LIMIT {UNREAD_AMONG}) newest \
         WHERE newest.sender_id IS NULL OR newest.sender_id <> $1 \
         LIMIT {UNREAD_MAX}) others) AS unread \
         FROM chats c JOIN users u ON u.id = c.customer_id \
         LEFT JOIN users h ON h.id = c.handler_id \
         LEFT JOIN messages m ON m.id = c.last_message_id \
         LEFT JOIN users s ON s.id = m.sender_id"
    )
}

/// A chat without the positions of its readers.
fn chat(row: &Row) -> Result<Chat, Fault> {
    let person = |id: &str, name: &str| {
        Ok::<_, Fault>(Person {
            id: row.parsed(id)?,
            name: row.text(name)?,
        })
    };
    let handled = row.opt_text("handler_id")?.is_some();
    let written = row.opt_text("message_id")?.is_some();
    Ok(Chat {
        id: row.parsed("id")?,
        customer: person("customer_id", "customer_name")?,
        subject: row.text("subject")?,
        status: row.parsed("status")?,
        handler: Handler {
            kind: row.parsed("handler_kind")?,
            user: match handled {
                true => Some(person("handler_id", "handler_name")?),
                false => None,
            },
        },
        last_message: match written {
            true => Some(message(row)?),
            false => None,
        },
        read: Vec::new(),
        delivered: Vec::new(),
        unread: Some(row.int("unread")?),
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn chat_state(row: &Row) -> Result<ChatState, Fault> {
    Ok(ChatState {
        customer: row.parsed("customer_id")?,
        status: row.parsed("status")?,
        handler: row.parsed("handler_kind")?,
    })
}

async fn find_chat(
    connection: &mut Connection<'_>,
    actor: &Actor,
    id: ChatId,
) -> Result<Option<Chat>, Fault> {
    let sql = format!("{} WHERE c.id = $2", select_chats(actor));
    let row = connection
        .fetch_optional(sql, &[actor.id.into(), id.into()])
        .await?;
    let mut chats: Vec<Chat> = row.iter().map(chat).collect::<Result<_, Fault>>()?;
    add_positions(connection, &mut chats).await?;
    Ok(chats.pop())
}

/// A chat that the actor may see, locked until the commit.
///
/// # Errors
/// `not_found`, also when it is none of the actor's business.
pub(crate) async fn lock_chat(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    id: ChatId,
) -> Result<ChatState, WriteFailure> {
    let lock = tx.lock("c");
    let sql = format!(
        "SELECT c.customer_id, c.status, c.handler_kind FROM chats c WHERE c.id = $1{lock}"
    );
    let row = tx.fetch_optional(sql, &[id.into()]).await?;
    let state = chat_state(&row.ok_or_else(not_found)?)?;
    let customer = state.customer;
    decide(actor, Action::Read, Object::Chat { customer }).or_refuse()?;
    Ok(state)
}

/// Refuses when something is to be written in a chat that is over.
pub(crate) fn check_open(chat: ChatState) -> Result<(), Problem> {
    match chat.status {
        ChatStatus::Open => Ok(()),
        ChatStatus::Closed => Err(chat_closed()),
    }
}

/// What is told of a chat that is over.
#[must_use]
pub fn chat_closed() -> Problem {
    Problem::new(
        ErrorCode::ChatClosed,
        "the chat is closed, so nothing can be written in it",
    )
}

/// The channels of everything in a chat but its notes.
pub(crate) fn channels_of(chat: ChatId, customer: UserId) -> Vec<ChannelName> {
    vec![
        ChannelName::chat(chat),
        ChannelName::user(customer),
        ChannelName::staff(),
    ]
}

/// A new chat.
#[derive(Clone, Debug)]
pub struct BeginChat {
    /// Who asks.
    pub actor: Actor,
    /// Its id.
    pub id: ChatId,
    /// Whose chat it becomes.
    pub customer: UserId,
    /// What it is about.
    pub subject: String,
    /// When.
    pub now: Timestamp,
}

/// Refused with `forbidden`, `validation_failed`, or `chat_open` (with the member `chat`). Told as
/// `chat.created`.
impl Write for BeginChat {
    type Output = Chat;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Chat, WriteFailure> {
        let owned = Object::Chat {
            customer: self.customer,
        };
        decide(&self.actor, Action::Create, owned).or_refuse()?;
        find_customer(tx, &self.actor, self.customer).await?;
        check_subject(&self.subject)?;
        refuse_second(tx, &self.actor, self.customer).await?;
        tx.execute(
            "INSERT INTO chats (id, customer_id, subject, status, handler_kind, version, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
            &[
                self.id.into(),
                self.customer.into(),
                (&self.subject).into(),
                ChatStatus::Open.into(),
                first_handler(tx).into(),
                self.now.into(),
            ],
        )
        .await?;
        let chat = reread(tx, &self.actor, self.id).await?;
        tell(tx, EventName::ChatCreated, &chat)?;
        Ok(chat)
    }
}

/// Who answers in a new chat.
fn first_handler(tx: &Transaction<'_>) -> HandlerKind {
    match tx.settings.bot {
        true => HandlerKind::Bot,
        false => HandlerKind::None,
    }
}

/// A chat that is known to exist, as it is now.
pub(crate) async fn reread(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    id: ChatId,
) -> Result<Chat, WriteFailure> {
    let chat = find_chat(&mut tx.connection, actor, id).await?;
    Ok(chat.ok_or_else(|| Fault::row("a chat vanished"))?)
}

pub(crate) fn check_subject(subject: &str) -> Result<(), Problem> {
    let mut errors = Vec::new();
    desk::chat::check_subject(subject, &mut errors);
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(errors)),
    }
}

/// Refuses when the customer has an open chat; nobody else opens one until the commit.
pub(crate) async fn refuse_second(
    tx: &mut Transaction<'_>,
    actor: &Actor,
    customer: UserId,
) -> Result<(), WriteFailure> {
    let lock = tx.lock("u");
    let sql = format!("SELECT u.id FROM users u WHERE u.id = $1{lock}");
    tx.fetch_optional(sql, &[customer.into()]).await?;
    let sql = "SELECT id FROM chats WHERE customer_id = $1 AND status = 'open'";
    let Some(row) = tx.fetch_optional(sql, &[customer.into()]).await? else {
        return Ok(());
    };
    let open = reread(tx, actor, row.parsed("id")?).await?;
    let open = serde_json::to_value(open).map_err(Fault::row)?;
    let detail = "the customer has an open chat already";
    Err(Problem::new(ErrorCode::ChatOpen, detail)
        .with("chat", open)
        .into())
}

/// Tells everyone of the chat, without what is the caller's alone. The text that such an event
/// holds is the last message's.
pub(crate) fn tell(tx: &mut Transaction<'_>, name: EventName, chat: &Chat) -> Result<(), Fault> {
    let chat = Chat {
        unread: None,
        ..chat.clone()
    };
    let subject = chat.last_message.as_ref().map(|message| message.id.0);
    let channels = channels_of(chat.id, chat.customer.id);
    tx.tell_about(subject, channels, name, &ChatData { chat })
}
