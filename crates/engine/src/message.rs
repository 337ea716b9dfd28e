//! What shards and the world outside say to each other.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use protocol::{
    ChannelName, Chat, CloseCode, Command, ConnectionId, Epoch, ErrorCode, EventName, Goodbye,
    MessageId, Position, Presence, Problem, SessionId, Timestamp, UserId, WelcomeUser,
};

use crate::growing::Growth;
use crate::{Event, Heads, LiveAsked, LiveConnection, LogError, LogPage, PageLimits, Tell};

/// Names one connection from outside its shard. Slots are used again, generations are not:
/// a reference to a connection that is gone finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionRef {
    /// Which shard.
    pub shard: u16,
    /// Which slot of that shard.
    pub slot: u32,
    /// Which use of that slot.
    pub generation: u32,
}

/// Names one channel of a shard from outside it, as [`ConnectionRef`] names a connection: an answer
/// for a channel that is gone finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelRef {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Names one read of the log, for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRef {
    /// The shard that waits for the answer.
    pub shard: u16,
    pub(crate) channel: ChannelRef,
    /// Which of the reads for those who catch up; none for a read of the channel's own.
    pub(crate) number: Option<u64>,
}

/// A channel whose head is asked for.
#[derive(Clone, Debug)]
pub struct HeadAsked {
    /// Which channel.
    pub channel: ChannelName,
    /// The offset the shard had framed when it asked.
    pub framed: u64,
    pub(crate) place: ChannelRef,
}

/// A secret on its way from a socket to whoever checks it. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// What a shard asks of the world outside.
#[derive(Debug)]
pub enum Request {
    /// Who is this, and what may they read? First [`Message::Registered`], then
    /// [`Message::Admit`], or [`Message::Refuse`].
    Connect {
        /// Who asks.
        from: ConnectionRef,
        /// The same as logs name it.
        connection: ConnectionId,
        /// Where it connects from.
        address: IpAddr,
        /// The token it sent.
        token: Token,
        /// Where it stopped reading.
        resume: BTreeMap<ChannelName, Position>,
        /// The chat that a chat socket asked for, as its path named it.
        chat: Option<Box<str>>,
    },
    /// May the connection live on with this token? [`Message::Extend`] or [`Message::Deny`].
    Refresh {
        /// Who asks.
        from: ConnectionRef,
        /// The account the connection was admitted for.
        user: UserId,
        /// The session it was admitted for.
        session: SessionId,
        /// The token it sent.
        token: Token,
    },
    /// May this account read this channel? [`Message::Grant`] or [`Message::Deny`].
    Authorize {
        /// Who asks.
        from: ConnectionRef,
        /// The account.
        user: UserId,
        /// The channel.
        channel: ChannelName,
    },
    /// Do this for the account. [`Message::Done`] or [`Message::Deny`].
    Command {
        /// Who asks.
        from: ConnectionRef,
        /// The account.
        user: UserId,
        /// The session it was admitted for.
        session: SessionId,
        /// What is asked.
        command: Command,
    },
    /// What follows `after`? [`Message::Page`].
    Page {
        /// Names it.
        read: ReadRef,
        /// Which channel.
        channel: ChannelName,
        /// The offset to begin after.
        after: u64,
        /// How much.
        limits: PageLimits,
    },
    /// How far are these channels? [`Message::Heads`].
    Heads {
        /// Which shard asks.
        shard: u16,
        /// The channels.
        channels: Vec<HeadAsked>,
    },
    /// An account's first socket came, or its last one went. No answer.
    Presence {
        /// Who, and since when.
        presence: Presence,
        /// Whether they came.
        online: bool,
    },
    /// A connection got its welcome. No answer.
    Welcomed(ConnectionId),
    /// A connection ended. No answer.
    Closed(Closed),
}

/// The end of a connection, for logs and statistics.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Which connection.
    pub connection: ConnectionId,
    /// Whose it was, if that was known.
    pub user: Option<UserId>,
    /// Where it connected from.
    pub address: IpAddr,
    /// Whether it ever got a welcome.
    pub welcomed: bool,
    /// The close code; 1006 when the peer went without one.
    pub code: u16,
    /// Why, in words.
    pub detail: String,
    /// How long it lived, in milliseconds.
    pub lived_ms: u64,
}

