//! One authenticated connection as the engine sees it: a frame in, effects out. No I/O, and time
//! is an argument, so a test needs no server.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::sync::Arc;

use protocol::{
    ChannelName, ChatId, ClientFrame, CloseCode, Command, CommandId, ConnectionId, ErrorCode,
    ErrorFrame, FrameError, Goodbye, Position, PositionEntry, Problem, ServerFrame, SessionId,
    Tongue, UserId, WelcomeUser,
};

use crate::channel::ChannelIndex;
use crate::pages::Page;
use crate::{Begin, Limits, Now, Token};

/// What a client's frame brings about. The shard performs it.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a frame.
    Send(ServerFrame),
    /// Ask who this is.
    Authenticate {
        token: Token,
        resume: std::collections::BTreeMap<ChannelName, Position>,
    },
    /// Ask whether the connection may live on.
    Refresh { token: Token },
    /// Ask whether the channel may be read.
    Authorize { channel: ChannelName },
    /// Have a command done by the world outside.
    Outside { command: Command },
    /// Leave a channel and answer.
    Leave {
        id: Option<CommandId>,
        channel: ChannelName,
    },
    /// Close the connection.
    Close(Goodbye),
}

/// Where a connection is in its life.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Sends everything back.
    Echo,
    /// Has not sent a token.
    Waiting,
    /// Its token is being checked.
    Authenticating,
    /// Admitted; its channels are being joined. Boxed, because most connections are past it.
    Joining(Box<Welcoming>),
    /// Open.
    Open,
    /// A close frame was sent, or is on its way.
    Closing,
}

/// A welcome that waits for its entries.
#[derive(Debug)]
pub(crate) struct Welcoming {
    pub(crate) expires_at: protocol::Timestamp,
    /// When the connection must go unless it is refreshed; on the monotonic clock.
    pub(crate) expires_ms: u64,
    pub(crate) entries: Vec<PositionEntry>,
    pub(crate) missing: usize,
    pub(crate) denied: Vec<crate::DeniedChannel>,
    pub(crate) chat: Option<Box<crate::ChatOpening>>,
    pub(crate) shows_presence: bool,
}

/// Whose connection it is.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// Set when the connection is admitted, and counted in the census then.
    pub(crate) welcome: Option<WelcomeUser>,
}

/// One client's interest in one channel.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) channel: ChannelIndex,
    pub(crate) automatic: bool,
    pub(crate) place: Place,
}

/// How far a subscription is.
#[derive(Debug)]
pub(crate) enum Place {
    /// Its position is being looked up. Boxed, because most subscriptions are past it.
    Joining(Box<Joining>),
    /// Between its position and now. `page` goes on after `sent` and is written next.
    Behind {
        sent: u64,
        reading: bool,
        page: Option<Arc<Page>>,
    },
    /// At this place among the channel's subscribers.
    Live { at: u32 },
}

/// A position that is being looked up.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) begin: Begin,
    /// The log has been asked what it has there.
    pub(crate) asked: bool,
}

/// The command whose answer is awaited.
#[derive(Debug)]
pub(crate) struct UnderWay {
    pub(crate) id: Option<CommandId>,
    pub(crate) what: Awaited,
}

/// What is awaited.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// The policy's word, then the channel's entry.
    Subscribe {
        channel: ChannelName,
        position: Option<Position>,
    },
    /// The channel's entry.
    Entry { channel: ChannelName },
    /// The verdict on a fresh token.
    Refresh,
    /// The answer to a command that the world outside does.
    Outside,
}

/// What a chat socket is about.
#[derive(Debug)]
pub(crate) struct ChatSide {
    /// The chat as the path named it.
    pub(crate) asked: Box<str>,
    /// The chat it is; known once the connection is admitted.
    pub(crate) chat: Option<ChatId>,
}

pub(crate) struct Client {
    pub(crate) connection: ConnectionId,
    pub(crate) address: IpAddr,
    /// Only on a chat socket.
    pub(crate) chat: Option<Box<ChatSide>>,
    pub(crate) attached_ms: u64,
    pub(crate) phase: Phase,
    pub(crate) account: Option<Box<Account>>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) under_way: Option<Box<UnderWay>>,
    waiting: VecDeque<ClientFrame>,
    bucket: Bucket,
    rate_refusals: u32,
    bad_frames: u32,
    /// When the phase must have ended, or the token is over for good; on the monotonic clock.
    pub(crate) deadline_ms: u64,
    /// When the next ping is due.
    pub(crate) ping_ms: u64,
    /// A ping was sent and nothing has been heard since.
    pub(crate) unheard: bool,
    /// When the last pong came, on the monotonic clock.
    pub(crate) pong_ms: Option<NonZeroU64>,
    /// It got its welcome.
    pub(crate) welcomed: bool,
    /// The peer has said that it goes.
    pub(crate) peer_closed: bool,
    /// Why it ended; told once, when the connection goes.
    pub(crate) farewell: Option<Box<(u16, Arc<str>)>>,
}

