//! The socket of a connection as a shard drives it: a non-blocking TCP stream, registered with the
//! runtime of the shard's own thread at its first use.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use engine::Transport;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;

use super::admission::Permit;

/// How many bytes may wait in the kernel unsent before the socket counts as full. Small, so that
/// a reader that stalls is seen in our outbox and not hidden by the kernel's.
const UNSENT_MAX_BYTES: u32 = 64 * 1024;

/// One TCP connection, and the place among its address's connections that it takes.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    _permit: Permit,
}

#[derive(Debug)]
enum Stream {
    /// As it left the HTTP side: in no runtime.
    Handed(std::net::TcpStream),
    /// Registered with the shard's runtime.
    Registered(TcpStream),
    /// Could not be registered.
    Failed(io::ErrorKind),
}

impl Socket {
    /// Takes the stream out of the HTTP side's runtime.
    ///
    /// # Errors
    /// The stream cannot be taken out.
    pub(crate) fn take(stream: TcpStream, permit: Permit) -> io::Result<Self> {
        let stream = stream.into_std()?;
        let socket = socket2::SockRef::from(&stream);
        if let Err(error) = socket.set_tcp_notsent_lowat(UNSENT_MAX_BYTES) {
            tracing::debug!(%error, "cannot bound what the kernel holds unsent");
        }
        Ok(Self {
            stream: Stream::Handed(stream),
            _permit: permit,
        })
    }

    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        if let Stream::Handed(_) = self.stream {
            let handed = std::mem::replace(&mut self.stream, Stream::Failed(io::ErrorKind::Other));
            if let Stream::Handed(stream) = handed {
                self.stream = match TcpStream::from_std(stream) {
                    Ok(stream) => Stream::Registered(stream),
                    Err(error) => Stream::Failed(error.kind()),
                };
            }
        }
        match &mut self.stream {
            Stream::Registered(stream) => Ok(stream),
            Stream::Failed(kind) => Err((*kind).into()),
            Stream::Handed(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Transport for Socket {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // A read that does not fill the buffer has emptied the socket, and tokio remembers: the
        // next look costs no system call.
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(self.stream()?).poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => Poll::Ready(Ok(buffer.filled().len())),
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream()?.try_write(bytes)
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.stream() {
            Ok(stream) => stream.poll_write_ready(context).map(|_| ()),
            // The next write tells why.
            Err(_) => Poll::Ready(()),
        }
    }

    fn finish(&mut self) {
        if let Ok(stream) = self.stream()
            && let Err(error) = socket2::SockRef::from(&*stream).shutdown(std::net::Shutdown::Write)
        {
            tracing::debug!(%error, "cannot say that nothing more will be written");
        }
    }

    fn abort(&mut self) {
        if let Ok(stream) = self.stream()
            && let Err(error) = stream.set_zero_linger()
        {
            tracing::debug!(%error, "cannot reset a connection; it is closed instead");
        }
    }
}
