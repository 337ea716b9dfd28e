//! The sockets of a shard: a slab of slots that are used again, each use with a generation of
//! its own, so that a reference to a connection that is gone finds nothing.

use std::sync::Arc;
use std::task::Waker;

use websocket::{Reader, Role};

use crate::Transport;
use crate::client::Client;
use crate::inbox::{Signal, SlotWaker};
use crate::outbox::Outbox;

/// One socket and what the shard knows of it.
pub(crate) struct Connection<T> {
    pub(crate) transport: T,
    pub(crate) reader: Reader,
    /// Only while the socket would block.
    pub(crate) outbox: Option<Box<Outbox>>,
    pub(crate) client: Client,
    /// Pieces of growing texts were left out while the socket would block.
    pub(crate) skipped_growth: bool,
    /// When the wheel will look at it; `u64::MAX` for never.
    pub(crate) timer_ms: u64,
}

impl<T: Transport> Connection<T> {
    pub(crate) fn new(transport: T, client: Client) -> Self {
        Self {
            transport,
            reader: Reader::new(Role::Server),
            outbox: None,
            client,
            skipped_growth: false,
            timer_ms: u64::MAX,
        }
    }

    pub(crate) fn outbox_bytes(&self) -> usize {
        self.outbox.as_ref().map_or(0, |outbox| outbox.bytes())
    }
}

struct Slot<T> {
    generation: u32,
    waker: Waker,
    connection: Option<Box<Connection<T>>>,
}

pub(crate) struct Connections<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    signal: Arc<Signal>,
}

impl<T> Connections<T> {
    pub(crate) fn new(signal: Arc<Signal>) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            signal,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, connection: Connection<T>) -> u32 {
        let connection = Some(Box::new(connection));
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize].connection = connection;
            return slot;
        }
        let slot = u32::try_from(self.slots.len()).expect("a machine has fewer than 2^32 sockets");
        let waker = Waker::from(Arc::new(SlotWaker {
            slot,
            signal: Arc::clone(&self.signal),
        }));
        self.slots.push(Slot {
            generation: 0,
            waker,
            connection,
        });
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<Box<Connection<T>>> {
        let place = self.slots.get_mut(slot as usize)?;
        let connection = place.connection.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(slot);
        Some(connection)
    }

    /// The connection in a slot now.
    pub(crate) fn get(&mut self, slot: u32) -> Option<&mut Connection<T>> {
        self.slots.get_mut(slot as usize)?.connection.as_deref_mut()
    }

    /// The connection in a slot now, with the slot's waker.
    pub(crate) fn with_waker(&mut self, slot: u32) -> Option<(&mut Connection<T>, &Waker)> {
        let place = self.slots.get_mut(slot as usize)?;
        Some((place.connection.as_deref_mut()?, &place.waker))
    }

    pub(crate) fn generation(&self, slot: u32) -> u32 {
        self.slots
            .get(slot as usize)
            .map_or(0, |place| place.generation)
    }

    /// Whether this use of the slot still goes on.
    pub(crate) fn is_current(&self, slot: u32, generation: u32) -> bool {
        self.slots
            .get(slot as usize)
            .is_some_and(|place| place.generation == generation && place.connection.is_some())
    }

    pub(crate) fn occupied(&self) -> Vec<u32> {
        let occupied = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.connection.is_some());
        occupied
            .filter_map(|(slot, _)| u32::try_from(slot).ok())
            .collect()
    }
}
