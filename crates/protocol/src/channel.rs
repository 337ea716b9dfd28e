//! Names of channels: `staff`, or `kind:id` as in `user:0190…` and `chat:0190…`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ChatId, UserId};

/// Longest channel name we accept, in bytes.
pub const CHANNEL_NAME_MAX_BYTES: usize = 64;

/// A named, ordered stream of events. Cheap to clone: the text is shared.
///
/// Invariant: the text is one of the forms of [`ChannelKind`], ids in lower case with hyphens,
/// so that equal channels have equal names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct ChannelName(Arc<str>);

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// `user:{id}`: everything that concerns one person.
    User(UserId),
    /// `staff`: everything that concerns the desk.
    Staff,
    /// `chat:{id}`: one conversation.
    Chat(ChatId),
    /// `internal:revocations`: which sessions ended. No client ever reads it.
    Revocations,
}

/// Why a text is not the name of a channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelNameError {
    /// Longer than [`CHANNEL_NAME_MAX_BYTES`].
    #[error("a channel name of {0} bytes, at most {CHANNEL_NAME_MAX_BYTES} are allowed")]
    TooLong(usize),
    /// Not one of the known forms.
    #[error("`{0}` is not a channel; they are called staff, user:<id> and chat:<id>")]
    Unknown(String),
}

impl ChannelName {
    /// The channel of one person.
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self(format!("user:{id}").into())
    }

    /// The channel of one conversation.
    #[must_use]
    pub fn chat(id: ChatId) -> Self {
        Self(format!("chat:{id}").into())
    }

    /// The channel of the desk.
    #[must_use]
    pub fn staff() -> Self {
        Self("staff".into())
    }

    /// The channel on which ended sessions are told to every node.
    #[must_use]
    pub fn revocations() -> Self {
        Self("internal:revocations".into())
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the channel is for.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        parse(&self.0).expect("the text was checked when the name was made")
    }

    /// A name that a stored row holds. Unlike [`FromStr`] it knows the internal channels.
    ///
    /// # Errors
    /// The text is not a channel of any kind.
    pub fn from_stored(text: &str) -> Result<Self, ChannelNameError> {
        match parse(text) {
            Some(_) => Ok(Self(text.into())),
            None => Err(ChannelNameError::Unknown(text.to_owned())),
        }
    }
}

fn parse(text: &str) -> Option<ChannelKind> {
    match text.split_once(':') {
        None if text == "staff" => Some(ChannelKind::Staff),
        Some(("user", id)) => id.parse().ok().map(ChannelKind::User),
        Some(("chat", id)) => id.parse().ok().map(ChannelKind::Chat),
        Some(("internal", "revocations")) => Some(ChannelKind::Revocations),
        Some(_) | None => None,
    }
}

impl FromStr for ChannelName {
    type Err = ChannelNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > CHANNEL_NAME_MAX_BYTES {
            return Err(ChannelNameError::TooLong(text.len()));
        }
        match parse(text) {
            Some(ChannelKind::User(id)) => Ok(Self::user(id)),
            Some(ChannelKind::Chat(id)) => Ok(Self::chat(id)),
            Some(ChannelKind::Staff) => Ok(Self::staff()),
            Some(ChannelKind::Revocations) | None => {
                Err(ChannelNameError::Unknown(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelName({})", self.0)
    }
}

impl Serialize for ChannelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ChannelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_channels_have_equal_names() {
        let id = UserId::new();
        let shouted: ChannelName = format!("user:{}", id.to_string().to_uppercase())
            .parse()
            .unwrap();
        assert_eq!(shouted, ChannelName::user(id));
        assert_eq!(shouted.kind(), ChannelKind::User(id));
    }

    #[test]
    fn a_client_cannot_name_an_internal_channel() {
        for text in [
            "internal:revocations",
            "",
            "user:",
            "user:42",
            "room:1",
            "staff:1",
        ] {
            assert!(text.parse::<ChannelName>().is_err(), "{text}");
        }
        assert!(ChannelName::from_stored("internal:revocations").is_ok());
        assert!("x".repeat(65).parse::<ChannelName>().is_err());
    }
}
