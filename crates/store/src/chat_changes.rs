//! Changes of a chat: what it is called, whether it goes on, and who answers. Each change of the last
//! two stands in the chat as a notice, so that its history can be read there. Start at
//! [`ChangeChat`].

use desk::{Action, Actor, Object, decide};
use protocol::{
    Chat, ChatId, ChatStatus, EventName, FieldError, Handler, HandlerKind, Person, Problem, Role,
    Timestamp, UserId,
};

use crate::bot;
use crate::chats::{NewHandler, check_subject, lock_chat, refuse_second, reread, tell};
use crate::database::Value;
use crate::error::WriteFailure;
use crate::items::check_version;
use crate::notices::write_notice;
use crate::transaction::{Transaction, Write};

/// A change of a chat.
#[derive(Clone, Debug)]
pub struct ChangeChat {
    /// Who asks.
    pub actor: Actor,
    /// Which chat.
    pub id: ChatId,
    /// The version that the caller saw.
    pub version: i64,
    /// What it is about, if that changes; staff only.
    pub subject: Option<String>,
    /// Whether it goes on, if that changes.
    pub status: Option<ChatStatus>,
    /// Who answers, if that changes; staff only.
    pub handler: Option<NewHandler>,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `stale_version` (with the member `current`),
/// `forbidden`, `validation_failed`, or `chat_open` (with the member `chat`). Told as
/// `chat.updated`, unless nothing changes.
impl Write for ChangeChat {
    type Output = Chat;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Chat, WriteFailure> {
        let customer = lock_chat(tx, &self.actor, self.id).await?.customer;
        decide(&self.actor, Action::Change, Object::Chat { customer }).or_refuse()?;
        let before = reread(tx, &self.actor, self.id).await?;
        check_version(self.version, before.version, &before)?;
        let after = self.changed(tx, &before).await?;
        if after == before {
            return Ok(before);
        }
        let handler = after.handler.user.as_ref().map(|user| user.id.to_string());
        let mut last_message = before.last_message.clone();
        for did in doings(&self.actor, &before, &after) {
            let place = (self.id, customer);
            let notice = write_notice(tx, place, Some(self.actor.id), did, self.now).await?;
            last_message = Some(notice);
        }
        tx.execute(
            "UPDATE chats SET subject = $2, status = $3, handler_kind = $4, handler_id = $5, \
             version = $6, updated_at = $7 WHERE id = $1",
            &[
                self.id.into(),
                (&after.subject).into(),
                after.status.into(),
                after.handler.kind.into(),
                Value::OptText(handler),
                (before.version + 1).into(),
                self.now.into(),
            ],
        )
        .await?;
        let chat = Chat {
            version: before.version + 1,
            updated_at: self.now,
            last_message,
            ..after
        };
        match (bot_answers(&before), bot_answers(&chat)) {
            (true, false) => bot::dismiss(tx, self.id).await?,
            (false, true) => bot::appoint(tx, self.id).await?,
            (true, true) | (false, false) => {}
        }
        tell(tx, EventName::ChatUpdated, &chat)?;
        Ok(chat)
    }
}

fn bot_answers(chat: &Chat) -> bool {
    chat.handler.kind == HandlerKind::Bot && chat.status == ChatStatus::Open
}

/// What a change is to those who read the chat later: the history of who answered. Nobody is named
/// but the one who did it, who stands in front.
fn doings(actor: &Actor, before: &Chat, after: &Chat) -> Vec<&'static str> {
    let mut doings = Vec::new();
    if before.handler != after.handler {
        let to_themselves = after.handler.user.as_ref().map(|user| user.id) == Some(actor.id);
        doings.push(match after.handler.kind {
            HandlerKind::Staff if to_themselves => "took over.",
            HandlerKind::Staff => "gave the chat to another person.",
            HandlerKind::Bot => "gave the chat to the bot.",
            HandlerKind::None => "gave the chat back to the desk.",
        });
    }
    match (before.status, after.status) {
        (ChatStatus::Open, ChatStatus::Closed) => doings.push("closed the chat."),
        (ChatStatus::Closed, ChatStatus::Open) => doings.push("opened the chat again."),
        (ChatStatus::Open, ChatStatus::Open) | (ChatStatus::Closed, ChatStatus::Closed) => {}
    }
    doings
}

/// The bot gives the chat to whoever of the desk comes first. The caller holds the chat's lock and
/// has asked the policy. Told as `message.created` and `chat.updated`.
pub(crate) async fn hand_over(
    tx: &mut Transaction<'_>,
    id: ChatId,
    customer: UserId,
    did: &str,
    now: Timestamp,
) -> Result<(), WriteFailure> {
    write_notice(tx, (id, customer), None, did, now).await?;
    bot::dismiss(tx, id).await?;
    tx.execute(
        "UPDATE chats SET handler_kind = $2, handler_id = NULL, version = version + 1 \
         WHERE id = $1",
        &[id.into(), HandlerKind::None.into()],
    )
    .await?;
    let reader = Actor {
        id: customer,
        role: Role::Customer,
    };
    let chat = reread(tx, &reader, id).await?;
    tell(tx, EventName::ChatUpdated, &chat)?;
    Ok(())
}

impl ChangeChat {
    /// The chat with the fields that change, each allowed and checked.
    async fn changed(&self, tx: &mut Transaction<'_>, before: &Chat) -> Result<Chat, WriteFailure> {
        let customer = before.customer.id;
        let mut after = before.clone();
        if self.subject.is_some() || self.handler.is_some() {
            let handling = Object::ChatHandling { customer };
            decide(&self.actor, Action::Change, handling).or_refuse()?;
        }
        if let Some(subject) = &self.subject {
            check_subject(subject)?;
            after.subject.clone_from(subject);
        }
        if self.handler == Some(NewHandler::Bot) && !tx.settings.bot {
            let message = "is bot, but bot.kind is off, so no bot answers here";
            let fault = FieldError::new("/handler/kind", message);
            return Err(Problem::invalid(vec![fault]).into());
        }
        if let Some(handler) = self.handler {
            after.handler = Handler {
                kind: handler.kind(),
                user: match handler.person() {
                    Some(user) => Some(find_staff(tx, user).await?),
                    None => None,
                },
            };
        }
        if let Some(status) = self.status {
            if (before.status, status) == (ChatStatus::Closed, ChatStatus::Open) {
                refuse_second(tx, &self.actor, customer).await?;
            }
            after.status = status;
        }
        Ok(after)
    }
}

/// Someone of the desk who can answer.
async fn find_staff(tx: &mut Transaction<'_>, id: UserId) -> Result<Person, WriteFailure> {
    let sql = "SELECT name, role, disabled FROM users WHERE id = $1";
    let row = tx.fetch_optional(sql, &[id.into()]).await?;
    let refused = || {
        let message = "is not the id of an enabled account of staff";
        Problem::invalid(vec![FieldError::new("/handler/user_id", message)])
    };
    let row = row.ok_or_else(refused)?;
    let works = match row.parsed::<Role>("role")? {
        Role::Customer => false,
        Role::Staff | Role::Admin => !row.flag("disabled")?,
    };
    match works {
        true => Ok(Person {
            id,
            name: row.text("name")?,
        }),
        false => Err(refused().into()),
    }
}
