//! The stream under an HTTP connection, which waits for its client only so long: for a request, for
//! the rest of its head, and for room to write the answer. It also gives a body to the answers that
//! the parser makes by itself, which have none. Start at [`Patient::new`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use protocol::{ErrorCode, Problem};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use uuid::Uuid;

use crate::envelope::COMMON_HEADERS;
use crate::limits::{
    HEADER_READ_TIMEOUT, HEADERS_MAX, KEEP_ALIVE_TIMEOUT, REQUEST_HEAD_MAX_BYTES,
    WRITE_PROGRESS_TIMEOUT,
};

/// Longest answer of the parser's own, in bytes.
const OWN_ANSWER_MAX_BYTES: usize = 256;

/// How such an answer says that it has no body.
const NO_BODY: &str = "content-length: 0\r\n";

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the first byte of the first request, and for the rest of a head.
    head: Duration,
    /// For the next request.
    request: Duration,
    /// For room to write.
    write: Duration,
}

/// A TCP stream with bounded waits.
#[derive(Debug)]
pub(crate) struct Patient {
    stream: TcpStream,
    patience: Patience,
    turns: Arc<Turns>,
    /// The turn whose request has begun to arrive.
    begun: Option<u32>,
    reading: Wait<(u32, bool)>,
    writing: Wait<()>,
    /// What is written before anything else: an answer in place of the parser's.
    instead: Bytes,
}

/// Whose turn it is on a connection: the client's to send a request while the number is even, ours
/// to answer it while it is odd.
#[derive(Debug, Default)]
pub(super) struct Turns(AtomicU32);

/// Our turn, from the head of a request to the end of its answer.
pub(super) struct Turn(Arc<Turns>);

/// An answer that ends our turn.
pub(super) struct Answer {
    body: Body,
    _turn: Turn,
}

/// Until when something is waited for.
#[derive(Debug)]
struct Wait<K> {
    what: Option<K>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: HEADER_READ_TIMEOUT,
            request: KEEP_ALIVE_TIMEOUT,
            write: WRITE_PROGRESS_TIMEOUT,
        }
    }
}

impl Patient {
    pub(super) fn new(stream: TcpStream, patience: Patience, turns: Arc<Turns>) -> Self {
        Self {
            stream,
            patience,
            turns,
            begun: None,
            reading: Wait::default(),
            writing: Wait::default(),
            instead: Bytes::new(),
        }
    }

