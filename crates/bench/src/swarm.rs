//! Many connections and one thread: sockets that were upgraded, and plain HTTP beside them. Nothing
//! is allocated for a frame that arrives. Start at [`Swarm::open_all`] and [`Swarm::turn`].

mod link;

use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, SockRef, Socket, Type};
use websocket::{Incoming, Limits, Opcode};

use crate::http;
use link::{Link, Phase};

/// Sockets that are being opened at the same time.
const OPENING_AT_ONCE: usize = 64;

/// Loopback addresses that connections come from, so that there are ports enough and no address
/// has all the sockets.
const SOURCES: usize = 16;

/// Longest time without anything happening while something is awaited.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const LIMITS: Limits = Limits {
    message_max_bytes: 16 * 1024 * 1024,
    fragments_max: 64,
};

/// Something that happened on one connection.
#[derive(Debug)]
pub(crate) enum What<'a> {
    /// It was upgraded.
    Upgraded,
    /// A text frame.
    Text(&'a str),
    /// The answer to a plain request.
    Answer { status: u16, body: &'a str },
    /// It ended, with a close code if there was one.
    Closed { code: Option<u16> },
}

/// What a connection begins with.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) address: SocketAddr,
    /// The upgrade, or a first plain request; may be empty.
    pub(crate) request: Vec<u8>,
}

/// The connections, named by the order in which they were opened.
pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    links: Vec<Link>,
    buffer: Vec<u8>,
    pongs: bytes::BytesMut,
    sleeps: bool,
}

impl Swarm {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new().context("cannot make an epoll")?,
            events: Events::with_capacity(1024),
            links: Vec::new(),
            buffer: vec![0; 256 * 1024],
            pongs: bytes::BytesMut::new(),
            sleeps: true,
        })
    }

    /// A swarm that asks again and again while it waits, so that nobody who sends pays for waking it,
    /// as nobody does whose readers are on other machines. It needs a core of its own.
    pub(crate) fn awake() -> anyhow::Result<Self> {
        Ok(Self {
            sleeps: false,
            ..Self::new()?
        })
    }

    /// Opens sockets, some at a time, and waits until each was upgraded and, where a token was sent
    /// along, welcomed.
    pub(crate) fn open_all(
        &mut self,
        openings: impl IntoIterator<Item = Opening>,
        welcomed: bool,
    ) -> anyhow::Result<Range<usize>> {
        let first = self.links.len();
        let mut openings = openings.into_iter();
        let (mut begun, mut open) = (0, 0);
        let mut last = Instant::now();
        loop {
            while begun - open < OPENING_AT_ONCE
                && let Some(opening) = openings.next()
            {
                self.begin(&opening)?;
                begun += 1;
            }
            if open == begun {
                return Ok(first..self.links.len());
            }
            let mut fault = None;
            let before = open;
            self.turn(PATIENCE, |link, what| {
                if link < first {
                    return;
                }
                match what {
                    What::Upgraded => open += usize::from(!welcomed),
                    What::Text(text) => open += usize::from(welcomed && is_welcome(text)),
                    What::Answer { status, body } => {
                        fault = Some(format!("the upgrade was answered with {status}: {body}"));
                    }
                    What::Closed { code } => {
                        fault = Some(format!("a socket was closed with {}", shown(code)));
                    }
                }
            })?;
            if let Some(fault) = fault {
                bail!("socket {} of this load: {fault}", open + 1);
            }
            if open > before {
                last = Instant::now();
            }
            if last.elapsed() > PATIENCE {
                bail!("{open} of {begun} sockets are open, and none more for {PATIENCE:?}");
            }
        }
    }

    /// Connects and sends what an opening says, without waiting. Gives the connection's number.
    pub(crate) fn begin(&mut self, opening: &Opening) -> anyhow::Result<usize> {
        let number = self.links.len();
        let link = self.connect(number, opening)?;
        self.links.push(link);
        Ok(number)
    }

    /// Makes places for connections that begin later.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.links.resize_with(self.links.len() + count, Link::gone);
    }

    /// Takes a connection's place anew.
    pub(crate) fn begin_again(&mut self, number: usize, opening: &Opening) -> anyhow::Result<()> {
        self.reset(number);
        self.links[number] = self.connect(number, opening)?;
        Ok(())
    }

    fn connect(&mut self, number: usize, opening: &Opening) -> anyhow::Result<Link> {
        let mut stream = connecting(number, opening.address)
            .with_context(|| format!("cannot connect to {}", opening.address))?;
        self.poll.registry().register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok(Link::new(stream, opening.request.clone()))
    }

    /// Sends a text frame.
    pub(crate) fn say(&mut self, number: usize, text: &str) -> anyhow::Result<()> {
        let mut frame = bytes::BytesMut::new();
        // Loopback has no proxy to be protected from, so the mask need not be secret.
        websocket::write_masked_frame(&mut frame, Opcode::Text, text.as_bytes(), [1, 2, 3, 4]);
        self.send(number, &frame)
    }

    /// Sends bytes as they are, such as a plain request.
    pub(crate) fn send(&mut self, number: usize, bytes: &[u8]) -> anyhow::Result<()> {
        self.links[number]
            .write(bytes)
            .with_context(|| format!("cannot send on connection {number}"))
    }

    /// Goes on reading a connection, or leaves what comes for it where it is.
    pub(crate) fn pause(&mut self, number: usize, paused: bool) {
        self.links[number].paused = paused;
    }

    /// Cuts a connection with a reset: the peer gets no goodbye, and no port stays taken.
    pub(crate) fn reset(&mut self, number: usize) {
        if let Some(mut stream) = self.links[number].stream.take() {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            let _ = self.poll.registry().deregister(&mut stream);
        }
        self.links[number].phase = Phase::Gone;
    }

    /// Cuts all of these and forgets what can be forgotten.
    pub(crate) fn reset_all(&mut self, numbers: Range<usize>) {
        for number in numbers.clone() {
            self.reset(number);
        }
        if numbers.end == self.links.len() {
            self.links.truncate(numbers.start);
        }
    }

    /// Waits until something happens, no longer than `wait`, and tells all that did.
    pub(crate) fn turn(
        &mut self,
        wait: Duration,
        mut tell: impl FnMut(usize, What<'_>),
    ) -> anyhow::Result<()> {
        let until = Instant::now() + wait;
        let at_once = if self.sleeps { wait } else { Duration::ZERO };
        loop {
            match self.poll.poll(&mut self.events, Some(at_once)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                Err(error) => return Err(error).context("epoll fails"),
            }
            if self.sleeps || !self.events.is_empty() || Instant::now() >= until {
                break;
            }
        }
        for event in &self.events {
            let Token(number) = event.token();
            let Some(link) = self.links.get_mut(number) else {
                continue;
            };
            if event.is_writable() && link.flush().is_err() {
                end(link, None, number, &mut tell);
                continue;
            }
            if event.is_readable() && !link.paused {
                read(link, number, &mut self.buffer, &mut self.pongs, &mut tell);
            }
        }
        Ok(())
    }
}