impl Client {
    pub(crate) fn new(
        connection: ConnectionId,
        address: IpAddr,
        phase: Phase,
        deadline_ms: u64,
        now: Now,
    ) -> Self {
        Self {
            connection,
            address,
            chat: None,
            welcomed: false,
            attached_ms: now.monotonic_ms,
            phase,
            account: None,
            subscriptions: Vec::new(),
            under_way: None,
            waiting: VecDeque::new(),
            bucket: Bucket::default(),
            rate_refusals: 0,
            bad_frames: 0,
            deadline_ms,
            ping_ms: u64::MAX,
            unheard: false,
            pong_ms: None,
            peer_closed: false,
            farewell: None,
        }
    }

    /// Takes a text frame that was read.
    pub(crate) fn receive(
        &mut self,
        frame: Result<ClientFrame, FrameError>,
        now: Now,
        limits: &Limits,
    ) -> Option<Effect> {
        match self.phase {
            Phase::Echo | Phase::Closing => return None,
            Phase::Waiting | Phase::Authenticating | Phase::Joining(_) | Phase::Open => {}
        }
        let id = match &frame {
            Ok(frame) => frame.id.clone(),
            Err(error) => error.id.clone(),
        };
        if let ControlFlow::Break(effect) = self.check_rate(id, now, limits) {
            return Some(effect);
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Some(self.bad_frame(error, limits)),
        };
        if matches!(self.phase, Phase::Waiting) {
            return Some(self.first_frame(frame, now, limits));
        }
        if matches!(self.phase, Phase::Open) && self.under_way.is_none() {
            return self.apply(frame, now);
        }
        if self.waiting.len() >= limits.commands_waiting_max {
            let waiting = self.waiting.len();
            return Some(refusal(
                frame.id,
                Problem::new(
                    ErrorCode::TooManyCommands,
                    format!("{waiting} commands wait already, at most {waiting} may"),
                ),
            ));
        }
        self.waiting.push_back(frame);
        None
    }

    /// The next command that waited, once the one under way is done.
    pub(crate) fn next(&mut self, now: Now) -> Option<Effect> {
        while self.under_way.is_none() && matches!(self.phase, Phase::Open) {
            let frame = self.waiting.pop_front()?;
            if let Some(effect) = self.apply(frame, now) {
                return Some(effect);
            }
        }
        None
    }

    /// A frame that is no command: named, counted, and the last one closes.
    pub(crate) fn bad_frame(&mut self, error: FrameError, limits: &Limits) -> Effect {
        self.bad_frames += 1;
        if self.bad_frames >= limits.bad_frames_max {
            return Effect::Close(Goodbye::new(
                CloseCode::BadFrame,
                format!(
                    "{} frames were not understood; the last: {}",
                    self.bad_frames, error.detail
                ),
            ));
        }
        refusal(error.id, Problem::new(ErrorCode::BadFrame, error.detail))
    }

    fn first_frame(&mut self, frame: ClientFrame, now: Now, limits: &Limits) -> Effect {
        let name = frame.command.name();
        let Command::Connect { token, resume } = frame.command else {
            return self.bad_frame(
                FrameError {
                    id: frame.id,
                    detail: format!("the first frame must be connect, this one is {name}"),
                },
                limits,
            );
        };
        if resume.len() > limits.subscriptions_max {
            return refusal(
                frame.id,
                Problem::new(
                    ErrorCode::SubscriptionLimit,
                    format!(
                        "resume names {} channels, at most {} are allowed",
                        resume.len(),
                        limits.subscriptions_max
                    ),
                ),
            );
        }
        self.authenticating(now, limits);
        Effect::Authenticate {
            token: Token(token),
            resume,
        }
    }

    /// A token is on its way to whoever checks it.
    pub(crate) fn authenticating(&mut self, now: Now, limits: &Limits) {
        self.phase = Phase::Authenticating;
        self.deadline_ms = now.monotonic_ms + limits.admission_ms;
    }

