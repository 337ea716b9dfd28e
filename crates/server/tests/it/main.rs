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
#[cfg(target_os = "linux")]
mod bench;
mod bookings;
mod bot;
mod bot_doctor;
mod bot_hostile;
mod bot_many;
mod bot_model;
mod bot_settings;
mod canaries;
mod chat_secrets;
mod chat_socket;
mod chats;
mod commands;
mod configuration;
mod connections;
mod console;
mod descriptions;
mod erasure;
mod explain;
mod floods;
mod harness;
mod hostile;
mod http;
mod isolation;
mod live_orders;
mod matrix;
mod metrics;
mod model_server;
mod notifications;
mod orders_api;
mod recovery;
mod revocation;
mod seats;
mod shutdown;
mod slow_readers;
mod socket;
mod sockets;
mod storm;
mod user_sessions;
mod warnings;
