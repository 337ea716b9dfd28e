//! What a client says: JSON text frames with a `type`, and an `id` that the answer repeats.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ChannelName, ChatId, Epoch, EventId, MessageId};

/// Longest `id` of a command, in characters.
pub const COMMAND_ID_MAX_CHARS: usize = 64;

/// One frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFrame {
    /// What the answer repeats; a command without one gets an answer without one.
    pub id: Option<CommandId>,
    /// What is asked.
    pub command: Command,
}

/// What a client asks.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Prove who you are and say where you stopped reading. Answer: `welcome`.
    Connect {
        /// The socket token.
        token: String,
        /// The last position of each channel that was read before.
        #[cfg_attr(
            feature = "typescript",
            ts(as = "Option<crate::typescript::Resume>", optional)
        )]
        #[serde(default)]
        resume: BTreeMap<ChannelName, Position>,
    },
    /// Listen to a channel, from a position or from now. Answer: the channel's position entry.
    /// With a position, a channel that is already subscribed is rewound to it.
    Subscribe {
        /// Which channel.
        channel: ChannelName,
        /// Where to go on from.
        #[cfg_attr(feature = "typescript", ts(optional))]
        #[serde(default)]
        position: Option<Position>,
    },
    /// Stop listening to a channel. Answer: `{}`.
    Unsubscribe {
        /// Which channel.
        channel: ChannelName,
    },
    /// Extend the life of the socket. Answer: `{expires_at}`.
    Refresh {
        /// A fresh socket token of the same session.
        token: String,
    },
    /// Write in a chat. The same `client_id` again gives the same message. Answer: `{message}`.
    SendMessage {
        /// Where.
        chat_id: ChatId,
        /// Chosen by the client, unique among its own messages of the chat.
        client_id: String,
        /// The text.
        body: String,
    },
    /// Tell how far one has read. Answer: `{}`.
    MarkRead {
        /// Where.
        chat_id: ChatId,
        /// The newest message that was read.
        message_id: MessageId,
    },
    /// Tell how far a chat has arrived on a device. What was read counts as arrived. Answer: `{}`.
    MarkDelivered {
        /// Where.
        chat_id: ChatId,
        /// The newest message that has arrived.
        message_id: MessageId,
    },
    /// Tell that one is writing, or has stopped. No answer unless it is refused.
    Typing {
        /// Where.
        chat_id: ChatId,
        /// Whether one is writing.
        active: bool,
    },
    /// Stop an answer that is being written, from any device. Answer: `{message}`.
    StopMessage {
        /// Which message.
        message_id: MessageId,
    },
    /// Choose what the bot offered: a confirmation that it asked for. Answer: `{message}`.
    ChooseAction {
        /// Which message.
        message_id: MessageId,
        /// Which of its actions.
        action_id: String,
    },
    /// Ask whether the server is there. Answer: `{server_time}`.
    Ping {},
    /// Write in the chat of a chat socket: its `message` frame.
    #[serde(skip)]
    Say {
        /// Chosen by the client, or by the server when it was left out.
        client_id: String,
        /// The text.
        body: String,
    },
    /// Tell that one is writing in the chat of a chat socket: its `typing` frame.
    #[serde(skip)]
    Write {
        /// Whether one is writing.
        active: bool,
    },
}

/// A place in a channel that a client resumes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The log's lifetime that the offset belongs to.
    pub epoch: Epoch,
    /// The last offset that was read; 0 for none.
    pub offset: u64,
    /// The event at that offset, so that a restored log is noticed.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
}

/// The `id` of a command: a text or a whole number; the answer repeats it as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum CommandId {
    /// A text of at most [`COMMAND_ID_MAX_CHARS`] characters.
    Text(String),
    /// A whole number.
    Number(i64),
}

/// Why a frame is not a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FrameError {
    /// The frame's id, if that much could be read.
    pub id: Option<CommandId>,
    /// What is wrong, with the values compared.
    pub detail: String,
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// The text is not JSON, not an object, of no known type, or its fields are wrong. The error
    /// never repeats the frame's content beyond its type and field names, because a frame may
    /// hold a token.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        match serde_json::from_str(text) {
            Ok(value) => Self::with_id(value, Command::deserialize),
            Err(error) => Err(FrameError {
                id: None,
                detail: format!(
                    "the frame is not JSON: {:?} error at line {} column {}",
                    error.classify(),
                    error.line(),
                    error.column()
                ),
            }),
        }
    }

    /// Takes the `id` out of a frame and reads the rest as a command.
    pub(crate) fn with_id(
        mut value: serde_json::Value,
        read: impl FnOnce(serde_json::Value) -> Result<Command, serde_json::Error>,
    ) -> Result<Self, FrameError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            id: Option<CommandId>,
        }

        let refuse = |id, detail: String| Err(FrameError { id, detail });
        let Some(object) = value.as_object_mut() else {
            return refuse(None, "the frame is JSON, but not an object".to_owned());
        };
        let id = match object.remove("id") {
            None => None,
            Some(id) => match serde_json::from_value::<Head>(serde_json::json!({ "id": id })) {
                Ok(Head {
                    id: Some(CommandId::Text(text)),
                }) if text.chars().count() > COMMAND_ID_MAX_CHARS => {
                    return refuse(
                        None,
                        format!(
                            "the id has {} characters, at most {COMMAND_ID_MAX_CHARS} are allowed",
                            text.chars().count()
                        ),
                    );
                }
                Ok(head) => head.id,
                Err(_) => {
                    return refuse(
                        None,
                        "the id is neither a text nor a whole number".to_owned(),
                    );
                }
            },
        };
        match object.get("type") {
            Some(serde_json::Value::String(_)) => {}
            Some(_) => return refuse(id, "the frame's `type` is not a text".to_owned()),
            None => return refuse(id, "the frame has no `type`".to_owned()),
        }
        match read(value) {
            Ok(command) => Ok(Self { id, command }),
            Err(error) => refuse(id, scrubbed(&error.to_string())),
        }
    }
}

