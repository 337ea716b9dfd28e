//! Frame by frame against tungstenite: what we write it reads, what it writes we read, and where
//! bytes are broken on the way we refuse whatever it refuses.
//!
//! We are stricter in two places, and these tests say so:
//! - a length in more bytes than it needs is refused, in a control frame as too long; tungstenite
//!   takes it;
//! - a close code that must not be sent is refused; tungstenite hands out 1002 in its place. (It
//!   does so for 1014 as well, which IANA has registered since, and which we read.)

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame as TheirClose, Frame};
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};
use websocket::{
    Incoming, Limits, Opcode, ProtocolError, Reader, Role, accept_key, write_close, write_frame,
    write_masked_close, write_masked_frame,
};

const MESSAGE_MAX_BYTES: usize = 100_000;
const LIMITS: Limits = Limits {
    message_max_bytes: MESSAGE_MAX_BYTES,
    fragments_max: usize::MAX,
};

/// What either side can say, owned, so that the two can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        4 => ".{0,40}".prop_map(Said::Text),
        1 => "[a-z€]{100,300}".prop_map(Said::Text),
        3 => vec(any::<u8>(), 0..300).prop_map(Said::Binary),
        1 => (65_530_usize..65_545, any::<u8>()).prop_map(|(len, byte)| Said::Binary(vec![byte; len])),
        1 => vec(any::<u8>(), 0..=125).prop_map(Said::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Said::Pong),
    ]
}

fn close() -> impl Strategy<Value = Said> {
    let code = prop_oneof![1000_u16..=1003, 1007_u16..=1013, 3000_u16..=4999];
    proptest::option::of((code, "[ -~]{0,120}")).prop_map(Said::Close)
}

/// Messages, and perhaps a close frame at the end.
fn conversation() -> impl Strategy<Value = Vec<Said>> {
    (vec(said(), 0..6), proptest::option::of(close())).prop_map(|(mut said, close)| {
        said.extend(close);
        said
    })
}

/// Short messages, some in fragments, with control frames in between; as whole frames of `role`'s
/// peer.
fn fragmented(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let small = prop_oneof![
        "[a-zäö€😀]{0,12}".prop_map(Said::Text),
        vec(any::<u8>(), 0..12).prop_map(Said::Binary),
        vec(any::<u8>(), 125..130).prop_map(Said::Binary),
    ];
    let control = prop_oneof![
        vec(any::<u8>(), 0..4).prop_map(Said::Ping),
        vec(any::<u8>(), 0..4).prop_map(Said::Pong),
    ];
    let message = (
        small,
        vec(any::<prop::sample::Index>(), 0..4),
        proptest::option::of(control),
    );
    (vec(message, 0..6), proptest::option::of(close())).prop_map(move |(messages, close)| {
        let mut peer = Peer::new(role);
        for (said, cuts, control) in messages {
            peer.say_in_fragments(&said, &cuts, control.as_ref());
        }
        if let Some(close) = close {
            peer.say(&close);
        }
        peer.written()
    })
}

