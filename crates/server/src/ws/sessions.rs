//! What is known of live sessions, so that a socket that comes back costs no read of the database.
//! In memory and bounded. Why a stale entry lets nobody stay is in
//! docs/decisions/0004-live-sessions-in-memory.md. Start at [`Sessions::find`].
//!
//! Invariant: whoever tells a shard of a revocation tells this cache first: announcements come by
//! [`ForgetFirst`], pages of the log by [`Sessions::read_page`].

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Announce, Event, LogPage};
use protocol::{ChannelName, Epoch, EventName, Revocation, Role, SessionId, Timestamp, UserId};
use store::LiveSession;

/// Sessions of one generation; two are kept, each entry of about 200 bytes.
const GENERATION_MAX: usize = 8_192;

/// How long an entry is believed. Nothing hangs on it while the log can be read; it bounds what an
/// operator changes by hand, which nobody announces.
const BELIEVED_FOR: Duration = Duration::from_secs(60);

/// The live sessions that were read lately. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    idle_ms: i64,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    /// Counts whatever made entries go: what was read before is not kept afterwards.
    version: u64,
    /// The lifetime of the log in which the entries were read.
    epoch: Option<Epoch>,
    young: HashMap<SessionId, Entry>,
    old: HashMap<SessionId, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    account: Account,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    read_at: Instant,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// The account; enabled.
    pub(crate) id: UserId,
    /// Its name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
}

/// The moment before a read of the database: what was revoked since then is not in what was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before(u64);

