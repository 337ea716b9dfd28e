//! What the internal channel carries: sessions that ended and permissions that changed.

use serde::{Deserialize, Serialize};

use crate::{SessionId, UserId};

/// Sockets that must go. The data of an event `session.revoked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Revocation {
    /// Whose sockets.
    pub user: UserId,
    /// Which of them.
    pub sessions: RevokedSessions,
    /// The close code to use, one of [`crate::CloseCode`].
    pub code: u16,
    /// One sentence for the close reason.
    pub detail: String,
}

/// Texts that were erased from the log. The data of an event `text.erased`: whoever keeps frames of
/// these channels in memory forgets them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Erasure {
    /// The channels whose events were rewritten.
    pub channels: Vec<crate::ChannelName>,
}

/// Which of a user's sessions a revocation ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RevokedSessions {
    /// Every one.
    All,
    /// Just this one.
    One(SessionId),
    /// Every one but this.
    AllBut(SessionId),
}

impl RevokedSessions {
    /// Whether `session` is among them.
    #[must_use]
    pub fn contains(&self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::One(ended) => *ended == session,
            Self::AllBut(kept) => *kept != session,
        }
    }
}
