//! What must survive: accounts, sessions, items, orders, bookings and the event log, on SQLite or
//! PostgreSQL. [`Store::write`] is the only way to change anything: a change and its events are
//! one transaction, and what was committed is announced by the store itself.
//! No rule about who may do what lives here (that is `desk`), and no word of the wire.
//! Start at [`Store::open`], then `writer.rs`.

mod backup;
mod bookings;
mod bot;
mod bot_answers;
mod bot_choice;
mod broadcasts;
mod chat_changes;
mod chat_positions;
mod chats;
mod checkpoints;
mod compact;
mod database;
mod erase;
mod erase_user;
mod erased_person;
mod error;
mod event_log;
mod export;
mod items;
mod lock;
mod messages;
mod notices;
mod notifications;
mod once;
mod open;
mod order_lines;
mod orders;
mod page;
mod prune;
mod queue;
mod resources;
mod restore;
mod sessions;
mod setup;
mod sqlite_writer;
mod statistics;
mod store;
mod transaction;
mod users;
mod writer;

pub use backup::{Contents, CopyError, back_up};
pub use bookings::{BookingFilter, ChangeBooking, CreateBooking};
pub use bot::{BotOwner, BotWork, LeaveChat, TakeBotWork, TakenBotWork};
pub use bot_answers::{AnswerEnd, BeginAnswer, EndAnswer, KeepAnswer, StopAnswer};
pub use bot_choice::{BotOffer, ChooseAction, Chosen};
pub use broadcasts::{DeliverBroadcast, SendToRole};
pub use chat_changes::ChangeChat;
pub use chat_positions::{MarkDelivered, MarkRead};
pub use chats::{BeginChat, ChatFilter, ChatState, NewHandler, chat_closed};
pub use erase_user::ErasedUser;
pub use error::{Fault, OpenError, ReadError, WriteError, WriteFailure};
pub use event_log::EventLogReader;
pub use export::{MessagesWritten, StoredSession};
pub use items::{ChangeItem, CreateItem};
pub use messages::{DeleteMessage, EditMessage, WriteMessage};
pub use notifications::{NewNotification, ReadNotification, SendNotification};
pub use once::OnceKey;
pub use open::StoreConfig;
pub use order_lines::NewLine;
pub use orders::{ChangeOrder, OrderFilter, PlaceOrder};
pub use page::PageRequest;
pub use prune::Pruned;
pub use resources::{ChangeResource, CreateResource};
pub use restore::{BeginNewLog, Restored, restore};
pub use sessions::{CreateSession, EndSession, LiveSession, SessionState, TouchSession};
pub use setup::{OfferSetup, Setup};
pub use statistics::Statistics;
pub use store::Store;
pub use transaction::{Transaction, Write};
pub use users::{
    ChangeUser, ChangeUserLocally, CreateUser, Credentials, SetPassword, UpgradePasswordHash,
};
