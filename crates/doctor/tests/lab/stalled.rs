//! A network that goes dead under open connections, and may come back: a relay in front of a server.
//! Nothing is lost and nobody is told; what is not carried waits. Start at [`Network::to`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::ports::{PATIENCE, free_port};

/// What waits for a dead way in the kernel on our side; little, so that the server soon feels it.
const RECEIVE_BUFFER_BYTES: u32 = 32 * 1024;

/// How long one connection must have been alone to be the one that is held.
const CALM: Duration = Duration::from_secs(1);

/// Whether bytes are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Alive,
    Dead,
}

/// The relay, until this is dropped.
pub(crate) struct Network {
    pub(crate) port: u16,
    ways: Arc<Ways>,
    task: tokio::task::JoinHandle<()>,
}

/// Shared by all its connections.
struct Ways {
    to_page: watch::Sender<Way>,
    to_server: watch::Sender<Way>,
    open: AtomicUsize,
}

impl Network {
    /// In front of a server on 127.0.0.1; both ways are alive.
    pub(crate) async fn to(server: u16) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let ways = Arc::new(Ways {
            to_page: watch::Sender::new(Way::Alive),
            to_server: watch::Sender::new(Way::Alive),
            open: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&ways);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((page, _)) = listener.accept().await {
                let ways = Arc::clone(&shared);
                connections.spawn(async move {
                    ways.open.fetch_add(1, Ordering::Relaxed);
                    // However it ends, both sides learn it by the end of their connection.
                    let _ = relay(page, server, &ways).await;
                    ways.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { port, ways, task }
    }

    pub(crate) fn socket(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn to_page(&self, way: Way) {
        self.ways.to_page.send_replace(way);
    }

    pub(crate) fn to_server(&self, way: Way) {
        self.ways.to_server.send_replace(way);
    }

    /// Waits until one connection has been alone for a second: then the doctor holds it.
    pub(crate) async fn until_held(&self) {
        let (began, mut alone_since) = (Instant::now(), None);
        loop {
            let open = self.ways.open.load(Ordering::Relaxed);
            alone_since = match open {
                1 => alone_since.or_else(|| Some(Instant::now())),
                _ => None,
            };
            if alone_since.is_some_and(|since| since.elapsed() >= CALM) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "the doctor holds no connection: {open} are open"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(page: TcpStream, server: u16, ways: &Ways) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    let server = socket.connect(([127, 0, 0, 1], server).into()).await?;
    page.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_page, to_page) = page.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        carry(from_page, to_server, ways.to_server.subscribe()),
        carry(from_server, to_page, ways.to_page.subscribe()),
    )?;
    Ok(())
}

/// Carries bytes one way, and the end after the last of them.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        // While it is dead nothing more is read, so that it fills up behind.
        let alive = way.wait_for(|way| *way == Way::Alive).await;
        alive.map_err(io::Error::other)?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
