//! What a run is asked to do. Start at [`Options`].

use std::path::PathBuf;

/// What is measured, in the order in which it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// One event to many subscribers of one channel.
    Fanout,
    /// Many channels with one subscriber each.
    Pairs,
    /// Latency under a steady load.
    Rate,
    /// CPU of opening a socket.
    Connect,
    /// Memory and CPU of sockets that say nothing.
    Idle,
    /// Durable messages as fast as they go.
    Append,
    /// From a request to the event on another socket.
    PostToEvent,
    /// Many who come back to one channel at once.
    Resume,
    /// One-to-one messages beside broadcasts.
    Busy,
    /// Readers that stop reading.
    Slow,
    /// Answers of the bot that grow, and devices that are cut.
    Chat,
    /// Everyone is cut and comes back.
    Storm,
    /// The floor alone: what this machine can do.
    Floor,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: &[Self] = &[
        Self::Floor,
        Self::Fanout,
        Self::Pairs,
        Self::Rate,
        Self::Connect,
        Self::Idle,
        Self::Append,
        Self::PostToEvent,
        Self::Resume,
        Self::Busy,
        Self::Slow,
        Self::Chat,
        Self::Storm,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Fanout => "fanout",
            Self::Pairs => "pairs",
            Self::Rate => "rate",
            Self::Connect => "connect",
            Self::Idle => "idle",
            Self::Append => "append",
            Self::PostToEvent => "post-to-event",
            Self::Resume => "resume",
            Self::Busy => "busy",
            Self::Slow => "slow",
            Self::Chat => "chat",
            Self::Storm => "storm",
        }
    }

    /// What it measures, in one line.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Floor => "what this machine can do at best: a bare send() and a bare connect",
            Self::Fanout => "CPU of one event for each of 1,000 subscribers of one channel",
            Self::Pairs => "CPU of one event for each of 1,000 channels with one subscriber",
            Self::Rate => "latency at 50,000 deliveries/s to 1,000 subscribers",
            Self::Connect => "CPU of opening a socket with a token that was never seen",
            Self::Idle => "memory and CPU of 10,000 sockets that say nothing, and after storms",
            Self::Append => "time of one durable message while 64 sockets send as fast as they can",
            Self::PostToEvent => "time from POST /orders to the event on another socket, at 200/s",
            Self::Resume => "5,000 clients that come back for 1,000 missed events of one channel",
            Self::Busy => "one-to-one messages beside broadcasts to 10,000 sockets",
            Self::Slow => "50 of 100 subscribers stop reading",
            Self::Chat => "200 answers that grow at once, while 20 sockets are cut per second",
            Self::Storm => "5,000 sockets are cut at once and come back with a fresh token each",
        }
    }
}

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which scenarios; none means all.
    pub scenarios: Vec<Scenario>,
    /// How often each measurement is repeated.
    pub rounds: usize,
    /// Smaller and shorter: a first look.
    pub quick: bool,
    /// The core of the servers.
    pub server_core: usize,
    /// The core of the clients.
    pub client_core: usize,
    /// Other budgets than the committed ones.
    pub budgets: Option<PathBuf>,
    /// Subscribers of `fanout`, `pairs` and `rate`; 1,000 by default.
    pub subscribers: Option<usize>,
    /// Accounts that the sockets of `idle` and `connect` belong to; 1,000 by default. Each costs
    /// two password hashes beforehand.
    pub accounts: Option<usize>,
    /// Where the servers' data is, on the disk that is to be measured; the temporary folder by
    /// default.
    pub folder: Option<PathBuf>,
    /// This program: it pins others to cores, and is the floor.
    pub launcher: PathBuf,
    /// The program whose `serve` is measured; another build than this one, to compare.
    pub program: PathBuf,
}

impl Options {
    /// A size: the full one, or that of a first look.
    pub(crate) const fn size(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    pub(crate) fn subscribers(&self) -> usize {
        self.subscribers.unwrap_or_else(|| self.size(1_000, 200))
    }

    pub(crate) fn accounts(&self) -> usize {
        self.accounts.unwrap_or_else(|| self.size(1_000, 100))
    }
}
