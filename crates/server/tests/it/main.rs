//! The real program on free ports, with real sockets, on both databases.

#![expect(clippy::unwrap_used, reason = "this is what tests do")]

mod accounts;
mod admin;
mod attempts;
mod backup;
mod bookings;
mod chat_secrets;
mod chats;
mod commands;
mod descriptions;
mod erasure;
mod harness;
mod http;
mod hostile;
mod isolation;
mod live_orders;
mod matrix;
mod canaries;
mod notifications;
mod orders_api;
mod recovery;
mod revocation;
mod shutdown;
mod socket;
mod sockets;
