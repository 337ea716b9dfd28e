//! A copy put in the place of a SQLite database, as a new lifetime of the event log.
//!
//! Invariant: the copy becomes what it must be (tables of today, another epoch, no sign-ins) before
//! it gets the database's name, so a crash leaves either the old database or the finished new one.
//! Start at [`restore`].

use std::path::{Path, PathBuf};

use protocol::{Epoch, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteLockingMode};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::backup::{Contents, CopyError, NewFile, check, copy, open_source, same_file, sync};
use crate::database::Connection;
use crate::error::{Fault, WriteFailure};
use crate::lock::{DatabaseLock, beside, folder_of, give_to_owner_of};
use crate::open::{is_locked, make_folder, migrate_sqlite, migration_error, sqlite_path};
use crate::transaction::{Transaction, Write};

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The database that was replaced or made.
    pub database: PathBuf,
    /// What is in it now.
    pub contents: Contents,
    /// The lifetime of the log in the copy, which ended with it.
    pub old_epoch: Epoch,
    /// The newest migration of the copy; `contents` has that of today.
    pub old_migration: i64,
    /// How many sign-ins of the copy were ended.
    pub sessions_ended: u64,
    /// Where the database is that was replaced; none if there was none, or it was not kept.
    pub kept: Option<PathBuf>,
}

/// Puts a copy in the place of the database. The log gets another epoch, so that no position of the
/// old log is ever taken for one of the new; every sign-in ends, for it may have been ended since
/// the copy was made, and so does an offer to make the first admin.
///
/// # Errors
/// See [`CopyError`]; then the database is as it was.
pub async fn restore(
    url: &str,
    from: &Path,
    keep: bool,
    now: Timestamp,
) -> Result<Restored, CopyError> {
    let database = sqlite_path(url).ok_or(CopyError::NotSqlite)?;
    if same_file(from, &database) {
        return Err(CopyError::SameFile(from.to_owned()));
    }
    let before = check(from).await?;
    make_folder(&database)?;
    let in_use = || CopyError::InUse(database.clone());
    let _alone = DatabaseLock::alone(&database)?.ok_or_else(in_use)?;
    // Nobody else restores now, so whatever has this name was left by a crash and is overwritten.
    let fresh = NewFile::make(beside(&database, ".restoring"))?;
    let mut source = open_source(from).await?;
    copy(&mut source, from, fresh.path()).await?;
    // How the connection ends does not matter: it has only read.
    let _ = source.close().await;
    let sessions_ended = begin_anew(fresh.path(), now).await?;
    let contents = check(fresh.path()).await?;
    // Root may put back what the server's own user must then open.
    let owner = match database.exists() {
        true => database.as_path(),
        false => folder_of(&database),
    };
    give_to_owner_of(owner, fresh.path()).map_err(CopyError::file(fresh.path()))?;
    let kept = set_aside(&database, keep, now).await?;
    fresh.put(&database)?;
    Ok(Restored {
        database,
        contents,
        old_epoch: before.epoch,
        old_migration: before.migration,
        sessions_ended,
        kept,
    })
}

/// Makes the copy a database of today with a log of its own. Returns how many sign-ins ended.
async fn begin_anew(path: &Path, now: Timestamp) -> Result<u64, CopyError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .disable_statement_logging();
    let failed = |error: sqlx::Error| CopyError::failed(path, error);
    let mut connection = options.connect().await.map_err(failed)?;
    migrate_sqlite(&mut connection)
        .await
        .map_err(|error| migration_error(path, error))?;
    let ended = async {
        let mut connection = Connection::Sqlite(&mut connection);
        connection.run("BEGIN IMMEDIATE").await?;
        new_epoch(&mut connection).await?;
        let ended = end_all_sessions(&mut connection, now).await?;
        connection.execute("DELETE FROM setup", &[]).await?;
        connection.run("COMMIT").await?;
        Ok(ended)
    };
    let ended = ended
        .await
        .map_err(|fault: Fault| CopyError::failed(path, fault))?;
    connection.close().await.map_err(failed)?;
    Ok(ended)
}

/// Sees to it that nobody has the database open and that its files beside it are gone, and gives it
/// a second name if it is to be kept.
async fn set_aside(
    database: &Path,
    keep: bool,
    now: Timestamp,
) -> Result<Option<PathBuf>, CopyError> {
    if !database.exists() {
        return Ok(None);
    }
    take_in(database).await?;
    // Without colons and dashes, as in 20260131T093000.000Z.
    let moment = now.to_string().replace([':', '-'], "");
    let kept = beside(database, &format!(".before-restore-{moment}"));
    // What could not be taken in is of use only beside the database it belongs to.
    let (wal, kept_wal) = (beside(database, "-wal"), beside(&kept, "-wal"));
    if wal.exists() {
        if keep {
            std::fs::rename(&wal, &kept_wal).map_err(CopyError::file(&wal))?;
        } else {
            std::fs::remove_file(&wal).map_err(CopyError::file(&wal))?;
        }
    }
    for ending in ["-shm", "-journal"] {
        let path = beside(database, ending);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(CopyError::file(&path)(error));
            }
            _ => {}
        }
    }
    if !keep {
        return Ok(None);
    }
    // A second name rather than another one: under its own there is always a database.
    if std::fs::hard_link(database, &kept).is_err() {
        std::fs::copy(database, &kept).map_err(CopyError::file(&kept))?;
        sync(&kept)?;
    }
    sync(folder_of(&kept))?;
    Ok(Some(kept))
}

/// Makes the database one file again, which also shows whether a program without our lock has it
/// open: such a connection keeps SQLite from taking it alone. A damaged one stays as it is.
async fn take_in(database: &Path) -> Result<(), CopyError> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(std::time::Duration::from_millis(500))
        .disable_statement_logging();
    let checkpoint = async {
        let mut connection = options.connect().await?;
        let taken = sqlx::raw_sql("BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut connection)
            .await
            .map(drop);
        connection.close().await?;
        taken
    };
    match checkpoint.await {
        Err(error) if is_locked(&error) => Err(CopyError::InUse(database.to_owned())),
        Err(error) => {
            tracing::debug!(%error, "the database to replace cannot be read");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Begins another lifetime of the log.
async fn new_epoch(connection: &mut Connection<'_>) -> Result<Epoch, Fault> {
    let epoch = Epoch::new();
    connection
        .execute("UPDATE log SET epoch = $1", &[epoch.into()])
        .await?;
    Ok(epoch)
}

async fn end_all_sessions(connection: &mut Connection<'_>, now: Timestamp) -> Result<u64, Fault> {
    connection
        .execute(
            "UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL",
            &[now.into()],
        )
        .await
}

/// Another lifetime of the log: every position of the old one becomes `reset`. For a database that
/// was restored by its own tools.
#[derive(Clone, Debug)]
pub struct BeginNewLog {
    /// Whether every sign-in ends, too.
    pub end_sessions: bool,
    /// When.
    pub now: Timestamp,
}

/// The new epoch, and how many sign-ins ended. A server that runs closes every socket as soon as
/// it sees another epoch.
impl Write for BeginNewLog {
    type Output = (Epoch, u64);

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, WriteFailure> {
        let epoch = new_epoch(&mut tx.connection).await?;
        let ended = match self.end_sessions {
            true => end_all_sessions(&mut tx.connection, self.now).await?,
            false => 0,
        };
        Ok((epoch, ended))
    }
}
