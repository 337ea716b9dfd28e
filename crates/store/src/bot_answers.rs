//! The bot's answers: messages that grow. What grows is written down now and then, so that a crash
//! loses little; how it ends is an event like any other. Only the run that holds the lease of the
//! chat writes, and it learns here that it has lost it.

use desk::policy::{decide_for_bot, not_found};
use desk::{Action, Actor, Object, decide};
use protocol::{
    ChatId, EventName, Message, MessageId, MessageState, Sender, SenderKind, Timestamp, UserId,
};

use crate::bot::{BotChat, BotOwner, Work, lock_bot_chat};
use crate::bot_choice::{BotOffer, forget_offers, offer};
use crate::chat_changes::hand_over;
use crate::chats::lock_chat;
use crate::database::Value;
use crate::error::{Fault, WriteFailure};
use crate::messages::{after_newest, find_message, insert, nameless, tell_message, tell_updated};
use crate::transaction::{Transaction, Write};

/// A chat that this run may write in: its lock, and its row of work.
async fn held(
    tx: &mut Transaction<'_>,
    chat: ChatId,
    owner: &BotOwner,
) -> Result<Option<(BotChat, Work)>, Fault> {
    let Some(found) = lock_bot_chat(tx, chat).await? else {
        return Ok(None);
    };
    let work = Work::find(tx, chat).await?;
    let work = work.filter(|work| work.owner.as_ref() == Some(owner));
    Ok(work.map(|work| (found, work)))
}

/// A new message of the bot.
fn message(chat: ChatId, id: MessageId, created_at: Timestamp) -> Message {
    let kind = SenderKind::Bot;
    Message {
        id,
        chat_id: chat,
        client_id: None,
        sender: Sender {
            kind,
            id: None,
            name: nameless(kind).to_owned(),
        },
        body: String::new(),
        note: false,
        state: MessageState::Streaming,
        actions: Vec::new(),
        created_at,
        edited_at: None,
        deleted_at: None,
    }
}

/// An answer begins to grow.
#[derive(Clone, Debug)]
pub struct BeginAnswer {
    /// In which chat.
    pub chat: ChatId,
    /// Who writes.
    pub owner: BotOwner,
    /// Its id.
    pub id: MessageId,
    /// When.
    pub now: Timestamp,
}

/// False when this run may not write there any more. Told as `message.created`.
impl Write for BeginAnswer {
    type Output = bool;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<bool, WriteFailure> {
        let Some((chat, mut work)) = held(tx, self.chat, &self.owner).await? else {
            return Ok(false);
        };
        if !chat.is_ours {
            return Ok(false);
        }
        may_write(chat.customer)?;
        let message = message(
            self.chat,
            self.id,
            after_newest(tx, self.chat, self.now).await?,
        );
        insert(tx, &message).await?;
        tell_message(tx, EventName::MessageCreated, chat.customer, &message)?;
        work.message = Some(self.id);
        work.save(tx, self.chat).await?;
        Ok(true)
    }
}

fn may_write(customer: UserId) -> Result<(), protocol::Problem> {
    decide_for_bot(customer, Action::Create, Object::Answer { customer }).or_refuse()
}

/// What there is of an answer so far, and that its writer lives. Tells nobody.
#[derive(Clone, Debug)]
pub struct KeepAnswer {
    /// In which chat.
    pub chat: ChatId,
    /// Who writes.
    pub owner: BotOwner,
    /// The text so far, if the message has begun.
    pub grown: Option<(MessageId, String)>,
    /// Until when the writer is believed to be at it.
    pub until: Timestamp,
}

/// False when this run is to stop: the answer was stopped, a person has taken over, the chat was
/// closed, or someone else is at it.
impl Write for KeepAnswer {
    type Output = bool;

