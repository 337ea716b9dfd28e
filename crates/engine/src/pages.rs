//! What is read of the log for those who catch up. A page is read once and framed once for everyone
//! who needs it: those who ask while it is on its way wait for it, and it is kept for a moment for
//! those who come right behind. No socket is touched here. Start at [`Pages::find`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use protocol::{EventId, Tongue};
use websocket::Opcode;

use crate::LogPage;
use crate::channel::ChannelIndex;

/// How long a page is kept for others, in milliseconds. Retention is judged by it, so it is short.
const KEEP_MS: u64 = 1_000;

/// Most bytes of kept pages in one shard.
const KEEP_MAX_BYTES: usize = 4 << 20;

/// A page of a channel's log, framed.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) head: u64,
    /// The oldest offset that was kept when it was read.
    pub(crate) oldest: u64,
    /// The offset it begins after, and the event there if it was kept.
    after: u64,
    id_at_after: Option<EventId>,
    /// Offset of the first frame.
    first: u64,
    /// The event of each frame, and where the frame begins.
    frames: Vec<(EventId, u32)>,
    bytes: Bytes,
}

impl Page {
    /// Frames what was read after `after`. `json` is only lent for its memory.
    fn new(after: u64, page: LogPage, tongue: Tongue, json: &mut String) -> Self {
        let mut bytes = BytesMut::new();
        let mut frames = Vec::with_capacity(page.events.len());
        let first = page.events.first().map_or(0, |event| event.offset);
        for event in &page.events {
            debug_assert_eq!(event.offset, first + frames.len() as u64, "a page is dense");
            let start = u32::try_from(bytes.len()).expect("a page is bounded, far below 4 GiB");
            frames.push((event.id, start));
            json.clear();
            event.frame().write_as(tongue, json);
            websocket::write_frame(&mut bytes, Opcode::Text, json.as_bytes());
        }
        Self {
            head: page.head,
            oldest: page.oldest,
            after,
            id_at_after: page.id_at_position,
            first,
            frames,
            bytes: bytes.freeze(),
        }
    }

    /// The last offset it tells of.
    fn last(&self) -> u64 {
        match self.frames.len() as u64 {
            0 => self.after.min(self.head),
            frames => self.first + frames - 1,
        }
    }

    /// Whether it tells what was at this offset.
    pub(crate) fn knows(&self, offset: u64) -> bool {
        self.after <= offset && offset <= self.last()
    }

    /// Whether it has what follows this offset.
    pub(crate) fn goes_on_after(&self, offset: u64) -> bool {
        self.after <= offset && offset < self.last()
    }

    /// The event at an offset that it knows, if it was kept.
    pub(crate) fn id_at(&self, offset: u64) -> Option<EventId> {
        if offset == self.after {
            return self.id_at_after;
        }
        let place = usize::try_from(offset.checked_sub(self.first)?).ok()?;
        self.frames.get(place).map(|(id, _)| *id)
    }

    /// The frames after `sent`, and the last offset of them.
    pub(crate) fn after(&self, sent: u64) -> Option<(Bytes, u64)> {
        let skip = usize::try_from((sent + 1).saturating_sub(self.first)).ok()?;
        let (_, start) = *self.frames.get(skip)?;
        Some((self.bytes.slice(start as usize..), self.last()))
    }
}

/// A read under way, and who waits for it.
#[derive(Debug)]
pub(crate) struct Reading {
    number: u64,
    pub(crate) after: u64,
    /// Slot and generation; the first one asked for it.
    pub(crate) waiting: Vec<(u32, u32)>,
    /// The log has been rewritten since: what comes may hold a text that was erased.
    pub(crate) outdated: bool,
}

/// The pages of a shard.
#[derive(Default)]
pub(crate) struct Pages {
    reading: HashMap<ChannelIndex, Vec<Reading>>,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    last_number: u64,
}

struct Kept {
    channel: ChannelIndex,
    until_ms: u64,
    page: Arc<Page>,
}

impl Pages {
    /// A kept page that `fits`.
    pub(crate) fn find(
        &self,
        channel: ChannelIndex,
        fits: impl Fn(&Page) -> bool,
    ) -> Option<Arc<Page>> {
        let mut of_channel = self.kept.iter().filter(|kept| kept.channel == channel);
        let kept = of_channel.find(|kept| fits(&kept.page))?;
        Some(Arc::clone(&kept.page))
    }

    /// Waits for a read under way that may tell what follows `offset`. False when there is none.
    pub(crate) fn wait(
        &mut self,
        channel: ChannelIndex,
        offset: u64,
        page_events: usize,
        reader: (u32, u32),
    ) -> bool {
        let Some(readings) = self.reading.get_mut(&channel) else {
            return false;
        };
        let reading = readings.iter_mut().find(|reading| {
            let end = reading.after + page_events as u64;
            !reading.outdated && reading.after <= offset && offset < end
        });
        if let Some(reading) = reading {
            reading.waiting.push(reader);
            return true;
        }
        false
    }

    /// Notes that a read begins; returns its number.
    pub(crate) fn begin(&mut self, channel: ChannelIndex, after: u64, reader: (u32, u32)) -> u64 {
        self.last_number += 1;
        self.reading.entry(channel).or_default().push(Reading {
            number: self.last_number,
            after,
            waiting: vec![reader],
            outdated: false,
        });
        self.last_number
    }

    /// A read has ended. None when nobody waits for it any more.
    pub(crate) fn end(&mut self, channel: ChannelIndex, number: u64) -> Option<Reading> {
        let readings = self.reading.get_mut(&channel)?;
        let place = readings
            .iter()
            .position(|reading| reading.number == number)?;
        let reading = readings.swap_remove(place);
        if readings.is_empty() {
            self.reading.remove(&channel);
        }
        Some(reading)
    }

    /// Frames what a read brought, and keeps it for a moment.
    pub(crate) fn keep(
        &mut self,
        (channel, tongue): (ChannelIndex, Tongue),
        after: u64,
        page: LogPage,
        now_ms: u64,
        json: &mut String,
    ) -> Arc<Page> {
        let page = Arc::new(Page::new(after, page, tongue, json));
        self.kept_bytes += page.bytes.len();
        self.kept.push_back(Kept {
            channel,
            until_ms: now_ms + KEEP_MS,
            page: Arc::clone(&page),
        });
        while self.kept_bytes > KEEP_MAX_BYTES {
            self.drop_oldest();
        }
        page
    }

    /// The log of a channel has been rewritten: what was read before is not given to anybody.
    pub(crate) fn rewritten(&mut self, channel: ChannelIndex) {
        for reading in self.reading.get_mut(&channel).into_iter().flatten() {
            reading.outdated = true;
        }
        self.drop_kept(channel);
    }

    /// The channel is gone, and its place may be another's soon.
    pub(crate) fn forget(&mut self, channel: ChannelIndex) {
        self.reading.remove(&channel);
        self.drop_kept(channel);
    }

    /// Lets go of what was kept long enough.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        while self
            .kept
            .front()
            .is_some_and(|kept| kept.until_ms <= now_ms)
        {
            self.drop_oldest();
        }
    }

    /// When [`Pages::expire`] has something to do.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.kept.front().map(|kept| kept.until_ms)
    }

    fn drop_kept(&mut self, channel: ChannelIndex) {
        self.kept.retain(|kept| kept.channel != channel);
        self.kept_bytes = self.kept.iter().map(|kept| kept.page.bytes.len()).sum();
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.kept_bytes -= oldest.page.bytes.len();
        }
    }
}