    fn apply(&mut self, frame: ClientFrame, now: Now) -> Option<Effect> {
        let id = frame.id;
        let command = match self.in_its_chat(frame.command) {
            Ok(command) => command,
            Err(problem) => return Some(refusal(id, problem)),
        };
        match command {
            Command::Say { .. } | Command::Write { .. } => {
                let detail = "only a chat socket knows which chat is meant";
                Some(refusal(id, Problem::new(ErrorCode::BadFrame, detail)))
            }
            Command::Ping {} => {
                let data = serde_json::json!({ "server_time": now.wall });
                Some(Effect::Send(ServerFrame::Reply { id, data }))
            }
            Command::Connect { .. } => Some(refusal(
                id,
                Problem::new(ErrorCode::InvalidRequest, "the connection is open already")
                    .with_fix("Send refresh to extend it, or subscribe with a position to rewind."),
            )),
            Command::Subscribe { channel, position } => {
                self.under_way = Some(Box::new(UnderWay {
                    id,
                    what: Awaited::Subscribe {
                        channel: channel.clone(),
                        position,
                    },
                }));
                Some(Effect::Authorize { channel })
            }
            Command::Unsubscribe { channel } => Some(Effect::Leave { id, channel }),
            command @ (Command::SendMessage { .. }
            | Command::MarkRead { .. }
            | Command::MarkDelivered { .. }
            | Command::Typing { .. }
            | Command::StopMessage { .. }
            | Command::ChooseAction { .. }) => {
                self.under_way = Some(Box::new(UnderWay {
                    id,
                    what: Awaited::Outside,
                }));
                Some(Effect::Outside { command })
            }
            Command::Refresh { token } => {
                self.under_way = Some(Box::new(UnderWay {
                    id,
                    what: Awaited::Refresh,
                }));
                Some(Effect::Refresh {
                    token: Token(token),
                })
            }
        }
    }

    fn check_rate(
        &mut self,
        id: Option<CommandId>,
        now: Now,
        limits: &Limits,
    ) -> ControlFlow<Effect> {
        if self.bucket.take(now.monotonic_ms, limits) {
            self.rate_refusals = 0;
            return ControlFlow::Continue(());
        }
        self.rate_refusals += 1;
        let rate = limits.messages_per_second;
        let detail = format!(
            "more than {rate} messages a second, and {} at once",
            limits.message_burst
        );
        ControlFlow::Break(if self.rate_refusals >= limits.rate_refusals_max {
            Effect::Close(Goodbye {
                code: CloseCode::RateLimited,
                detail,
                retry_after_ms: Some(5_000),
            })
        } else {
            refusal(id, Problem::new(ErrorCode::RateLimited, detail))
        })
    }

    /// Whether a peer's ping may be answered now; pings count as messages.
    pub(crate) fn may_pong(&mut self, now: Now, limits: &Limits) -> bool {
        self.bucket.take(now.monotonic_ms, limits)
    }

    /// How the server speaks to it.
    pub(crate) fn tongue(&self) -> Tongue {
        match self.chat {
            None => Tongue::Events,
            Some(_) => Tongue::Chat,
        }
    }

    /// On a chat socket: puts its chat where none was named, and refuses a command for another.
    fn in_its_chat(&self, command: Command) -> Result<Command, Problem> {
        let Some(chat_id) = self.chat.as_ref().and_then(|side| side.chat) else {
            return Ok(command);
        };
        let own = ChannelName::chat(chat_id);
        let elsewhere = match &command {
            Command::SendMessage { chat_id: other, .. }
            | Command::MarkRead { chat_id: other, .. }
            | Command::MarkDelivered { chat_id: other, .. }
            | Command::Typing { chat_id: other, .. } => ChannelName::chat(*other),
            Command::Subscribe { channel, .. } | Command::Unsubscribe { channel } => {
                channel.clone()
            }
            Command::Connect { .. }
            | Command::Refresh { .. }
            | Command::StopMessage { .. }
            | Command::ChooseAction { .. }
            | Command::Say { .. }
            | Command::Write { .. }
            | Command::Ping {} => own.clone(),
        };
        if elsewhere != own {
            let detail = format!("this socket is for {own}, the command is for {elsewhere}");
            return Err(Problem::new(ErrorCode::InvalidRequest, detail)
                .with_fix("Open a socket for that chat, or use the event socket /api/v1/ws."));
        }
        Ok(match command {
            Command::Say { client_id, body } => Command::SendMessage {
                chat_id,
                client_id,
                body,
            },
            Command::Write { active } => Command::Typing { chat_id, active },
            other => other,
        })
    }

    /// The subscription to a channel.
    pub(crate) fn subscription(&mut self, channel: ChannelIndex) -> Option<&mut Subscription> {
        self.subscriptions
            .iter_mut()
            .find(|subscription| subscription.channel == channel)
    }

    /// When the client must be looked at again.
    pub(crate) fn due_ms(&self) -> u64 {
        self.deadline_ms.min(self.ping_ms)
    }

