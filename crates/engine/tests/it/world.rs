//! A world for shards to live in: sockets in memory that stall, split and break, a log that is
//! late and fails, clocks that jump, and readers that check every frame they get.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use engine::{
    Admission, Announce, Attach, Begin, Engine, Event, JoinChannel, Limits, LogError, MemoryLog,
    Message, Now, Opening, PageLimits, Request, ServerName, Shard, Token, Transport,
};
use protocol::{
    ChannelName, CloseCode, ConnectionId, Epoch, EventId, EventName, Goodbye, Position, Revocation,
    RevokedSessions, Role, SessionId, Timestamp, UserId, WelcomeUser,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// One direction of a connection, and how it behaves.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    /// Most bytes it holds.
    capacity: usize,
    /// Bytes ever written.
    written: u64,
    closed: bool,
    broken: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}

/// The two directions of a connection; the server's end of it is a [`Transport`].
#[derive(Clone)]
pub(crate) struct Wire {
    up: Arc<Mutex<Pipe>>,
    down: Arc<Mutex<Pipe>>,
}

impl Wire {
    fn new(capacity: usize) -> Self {
        let pipe = || {
            Arc::new(Mutex::new(Pipe {
                capacity,
                ..Pipe::default()
            }))
        };
        Self {
            up: pipe(),
            down: pipe(),
        }
    }
}

/// The server's end.
pub(crate) struct Socket {
    wire: Wire,
    chunk: usize,
}

impl Transport for Socket {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut up = self.wire.up.lock().unwrap();
        if up.broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let count = up.bytes.len().min(buffer.len()).min(self.chunk);
        if count == 0 {
            if up.closed {
                return Poll::Ready(Ok(0));
            }
            up.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        for (place, byte) in buffer.iter_mut().zip(up.bytes.drain(..count)) {
            *place = byte;
        }
        Poll::Ready(Ok(count))
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut down = self.wire.down.lock().unwrap();
        if down.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let room = down.capacity.saturating_sub(down.bytes.len());
        let count = bytes.len().min(room);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        down.bytes.extend(&bytes[..count]);
        down.written += count as u64;
        Ok(count)
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut down = self.wire.down.lock().unwrap();
        if down.broken || down.bytes.len() < down.capacity {
            return Poll::Ready(());
        }
        down.writer = Some(context.waker().clone());
        Poll::Pending
    }

    fn finish(&mut self) {
        self.wire.down.lock().unwrap().closed = true;
    }

    fn abort(&mut self) {
        self.wire.down.lock().unwrap().broken = true;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.wire.down.lock().unwrap().closed = true;
        self.wire.up.lock().unwrap().broken = true;
    }
}

/// An account of this world.
#[derive(Clone, Copy)]
struct Person {
    id: UserId,
    role: Role,
    /// Their own chat, which nobody else reads.
    chat: protocol::ChatId,
}

/// A reader: what a page would be, with a memory of where it was.
struct Reader {
    person: usize,
    session: SessionId,
    wire: Wire,
    frames: websocket::Reader,
    read: u64,
    welcomed: bool,
    over: bool,
    /// Next offset expected, by channel. Only channels with an entry have one.
    next: BTreeMap<ChannelName, u64>,
    /// Positions asked for and not yet answered.
    asked: HashMap<ChannelName, Position>,
    /// Bytes that had been written when the shard learned of a revocation.
    revoked_at: Option<u64>,
    rewinding: bool,
    /// The growing texts as this page shows them.
    texts: HashMap<(ChannelName, String), Vec<u16>>,
    /// The channel of a chat socket.
    chat: Option<ChannelName>,
}

/// A text that is being written.
struct Writing {
    channel: ChannelName,
    message: protocol::MessageId,
    text: String,
}

