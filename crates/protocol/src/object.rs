//! The things a REST answer and an event carry. A response is the object itself.

use serde::{Deserialize, Serialize};

use crate::{
    BookingId, BookingStatus, ChatId, ChatStatus, HandlerKind, ItemId, MessageId, MessageState,
    NotificationId, OrderId, OrderStatus, ResourceId, Role, SenderKind, SessionId, Timestamp,
    UserId,
};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account's id; never used again after deletion.
    pub id: UserId,
    /// Address to sign in with, in lower case.
    pub email: String,
    /// What others see.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// A disabled account cannot sign in and has no sockets.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// One sign-in, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The session's id; not the secret in the cookie.
    pub id: SessionId,
    /// Whether this is the session that asks.
    pub current: bool,
    /// What the browser called itself at sign-in, cut to 200 characters.
    pub user_agent: String,
    /// When the sign-in happened.
    pub created_at: Timestamp,
    /// The last request, to within five minutes.
    pub last_seen_at: Timestamp,
    /// When it ends even if used.
    pub expires_at: Timestamp,
}

/// Someone, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// The account's id.
    pub id: UserId,
    /// The account's name.
    pub name: String,
}

/// Something that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    /// The item's id.
    pub id: ItemId,
    /// What it is called.
    pub name: String,
    /// Price of one, in minor units of `currency` (cents), 0 to 100,000,000.
    pub unit_price: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether it can be ordered now.
    pub available: bool,
    /// Rises by one with each change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One line of an order. Name and price are those of the moment of ordering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderLine {
    /// The item ordered; none on a line that staff wrote freely.
    pub item_id: Option<ItemId>,
    /// How many, 1 to 1,000.
    pub quantity: i64,
    /// What it was called.
    pub name: String,
    /// Price of one, in minor units of the order's currency.
    pub unit_price: i64,
}

/// One order of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// Whose order it is.
    pub customer: Person,
    /// Where it stands.
    pub status: OrderStatus,
    /// What was ordered, 1 to 100 lines.
    pub lines: Vec<OrderLine>,
    /// Sum of the lines, in minor units of `currency`.
    pub total: i64,
    /// ISO 4217 code of every price in the order.
    pub currency: String,
    /// The customer's words to the desk, at most 2,000 characters.
    pub note: String,
    /// Rises by one with each change, from 1; `PATCH` repeats the one it saw.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The data of `order.created` and `order.updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OrderData {
    /// The whole order, as REST shows it.
    pub order: Order,
}

/// Something that can be booked: a table, a room, a chair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resource {
    /// The resource's id.
    pub id: ResourceId,
    /// What it is called.
    pub name: String,
    /// What sort of thing it is, such as `table`.
    pub kind: String,
    /// How many people it takes, 1 to 10,000.
    pub capacity: i64,
    /// Rises by one with each change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A resource, as a booking names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceName {
    /// The resource's id.
    pub id: ResourceId,
    /// What it is called now.
    pub name: String,
}

/// One booking of one resource by one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Booking {
    /// The booking's id.
    pub id: BookingId,
    /// Whose booking it is.
    pub customer: Person,
    /// What is booked.
    pub resource: ResourceName,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it is over: the first moment that is free again.
    pub ends_at: Timestamp,
    /// For how many people, 1 to the resource's capacity.
    pub party_size: i64,
    /// Where it stands.
    pub status: BookingStatus,
    /// The customer's words to the desk, at most 2,000 characters.
    pub note: String,
    /// Rises by one with each change, from 1; `PATCH` repeats the one it saw.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The data of `booking.created` and `booking.updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct BookingData {
    /// The whole booking, as REST shows it.
    pub booking: Booking,
}

/// Something that one user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notification {
    /// The notification's id.
    pub id: NotificationId,
    /// What sort of thing it tells, for a page's icon: a word of at most 50 characters.
    pub kind: String,
    /// The headline, at most 200 characters.
    pub title: String,
    /// The text, at most 2,000 characters.
    pub body: String,
    /// A path of the page to go to, such as `/orders/…`; none if there is nowhere to go.
    pub link: Option<String>,
    /// When its user read it.
    pub read_at: Option<Timestamp>,
    /// When it was sent.
    pub created_at: Timestamp,
}

