//! What a `reply` carries, by the command that it answers.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The data of the reply to a `refresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Refreshed {
    /// When the new token ends.
    pub expires_at: Timestamp,
}

/// The data of the reply to a `ping`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}

/// The data of a reply that says no more than that it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Done {}

/// Names each command that is answered by a `reply`, and the type of its data. `connect` is
/// answered by `welcome`, `typing` by nothing.
macro_rules! answers {
    ($($command:literal = $data:ident;)+) => {
        /// The commands that a `reply` answers.
        pub const ANSWERED_COMMANDS: &[&str] = &[$($command),+];

        /// The name of the type of the data that answers a command.
        #[cfg(feature = "typescript")]
        pub(crate) fn answer_types() -> Vec<(&'static str, &'static str)> {
            vec![$(($command, stringify!($data))),+]
        }

        /// The schemas of the data that answers each command.
        #[cfg(feature = "schema")]
        pub(crate) fn answer_schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(&'static str, schemars::Schema)> {
            vec![$(($command, generator.subschema_for::<crate::$data>())),+]
        }
    };
}

answers! {
    "subscribe" = PositionEntry;
    "unsubscribe" = Done;
    "refresh" = Refreshed;
    "send_message" = MessageData;
    "mark_read" = Done;
    "mark_delivered" = Done;
    "stop_message" = MessageData;
    "choose_action" = MessageData;
    "ping" = Pong;
}
