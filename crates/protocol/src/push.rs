//! What the server says: `welcome`, `event`, `reply`, `error`, `unsubscribed`, `heartbeat`,
//! `goodbye`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    ChannelName, CloseCode, CommandId, ConnectionId, Epoch, ErrorCode, EventId, EventName,
    Presence, Problem, Retry, Timestamp, UserId,
};

/// One frame from the server, other than an event: events are written by
/// [`EventFrame::write_to`], because they are many.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The connection is open: who you are and where each channel goes on from.
    Welcome(Box<Welcome>),
    /// A command was done.
    Reply {
        /// The command's id.
        #[cfg_attr(feature = "typescript", ts(optional))]
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<CommandId>,
        /// What the command answers.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        data: serde_json::Value,
    },
    /// A command, or a frame that is none, was refused. The connection goes on.
    Error(ErrorFrame),
    /// A subscription is over. The connection goes on.
    Unsubscribed {
        /// Which channel.
        channel: ChannelName,
        /// Why: a stable word.
        code: ErrorCode,
        /// Why: one sentence.
        detail: String,
    },
    /// The server is there. A page that has not seen one for two intervals may take the
    /// connection for dead.
    Heartbeat {
        /// The server's clock.
        server_time: Timestamp,
    },
    /// The last frame before a close.
    #[cfg_attr(feature = "schema", schemars(with = "GoodbyeFrame"))]
    Goodbye(#[cfg_attr(feature = "typescript", ts(as = "GoodbyeFrame<'static>"))] Goodbye),
}

/// The first frame of an open connection.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Welcome {
    /// Names this connection in logs and statistics.
    pub connection_id: ConnectionId,
    /// Name and version of the server.
    pub server: String,
    /// Changes when the server process does.
    pub boot_id: String,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Who the token stands for, with today's role.
    pub user: WelcomeUser,
    /// When the token ends; `refresh` before then.
    pub expires_at: Timestamp,
    /// How often the server pings and sends a heartbeat, in seconds.
    pub heartbeat_seconds: u64,
    /// What this server accepts.
    pub limits: Limits,
    /// The automatic channels and those resumed.
    pub channels: Vec<PositionEntry>,
    /// The chat of a chat socket.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<crate::Chat>,
    /// The newest messages of that chat, at most 50, the oldest first.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<crate::Message>>,
    /// Who is online now; only for those who are told when it changes.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Vec<Presence>>,
}

/// The account behind a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WelcomeUser {
    /// The account's id.
    pub id: UserId,
    /// The account's name.
    pub name: String,
    /// The account's role now.
    pub role: crate::Role,
}

/// What a server accepts on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Limits {
    /// Largest message, fragments together, in bytes.
    pub frame_max_bytes: usize,
    /// Messages a second that may come in the long run.
    pub messages_per_second: u32,
    /// Messages that may come at once.
    pub message_burst: u32,
    /// Subscriptions of one socket.
    pub subscriptions_max: usize,
}

/// Where a channel goes on from. Sent before any event of that channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PositionEntry {
    /// Which channel.
    pub channel: ChannelName,
    /// The log's lifetime.
    pub epoch: Epoch,
    /// The next event has the offset after this one.
    pub offset: u64,
    /// The newest offset now; events up to it follow as `event` frames.
    pub head: u64,
    /// How the position was met.
    pub outcome: Outcome,
    /// The missing offsets; only with outcome `gap`.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapRange>,
}

/// How a position was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No position was given: from now on.
    Live,
    /// Everything since the position follows.
    Recovered,
    /// Some of what was missed is no longer kept; the rest follows.
    Gap,
    /// The position is not of this log: take what you show for stale and load it anew.
    Reset,
}

/// Offsets that can no longer be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct GapRange {
    /// The first missing offset.
    pub from: u64,
    /// The last missing offset.
    pub to: u64,
    /// Why they are gone, in one word: `expired`.
    pub why: String,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ErrorFrame {
    /// The command's id.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<CommandId>,
    /// The stable word.
    pub code: ErrorCode,
    /// One sentence with the values compared.
    pub detail: String,
    /// The next step.
    pub fix: String,
}

impl ErrorFrame {
    /// The same problem as a REST answer would tell.
    #[must_use]
    pub fn from_problem(id: Option<CommandId>, problem: Problem) -> Self {
        Self {
            id,
            code: problem.code,
            detail: problem.detail,
            fix: problem.fix,
        }
    }
}

