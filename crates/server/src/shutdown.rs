//! Signals. The first SIGTERM or SIGINT begins the drain, a second one ends the program at once.
//! Everything that must stop waits on the token that is cancelled here. Start at [`watch`].

use std::convert::Infallible;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that this program acts on, registered before anything else happens, so that none
/// is lost between the start and the first wait.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Registers them. Needs a running tokio runtime.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn register() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => {
                    tracing::info!("SIGHUP is ignored; to read the configuration again, restart");
                }
            }
        }
    }
}

/// Cancels the token at the first signal and ends the program with 1 at the second. Never returns,
/// so it is one arm of a select.
pub(crate) async fn watch(mut signals: Signals, shutdown: CancellationToken) -> Infallible {
    let signal = signals.next().await;
    tracing::info!(
        signal,
        "shutting down; a second signal ends the program at once"
    );
    shutdown.cancel();
    let signal = signals.next().await;
    tracing::warn!(
        signal,
        "a second signal: ending at once, without waiting for anyone"
    );
    std::process::exit(1)
}
