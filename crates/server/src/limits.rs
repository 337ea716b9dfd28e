//! Bounds of the HTTP side: sizes, counts and waits. Those of sockets are in the configuration.

use std::time::Duration;

/// Largest request body, in bytes.
pub(crate) const REQUEST_BODY_MAX_BYTES: usize = 1024 * 1024;

/// Longest path and query together, in bytes.
pub(crate) const URI_MAX_BYTES: usize = 8 * 1024;

/// Largest request line and headers together, in bytes. Beyond it the answer is 431.
pub(crate) const REQUEST_HEAD_MAX_BYTES: usize = 16 * 1024;

/// Most headers of one request. Beyond it the answer is 431.
pub(crate) const HEADERS_MAX: usize = 100;

/// How long the head of a request may take.
pub(crate) const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept open for the next request.
pub(crate) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take nothing of its answer.
pub(crate) const WRITE_PROGRESS_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections that may wait to be accepted; the kernel may allow fewer (net.core.somaxconn). When
/// a network comes back, thousands of clients do in the same second, and one that finds no place
/// tries again only a second later.
pub(crate) const ACCEPT_BACKLOG: u32 = 4_096;

/// How long a body may come to a standstill.
pub(crate) const BODY_PROGRESS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a whole body may take.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Most HTTP connections at once. A socket counts only until its upgrade.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;

/// First and longest pause after a connection could not be accepted, for example because the
/// process has no file descriptor left.
pub(crate) const ACCEPT_PAUSE: (Duration, Duration) =
    (Duration::from_millis(50), Duration::from_secs(1));

/// Deepest nesting of a JSON body.
pub(crate) const JSON_DEPTH_MAX: usize = 32;

/// Objects of a page when the request names no number.
pub(crate) const PAGE_DEFAULT: u32 = 50;

/// Most objects of a page.
pub(crate) const PAGE_MAX: u32 = 200;

/// Most events of a page of `GET /events`.
pub(crate) const EVENTS_PAGE_MAX: u32 = 1_000;

/// Most bytes of event data in a page of `GET /events`; the page ends early.
pub(crate) const EVENTS_PAGE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Longest cursor that is looked at, in bytes.
pub(crate) const CURSOR_MAX_BYTES: usize = 512;

/// Longest `Idempotency-Key`, in characters of visible ASCII.
pub(crate) const IDEMPOTENCY_KEY_MAX_CHARS: usize = 255;

/// Requests that may wait for a password to be hashed. Beyond it the answer is 503.
pub(crate) const PASSWORDS_WAITING_MAX: usize = 64;

/// How long `/readyz` waits for the store.
pub(crate) const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// How old a session's last use may grow before a request writes it down.
pub(crate) const SESSION_TOUCH_INTERVAL_MS: i64 = 5 * 60 * 1000;

/// How long a request waits for that. It goes on either way.
pub(crate) const SESSION_TOUCH_TIMEOUT: Duration = Duration::from_secs(1);

/// What a browser may call itself in the list of sessions, in characters.
pub(crate) const USER_AGENT_MAX_CHARS: usize = 200;

/// Longest `Retry-After` that we name for passing trouble, in seconds.
pub(crate) const RETRY_SOON_SECONDS: u64 = 2;

/// Registrations of one address: so many at once, then one more in each interval.
pub(crate) const REGISTRATIONS: (u32, Duration) = (10, Duration::from_secs(60));

/// Tries of the setup link from one address.
pub(crate) const SETUPS: (u32, Duration) = (60, Duration::from_secs(10));

/// Socket tokens of one user: 30 a minute in the long run, and so many at once that a bad network
/// with many reconnects is no abuse.
pub(crate) const SOCKET_TOKENS: (u32, Duration) = (120, Duration::from_secs(2));

/// Questions of one address about attempts to open a socket: 60 a minute.
pub(crate) const CONNECT_CHECKS: (u32, Duration) = (60, Duration::from_secs(1));

/// Diagnoses of one address: 60 a minute.
pub(crate) const DIAGNOSES: (u32, Duration) = (60, Duration::from_secs(1));

/// Questions of one admin to the bot: 20 a minute. Each may cost the tokens of a model.
pub(crate) const BOT_TRIES: (u32, Duration) = (20, Duration::from_secs(3));

/// Streams of `GET /diagnose/sse` that may be open at once. Beyond it the answer is 503.
pub(crate) const DIAGNOSE_STREAMS_MAX: usize = 32;

/// Largest body of `POST /diagnose/token`, in bytes; a token has 4,096 at most.
pub(crate) const TOKEN_QUESTION_MAX_BYTES: usize = 16 * 1024;

/// Most callers that one rate limit remembers, about 50 bytes each.
pub(crate) const RATE_LIMIT_KEYS_MAX: usize = 20_000;
