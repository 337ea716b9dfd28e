//! Runs the shards: one thread each, with a runtime of its own that has nothing else to do.
//! Start at [`Sockets::start`].

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use engine::{EventLog as _, Limits, Now, Request, ServerName, Shard, ShardSeat};
use protocol::{BootId, ChannelName};
use store::Store;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Door, Engine, Socket};
use crate::config::SocketConfig;

/// Most shards; beyond this many cores, HTTP and the store have the rest.
const SHARDS_MAX: usize = 16;

/// Turns that a shard takes in a row before its runtime looks at the sockets again.
const TURNS_IN_A_ROW: usize = 16;

/// How often the channels are compared with the log.
const RECONCILE_INTERVAL: Duration = Duration::from_secs(2);

/// The shards of this process, and what they ask.
#[derive(Clone, Debug)]
pub(crate) struct Sockets {
    stop: CancellationToken,
    running: watch::Receiver<usize>,
}

/// The seats of the shards, until they are started.
pub(crate) type Seats = Vec<ShardSeat<Socket>>;

/// An engine for this machine: one shard per core.
pub(crate) fn engine(config: &SocketConfig) -> (Engine, Seats) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let shards = u16::try_from(cores.min(SHARDS_MAX)).unwrap_or(1);
    Engine::new(limits(config), shards)
}

fn limits(config: &SocketConfig) -> Limits {
    Limits {
        heartbeat_ms: config.heartbeat_seconds * 1_000,
        frame_max_bytes: config.frame_max_bytes,
        outbox_max_bytes: config.outbox_max_bytes,
        subscriptions_max: config.subscriptions_max,
        per_user_max: config.per_user_max,
        messages_per_second: config.messages_per_second,
        message_burst: config.message_burst,
        ..Limits::default()
    }
}

impl Sockets {
    /// Starts a thread for each seat. What the shards ask comes out of the receiver.
    ///
    /// # Errors
    /// The log cannot be read, or a thread cannot be started.
    pub(crate) async fn start(
        seats: Seats,
        store: &Store,
        boot_id: BootId,
        door: Door,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Request>)> {
        let heads = store
            .event_log()
            .heads(&[ChannelName::revocations()])
            .await
            .context("cannot read how far the event log is")?;
        let revocations = (heads.epoch, heads.heads.first().copied().unwrap_or(0));
        // Bounded by what the shards have under way: at most one command and one page for each
        // subscription of a connection.
        let (asked, requests) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let (running_sender, running) = watch::channel(seats.len());
        let running_sender = Arc::new(running_sender);
        let name = ServerName {
            server: concat!("frontdesk/", env!("CARGO_PKG_VERSION")).to_owned(),
            boot_id: boot_id.to_string(),
        };
        for (number, seat) in seats.into_iter().enumerate() {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .context("cannot start the runtime of a shard")?;
            let (asked, name, stop) = (asked.clone(), name.clone(), stop.clone());
            let door = door.clone();
            let running = Arc::clone(&running_sender);
            std::thread::Builder::new()
                .name(format!("shard-{number}"))
                .spawn(move || {
                    let _ended = EndsTheProcessOnPanic;
                    let clock = Clock::start();
                    let outside = move |request| {
                        if let Some(request) = door.answer(request) {
                            // The receiver goes only when the program does.
                            let _ = asked.send(request);
                        }
                    };
                    let shard = Shard::new(seat, name, revocations, outside, clock.now());
                    // A shard is alone in its runtime: it needs no budget to be fair to others.
                    runtime.block_on(tokio::task::unconstrained(drive(shard, clock, stop)));
                    running.send_modify(|running| *running -= 1);
                })
                .context("cannot start the thread of a shard")?;
        }
        Ok((Self { stop, running }, requests))
    }

    /// Closes every socket, each told to come back at a moment of its own within `window`, and
    /// returns when all are gone.
    pub(crate) async fn drain(&self, engine: &Engine, window: Duration) {
        engine.drain(u64::try_from(window.as_millis()).unwrap_or(u64::MAX));
        self.stop.cancel();
        let mut running = self.running.clone();
        // An error means that every shard has ended.
        let _ = running.wait_for(|running| *running == 0).await;
    }
}

/// Compares the shards' channels with the log again and again, as long as another process may have
/// written to it. This is what makes announcements that were lost on the way harmless.
pub(crate) async fn reconcile(engine: &Engine, store: &Store, shutdown: &CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(RECONCILE_INTERVAL) => {}
        }
        match store.changed_by_others().await {
            Ok(false) => {}
            Ok(true) => engine.reconcile(),
            Err(error) => tracing::debug!(%error, "cannot ask whether others wrote to the log"),
        }
    }
}

/// Gives a shard its turns: when a socket is ready, a message has come, or a timer is due.
async fn drive<O: FnMut(Request)>(
    mut shard: Shard<Socket, O>,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut sleep = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
    let mut stopped = std::pin::pin!(stop.cancelled());
    std::future::poll_fn(|context| {
        shard.register(context.waker());
        let stopping = stopped.as_mut().poll(context).is_ready() || stop.is_cancelled();
        for _ in 0..TURNS_IN_A_ROW {
            let begun = Instant::now();
            let turn = shard.turn(clock.now());
            shard.turn_took(begun.elapsed());
            if stopping && turn.connections == 0 && !turn.busy {
                return Poll::Ready(());
            }
            if turn.busy {
                // A long fan-out leaves the core between two slices to whoever waits for it: requests
                // and commits of others are short, and would wait for the kernel's time slice.
                if turn.fanning_out {
                    std::thread::yield_now();
                }
                continue;
            }
            let Some(wake_ms) = turn.wake_ms else {
                return Poll::Pending;
            };
            sleep.as_mut().reset(clock.at(wake_ms));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The clocks of a shard. The monotonic one counts from the shard's start.
#[derive(Clone, Copy)]
struct Clock {
    began: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    fn now(self) -> Now {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now {
            monotonic_ms: elapsed,
            wall: crate::app::now(),
        }
    }

    fn at(self, monotonic_ms: u64) -> tokio::time::Instant {
        (self.began + Duration::from_millis(monotonic_ms)).into()
    }
}

/// A shard that panics has lost the sockets it owns and cannot be trusted with more: the process
/// ends, whoever supervises it starts it again, and every client resumes from the log.
struct EndsTheProcessOnPanic;

impl Drop for EndsTheProcessOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a shard panicked; the process ends");
            std::process::exit(3);
        }
    }
}
