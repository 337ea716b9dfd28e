//! The words with a fixed set of values. Which may follow which is for `desk` to say.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is not in its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not one of {allowed}")]
pub struct UnknownWord {
    /// What was given.
    pub found: String,
    /// The list, separated by commas.
    pub allowed: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])+ $name:ident, $list:literal { $($(#[$variant_doc:meta])+ $variant:ident = $word:tt),+ $(,)? }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        pub enum $name {
            $($(#[$variant_doc])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in JSON, SQL and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(UnknownWord { found: other.to_owned(), allowed: $list }),
                }
            }
        }
    };
}

words! {
    /// What someone is to the desk. An admin may do all that staff may.
    Role, "customer, staff, admin" {
        /// Buys, books and asks; sees only what is their own.
        Customer = "customer",
        /// Works at the desk; sees every customer's affairs.
        Staff = "staff",
        /// Staff who also manage accounts, items and resources.
        Admin = "admin",
    }
}

words! {
    /// Where an order stands.
    OrderStatus, "placed, accepted, preparing, ready, completed, rejected, cancelled" {
        /// Sent by the customer; nobody at the desk has answered yet.
        Placed = "placed",
        /// The desk has taken it on.
        Accepted = "accepted",
        /// Being made.
        Preparing = "preparing",
        /// Waiting for the customer.
        Ready = "ready",
        /// Handed over; final.
        Completed = "completed",
        /// Refused by the desk; final.
        Rejected = "rejected",
        /// Called off; final.
        Cancelled = "cancelled",
    }
}

words! {
    /// Where a booking stands.
    BookingStatus, "requested, confirmed, arrived, completed, declined, cancelled, no_show" {
        /// Asked for by the customer; nobody at the desk has answered yet.
        Requested = "requested",
        /// The desk expects the customer.
        Confirmed = "confirmed",
        /// The customer is there.
        Arrived = "arrived",
        /// Over; final.
        Completed = "completed",
        /// Refused by the desk; final.
        Declined = "declined",
        /// Called off; final.
        Cancelled = "cancelled",
        /// The customer did not come; final.
        NoShow = "no_show",
    }
}

words! {
    /// Whether a chat goes on.
    ChatStatus, "open, closed" {
        /// Messages may be written.
        Open = "open",
        /// Over, until someone opens it again.
        Closed = "closed",
    }
}

words! {
    /// Who answers in a chat.
    HandlerKind, "none, staff, bot" {
        /// Nobody yet.
        None = "none",
        /// A person.
        Staff = "staff",
        /// The bot.
        Bot = "bot",
    }
}

words! {
    /// What the author of a message is to the chat.
    SenderKind, "customer, staff, bot, system" {
        /// The customer whose chat it is.
        Customer = "customer",
        /// Someone of the desk.
        Staff = "staff",
        /// The bot.
        Bot = "bot",
        /// The server itself.
        System = "system",
    }
}

words! {
    /// Whether a message is still being written.
    MessageState, "complete, streaming, cancelled, failed" {
        /// It is whole.
        Complete = "complete",
        /// It grows.
        Streaming = "streaming",
        /// It was stopped by someone.
        Cancelled = "cancelled",
        /// Its writer failed.
        Failed = "failed",
    }
}
