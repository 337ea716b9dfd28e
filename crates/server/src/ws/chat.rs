//! The commands of chats: write, tell how far one has read, tell that one is writing. They ask the
//! same policy and make the same changes as REST. Start at [`run`].

use desk::policy::{decide, not_found};
use desk::{Action, Actor, Object};
use protocol::{ChatId, ChatStatus, Command, MessageId, Person, Problem, UserId};
use serde_json::{Value, json};
use store::{MarkRead, WriteMessage};

use super::commands::store_away;
use crate::app::App;
use crate::problem::Refusal;

/// Does a command for an account; gives what it answers, if it answers.
pub(super) async fn run(
    app: &App,
    user: UserId,
    command: Command,
) -> Result<Option<Value>, Problem> {
    let (actor, person) = today(app, user).await?;
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
        Command::Typing { chat_id, active } => {
            may_write(app, &actor, chat_id).await?;
            app.typing.changed(&app.engine, chat_id, person, active);
            Ok(None)
        }
        command @ (Command::Connect { .. }
        | Command::Subscribe { .. }
        | Command::Unsubscribe { .. }
        | Command::Refresh { .. }
        | Command::Ping {}) => {
            let cause = format!("a shard handed on {}, which is its own", command.name());
            Err(problem(Refusal::internal(&cause)))
        }
    }
}

/// The account as it is today. One that is gone or disabled has no business here.
async fn today(app: &App, id: UserId) -> Result<(Actor, Person), Problem> {
    match app.store.user(id).await {
        Ok(Some(user)) if !user.disabled => {
            let role = user.role;
            let name = user.name;
            Ok((Actor { id, role }, Person { id, name }))
        }
        Ok(_) => Err(not_found()),
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
