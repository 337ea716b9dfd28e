//! Listening and accepting: one loop per address, one task per HTTP connection, every wait bounded.
//! A socket leaves this file with its upgrade. Start at [`Listeners::bind`].

mod patient;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::config::Config;
use crate::limits::{
    ACCEPT_BACKLOG, ACCEPT_PAUSE, CONNECTIONS_MAX, HEADERS_MAX, REQUEST_HEAD_MAX_BYTES,
};
use crate::startup::may_do_without;

use patient::Patience;
pub(crate) use patient::Patient;

/// The addresses that are listened on.
#[derive(Debug)]
pub(crate) struct Listeners {
    listeners: Vec<(TcpListener, SocketAddr)>,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct BindError {
    /// Which.
    pub(crate) address: SocketAddr,
    /// Why.
    #[source]
    pub(crate) source: io::Error,
}

impl Listeners {
    /// Binds every address of `server.listen`. Where several ask for any port (0), they get the
    /// same one if it is free on all of them, so that `localhost:<port>` means both loopbacks.
    ///
    /// # Errors
    /// The first address that cannot be had, unless the configuration may do without it.
    pub(crate) async fn bind(config: &Config) -> Result<Self, BindError> {
        let mut listeners: Vec<(TcpListener, SocketAddr)> = Vec::new();
        let mut any_port = None;
        for &address in &config.server.listen {
            let bound = match any_port.filter(|_| address.port() == 0) {
                Some(port) => match bind(SocketAddr::new(address.ip(), port)) {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => bind(address),
                    other => other,
                },
                None => bind(address),
            };
            match bound {
                Ok((listener, found)) => {
                    any_port = any_port.or((address.port() == 0).then_some(found.port()));
                    listeners.push((listener, found));
                }
                Err(error) if !listeners.is_empty() && may_do_without(address, &error, config) => {
                    tracing::debug!(%address, %error, "going on without a second loopback");
                }
                Err(source) => return Err(BindError { address, source }),
            }
        }
        Ok(Self { listeners })
    }

    /// Where it listens, with the ports that were found.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(_, address)| *address).collect()
    }

    /// Serves until `stop` is cancelled; then takes no more connections, lets the requests in
    /// flight finish and returns. Whoever drains cancels `stop` when the drain is over, so that
    /// `/readyz` can tell of it meanwhile.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken) {
        let connections = Connections {
            router,
            stop: stop.clone(),
            tracker: TaskTracker::new(),
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        };
        let mut loops = JoinSet::new();
        for (listener, address) in self.listeners {
            loops.spawn(connections.clone().accept(listener, address));
        }
        while loops.join_next().await.is_some() {}
        connections.tracker.close();
        connections.tracker.wait().await;
    }
}

fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait until the kernel has forgotten the connections of the last run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(ACCEPT_BACKLOG)?;
    let found = listener.local_addr()?;
    Ok((listener, found))
}

#[derive(Clone)]
struct Connections {
    router: Router,
    stop: CancellationToken,
    tracker: TaskTracker,
    permits: Arc<Semaphore>,
}

impl Connections {
    async fn accept(self, listener: TcpListener, address: SocketAddr) {
        let mut pause = ACCEPT_PAUSE.0;
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.next(&listener) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    pause = ACCEPT_PAUSE.0;
                    let served = self.clone().serve(stream, peer);
                    self.tracker.spawn(async move {
                        served.await;
                        drop(permit);
                    });
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Most often no file descriptor is left: the connection waits in the kernel.
                    tracing::warn!(%address, %error, pause_ms = pause.as_millis(), "cannot accept");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(ACCEPT_PAUSE.1);
                }
            }
        }
    }

    async fn next(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        Ok((stream, peer, permit))
    }

    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
        let router = self.router;
        let turns = Arc::<patient::Turns>::default();
        let stream = Patient::new(stream, Patience::default(), Arc::clone(&turns));
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let (router, turn) = (router.clone(), turns.begin());
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                let response = router.oneshot(request).await;
                let response = response.unwrap_or_else(|never| match never {});
                Ok::<_, Infallible>(response.map(|body| turn.ends_with(body)))
            }
        });
        let connection = http1::Builder::new()
            // The stream waits as long as it should.
            .header_read_timeout(None)
            .max_headers(HEADERS_MAX)
            .max_buf_size(REQUEST_HEAD_MAX_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection ended early");
        }
    }
}

/// Whether only the connection that was about to be accepted is lost (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::TimedOut
    )
}
