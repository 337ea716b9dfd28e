//! What is written in a chat: by its customer and by staff; notes by staff for staff.

use axum::Json;
use axum::extract::State;
use desk::policy::not_found;
use desk::{Action, Decision, Object, decide};
use protocol::{ChatId, Message, MessageId, Page};
use serde::Deserialize;
use store::{ChooseAction, DeleteMessage, EditMessage, WriteMessage};
use utoipa::ToSchema;

use super::once::Once;
use super::users::ListParameters;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, PathIds, Signed};
use crate::problem::{Answer, check};

/// What was written in a chat, the newest first; notes for staff alone.
#[utoipa::path(
    get, path = "/api/v1/chats/{id}/messages", tag = "chats", operation_id = "list_messages",
    params(("id" = ChatId, Path, description = "The chat."), ListParameters),
    responses((status = 200, description = "One page.", body = Page<Message>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    PathId(chat): PathId<ChatId>,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<Json<Page<Message>>> {
    let page = parameters.page()?;
    let customer = app.store.chat_customer(chat).await?.ok_or_else(not_found)?;
    decide(&signed.actor, Action::Read, Object::Chat { customer }).or_refuse()?;
    let sees_notes = decide(&signed.actor, Action::Read, Object::Note) == Decision::Allow;
    Ok(Json(app.store.messages(chat, sees_notes, page).await?))
}

/// What makes a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteMessageRequest {
    /// Chosen by the client, unique among its own messages of the chat: the same one again with
    /// the same text gives the same message.
    #[schema(min_length = 1, max_length = 64)]
    client_id: Option<String>,
    /// The text.
    #[schema(min_length = 1, max_length = 4000)]
    body: String,
    /// A note that only staff see; by staff alone.
    #[serde(default)]
    note: bool,
}

refusals!(
    WriteRefusals: Forbidden, ChatClosed, ClientIdConflict, IdempotencyConflict, ValidationFailed
);

/// Writes in a chat.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/messages", tag = "chats", operation_id = "write_message",
    params(
        ("id" = ChatId, Path, description = "The chat."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe."),
    ),
    request_body = WriteMessageRequest,
    responses((status = 201, description = "The message.", body = Message), WriteRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    PathId(chat): PathId<ChatId>,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<WriteMessageRequest>,
) -> Answer<Created<Message>> {
    let actor = signed.actor;
    let mut faults = Vec::new();
    if let Some(client_id) = &request.client_id {
        desk::chat::check_client_id(client_id, &mut faults);
    }
    desk::chat::check_body(&request.body, &mut faults);
    check(faults)?;
    let write = WriteMessage {
        actor,
        id: MessageId::new(),
        chat,
        client_id: request.client_id,
        body: request.body,
        note: request.note,
        now: app.now(),
    };
    let message = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/chats/{chat}/messages/{}", message.id),
        object: message,
    })
}

/// What a message is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditMessageRequest {
    /// The text.
    #[schema(min_length = 1, max_length = 4000)]
    body: String,
}

refusals!(EditRefusals: Forbidden, ChatClosed, EditingOver, ValidationFailed);

/// Changes a message within 15 minutes; its author alone. The event log keeps what it said before.
#[utoipa::path(
    patch, path = "/api/v1/chats/{id}/messages/{message_id}", tag = "chats",
    operation_id = "edit_message",
    params(
        ("id" = ChatId, Path, description = "The chat."),
        ("message_id" = MessageId, Path, description = "The message."),
    ),
    request_body = EditMessageRequest,
    responses((status = 200, description = "The message.", body = Message), EditRefusals)
)]
pub(crate) async fn edit(
    State(app): State<App>,
    signed: Signed,
    PathIds(chat, id): PathIds<ChatId, MessageId>,
    Body { value: request, .. }: Body<EditMessageRequest>,
) -> Answer<Json<Message>> {
    let mut faults = Vec::new();
    desk::chat::check_body(&request.body, &mut faults);
    check(faults)?;
    let write = EditMessage {
        actor: signed.actor,
        chat,
        id,
        body: request.body,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}

refusals!(DeleteRefusals: Forbidden, EditingOver);

/// Deletes the text of a message within 15 minutes, also from the event log; its author alone. The
/// message stays, empty.
#[utoipa::path(
    delete, path = "/api/v1/chats/{id}/messages/{message_id}", tag = "chats",
    operation_id = "delete_message",
    params(
        ("id" = ChatId, Path, description = "The chat."),
        ("message_id" = MessageId, Path, description = "The message."),
    ),
    responses((status = 200, description = "The message.", body = Message), DeleteRefusals)
)]
pub(crate) async fn delete(
    State(app): State<App>,
    signed: Signed,
    PathIds(chat, id): PathIds<ChatId, MessageId>,
) -> Answer<Json<Message>> {
    let write = DeleteMessage {
        actor: signed.actor,
        chat,
        id,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}

/// Stops an answer that grows; the chat's customer and staff may. What is said already stays, and
/// the message becomes `cancelled`. One that has ended stays as it is.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/messages/{message_id}/stop", tag = "chats",
    operation_id = "stop_message",
    params(
        ("id" = ChatId, Path, description = "The chat."),
        ("message_id" = MessageId, Path, description = "The message."),
    ),
    responses((status = 200, description = "The message.", body = Message))
)]
pub(crate) async fn stop(
    State(app): State<App>,
    signed: Signed,
    PathIds(chat, id): PathIds<ChatId, MessageId>,
) -> Answer<Json<Message>> {
    Ok(Json(app.bot.stop(&app, signed.actor, chat, id).await?))
}

/// What is chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChooseRequest {
    /// One of the message's actions.
    #[schema(min_length = 1, max_length = 64)]
    action_id: String,
}

refusals!(ChooseRefusals: Forbidden, ChatClosed, InvalidTransition, ValidationFailed);

/// Chooses what the bot offers; the chat's customer alone, once. The bot does it and says so.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/messages/{message_id}/choose", tag = "chats",
    operation_id = "choose_action",
    params(
        ("id" = ChatId, Path, description = "The chat."),
        ("message_id" = MessageId, Path, description = "The message."),
    ),
    request_body = ChooseRequest,
    responses((status = 200, description = "The message.", body = Message), ChooseRefusals)
)]
pub(crate) async fn choose(
    State(app): State<App>,
    signed: Signed,
    PathIds(chat, message): PathIds<ChatId, MessageId>,
    Body { value: request, .. }: Body<ChooseRequest>,
) -> Answer<Json<Message>> {
    let mut faults = Vec::new();
    desk::chat::check_action_id(&request.action_id, &mut faults);
    check(faults)?;
    let write = ChooseAction {
        actor: signed.actor,
        chat,
        message,
        action: request.action_id,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}
