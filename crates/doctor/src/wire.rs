//! One connection to one address: TCP, then TLS if it is spoken there. No system proxy and no
//! second try, so that every phase can be seen. Start at [`Dialer::dial`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tls::Trust;

/// A stream of bytes, plain or through TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where to connect, again and again.
#[derive(Clone)]
pub(crate) struct Dialer {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
}

/// How TLS is spoken.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) trust: Arc<Trust>,
    pub(crate) host: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// TCP gave no connection.
    Connect(io::Error),
    /// TCP gave no answer at all.
    ConnectTimeout(Duration),
    /// The TLS handshake failed.
    Tls(String),
    /// Connected, and not one byte came.
    Silent(Duration),
    /// Connected, and the other end closed without a byte.
    Closed,
    /// Connected, and the other end reset the connection without a byte.
    Reset,
    /// Bytes came that are no HTTP.
    NotHttp(Vec<u8>),
    /// An answer began and did not end.
    Cut(String),
}

impl Dialer {
    /// Connects.
    pub(crate) async fn dial(&self) -> Result<Box<dyn Stream>, Fault> {
        let stream = connect(self.address, self.timeout).await?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let handshake = tls.trust.handshake(stream, &tls.host, &[b"http/1.1"]);
        match timeout(self.timeout, handshake).await {
            Ok(handshake) => match handshake.stream {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(Fault::Tls(error.to_string())),
            },
            Err(_) => Err(Fault::Silent(self.timeout)),
        }
    }
}

/// Connects TCP.
pub(crate) async fn connect(address: SocketAddr, within: Duration) -> Result<TcpStream, Fault> {
    match timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            // Small requests are sent at once; where it cannot be set they are merely later.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        // The other end took the connection, and ended it faster than we could look.
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Err(Fault::Reset),
        Ok(Err(error)) => Err(Fault::Connect(error)),
        Err(_) => Err(Fault::ConnectTimeout(within)),
    }
}

impl Fault {
    /// The fault that an error of reading or writing stands for, before any byte came.
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted => Self::Reset,
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Tls(error.to_string()),
        }
    }

    /// In a few words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Connect(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => "connection refused (ECONNREFUSED)".to_owned(),
                _ => error.to_string(),
            },
            Self::ConnectTimeout(after) => format!(
                "no answer to the connection request in {} ms",
                after.as_millis()
            ),
            Self::Tls(what) => format!("the encrypted connection failed: {what}"),
            Self::Silent(after) => {
                format!("connected, and no byte came in {} ms", after.as_millis())
            }
            Self::Closed => "connected, and closed without an answer".to_owned(),
            Self::Reset => "connected, and reset without an answer".to_owned(),
            Self::NotHttp(bytes) => format!("an answer that is no HTTP: {}", first_bytes(bytes)),
            Self::Cut(what) => format!("an answer that did not end: {what}"),
        }
    }
}

/// The beginning of an answer, as text if it is one.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    let begin = &bytes[..bytes.len().min(48)];
    let text: String = String::from_utf8_lossy(begin).escape_default().to_string();
    format!("`{text}`")
}