/// The data of `notification.created` and `notification.read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct NotificationData {
    /// The whole notification, as REST shows it.
    pub notification: Notification,
}

/// Who answers in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Handler {
    /// A person, the bot, or nobody yet.
    pub kind: HandlerKind,
    /// The person; only with kind `staff`.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
}

/// How far a chat has come to someone: what they have read of it, or what has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadPosition {
    /// Who.
    pub user_id: UserId,
    /// The newest message of which that is so; it is of all before, too.
    pub message_id: MessageId,
}

/// One conversation with one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chat {
    /// The chat's id.
    pub id: ChatId,
    /// Whose chat it is.
    pub customer: Person,
    /// What it is about, at most 200 characters; may be empty.
    pub subject: String,
    /// Whether it goes on.
    pub status: ChatStatus,
    /// Who answers.
    pub handler: Handler,
    /// The newest message that the customer may see.
    pub last_message: Option<Message>,
    /// How far each participant has read.
    pub read: Vec<ReadPosition>,
    /// How far it has arrived on any device of each participant; never behind `read`. Missing in
    /// events that are older than this field.
    #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<ReadPosition>>", optional))]
    #[serde(default)]
    pub delivered: Vec<ReadPosition>,
    /// Messages that the caller has not read; only over REST, where there is a caller.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<i64>,
    /// Rises by one with each change of subject, status or handler, from 1.
    pub version: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed, messages included.
    pub updated_at: Timestamp,
}

/// The data of `chat.created` and `chat.updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ChatData {
    /// The whole chat, without a caller's `unread`.
    pub chat: Chat,
}

/// The author of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sender {
    /// What they are to the chat.
    pub kind: SenderKind,
    /// Their account, if they have one.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// What they are called.
    pub name: String,
}

/// What a person or bot wrote in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ChatMessage))]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// The chat it stands in.
    pub chat_id: ChatId,
    /// The id that its author's client chose, so that sending again is safe.
    pub client_id: Option<String>,
    /// Who wrote it.
    pub sender: Sender,
    /// The text, at most 4,000 characters; empty once it was deleted.
    pub body: String,
    /// A note that only staff see. Left out when it is none.
    #[cfg_attr(feature = "typescript", ts(as = "Option<bool>", optional))]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// Whether it is still being written.
    pub state: MessageState,
    /// What its reader may choose from: a confirmation that the bot asks for. Left out when there
    /// is nothing to choose.
    #[cfg_attr(
        feature = "typescript",
        ts(as = "Option<Vec<MessageAction>>", optional)
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<MessageAction>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its author last changed it.
    pub edited_at: Option<Timestamp>,
    /// When its author deleted it.
    pub deleted_at: Option<Timestamp>,
}

/// Something that the reader of a message may choose, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageAction {
    /// Names it among the actions of its message.
    pub id: String,
    /// What stands on the button.
    pub label: String,
    /// Whether it was chosen; at most one of a message is.
    pub chosen: bool,
}

/// The data of `message.created` and `message.updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MessageData {
    /// The whole message, as REST shows it.
    pub message: Message,
}

/// The data of `message.delta`: a piece of a message that is still being written.
///
/// The text from `start` on is replaced by `text`. The first delta that a socket gets of a message
/// begins at 0 and holds everything so far; so does one after a pause in reading. A delta of a
/// message that is not `streaming` any more is to be ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DeltaData {
    /// Which message.
    pub message_id: MessageId,
    /// Where the text belongs, in UTF-16 units, as JavaScript counts.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub start: u64,
    /// The text from there on.
    pub text: String,
}

/// The data of `typing.started` and `typing.stopped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TypingData {
    /// Where.
    pub chat_id: ChatId,
    /// Who.
    pub user: Person,
}

/// Someone who has a socket open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Who.
    pub user: crate::WelcomeUser,
    /// Since when at least one of their sockets has been open.
    pub since: Timestamp,
    /// How many sockets they have open.
    pub sockets: usize,
}

/// The data of `presence.online` and `presence.offline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PresenceData {
    /// Who came or went.
    pub presence: Presence,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The objects of this page.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}
