//! The two tongues of the server. The event socket hears of everything that concerns a person, in
//! `event` frames; the chat socket hears of one chat, in frames that a page of ten lines can use.
//! Start at [`EventFrame::write_as`].

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    Chat, ChatId, ClientFrame, Command, EventFrame, EventId, EventName, FrameError, Message,
    MessageId, Person,
};

/// How the server speaks on a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// `event` frames.
    #[default]
    Events,
    /// `message`, `message_delta`, `typing` and `chat` frames.
    Chat,
}

impl Tongue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Events, Self::Chat];
}

/// What a chat socket is told, beside `welcome`, `reply`, `error`, `heartbeat` and `goodbye`. The
/// frames are written by [`EventFrame::write_as`]; this is their shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChatFrame {
    /// A message was written, or changed: it takes the place of the one with its id.
    Message {
        /// The same on every channel that tells of it.
        id: EventId,
        /// Its place in the chat's channel.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: u64,
        /// The whole message.
        message: Message,
    },
    /// A piece of a message that is still being written.
    MessageDelta {
        /// Which message.
        message_id: MessageId,
        /// Where the text belongs, in UTF-16 units.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        start: u64,
        /// The text from there on.
        text: String,
    },
    /// Someone is writing, or has stopped.
    Typing {
        /// Whether they are writing.
        active: bool,
        /// Where.
        chat_id: ChatId,
        /// Who.
        user: Person,
    },
    /// The chat changed: its subject, status, handler, or how far someone has read or got.
    Chat {
        /// The same on every channel that tells of it.
        id: EventId,
        /// Its place in the chat's channel.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: u64,
        /// The whole chat.
        chat: Box<Chat>,
    },
}

/// What a chat socket understands beside every command of the event socket.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChatCommand {
    /// Write in the chat. With an `id` it is answered by a `reply`.
    Message {
        /// The text.
        body: String,
        /// Chosen by the client: the same one again gives the same message.
        #[cfg_attr(feature = "typescript", ts(optional))]
        #[serde(default)]
        client_id: Option<String>,
    },
    /// Tell that one is writing.
    Typing {
        /// Whether one is writing; yes when it is left out.
        #[cfg_attr(feature = "typescript", ts(as = "Option<bool>", optional))]
        #[serde(default = "yes")]
        active: bool,
    },
}

impl EventFrame<'_> {
    /// Appends the frame's JSON to `out`, in a tongue.
    pub fn write_as(&self, tongue: Tongue, out: &mut String) {
        match tongue {
            Tongue::Events => self.write_to(out),
            Tongue::Chat => self.write_in_chat(out),
        }
    }

    fn write_in_chat(&self, out: &mut String) {
        let word = match self.name {
            EventName::MessageCreated | EventName::MessageUpdated => r#""message""#,
            EventName::MessageDelta => r#""message_delta""#,
            EventName::ChatCreated | EventName::ChatUpdated => r#""chat""#,
            EventName::TypingStarted => r#""typing","active":true"#,
            EventName::TypingStopped => r#""typing","active":false"#,
            EventName::OrderCreated
            | EventName::OrderUpdated
            | EventName::BookingCreated
            | EventName::BookingUpdated
            | EventName::NotificationCreated
            | EventName::NotificationRead
            | EventName::PresenceOnline
            | EventName::PresenceOffline
            | EventName::SessionRevoked
            | EventName::TextErased => return self.write_to(out), // never told in a chat
        };
        let _ = write!(out, r#"{{"type":{word},"#);
        if let (Some(id), Some(offset)) = (self.id, self.offset) {
            let _ = write!(out, r#""id":"{id}","offset":{offset},"#);
        }
        // The data is an encoded JSON object whose fields become the frame's own.
        out.push_str(self.data.get(1..).unwrap_or("}"));
    }
}

impl ClientFrame {
    /// Reads one text frame of a chat socket: every command of the event socket, `message` and
    /// `typing` without a chat.
    ///
    /// # Errors
    /// As [`ClientFrame::parse`]; the error of a text that is not JSON shows a frame that is.
    pub fn parse_in_chat(text: &str) -> Result<Self, FrameError> {
        let is_short = |value: &serde_json::Value| match value["type"].as_str() {
            Some("message") => true,
            Some("typing") => value.get("chat_id").is_none(),
            _ => false,
        };
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) if is_short(&value) => Self::with_id(value, |value| {
                Ok(match ChatCommand::deserialize(value)? {
                    ChatCommand::Message { body, client_id } => Command::Say {
                        body,
                        client_id: client_id.unwrap_or_else(|| MessageId::new().to_string()),
                    },
                    ChatCommand::Typing { active } => Command::Write { active },
                })
            }),
            Ok(_) => Self::parse(text),
            Err(_) => Self::parse(text).map_err(|error| FrameError {
                detail: format!(
                    r#"{}; a message is written as {{"type":"message","body":"hello"}}"#,
                    error.detail
                ),
                ..error
            }),
        }
    }
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelName, ChatId, CommandId, EventId, Timestamp};

    fn chat_frame(name: EventName, offset: Option<u64>, data: &str) -> serde_json::Value {
        let mut out = String::new();
        EventFrame {
            id: offset.map(|_| EventId::new()),
            channel: &ChannelName::chat(ChatId::new()),
            offset,
            name,
            at: Timestamp(0),
            data,
        }
        .write_as(Tongue::Chat, &mut out);
        serde_json::from_str(&out).unwrap()
    }

    #[test]
    fn a_chat_is_told_in_frames_of_its_own() {
        let message = chat_frame(
            EventName::MessageCreated,
            Some(7),
            r#"{"message":{"body":"hi"}}"#,
        );
        assert_eq!(
            (&message["type"], &message["offset"]),
            (&"message".into(), &7.into())
        );
        assert_eq!(message["message"]["body"], "hi");
        let typing = chat_frame(EventName::TypingStopped, None, r#"{"user":{"name":"Ana"}}"#);
        assert_eq!(typing["type"], "typing");
        assert_eq!(typing["active"], false);
        assert_eq!(typing["user"]["name"], "Ana");
        let delta = chat_frame(EventName::MessageDelta, None, r#"{"start":3,"text":"x"}"#);
        assert_eq!(
            (&delta["type"], &delta["start"]),
            (&"message_delta".into(), &3.into())
        );
    }

    #[test]
    fn a_chat_takes_short_frames_and_every_command() {
        let read = |text: &str| ClientFrame::parse_in_chat(text);
        let said = read(r#"{"type":"message","id":1,"body":"hi","client_id":"a"}"#).unwrap();
        assert_eq!(said.id, Some(CommandId::Number(1)));
        let (body, client_id) = ("hi".to_owned(), "a".to_owned());
        assert_eq!(said.command, Command::Say { body, client_id });
        assert_eq!(
            read(r#"{"type":"typing"}"#).unwrap().command,
            Command::Write { active: true }
        );
        assert_eq!(
            read(r#"{"type":"ping"}"#).unwrap().command,
            Command::Ping {}
        );
        let error = read("hello").unwrap_err();
        assert!(
            error
                .detail
                .contains(r#"{"type":"message","body":"hello"}"#),
            "{}",
            error.detail
        );
        let error = read(r#"{"type":"message","text":"hi"}"#).unwrap_err();
        assert!(error.detail.contains("text"), "{}", error.detail);
        assert!(
            ClientFrame::parse(r#"{"type":"message","body":"hi"}"#).is_err(),
            "not on the event socket"
        );
    }
}
