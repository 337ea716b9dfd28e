//! A WebSocket as a client: the handshake by hand, then frames through the crate `websocket`.
//! Start at [`handshake`] and [`Socket::next`].

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use websocket::{
    Incoming, Limits, Opcode, ProtocolError, Reader, Role, write_masked_close, write_masked_frame,
};

use crate::http::{Answer, Request, Rest, exchange, read_body};
use crate::wire::{Dialer, Fault, Stream, first_bytes};

/// Largest message that is taken from a server.
const LIMITS: Limits = Limits {
    message_max_bytes: 4 * 1024 * 1024,
    fragments_max: 10_000,
};

/// What a handshake asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) origin: Option<String>,
    pub(crate) subprotocols: Vec<String>,
    pub(crate) extensions: Option<&'static str>,
    pub(crate) headers: Vec<(String, String)>,
}

/// What a handshake came to.
pub(crate) struct Opened {
    pub(crate) answer: Answer,
    /// The request, for the transcript.
    pub(crate) request: Request,
    /// What is wrong with an answer of 101: the cause and a sentence.
    pub(crate) wrong: Option<(&'static str, String)>,
    /// Open, if the answer was 101 and right.
    pub(crate) socket: Option<Socket>,
}

/// An open socket.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    reader: Reader,
    bytes: BytesMut,
    arrived: VecDeque<Message>,
}

/// What came on a socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Message {
    Text(String),
    Binary(usize),
    Ping,
    Pong(Vec<u8>),
    /// The other end said why; 1005 without a code.
    Close(u16, String),
    /// Bytes that are no frame that a client takes.
    Broken(ProtocolError, String),
    /// The connection went without a close frame.
    Ended(&'static str),
}

/// Makes a handshake and judges its answer.
pub(crate) async fn handshake(dialer: &Dialer, asked: &Asked) -> Result<Opened, Fault> {
    let key = STANDARD.encode(rand::random::<[u8; 16]>());
    let mut request = Request::get(&asked.host, asked.path.clone())
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", key.clone())
        .header("Cache-Control", "no-cache");
    if let Some(origin) = &asked.origin {
        request = request.header("Origin", origin.clone());
    }
    if !asked.subprotocols.is_empty() {
        request = request.header("Sec-WebSocket-Protocol", asked.subprotocols.join(", "));
    }
    if let Some(extensions) = asked.extensions {
        request = request.header("Sec-WebSocket-Extensions", extensions);
    }
    for (name, value) in &asked.headers {
        request = request.header(name, value.clone());
    }
    let stream = dialer.dial().await?;
    let (mut answer, rest) = exchange(stream, &request, dialer.timeout).await?;
    if answer.status != 101 {
        answer.body = read_body(&answer, rest).await;
        return Ok(Opened {
            answer,
            request,
            wrong: None,
            socket: None,
        });
    }
    let wrong = wrong_with(&answer, asked, &key);
    let socket = wrong.is_none().then(|| Socket::new(rest));
    Ok(Opened {
        answer,
        request,
        wrong,
        socket,
    })
}

/// What a browser would refuse in an answer of 101 (RFC 6455, 4.1).
pub(crate) fn wrong_with(
    answer: &Answer,
    asked: &Asked,
    key: &str,
) -> Option<(&'static str, String)> {
    let has = |name: &str, word: &str| {
        answer
            .all(name)
            .flat_map(|line| line.split(','))
            .any(|found| found.trim().eq_ignore_ascii_case(word))
    };
    if !has("upgrade", "websocket") || !has("connection", "upgrade") {
        let found = |name: &str| answer.header(name).unwrap_or("nothing").to_owned();
        return Some((
            "ws.accept_key",
            format!(
                "the server answered 101, but with Upgrade: {} and Connection: {}, so a browser \
                 gives up",
                found("upgrade"),
                found("connection")
            ),
        ));
    }
    let expected = websocket::accept_key(key).unwrap_or_default();
    let found = answer
        .header("sec-websocket-accept")
        .unwrap_or("nothing")
        .trim();
    if found != expected {
        return Some((
            "ws.accept_key",
            format!(
                "Sec-WebSocket-Accept is {found}, the key that was sent asks for {expected}: the answer belongs to \
                 another request (a cache) or the server computes it wrongly"
            ),
        ));
    }
    let chosen = answer.header("sec-websocket-protocol").map(str::trim);
    match chosen {
        None if !asked.subprotocols.is_empty() => {
            let carries_token = asked
                .subprotocols
                .iter()
                .any(|name| name.starts_with("eyJ") || name.len() > 60);
            let id = if carries_token {
                "auth.subprotocol_echo"
            } else {
                "ws.subprotocol"
            };
            return Some((
                id,
                format!(
                    "{} offered as subprotocol and the answer names none; a browser then drops the connection, \
                     although the server believes that it is open",
                    if carries_token {
                        "a token was".to_owned()
                    } else {
                        format!("{} was", asked.subprotocols.join(", "))
                    }
                ),
            ));
        }
        Some(name) if !asked.subprotocols.iter().any(|offered| offered == name) => {
            let offered = if asked.subprotocols.is_empty() {
                "none".to_owned()
            } else {
                asked.subprotocols.join(", ")
            };
            return Some((
                "ws.subprotocol",
                format!(
                    "the server chose the subprotocol {name}, offered was {offered}; a browser \
                     then drops the connection"
                ),
            ));
        }
        _ => {}
    }
    let extension = answer
        .header("sec-websocket-extensions")
        .map(|line| line.split(';').next().unwrap_or_default().trim().to_owned());
    if let Some(extension) = extension.filter(|name| !name.is_empty()) {
        let offered = asked.extensions.is_some_and(|offered| {
            offered
                .split([';', ','])
                .any(|name| name.trim() == extension)
        });
        if !offered {
            return Some((
                "ws.extension",
                format!(
                    "the server uses the extension {extension}, which was not offered; a browser \
                     then drops the connection"
                ),
            ));
        }
    }
    None
}