impl Sessions {
    /// None yet. A session that was not used for `idle` is over.
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            idle_ms: i64::try_from(idle.as_millis()).unwrap_or(i64::MAX),
            book: Arc::default(),
        }
    }

    /// Whose this session is, if that is known and the session is live. Whoever lets a connection in
    /// by this has registered it with its shard before.
    pub(crate) fn find(&self, id: SessionId, wall: Timestamp, now: Instant) -> Option<Account> {
        let book = self.book();
        let entry = book.young.get(&id).or_else(|| book.old.get(&id))?;
        let is_live = now.saturating_duration_since(entry.read_at) < BELIEVED_FOR
            && wall < entry.expires_at
            && wall.0.saturating_sub(entry.last_seen_at.0) <= self.idle_ms;
        is_live.then(|| entry.account.clone())
    }

    /// To be asked for before the database is.
    pub(crate) fn before(&self) -> Before {
        Before(self.book().version)
    }

    /// Keeps what the database said, unless anything was revoked while it was asked.
    pub(crate) fn keep(&self, before: Before, live: &LiveSession, now: Instant) {
        let entry = Entry {
            account: Account {
                id: live.user.id,
                name: live.user.name.clone(),
                role: live.user.role,
            },
            last_seen_at: live.last_seen_at,
            expires_at: live.expires_at,
            read_at: now,
        };
        let mut book = self.book();
        if book.version != before.0 {
            return;
        }
        if book.young.len() >= GENERATION_MAX {
            book.old = mem::take(&mut book.young);
        }
        book.young.insert(live.id, entry);
    }

    /// Forgets an account whose row changed in a way that ends no session: its name.
    pub(crate) fn forget_account(&self, user: UserId) {
        self.book().forget(|_, entry| entry.account.id == user);
    }

    /// Forgets everybody: what was revoked cannot be told.
    pub(crate) fn forget_all(&self) {
        self.book().forget(|_, _| true);
    }

    /// Takes in a part of the log, before the shard does that asked for it.
    pub(crate) fn read_page(&self, channel: &ChannelName, after: u64, page: &LogPage) {
        self.read_epoch(page.epoch);
        if *channel == ChannelName::revocations() && page.oldest > after.saturating_add(1) {
            // Some expired unread.
            self.forget_all();
        }
        self.hear(&page.events);
    }

    /// Takes in which log it is: in another one, other sessions have ended.
    pub(crate) fn read_epoch(&self, epoch: Epoch) {
        let mut book = self.book();
        if book.epoch != Some(epoch) {
            book.forget(|_, _| true);
            book.epoch = Some(epoch);
        }
    }

    fn hear(&self, events: &[Event]) {
        for event in events {
            if event.name != EventName::SessionRevoked {
                continue;
            }
            match serde_json::from_str::<Revocation>(&event.data) {
                Ok(revocation) => self.book().forget(|id, entry| {
                    entry.account.id == revocation.user && revocation.sessions.contains(id)
                }),
                // Of a newer node, perhaps.
                Err(_) => self.forget_all(),
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere leaves the book whole: each change is one insert or one sweep.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget(&mut self, is_over: impl Fn(SessionId, &Entry) -> bool) {
        self.version += 1;
        self.young.retain(|id, entry| !is_over(*id, entry));
        self.old.retain(|id, entry| !is_over(*id, entry));
    }
}

/// Announces to the sessions in memory, and only then to `next`, which holds the shards.
pub(crate) struct ForgetFirst<A> {
    /// What forgets.
    pub(crate) sessions: Sessions,
    /// Who is told afterwards.
    pub(crate) next: A,
}

impl<A: Announce> Announce for ForgetFirst<A> {
    fn announce(&self, events: Arc<[Event]>) {
        self.sessions.hear(&events);
        self.next.announce(events);
    }
}

#[cfg(test)]
mod tests {
    use protocol::{CloseCode, EventId, RevokedSessions, User};

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn sessions() -> Sessions {
        Sessions::new(Duration::from_secs(3_600))
    }

    fn live(user: UserId) -> LiveSession {
        LiveSession {
            id: SessionId::new(),
            user: User {
                id: user,
                email: "ana@example.com".to_owned(),
                name: "Ana".to_owned(),
                role: Role::Customer,
                disabled: false,
                created_at: Timestamp(0),
            },
            created_at: Timestamp(0),
            last_seen_at: Timestamp(0),
            expires_at: Timestamp(10 * HOUR_MS),
        }
    }

    fn revoked(user: UserId, sessions: RevokedSessions) -> Event {
        let revocation = Revocation {
            user,
            sessions,
            code: CloseCode::SessionEnded.code(),
            detail: "logged out".to_owned(),
        };
        Event {
            id: EventId::new(),
            channel: ChannelName::revocations(),
            offset: 7,
            name: EventName::SessionRevoked,
            at: Timestamp(0),
            data: serde_json::to_string(&revocation).unwrap().into(),
        }
    }

    fn page(epoch: Epoch, oldest: u64, events: Vec<Event>) -> LogPage {
        LogPage {
            epoch,
            head: 9,
            oldest,
            id_at_position: None,
            events,
        }
    }

    /// Two sessions of Ana and one of Ben, all known.
    fn three(sessions: &Sessions, now: Instant) -> [LiveSession; 3] {
        let (ana, ben) = (UserId::new(), UserId::new());
        let all = [live(ana), live(ana), live(ben)];
        for session in &all {
            sessions.keep(sessions.before(), session, now);
        }
        all
    }

    fn known(sessions: &Sessions, all: &[LiveSession], now: Instant) -> Vec<bool> {
        all.iter()
            .map(|session| sessions.find(session.id, Timestamp(1), now).is_some())
            .collect()
    }

    #[test]
    fn a_revocation_forgets_the_sessions_it_names_and_no_other() {
        let now = Instant::now();
        for (ended, left) in [
            (0, [false, true, true]),
            (1, [false, false, true]),
            (2, [true, false, true]),
        ] {
            let sessions = sessions();
            let all = three(&sessions, now);
            let ended = match ended {
                0 => RevokedSessions::One(all[0].id),
                1 => RevokedSessions::All,
                _ => RevokedSessions::AllBut(all[0].id),
            };
            sessions.hear(&[revoked(all[0].user.id, ended)]);
            assert_eq!(known(&sessions, &all, now), left);
        }
    }

    #[test]
    fn what_was_read_before_a_revocation_is_not_kept_after_it() {
        let (sessions, now) = (sessions(), Instant::now());
        let session = live(UserId::new());
        let before = sessions.before();
        sessions.hear(&[revoked(session.user.id, RevokedSessions::One(session.id))]);
        sessions.keep(before, &session, now);
        assert_eq!(sessions.find(session.id, Timestamp(1), now), None);
    }

    #[test]
    fn the_shards_hear_of_a_revocation_after_the_cache() {
        struct Shards(Sessions, SessionId, Mutex<Option<bool>>);
        impl Announce for Shards {
            fn announce(&self, _: Arc<[Event]>) {
                let found = self.0.find(self.1, Timestamp(1), Instant::now());
                *self.2.lock().unwrap() = Some(found.is_some());
            }
        }
        let (sessions, now) = (sessions(), Instant::now());
        let session = live(UserId::new());
        sessions.keep(sessions.before(), &session, now);
        let announcer = ForgetFirst {
            sessions: sessions.clone(),
            next: Shards(sessions, session.id, Mutex::new(None)),
        };
        announcer.announce([revoked(session.user.id, RevokedSessions::All)].into());
        assert_eq!(*announcer.next.2.lock().unwrap(), Some(false));
    }

    #[test]
    fn another_log_or_a_hole_in_it_forgets_everybody() {
        let now = Instant::now();
        let (first, second) = (Epoch::new(), Epoch::new());
        let channel = ChannelName::revocations();
        let sessions = sessions();
        sessions.read_epoch(first);
        let all = three(&sessions, now);
        sessions.read_page(&channel, 6, &page(first, 7, Vec::new()));
        sessions.read_page(&ChannelName::staff(), 1, &page(first, 7, Vec::new()));
        assert_eq!(known(&sessions, &all, now), [true; 3]);
        sessions.read_page(&channel, 5, &page(first, 7, Vec::new()));
        assert_eq!(known(&sessions, &all, now), [false; 3]);
        let all = three(&sessions, now);
        sessions.read_page(&ChannelName::staff(), 6, &page(second, 7, Vec::new()));
        assert_eq!(known(&sessions, &all, now), [false; 3]);
    }

    #[test]
    fn a_session_ends_by_its_own_clocks_too() {
        let (sessions, now) = (sessions(), Instant::now());
        let session = live(UserId::new());
        sessions.keep(sessions.before(), &session, now);
        let found = |wall, now| sessions.find(session.id, Timestamp(wall), now).is_some();
        assert!(found(HOUR_MS, now));
        assert!(!found(HOUR_MS + 1, now), "it was idle");
        assert!(!found(10 * HOUR_MS, now), "it is too old");
        assert!(!found(1, now + BELIEVED_FOR), "it was read too long ago");
    }

    #[test]
    fn the_memory_is_bounded_and_the_newest_are_kept() {
        let (sessions, now) = (sessions(), Instant::now());
        let user = UserId::new();
        let mut last = live(user);
        for _ in 0..3 * GENERATION_MAX {
            last = live(user);
            sessions.keep(sessions.before(), &last, now);
            let book = sessions.book();
            assert!(book.young.len() + book.old.len() <= 2 * GENERATION_MAX);
        }
        assert!(sessions.find(last.id, Timestamp(1), now).is_some());
        let book = sessions.book();
        assert!(book.young.len() + book.old.len() > GENERATION_MAX);
    }
}