    // Many answers grow at once, and none of them is promised before its end.
    const DURABLE: bool = false;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<bool, WriteFailure> {
        let Some((chat, mut work)) = held(tx, self.chat, &self.owner).await? else {
            return Ok(false);
        };
        if !chat.is_ours {
            return Ok(false);
        }
        if let Some((id, body)) = &self.grown {
            let kept = tx
                .execute(
                    "UPDATE messages SET body = $2 WHERE id = $1 AND state = 'streaming' \
                     AND deleted_at IS NULL",
                    &[(*id).into(), body.into()],
                )
                .await?;
            if kept == 0 {
                return Ok(false);
            }
        }
        work.lease_until = self.until.0;
        work.save(tx, self.chat).await?;
        Ok(true)
    }
}

/// How an answer ends.
#[derive(Clone, Debug)]
pub struct EndAnswer {
    /// In which chat.
    pub chat: ChatId,
    /// Who writes.
    pub owner: BotOwner,
    /// Its id; none when nothing is said.
    pub id: Option<MessageId>,
    /// Whether it was begun; otherwise it appears now, whole.
    pub begun: bool,
    /// The whole text.
    pub body: String,
    /// Whether it is whole.
    pub state: MessageState,
    /// What the customer may choose from.
    pub offers: Vec<BotOffer>,
    /// Whether a person is to answer from here on.
    pub hand_over: bool,
    /// The message whose offer this answer is the outcome of.
    pub outcome_of: Option<MessageId>,
    /// What follows for the chat.
    pub then: AnswerEnd,
    /// What it cost, and on which day.
    pub usage: Option<(i64, i64)>,
    /// When.
    pub now: Timestamp,
}

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerEnd {
    /// The question is answered, or will not be.
    Answered,
    /// The same run writes another message to the same question.
    More,
    /// The question is to be answered anew, by whoever takes it up.
    Anew,
}

/// None when this run may not write there any more: someone else ended the answer. What a person
/// has ended or erased stays as it is. Told as `message.created` or `message.updated`.
impl Write for EndAnswer {
    type Output = Option<Message>;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, WriteFailure> {
        let Some((chat, mut work)) = held(tx, self.chat, &self.owner).await? else {
            return Ok(None);
        };
        let written = match self.id {
            Some(id) if self.begun => self.end(tx, &chat, id).await?,
            Some(id) if chat.is_ours => Some(self.write_whole(tx, &chat, id).await?),
            Some(_) | None => None,
        };
        if let Some(offering) = self.outcome_of {
            forget_offers(tx, offering).await?;
        }
        if let Some((day, tokens)) = self.usage {
            note_usage(tx, chat.customer, day, tokens).await?;
        }
        work.message = None;
        match self.then {
            AnswerEnd::More => {}
            AnswerEnd::Answered => {
                work.answered_at = work.answered_at.max(work.taken_at);
                work.release();
                work.tries = 0;
            }
            AnswerEnd::Anew => {
                work.release();
                work.tries = (work.tries - 1).max(0);
            }
        }
        let chosen = !crate::bot_choice::chosen(tx, self.chat).await?.is_empty();
        work.due = work.asked_at > work.answered_at || chosen;
        work.save(tx, self.chat).await?;
        if self.hand_over && chat.is_ours && self.state == MessageState::Complete {
            let customer = chat.customer;
            let person = Object::ChatPerson { customer };
            decide_for_bot(customer, Action::Change, person).or_refuse()?;
            let did = "asked for a person.";
            hand_over(tx, self.chat, customer, did, self.now).await?;
        }
        Ok(written)
    }
}

impl EndAnswer {
    async fn end(
        &self,
        tx: &mut Transaction<'_>,
        chat: &BotChat,
        id: MessageId,
    ) -> Result<Option<Message>, WriteFailure> {
        let Some(mut before) = find_message(tx, self.chat, id).await? else {
            return Ok(None);
        };
        if before.state == MessageState::Streaming && before.deleted_at.is_none() && chat.is_ours {
            before.actions = offer(tx, self.chat, id, &self.offers).await?;
        }
        let body = match before.deleted_at {
            None => self.body.clone(),
            Some(_) => String::new(),
        };
        Ok(Some(
            end_growing(tx, chat.customer, before, &body, self.state).await?,
        ))
    }

