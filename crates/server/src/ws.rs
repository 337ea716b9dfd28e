//! Sockets: the paths they live at, and everything a shard needs from the rest of the program.
//! [`upgrade`] hands a socket to a shard; [`shards`] runs the shards; [`commands`] answers what
//! they ask; [`transport`] is the socket itself; [`status`] tells how they are, and [`attempts`]
//! what became of each handshake.

mod admission;
pub(crate) mod attempts;
mod chat;
mod commands;
pub(crate) mod presence;
mod shards;
pub(crate) mod status;
mod transport;
mod typing;
mod upgrade;

pub(crate) use admission::Admissions;
pub(crate) use attempts::Attempts;
pub(crate) use commands::{answer_all, goodbye, live_user, may_read, verify};
pub(crate) use presence::PresenceChanges;
pub(crate) use shards::{Sockets, engine, reconcile};
pub(crate) use typing::Typing;
pub(crate) use upgrade::{asks_for_socket, echo_socket, event_socket, unknown_socket};

use transport::Socket;

/// The engine over TCP.
pub(crate) type Engine = engine::Engine<Socket>;

/// The version of the protocol on sockets.
pub(crate) const PROTOCOL_VERSION: u32 = 1;

/// Where the event socket lives.
pub(crate) const EVENT_SOCKET_PATH: &str = "/api/v1/ws";

/// Where the echo socket lives.
pub(crate) const ECHO_SOCKET_PATH: &str = "/ws/echo";
