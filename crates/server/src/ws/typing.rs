//! Who is writing in which chat, told to those who look at it. In memory of this node only, and
//! nothing is kept: a start is told at most once in a while, and a stop is told by itself when the
//! client falls silent. Start at [`Typing::changed`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Passing;
use protocol::{ChannelName, ChatId, EventName, Person, TypingData, UserId};
use tokio::time::Instant;

use super::Engine;

/// How long someone counts as writing without saying so again.
const SILENT_AFTER: Duration = Duration::from_secs(6);

/// Shortest time between two starts that are told, of one person in one chat.
const TOLD_EVERY: Duration = Duration::from_secs(3);

/// Most people that are remembered; what others write is not told.
const TYPISTS_MAX: usize = 10_000;

/// Everyone who is writing. Cheap to clone; every clone is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typing(Arc<Mutex<Typists>>);

/// One person in one chat.
type Key = (ChatId, UserId);

#[derive(Debug, Default)]
struct Typists(HashMap<Key, Typist>);

#[derive(Clone, Copy, Debug)]
struct Typist {
    /// When the last start was told.
    told_at: Instant,
    /// When they count as silent.
    silent_at: Instant,
    /// Whether the others believe that they are writing.
    shown: bool,
}

/// What is to be done after someone said that they are writing, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    /// A start; whoever is new here must be watched.
    Started {
        new: bool,
    },
    Stopped,
}

impl Typing {
    /// Someone who may write in the chat says that they are writing, or have stopped.
    pub(super) fn changed(&self, engine: &Engine, chat: ChatId, person: Person, active: bool) {
        let key = (chat, person.id);
        let now = Instant::now();
        let told = if active {
            self.lock().start(key, now)
        } else {
            self.lock().stop(key)
        };
        match told {
            Told::Nothing => {}
            Told::Started { new } => {
                tell(engine, EventName::TypingStarted, chat, &person);
                if new {
                    tokio::spawn(self.clone().watch(engine.clone(), chat, person));
                }
            }
            Told::Stopped => tell(engine, EventName::TypingStopped, chat, &person),
        }
    }

    /// Tells that someone has stopped once they are silent, and forgets them.
    async fn watch(self, engine: Engine, chat: ChatId, person: Person) {
        let key = (chat, person.id);
        let mut wake = Instant::now();
        loop {
            tokio::time::sleep_until(wake).await;
            let (told, next) = self.lock().look(key, Instant::now());
            if told == Told::Stopped {
                tell(&engine, EventName::TypingStopped, chat, &person);
            }
            match next {
                Some(next) => wake = next,
                None => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Typists> {
        // A panic elsewhere leaves the map whole: every change is one insert or one remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Typists {
    fn start(&mut self, key: Key, now: Instant) -> Told {
        let is_full = self.0.len() >= TYPISTS_MAX;
        match self.0.entry(key) {
            Entry::Vacant(_) if is_full => Told::Nothing,
            Entry::Vacant(entry) => {
                let silent_at = now + SILENT_AFTER;
                entry.insert(Typist {
                    told_at: now,
                    silent_at,
                    shown: true,
                });
                Told::Started { new: true }
            }
            Entry::Occupied(mut entry) => {
                let typist = entry.get_mut();
                typist.silent_at = now + SILENT_AFTER;
                if now < typist.told_at + TOLD_EVERY {
                    return Told::Nothing;
                }
                typist.told_at = now;
                typist.shown = true;
                Told::Started { new: false }
            }
        }
    }

    fn stop(&mut self, key: Key) -> Told {
        let shown = self
            .0
            .get_mut(&key)
            .is_some_and(|typist| std::mem::take(&mut typist.shown));
        if shown { Told::Stopped } else { Told::Nothing }
    }

    /// What is due, and when to look again; never, once the person is forgotten.
    fn look(&mut self, key: Key, now: Instant) -> (Told, Option<Instant>) {
        let Some(typist) = self.0.get_mut(&key) else {
            return (Told::Nothing, None);
        };
        let is_silent = typist.silent_at <= now;
        let told = match is_silent && std::mem::take(&mut typist.shown) {
            true => Told::Stopped,
            false => Told::Nothing,
        };
        if typist.shown {
            return (told, Some(typist.silent_at));
        }
        // Remembered for as long as another start would come too soon.
        let forget_at = typist.told_at + TOLD_EVERY;
        if forget_at <= now {
            self.0.remove(&key);
            return (told, None);
        }
        (told, Some(forget_at))
    }
}

fn tell(engine: &Engine, name: EventName, chat: ChatId, person: &Person) {
    let data = TypingData {
        chat_id: chat,
        user: person.clone(),
    };
    let data = serde_json::to_string(&data).expect("a person is plain data");
    engine.tell(Passing {
        channel: ChannelName::chat(chat),
        name,
        at: crate::app::now(),
        data,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const NEW: Told = Told::Started { new: true };
    const AGAIN: Told = Told::Started { new: false };

    fn key() -> Key {
        (ChatId::new(), UserId::new())
    }

    #[test]
    fn a_start_is_told_at_most_every_three_seconds() {
        let (mut typists, ana, start) = (Typists::default(), key(), Instant::now());
        assert_eq!(typists.start(ana, start), NEW);
        for tenth in 1..30 {
            assert_eq!(
                typists.start(ana, start + SECOND * tenth / 10),
                Told::Nothing
            );
        }
        assert_eq!(typists.start(ana, start + SECOND * 3), AGAIN);
        assert_eq!(typists.start(key(), start + SECOND * 3), NEW);
        // Not even when a stop lies between.
        assert_eq!(typists.stop(ana), Told::Stopped);
        assert_eq!(typists.stop(ana), Told::Nothing);
        assert_eq!(typists.start(ana, start + SECOND * 4), Told::Nothing);
        assert_eq!(typists.start(ana, start + SECOND * 6), AGAIN);
    }

    #[test]
    fn silence_is_told_once_after_six_seconds_and_then_forgotten() {
        let (mut typists, ana, start) = (Typists::default(), key(), Instant::now());
        typists.start(ana, start);
        let silent_at = start + SECOND * 6;
        assert_eq!(
            typists.look(ana, start + SECOND),
            (Told::Nothing, Some(silent_at))
        );
        typists.start(ana, start + SECOND * 5);
        let later = start + SECOND * 11;
        assert_eq!(typists.look(ana, silent_at), (Told::Nothing, Some(later)));
        assert_eq!(typists.look(ana, later), (Told::Stopped, None));
        assert!(typists.0.is_empty());
        assert_eq!(typists.start(ana, later), NEW);
    }

    #[test]
    fn who_stops_is_remembered_until_another_start_would_be_told() {
        let (mut typists, ana, start) = (Typists::default(), key(), Instant::now());
        typists.start(ana, start);
        assert_eq!(typists.stop(ana), Told::Stopped);
        let next = start + SECOND * 3;
        assert_eq!(
            typists.look(ana, start + SECOND),
            (Told::Nothing, Some(next))
        );
        assert_eq!(typists.look(ana, next), (Told::Nothing, None));
        assert!(typists.0.is_empty());
    }

    #[test]
    fn the_memory_is_bounded() {
        let (mut typists, start) = (Typists::default(), Instant::now());
        for _ in 0..TYPISTS_MAX {
            assert_eq!(typists.start(key(), start), NEW);
        }
        assert_eq!(typists.start(key(), start), Told::Nothing);
    }
}
