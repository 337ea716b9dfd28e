//! Chats: customers have their own, staff see to all of them. What is written in them is in
//! `messages.rs`.

use axum::Json;
use axum::extract::State;
use desk::policy::not_found;
use desk::{Action, Actor, Object, decide, scope};
use protocol::{Chat, ChatId, ChatStatus, FieldError, HandlerKind, MessageId, Page, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{BeginChat, ChangeChat, ChatFilter, MarkDelivered, MarkRead, NewHandler};
use utoipa::{IntoParams, ToSchema};

use super::once::Once;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed, page_request, word};
use crate::problem::{Answer, Refusal, check};

/// Which chats, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChatParameters {
    /// Only those that stand here.
    #[param(value_type = Option<ChatStatus>)]
    status: Option<String>,
    /// `mine`: only those that the caller answers; `none`: only those that nobody answers; `bot`:
    /// only those of the bot. For staff.
    handler: Option<String>,
    /// Most objects of the page: 1 to 200, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

refusals!(ListRefusals: Forbidden);

/// One's own chats, or everyone's for staff; those used last first. A chat that is used meanwhile
/// moves to the first page.
#[utoipa::path(
    get, path = "/api/v1/chats", tag = "chats", operation_id = "list_chats",
    params(ChatParameters),
    responses((status = 200, description = "One page.", body = Page<Chat>), ListRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<ChatParameters>,
) -> Answer<Json<Page<Chat>>> {
    let actor = signed.actor;
    let filter = ChatFilter {
        scope: scope(&actor),
        status: word("status", parameters.status.as_deref())?,
        handler: asked_handler(&actor, parameters.handler.as_deref())?,
    };
    let page = page_request(parameters.limit.as_deref(), parameters.cursor)?;
    Ok(Json(app.store.chats(&actor, filter, page).await?))
}

fn asked_handler(actor: &Actor, asked: Option<&str>) -> Answer<Option<NewHandler>> {
    let handler = match asked {
        None => return Ok(None),
        Some("mine") => NewHandler::Person(actor.id),
        Some("none") => NewHandler::Nobody,
        Some("bot") => NewHandler::Bot,
        Some(other) => {
            let shown: String = other.chars().take(40).collect();
            let detail = format!("handler: `{shown}` is not one of mine, none, bot");
            return Err(Refusal::invalid_request(detail));
        }
    };
    let handling = Object::ChatHandling { customer: actor.id };
    decide(actor, Action::Read, handling).or_refuse()?;
    Ok(Some(handler))
}

/// One chat.
#[utoipa::path(
    get, path = "/api/v1/chats/{id}", tag = "chats", operation_id = "get_chat",
    params(("id" = ChatId, Path, description = "The chat.")),
    responses((status = 200, description = "The chat.", body = Chat))
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ChatId>,
) -> Answer<Json<Chat>> {
    let chat = app.store.chat(&signed.actor, id).await?;
    let chat = chat.ok_or_else(not_found)?;
    let customer = chat.customer.id;
    decide(&signed.actor, Action::Read, Object::Chat { customer }).or_refuse()?;
    Ok(Json(chat))
}

/// What begins a chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginChatRequest {
    /// Whose chat it is; by default one's own. Staff may name a customer.
    customer_id: Option<UserId>,
    /// What it is about.
    #[serde(default)]
    #[schema(max_length = 200)]
    subject: String,
}

refusals!(BeginRefusals: Forbidden, ChatOpen, IdempotencyConflict, ValidationFailed);

/// Begins a chat. A customer has at most one open chat: a second is refused with `chat_open`, and
/// the member `chat` is the first.
#[utoipa::path(
    post, path = "/api/v1/chats", tag = "chats", operation_id = "begin_chat",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = BeginChatRequest,
    responses((status = 201, description = "The chat.", body = Chat), BeginRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<BeginChatRequest>,
) -> Answer<Created<Chat>> {
    let actor = signed.actor;
    let customer = request.customer_id.unwrap_or(actor.id);
    decide(&actor, Action::Create, Object::Chat { customer }).or_refuse()?;
    let mut faults = Vec::new();
    desk::chat::check_subject(&request.subject, &mut faults);
    check(faults)?;
    let write = BeginChat {
        actor,
        id: ChatId::new(),
        customer,
        subject: request.subject,
        now: app.now(),
    };
    let chat = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/chats/{}", chat.id),
        object: chat,
    })
}

