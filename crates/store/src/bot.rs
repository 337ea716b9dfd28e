//! What the bot has to do, told by rows and not by memory: which chats hold something unanswered,
//! and which run of which node answers there now. The answers themselves are in `bot_answers.rs`,
//! choices in `bot_choice.rs`.
//!
//! Invariant: `due` is 1 while a question is newer than the last answer, a choice is not done, or an
//! answer grows. Whoever changes a row of `bot_work` holds the lock of its chat.

use protocol::{ChatId, ChatStatus, HandlerKind, MessageId, MessageState, Timestamp, UserId};

use crate::Store;
use crate::bot_answers::end_growing;
use crate::bot_choice::{Chosen, chosen};
use crate::chat_changes::hand_over;
use crate::database::{Row, Value};
use crate::error::{Fault, ReadError, WriteFailure};
use crate::messages::find_message;
use crate::transaction::{Transaction, Write};

/// Which run of which node answers.
pub type BotOwner = String;

impl Store {
    /// Chats in which the bot has something to do that nobody is at, the longest waiting first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn bot_work(&self, now: Timestamp, limit: i64) -> Result<Vec<ChatId>, ReadError> {
        let sql = "SELECT chat_id FROM bot_work WHERE due = 1 \
                   AND lease_until <= $1 \
                   ORDER BY asked_at, chat_id LIMIT $2";
        let rows = self
            .database()
            .fetch_all(sql, &[now.into(), limit.into()])
            .await?;
        let ids: Result<Vec<ChatId>, Fault> =
            rows.iter().map(|row| row.parsed("chat_id")).collect();
        Ok(ids?)
    }

    /// How many answers and tokens a customer has had on this day.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn bot_usage(&self, user: UserId, day: i64) -> Result<(i64, i64), ReadError> {
        let sql = "SELECT answers, tokens FROM bot_usage WHERE user_id = $1 AND day = $2";
        let row = self
            .database()
            .fetch_optional(sql, &[user.into(), day.into()])
            .await?;
        Ok(match row {
            Some(row) => (row.int("answers")?, row.int("tokens")?),
            None => (0, 0),
        })
    }

    /// What is still offered to a customer, in the words that only the bot reads.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn bot_offers(&self, customer: UserId) -> Result<Vec<String>, ReadError> {
        let sql = "SELECT o.proposal FROM bot_offers o JOIN chats c ON c.id = o.chat_id \
                   WHERE c.customer_id = $1 ORDER BY o.message_id, o.action_id";
        let rows = self.database().fetch_all(sql, &[customer.into()]).await?;
        let texts: Result<Vec<String>, Fault> =
            rows.iter().map(|row| row.text("proposal")).collect();
        Ok(texts?)
    }

    /// Open chats whose handler is the bot, a few of them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn chats_of_the_bot(&self, limit: i64) -> Result<Vec<ChatId>, ReadError> {
        let sql = "SELECT id FROM chats WHERE handler_kind = 'bot' AND handler_id IS NULL \
                   AND status = 'open' LIMIT $1";
        let rows = self.database().fetch_all(sql, &[limit.into()]).await?;
        let ids: Result<Vec<ChatId>, Fault> = rows.iter().map(|row| row.parsed("id")).collect();
        Ok(ids?)
    }
}

/// A row of `bot_work`.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) asked_at: i64,
    pub(crate) answered_at: i64,
    pub(crate) taken_at: i64,
    pub(crate) due: bool,
    pub(crate) tries: i64,
    pub(crate) owner: Option<BotOwner>,
    /// 0 when nobody is at it.
    pub(crate) lease_until: i64,
    pub(crate) message: Option<MessageId>,
}

