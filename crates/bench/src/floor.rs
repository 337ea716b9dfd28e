//! The floor: the cheapest server there can be. One thread, one epoll; it answers an upgrade, keeps
//! the socket and nothing else, and upon a command does a bare `send()` of one prepared frame to
//! each. No token, no limits, no heartbeat, no queue. Start at [`serve`]; [`Floor`] drives it.
//!
//! A connection that begins with `floor` instead of an HTTP request gives the commands, one a line:
//! `frame <text>` prepares a frame, `all` sends it to every socket, `some <from> <count>` to so many of
//! them, `stream <count>` sends so many copies to every socket, as fast as each takes them. `done`
//! answers a command that was carried out.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream as StdStream};

use anyhow::Context as _;
use bytes::BytesMut;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use websocket::Opcode;

use crate::child::Child;
use crate::http;

const LISTENER: Token = Token(usize::MAX - 1);

/// Copies that one `send()` of a stream holds at most.
const STREAM_CHUNK_BYTES: usize = 64 * 1024;

/// The floor in a process of its own, and the connection that commands it.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) child: Child,
    commands: StdStream,
    answers: BufReader<StdStream>,
}

impl Floor {
    pub(crate) fn start(child: Child) -> anyhow::Result<Self> {
        let mut commands = StdStream::connect(child.address).context("cannot reach the floor")?;
        commands.set_nodelay(true)?;
        commands.write_all(b"floor\n")?;
        let answers = BufReader::new(commands.try_clone()?);
        Ok(Self {
            child,
            commands,
            answers,
        })
    }

    /// Gives a command without waiting for it.
    pub(crate) fn command(&mut self, line: &str) -> anyhow::Result<()> {
        let line = format!("{line}\n");
        self.commands
            .write_all(line.as_bytes())
            .context("the floor is gone")
    }

    /// Waits for the oldest command that was not waited for.
    pub(crate) fn done(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .context("the floor is gone")?;
        anyhow::ensure!(line == "done\n", "the floor answered {line:?}, not `done`");
        Ok(())
    }

    pub(crate) fn prepare(&mut self, text: &str) -> anyhow::Result<()> {
        self.command(&format!("frame {text}"))?;
        self.done()
    }
}

/// Runs the floor until it is killed; says where it listens on stderr.
///
/// # Errors
/// It cannot listen, or a peer does what no client of the bench does.
pub fn serve() -> anyhow::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .context("cannot listen on 127.0.0.1")?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    writeln!(
        io::stderr(),
        "listening on http://{}",
        listener.local_addr()?
    )?;
    let mut floor = Sockets::default();
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled.context("epoll fails")?,
        }
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, &poll, &mut floor)?,
                Token(number) => floor.ready(number, event.is_writable())?,
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, floor: &mut Sockets) -> anyhow::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("cannot accept"),
        };
        stream.set_nodelay(true)?;
        let number = floor.free.pop().unwrap_or_else(|| {
            floor.sockets.push(None);
            floor.sockets.len() - 1
        });
        poll.registry().register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        floor.sockets[number] = Some(Socket {
            stream,
            kind: Kind::Stranger,
            left: 0,
            ahead: 0,
        });
    }
}

#[derive(Default)]
struct Sockets {
    sockets: Vec<Option<Socket>>,
    free: Vec<usize>,
    frame: BytesMut,
    /// Whole copies of the frame, for streams.
    chunk: Vec<u8>,
    buffer: Vec<u8>,
    /// Sockets that have not taken their whole stream.
    streaming: usize,
    /// Who is told when the streams are done.
    commander: usize,
}

struct Socket {
    stream: TcpStream,
    kind: Kind,
    /// Copies that are still to be sent to it.
    left: usize,
    /// Bytes of the chunk that were sent already.
    ahead: usize,
}

enum Kind {
    Stranger,
    Upgraded,
    Commander(Vec<u8>),
}

