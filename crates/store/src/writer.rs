//! The one task that changes the database: it takes all changes that wait, makes them one after
//! the other in one transaction, a savepoint each, commits once, announces, and then answers.
//! So many changes share one wait for the disk, and their events are announced in commit order.
//!
//! Invariant: nobody is answered before the commit, not even with a refusal, because a refusal
//! may rest on what the same group has done before it.
//! Start at [`Writer::write`], then `commit`.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Announce, Event};
use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::database::{Database, Dialect, OwnConnection};
use crate::error::{Fault, FaultKind, WriteError, WriteFailure};
use crate::event_log;
use crate::queue::{Change, QUEUE_MAX, Queue, Waiting, answer_expired};
use crate::statistics::Statistics;
use crate::transaction::{Settings, Transaction, Write, now};

/// Longest wait of a change: in the queue, for a lock of another process, and for a database that
/// is away.
const WAIT_MAX: Duration = Duration::from_millis(3_500);

/// Shortest wait for a lock, so that a group does not give up before it has asked.
const LOCK_WAIT_MIN: Duration = Duration::from_millis(50);

/// Longest run of one group on PostgreSQL, where the network may swallow an answer. It exceeds
/// the statement timeout of the connection, which gives a better reason.
const GROUP_TIME_MAX: Duration = Duration::from_secs(4);

/// Longest wait of a caller. Only a disk that hangs lets anyone wait this long.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

/// How often a group is run while other transactions stand in its way.
const TRIES_MAX: u32 = 8;

/// How long one try to connect may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(1);

/// The way into the writer.
pub(crate) struct Writer {
    /// None once the store is closing.
    sender: Mutex<Option<mpsc::Sender<Waiting>>>,
    /// Told when the task has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    statistics: Arc<Statistics>,
}

impl Writer {
    /// Starts the writer on a connection that is open already. SQLite works in the thread that
    /// asks it and waits there for the disk, so there the writer has a thread of its own.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(
        database: Database,
        connection: OwnConnection,
        settings: Settings,
        announce: Arc<dyn Announce>,
    ) -> std::io::Result<Self> {
        let dialect = database.dialect();
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let statistics = Arc::new(Statistics::new());
        let task = WriterTask {
            database,
            settings,
            announce,
            statistics: Arc::clone(&statistics),
            queue: Queue::new(receiver),
            connection: Some(connection),
            connection_number: 1,
        };
        let (end, ended) = oneshot::channel();
        match dialect {
            Dialect::Sqlite => {
                let runtime = tokio::runtime::Handle::current();
                std::thread::Builder::new()
                    .name("store-writer".to_owned())
                    .spawn(move || {
                        runtime.block_on(task.run());
                        let _ = end.send(());
                    })?;
            }
            Dialect::Postgres => {
                tokio::spawn(async move {
                    task.run().await;
                    let _ = end.send(());
                });
            }
        }
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            ended: Mutex::new(Some(ended)),
            statistics,
        })
    }

    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, WriteError> {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let closing = || WriteError::Unavailable("the store is closing".to_owned());
        let sender = sender.ok_or_else(closing)?;
        let deadline = Instant::now() + WAIT_MAX;
        let (reply, answer) = oneshot::channel();
        let change = Change {
            write,
            output: None,
            reply,
        };
        match tokio::time::timeout_at(deadline, sender.reserve()).await {
            Ok(Ok(permit)) => permit.send(Waiting {
                job: Box::new(change),
                deadline,
            }),
            Ok(Err(_)) => return Err(closing()),
            Err(_) => {
                let text = format!("more than {QUEUE_MAX} changes are waiting");
                return Err(WriteError::Unavailable(text));
            }
        }
        // The permit is used: from here on the change is made whether or not we wait.
        drop(sender);
        match tokio::time::timeout(ANSWER_TIME_MAX, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(WriteError::Failed("the writer has stopped".to_owned())),
            Err(_) => Err(WriteError::Unavailable(format!(
                "no answer within {} s; the outcome is unknown",
                ANSWER_TIME_MAX.as_secs()
            ))),
        }
    }

    /// Refuses new changes, waits for those that were handed over.
    pub(crate) async fn close(&self) {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ended) = ended
            && ended.await.is_err()
        {
            tracing::error!("the writer of the store stopped by a bug; its panic says which");
        }
    }
}

struct WriterTask {
    database: Database,
    settings: Settings,
    announce: Arc<dyn Announce>,
    statistics: Arc<Statistics>,
    queue: Queue,
    /// None after it broke, until the next group opens another one.
    connection: Option<OwnConnection>,
    connection_number: i64,
}

