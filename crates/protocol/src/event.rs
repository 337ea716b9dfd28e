//! Events: what can happen, and under which topic it is told.

use std::fmt;
use std::str::FromStr;

use crate::UnknownWord;

/// Largest offset of a channel: 2^53 - 1, the largest whole number a JSON reader in a browser
/// keeps exact.
pub const OFFSET_MAX: u64 = (1 << 53) - 1;

macro_rules! events {
    ($($variant:ident = $name:literal $topic:ident;)+) => {
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
    OrderCreated = "order.created" Orders;
    OrderUpdated = "order.updated" Orders;
    BookingCreated = "booking.created" Bookings;
    BookingUpdated = "booking.updated" Bookings;
    NotificationCreated = "notification.created" Notifications;
    NotificationRead = "notification.read" Notifications;
    ChatCreated = "chat.created" Messages;
    ChatUpdated = "chat.updated" Messages;
    MessageCreated = "message.created" Messages;
    MessageUpdated = "message.updated" Messages;
    TypingStarted = "typing.started" Messages;
    TypingStopped = "typing.stopped" Messages;
    PresenceOnline = "presence.online" Presence;
    PresenceOffline = "presence.offline" Presence;
    SessionRevoked = "session.revoked" Internal;
    TextErased = "text.erased" Internal;
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
