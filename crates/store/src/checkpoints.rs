//! SQLite's log, copied back into the database. Whoever does it waits for tens of milliseconds when
//! the log is long, so another thread does most of it while changes go on, and the writer does the
//! rest once it has answered everyone (docs/decisions/0005). SQLite begins the log anew when all of
//! it was copied and nobody reads from it. Start at [`Checkpoints::look`].

use std::cell::Cell;
use std::ffi::c_int;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};

/// Pages that the log grows by before it is copied: 16 MiB. Fewer would copy a page that changes
/// often more often.
const PAGES: c_int = 4_000;

/// Pages after which the writer does not wait for the other thread any longer: 48 MiB.
const PAGES_MAX: c_int = 12_000;

/// How far that thread stands back: a tenth of the core is left to it when others want all.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

thread_local! {
    /// Pages of the log after the newest commit of this thread.
    static LOG_PAGES: Cell<c_int> = const { Cell::new(0) };
}

/// When the log is copied, and who is at it. It belongs to the writer's thread.
pub(crate) struct Checkpoints {
    helper: Option<Helper>,
    under_way: bool,
    /// Pages of the log when it was copied last; it goes on from there while someone reads from it.
    copied: c_int,
}

/// The other thread, with a connection of its own.
struct Helper {
    orders: mpsc::SyncSender<()>,
    done: mpsc::Receiver<rusqlite::Result<()>>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Sees to it for the writer's connection from now on. SQLite would do it within a commit.
    pub(crate) fn of(writer: &Connection, path: &Path) -> rusqlite::Result<Self> {
        writer.execute_batch("PRAGMA wal_autocheckpoint = 0")?;
        writer.wal_hook(Some(note));
        let helper = Helper::start(path);
        if let Err(error) = &helper {
            tracing::warn!(%error, "the writer copies the log itself: no thread for it");
        }
        Ok(Self {
            helper: helper.ok(),
            under_way: false,
            copied: 0,
        })
    }

    /// Looks how long the log is after a commit of this thread, and does what is due.
    pub(crate) fn look(&mut self, writer: &Connection) {
        let pages = LOG_PAGES.get();
        if pages < self.copied {
            self.copied = 0; // it began anew
        }
        let grown = pages - self.copied;
        if self.has_come() || grown >= PAGES_MAX {
            warn_of(copy(writer));
            self.copied = pages;
        } else if grown >= PAGES && !self.under_way {
            let asked = self.helper.as_ref().map(|it| it.orders.try_send(()));
            self.under_way = matches!(asked, Some(Ok(())));
            if !self.under_way {
                warn_of(copy(writer));
                self.copied = pages;
            }
        }
    }

    /// Whether the other thread has copied what there was when it was asked.
    fn has_come(&mut self) -> bool {
        let done = self.helper.as_ref().and_then(|it| it.done.try_recv().ok());
        let Some(result) = done else { return false };
        warn_of(result);
        self.under_way = false;
        true
    }

    /// Waits until the other thread lets go of the file.
    pub(crate) fn end(self) {
        if let Some(Helper { orders, thread, .. }) = self.helper {
            drop(orders);
            // A panic of it is logged where it happens; the log is whole either way.
            let _ = thread.join();
        }
    }
}

impl Helper {
    fn start(path: &Path) -> std::io::Result<Self> {
        let (orders, ordered) = mpsc::sync_channel(1);
        let (tell, done) = mpsc::channel();
        let path = path.to_owned();
        let work = move || {
            give_way();
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags);
            while ordered.recv().is_ok() {
                let result = match &connection {
                    Ok(connection) => copy(connection),
                    Err(_) => Ok(()), // the writer does it all
                };
                if tell.send(result).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("store-log".to_owned())
            .spawn(work)?;
        Ok(Self {
            orders,
            done,
            thread,
        })
    }
}

/// Lets whoever else needs the core go first: the log is in no hurry. Linux has a niceness for each
/// thread; elsewhere it is the whole program's, and stays.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the thread that copies the log is as important as others");
    }
}

/// Runs after each commit of the writer, in its thread.
#[expect(clippy::unnecessary_wraps, reason = "the signature is the library's")]
fn note(_: &Wal, pages: c_int) -> rusqlite::Result<()> {
    LOG_PAGES.set(pages);
    Ok(())
}

/// Copies what nobody needs to read from the log any more. Neither readers nor the writer wait.
fn copy(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Nothing is lost by it: the log has everything, and it is tried again.
fn warn_of(result: rusqlite::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the log could not be copied into the database");
    }
}