/// Bytes written over, inserted and taken out, at any place.
#[derive(Debug, Clone)]
enum Mutation {
    Set(prop::sample::Index, u8),
    FlipBit(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Truncate(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place(), 0..8_u8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        place().prop_map(Mutation::Remove),
        place().prop_map(Mutation::Truncate),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutations: &[Mutation]) {
    for mutation in mutations {
        if bytes.is_empty() {
            return;
        }
        match mutation {
            Mutation::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Mutation::FlipBit(at, bit) => *at.get_mut(bytes) ^= 1 << bit,
            Mutation::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Mutation::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Mutation::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
}

/// How reading ended.
#[derive(Debug, Clone, PartialEq)]
enum End {
    /// All bytes were read and more may come.
    Open,
    Closed,
    Refused(ProtocolError),
}

fn we_read(role: Role, bytes: &[u8], cuts: &[prop::sample::Index]) -> (Vec<Said>, End) {
    let mut reader = Reader::new(role);
    let mut all = Vec::new();
    for mut chunk in chunks(bytes, cuts) {
        let fed = reader.feed(&LIMITS, &mut chunk, |incoming| {
            all.push(match incoming {
                Incoming::Text(text) => Said::Text(text.to_owned()),
                Incoming::Binary(bytes) => Said::Binary(bytes.to_vec()),
                Incoming::Ping(bytes) => Said::Ping(bytes.to_vec()),
                Incoming::Pong(bytes) => Said::Pong(bytes.to_vec()),
                Incoming::Close(frame) => {
                    Said::Close(frame.map(|frame| (frame.code, frame.reason.to_owned())))
                }
            });
            ControlFlow::Continue(())
        });
        match fed {
            Ok(consumed) => assert_eq!(consumed, chunk.len()),
            Err(error) => return (all, End::Refused(error)),
        }
    }
    let end = match all.last() {
        Some(Said::Close(_)) => End::Closed,
        Some(_) | None => End::Open,
    };
    (all, end)
}

fn chunks(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.push(0);
    places.push(bytes.len());
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| bytes[pair[0]..pair[1]].to_vec())
        .collect()
}

/// `Err` holds tungstenite's words.
fn they_read(role: Role, bytes: &[u8]) -> (Vec<Said>, Result<End, String>) {
    let mut socket = tungstenite_socket(role, bytes.to_vec());
    let mut all = Vec::new();
    loop {
        all.push(match socket.read() {
            Ok(Message::Text(text)) => Said::Text(text.to_string()),
            Ok(Message::Binary(bytes)) => Said::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Said::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Said::Pong(bytes.to_vec()),
            Ok(Message::Frame(_)) => unreachable!("tungstenite joins frames"),
            Ok(Message::Close(frame)) => {
                let frame = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                all.push(Said::Close(frame));
                return (all, Ok(End::Closed));
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (all, Ok(End::Open));
            }
            Err(error) => return (all, Err(error.to_string())),
        });
    }
}

fn tungstenite_socket(role: Role, incoming: Vec<u8>) -> WebSocket<Pipe> {
    let role = match role {
        Role::Server => TheirRole::Server,
        Role::Client => TheirRole::Client,
    };
    let config = WebSocketConfig::default()
        .max_frame_size(Some(MESSAGE_MAX_BYTES))
        .max_message_size(Some(MESSAGE_MAX_BYTES));
    let pipe = Pipe {
        incoming: io::Cursor::new(incoming),
        outgoing: Vec::new(),
    };
    WebSocket::from_raw_socket(pipe, role, Some(config))
}

struct Pipe {
    incoming: io::Cursor<Vec<u8>>,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tungstenite as the other end of a connection in which we are `role`.
struct Peer {
    socket: WebSocket<Pipe>,
}

impl Peer {
    fn new(role: Role) -> Self {
        let theirs = match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        };
        Self {
            socket: tungstenite_socket(theirs, Vec::new()),
        }
    }

    fn say(&mut self, said: &Said) {
        let message = match said.clone() {
            Said::Text(text) => Message::text(text),
            Said::Binary(bytes) => Message::binary(bytes),
            Said::Ping(bytes) => Message::Ping(bytes.into()),
            Said::Pong(bytes) => Message::Pong(bytes.into()),
            Said::Close(frame) => Message::Close(frame.map(|(code, reason)| TheirClose {
                code: CloseCode::from(code),
                reason: reason.into(),
            })),
        };
        self.socket.send(message).expect("memory takes all bytes");
    }

    fn say_in_fragments(
        &mut self,
        said: &Said,
        cuts: &[prop::sample::Index],
        between: Option<&Said>,
    ) {
        let (opcode, payload) = match said {
            Said::Text(text) => (Data::Text, text.as_bytes()),
            Said::Binary(bytes) => (Data::Binary, &bytes[..]),
            Said::Ping(_) | Said::Pong(_) | Said::Close(_) => unreachable!("never fragmented"),
        };
        let parts = chunks(payload, cuts);
        let last = parts.len() - 1;
        for (i, part) in parts.into_iter().enumerate() {
            let opcode = if i == 0 { opcode } else { Data::Continue };
            let frame = Frame::message(part, OpCode::Data(opcode), i == last);
            self.socket
                .send(Message::Frame(frame))
                .expect("memory takes all bytes");
            if i == 0
                && let Some(control) = between
            {
                self.say(control);
            }
        }
    }

    fn written(mut self) -> Vec<u8> {
        self.socket.flush().expect("memory takes all bytes");
        std::mem::take(&mut self.socket.get_mut().outgoing)
    }
}

/// As `role`, in our own words. `mask` is for a client.
fn we_write(role: Role, conversation: &[Said], mask: [u8; 4]) -> BytesMut {
    let mut out = BytesMut::new();
    for said in conversation {
        let (opcode, payload) = match said {
            Said::Text(text) => (Opcode::Text, text.as_bytes()),
            Said::Binary(bytes) => (Opcode::Binary, &bytes[..]),
            Said::Ping(bytes) => (Opcode::Ping, &bytes[..]),
            Said::Pong(bytes) => (Opcode::Pong, &bytes[..]),
            Said::Close(Some((code, reason))) => {
                match role {
                    Role::Server => write_close(&mut out, *code, reason),
                    Role::Client => write_masked_close(&mut out, *code, reason, mask),
                }
                continue;
            }
            Said::Close(None) => (Opcode::Close, &[][..]),
        };
        match role {
            Role::Server => write_frame(&mut out, opcode, payload),
            Role::Client => write_masked_frame(&mut out, opcode, payload, mask),
        }
    }
    out
}

fn end_of(conversation: &[Said]) -> End {
    match conversation.last() {
        Some(Said::Close(_)) => End::Closed,
        Some(_) | None => End::Open,
    }
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Server), Just(Role::Client)]
}

fn broken() -> impl Strategy<Value = (Role, Vec<u8>)> {
    role()
        .prop_flat_map(|role| (Just(role), fragmented(role), vec(mutation(), 0..4)))
        .prop_map(|(role, mut bytes, mutations)| {
            mutate(&mut bytes, &mutations);
            (role, bytes)
        })
}

fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    vec(any::<prop::sample::Index>(), 0..12)
}

