//! A server that answers exactly as it is told, for what no program of the distribution does by
//! itself: wrong keys, foreign headers, broken frames. Real sockets on both loopbacks. Start at
//! [`Scripted::start`].

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use websocket::{Incoming, Limits, Opcode, Reader, Role, accept_key, write_close, write_frame};

use crate::ports::free_port;

/// A request, up to the empty line after its headers.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With what stands after the question mark.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// How many requests came before it.
    pub(crate) number: usize,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn wants_socket(&self) -> bool {
        self.header("upgrade")
            .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }
}

/// What is done with a request.
pub(crate) struct Reply {
    head: String,
    body: Vec<u8>,
    then: Then,
}

/// What follows the answer.
pub(crate) enum Then {
    /// The connection ends.
    Close,
    /// Nothing more, and the connection stays.
    Hold,
    /// These bytes, whatever they are; then the connection stays.
    Bytes(Vec<u8>),
    /// A socket that sends everything back; messages up to this size.
    Echo(Echo),
}

/// A socket that sends everything back.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    /// A longer message is closed with 1009.
    pub(crate) message_max_bytes: usize,
    /// It ends after so long without a message, as an impatient proxy ends it.
    pub(crate) silence_max: Option<Duration>,
    /// It ends when it is so old, whatever is said.
    pub(crate) age_max: Option<Duration>,
    /// A binary message is closed with 1003.
    pub(crate) text_only: bool,
}

impl Echo {
    /// One that is well.
    pub(crate) const WELL: Self = Self {
        message_max_bytes: 16 << 20,
        silence_max: None,
        age_max: None,
        text_only: false,
    };
}

