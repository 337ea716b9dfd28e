//! As much of HTTP/1.1 as the bench needs: requests as bytes, and answers with a length, one after
//! the other on a connection that stays open. Start at [`Connection::call`].

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

/// Longest wait for an answer while things are being prepared.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection of its own to one server, for calls one at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
}

/// An answer, with what it said about itself.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `name=value` of the first `Set-Cookie`.
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { address, stream })
    }

    /// Asks, and gives the answer's JSON. Fails unless the status is the expected one.
    pub(crate) fn json(
        &mut self,
        expected: u16,
        method: &str,
        path: &str,
        cookie: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let answer = self.call(method, path, cookie, body)?;
        anyhow::ensure!(
            answer.status == expected,
            "{method} {path} answered {}, {expected} was expected: {}",
            answer.status,
            answer.body
        );
        serde_json::from_str(&answer.body)
            .with_context(|| format!("{method} {path} answered what is not JSON"))
    }

    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        cookie: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let body = body.map(Value::to_string);
        let request = request(self.address, method, path, cookie, body.as_deref());
        self.stream
            .write_all(&request)
            .with_context(|| format!("cannot send {method} {path}"))?;
        let mut received = Vec::new();
        let mut part = [0; 16 * 1024];
        loop {
            if let Some((head, whole)) = complete(&received) {
                return answer(&received[..head], &received[head..whole]);
            }
            let count = self
                .stream
                .read(&mut part)
                .with_context(|| format!("no answer to {method} {path}"))?;
            anyhow::ensure!(
                count > 0,
                "the server closed before it answered {method} {path}"
            );
            received.extend_from_slice(&part[..count]);
        }
    }
}

/// The bytes of a request.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    cookie: &str,
    body: Option<&str>,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    if !cookie.is_empty() {
        text += &format!("Cookie: {cookie}\r\n");
    }
    if let Some(body) = body {
        text += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    text += "\r\n";
    text += body.unwrap_or_default();
    text.into_bytes()
}

/// Asks for a socket. The key is not secret and no proxy stands in between, so it is always the
/// same.
pub(crate) fn upgrade_request(address: SocketAddr, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// Where the head ends and where the answer does, if all of it is there.
pub(crate) fn complete(received: &[u8]) -> Option<(usize, usize)> {
    let head = head_end(received)?;
    let length = header(&received[..head], "content-length")
        .and_then(|value| value.parse::<usize>().ok())
        .unwrap_or(0);
    let whole = head.checked_add(length)?;
    (received.len() >= whole).then_some((head, whole))
}

/// Where the blank line ends.
pub(crate) fn head_end(received: &[u8]) -> Option<usize> {
    received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// The status of a head; 0 if it is not one.
pub(crate) fn status(head: &[u8]) -> u16 {
    head.get(9..12)
        .and_then(|digits| str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// The value of the first header of this name, which is given in small letters.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let head = str::from_utf8(head).ok()?;
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn answer(head: &[u8], body: &[u8]) -> anyhow::Result<Answer> {
    let cookie = header(head, "set-cookie")
        .and_then(|value| value.split(';').next())
        .map(str::to_owned);
    Ok(Answer {
        status: status(head),
        cookie,
        body: String::from_utf8(body.to_vec()).context("the answer is not UTF-8")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_length_says_so() {
        let text =
            b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nSet-Cookie: a=b; Path=/\r\n\r\n{}";
        assert_eq!(complete(&text[..text.len() - 1]), None);
        let (head, whole) = complete(text).unwrap();
        assert_eq!(whole, text.len());
        let answer = answer(&text[..head], &text[head..whole]).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (201, "{}"));
        assert_eq!(answer.cookie.as_deref(), Some("a=b"));
    }
}
