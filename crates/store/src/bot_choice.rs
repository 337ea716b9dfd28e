//! What the bot offers under its messages, and what the customer chooses of it. A choice is only
//! noted here; the bot does it as the customer, in a change of its own.

use desk::policy::not_found;
use desk::{Action, Actor, Object, decide};
use protocol::{
    ChatId, ErrorCode, HandlerKind, Message, MessageAction, MessageId, MessageState, Problem,
    Timestamp,
};

use crate::bot::call;
use crate::chats::{check_open, lock_chat};
use crate::database::Row;
use crate::error::{Fault, WriteFailure};
use crate::messages::{find_message, tell_updated};
use crate::transaction::{Transaction, Write};

/// Something that may be chosen under a message of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotOffer {
    /// Names it among those of its message.
    pub id: String,
    /// What stands on the button.
    pub label: String,
    /// What it does, in words that only the bot reads.
    pub proposal: String,
}

/// Something that was chosen and is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The message that offered it.
    pub message: MessageId,
    /// Which of its actions.
    pub action: String,
    /// What it does.
    pub proposal: String,
}

/// Stores what a message offers; the actions as they are shown.
pub(crate) async fn offer(
    tx: &mut Transaction<'_>,
    chat: ChatId,
    message: MessageId,
    offers: &[BotOffer],
) -> Result<Vec<MessageAction>, Fault> {
    let mut actions = Vec::new();
    for offer in offers {
        tx.execute(
            "INSERT INTO bot_offers (message_id, action_id, chat_id, proposal) \
             VALUES ($1, $2, $3, $4)",
            &[
                message.into(),
                (&offer.id).into(),
                chat.into(),
                (&offer.proposal).into(),
            ],
        )
        .await?;
        actions.push(MessageAction {
            id: offer.id.clone(),
            label: offer.label.clone(),
            chosen: false,
        });
    }
    Ok(actions)
}

/// What was chosen in a chat and is not done, in the order of the choices.
pub(crate) async fn chosen(tx: &mut Transaction<'_>, chat: ChatId) -> Result<Vec<Chosen>, Fault> {
    let sql = "SELECT message_id, action_id, proposal FROM bot_offers \
               WHERE chat_id = $1 AND chosen_at IS NOT NULL ORDER BY chosen_at, message_id";
    let read = |row: &Row| {
        Ok(Chosen {
            message: row.parsed("message_id")?,
            action: row.text("action_id")?,
            proposal: row.text("proposal")?,
        })
    };
    let rows = tx.fetch_all(sql, &[chat.into()]).await?;
    rows.iter().map(read).collect()
}

/// What was offered by this message is done or void.
pub(crate) async fn forget_offers(
    tx: &mut Transaction<'_>,
    message: MessageId,
) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM bot_offers WHERE message_id = $1",
        &[message.into()],
    )
    .await?;
    Ok(())
}

/// A choice of the customer.
#[derive(Clone, Debug)]
pub struct ChooseAction {
    /// Who asks.
    pub actor: Actor,
    /// In which chat.
    pub chat: ChatId,
    /// Under which message.
    pub message: MessageId,
    /// Which of its actions.
    pub action: String,
    /// When.
    pub now: Timestamp,
}

/// Refused, in this order, with `not_found`, `forbidden`, `chat_closed` and `invalid_transition`.
/// The same choice again gives the message again. Told as `message.updated`.
impl Write for ChooseAction {
    type Output = Message;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Message, WriteFailure> {
        let chat = lock_chat(tx, &self.actor, self.chat).await?;
        let customer = chat.customer;
        let message = find_message(tx, self.chat, self.message).await?;
        let mut message = message
            .filter(|message| !message.note)
            .ok_or_else(not_found)?;
        decide(&self.actor, Action::Change, Object::Offer { customer }).or_refuse()?;
        let chosen = message.actions.iter().find(|action| action.chosen);
        if chosen.is_some_and(|action| action.id == self.action) {
            return Ok(message);
        }
        if let Some(chosen) = chosen {
            return Err(refused(format!("`{}` was chosen already", chosen.label)).into());
        }
        check_open(chat)?;
        if message.state != MessageState::Complete {
            return Err(refused(format!("the message is {}", message.state)).into());
        }
        let found = message
            .actions
            .iter_mut()
            .find(|action| action.id == self.action);
        found.ok_or_else(not_found)?.chosen = true;
        if chat.handler != HandlerKind::Bot {
            let detail = "the bot does not answer here any more, so its offers are void";
            return Err(refused(detail.to_owned()).into());
        }
        let noted = tx
            .execute(
                "UPDATE bot_offers SET chosen_at = $3 WHERE message_id = $1 AND action_id = $2",
                &[self.message.into(), (&self.action).into(), self.now.into()],
            )
            .await?;
        if noted == 0 {
            return Err(refused("the offer is void by now".to_owned()).into());
        }
        let actions = serde_json::to_string(&message.actions).map_err(Fault::row)?;
        tx.execute(
            "UPDATE messages SET actions = $2 WHERE id = $1",
            &[self.message.into(), (&actions).into()],
        )
        .await?;
        call(tx, self.chat).await?;
        tell_updated(tx, chat.customer, &message)?;
        Ok(message)
    }
}

fn refused(detail: String) -> Problem {
    Problem::new(ErrorCode::InvalidTransition, detail)
        .with_fix("Write what you want instead; the bot or a person will answer.")
}
