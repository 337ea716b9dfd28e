//! The commands of chats: write, tell how far one has read and got, tell that one is writing. They ask the
//! same policy and make the same changes as REST. Start at [`run`].

use desk::policy::{decide, not_found};
use desk::{Action, Actor, Object};
use protocol::{ChatId, ChatStatus, Command, MessageId, Person, Problem, SessionId, UserId};
use serde_json::{Value, json};
use store::{ChooseAction, MarkDelivered, MarkRead, WriteMessage};

use super::commands::store_away;
use super::connect::live_account;
use super::sessions::Account;
use crate::app::App;
use crate::problem::Refusal;

/// Does a command for an account; gives what it answers, if it answers.
pub(super) async fn run(
    app: &App,
    who: (UserId, SessionId),
    command: Command,
) -> Result<Option<Value>, Problem> {
    let (actor, person) = today(app, who).await?;
    match command {
        Command::SendMessage {
            chat_id,
            client_id,
            body,
        } => {
            let write = WriteMessage {
                actor,
                id: MessageId::new(),
                chat: chat_id,
                client_id: Some(client_id),
                body,
                note: false,
                now: app.now(),
            };
            let message = app.store.write(write).await.map_err(problem)?;
            Ok(Some(json!({ "message": message })))
        }
        Command::MarkRead {
            chat_id,
            message_id,
        } => {
            let write = MarkRead {
                actor,
                chat: chat_id,
                message: message_id,
            };
            app.store.write(write).await.map_err(problem)?;
            Ok(Some(json!({})))
        }
        Command::MarkDelivered {
            chat_id,
            message_id,
        } => {
            let write = MarkDelivered {
                actor,
                chat: chat_id,
                message: message_id,
            };
            app.store.write(write).await.map_err(problem)?;
            Ok(Some(json!({})))
        }
        Command::Typing { chat_id, active } => {
            may_write(app, &actor, chat_id).await?;
            app.typing.changed(&app.engine, chat_id, person, active);
            Ok(None)
        }
        Command::StopMessage { message_id } => {
            let chat = chat_of(app, message_id).await?;
            let stopped = app.bot.stop(app, actor, chat, message_id).await;
            Ok(Some(json!({ "message": stopped.map_err(problem)? })))
        }
        Command::ChooseAction {
            message_id,
            action_id,
        } => {
            let mut faults = Vec::new();
            desk::chat::check_action_id(&action_id, &mut faults);
            if !faults.is_empty() {
                return Err(Problem::invalid(faults));
            }
            let write = ChooseAction {
                actor,
                chat: chat_of(app, message_id).await?,
                message: message_id,
                action: action_id,
                now: app.now(),
            };
            let message = app.store.write(write).await.map_err(problem)?;
            Ok(Some(json!({ "message": message })))
        }
        command @ (Command::Connect { .. }
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::Refresh { .. }
        | Command::Say { .. }
        | Command::Write { .. }
        | Command::Ping {}) => {
            let cause = format!("a shard handed on {}, which is its own", command.name());
            Err(problem(Refusal::internal(&cause)))
        }
    }
}

/// The account as it is today. One that is gone or disabled has no business here.
async fn today(
    app: &App,
    (user, session): (UserId, SessionId),
) -> Result<(Actor, Person), Problem> {
    match live_account(app, user, session).await {
        Ok(Ok(Account { id, name, role })) => Ok((Actor { id, role }, Person { id, name })),
        Ok(Err(_)) => Err(not_found()),
        Err(error) => Err(store_away(&error)),
    }
}

/// The chat that a message stands in; whether it is the account's business is asked there.
async fn chat_of(app: &App, message: MessageId) -> Result<ChatId, Problem> {
    match app.store.chat_of_message(message).await {
        Ok(found) => found.ok_or_else(not_found),
        Err(error) => Err(store_away(&error)),
    }
}

/// Whether the account may write in the chat now.
async fn may_write(app: &App, actor: &Actor, chat: ChatId) -> Result<(), Problem> {
    let state = app.store.chat_state(chat).await;
    let state = state.map_err(|error| store_away(&error))?;
    let state = state.ok_or_else(not_found)?;
    let object = Object::Message {
        customer: state.customer,
        author: Some(actor.id),
        note: false,
    };
    decide(actor, Action::Create, object).or_refuse()?;
    match state.status {
        ChatStatus::Open => Ok(()),
        ChatStatus::Closed => Err(store::chat_closed()),
    }
}

/// The same problem that REST answers.
fn problem(error: impl Into<Refusal>) -> Problem {
    error.into().problem().clone()
}