    /// Remembers why the connection ends; the first reason stays.
    pub(crate) fn ends(&mut self, code: u16, detail: &str) {
        self.farewell
            .get_or_insert_with(|| Box::new((code, detail.into())));
    }

    /// Forgets what no longer matters once a close frame is out.
    pub(crate) fn closing(&mut self, now: Now, limits: &Limits) {
        self.phase = Phase::Closing;
        self.waiting = VecDeque::new();
        self.under_way = None;
        self.ping_ms = u64::MAX;
        self.deadline_ms = now.monotonic_ms + limits.close_ms;
    }
}

/// An error frame from a problem.
pub(crate) fn refusal(id: Option<CommandId>, problem: Problem) -> Effect {
    Effect::Send(ServerFrame::Error(ErrorFrame::from_problem(id, problem)))
}

/// A token bucket: `message_burst` tokens at most, `messages_per_second` new ones each second.
#[derive(Debug, Default)]
struct Bucket {
    /// Thousandths of a token spent and not yet grown back.
    spent_milli: u32,
    at_ms: u64,
}

impl Bucket {
    fn take(&mut self, now_ms: u64, limits: &Limits) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.at_ms);
        self.at_ms = now_ms;
        let grown = elapsed_ms.saturating_mul(u64::from(limits.messages_per_second));
        self.spent_milli = self
            .spent_milli
            .saturating_sub(u32::try_from(grown).unwrap_or(u32::MAX));
        if self.spent_milli + 1_000 > limits.message_burst.saturating_mul(1_000) {
            return false;
        }
        self.spent_milli += 1_000;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Timestamp;

    fn now(monotonic_ms: u64) -> Now {
        Now {
            monotonic_ms,
            wall: Timestamp(0),
        }
    }

    fn open() -> Client {
        let address = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        Client::new(ConnectionId::new(), address, Phase::Open, u64::MAX, now(0))
    }

    fn ping(client: &mut Client, at_ms: u64) -> Option<Effect> {
        client.receive(
            ClientFrame::parse(r#"{"type":"ping","id":1}"#),
            now(at_ms),
            &Limits::default(),
        )
    }

    #[test]
    fn a_burst_is_allowed_then_each_message_is_refused_then_the_connection_closes() {
        let mut client = open();
        let mut refused = 0;
        for message in 0..159 {
            match ping(&mut client, 0) {
                Some(Effect::Send(ServerFrame::Reply { .. })) => assert!(message < 60),
                Some(Effect::Send(ServerFrame::Error(error))) => {
                    assert_eq!(error.code, ErrorCode::RateLimited);
                    refused += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 99);
        assert!(matches!(
            ping(&mut client, 0),
            Some(Effect::Close(Goodbye {
                code: CloseCode::RateLimited,
                ..
            }))
        ));
    }

    #[test]
    fn twenty_messages_a_second_may_go_on_for_ever() {
        let mut client = open();
        for message in 0..2_000 {
            let effect = ping(&mut client, message * 50);
            assert!(
                matches!(effect, Some(Effect::Send(ServerFrame::Reply { .. }))),
                "{message}"
            );
        }
    }

    #[test]
    fn the_tenth_bad_frame_closes() {
        let mut client = open();
        for _ in 0..9 {
            let effect = client.receive(ClientFrame::parse("hello"), now(0), &Limits::default());
            assert!(matches!(effect, Some(Effect::Send(ServerFrame::Error(_)))));
        }
        let effect = client.receive(ClientFrame::parse("hello"), now(0), &Limits::default());
        assert!(matches!(
            effect,
            Some(Effect::Close(Goodbye {
                code: CloseCode::BadFrame,
                ..
            }))
        ));
    }

    #[test]
    fn one_command_is_under_way_and_sixteen_wait() {
        let mut client = open();
        let subscribe = || ClientFrame::parse(r#"{"type":"subscribe","channel":"staff"}"#);
        let limits = Limits::default();
        assert!(matches!(
            client.receive(subscribe(), now(0), &limits),
            Some(Effect::Authorize { .. })
        ));
        for _ in 0..16 {
            assert!(client.receive(subscribe(), now(0), &limits).is_none());
        }
        match client.receive(subscribe(), now(0), &limits) {
            Some(Effect::Send(ServerFrame::Error(error))) => {
                assert_eq!(error.code, ErrorCode::TooManyCommands);
            }
            other => panic!("{other:?}"),
        }
        client.under_way = None;
        assert!(matches!(
            client.next(now(0)),
            Some(Effect::Authorize { .. })
        ));
    }
}
