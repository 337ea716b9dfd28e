//! The real program on free ports, with real sockets, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is what tests do"
)]

mod accounts;
mod admin;
mod attempts;
mod backup;
mod bookings;
mod canaries;
mod chat_secrets;
mod chats;
mod commands;
mod descriptions;
mod erasure;
mod harness;
mod hostile;
mod http;
mod isolation;
mod live_orders;
mod matrix;
mod notifications;
mod orders_api;
mod recovery;
mod revocation;
mod shutdown;
mod socket;
mod sockets;
