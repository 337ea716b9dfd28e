//! Identifiers: UUIDs (RFC 9562) that cannot be swapped for one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Uuid))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, version 7: it sorts by the time it was made, to the millisecond.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "each call gives another id")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

id! {
    /// Someone known to us.
    UserId,
    /// One sign-in of a user: the row behind the cookie.
    SessionId,
    /// Something that can be ordered.
    ItemId,
    /// One order of one customer.
    OrderId,
    /// Something that can be booked.
    ResourceId,
    /// One booking of one resource.
    BookingId,
    /// One notification to one user.
    NotificationId,
    /// One conversation with one customer.
    ChatId,
    /// What a person or bot wrote in a chat.
    MessageId,
    /// One thing that happened; the same on every channel that tells of it.
    EventId,
    /// One WebSocket, from upgrade to close.
    ConnectionId,
    /// One try to connect; chosen by the client, or by the server when the client gave none.
    AttemptId,
    /// One run of one server process.
    BootId,
    /// One lifetime of the event log; lives in the database and survives restarts.
    Epoch,
}
