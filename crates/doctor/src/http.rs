//! HTTP/1.1 by hand: a refused upgrade must show its status line, every header and its body, which
//! libraries hide. One request for each connection. Start at [`ask`].

use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout_at;

use crate::wire::{Dialer, Fault, Stream};

/// Longest head of an answer that is read.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// Longest body that is read; what is said stands at its beginning.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// Most headers of an answer.
const HEADERS_MAX: usize = 100;

/// How long a body may take after its head: enough for what is there, not for a stream.
const BODY_WITHIN: Duration = Duration::from_millis(700);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `1.0` or `1.1`.
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    pub(crate) phrase: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// From the request to the end of the head.
    pub(crate) after: Duration,
}

/// A connection on which an answer came, and what came behind its head.
pub(crate) struct Rest {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) bytes: BytesMut,
}

impl Request {
    /// A plain GET.
    pub(crate) fn get(host: &str, path: impl Into<String>) -> Self {
        Self::new("GET", host, path)
    }

    /// A request that ends its connection.
    pub(crate) fn new(method: &'static str, host: &str, path: impl Into<String>) -> Self {
        let request = Self {
            method,
            path: path.into(),
            headers: vec![("Host".to_owned(), host.to_owned())],
            body: Vec::new(),
        };
        request
            .header(
                "User-Agent",
                concat!("frontdesk-doctor/", env!("CARGO_PKG_VERSION")),
            )
            .header("Accept", "*/*")
            .header("Connection", "close")
    }

    /// The same with one header more, or with another value of it.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        let value: String = value.into().chars().filter(|c| !c.is_control()).collect();
        match self
            .headers
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, known)) => *known = value,
            None => self.headers.push((name.to_owned(), value)),
        }
        self
    }

    /// The same with a body of JSON.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into_bytes();
        let length = self.body.len().to_string();
        self.header("Content-Type", "application/json")
            .header("Content-Length", length)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Answer {
    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The values of all headers of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The beginning of the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The code of a problem of ours.
    pub(crate) fn problem(&self) -> Option<(String, String, String)> {
        let json = self.json()?;
        let text = |name: &str| Some(json.get(name)?.as_str()?.to_owned());
        text("type")?
            .starts_with("urn:frontdesk:problem:")
            .then_some(())?;
        Some((text("code")?, text("detail")?, text("fix")?))
    }

    /// Whether the body is a page.
    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.contains("text/html"))
            || self
                .text()
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("<!doctype html")
    }

    /// Status and phrase.
    pub(crate) fn status_line(&self) -> String {
        format!("HTTP/{} {} {}", self.version, self.status, self.phrase)
            .trim_end()
            .to_owned()
    }
}

/// Asks, and reads the whole answer as far as it comes.
pub(crate) async fn ask(dialer: &Dialer, request: &Request) -> Result<Answer, Fault> {
    let stream = dialer.dial().await?;
    let (mut answer, rest) = exchange(stream, request, dialer.timeout).await?;
    if request.method != "HEAD" {
        answer.body = read_body(&answer, rest).await;
    }
    Ok(answer)
}

/// Sends a request and reads the head of the answer.
pub(crate) async fn exchange(
    mut stream: Box<dyn Stream>,
    request: &Request,
    within: Duration,
) -> Result<(Answer, Rest), Fault> {
    let begun = Instant::now();
    let until = tokio::time::Instant::now() + within;
    let sent = timeout_at(until, async {
        stream.write_all(&request.bytes()).await?;
        stream.flush().await
    });
    let unsent = match sent.await {
        Ok(Ok(())) => None,
        // The other end may have answered and closed before it read everything.
        Ok(Err(error)) => Some(error),
        Err(_) => return Err(Fault::Silent(within)),
    };
    let mut bytes = BytesMut::with_capacity(4096);
    loop {
        match timeout_at(until, stream.read_buf(&mut bytes)).await {
            Err(_) if bytes.is_empty() => return Err(Fault::Silent(within)),
            Err(_) => return Err(not_http(&bytes)),
            Ok(Ok(0)) if bytes.is_empty() => {
                return Err(unsent.as_ref().map_or(Fault::Closed, Fault::of));
            }
            Ok(Ok(0)) => return Err(not_http(&bytes)),
            Ok(Err(error)) if bytes.is_empty() => return Err(Fault::of(&error)),
            Ok(Err(_)) => return Err(not_http(&bytes)),
            Ok(Ok(_)) => {}
        }
        // An answer of 100 to 199 goes before the real one; 101 is one itself.
        loop {
            match head(&bytes, begun) {
                Err(()) => return Err(Fault::NotHttp(bytes.to_vec())),
                Ok(None) if bytes.len() > HEAD_MAX_BYTES => {
                    return Err(Fault::Cut(format!(
                        "its head has more than {HEAD_MAX_BYTES} bytes"
                    )));
                }
                Ok(None) => break,
                Ok(Some((answer, len))) => {
                    bytes.advance(len);
                    if answer.status >= 200 || answer.status == 101 {
                        return Ok((answer, Rest { stream, bytes }));
                    }
                }
            }
        }
    }
}