/// A message of serde without the values it may quote: only words in backticks (our own names,
/// or the unknown name itself cut short) and plain prose survive.
fn scrubbed(message: &str) -> String {
    let without_quotes: String = message
        .split('"')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part } else { "…" })
        .collect();
    without_quotes.chars().take(200).collect()
}

impl Command {
    /// The word in `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Refresh { .. } => "refresh",
            Self::SendMessage { .. } => "send_message",
            Self::MarkRead { .. } => "mark_read",
            Self::MarkDelivered { .. } => "mark_delivered",
            Self::Typing { .. } => "typing",
            Self::StopMessage { .. } => "stop_message",
            Self::ChooseAction { .. } => "choose_action",
            Self::Ping {} => "ping",
            Self::Say { .. } => "message",
            Self::Write { .. } => "typing",
        }
    }
}

/// Never shows a token or what someone wrote.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { resume, .. } => f
                .debug_struct("Connect")
                .field("resume", resume)
                .finish_non_exhaustive(),
            Self::Subscribe { channel, position } => f
                .debug_struct("Subscribe")
                .field("channel", channel)
                .field("position", position)
                .finish(),
            Self::Unsubscribe { channel } => f
                .debug_struct("Unsubscribe")
                .field("channel", channel)
                .finish(),
            Self::Refresh { .. } => f.debug_struct("Refresh").finish_non_exhaustive(),
            Self::SendMessage {
                chat_id, client_id, ..
            } => f
                .debug_struct("SendMessage")
                .field("chat_id", chat_id)
                .field("client_id", client_id)
                .finish_non_exhaustive(),
            Self::MarkRead {
                chat_id,
                message_id,
            } => f
                .debug_struct("MarkRead")
                .field("chat_id", chat_id)
                .field("message_id", message_id)
                .finish(),
            Self::MarkDelivered {
                chat_id,
                message_id,
            } => f
                .debug_struct("MarkDelivered")
                .field("chat_id", chat_id)
                .field("message_id", message_id)
                .finish(),
            Self::Typing { chat_id, active } => f
                .debug_struct("Typing")
                .field("chat_id", chat_id)
                .field("active", active)
                .finish(),
            Self::StopMessage { message_id } => f
                .debug_struct("StopMessage")
                .field("message_id", message_id)
                .finish(),
            Self::ChooseAction {
                message_id,
                action_id,
            } => f
                .debug_struct("ChooseAction")
                .field("message_id", message_id)
                .field("action_id", action_id)
                .finish(),
            Self::Ping {} => f.write_str("Ping"),
            Self::Say { client_id, .. } => f
                .debug_struct("Say")
                .field("client_id", client_id)
                .finish_non_exhaustive(),
            Self::Write { active } => f.debug_struct("Write").field("active", active).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_with_its_id_as_it_came() {
        let frame = ClientFrame::parse(r#"{"type":"ping","id":"7"}"#).unwrap();
        assert_eq!(frame.id, Some(CommandId::Text("7".to_owned())));
        assert_eq!(frame.command, Command::Ping {});
        let frame = ClientFrame::parse(r#"{"id":7,"type":"subscribe","channel":"staff"}"#).unwrap();
        assert_eq!(frame.id, Some(CommandId::Number(7)));
    }

    #[test]
    fn a_fault_is_named_and_the_id_is_kept() {
        let refused = |text: &str| ClientFrame::parse(text).unwrap_err();
        assert!(refused("hello").detail.contains("not JSON"));
        assert!(refused("[1]").detail.contains("not an object"));
        assert!(refused("{}").detail.contains("no `type`"));
        let error = refused(r#"{"type":"subscrbe","id":"3"}"#);
        assert!(error.detail.contains("subscribe"), "{}", error.detail);
        assert_eq!(error.id, Some(CommandId::Text("3".to_owned())));
        assert!(
            refused(r#"{"type":"subscribe"}"#)
                .detail
                .contains("channel")
        );
        assert!(
            refused(r#"{"type":"ping","chanel":"x"}"#)
                .detail
                .contains("chanel")
        );
        assert!(
            refused(r#"{"type":"subscribe","channel":"room:1"}"#)
                .detail
                .contains("room:1")
        );
    }

    #[test]
    fn a_token_is_never_repeated() {
        for text in [
            r#"{"type":"connect","token":"secret","resume":"secret"}"#,
            r#"{"type":"refresh","token":["secret"]}"#,
            r#"{"type":"connect","token":"secret","#,
        ] {
            let error = ClientFrame::parse(text).unwrap_err();
            assert!(!error.detail.contains("secret"), "{}", error.detail);
        }
        let frame = ClientFrame::parse(r#"{"type":"connect","token":"secret"}"#).unwrap();
        assert!(!format!("{frame:?}").contains("secret"));
    }
}