impl Reply {
    /// A page.
    pub(crate) fn page(status: &str, kind: &str, body: &str) -> Self {
        let length = body.len();
        Self {
            head: format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n"
            ),
            body: body.as_bytes().to_vec(),
            then: Then::Close,
        }
    }

    pub(crate) fn html(status: &str) -> Self {
        Self::page(
            status,
            "text/html",
            &format!("<!doctype html><title>{status}</title>"),
        )
    }

    pub(crate) fn json(body: &serde_json::Value) -> Self {
        Self::page("200 OK", "application/json", &body.to_string())
    }

    /// The answer to an upgrade, with the right key.
    pub(crate) fn socket(asked: &Asked) -> Self {
        let key = asked.header("sec-websocket-key").unwrap_or_default();
        Self::socket_with_key(&accept_key(key).unwrap_or_default())
    }

    pub(crate) fn socket_with_key(accept: &str) -> Self {
        Self {
            head: format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n"
            ),
            body: Vec::new(),
            then: Then::Echo(Echo::WELL),
        }
    }

    /// An answer without end.
    pub(crate) fn stream(kind: &str) -> Self {
        Self {
            head: format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n"),
            body: Vec::new(),
            then: Then::Hold,
        }
    }

    /// No answer at all.
    pub(crate) fn nothing(then: Then) -> Self {
        Self {
            head: String::new(),
            body: Vec::new(),
            then,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

/// An answer to a cross-origin request of this page.
pub(crate) fn allow_origin(reply: Reply, asked: &Asked) -> Reply {
    let origin = asked.header("origin").unwrap_or("*").to_owned();
    let reply = reply
        .with("Access-Control-Allow-Origin", &origin)
        .with(
            "Access-Control-Allow-Headers",
            "authorization, content-type",
        )
        .with("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
        .with("Vary", "Origin");
    match origin.as_str() {
        "*" => reply,
        _ => reply.with("Access-Control-Allow-Credentials", "true"),
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The server, until this is dropped.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Scripted {
    /// Answers on both loopbacks.
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(free_port(), &["127.0.0.1", "::1"], script).await
    }

    pub(crate) async fn start_on(
        port: u16,
        addresses: &[&str],
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let script: Arc<Script> = Arc::new(script);
        let asked = Arc::default();
        let mut tasks = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind((*address, port)).await.unwrap();
            let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
            tasks.push(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
                    tokio::spawn(async move { serve(stream, &*script, &asked).await });
                }
            }));
        }
        Self { port, asked, tasks }
    }

    /// Any WebSocket server: it sends everything back on `/ws` and has no other page.
    pub(crate) async fn echo() -> Self {
        Self::start(any_echo).await
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    pub(crate) fn socket(&self, path: &str) -> String {
        format!("ws://localhost:{}{path}", self.port)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What a small WebSocket server answers: a socket at `/ws`, 404 elsewhere.
pub(crate) fn any_echo(asked: &Asked) -> Reply {
    match (asked.path(), asked.wants_socket()) {
        ("/ws", true) => Reply::socket(asked),
        ("/ws", false) => Reply::html("426 Upgrade Required").with("Upgrade", "websocket"),
        _ => Reply::html("404 Not Found"),
    }
}

/// Serves one connection over any stream; TLS set-ups use it too.
pub(crate) async fn serve<S>(mut stream: S, script: &Script, seen: &Mutex<Vec<Asked>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut rest = BytesMut::new();
    let Some(mut asked) = read_head(&mut stream, &mut rest).await else {
        return;
    };
    {
        let mut seen = seen.lock().unwrap();
        asked.number = seen.len();
        seen.push(asked.clone());
    }
    // The body, if there is one, is of no interest, but to leave it unread would reset the answer.
    let length = asked
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while rest.len() < length {
        if !matches!(stream.read_buf(&mut rest).await, Ok(1..)) {
            return;
        }
    }
    let reply = script(&asked);
    let mut answer = reply.head.into_bytes();
    if !answer.is_empty() {
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(&reply.body);
    if !answer.is_empty() && stream.write_all(&answer).await.is_err() {
        return;
    }
    match reply.then {
        Then::Close => {}
        Then::Hold => hold(&mut stream).await,
        Then::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            hold(&mut stream).await;
        }
        Then::Echo(echo) => {
            rest.clear();
            run_echo(&mut stream, echo).await;
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_head<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &mut BytesMut,
) -> Option<Asked> {
    let end = loop {
        // What is no HTTP, such as a TLS handshake, is not waited for.
        if bytes
            .first()
            .is_some_and(|first| !first.is_ascii_uppercase())
        {
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                .await;
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if !matches!(stream.read_buf(bytes).await, Ok(1..)) {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes.split_to(end + 4)).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    Some(Asked {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect(),
        number: 0,
    })
}

/// Reads until the other side goes away.
async fn hold<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut bytes = [0; 4096];
    while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
}

async fn run_echo<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, echo: Echo) {
    let limits = Limits {
        message_max_bytes: echo.message_max_bytes,
        fragments_max: 1_000,
    };
    let mut reader = Reader::new(Role::Server);
    let mut input = vec![0; 65_536];
    let far = Duration::from_secs(3_600);
    let end = tokio::time::Instant::now() + echo.age_max.unwrap_or(far);
    loop {
        let silence = tokio::time::sleep(echo.silence_max.unwrap_or(far));
        let count = tokio::select! {
            read = stream.read(&mut input) => match read {
                Ok(count @ 1..) => count,
                Ok(0) | Err(_) => return,
            },
            () = silence => return,
            () = tokio::time::sleep_until(end) => return,
        };
        let mut out = BytesMut::new();
        let fed = reader.feed(&limits, &mut input[..count], |incoming| {
            match incoming {
                Incoming::Text(text) => write_frame(&mut out, Opcode::Text, text.as_bytes()),
                Incoming::Binary(_) if echo.text_only => {
                    write_close(&mut out, 1003, "only text is spoken here");
                }
                Incoming::Binary(bytes) => write_frame(&mut out, Opcode::Binary, bytes),
                Incoming::Ping(bytes) => write_frame(&mut out, Opcode::Pong, bytes),
                Incoming::Pong(_) => {}
                Incoming::Close(frame) => {
                    let code = frame.map_or(1000, |frame| frame.code);
                    write_close(&mut out, code, "");
                }
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = &fed {
            write_close(&mut out, error.close_code(), &error.to_string());
        }
        if stream.write_all(&out).await.is_err() || fed.is_err() || reader.has_ended() {
            return;
        }
    }
}

/// Accepts connections and never says a word; or says these bytes first.
pub(crate) struct Mute {
    pub(crate) port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Mute {
    pub(crate) async fn start(greeting: &'static [u8]) -> Self {
        let (port, listeners) = listeners().await;
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let mut stream = accept(&listeners).await;
                let _ = stream.write_all(greeting).await;
                open.push(stream);
            }
        });
        Self { port, task }
    }

    /// Resets every connection: at once, or after it has said something.
    pub(crate) async fn resetting(hears_first: bool) -> Self {
        let (port, listeners) = listeners().await;
        let task = tokio::spawn(async move {
            loop {
                let mut stream = accept(&listeners).await;
                tokio::spawn(async move {
                    if hears_first {
                        let _ = stream.read(&mut [0; 4096]).await;
                    }
                    // Closed with a linger of nothing, the kernel sends RST.
                    SockRef::from(&stream)
                        .set_linger(Some(Duration::ZERO))
                        .unwrap();
                });
            }
        });
        Self { port, task }
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listeners() -> (u16, [TcpListener; 2]) {
    let port = free_port();
    let four = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let six = TcpListener::bind(("::1", port)).await.unwrap();
    (port, [four, six])
}

async fn accept([four, six]: &[TcpListener; 2]) -> TcpStream {
    let accepted = tokio::select! {
        accepted = four.accept() => accepted,
        accepted = six.accept() => accepted,
    };
    accepted.unwrap().0
}