/// What happened last, for whoever has to understand a seed that fails.
#[derive(Clone, Default)]
pub(crate) struct Story(Arc<Mutex<(u64, VecDeque<&'static str>)>>);

impl Story {
    fn add(&self, what: &'static str) {
        let mut story = self.0.lock().unwrap();
        story.0 += 1;
        if story.1.len() == 30 {
            story.1.pop_front();
        }
        story.1.push_back(what);
    }

    /// The end of the story, and the line that replays it.
    pub(crate) fn told(&self, seed: u64) -> String {
        let story = self.0.lock().unwrap();
        let last = Vec::from(story.1.clone()).join(" | ");
        format!(
            "seed {seed} fails at step {steps}; what happened last: {last}\nreplay: \
             FRONTDESK_SEED={seed} FRONTDESK_STEPS={steps} \
             cargo test -p engine --test it every_reader",
            steps = story.0
        )
    }
}

/// A connection whose token is good: who it is, where it stopped reading, and whether it is a chat
/// socket.
type Verified = (
    engine::ConnectionRef,
    UserId,
    SessionId,
    BTreeMap<ChannelName, Position>,
    bool,
);

/// Announcements on their way to a shard.
type Announcement = Arc<[Event]>;

pub(crate) struct World {
    rng: StdRng,
    pub(crate) now: Now,
    log: MemoryLog,
    engine: Engine<Socket>,
    #[expect(clippy::type_complexity, reason = "spelled once")]
    shards: Vec<Shard<Socket, Box<dyn FnMut(Request) + Send>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Answers that still need a second step: the session is read after the registration.
    verified: Vec<Verified>,
    /// Where the snapshot of a chat socket was read.
    snapshots: HashMap<SessionId, u64>,
    late: Vec<Announcement>,
    writing: Vec<Writing>,
    people: Vec<Person>,
    readers: Vec<Reader>,
    ended_sessions: HashSet<SessionId>,
    /// Where each person's page stopped reading: kept over connections.
    memory: Vec<BTreeMap<ChannelName, (u64, Option<EventId>)>>,
    limits: Limits,
    story: Story,
    pub(crate) passed: u64,
    pub(crate) in_chat: u64,
    pub(crate) grown: u64,
    pub(crate) pages: u64,
    pub(crate) delivered: u64,
    pub(crate) gaps: u64,
    pub(crate) resets: u64,
    pub(crate) too_slow: u64,
    pub(crate) revoked: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_per_user_max(seed, 6)
    }

    /// A world in which one person may have so many sockets.
    pub(crate) fn with_per_user_max(seed: u64, per_user_max: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let limits = Limits {
            outbox_max_bytes: 4_096,
            inbox_events_max: 16,
            page: PageLimits {
                events: 7,
                bytes: 2_000,
            },
            recent_max_events: rng.random_range(0..12),
            recent_bytes_each: rng.random_range(0..3_000),
            fan_out_slice: rng.random_range(1..4),
            message_burst: 1_000_000,
            per_user_max,
            ..Limits::default()
        };
        let log = MemoryLog::new(Epoch(fixed(1)), rng.random_range(20..60));
        let now = Now {
            monotonic_ms: 1_000_000,
            wall: Timestamp(1_790_000_000_000),
        };
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (engine, seats) = Engine::new(limits, 2);
        let shards = seats
            .into_iter()
            .map(|seat| {
                let requests = Arc::clone(&requests);
                let name = ServerName {
                    server: "frontdesk/test".into(),
                    boot_id: "boot".into(),
                };
                let outside: Box<dyn FnMut(Request) + Send> =
                    Box::new(move |request| requests.lock().unwrap().push(request));
                Shard::new(seat, name, (log.epoch, 0), outside, now)
            })
            .collect();
        let people: Vec<Person> = (0..6)
            .map(|number| Person {
                id: UserId(fixed(100 + number)),
                chat: protocol::ChatId(fixed(200 + number)),
                role: if number < 2 {
                    Role::Staff
                } else {
                    Role::Customer
                },
            })
            .collect();
        Self {
            rng,
            now,
            memory: vec![BTreeMap::new(); people.len()],
            log,
            engine,
            shards,
            requests,
            verified: Vec::new(),
            snapshots: HashMap::new(),
            late: Vec::new(),
            writing: Vec::new(),
            people,
            readers: Vec::new(),
            ended_sessions: HashSet::new(),
            limits,
            story: Story::default(),
            passed: 0,
            in_chat: 0,
            grown: 0,
            pages: 0,
            delivered: 0,
            gaps: 0,
            resets: 0,
            too_slow: 0,
            revoked: 0,
        }
    }

    /// One thing happens; then everything that was received is checked.
    pub(crate) fn step(&mut self) {
        let (what, happens): (_, fn(&mut Self)) = match self.rng.random_range(0..100) {
            0 => ("something passing", Self::pass_something),
            1..8 => ("a text grows", Self::write_on),
            8..20 => ("a commit", Self::commit),
            20..26 => ("a reader arrives", Self::arrive),
            26..29 => ("a reader vanishes", Self::vanish),
            29..33 => ("a reader says something", Self::say_something),
            33 if self.rng.random_bool(0.3) => ("a revocation", Self::revoke),
            33..37 => ("a late announcement", Self::deliver_late),
            37 => ("a reconciliation", |world| world.engine.reconcile()),
            38..40 => ("time", Self::pass_time),
            40..60 => ("an answer", Self::answer_one),
            60..80 => ("a turn", Self::turn_one),
            _ => ("a reader reads", Self::read_some),
        };
        self.story.add(what);
        happens(self);
    }

    /// Faults end: everything is answered and read. Then every open reader has everything.
    pub(crate) fn settle(&mut self) {
        for _ in 0..400 {
            for announcement in std::mem::take(&mut self.late) {
                self.engine.announce(announcement);
            }
            self.engine.reconcile();
            self.now.monotonic_ms += 300;
            self.turn_all();
            self.answer_all();
            self.turn_all();
            for reader in 0..self.readers.len() {
                self.read(reader, usize::MAX);
            }
        }
        for reader in &self.readers {
            if reader.over || !reader.welcomed {
                continue;
            }
            for writing in &self.writing {
                if reader.next.contains_key(&writing.channel) && !writing.text.is_empty() {
                    let key = (writing.channel.clone(), writing.message.to_string());
                    let whole: Vec<u16> = writing.text.encode_utf16().collect();
                    let seen = reader.texts.get(&key);
                    assert!(
                        seen == Some(&whole),
                        "{key:?}: {} of {} units of a growing text arrived",
                        seen.map_or(0, Vec::len),
                        whole.len()
                    );
                }
            }
            for (channel, next) in &reader.next {
                assert_eq!(
                    *next,
                    self.log.head(channel) + 1,
                    "{channel} did not arrive in full"
                );
            }
        }
        assert_eq!(
            self.engine.statistics().outbox_bytes,
            0,
            "everything was read"
        );
    }

    pub(crate) fn story(&self) -> Story {
        self.story.clone()
    }

    // --- scenes that a test directs -------------------------------------------------------------

    /// So many sockets of one person resume a channel at once, from five places near the oldest
    /// event that is kept; every wire takes everything. Returns how many events that makes.
    pub(crate) fn resume_together(&mut self, channel: &ChannelName, readers: u64) -> u64 {
        let oldest = self.log.head(channel) - self.log.keep_events;
        let mut expected = 0;
        for number in 0..readers {
            let offset = oldest + number % 5;
            expected += self.log.head(channel) - offset;
            self.resume_from(channel, offset, 1 << 20);
        }
        for _ in 0..50 {
            self.turn_all();
            self.answer_all();
        }
        for reader in 0..self.readers.len() {
            self.read(reader, usize::MAX);
        }
        expected
    }

    /// So many events on the first person's channel, told to nobody.
    pub(crate) fn write_quietly(&mut self, events: u64) -> ChannelName {
        let channel = ChannelName::user(self.people[0].id);
        for _ in 0..events {
            let id = EventId(uuid::Uuid::from_u128(self.rng.random()));
            let data = format!(r#"{{"message":{{"text":"{}"}}}}"#, "x".repeat(100)).into();
            let name = EventName::MessageCreated;
            self.log
                .append(id, channel.clone(), name, self.now.wall, data);
        }
        channel
    }

    /// The first person resumes from the oldest offset that is kept, over a wire that holds few
    /// bytes, and does not read.
    pub(crate) fn resume_without_reading(&mut self, channel: &ChannelName) {
        let oldest = self.log.head(channel).saturating_sub(self.log.keep_events);
        self.resume_from(channel, oldest, 1_000);
        for _ in 0..50 {
            self.turn_all();
            self.answer_all();
        }
    }

    /// The first person connects, resuming a channel over a wire that holds so many bytes.
    fn resume_from(&mut self, channel: &ChannelName, offset: u64, wire_bytes: usize) {
        let position = Position {
            epoch: self.log.epoch,
            offset,
            id: None,
        };
        let session = SessionId(uuid::Uuid::from_u128(self.rng.random()));
        let token = format!("{}/{session}", self.people[0].id);
        let resume = BTreeMap::from([(channel.clone(), position)]);
        let frame = serde_json::json!({"type": "connect", "token": token, "resume": resume});
        let wire = Wire::new(wire_bytes);
        send(&wire, &mut self.rng, &frame.to_string());
        self.attach(
            wire,
            0,
            session,
            (HashMap::from([(channel.clone(), position)]), None),
            4_096,
            Opening::FirstFrame,
        );
    }

    /// Reads on the only wire, a little at a time, until nothing comes any more.
    pub(crate) fn read_slowly(&mut self) {
        let mut idle = 0;
        while idle < 20 {
            let before = self.readers[0].read;
            self.read(0, 50);
            self.turn_all();
            self.answer_all();
            idle = if self.readers[0].read == before {
                idle + 1
            } else {
                0
            };
        }
    }

    /// Whether the only reader is still connected.
    pub(crate) fn is_open(&self) -> bool {
        !self.readers[0].over
    }

    /// How many events a channel keeps in this world.
    pub(crate) fn keep_events(&self) -> u64 {
        self.log.keep_events
    }

    // --- what may happen ------------------------------------------------------------------------

    fn commit(&mut self) {
        let person = self.people[self.rng.random_range(0..self.people.len())];
        let id = EventId(uuid::Uuid::from_u128(self.rng.random()));
        let data: Arc<str> = format!(
            r#"{{"message":{{"text":"{}"}}}}"#,
            "x".repeat(self.rng.random_range(0..200))
        )
        .into();
        let mut events = Vec::new();
        for channel in [
            ChannelName::staff(),
            ChannelName::user(person.id),
            ChannelName::chat(person.chat),
        ] {
            if self.rng.random_bool(0.7) {
                let name = EventName::MessageCreated;
                events.push(
                    self.log
                        .append(id, channel, name, self.now.wall, Arc::clone(&data)),
                );
            }
        }
        let events: Announcement = events.into();
        match self.rng.random_range(0..10) {
            0 => {}                         // lost on the way
            1..3 => self.late.push(events), // late, and out of order
            3 => {
                self.engine.announce(Arc::clone(&events));
                self.engine.announce(events); // twice
            }
            _ => self.engine.announce(events),
        }
    }

    fn pass_something(&mut self) {
        let person = self.people[self.rng.random_range(0..self.people.len())];
        let channel = self.some_channel(person);
        let data = format!(r#"{{"for":"{channel}"}}"#);
        let (name, at) = (EventName::TypingStarted, self.now.wall);
        self.engine.tell(engine::Passing {
            channel,
            name,
            at,
            data,
        });
    }

    fn some_channel(&mut self, person: Person) -> ChannelName {
        match self.rng.random_range(0..3) {
            0 => ChannelName::staff(),
            1 => ChannelName::user(person.id),
            _ => ChannelName::chat(person.chat),
        }
    }

    /// Somebody begins to write, writes on, or ends.
    fn write_on(&mut self) {
        if self.writing.len() < 3 && self.rng.random_bool(0.3) {
            let person = self.people[self.rng.random_range(0..self.people.len())];
            let channel = self.some_channel(person);
            self.writing.push(Writing {
                channel,
                message: protocol::MessageId(uuid::Uuid::from_u128(self.rng.random())),
                text: String::new(),
            });
        }
        if self.writing.is_empty() {
            return;
        }
        let at = self.rng.random_range(0..self.writing.len());
        if self.rng.random_bool(0.05) {
            let ended = self.writing.swap_remove(at);
            return self.engine.grown(&ended.channel, ended.message);
        }
        let piece = ["a word ", "ü", "👋 ", "שלום"][self.rng.random_range(0..4)]
            .repeat(self.rng.random_range(1..20));
        let writing = &mut self.writing[at];
        let start = writing.text.encode_utf16().count() as u64;
        writing.text.push_str(&piece);
        self.engine.grow(engine::Growth {
            channel: writing.channel.clone(),
            message: writing.message,
            at: self.now.wall,
            start,
            text: piece,
        });
    }

    fn deliver_late(&mut self) {
        if !self.late.is_empty() {
            let at = self.rng.random_range(0..self.late.len());
            self.engine.announce(self.late.swap_remove(at));
        }
    }

    fn arrive(&mut self) {
        if self.readers.iter().filter(|reader| !reader.over).count() > 24 {
            return;
        }
        self.readers.retain(|reader| !reader.over);
        let person = self.rng.random_range(0..self.people.len());
        let session = SessionId(uuid::Uuid::from_u128(self.rng.random()));
        let wire = Wire::new(self.rng.random_range(200..3_000));
        let token = format!("{}/{session}", self.people[person].id);
        let mut asked = HashMap::new();
        let by_frame = self.rng.random_bool(0.8);
        let in_chat = self.rng.random_bool(0.3);
        let chat = ChannelName::chat(self.people[person].chat);
        if by_frame {
            for (channel, (offset, id)) in self.memory[person].clone() {
                // A chat socket has one channel, and may begin with what its welcome brings.
                if in_chat && (channel != chat || self.rng.random()) {
                    continue;
                }
                asked.insert(channel, self.position(offset, id));
            }
            if !in_chat && self.rng.random_bool(0.05) {
                // A channel it may not read.
                let stranger = self.people[(person + 1) % self.people.len()].id;
                asked.insert(ChannelName::user(stranger), self.position(0, None));
            }
        }
        let opening = if by_frame {
            let resume: BTreeMap<_, _> = asked
                .iter()
                .map(|(channel, at)| (channel.clone(), *at))
                .collect();
            let frame = serde_json::json!({"type": "connect", "token": token, "resume": resume});
            send(&wire, &mut self.rng, &frame.to_string());
            Opening::FirstFrame
        } else {
            Opening::Token(Token(token))
        };
        let chunk = self.rng.random_range(1..100);
        let chat = in_chat.then_some(chat);
        self.attach(wire, person, session, (asked, chat), chunk, opening);
    }

    fn attach(
        &mut self,
        wire: Wire,
        person: usize,
        session: SessionId,
        (asked, chat): (HashMap<ChannelName, Position>, Option<ChannelName>),
        chunk: usize,
        opening: Opening,
    ) {
        self.engine.attach(Attach {
            transport: Socket {
                wire: wire.clone(),
                chunk,
            },
            connection: ConnectionId(uuid::Uuid::from_u128(self.rng.random())),
            address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            leftover: Vec::new(),
            opening,
            chat: chat.as_ref().map(|_| "me".into()),
        });
        self.readers.push(Reader {
            person,
            session,
            wire,
            frames: websocket::Reader::new(websocket::Role::Client),
            read: 0,
            welcomed: false,
            over: false,
            next: BTreeMap::new(),
            asked,
            revoked_at: None,
            rewinding: false,
            texts: HashMap::new(),
            chat,
        });
    }

    /// A position as a client would send it; now and then one from another log.
    fn position(&mut self, offset: u64, id: Option<EventId>) -> Position {
        let mut position = Position {
            epoch: self.log.epoch,
            offset,
            id,
        };
        match self.rng.random_range(0..60) {
            0 => position.epoch = Epoch(fixed(2)),
            1 => position.offset += 1_000_000,
            2 => position.id = Some(EventId(fixed(3))),
            3 => position.offset = self.rng.random_range(0..=offset),
            _ => {}
        }
        if position.offset != offset && position.id == id {
            position.id = None;
        }
        position
    }

    fn vanish(&mut self) {
        let Some(at) = self.some_reader() else { return };
        let abrupt = self.rng.random_bool(0.5);
        let reader = &mut self.readers[at];
        let mut up = reader.wire.up.lock().unwrap();
        if abrupt {
            up.broken = true;
            reader.wire.down.lock().unwrap().broken = true;
        } else {
            up.closed = true;
        }
        up.wake_reader();
        reader.over = true;
    }

    fn say_something(&mut self) {
        let Some(at) = self.some_reader() else { return };
        if !self.readers[at].welcomed {
            return;
        }
        let person = self.people[self.readers[at].person];
        let channel = match self.rng.random_range(0..4) {
            0 => ChannelName::staff(),
            1 => ChannelName::user(person.id),
            2 => ChannelName::chat(person.chat),
            _ => ChannelName::user(self.people[self.rng.random_range(0..self.people.len())].id),
        };
        let text = match self.rng.random_range(0..6) {
            0 => serde_json::json!({"type": "ping", "id": 1}).to_string(),
            1 => serde_json::json!({"type": "unsubscribe", "id": channel, "channel": channel})
                .to_string(),
            2 => serde_json::json!({"type": "subscribe", "id": 3, "channel": channel}).to_string(),
            3 => "{".to_owned(),
            _ => {
                let known = self.readers[at].next.get(&channel).copied();
                let Some(next) = known.filter(|_| !self.readers[at].rewinding) else {
                    return;
                };
                let offset = self.rng.random_range(0..next);
                let position = Position {
                    epoch: self.log.epoch,
                    offset,
                    id: None,
                };
                self.readers[at].rewinding = true;
                self.readers[at].asked.insert(channel.clone(), position);
                serde_json::json!({
                    "type": "subscribe", "id": "rewind", "channel": channel, "position": position
                })
                .to_string()
            }
        };
        let reader = &mut self.readers[at];
        send(&reader.wire, &mut self.rng, &text);
        reader.wire.up.lock().unwrap().wake_reader();
    }

    fn revoke(&mut self) {
        let Some(at) = self.some_reader() else { return };
        let (person, session) = (
            self.people[self.readers[at].person],
            self.readers[at].session,
        );
        self.ended_sessions.insert(session);
        let revocation = Revocation {
            user: person.id,
            sessions: RevokedSessions::One(session),
            code: CloseCode::SessionEnded.code(),
            detail: "logged out".to_owned(),
        };
        if self.rng.random_bool(0.3) {
            self.erase();
        }
        let event = self.log.append(
            EventId(uuid::Uuid::from_u128(self.rng.random())),
            ChannelName::revocations(),
            EventName::SessionRevoked,
            self.now.wall,
            serde_json::to_string(&revocation).unwrap().into(),
        );
        self.engine.announce(Arc::new([event]));
        self.revoked += 1;
        // Both shards take it in; from then on nothing may begin on that connection, unless the
        // announcement collapsed to a head and the log must be read first.
        self.turn_all();
        self.answer_all_of_log();
        self.turn_all();
        for reader in &mut self.readers {
            if reader.session == session && reader.welcomed && reader.revoked_at.is_none() {
                reader.revoked_at = Some(reader.wire.down.lock().unwrap().written);
            }
        }
    }

    /// Frames kept in memory are forgotten; readers must not notice.
    fn erase(&mut self) {
        let channels = vec![ChannelName::staff(), ChannelName::user(self.people[0].id)];
        let event = self.log.append(
            EventId(uuid::Uuid::from_u128(self.rng.random())),
            ChannelName::revocations(),
            EventName::TextErased,
            self.now.wall,
            serde_json::to_string(&protocol::Erasure { channels })
                .unwrap()
                .into(),
        );
        self.engine.announce(Arc::new([event]));
    }

    fn pass_time(&mut self) {
        self.now.monotonic_ms += match self.rng.random_range(0..200) {
            0 => 3_600_000, // the machine slept
            1..6 => self.rng.random_range(0..30_000),
            _ => self.rng.random_range(0..400),
        };
        self.now.wall.0 += match self.rng.random_range(0..50) {
            0 => -3_600_000, // the calendar jumped
            1 => 3_600_000,
            _ => 100,
        };
    }

    fn turn_one(&mut self) {
        let at = self.rng.random_range(0..self.shards.len());
        self.shards[at].turn(self.now);
    }

    fn turn_all(&mut self) {
        for shard in &mut self.shards {
            for _ in 0..100 {
                if !shard.turn(self.now).busy {
                    break;
                }
            }
        }
    }

    // --- the world outside the shards -----------------------------------------------------------

    fn answer_one(&mut self) {
        if !self.verified.is_empty() && self.rng.random_bool(0.5) {
            let at = self.rng.random_range(0..self.verified.len());
            return self.admit(at);
        }
        let mut requests = self.requests.lock().unwrap();
        if requests.is_empty() {
            return;
        }
        let at = self.rng.random_range(0..requests.len());
        let request = requests.swap_remove(at);
        drop(requests);
        let fails = self.rng.random_bool(0.1);
        self.answer(request, fails);
    }

    fn answer_all(&mut self) {
        for _ in 0..100 {
            let requests = std::mem::take(&mut *self.requests.lock().unwrap());
            if requests.is_empty() && self.verified.is_empty() {
                return;
            }
            for request in requests {
                self.answer(request, false);
            }
            while !self.verified.is_empty() {
                self.admit(0);
            }
            self.turn_all();
        }
    }

    fn answer_all_of_log(&mut self) {
        for _ in 0..20 {
            let requests = std::mem::take(&mut *self.requests.lock().unwrap());
            let (log, other): (Vec<_>, Vec<_>) = requests
                .into_iter()
                .partition(|request| matches!(request, Request::Page { .. }));
            self.requests.lock().unwrap().extend(other);
            if log.is_empty() {
                return;
            }
            for request in log {
                self.answer(request, false);
            }
            self.turn_all();
            self.now.monotonic_ms += 300; // what failed before is asked again
            self.turn_all();
        }
    }

    fn answer(&mut self, request: Request, fails: bool) {
        let failure = || LogError("the log is away".to_owned());
        match request {
            Request::Connect {
                from,
                token,
                resume,
                chat,
                ..
            } => {
                let (user, session) = token.0.split_once('/').unwrap();
                let (user, session): (UserId, SessionId) =
                    (user.parse().unwrap(), session.parse().unwrap());
                self.engine.answer(
                    from.shard,
                    Message::Registered {
                        to: from,
                        user,
                        session,
                    },
                );
                let in_chat = chat.is_some();
                self.verified.push((from, user, session, resume, in_chat));
            }
            Request::Refresh { from, .. } => {
                let expires_at = Timestamp(self.now.wall.0 + 300_000);
                self.engine.answer(
                    from.shard,
                    Message::Extend {
                        to: from,
                        expires_at,
                    },
                );
            }
            Request::Authorize {
                from,
                user,
                channel,
            } => {
                let message = if self.may_read(user, &channel) {
                    Message::Grant { to: from }
                } else {
                    let problem = protocol::Problem::new(protocol::ErrorCode::Forbidden, "no");
                    Message::Deny {
                        to: from,
                        problem: Box::new(problem),
                    }
                };
                self.engine.answer(from.shard, message);
            }
            Request::Command { from, .. } => {
                self.engine.answer(
                    from.shard,
                    Message::Done {
                        to: from,
                        data: None,
                    },
                );
            }
            Request::Presence { .. } | Request::Welcomed(_) => {}
            Request::Page {
                read,
                channel,
                after,
                limits,
            } => {
                let page = self.log.page(&channel, after, limits);
                self.pages += 1;
                let result = if fails { Err(failure()) } else { Ok(page) };
                let message = Message::Page { read, result };
                self.engine.answer(read.shard, message);
            }
            Request::Heads { shard, channels } => {
                let names: Vec<_> = channels.iter().map(|asked| asked.channel.clone()).collect();
                let heads = self.log.heads(&names);
                let result = if fails { Err(failure()) } else { Ok(heads) };
                self.engine.answer(
                    shard,
                    Message::Heads {
                        asked: channels,
                        result,
                    },
                );
            }
            Request::Closed(closed) => {
                assert!(closed.code >= 1000, "{closed:?}");
                if closed.code == CloseCode::TooSlow.code() {
                    self.too_slow += 1;
                }
            }
        }
    }

    fn admit(&mut self, at: usize) {
        let (to, user, session, mut resume, in_chat) = self.verified.swap_remove(at);
        if self.ended_sessions.contains(&session) {
            let goodbye = Goodbye::new(CloseCode::SessionEnded, "logged out");
            return self
                .engine
                .answer(to.shard, Message::Refuse { to, goodbye });
        }
        let person = *self.people.iter().find(|person| person.id == user).unwrap();
        let chat = ChannelName::chat(person.chat);
        let snapshot = Begin::Snapshot {
            epoch: self.log.epoch,
            offset: self.log.head(&chat),
        };
        self.snapshots.insert(session, self.log.head(&chat));
        let automatic = match (in_chat, person.role) {
            (true, _) => vec![(chat, snapshot)],
            (false, Role::Staff) => vec![
                (ChannelName::user(user), Begin::Now),
                (ChannelName::staff(), Begin::Now),
            ],
            (false, _) => vec![(ChannelName::user(user), Begin::Now)],
        };
        let mut channels: Vec<JoinChannel> = automatic
            .into_iter()
            .map(|(channel, begin)| JoinChannel {
                begin: resume.remove(&channel).map_or(begin, Begin::Position),
                channel,
                automatic: true,
            })
            .collect();
        let own_chat = ChannelName::chat(person.chat);
        if let Some(position) = resume.remove(&own_chat) {
            channels.push(JoinChannel {
                channel: own_chat,
                begin: Begin::Position(position),
                automatic: false,
            });
        }
        let denied = resume
            .into_keys()
            .map(|channel| engine::DeniedChannel {
                channel,
                code: protocol::ErrorCode::Forbidden,
                detail: "no".to_owned(),
            })
            .collect();
        let admission = Box::new(Admission {
            user: WelcomeUser {
                id: user,
                name: "x".into(),
                role: person.role,
            },
            expires_at: Timestamp(self.now.wall.0 + 300_000),
            shows_presence: false,
            channels,
            denied,
            chat: in_chat.then(|| Box::new(opening_of(person))),
        });
        self.engine
            .answer(to.shard, Message::Admit { to, admission });
    }

    fn may_read(&self, user: UserId, channel: &ChannelName) -> bool {
        let person = self.people.iter().find(|person| person.id == user).unwrap();
        *channel == ChannelName::user(user)
            || *channel == ChannelName::chat(person.chat)
            || (*channel == ChannelName::staff() && person.role == Role::Staff)
    }

    // --- readers --------------------------------------------------------------------------------

    fn some_reader(&mut self) -> Option<usize> {
        let open: Vec<usize> = (0..self.readers.len())
            .filter(|at| !self.readers[*at].over)
            .collect();
        (!open.is_empty()).then(|| open[self.rng.random_range(0..open.len())])
    }

    fn read_some(&mut self) {
        if let Some(at) = self.some_reader() {
            let bytes = self.rng.random_range(1..2_500);
            self.read(at, bytes);
        }
    }

    fn read(&mut self, at: usize, most: usize) {
        let (mut bytes, closed) = {
            let mut down = self.readers[at].wire.down.lock().unwrap();
            let count = down.bytes.len().min(most);
            let bytes: Vec<u8> = down.bytes.drain(..count).collect();
            if count > 0 {
                down.wake_writer();
            }
            (bytes, down.closed && down.bytes.is_empty() || down.broken)
        };
        let before = self.readers[at].read;
        self.readers[at].read += bytes.len() as u64;
        let limits = websocket::Limits {
            message_max_bytes: 1 << 20,
            fragments_max: 1,
        };
        let mut frames = Vec::new();
        let (mut close, mut pinged) = (None, false);
        self.readers[at]
            .frames
            .feed(&limits, &mut bytes, |incoming| {
                match incoming {
                    websocket::Incoming::Text(text) => {
                        frames.push(serde_json::from_str::<Value>(text).unwrap());
                    }
                    websocket::Incoming::Ping(_) => pinged = true,
                    websocket::Incoming::Close(frame) => close = Some(frame.map(|f| f.code)),
                    _ => {}
                }
                ControlFlow::Continue(())
            })
            .expect("the server writes whole, valid frames");
        let mut late_events = 0;
        for frame in frames {
            if frame["type"] == "event" || frame["type"] == "message" {
                late_events += 1;
            }
            self.check(at, &frame);
        }
        // A frame that began before the revocation may end after it: at most one event.
        if let Some(revoked_at) = self.readers[at].revoked_at
            && before >= revoked_at
        {
            assert!(late_events <= 1, "an event after the revocation");
        }
        let reader = &mut self.readers[at];
        if pinged {
            let mut pong = bytes::BytesMut::new();
            websocket::write_masked_frame(&mut pong, websocket::Opcode::Pong, b"", [7; 4]);
            let mut up = reader.wire.up.lock().unwrap();
            up.bytes.extend(pong.iter());
            up.wake_reader();
        }
        if close.is_some() {
            let mut up = reader.wire.up.lock().unwrap();
            up.closed = true; // the page's browser answers and goes
            up.wake_reader();
        }
        if closed || close.is_some() {
            reader.over = true;
        }
    }

    fn check(&mut self, at: usize, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "welcome" => {
                assert!(!self.readers[at].welcomed, "welcomed once");
                let person = self.people[self.readers[at].person];
                assert_eq!(
                    frame["user"]["id"],
                    person.id.to_string(),
                    "another person's socket"
                );
                for entry in frame["channels"].as_array().unwrap() {
                    self.check_entry(at, entry);
                }
                self.readers[at].welcomed = true;
            }
            "reply" if frame["data"].get("outcome").is_some() => {
                if frame["id"] == "rewind" {
                    self.readers[at].rewinding = false;
                    self.check_entry(at, &frame["data"]);
                } else {
                    // Where it stands: nothing changes.
                    let channel: ChannelName =
                        frame["data"]["channel"].as_str().unwrap().parse().unwrap();
                    let offset = frame["data"]["offset"].as_u64().unwrap();
                    match self.readers[at].next.get(&channel) {
                        Some(next) => assert_eq!(*next, offset + 1, "stands elsewhere than told"),
                        None => self.check_entry(at, &frame["data"]),
                    }
                }
            }
            "reply" if frame["data"] == serde_json::json!({}) => {
                let left: ChannelName = frame["id"].as_str().unwrap().parse().unwrap();
                let reader = &mut self.readers[at];
                reader.next.remove(&left).expect("it was subscribed");
                reader.texts.retain(|(channel, _), _| *channel != left);
            }
            "error" if frame["id"] == "rewind" => self.readers[at].rewinding = false,
            "message" => {
                let channel = self.readers[at].chat.clone().expect("a chat socket");
                self.check_event(at, channel, frame, &frame["message"]);
                self.in_chat += 1;
            }
            "message_delta" => {
                let channel = self.readers[at].chat.clone().expect("a chat socket");
                self.check_delta(at, channel, frame);
            }
            "typing" => {
                let channel = self.readers[at].chat.clone().expect("a chat socket");
                assert_eq!(frame["for"], channel.as_str());
            }
            "event" if frame["offset"].is_null() => {
                assert!(self.readers[at].chat.is_none(), "another tongue");
                let channel: ChannelName = frame["channel"].as_str().unwrap().parse().unwrap();
                let user = self.people[self.readers[at].person].id;
                assert!(
                    self.may_read(user, &channel),
                    "something passing for another"
                );
                if frame["event"] == "message.delta" {
                    return self.check_delta(at, channel, &frame["data"]);
                }
                assert_eq!(frame["data"]["for"], channel.as_str());
                assert!(
                    self.readers[at].next.contains_key(&channel),
                    "before the entry"
                );
                self.passed += 1;
            }
            "event" => {
                assert!(self.readers[at].chat.is_none(), "another tongue");
                let channel = frame["channel"].as_str().unwrap().parse().unwrap();
                self.check_event(at, channel, frame, &frame["data"]["message"]);
            }
            _ => {}
        }
    }

    fn check_entry(&mut self, at: usize, entry: &Value) {
        let channel: ChannelName = entry["channel"].as_str().unwrap().parse().unwrap();
        let user = self.people[self.readers[at].person].id;
        assert!(
            self.may_read(user, &channel),
            "an entry for a channel it may not read"
        );
        let (offset, head) = (
            entry["offset"].as_u64().unwrap(),
            entry["head"].as_u64().unwrap(),
        );
        assert!(offset <= head, "{entry}");
        assert!(
            head <= self.log.head(&channel),
            "a head that the log does not have: {entry}"
        );
        let asked = self.readers[at].asked.remove(&channel);
        match (entry["outcome"].as_str().unwrap(), asked) {
            ("live", None) => {
                let reader = &self.readers[at];
                if reader.chat.is_some() && !reader.welcomed {
                    let snapshot = self.snapshots[&reader.session];
                    assert_eq!(offset, snapshot, "not after the snapshot");
                }
            }
            ("recovered", Some(position)) => {
                assert_eq!(offset, position.offset, "{entry}");
                assert_eq!(position.epoch, self.log.epoch, "recovered from another log");
                if let (Some(id), Some(place)) = (position.id, offset.checked_sub(1)) {
                    let event = &self.log.all(&channel)[usize::try_from(place).unwrap()];
                    let kept = self.log.head(&channel) - offset < self.log.keep_events;
                    assert!(event.id == id || !kept, "recovered from another event");
                }
            }
            ("gap", Some(position)) => {
                assert_eq!(entry["gap"]["from"].as_u64().unwrap(), position.offset + 1);
                assert_eq!(entry["gap"]["to"].as_u64().unwrap(), offset);
                self.gaps += 1;
            }
            ("reset", Some(position)) => {
                let event = position
                    .offset
                    .checked_sub(1)
                    .and_then(|place| self.log.all(&channel).get(usize::try_from(place).unwrap()));
                let foreign = position.epoch != self.log.epoch
                    || event.is_none()
                    || event.is_some_and(|event| position.id.is_some_and(|id| id != event.id));
                assert!(foreign, "a reset without a reason: {position:?}");
                self.resets += 1;
            }
            (outcome, asked) => panic!("{outcome} after {asked:?}"),
        }
        self.readers[at].next.insert(channel, offset + 1);
    }

    fn check_delta(&mut self, at: usize, channel: ChannelName, data: &Value) {
        let message = data["message_id"].as_str().unwrap().to_owned();
        let ended = !self
            .writing
            .iter()
            .any(|writing| writing.message.to_string() == message);
        let reader = &mut self.readers[at];
        assert!(reader.next.contains_key(&channel), "before the entry");
        let start = usize::try_from(data["start"].as_u64().unwrap()).unwrap();
        let text = reader.texts.entry((channel, message)).or_default();
        if start > text.len() {
            assert!(ended, "a hole in a growing text");
            return; // the last pieces of a text whose end is an event: a page leaves them out
        }
        text.truncate(start);
        text.extend(data["text"].as_str().unwrap().encode_utf16());
        self.grown += 1;
    }

    fn check_event(&mut self, at: usize, channel: ChannelName, frame: &Value, message: &Value) {
        let offset = frame["offset"].as_u64().unwrap();
        let reader = &mut self.readers[at];
        let next = reader
            .next
            .get_mut(&channel)
            .expect("an event before its channel's entry");
        assert_eq!(offset, *next, "{channel}: not dense");
        *next += 1;
        let place = usize::try_from(offset - 1).unwrap();
        let event = &self.log.all(&channel)[place];
        assert_eq!(
            frame["id"],
            event.id.to_string(),
            "another event than the log's"
        );
        let data = serde_json::json!({ "message": message }).to_string();
        assert_eq!(data, *event.data, "other data than the log's");
        self.delivered += 1;
        self.memory[reader.person].insert(channel, (offset, Some(event.id)));
        let waiting = self.engine.statistics().outbox_bytes;
        assert!(
            waiting <= 32 * (self.limits.outbox_max_bytes + 16_384),
            "{waiting} bytes wait"
        );
    }
}

fn opening_of(person: Person) -> engine::ChatOpening {
    let nobody = protocol::Handler {
        kind: protocol::HandlerKind::None,
        user: None,
    };
    engine::ChatOpening {
        chat: protocol::Chat {
            id: person.chat,
            customer: protocol::Person {
                id: person.id,
                name: "x".into(),
            },
            subject: String::new(),
            status: protocol::ChatStatus::Open,
            handler: nobody,
            last_message: None,
            read: Vec::new(),
            delivered: Vec::new(),
            unread: None,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        },
        messages: Vec::new(),
    }
}

fn fixed(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn send(wire: &Wire, rng: &mut StdRng, text: &str) {
    let mut bytes = bytes::BytesMut::new();
    websocket::write_masked_frame(
        &mut bytes,
        websocket::Opcode::Text,
        text.as_bytes(),
        rng.random(),
    );
    wire.up.lock().unwrap().bytes.extend(bytes.iter());
}