impl Work {
    pub(crate) async fn find(
        tx: &mut Transaction<'_>,
        chat: ChatId,
    ) -> Result<Option<Self>, Fault> {
        let sql = "SELECT asked_at, answered_at, taken_at, due, tries, owner, lease_until, \
                   message_id FROM bot_work WHERE chat_id = $1";
        let row = tx.fetch_optional(sql, &[chat.into()]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    fn read(row: &Row) -> Result<Self, Fault> {
        let message = row.opt_text("message_id")?;
        Ok(Self {
            asked_at: row.int("asked_at")?,
            answered_at: row.int("answered_at")?,
            taken_at: row.int("taken_at")?,
            due: row.flag("due")?,
            tries: row.int("tries")?,
            owner: row.opt_text("owner")?,
            lease_until: row.int("lease_until")?,
            message: message
                .map(|id| id.parse())
                .transpose()
                .map_err(Fault::row)?,
        })
    }

    pub(crate) async fn save(&self, tx: &mut Transaction<'_>, chat: ChatId) -> Result<(), Fault> {
        tx.execute(
            "INSERT INTO bot_work (chat_id, asked_at, answered_at, taken_at, due, tries, owner, \
             lease_until, message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (chat_id) DO UPDATE SET asked_at = excluded.asked_at, \
             answered_at = excluded.answered_at, taken_at = excluded.taken_at, \
             due = excluded.due, tries = excluded.tries, owner = excluded.owner, \
             lease_until = excluded.lease_until, message_id = excluded.message_id",
            &[
                chat.into(),
                self.asked_at.into(),
                self.answered_at.into(),
                self.taken_at.into(),
                self.due.into(),
                self.tries.into(),
                Value::OptText(self.owner.clone()),
                self.lease_until.into(),
                Value::OptText(self.message.map(|id| id.to_string())),
            ],
        )
        .await?;
        Ok(())
    }

    /// Nobody is at it any more.
    pub(crate) fn release(&mut self) {
        self.owner = None;
        self.lease_until = 0;
        self.message = None;
    }
}

/// The customer has written what the bot is to answer.
pub(crate) async fn ask(
    tx: &mut Transaction<'_>,
    chat: ChatId,
    written_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO bot_work (chat_id, asked_at, answered_at, taken_at, due, tries) \
         VALUES ($1, $2, $3, $3, 1, 0) ON CONFLICT (chat_id) \
         DO UPDATE SET asked_at = excluded.asked_at, due = 1, tries = 0",
        &[chat.into(), written_at.into(), i64::MIN.into()],
    )
    .await?;
    Ok(())
}

/// The customer has chosen something that the bot is to do.
pub(crate) async fn call(tx: &mut Transaction<'_>, chat: ChatId) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO bot_work (chat_id, asked_at, answered_at, taken_at, due, tries) \
         VALUES ($1, $2, $2, $2, 1, 0) ON CONFLICT (chat_id) DO UPDATE SET due = 1, tries = 0",
        &[chat.into(), i64::MIN.into()],
    )
    .await?;
    Ok(())
}

/// A person answers from here on, or nobody: what is unanswered is theirs. An answer that grows is
/// ended by whoever writes it.
pub(crate) async fn dismiss(tx: &mut Transaction<'_>, chat: ChatId) -> Result<(), Fault> {
    tx.execute(
        "UPDATE bot_work SET answered_at = asked_at, \
         due = CASE WHEN message_id IS NULL THEN 0 ELSE 1 END WHERE chat_id = $1",
        &[chat.into()],
    )
    .await?;
    tx.execute("DELETE FROM bot_offers WHERE chat_id = $1", &[chat.into()])
        .await?;
    Ok(())
}

/// The bot answers from here on: also what the customer wrote last, if nobody has answered it.
pub(crate) async fn appoint(tx: &mut Transaction<'_>, chat: ChatId) -> Result<(), Fault> {
    let sql = "SELECT sender_kind, created_at FROM messages WHERE chat_id = $1 AND note = 0 \
               AND sender_kind <> 'system' AND deleted_at IS NULL \
               ORDER BY created_at DESC LIMIT 1";
    let Some(row) = tx.fetch_optional(sql, &[chat.into()]).await? else {
        return Ok(());
    };
    if row.text("sender_kind")? == "customer" {
        ask(tx, chat, row.time("created_at")?).await?;
    }
    Ok(())
}

/// A chat as the bot finds it, locked until the commit.
pub(crate) struct BotChat {
    pub(crate) customer: UserId,
    /// Whether the bot is its handler.
    pub(crate) by_bot: bool,
    /// Whether the bot is to answer in it.
    pub(crate) is_ours: bool,
}