fn not_http(bytes: &[u8]) -> Fault {
    if bytes.starts_with(b"HTTP/") {
        Fault::Cut("its head".to_owned())
    } else {
        Fault::NotHttp(bytes.to_vec())
    }
}

fn head(bytes: &[u8], begun: Instant) -> Result<Option<(Answer, usize)>, ()> {
    // httparse takes a head that begins with anything for an unfinished one for too long.
    let begin = &bytes[..bytes.len().min(5)];
    if begin != &b"HTTP/"[..begin.len()] {
        return Err(());
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let mut config = httparse::ParserConfig::default();
    config.ignore_invalid_headers_in_responses(true);
    match config.parse_response(&mut response, bytes) {
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(()),
        Ok(httparse::Status::Complete(len)) => {
            let answer = Answer {
                version: if response.version == Some(0) {
                    "1.0"
                } else {
                    "1.1"
                },
                status: response.code.unwrap_or_default(),
                phrase: response.reason.unwrap_or_default().to_owned(),
                headers: response
                    .headers
                    .iter()
                    .map(|header| {
                        (
                            header.name.to_owned(),
                            String::from_utf8_lossy(header.value).into_owned(),
                        )
                    })
                    .collect(),
                body: Vec::new(),
                after: begun.elapsed(),
            };
            Ok(Some((answer, len)))
        }
    }
}

/// Reads what there is of a body, within its bounds.
pub(crate) async fn read_body(answer: &Answer, rest: Rest) -> Vec<u8> {
    let Rest {
        mut stream,
        mut bytes,
    } = rest;
    let length = answer
        .header("content-length")
        .and_then(|value| value.trim().parse::<usize>().ok());
    let is_chunked = answer
        .all("transfer-encoding")
        .any(|value| value.to_ascii_lowercase().contains("chunked"));
    let is_empty = matches!(answer.status, 101 | 204 | 304);
    let wanted = if is_empty {
        0
    } else {
        length.unwrap_or(BODY_MAX_BYTES).min(BODY_MAX_BYTES)
    };
    let until = tokio::time::Instant::now() + BODY_WITHIN;
    while bytes.len() < wanted && !(is_chunked && bytes.ends_with(b"0\r\n\r\n")) {
        match timeout_at(until, stream.read_buf(&mut bytes)).await {
            Ok(Ok(read)) if read > 0 => {}
            _ => break,
        }
    }
    if is_chunked {
        unchunked(&bytes)
    } else {
        bytes[..bytes.len().min(wanted)].to_vec()
    }
}

/// The content of chunks, as far as they are whole.
pub(crate) fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).ok().and_then(|line| {
            usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).ok()
        });
        let Some(size) = size.filter(|size| *size > 0) else {
            break;
        };
        bytes = &bytes[end + 2..];
        let taken = size.min(bytes.len());
        content.extend_from_slice(&bytes[..taken]);
        bytes = bytes.get(size + 2..).unwrap_or_default();
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_whole_or_not_at_all() {
        let bytes = b"HTTP/1.0 403 Forbidden\r\nServer: x\r\nset-cookie: a=1\r\n\r\nrest";
        for known in 0..bytes.len() - 4 {
            assert!(
                matches!(head(&bytes[..known], Instant::now()), Ok(None)),
                "{known}"
            );
        }
        let (answer, len) = head(bytes, Instant::now()).unwrap().unwrap();
        assert_eq!(
            (answer.status, answer.version, len),
            (403, "1.0", bytes.len() - 4)
        );
        assert_eq!(answer.header("SERVER"), Some("x"));
        assert!(head(b"SSH-2.0-OpenSSH", Instant::now()).is_err());
    }

    #[test]
    fn chunks_are_joined_as_far_as_they_came() {
        assert_eq!(unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), b"abcde");
        assert_eq!(unchunked(b"5\r\nab"), b"ab");
        assert_eq!(unchunked(b"zz\r\nab"), b"");
    }

    #[test]
    fn a_header_cannot_break_its_line() {
        let request = Request::get("h", "/")
            .header("Origin", "a\r\nX: y")
            .header("host", "b");
        let text = String::from_utf8(request.bytes()).unwrap();
        assert!(
            text.contains("Origin: aX: y\r\n") && text.contains("Host: b\r\n"),
            "{text}"
        );
    }
}