/// What the world outside tells a shard.
#[derive(Debug)]
pub enum Message<T> {
    /// A new socket.
    Attach(Box<Attach<T>>),
    /// Committed events.
    Events(Arc<[Event]>),
    /// Something passing that is worth telling those who listen now: it has no place in the log.
    Passing(Arc<Passing>),
    /// A token named this account and session. Sent before the session is read, so that a
    /// revocation that comes in between finds the connection.
    Registered {
        /// Which connection.
        to: ConnectionRef,
        /// The account.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// The connection may go on.
    Admit {
        /// Which connection.
        to: ConnectionRef,
        /// As what.
        admission: Box<Admission>,
    },
    /// The connection may not go on.
    Refuse {
        /// Which connection.
        to: ConnectionRef,
        /// Why.
        goodbye: Goodbye,
    },
    /// The connection goes at once, without a word: its address was told too often already.
    Drop {
        /// Which connection.
        to: ConnectionRef,
        /// Why, for the log.
        code: CloseCode,
    },
    /// The connection may live on.
    Extend {
        /// Which connection.
        to: ConnectionRef,
        /// Until when.
        expires_at: Timestamp,
    },
    /// The channel may be read.
    Grant {
        /// Which connection.
        to: ConnectionRef,
    },
    /// The command under way is done.
    Done {
        /// Which connection.
        to: ConnectionRef,
        /// What it answers; nothing for a command that has no answer.
        data: Option<serde_json::Value>,
    },
    /// A piece of a text that grows.
    Growth(Arc<Growth>),
    /// A text that grew has ended: its last state is an event.
    Grown {
        /// Who listened.
        channel: ChannelName,
        /// Which message.
        message: MessageId,
    },
    /// The command under way is refused; the connection goes on.
    Deny {
        /// Which connection.
        to: ConnectionRef,
        /// Why.
        problem: Box<Problem>,
    },
    /// A part of the log.
    Page {
        /// Which read it was.
        read: ReadRef,
        /// What was read.
        result: Result<LogPage, LogError>,
    },
    /// How far channels are.
    Heads {
        /// What was asked, as it was asked.
        asked: Vec<HeadAsked>,
        /// What was read.
        result: Result<Heads, LogError>,
    },
    /// Compare every active channel with the log.
    Reconcile,
    /// Which connections are live?
    Live {
        /// Which of them.
        asked: LiveAsked,
        /// Where they are told.
        tell: Tell<Vec<LiveConnection>>,
    },
    /// Close this connection, if it is here.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        goodbye: Goodbye,
        /// Whose it was is told here, or that there is none.
        tell: Tell<Option<UserId>>,
    },
    /// Close every connection for a restart.
    Drain {
        /// The waits told to the clients are spread over this time, in milliseconds.
        window_ms: u64,
    },
}

/// An event without a place in the log: who is writing, who is online. It may be lost.
#[derive(Debug)]
pub struct Passing {
    /// Who listens.
    pub channel: ChannelName,
    /// What happens.
    pub name: EventName,
    /// When.
    pub at: Timestamp,
    /// The encoded JSON object it carries.
    pub data: String,
}

/// A new socket.
#[derive(Debug)]
pub struct Attach<T> {
    /// The socket, after the `101` was sent.
    pub transport: T,
    /// Names the connection in logs.
    pub connection: ConnectionId,
    /// Where it connects from, behind the proxies that are trusted.
    pub address: IpAddr,
    /// Bytes that arrived behind the handshake.
    pub leftover: Vec<u8>,
    /// How it begins.
    pub opening: Opening,
    /// The chat that a chat socket asks for, as its path names it; none on the event socket.
    pub chat: Option<Box<str>>,
}

/// How a connection begins.
#[derive(Debug)]
pub enum Opening {
    /// The token came with the handshake.
    Token(Token),
    /// The token is to come in the first frame.
    FirstFrame,
    /// Everything is sent back; nobody is asked who it is.
    Echo,
    /// It is told why it may not go on, then closed.
    Refused(Goodbye),
}

/// What a connection is admitted as.
#[derive(Debug)]
pub struct Admission {
    /// The account, for the welcome.
    pub user: WelcomeUser,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// Whether the welcome tells who is online.
    pub shows_presence: bool,
    /// The channels it joins, each with where it stopped reading.
    pub channels: Vec<JoinChannel>,
    /// Channels it asked to resume and may not read.
    pub denied: Vec<DeniedChannel>,
    /// What a chat socket begins with.
    pub chat: Option<Box<ChatOpening>>,
}

/// What a chat socket begins with, read at one moment.
#[derive(Debug)]
pub struct ChatOpening {
    /// The chat.
    pub chat: Chat,
    /// Its newest messages, the oldest first.
    pub messages: Vec<protocol::Message>,
}

/// A channel that a connection joins.
#[derive(Debug, Clone)]
pub struct JoinChannel {
    /// Which channel.
    pub channel: ChannelName,
    /// Where to begin.
    pub begin: Begin,
    /// Joined without being asked for, and not to be left.
    pub automatic: bool,
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the head.
    Now,
    /// After what was read before.
    Position(Position),
    /// After a snapshot that is sent along: nothing was read before, and nothing is missed.
    Snapshot {
        /// The log's lifetime.
        epoch: Epoch,
        /// The head when the snapshot was read.
        offset: u64,
    },
}

/// A channel that a connection asked to resume and may not read.
#[derive(Debug, Clone)]
pub struct DeniedChannel {
    /// Which channel.
    pub channel: ChannelName,
    /// Why: a stable word.
    pub code: ErrorCode,
    /// Why: one sentence.
    pub detail: String,
}