    /// The stream, for a socket that is no longer HTTP.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// What a read gives that found nothing: more patience, the end, or an error.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let turn = self.turns.now();
        if is_ours(turn) {
            // Whoever reads the body has bounds of his own.
            self.reading.end();
            return Poll::Pending;
        }
        // The first request must begin at once, the next one may take its time.
        let begun = turn == 0 || self.begun == Some(turn);
        let longest = if begun {
            self.patience.head
        } else {
            self.patience.request
        };
        loop {
            ready!(self.reading.poll((turn, begun), longest, context));
            if self.writing.what.is_none() {
                break;
            }
            // The last answer is still on its way.
            self.reading.end();
        }
        if begun {
            return Poll::Ready(Err(too_slow("the head of a request", longest)));
        }
        Poll::Ready(Ok(()))
    }

    fn wait_to_write<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.end();
            return written;
        }
        let longest = self.patience.write;
        ready!(self.writing.poll((), longest, context));
        let error = too_slow("the reader of an answer", longest);
        Poll::Ready(Err(error))
    }

    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, &self.instead);
            let bytes = ready!(self.wait_to_write(written, context))?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let _ = self.instead.split_to(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.wait_to_read(context),
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    self.begun = Some(self.turns.now());
                }
                Poll::Ready(read)
            }
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        if let Some(instead) = with_body(bytes) {
            self.instead = instead.into();
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait_to_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [bytes] = parts {
            return self.poll_write(context, bytes);
        }
        ready!(self.poll_instead(context))?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wait_to_write(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Turns {
    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn(Arc::clone(self))
    }

    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

fn is_ours(turn: u32) -> bool {
    turn % 2 == 1
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Turn {
    /// Ends with the last byte of this body.
    pub(super) fn ends_with(self, body: Body) -> Answer {
        Answer { body, _turn: self }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<K> Default for Wait<K> {
    fn default() -> Self {
        Self {
            what: None,
            sleep: None,
        }
    }
}

impl<K: PartialEq> Wait<K> {
    /// Ready when this, and nothing else meanwhile, was waited for that long.
    fn poll(&mut self, what: K, longest: Duration, context: &mut Context<'_>) -> Poll<()> {
        let is_new = self.what.as_ref() != Some(&what);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(longest)));
        if is_new {
            sleep.as_mut().reset(Instant::now() + longest);
            self.what = Some(what);
        }
        sleep.as_mut().poll(context)
    }

    fn end(&mut self) {
        self.what = None;
    }
}

fn too_slow(what: &str, longest: Duration) -> io::Error {
    let text = format!("{what} came to a standstill for {} s", longest.as_secs());
    io::Error::new(io::ErrorKind::TimedOut, text)
}

/// A problem in place of the bare answer that the parser gives to a head it cannot read. An answer
/// of ours is never taken for one: each has a request id.
fn with_body(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > OWN_ANSWER_MAX_BYTES {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let problem = match text.strip_prefix("HTTP/1.1 ")?.get(..3)? {
        "400" => Problem::new(
            ErrorCode::InvalidRequest,
            "the request line or a header is not HTTP/1.1",
        )
        .with_fix("Look for a bad character, two lengths, or another protocol such as TLS."),
        "414" => Problem::new(
            ErrorCode::UriTooLong,
            format!("the request line is longer than {REQUEST_HEAD_MAX_BYTES} bytes"),
        ),
        "431" => Problem::new(
            ErrorCode::HeadTooLarge,
            format!(
                "the head has more than {REQUEST_HEAD_MAX_BYTES} bytes or {HEADERS_MAX} headers"
            ),
        ),
        _ => return None,
    };
    if !text.ends_with("\r\n\r\n") || text.contains("x-request-id") {
        return None;
    }
    let (before, after) = text.split_once(NO_BODY)?;
    let body = serde_json::to_string(&problem).expect("a problem is texts, numbers and lists");
    let mut headers = format!(
        "content-type: application/problem+json\r\ncontent-length: {}\r\nx-request-id: {}\r\n",
        body.len(),
        Uuid::now_v7()
    );
    for (name, value) in COMMON_HEADERS {
        let value = value.to_str().expect("a constant of ASCII");
        headers += &format!("{name}: {value}\r\n");
    }
    Some(format!("{before}{headers}{after}{body}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_millis(700);

    /// Both ends of a connection, ours with little patience.
    async fn connection(patience: Patience) -> (Patient, TcpStream, Arc<Turns>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let turns = Arc::<Turns>::default();
        let patient = Patient::new(accepted.unwrap().0, patience, Arc::clone(&turns));
        (patient, client.unwrap(), turns)
    }

    /// What a read comes to, and whether it took the longer time.
    async fn read(patient: &mut Patient) -> (Result<usize, io::ErrorKind>, bool) {
        let began = Instant::now();
        let read = patient.read(&mut [0; 64]).await;
        (read.map_err(|error| error.kind()), began.elapsed() >= LONG)
    }

    #[tokio::test]
    async fn a_head_is_waited_for_less_than_the_next_request() {
        let patience = Patience {
            head: SHORT,
            request: LONG,
            write: SHORT,
        };
        let cut = (Err(io::ErrorKind::TimedOut), false);
        let (mut patient, mut client, turns) = connection(patience).await;
        assert_eq!(read(&mut patient).await, cut, "nothing at all");
        drop(turns.begin());
        assert_eq!(read(&mut patient).await, (Ok(0), true), "no next request");
        drop(turns.begin());
        client.write_all(b"GET /").await.unwrap();
        assert_eq!(read(&mut patient).await.0, Ok(5));
        assert_eq!(read(&mut patient).await, cut, "half a head");
        let ours = turns.begin();
        let reading = tokio::time::timeout(LONG * 2, patient.read_u8());
        assert!(reading.await.is_err(), "a body is waited for elsewhere");
        drop(ours);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_its_answer_is_cut_and_one_that_is_slow_is_not() {
        let patience = Patience {
            head: SHORT,
            request: SHORT,
            write: LONG,
        };
        let (mut patient, mut client, turns) = connection(patience).await;
        let ours = turns.begin();
        let answer = vec![7; 32 << 20];
        let reading = tokio::spawn(async move {
            let mut taken = vec![0; 4 << 20];
            let mut bytes = 0;
            while bytes < 32 << 20 {
                tokio::time::sleep(LONG / 4).await;
                bytes += client.read(&mut taken).await.unwrap();
            }
            client
        });
        patient
            .write_all(&answer)
            .await
            .expect("it is slow, but it reads");
        let _still_open = reading.await.unwrap();
        let began = Instant::now();
        let error = patient.write_all(&answer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        assert!(began.elapsed() >= LONG, "{:?}", began.elapsed());
        drop(ours);
    }

    #[test]
    fn only_the_parsers_own_refusals_get_a_body() {
        let own = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                   content-length: 0\r\ndate: now\r\n\r\n";
        let told = String::from_utf8(with_body(own.as_bytes()).unwrap()).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!(
            head.contains("connection: close") && !head.contains(NO_BODY),
            "{head}"
        );
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&431.into(), &"head_too_large".into())
        );
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "",
        ] {
            assert_eq!(with_body(other.as_bytes()), None, "{other}");
        }
    }
}
