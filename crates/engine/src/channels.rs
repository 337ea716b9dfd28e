//! The channels of a shard, found by name or by place. Start at [`Channels::find`].

use std::collections::HashMap;

use protocol::{ChannelName, Tongue};

use crate::ChannelRef;
use crate::channel::{Channel, ChannelIndex};

/// The channels of a shard. Places are used again, each use with a generation of its own.
#[derive(Default)]
pub(crate) struct Channels {
    slots: Vec<(u32, Option<Channel>)>,
    free: Vec<ChannelIndex>,
    by_name: [HashMap<ChannelName, ChannelIndex>; 2],
}

impl Channels {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn find(&self, name: &ChannelName, tongue: Tongue) -> Option<ChannelIndex> {
        self.by_name[tongue as usize].get(name).copied()
    }

    /// The channels of this name, in every tongue that somebody listens in.
    pub(crate) fn named(&self, name: &ChannelName) -> impl Iterator<Item = ChannelIndex> + use<> {
        let found = Tongue::ALL.map(|tongue| match self.by_name[tongue as usize].is_empty() {
            true => None,
            false => self.find(name, tongue),
        });
        found.into_iter().flatten()
    }

    pub(crate) fn insert(&mut self, name: ChannelName, tongue: Tongue) -> ChannelIndex {
        let channel = Some(Channel::new(name.clone(), tongue));
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize].1 = channel;
                index
            }
            None => {
                self.slots.push((0, channel));
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 channels fit in memory")
            }
        };
        self.by_name[tongue as usize].insert(name, index);
        index
    }

    pub(crate) fn remove(&mut self, index: ChannelIndex) {
        let (generation, channel) = &mut self.slots[index as usize];
        if let Some(channel) = channel.take() {
            *generation = generation.wrapping_add(1);
            self.by_name[channel.tongue as usize].remove(&channel.name);
            self.free.push(index);
        }
    }

    /// The channel at a place that is known to be in use.
    pub(crate) fn at(&mut self, index: ChannelIndex) -> &mut Channel {
        let (_, channel) = &mut self.slots[index as usize];
        channel
            .as_mut()
            .expect("whoever holds the index holds a subscription")
    }

    pub(crate) fn get(&mut self, index: ChannelIndex) -> Option<&mut Channel> {
        let (_, channel) = self.slots.get_mut(index as usize)?;
        channel.as_mut()
    }

    /// Names this use of a place, for an answer that comes later.
    pub(crate) fn reference(&self, index: ChannelIndex) -> ChannelRef {
        let generation = self.slots[index as usize].0;
        ChannelRef { index, generation }
    }

    /// The place that a reference names, if it is still used for the same channel.
    pub(crate) fn current(&self, reference: ChannelRef) -> Option<ChannelIndex> {
        let (generation, channel) = self.slots.get(reference.index as usize)?;
        (channel.is_some() && *generation == reference.generation).then_some(reference.index)
    }

    /// Every channel, with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ChannelRef, &Channel)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let (generation, channel) = (slot.0, slot.1.as_ref()?);
            Some((ChannelRef { index, generation }, channel))
        })
    }
}
