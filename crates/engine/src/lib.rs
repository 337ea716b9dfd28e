//! The realtime core: shards that own their sockets, channels, recovery.
//! It opens no socket, speaks no HTTP, writes no SQL and reads no clock, so that a test can drive
//! all of it from a seed. It knows no order, no role and no password: to it an event is a channel,
//! a topic, a name and encoded JSON, and a subscription is something the policy, asked outside,
//! has granted.
//! Start at [`Shard::turn`]; [`Engine`] is the handle that others hold.

mod announce;
mod arrival;
mod channel;
mod channels;
mod client;
mod connections;
mod delivery;
mod farewell;
mod growing;
mod histogram;
mod hole;
mod inbox;
mod known_heads;
mod limits;
mod log;
mod memory_log;
mod message;
mod outbox;
mod pages;
mod port;
mod reading;
mod recovery;
mod roster;
mod shard;
mod statistics;
mod wheel;

pub use announce::{Engine, ShardSeat};
pub use growing::Growth;
pub use histogram::{DURATION_BOUNDS_US, Distribution, Histogram};
pub use limits::Limits;
pub use log::{Announce, Event, EventLog, Heads, LogError, LogPage, PageLimits};
pub use memory_log::MemoryLog;
pub use message::{
    Admission, Attach, Begin, ChannelRef, ChatOpening, Closed, ConnectionRef, DeniedChannel,
    HeadAsked, JoinChannel, Message, Opening, Passing, ReadRef, Request, Token,
};
pub use port::{Now, Outside, Transport};
pub use roster::{LiveAsked, LiveConnection, Tell};
pub use shard::{ServerName, Shard, Turn};
pub use statistics::{ShardStatistics, Statistics};