impl Sockets {
    fn ready(&mut self, number: usize, writable: bool) -> anyhow::Result<()> {
        if writable {
            self.stream_on(number)?;
        }
        if self.buffer.is_empty() {
            self.buffer = vec![0; 64 * 1024];
        }
        let mut lines = Vec::new();
        loop {
            let Some(Some(socket)) = self.sockets.get_mut(number) else {
                return Ok(());
            };
            match socket.stream.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count) if count > 0 => {
                    let bytes = &self.buffer[..count];
                    match &mut socket.kind {
                        Kind::Upgraded => {}
                        Kind::Stranger if bytes.starts_with(b"floor\n") => {
                            socket.kind = Kind::Commander(bytes[6..].to_vec());
                        }
                        Kind::Stranger => {
                            upgrade(&mut socket.stream, bytes)?;
                            socket.kind = Kind::Upgraded;
                        }
                        Kind::Commander(received) => received.extend_from_slice(bytes),
                    }
                    if count < self.buffer.len() {
                        break;
                    }
                }
                Ok(_) | Err(_) => {
                    self.sockets[number] = None;
                    self.free.push(number);
                    return Ok(());
                }
            }
        }
        if let Some(Some(Socket {
            kind: Kind::Commander(received),
            ..
        })) = self.sockets.get_mut(number)
        {
            while let Some(end) = received.iter().position(|byte| *byte == b'\n') {
                lines.push(String::from_utf8_lossy(&received[..end]).into_owned());
                received.drain(..=end);
            }
        }
        for line in lines {
            self.obey(number, &line)?;
        }
        Ok(())
    }

    fn obey(&mut self, commander: usize, line: &str) -> anyhow::Result<()> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "frame" => {
                self.frame.clear();
                websocket::write_frame(&mut self.frame, Opcode::Text, rest.as_bytes());
                let copies = (STREAM_CHUNK_BYTES / self.frame.len()).max(1);
                self.chunk = self.frame.repeat(copies);
            }
            "all" => self.send(0, usize::MAX)?,
            "some" => {
                let (from, count) = rest.split_once(' ').context("`some` takes two numbers")?;
                self.send(from.parse()?, count.parse()?)?;
            }
            "stream" => return self.stream(commander, rest.parse()?),
            other => anyhow::bail!("the floor knows no command {other:?}"),
        }
        self.answer(commander)
    }

    /// Sends the frame to `count` sockets, the first `from` left out.
    fn send(&mut self, from: usize, count: usize) -> anyhow::Result<()> {
        let upgraded = self.sockets.iter_mut().flatten();
        let upgraded = upgraded.filter(|socket| matches!(socket.kind, Kind::Upgraded));
        for socket in upgraded.skip(from).take(count) {
            // One message at a time always fits: the socket is empty.
            let sent = socket.stream.write(&self.frame);
            anyhow::ensure!(
                sent.is_ok_and(|count| count == self.frame.len()),
                "a socket of the floor would block"
            );
        }
        Ok(())
    }

    fn answer(&mut self, commander: usize) -> anyhow::Result<()> {
        if let Some(Some(socket)) = self.sockets.get_mut(commander) {
            socket.stream.write_all(b"done\n")?;
        }
        Ok(())
    }

    fn stream(&mut self, commander: usize, count: usize) -> anyhow::Result<()> {
        self.commander = commander;
        for socket in self.sockets.iter_mut().flatten() {
            if matches!(socket.kind, Kind::Upgraded) {
                (socket.left, socket.ahead) = (count, 0);
                self.streaming += 1;
            }
        }
        for number in 0..self.sockets.len() {
            self.stream_on(number)?;
        }
        Ok(())
    }

    /// Sends as much of a stream as the socket takes now.
    fn stream_on(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(Some(socket)) = self.sockets.get_mut(number) else {
            return Ok(());
        };
        if socket.left == 0 {
            return Ok(());
        }
        let frame = self.frame.len();
        while socket.left > 0 {
            let end = self.chunk.len().min(socket.left * frame);
            match socket.stream.write(&self.chunk[socket.ahead..end]) {
                Ok(count) => {
                    socket.ahead += count;
                    if socket.ahead == end {
                        socket.left -= end / frame;
                        socket.ahead = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a client of the floor went away"),
            }
        }
        self.streaming -= 1;
        if self.streaming == 0 {
            return self.answer(self.commander);
        }
        Ok(())
    }
}

fn upgrade(stream: &mut TcpStream, request: &[u8]) -> anyhow::Result<()> {
    let key = http::header(request, "sec-websocket-key").unwrap_or_default();
    let accept = websocket::accept_key(key)
        .context("the first bytes of a connection are neither an upgrade nor `floor`")?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes())?;
    Ok(())
}
