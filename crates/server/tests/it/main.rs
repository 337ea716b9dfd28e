//! The real program on free ports, with real sockets, on both databases.

mod harness;
mod isolation;
mod live_orders;
mod recovery;
mod revocation;
mod shutdown;
mod socket;
mod sockets;