impl Socket {
    fn new(rest: Rest) -> Self {
        Self {
            stream: rest.stream,
            reader: Reader::new(Role::Client),
            bytes: rest.bytes,
            arrived: VecDeque::new(),
        }
    }

    /// The next message, if one comes in time. Pings are answered by themselves.
    pub(crate) async fn next(&mut self, within: Duration) -> Option<Message> {
        let until = Instant::now() + within;
        loop {
            if let Some(message) = self.arrived.pop_front() {
                return Some(message);
            }
            if !self.bytes.is_empty() {
                self.decode().await;
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            match timeout(left, self.stream.read_buf(&mut self.bytes)).await {
                Err(_) => return None,
                Ok(Ok(0)) => return Some(Message::Ended("closed (FIN)")),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    return Some(Message::Ended(match Fault::of(&error) {
                        Fault::Reset => "reset (RST)",
                        _ => "cut",
                    }));
                }
            }
        }
    }

    async fn decode(&mut self) {
        let mut input = std::mem::take(&mut self.bytes);
        let shown = first_bytes(&input);
        let mut arrived = Vec::new();
        let mut pings = Vec::new();
        let result = self.reader.feed(&LIMITS, &mut input, |message| {
            arrived.push(match message {
                Incoming::Text(text) => Message::Text(text.to_owned()),
                Incoming::Binary(bytes) => Message::Binary(bytes.len()),
                Incoming::Ping(bytes) => {
                    pings.push(bytes.to_vec());
                    Message::Ping
                }
                Incoming::Pong(bytes) => Message::Pong(bytes.to_vec()),
                Incoming::Close(None) => Message::Close(1005, String::new()),
                Incoming::Close(Some(frame)) => Message::Close(frame.code, frame.reason.to_owned()),
            });
            ControlFlow::Continue(())
        });
        self.arrived.extend(arrived);
        if let Err(error) = result {
            self.arrived.push_back(Message::Broken(error, shown));
        }
        for ping in pings {
            // A peer that is gone shows when it is read next.
            let _ = self.frame(Opcode::Pong, &ping).await;
        }
    }

    /// Sends a text.
    pub(crate) async fn text(&mut self, text: &str) -> std::io::Result<()> {
        self.frame(Opcode::Text, text.as_bytes()).await
    }

    /// Sends a ping.
    pub(crate) async fn ping(&mut self, payload: &[u8]) -> std::io::Result<()> {
        self.frame(Opcode::Ping, payload).await
    }

    async fn frame(&mut self, opcode: Opcode, payload: &[u8]) -> std::io::Result<()> {
        let mut out = BytesMut::new();
        write_masked_frame(&mut out, opcode, payload, rand::random());
        self.stream.write_all(&out).await?;
        self.stream.flush().await
    }

    /// Says goodbye and does not wait for the answer.
    pub(crate) async fn close(mut self) {
        let mut out = BytesMut::new();
        write_masked_close(&mut out, 1000, "", rand::random());
        // Whoever does not take it is gone already.
        let _ = timeout(Duration::from_millis(200), self.stream.write_all(&out)).await;
        let _ = timeout(Duration::from_millis(200), self.stream.shutdown()).await;
    }
}
