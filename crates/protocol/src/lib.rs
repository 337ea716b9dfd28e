//! What is said on the wire, and nothing else: plain types that are parsed and printed.
//! No I/O, no clock, no rule about who may do what (that is `desk`).
//! Start at [`command`] for what a client says and at [`push`] for what the server says.

mod answer;
mod channel;
mod close_code;
mod command;
mod error_code;
mod event;
mod examples;
mod id;
mod object;
mod problem;
mod push;
mod revocation;
#[cfg(feature = "schema")]
pub mod schema;
mod time;
mod tongue;
#[cfg(feature = "typescript")]
mod typescript;
mod words;

pub use answer::{ANSWERED_COMMANDS, Done, Pong, Refreshed};
pub use channel::{CHANNEL_NAME_MAX_BYTES, ChannelKind, ChannelName, ChannelNameError};
pub use close_code::{CLOSE_REASON_MAX_BYTES, CloseCode, Retry};
pub use command::{COMMAND_ID_MAX_CHARS, ClientFrame, Command, CommandId, FrameError, Position};
pub use error_code::ErrorCode;
pub use event::{EventName, OFFSET_MAX, Topic};
pub use examples::{Direction, Example, examples};
pub use id::{
    AttemptId, BookingId, BootId, ChatId, ConnectionId, Epoch, EventId, ItemId, MessageId,
    NotificationId, OrderId, ResourceId, SessionId, UserId,
};
pub use object::{
    Booking, BookingData, Chat, ChatData, DeltaData, Handler, Item, Message, MessageAction,
    MessageData, Notification, NotificationData, Order, OrderData, OrderLine, Page, Person,
    Presence, PresenceData, ReadPosition, Resource, ResourceName, Sender, Session, TypingData,
    User,
};
pub use problem::{FieldError, Problem, pointer_escape};
pub use push::{
    ErrorFrame, EventFrame, GapRange, Goodbye, Limits, Outcome, PositionEntry, ServerFrame,
    Welcome, WelcomeUser,
};
pub use revocation::{Erasure, Revocation, RevokedSessions};
pub use time::{Timestamp, TimestampError};
pub use tongue::{ChatCommand, ChatFrame, Tongue};
#[cfg(feature = "typescript")]
pub use typescript::typescript;
pub use words::{
    BookingStatus, ChatStatus, HandlerKind, MessageState, OrderStatus, Role, SenderKind,
    UnknownWord,
};
