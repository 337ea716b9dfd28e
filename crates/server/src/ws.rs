//! Sockets: the paths they live at, and everything a shard needs from the rest of the program.
//! [`upgrade`] hands a socket to a shard; [`shards`] runs the shards; [`connect`] lets a connection
//! in, from [`sessions`] if it can, and [`chat_socket`] finds the chat of one; [`commands`] answers
//! what else they ask; [`transport`] is the socket itself; [`status`] tells how they are, and
//! [`attempts`] what became of each handshake.

mod admission;
pub(crate) mod attempts;
mod chat;
mod chat_socket;
mod commands;
mod connect;
pub(crate) mod presence;
mod sessions;
mod shards;
pub(crate) mod status;
mod transport;
mod typing;
mod upgrade;

pub(crate) use admission::Admissions;
pub(crate) use attempts::Attempts;
pub(crate) use commands::{answer_all, may_read};
pub(crate) use connect::{Door, goodbye, live_user, verify};
pub(crate) use presence::PresenceChanges;
pub(crate) use sessions::{ForgetFirst, Sessions};
pub(crate) use shards::{Sockets, engine, reconcile};
pub(crate) use typing::Typing;
pub(crate) use upgrade::{asks_for_socket, chat_socket, echo_socket, event_socket, unknown_socket};

use transport::Socket;

/// The engine over TCP.
pub(crate) type Engine = engine::Engine<Socket>;

/// The version of the protocol on sockets.
pub(crate) const PROTOCOL_VERSION: u32 = 1;

/// Where the event socket lives.
pub(crate) const EVENT_SOCKET_PATH: &str = "/api/v1/ws";

/// Where the chat sockets live: the chat's id, or `me`, stands in the last place.
pub(crate) const CHAT_SOCKET_PATH: &str = "/ws/chat/{chat_id}";

/// Where the echo socket lives.
pub(crate) const ECHO_SOCKET_PATH: &str = "/ws/echo";