pub(crate) async fn lock_bot_chat(
    tx: &mut Transaction<'_>,
    chat: ChatId,
) -> Result<Option<BotChat>, Fault> {
    let lock = tx.lock("c");
    let sql = format!(
        "SELECT c.customer_id, c.status, c.handler_kind, u.disabled FROM chats c \
         JOIN users u ON u.id = c.customer_id WHERE c.id = $1{lock}"
    );
    let Some(row) = tx.fetch_optional(sql, &[chat.into()]).await? else {
        return Ok(None);
    };
    let is_open = row.parsed::<ChatStatus>("status")? == ChatStatus::Open;
    let by_bot = row.parsed::<HandlerKind>("handler_kind")? == HandlerKind::Bot;
    Ok(Some(BotChat {
        customer: row.parsed("customer_id")?,
        by_bot,
        is_ours: is_open && by_bot && !row.flag("disabled")?,
    }))
}

/// Takes a chat up, so that no other node does.
#[derive(Clone, Debug)]
pub struct TakeBotWork {
    /// Which chat.
    pub chat: ChatId,
    /// Who takes it.
    pub owner: BotOwner,
    /// Until when it is believed to be at it.
    pub until: Timestamp,
    /// When.
    pub now: Timestamp,
}

/// What was found in a chat.
#[derive(Clone, Debug, Default)]
pub struct TakenBotWork {
    /// An answer that its writer had left growing.
    pub left: Option<MessageId>,
    /// What there is to do; none when there is nothing, or someone else is at it.
    pub work: Option<BotWork>,
}

/// What there is to do in a chat.
#[derive(Clone, Debug)]
pub struct BotWork {
    /// Whose chat it is.
    pub customer: UserId,
    /// Whether the customer has written something that is to be answered.
    pub question: bool,
    /// What the customer has chosen and is not done.
    pub chosen: Vec<Chosen>,
    /// How often it was taken up before.
    pub failures: i64,
}

/// An answer that its writer has left growing becomes `failed`, told as `message.updated`.
impl Write for TakeBotWork {
    type Output = TakenBotWork;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, WriteFailure> {
        let Some(chat) = lock_bot_chat(tx, self.chat).await? else {
            return Ok(TakenBotWork::default());
        };
        let Some(mut work) = Work::find(tx, self.chat).await? else {
            return Ok(TakenBotWork::default());
        };
        let is_held = work.lease_until > self.now.0;
        if !work.due || is_held {
            return Ok(TakenBotWork::default());
        }
        let left = work.message;
        if let Some(left) = left
            && let Some(message) = find_message(tx, self.chat, left).await?
        {
            let body = message.body.clone();
            end_growing(tx, chat.customer, message, &body, MessageState::Failed).await?;
        }
        let chosen = chosen(tx, self.chat).await?;
        let question = work.asked_at > work.answered_at;
        work.release();
        if !chat.is_ours || (!question && chosen.is_empty()) {
            work.due = false;
            work.save(tx, self.chat).await?;
            return Ok(TakenBotWork { left, work: None });
        }
        let failures = work.tries;
        work.tries += 1;
        work.taken_at = work.asked_at;
        work.owner = Some(self.owner.clone());
        work.lease_until = self.until.0;
        work.save(tx, self.chat).await?;
        let work = BotWork {
            customer: chat.customer,
            question,
            chosen,
            failures,
        };
        Ok(TakenBotWork {
            left,
            work: Some(work),
        })
    }
}

/// A chat of the bot becomes the desk's, because no bot answers any more.
#[derive(Clone, Debug)]
pub struct LeaveChat {
    /// Which chat.
    pub chat: ChatId,
    /// When.
    pub now: Timestamp,
}

/// Told as `message.created` and `chat.updated`, if the chat is the bot's.
impl Write for LeaveChat {
    type Output = ();

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), WriteFailure> {
        if let Some(chat) = lock_bot_chat(tx, self.chat).await?
            && chat.by_bot
        {
            let did = "left the chat to the desk.";
            hand_over(tx, self.chat, chat.customer, did, self.now).await?;
        }
        Ok(())
    }
}