/// Who is to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandlerRequest {
    /// `staff`, `none`, or `bot` where one answers.
    kind: HandlerKind,
    /// The member of staff; by default the caller. Only with kind `staff`.
    user_id: Option<UserId>,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeChatRequest {
    /// The version that the request saw.
    version: i64,
    /// What it is about; staff alone.
    #[schema(max_length = 200)]
    subject: Option<String>,
    /// `closed`, or `open` again unless the customer has another open chat.
    status: Option<ChatStatus>,
    /// Who answers; staff alone.
    handler: Option<HandlerRequest>,
}

refusals!(ChangeRefusals: Forbidden, StaleVersion, ChatOpen, ValidationFailed);

/// Changes subject, status or handler of a chat.
#[utoipa::path(
    patch, path = "/api/v1/chats/{id}", tag = "chats", operation_id = "change_chat",
    params(("id" = ChatId, Path, description = "The chat.")),
    request_body = ChangeChatRequest,
    responses((status = 200, description = "The chat.", body = Chat), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ChatId>,
    Body { value: request, .. }: Body<ChangeChatRequest>,
) -> Answer<Json<Chat>> {
    let mut faults = Vec::new();
    if let Some(subject) = &request.subject {
        desk::chat::check_subject(subject, &mut faults);
    }
    let handler = request
        .handler
        .and_then(|handler| new_handler(&signed.actor, &handler, &mut faults));
    check(faults)?;
    let write = ChangeChat {
        actor: signed.actor,
        id,
        version: request.version,
        subject: request.subject,
        status: request.status,
        handler,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}

fn new_handler(
    actor: &Actor,
    request: &HandlerRequest,
    faults: &mut Vec<FieldError>,
) -> Option<NewHandler> {
    match (request.kind, request.user_id) {
        (HandlerKind::None, None) => Some(NewHandler::Nobody),
        (HandlerKind::Bot, None) => Some(NewHandler::Bot),
        (HandlerKind::None | HandlerKind::Bot, Some(_)) => {
            let message = "goes with kind staff only";
            faults.push(FieldError::new("/handler/user_id", message));
            None
        }
        (HandlerKind::Staff, user) => Some(NewHandler::Person(user.unwrap_or(actor.id))),
    }
}

/// How far one has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadRequest {
    /// The newest message that was read. An older one than before changes nothing.
    message_id: MessageId,
}

/// Tells how far one has read.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/read", tag = "chats", operation_id = "mark_chat_read",
    params(("id" = ChatId, Path, description = "The chat.")),
    request_body = ReadRequest,
    responses((status = 200, description = "An empty object."))
)]
pub(crate) async fn read(
    State(app): State<App>,
    signed: Signed,
    PathId(chat): PathId<ChatId>,
    Body { value: request, .. }: Body<ReadRequest>,
) -> Answer<Json<Value>> {
    let write = MarkRead {
        actor: signed.actor,
        chat,
        message: request.message_id,
    };
    app.store.write(write).await?;
    Ok(Json(json!({})))
}

/// How far a chat has arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveredRequest {
    /// The newest message that has arrived on a device. An older one than before changes nothing.
    message_id: MessageId,
}

/// Tells how far a chat has arrived on a device. What was read counts as arrived.
#[utoipa::path(
    post, path = "/api/v1/chats/{id}/delivered", tag = "chats",
    operation_id = "mark_chat_delivered",
    params(("id" = ChatId, Path, description = "The chat.")),
    request_body = DeliveredRequest,
    responses((status = 200, description = "An empty object."))
)]
pub(crate) async fn delivered(
    State(app): State<App>,
    signed: Signed,
    PathId(chat): PathId<ChatId>,
    Body { value: request, .. }: Body<DeliveredRequest>,
) -> Answer<Json<Value>> {
    let write = MarkDelivered {
        actor: signed.actor,
        chat,
        message: request.message_id,
    };
    app.store.write(write).await?;
    Ok(Json(json!({})))
}
