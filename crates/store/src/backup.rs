//! A consistent copy of a SQLite database that others are using, in a file of its own.
//! The database is opened here as it is: a copy changes nothing, not even old tables.
//! Start at [`back_up`]; the way back is in `restore.rs`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::Epoch;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::database::Connection;
use crate::error::{Fault, OpenError};
use crate::lock::{beside, folder_of};
use crate::open::{SQLITE_MIGRATIONS, sqlite_path};

/// How often a long copy tells how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Why a database was not copied or replaced. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The store is no file.
    #[error("the store is not a SQLite database")]
    NotSqlite,
    /// There is nothing to copy.
    #[error("there is no database at {0}")]
    NoDatabase(PathBuf),
    /// The file that should be written is there already.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// Both are the same file.
    #[error("{0} is the database itself")]
    SameFile(PathBuf),
    /// The file is something else.
    #[error("{path} is not a database of frontdesk: {cause}")]
    NotOurs {
        /// Which file.
        path: PathBuf,
        /// What is in it.
        cause: String,
    },
    /// A newer program wrote it.
    #[error("{path} has the migration {migration}, this program knows those up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its newest migration.
        migration: i64,
        /// The newest migration of this program.
        known: i64,
    },
    /// SQLite finds faults in it.
    #[error("{path} is damaged: {cause}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite found first.
        cause: String,
    },
    /// Somebody has the database open.
    #[error("a server or another program has the database {0} open")]
    InUse(PathBuf),
    /// A file or folder cannot be read or written.
    #[error("cannot use {path}: {cause}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// SQLite gave up.
    #[error("cannot copy {path}: {cause}")]
    Failed {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
    /// The database cannot be locked or brought up to date.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl CopyError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { path, cause }
    }

    pub(crate) fn failed(path: &Path, cause: impl std::fmt::Display) -> Self {
        Self::Failed {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// What is in a database that was copied or put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Size of the file, in bytes.
    pub bytes: u64,
    /// The newest migration of its tables.
    pub migration: i64,
    /// The lifetime of its event log.
    pub epoch: Epoch,
    /// Accounts.
    pub users: i64,
    /// Events in the log.
    pub events: i64,
}

/// Copies the database into a file, beside a running server. The file appears under its name when
/// it is whole, checked and on the disk; its mode is 0600. `progress` is told now and then how many
/// bytes of about how many are written.
///
/// # Errors
/// See [`CopyError`]; then there is no file, or still the old one.
pub async fn back_up(
    url: &str,
    into: &Path,
    replace: bool,
    mut progress: impl FnMut(u64, u64),
) -> Result<Contents, CopyError> {
    let database = sqlite_path(url).ok_or(CopyError::NotSqlite)?;
    if !database.exists() {
        return Err(CopyError::NoDatabase(database));
    }
    let check_target = || match (same_file(&database, into), into.exists() && !replace) {
        (true, _) => Err(CopyError::SameFile(into.to_owned())),
        (false, true) => Err(CopyError::Exists(into.to_owned())),
        (false, false) => Ok(()),
    };
    check_target()?;
    let partial = NewFile::make(beside(into, &format!(".partial-{}", std::process::id())))?;
    let mut source = open_source(&database).await?;
    {
        let whole = std::fs::metadata(&database).map_or(0, |found| found.len());
        let copying = copy(&mut source, &database, partial.path());
        tokio::pin!(copying);
        loop {
            tokio::select! {
                done = &mut copying => break done?,
                () = tokio::time::sleep(PROGRESS_INTERVAL) => {
                    let so_far = std::fs::metadata(partial.path()).map_or(0, |found| found.len());
                    progress(so_far, whole);
                }
            }
        }
    }
    // How the connection ends does not matter: it has only read.
    let _ = source.close().await;
    let contents = check(partial.path()).await?;
    check_target()?;
    partial.put(into)?;
    Ok(contents)
}

/// A new file that goes away again unless it is put somewhere.
pub(crate) struct NewFile {
    path: PathBuf,
    /// Whether nobody else needs it any more.
    ours: bool,
}

impl NewFile {
    /// Makes an empty file that only its owner may read, over one that was left by a crash.
    pub(crate) fn make(path: PathBuf) -> Result<Self, CopyError> {
        for path in [&path, &beside(&path, "-journal")] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CopyError::file(path)(error));
                }
                _ => {}
            }
        }
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        made.map_err(CopyError::file(&path))?;
        Ok(Self { path, ours: true })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, over a file that has it; on the disk when this returns.
    pub(crate) fn put(mut self, name: &Path) -> Result<(), CopyError> {
        sync(&self.path)?;
        std::fs::rename(&self.path, name).map_err(CopyError::file(name))?;
        self.ours = false;
        sync(folder_of(name))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.ours {
            // A copy that is not whole is of no use; if it stays, its name says what it is.
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_file(beside(&self.path, "-journal"));
        }
    }
}