    async fn write_whole(
        &self,
        tx: &mut Transaction<'_>,
        chat: &BotChat,
        id: MessageId,
    ) -> Result<Message, WriteFailure> {
        may_write(chat.customer)?;
        let created_at = after_newest(tx, self.chat, self.now).await?;
        let mut message = Message {
            body: self.body.clone(),
            state: self.state,
            ..message(self.chat, id, created_at)
        };
        // The row of the message stands before those of its offers, which refer to it.
        insert(tx, &message).await?;
        if !self.offers.is_empty() {
            message.actions = offer(tx, self.chat, id, &self.offers).await?;
            let actions = serde_json::to_string(&message.actions).map_err(Fault::row)?;
            tx.execute(
                "UPDATE messages SET actions = $2 WHERE id = $1",
                &[id.into(), (&actions).into()],
            )
            .await?;
        }
        tell_message(tx, EventName::MessageCreated, chat.customer, &message)?;
        Ok(message)
    }
}

async fn note_usage(
    tx: &mut Transaction<'_>,
    user: UserId,
    day: i64,
    tokens: i64,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO bot_usage (user_id, day, answers, tokens) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (user_id) DO UPDATE SET \
         answers = CASE WHEN bot_usage.day = excluded.day THEN bot_usage.answers + 1 ELSE 1 END, \
         tokens = CASE WHEN bot_usage.day = excluded.day \
           THEN bot_usage.tokens + excluded.tokens ELSE excluded.tokens END, \
         day = excluded.day",
        &[user.into(), day.into(), tokens.into()],
    )
    .await?;
    Ok(())
}

/// Ends a message that grows; another one stays as it is. Told as `message.updated`.
pub(crate) async fn end_growing(
    tx: &mut Transaction<'_>,
    customer: UserId,
    before: Message,
    body: &str,
    state: MessageState,
) -> Result<Message, Fault> {
    if before.state != MessageState::Streaming {
        return Ok(before);
    }
    let message = Message {
        body: body.to_owned(),
        state,
        ..before
    };
    let actions = match message.actions.is_empty() {
        true => None,
        false => Some(serde_json::to_string(&message.actions).map_err(Fault::row)?),
    };
    tx.execute(
        "UPDATE messages SET body = $2, state = $3, actions = $4 WHERE id = $1",
        &[
            message.id.into(),
            body.into(),
            state.into(),
            Value::OptText(actions),
        ],
    )
    .await?;
    tell_updated(tx, customer, &message)?;
    Ok(message)
}

/// An answer that is stopped from outside the run that writes it.
#[derive(Clone, Debug)]
pub struct StopAnswer {
    /// Who asks.
    pub actor: Actor,
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub id: MessageId,
}

/// Refused with `not_found`. A message that does not grow stays as it is. Told as
/// `message.updated`; its writer learns of it when it next writes down how far it is.
impl Write for StopAnswer {
    type Output = Message;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Message, WriteFailure> {
        let chat = lock_chat(tx, &self.actor, self.chat).await?;
        let customer = chat.customer;
        let message = find_message(tx, self.chat, self.id).await?;
        let message = message
            .filter(|message| !message.note)
            .ok_or_else(not_found)?;
        decide(&self.actor, Action::End, Object::Answer { customer }).or_refuse()?;
        if message.state != MessageState::Streaming {
            return Ok(message);
        }
        if let Some(mut work) = Work::find(tx, self.chat).await?
            && work.message == Some(self.id)
        {
            work.answered_at = work.answered_at.max(work.taken_at);
            work.save(tx, self.chat).await?;
        }
        let body = message.body.clone();
        Ok(end_growing(tx, customer, message, &body, MessageState::Cancelled).await?)
    }
}
