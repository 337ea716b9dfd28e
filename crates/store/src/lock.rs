//! Who uses a SQLite database: everyone who has it open shares a lock, and whoever replaces its file
//! holds it alone. The lock is on a file beside the database, because that one is itself replaced,
//! and because SQLite holds no lock of its own on a database that nobody reads or writes now.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::OpenError;

/// How long opening waits for someone who replaces the file.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// A share of the database, or all of it, until this is dropped. Empty on a file system without
/// locks.
#[derive(Debug)]
pub(crate) struct DatabaseLock {
    _file: Option<File>,
}

/// The lock file of a database.
fn lock_file(database: &Path) -> PathBuf {
    beside(database, ".lock")
}

/// The path with something at its end.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(ending);
    PathBuf::from(text)
}

impl DatabaseLock {
    /// Takes a share, once nobody replaces the file.
    pub(crate) async fn share(database: &Path) -> Result<Self, OpenError> {
        let file = open(database)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock_shared() {
                Ok(()) => return Ok(Self { _file: Some(file) }),
                Err(TryLockError::WouldBlock) if waited < WAIT_MAX => {
                    let pause = Duration::from_millis(50);
                    tokio::time::sleep(pause).await;
                    waited += pause;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(OpenError::Locked(database.display().to_string()));
                }
                Err(TryLockError::Error(error)) => return without(database, &error),
            }
        }
    }

    /// Takes the database alone; none while anybody else has it open.
    pub(crate) fn alone(database: &Path) -> Result<Option<Self>, OpenError> {
        let file = open(database)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => without(database, &error).map(Some),
        }
    }
}

/// Opens the lock file, and makes it for the owner of the folder where it is missing: root may run
/// a command before the server's own user does.
fn open(database: &Path) -> Result<File, OpenError> {
    let path = lock_file(database);
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::StorageFull => OpenError::StorageFull(path.display().to_string()),
        _ => OpenError::Permission {
            path: path.display().to_string(),
            cause: error.to_string(),
        },
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.open(&path) {
        Ok(file) => return Ok(file),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let file = options
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    give_to_owner_of(folder_of(&path), &path).map_err(failed)?;
    Ok(file)
}

/// Locks are missing on some network file systems, which are no place for SQLite either.
fn without(database: &Path, error: &std::io::Error) -> Result<DatabaseLock, OpenError> {
    tracing::warn!(%error, "the database cannot be locked against a restore");
    match error.kind() {
        ErrorKind::Unsupported => Ok(DatabaseLock { _file: None }),
        _ => Err(OpenError::Failed {
            database: database.display().to_string(),
            cause: error.to_string(),
        }),
    }
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Gives a new file to whoever owns `like`, if that is someone else.
pub(crate) fn give_to_owner_of(like: &Path, path: &Path) -> std::io::Result<()> {
    let (wanted, found) = (std::fs::metadata(like)?, std::fs::metadata(path)?);
    if (wanted.uid(), wanted.gid()) == (found.uid(), found.gid()) || found.uid() != 0 {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(wanted.uid()), Some(wanted.gid()))
}