/// What tungstenite may say where we say `error`, if it may go on reading.
fn we_are_stricter(error: &ProtocolError, ours: &[Said], theirs: &[Said]) -> bool {
    match error {
        ProtocolError::NonMinimalLength { .. } | ProtocolError::ControlTooLong { .. } => {
            theirs.starts_with(ours)
        }
        ProtocolError::InvalidCloseCode { .. } => {
            theirs.split_last()
                == Some((
                    &Said::Close(Some((1002, "Protocol violation".to_owned()))),
                    ours,
                ))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn tungstenite_reads_what_we_write(
        role in role(),
        conversation in conversation(),
        mask: [u8; 4],
    ) {
        let bytes = we_write(role, &conversation, mask);
        let theirs = match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        };
        let end = end_of(&conversation);
        prop_assert_eq!(they_read(theirs, &bytes), (conversation, Ok(end)));
    }

    #[test]
    fn we_read_what_tungstenite_writes(
        role in role(),
        conversation in conversation(),
        cuts in cuts(),
    ) {
        let mut peer = Peer::new(role);
        for said in &conversation {
            peer.say(said);
        }
        let end = end_of(&conversation);
        prop_assert_eq!(we_read(role, &peer.written(), &cuts), (conversation, end));
    }

    #[test]
    fn where_reads_are_split_makes_no_difference((role, bytes) in broken(), cuts in cuts()) {
        prop_assert_eq!(we_read(role, &bytes, &cuts), we_read(role, &bytes, &[]));
    }

    #[test]
    fn we_refuse_what_tungstenite_refuses_and_little_else((role, mut bytes) in broken()) {
        // Tungstenite judges a frame when all of it is there, we judge each byte: complete the last
        // frame, so that neither waits for more.
        bytes.resize(bytes.len() + MESSAGE_MAX_BYTES + 14, 0);
        let (ours, our_end) = we_read(role, &bytes, &[]);
        let (theirs, their_end) = they_read(role, &bytes);
        match (&our_end, &their_end) {
            (End::Refused(error), Ok(_)) => {
                prop_assert!(we_are_stricter(error, &ours, &theirs), "{error}: {theirs:?}");
            }
            (End::Refused(error), Err(_)) if theirs.len() > ours.len() => {
                prop_assert!(we_are_stricter(error, &ours, &theirs), "{error}: {theirs:?}");
            }
            (End::Refused(_), Err(_)) => prop_assert_eq!(ours, theirs),
            (End::Closed, Ok(End::Closed)) if matches!(ours.last(), Some(Said::Close(Some((1014, _))))) => {
                prop_assert_eq!(&ours[..ours.len() - 1], &theirs[..theirs.len() - 1]);
            }
            (our_end, their_end) => {
                prop_assert_eq!(ours, theirs);
                prop_assert_eq!(Ok(our_end), their_end.as_ref());
            }
        }
    }

    #[test]
    fn no_bytes_make_us_panic(role in role(), bytes in vec(any::<u8>(), 0..200), cuts in cuts()) {
        we_read(role, &bytes, &cuts);
        websocket::frame_boundary(&bytes, bytes.len() / 2);
    }

    #[test]
    fn we_accept_a_key_as_tungstenite_does(nonce in "[A-Za-z0-9+/]{21}[AQgw]==") {
        let theirs = tungstenite::handshake::derive_accept_key(nonce.as_bytes());
        prop_assert_eq!(accept_key(&nonce), Ok(theirs));
    }
}