/// Why the connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// The close code that follows.
    pub code: CloseCode,
    /// One sentence, for people. The reason of the close frame is the code's slug and this.
    pub detail: String,
    /// How long to wait before the next try, in milliseconds; unless the code is final.
    pub retry_after_ms: Option<u64>,
}

impl Goodbye {
    /// A goodbye without a wait of its own.
    pub fn new(code: CloseCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after_ms: None,
        }
    }
}

impl Serialize for Goodbye {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        GoodbyeFrame {
            code: self.code.code(),
            reason: self.code.slug(),
            detail: &self.detail,
            fix: self.code.fix(),
            retry: self.code.retry(),
            retry_after_ms: self.retry_after_ms,
        }
        .serialize(serializer)
    }
}

/// Why the connection ends, as it stands on the wire.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(crate) struct GoodbyeFrame<'a> {
    /// The close code that follows.
    #[cfg_attr(feature = "schema", schemars(with = "CloseCode"))]
    #[cfg_attr(feature = "typescript", ts(type = "CloseCode"))]
    code: u16,
    /// The stable word of the code; it begins the reason of the close frame.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CloseSlug"))]
    #[cfg_attr(feature = "typescript", ts(type = "CloseSlug"))]
    reason: &'static str,
    /// One sentence, for people.
    detail: &'a str,
    /// The next step, for a person.
    fix: &'static str,
    /// What a client does next.
    retry: Retry,
    /// How long to wait before the next try, in milliseconds; left out if the code says it all.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// An event as it travels. Borrowed, because it is written straight into a channel's buffer.
#[derive(Clone, Copy, Debug)]
pub struct EventFrame<'a> {
    /// The same on every channel that tells of it; none on an ephemeral event.
    pub id: Option<EventId>,
    /// The channel this copy travels on.
    pub channel: &'a ChannelName,
    /// Its place in the channel; none on an ephemeral event.
    pub offset: Option<u64>,
    /// What happened.
    pub name: EventName,
    /// When.
    pub at: Timestamp,
    /// The encoded JSON object it carries.
    pub data: &'a str,
}

impl EventFrame<'_> {
    /// Appends the frame's JSON to `out`.
    pub fn write_to(&self, out: &mut String) {
        out.push_str(r#"{"type":"event","#);
        self.write_fields(out);
    }

    /// Appends the frame's JSON without its `type`, as `GET /events` lists it.
    pub fn write_item(&self, out: &mut String) {
        out.push('{');
        self.write_fields(out);
    }

    fn write_fields(&self, out: &mut String) {
        // Names, ids and times need no escaping, and writing to a String cannot fail.
        if let Some(id) = self.id {
            let _ = write!(out, r#""id":"{id}","#);
        }
        let _ = write!(out, r#""channel":"{}","#, self.channel);
        if let Some(offset) = self.offset {
            let _ = write!(out, r#""offset":{offset},"#);
        }
        let _ = write!(
            out,
            r#""topic":"{}","event":"{}","at":"{}","data":{}}}"#,
            self.name.topic(),
            self.name,
            self.at,
            self.data
        );
    }
}

impl ServerFrame {
    /// The frame's JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("frames hold only texts, numbers and lists")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_frame_is_valid_json_with_its_fields_in_order() {
        let mut out = String::new();
        EventFrame {
            id: Some(EventId(uuid::Uuid::nil())),
            channel: &ChannelName::staff(),
            offset: Some(42),
            name: EventName::OrderUpdated,
            at: Timestamp(0),
            data: r#"{"order":{}}"#,
        }
        .write_to(&mut out);
        assert_eq!(
            out,
            r#"{"type":"event","id":"00000000-0000-0000-0000-000000000000","channel":"staff","offset":42,"topic":"orders","event":"order.updated","at":"1970-01-01T00:00:00.000Z","data":{"order":{}}}"#
        );
        serde_json::from_str::<serde_json::Value>(&out).unwrap();
    }

    #[test]
    fn a_goodbye_says_what_to_do_next() {
        let frame = ServerFrame::Goodbye(Goodbye {
            code: CloseCode::ServerRestarting,
            detail: "restarting".to_owned(),
            retry_after_ms: Some(1840),
        });
        let json: serde_json::Value = serde_json::from_str(&frame.to_json()).unwrap();
        assert_eq!(json["type"], "goodbye");
        assert_eq!(json["code"], 4001);
        assert_eq!(json["reason"], "server_restarting");
        assert_eq!(json["retry"], "backoff");
        assert_eq!(json["retry_after_ms"], 1840);
    }
}