/// What a group came to.
struct Committed {
    results: Vec<Result<(), WriteError>>,
    events: Vec<Event>,
    /// How long the commit took.
    commit: Duration,
}

/// How far a group has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// No transaction is open yet.
    Waiting,
    /// The changes are being made.
    Changing,
    /// The commit is under way, so that nobody knows its outcome.
    Committing,
}

impl WriterTask {
    async fn run(mut self) {
        while let Some(group) = self.queue.next_group().await {
            let busy = WriteError::Unavailable(format!(
                "the change waited {} s for its turn",
                WAIT_MAX.as_secs()
            ));
            let group = answer_expired(group, &busy);
            if !group.is_empty() {
                self.commit(group).await;
            }
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    /// Makes the changes of a group, again if that is safe and promises better, and answers them.
    async fn commit(&mut self, mut group: Vec<Waiting>) {
        for attempt in 1.. {
            group = self.connected(group).await;
            if group.is_empty() {
                return;
            }
            let (fault, progress) = match self.run_group(&mut group).await {
                Ok(committed) => {
                    self.tell(group, committed);
                    if let Some(connection) = &mut self.connection {
                        connection.tidy();
                    }
                    return;
                }
                Err(failure) => failure,
            };
            if progress == Progress::Committing || !may_run_again(&fault, attempt) {
                return self.give_up(group, &fault, progress).await;
            }
            tracing::debug!(%fault, attempt, "a group of changes is run again");
            match fault.kind {
                FaultKind::Lost => self.drop_connection().await,
                _ if progress == Progress::Changing => self.roll_back().await,
                _ => {}
            }
            let error = fault.to_write_error();
            group = answer_expired(group, &error);
            self.queue.answer_expired(&error);
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    async fn give_up(&mut self, group: Vec<Waiting>, fault: &Fault, progress: Progress) {
        tracing::error!(%fault, changes = group.len(), "a group of changes could not be committed");
        let error = match progress {
            Progress::Committing => fault.while_committing(),
            Progress::Waiting | Progress::Changing => fault.to_write_error(),
        };
        for waiting in group {
            waiting.job.answer(Err(error.clone()));
        }
        self.drop_connection().await;
    }

    /// Announces before it answers: a caller that has its reply may rely on the event being on
    /// its way.
    fn tell(&self, group: Vec<Waiting>, committed: Committed) {
        let now = Instant::now();
        let wait = |change: &Waiting| (now + WAIT_MAX).duration_since(change.deadline);
        let waits = group.iter().map(wait);
        self.statistics.committed(committed.commit, waits);
        if !committed.events.is_empty() {
            self.announce.announce(committed.events.into());
        }
        for (waiting, result) in group.into_iter().zip(committed.results) {
            waiting.job.answer(result);
        }
    }

    /// Returns once there is a connection, with the changes whose time is not over by then.
    async fn connected(&mut self, mut group: Vec<Waiting>) -> Vec<Waiting> {
        let mut wait = Duration::from_millis(50);
        while self.connection.is_none() && !group.is_empty() {
            let connecting = self.database.connect_writer();
            let fault = match tokio::time::timeout(CONNECT_TIME_MAX, connecting).await {
                Ok(Ok(connection)) => {
                    self.connection = Some(connection);
                    self.connection_number += 1;
                    tracing::info!("the writer is connected to the database again");
                    return group;
                }
                Ok(Err(fault)) => fault,
                Err(_) => Fault::new(FaultKind::Lost, "no connection in time"),
            };
            tracing::warn!(%fault, "the writer cannot connect to the database");
            let cause = match fault.to_write_error() {
                full @ WriteError::StorageFull(_) => full,
                other => WriteError::Unavailable(other.to_string()),
            };
            group = answer_expired(group, &cause);
            self.queue.answer_expired(&cause);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_millis(400));
        }
        group
    }

    async fn run_group(&mut self, group: &mut [Waiting]) -> Result<Committed, (Fault, Progress)> {
        let mut progress = Progress::Waiting;
        let Some(connection) = &mut self.connection else {
            return Err((
                Fault::new(FaultKind::Lost, "there is no connection"),
                progress,
            ));
        };
        let tx = Transaction {
            connection: connection.borrow(),
            events: Vec::new(),
            settings: &self.settings,
            connection_number: self.connection_number,
        };
        let running = run_changes(tx, group, &mut progress);
        let result = match self.database.dialect() {
            // A statement of SQLite cannot be taken back, so it is waited for.
            Dialect::Sqlite => running.await,
            Dialect::Postgres => match tokio::time::timeout(GROUP_TIME_MAX, running).await {
                Ok(result) => result,
                Err(_) => Err(Fault::new(FaultKind::Lost, "no answer in time")),
            },
        };
        result.map_err(|fault| (fault, progress))
    }

    async fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(fault) = connection.borrow().run("ROLLBACK").await
        {
            tracing::warn!(%fault, "a transaction could not be rolled back");
            self.drop_connection().await;
        }
    }

    /// Closing rolls back whatever was begun.
    async fn drop_connection(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }
}

/// Nothing of the group is committed; the question is whether another run may do better. What
/// waits for a lock does so until its time is over.
fn may_run_again(fault: &Fault, attempt: u32) -> bool {
    match fault.kind {
        FaultKind::Again | FaultKind::Lost => attempt < TRIES_MAX,
        FaultKind::Busy => true,
        FaultKind::Statement
        | FaultKind::Nul
        | FaultKind::Overlap
        | FaultKind::Full
        | FaultKind::Other => false,
    }
}

/// Between one and two times 5 ms, 10 ms, 20 ms, up to 80 ms, so that two nodes do not meet again.
fn pause(attempt: u32) -> Duration {
    let base = 5_u64 << attempt.saturating_sub(1).min(4);
    let jitter = uuid::Uuid::new_v4().as_u64_pair().0 % base;
    Duration::from_millis(base + jitter)
}

/// Opens the transaction and the first savepoint. Locks of others are waited for until the first
/// of the group runs out of time.
fn begin(dialect: Dialect, group: &[Waiting]) -> String {
    let first = group.iter().map(|waiting| waiting.deadline).min();
    let left = first.map_or(WAIT_MAX, |first| {
        first.saturating_duration_since(Instant::now())
    });
    let lock_ms = left.max(LOCK_WAIT_MIN).as_millis();
    let durable = group.iter().any(|waiting| waiting.job.is_durable());
    match dialect {
        Dialect::Sqlite => {
            let synchronous = if durable { "FULL" } else { "NORMAL" };
            format!(
                "PRAGMA busy_timeout = {lock_ms}; PRAGMA synchronous = {synchronous}; \
                 BEGIN IMMEDIATE; SAVEPOINT change"
            )
        }
        Dialect::Postgres => {
            // What else it may be is for whoever runs the database to say.
            let at_once = if durable {
                ""
            } else {
                "SET LOCAL synchronous_commit = off; "
            };
            format!("BEGIN; SET LOCAL lock_timeout = {lock_ms}; {at_once}SAVEPOINT change")
        }
    }
}

/// Everything from begin to commit.
async fn run_changes(
    mut tx: Transaction<'_>,
    group: &mut [Waiting],
    progress: &mut Progress,
) -> Result<Committed, Fault> {
    let begin = begin(tx.connection.dialect(), group);
    tx.connection.run(begin).await?;
    *progress = Progress::Changing;
    let mut results = Vec::with_capacity(group.len());
    let mut fresh_savepoint = true;
    for waiting in group {
        if !fresh_savepoint {
            tx.connection
                .run("RELEASE change; SAVEPOINT change")
                .await?;
        }
        let events = tx.events.len();
        let refusal = run_change(waiting, &mut tx).await?;
        fresh_savepoint = refusal.is_some();
        debug_assert!(
            waiting.job.is_durable() || tx.events.len() == events,
            "what a loss of power may take is told to nobody"
        );
        results.push(match refusal {
            None => Ok(()),
            Some(error) => {
                tx.events.truncate(events);
                tx.connection.run("ROLLBACK TO change").await?;
                Err(error)
            }
        });
    }
    let commit = match tx.connection.dialect() {
        // A savepoint keeps every page that is written after it, and the events need none.
        Dialect::Sqlite => {
            tx.connection.run("RELEASE change").await?;
            "COMMIT"
        }
        // The release fails where an earlier error was overlooked; a commit alone would roll back
        // without a word.
        Dialect::Postgres => "RELEASE change; COMMIT",
    };
    let events = event_log::append(&mut tx.connection, &tx.events, now()).await?;
    *progress = Progress::Committing;
    let begun = Instant::now();
    tx.connection.run(commit).await?;
    Ok(Committed {
        results,
        events,
        commit: begun.elapsed(),
    })
}

/// The error of this change alone, if there is one; a fault when the whole group must be given up.
async fn run_change(
    waiting: &mut Waiting,
    tx: &mut Transaction<'_>,
) -> Result<Option<WriteError>, Fault> {
    match AssertUnwindSafe(waiting.job.apply(tx)).catch_unwind().await {
        Ok(Ok(())) => Ok(None),
        Ok(Err(WriteFailure::Refused(problem))) => Ok(Some(WriteError::Refused(problem))),
        Ok(Err(WriteFailure::Fault(fault))) => match fault.kind {
            FaultKind::Statement | FaultKind::Nul | FaultKind::Overlap => {
                Ok(Some(fault.to_write_error()))
            }
            FaultKind::Full
            | FaultKind::Again
            | FaultKind::Lost
            | FaultKind::Busy
            | FaultKind::Other => Err(fault),
        },
        Err(_) => Err(Fault::new(
            FaultKind::Other,
            "a change panicked; this is a bug",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::{Announce, Event};
    use protocol::{ChatId, Role, Timestamp, UserId};
    use sqlx::Connection as _;

    use super::*;
    use crate::sqlite_writer::SqliteFile;
    use crate::{CreateUser, KeepAnswer, Store, StoreConfig};

    struct Nobody;

    impl Announce for Nobody {
        fn announce(&self, _events: Arc<[Event]>) {}
    }

    fn user(index: usize) -> CreateUser {
        CreateUser {
            id: UserId::new(),
            email: format!("u{index}@example.com"),
            name: "Ana".to_owned(),
            role: Role::Customer,
            password_hash: "x".repeat(10_000),
            now: Timestamp(0),
        }
    }

    /// The writer's connections may not let the file grow: what a full disk looks like to SQLite.
    async fn store_on_a_small_disk(path: &std::path::Path) -> Store {
        let config = StoreConfig {
            url: format!("sqlite:{}", path.display()),
            keep_events: 10,
            keep_hours: 1,
            session_idle_hours: 1,
            session_max_days: 1,
            bot: false,
        };
        let roomy = Store::open(&config, Arc::new(Nobody)).await.unwrap();
        roomy.close().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let database = Database::Sqlite {
            readers: sqlx::sqlite::SqlitePool::connect_lazy_with(options.clone()),
            aside: options,
            writer: SqliteFile {
                path: path.to_owned(),
                pragmas: "PRAGMA max_page_count = 100;",
            },
        };
        let connection = database.connect_writer().await.unwrap();
        let settings = *roomy.settings();
        let writer =
            Writer::start(database.clone(), connection, settings, Arc::new(Nobody)).unwrap();
        Store::new(database, settings, writer, None)
    }

    fn waiting<W: Write>(write: W) -> Waiting {
        let (reply, _) = oneshot::channel();
        Waiting {
            job: Box::new(Change {
                write,
                output: None,
                reply,
            }),
            deadline: Instant::now(),
        }
    }

    #[test]
    fn a_group_waits_for_the_disk_unless_nothing_of_it_has_to() {
        let keep = || {
            waiting(KeepAnswer {
                chat: ChatId::new(),
                owner: "a run of the program".to_owned(),
                grown: None,
                until: Timestamp(0),
            })
        };
        for (group, sqlite, postgres) in [
            (vec![keep(), keep()], "synchronous = NORMAL", true),
            (vec![keep(), waiting(user(1))], "synchronous = FULL", false),
        ] {
            assert!(begin(Dialect::Sqlite, &group).contains(sqlite));
            let text = begin(Dialect::Postgres, &group);
            assert_eq!(
                text.contains("synchronous_commit = off"),
                postgres,
                "{text}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_is_told_and_writing_resumes_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = store_on_a_small_disk(&path).await;
        let mut made = Vec::new();
        let error = loop {
            match store.write(user(made.len())).await {
                Ok(user) => made.push(user.id),
                Err(error) => break error,
            }
            assert!(made.len() < 100, "the disk does not get full");
        };
        assert!(matches!(error, WriteError::StorageFull(_)), "{error:?}");
        let again = store.write(user(1_000)).await.unwrap_err();
        assert!(matches!(again, WriteError::StorageFull(_)), "{again:?}");
        // What was acknowledged is there, what was not is not.
        for id in &made {
            assert!(store.user(*id).await.unwrap().is_some());
        }
        assert!(
            store
                .credentials("u1000@example.com")
                .await
                .unwrap()
                .is_none()
        );

        let mut cleaner = sqlx::SqliteConnection::connect(&format!("sqlite:{}", path.display()))
            .await
            .unwrap();
        sqlx::raw_sql("DELETE FROM users")
            .execute(&mut cleaner)
            .await
            .unwrap();
        let user = store.write(user(2_000)).await.unwrap();
        assert_eq!(store.user(user.id).await.unwrap(), Some(user));
    }
}
