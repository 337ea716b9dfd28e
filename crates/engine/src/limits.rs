//! Every bound of the engine, with its unit in its name.

use crate::PageLimits;

/// What a shard allows, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time between two pings of a connection, in milliseconds; an answer must come within the
    /// same time.
    pub heartbeat_ms: u64,
    /// Time a socket without a token has to send one, in milliseconds.
    pub connect_ms: u64,
    /// Time from a token to the welcome, in milliseconds.
    pub admission_ms: u64,
    /// Time a socket stays after its token expired, in milliseconds.
    pub expiry_grace_ms: u64,
    /// Time a peer has to answer a close frame, in milliseconds; then the socket is reset.
    pub close_ms: u64,
    /// Life of an echo socket, in milliseconds.
    pub echo_ms: u64,
    /// Pause before a failed read of the log is tried again, in milliseconds.
    pub log_retry_ms: u64,
    /// Largest message from a client, fragments together, in bytes.
    pub frame_max_bytes: usize,
    /// Most fragments of one message.
    pub fragments_max: usize,
    /// Most bytes that wait for one socket.
    pub outbox_max_bytes: usize,
    /// Most subscriptions of one socket.
    pub subscriptions_max: usize,
    /// Most sockets of one user, over all shards.
    pub per_user_max: usize,
    /// Messages a second that a client may send in the long run.
    pub messages_per_second: u32,
    /// Messages that a client may send at once.
    pub message_burst: u32,
    /// Refusals for rate in a row that close a connection.
    pub rate_refusals_max: u32,
    /// Frames that are no commands, after which a connection is closed.
    pub bad_frames_max: u32,
    /// Commands of one socket that may wait while one is under way.
    pub commands_waiting_max: usize,
    /// Events that may wait in a shard's inbox before they collapse to heads.
    pub inbox_events_max: usize,
    /// How much of the log is read at once.
    pub page: PageLimits,
    /// Most recent events of an active channel kept in memory.
    pub recent_max_events: usize,
    /// Most bytes of them.
    pub recent_max_bytes: usize,
    /// Most bytes of them for each connection that listens besides the first.
    pub recent_bytes_each: usize,
    /// Sockets written to before a shard looks at other work.
    pub fan_out_slice: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            heartbeat_ms: 25_000,
            connect_ms: 5_000,
            admission_ms: 15_000,
            expiry_grace_ms: 20_000,
            close_ms: 5_000,
            echo_ms: 60_000,
            log_retry_ms: 250,
            frame_max_bytes: 65_536,
            fragments_max: 1_024,
            outbox_max_bytes: 1 << 20,
            subscriptions_max: 100,
            per_user_max: 20,
            messages_per_second: 20,
            message_burst: 60,
            rate_refusals_max: 100,
            bad_frames_max: 10,
            commands_waiting_max: 16,
            inbox_events_max: 8_192,
            page: PageLimits {
                events: 256,
                bytes: 128 * 1024,
            },
            recent_max_events: 256,
            recent_max_bytes: 128 * 1024,
            recent_bytes_each: 4 * 1024,
            fan_out_slice: 32,
        }
    }
}