/// Whether a frame is a durable event: one with an id and an offset.
pub(crate) fn is_event(text: &str) -> bool {
    text.starts_with(r#"{"type":"event","id""#)
}

/// Whether a frame is the first of an open connection.
pub(crate) fn is_welcome(text: &str) -> bool {
    text.starts_with(r#"{"type":"welcome""#)
}

/// A close code in words.
pub(crate) fn shown(code: Option<u16>) -> String {
    code.map_or_else(
        || "no close frame (the connection was cut)".to_owned(),
        |code| format!("close code {code}"),
    )
}

fn connecting(number: usize, address: SocketAddr) -> io::Result<mio::net::TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    let source = u8::try_from(number % SOURCES).unwrap_or(0) + 2;
    let source = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, source)), 0);
    if address.ip().is_loopback() {
        socket.bind(&source.into())?;
    }
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error),
    }
    Ok(mio::net::TcpStream::from_std(socket.into()))
}

fn end(link: &mut Link, code: Option<u16>, number: usize, tell: &mut impl FnMut(usize, What<'_>)) {
    if link.stream.take().is_some() {
        link.phase = Phase::Gone;
        tell(number, What::Closed { code });
    }
}

fn read(
    link: &mut Link,
    number: usize,
    buffer: &mut [u8],
    pongs: &mut bytes::BytesMut,
    tell: &mut impl FnMut(usize, What<'_>),
) {
    loop {
        let Some(stream) = &mut link.stream else {
            return;
        };
        let count = match stream.read(buffer) {
            Ok(0) => return end(link, None, number, tell),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return end(link, None, number, tell),
        };
        if let ControlFlow::Break(code) = take(link, number, &mut buffer[..count], pongs, tell) {
            return end(link, code, number, tell);
        }
        // A short read means that nothing more was there: the next bytes wake us again (epoll(7)).
        if count < buffer.len() {
            return;
        }
    }
}

/// Takes bytes that arrived; breaks when the connection is over.
fn take(
    link: &mut Link,
    number: usize,
    bytes: &mut [u8],
    pongs: &mut bytes::BytesMut,
    tell: &mut impl FnMut(usize, What<'_>),
) -> ControlFlow<Option<u16>> {
    match &mut link.phase {
        Phase::Gone => ControlFlow::Break(None),
        Phase::Plain(received) => {
            received.extend_from_slice(bytes);
            if http::status(received) == 101 {
                let Some(head) = http::head_end(received) else {
                    return ControlFlow::Continue(());
                };
                let mut rest = received.split_off(head);
                link.phase = Phase::Upgraded;
                tell(number, What::Upgraded);
                return frames(link, number, &mut rest, pongs, tell);
            }
            while let Some((head, whole)) = http::complete(received) {
                let status = http::status(&received[..head]);
                let body = String::from_utf8_lossy(&received[head..whole]);
                tell(
                    number,
                    What::Answer {
                        status,
                        body: &body,
                    },
                );
                received.drain(..whole);
            }
            ControlFlow::Continue(())
        }
        Phase::Upgraded => frames(link, number, bytes, pongs, tell),
    }
}

fn frames(
    link: &mut Link,
    number: usize,
    bytes: &mut [u8],
    pongs: &mut bytes::BytesMut,
    tell: &mut impl FnMut(usize, What<'_>),
) -> ControlFlow<Option<u16>> {
    let mut closed = None;
    pongs.clear();
    let fed = link.reader.feed(&LIMITS, bytes, |incoming| {
        match incoming {
            Incoming::Text(text) => tell(number, What::Text(text)),
            Incoming::Ping(payload) => {
                websocket::write_masked_frame(pongs, Opcode::Pong, payload, [1, 2, 3, 4]);
            }
            Incoming::Binary(_) | Incoming::Pong(_) => {}
            Incoming::Close(frame) => closed = Some(frame.map(|frame| frame.code)),
        }
        ControlFlow::Continue(())
    });
    if !pongs.is_empty() && link.write(pongs).is_err() {
        return ControlFlow::Break(None);
    }
    match (fed, closed) {
        (_, Some(code)) => ControlFlow::Break(code),
        (Ok(_), None) => ControlFlow::Continue(()),
        // What is no frame is seen as a cut connection; the server's tests look closer.
        (Err(_), None) => ControlFlow::Break(None),
    }
}
