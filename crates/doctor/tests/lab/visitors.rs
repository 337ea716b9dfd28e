//! Small clients that a set-up needs besides the doctor: one who holds a socket open, one who asks
//! over HTTP. Start at [`hold_socket`] and [`ask`].

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Opens a socket and waits for the first frame, so that the server counts it. It stays open as
/// long as the stream is kept.
pub(crate) async fn hold_socket(port: u16, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    loop {
        let count = stream.read_buf(&mut said).await.unwrap();
        let text = String::from_utf8_lossy(&said);
        assert!(count > 0, "the socket at {port} ended: {text}");
        // The head, then a frame of the server: a welcome begins with 0x81.
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            assert!(
                head.starts_with("HTTP/1.1 101"),
                "no socket at {port}: {text}"
            );
            if rest.contains("welcome") {
                return stream;
            }
        }
    }
}

/// One request with a body of JSON; the head and the body of the answer.
pub(crate) async fn ask(
    port: u16,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.unwrap();
    let text = String::from_utf8_lossy(&said).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

/// Signs in; the header that a page sends from then on.
pub(crate) async fn sign_in(port: u16, email: &str, password: &str) -> String {
    let body = serde_json::json!({"email": email, "password": password}).to_string();
    let (head, body) = ask(port, "POST", "/api/v1/auth/login", "", &body).await;
    let cookie = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .and_then(|(_, value)| value.split(';').next());
    format!(
        "Cookie: {}\r\n",
        cookie.unwrap_or_else(|| panic!("no cookie: {head}\n{body}"))
    )
}
