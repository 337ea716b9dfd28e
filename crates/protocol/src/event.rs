//! Events: what can happen, and under which topic it is told.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;

/// Largest offset of a channel: 2^53 - 1, the largest whole number a JSON reader in a browser
/// keeps exact.
pub const OFFSET_MAX: u64 = (1 << 53) - 1;

macro_rules! events {
    (@kept) => { true };
    (@passing) => { false };
    ($($variant:ident = $name:literal $topic:ident $kept:ident $data:ident;)+) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventName {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl EventName {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as it stands in an event frame.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The topic that a page listens to.
            #[must_use]
            pub const fn topic(self) -> Topic {
                match self { $(Self::$variant => Topic::$topic,)+ }
            }

            /// Whether the log keeps it. What it does not keep has neither id nor offset, and may
            /// be lost.
            #[must_use]
            pub const fn is_kept(self) -> bool {
                match self { $(Self::$variant => events!(@$kept),)+ }
            }

            /// The name of the type of its data.
            #[cfg(feature = "typescript")]
            pub(crate) const fn data_type(self) -> &'static str {
                match self { $(Self::$variant => stringify!($data),)+ }
            }

            /// The schema of its data.
            #[cfg(feature = "schema")]
            pub(crate) fn data_schema(
                self,
                generator: &mut schemars::SchemaGenerator,
            ) -> schemars::Schema {
                match self { $(Self::$variant => generator.subschema_for::<crate::$data>(),)+ }
            }
        }

        impl FromStr for EventName {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    other => Err(UnknownWord {
                        found: other.to_owned(),
                        allowed: concat!($($name, " "),+),
                    }),
                }
            }
        }
    };
}

events! {
    OrderCreated = "order.created" Orders kept OrderData;
    OrderUpdated = "order.updated" Orders kept OrderData;
    BookingCreated = "booking.created" Bookings kept BookingData;
    BookingUpdated = "booking.updated" Bookings kept BookingData;
    NotificationCreated = "notification.created" Notifications kept NotificationData;
    NotificationRead = "notification.read" Notifications kept NotificationData;
    ChatCreated = "chat.created" Messages kept ChatData;
    ChatUpdated = "chat.updated" Messages kept ChatData;
    MessageCreated = "message.created" Messages kept MessageData;
    MessageUpdated = "message.updated" Messages kept MessageData;
    MessageDelta = "message.delta" Messages passing DeltaData;
    TypingStarted = "typing.started" Messages passing TypingData;
    TypingStopped = "typing.stopped" Messages passing TypingData;
    PresenceOnline = "presence.online" Presence passing PresenceData;
    PresenceOffline = "presence.offline" Presence passing PresenceData;
    SessionRevoked = "session.revoked" Internal kept Revocation;
    TextErased = "text.erased" Internal kept Erasure;
}

/// What a group of events is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Orders placed and changed.
    Orders,
    /// Bookings asked for and changed.
    Bookings,
    /// What one user should know.
    Notifications,
    /// Chats, what is written in them, and who is writing.
    Messages,
    /// Who is online.
    Presence,
    /// For the server's own ears; never sent to a client.
    Internal,
}

impl Topic {
    /// The word as it stands in an event frame.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Bookings => "bookings",
            Self::Notifications => "notifications",
            Self::Messages => "messages",
            Self::Presence => "presence",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
