//! The realtime core: shards that own their sockets, channels, recovery.
//! It opens no socket, speaks no HTTP, writes no SQL and reads no clock, so that a test can drive
//! all of it from a seed. It knows no order, no role and no password: to it an event is a channel,
//! a topic, a name and encoded JSON, and a subscription is something the policy, asked outside,
//! has granted.
//! Start at [`Shard::turn`]; [`Engine`] is the handle that others hold.

mod announce;
mod channel;
mod client;
mod connections;
mod delivery;
mod farewell;
mod inbox;
mod limits;
mod log;
mod memory_log;
mod message;
mod outbox;
mod port;
mod reading;
mod recovery;
mod shard;
mod statistics;
mod wheel;

pub use announce::{Engine, ShardSeat};
pub use limits::Limits;
pub use log::{Announce, Event, EventLog, Heads, LogError, LogPage, PageLimits};
pub use memory_log::MemoryLog;
pub use message::{
    Admission, Attach, Closed, ConnectionRef, DeniedChannel, JoinChannel, LogReader, Message,
    Opening, Passing, Request, Token,
};
pub use port::{Now, Outside, Transport};
pub use shard::{ServerName, Shard, Turn};
pub use statistics::Statistics;