/// Waits until a file, or what a folder lists, is on the disk.
pub(crate) fn sync(path: &Path) -> Result<(), CopyError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(CopyError::file(path))
}

pub(crate) fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Opens a database to read from it alone.
pub(crate) async fn open_source(path: &Path) -> Result<SqliteConnection, CopyError> {
    let found = std::fs::metadata(path).map_err(CopyError::file(path))?;
    if !found.is_file() {
        let cause = std::io::Error::other("it is not a file");
        return Err(CopyError::file(path)(cause));
    }
    // A file in WAL mode without the files beside it was copied cold. SQLite would make them anew,
    // which the folder of a backup need not allow.
    let cold = !beside(path, "-wal").exists() && !beside(path, "-shm").exists();
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(cold && !beside(path, ".lock").exists())
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    options
        .connect()
        .await
        .map_err(|error| not_ours(path, &error))
}

/// Copies everything that is in use into an empty file.
pub(crate) async fn copy(
    source: &mut SqliteConnection,
    from: &Path,
    into: &Path,
) -> Result<(), CopyError> {
    // With a slash in front it is never taken for a URL.
    let absolute = std::path::absolute(into).map_err(CopyError::file(into))?;
    let name = absolute
        .to_str()
        .ok_or_else(|| CopyError::file(into)(std::io::Error::other("its name is not UTF-8")))?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(source)
        .await;
    copied.map(drop).map_err(|error| not_ours(from, &error))
}

/// Opens a file and reads all of it.
pub(crate) async fn check(path: &Path) -> Result<Contents, CopyError> {
    let mut connection = open_source(path).await?;
    let contents = contents(&mut connection, path).await;
    let _ = connection.close().await;
    contents
}

/// Whether SQLite finds it whole, this program knows its tables, and what is in them.
pub(crate) async fn contents(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<Contents, CopyError> {
    let faults: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| not_ours(path, &error))?;
    if let Some(fault) = faults.iter().find(|fault| *fault != "ok") {
        return Err(CopyError::Damaged {
            path: path.to_owned(),
            cause: fault.clone(),
        });
    }
    let tables: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' \
         AND name IN ('_sqlx_migrations', 'users', 'log', 'events')",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| not_ours(path, &error))?;
    if tables < 4 {
        return Err(CopyError::NotOurs {
            path: path.to_owned(),
            cause: "it has other tables".to_owned(),
        });
    }
    read_contents(&mut Connection::Sqlite(connection), path)
        .await
        .map_err(|fault| CopyError::failed(path, fault))?
}

async fn read_contents(
    connection: &mut Connection<'_>,
    path: &Path,
) -> Result<Result<Contents, CopyError>, Fault> {
    let row = connection
        .fetch_optional(
            "SELECT COALESCE(MAX(version), 0) AS newest FROM _sqlx_migrations",
            &[],
        )
        .await?
        .ok_or_else(|| Fault::row("no migrations"))?;
    let migration = row.int("newest")?;
    let known = SQLITE_MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    if migration > known {
        return Ok(Err(CopyError::Newer {
            path: path.to_owned(),
            migration,
            known,
        }));
    }
    let counts = connection
        .fetch_optional(
            "SELECT (SELECT epoch FROM log) AS epoch, (SELECT COUNT(*) FROM users) AS users, \
             (SELECT COUNT(*) FROM events) AS events",
            &[],
        )
        .await?
        .ok_or_else(|| Fault::row("no counts"))?;
    Ok(Ok(Contents {
        bytes: std::fs::metadata(path).map_or(0, |found| found.len()),
        migration,
        epoch: counts.parsed("epoch")?,
        users: counts.int("users")?,
        events: counts.int("events")?,
    }))
}

/// What it means that SQLite cannot read a file.
fn not_ours(path: &Path, error: &sqlx::Error) -> CopyError {
    let code = error.as_database_error().and_then(|error| error.code());
    let code: i32 = code.and_then(|code| code.parse().ok()).unwrap_or(0);
    match code & 0xff {
        11 => CopyError::Damaged {
            path: path.to_owned(),
            cause: error.to_string(),
        },
        13 => CopyError::file(path)(std::io::ErrorKind::StorageFull.into()),
        26 => CopyError::NotOurs {
            path: path.to_owned(),
            cause: "it is no SQLite database".to_owned(),
        },
        _ => CopyError::failed(path, error),
    }
}
