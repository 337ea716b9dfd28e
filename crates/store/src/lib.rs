//! What must survive: accounts, sessions, items, orders and the event log, on SQLite or
//! PostgreSQL. [`Store::write`] is the only way to change anything: a change and its events are
//! one transaction, and what was committed is announced by the store itself.
//! No rule about who may do what lives here (that is `desk`), and no word of the wire.
//! Start at [`Store::open`], then `writer.rs`.

mod chats;
mod database;
mod error;
mod event_log;
mod items;
mod once;
mod open;
mod order_lines;
mod orders;
mod page;
mod prune;
mod queue;
mod sessions;
mod setup;
mod store;
mod transaction;
mod users;
mod writer;

pub use error::{Fault, OpenError, ReadError, WriteError, WriteFailure};
pub use event_log::EventLogReader;
pub use items::{ChangeItem, CreateItem};
pub use once::OnceKey;
pub use open::StoreConfig;
pub use order_lines::NewLine;
pub use orders::{ChangeOrder, OrderFilter, PlaceOrder};
pub use page::PageRequest;
pub use prune::Pruned;
pub use sessions::{CreateSession, EndSession, LiveSession, SessionState, TouchSession};
pub use setup::{OfferSetup, Setup};
pub use store::Store;
pub use transaction::{Transaction, Write};
pub use users::{
    ChangeUser, ChangeUserLocally, CreateUser, Credentials, SetPassword, UpgradePasswordHash,
};
