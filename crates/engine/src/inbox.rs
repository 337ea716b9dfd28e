//! What waits for a shard. Announcements are bounded: when too many wait they collapse to one
//! head per channel, because the log has the rest. Everything else is bounded by what the shard
//! itself asked for, and is never dropped.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use protocol::ChannelName;

use crate::{Event, Message};

/// The way into a shard.
pub(crate) struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    signal: Arc<Signal>,
    events_max: usize,
}

/// Everything that waited.
pub(crate) struct Waiting<T> {
    pub(crate) messages: VecDeque<Message<T>>,
    pub(crate) heads: HashMap<ChannelName, u64>,
    events: usize,
}

impl<T> Waiting<T> {
    fn new() -> Self {
        Self {
            messages: VecDeque::new(),
            heads: HashMap::new(),
            events: 0,
        }
    }
}

impl<T> Inbox<T> {
    pub(crate) fn new(events_max: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting::new()),
            signal: Arc::new(Signal::default()),
            events_max,
        }
    }

    pub(crate) fn push(&self, message: Message<T>) {
        self.lock().messages.push_back(message);
        self.signal.raise();
    }

    pub(crate) fn announce(&self, events: &Arc<[Event]>) {
        let mut waiting = self.lock();
        if waiting.events + events.len() <= self.events_max {
            waiting.events += events.len();
            waiting
                .messages
                .push_back(Message::Events(Arc::clone(events)));
        } else {
            for event in events.iter() {
                let head = waiting.heads.entry(event.channel.clone()).or_default();
                *head = event.offset.max(*head);
            }
        }
        drop(waiting);
        self.signal.raise();
    }

    pub(crate) fn take(&self) -> Waiting<T> {
        mem::replace(&mut *self.lock(), Waiting::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        let waiting = self.lock();
        waiting.messages.is_empty() && waiting.heads.is_empty()
    }

    pub(crate) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting<T>> {
        // A panic elsewhere leaves the queue whole: every change is one push or one swap.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes whoever drives a shard, and lists the sockets that are ready.
#[derive(Default)]
pub(crate) struct Signal {
    state: Mutex<SignalState>,
}

#[derive(Default)]
struct SignalState {
    ready: Vec<u32>,
    driver: Option<Waker>,
}

impl Signal {
    /// Remembers whom to wake.
    pub(crate) fn register(&self, driver: &Waker) {
        let mut state = self.lock();
        match &mut state.driver {
            Some(known) => known.clone_from(driver),
            none => *none = Some(driver.clone()),
        }
    }

    /// Wakes the driver.
    pub(crate) fn raise(&self) {
        let driver = self.lock().driver.clone();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// The slots that are ready, each once or more; `into` is emptied first.
    pub(crate) fn take_ready(&self, into: &mut Vec<u32>) {
        into.clear();
        mem::swap(&mut self.lock().ready, into);
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.lock().ready.is_empty()
    }

    /// Puts a slot on the list and wakes the driver if the list was empty.
    pub(crate) fn ready(&self, slot: u32) {
        let mut state = self.lock();
        state.ready.push(slot);
        let driver = if state.ready.len() == 1 {
            state.driver.clone()
        } else {
            None
        };
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one small waker of a slot: puts the slot on the ready list. It belongs to the slot, not to
/// the connection, so it is made once; a late wake on a used-again slot costs one look.
pub(crate) struct SlotWaker {
    pub(crate) slot: u32,
    pub(crate) signal: Arc<Signal>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.signal.ready(self.slot);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.signal.ready(self.slot);
    }
}
