//! Opening: where the database is, that it is ours, and its tables brought up to date.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use engine::Announce;
use protocol::Epoch;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::Store;
use crate::database::{Connection, Database, OwnConnection};
use crate::error::{Fault, OpenError};
use crate::lock::{DatabaseLock, folder_of};
use crate::sqlite_writer::{SqliteFile, SqliteWriter};
use crate::transaction::Settings;
use crate::writer::Writer;

pub(crate) static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long opening and reading wait for a lock of another process; the writer sets its own.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

const SQLITE_READERS: u32 = 4;
const POSTGRES_READERS: u32 = 8;

/// Where the data is and how long it is kept.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:<path>` or `postgres://<user>@<host>/<database>`.
    pub url: String,
    /// How many of the newest events of each channel are kept.
    pub keep_events: u64,
    /// How many hours an event is kept.
    pub keep_hours: u64,
    /// How many hours a session lives without being used.
    pub session_idle_hours: u64,
    /// How many days a session lives.
    pub session_max_days: u64,
    /// Whether a bot answers in new chats.
    pub bot: bool,
}

impl Store {
    /// Opens the database, makes it if it is a file that does not exist yet (mode 0600, its folder
    /// 0700), and brings its tables up to date. `announce` is told of everything committed here.
    ///
    /// # Errors
    /// See [`OpenError`]; its text names the cause and the fix.
    pub async fn open(
        config: &StoreConfig,
        announce: Arc<dyn Announce>,
    ) -> Result<Self, OpenError> {
        let (database, connection, lock) = match sqlite_path(&config.url) {
            Some(path) => {
                let (database, connection, lock) = open_sqlite(&path).await?;
                (database, connection, Some(lock))
            }
            None if config.url.starts_with("postgres:")
                || config.url.starts_with("postgresql:") =>
            {
                let (database, connection) = open_postgres(&config.url).await?;
                (database, connection, None)
            }
            None => return Err(OpenError::Url(config.url.clone())),
        };
        let settings = settings(config);
        let writer =
            Writer::start(database.clone(), connection, settings, announce).map_err(|error| {
                OpenError::Failed {
                    database: place(&database),
                    cause: format!("no thread for the writer: {error}"),
                }
            })?;
        let store = Self::new(database, settings, writer, lock);
        // The first answer is the one that later ones are compared with.
        store
            .changed_by_others()
            .await
            .map_err(|error| OpenError::Failed {
                database: place(store.database()),
                cause: error.to_string(),
            })?;
        Ok(store)
    }
}

fn settings(config: &StoreConfig) -> Settings {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    const HOUR_MS: i64 = 60 * 60 * 1_000;
    Settings {
        keep_events: number(config.keep_events),
        keep_ms: number(config.keep_hours).saturating_mul(HOUR_MS),
        session_idle_ms: number(config.session_idle_hours).saturating_mul(HOUR_MS),
        session_max_ms: number(config.session_max_days).saturating_mul(24 * HOUR_MS),
        bot: config.bot,
    }
}

/// Gives the log its lifetime, unless it has one.
async fn begin_log(connection: &mut Connection<'_>) -> Result<(), Fault> {
    connection
        .execute(
            "INSERT INTO log (slot, epoch) VALUES (1, $1) ON CONFLICT (slot) DO NOTHING",
            &[Epoch::new().into()],
        )
        .await?;
    Ok(())
}

fn place(database: &Database) -> String {
    match database {
        Database::Sqlite { writer, .. } => writer.path.display().to_string(),
        Database::Postgres { writer, .. } => server_and_database(writer),
    }
}

/// The path of a SQLite URL, with or without two slashes.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty() && !path.starts_with(":memory:")).then(|| PathBuf::from(path))
}

async fn open_sqlite(path: &Path) -> Result<(Database, OwnConnection, DatabaseLock), OpenError> {
    make_folder(path)?;
    let lock = DatabaseLock::share(path).await?;
    make_file(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(256)
        // What is deleted or overwritten is gone from the file, too: texts can be erased.
        .pragma("secure_delete", "1")
        .disable_statement_logging();
    let mut connection = connect_sqlite(&options, path).await?;
    migrate_sqlite(&mut connection)
        .await
        .map_err(|error| migration_error(path, error))?;
    let reader = options
        .clone()
        // Rows on their way from a reader's thread: a page of the log goes in one go.
        .row_buffer_size(512)
        .pragma("query_only", "1");
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(Duration::from_secs(4))
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(reader);
    let writer = SqliteFile {
        path: path.to_owned(),
        pragmas: "",
    };
    let database = Database::Sqlite {
        readers,
        aside: options,
        writer: writer.clone(),
    };
    let failed = |cause: String| OpenError::Failed {
        database: path.display().to_string(),
        cause,
    };
    let mut own = OwnConnection::Sqlite(connection);
    begin_log(&mut own.borrow())
        .await
        .map_err(|fault| failed(fault.to_string()))?;
    // It may wait for a lock, and does so in the thread that asks.
    let opening = tokio::task::spawn_blocking(move || SqliteWriter::open(&writer));
    let writer = match opening.await {
        Ok(opened) => opened.map_err(|fault| failed(fault.to_string()))?,
        Err(error) => return Err(failed(error.to_string())),
    };
    // Closed after the other is open, so that the files beside the database stay.
    own.close().await;
    Ok((
        database,
        OwnConnection::SqliteWriter(Box::new(writer)),
        lock,
    ))
}

/// Makes the file before SQLite would, so that nobody else may ever read it. SQLite gives the
/// files beside it the same mode.
fn make_file(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(cannot_make(path))?;
    Ok(())
}

/// Makes the folder that a file is to be in, for its owner alone.
pub(crate) fn make_folder(file: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = folder_of(file);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(cannot_make(folder))
}

fn cannot_make(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.display().to_string();
    move |error| match error.kind() {
        std::io::ErrorKind::StorageFull => OpenError::StorageFull(path),
        _ => OpenError::Permission {
            path,
            cause: error.to_string(),
        },
    }
}

/// Two processes that open a new file at once meet where it becomes a WAL database; SQLite does
/// not wait there by itself.
async fn connect_sqlite(
    options: &SqliteConnectOptions,
    path: &Path,
) -> Result<sqlx::SqliteConnection, OpenError> {
    let mut tries = 0;
    loop {
        match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) if primary_code(&error) == Some(5) && tries < 50 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(sqlite_error(path, &error)),
        }
    }
}

/// One process at a time: SQLite's migrations take no lock of their own.
pub(crate) async fn migrate_sqlite(
    connection: &mut sqlx::SqliteConnection,
) -> Result<(), MigrateError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    SQLITE_MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await?;
    transaction.commit().await?;
    Ok(())
}

pub(crate) fn migration_error(path: &Path, error: MigrateError) -> OpenError {
    let database = path.display().to_string();
    match error {
        MigrateError::VersionMissing(migration) => OpenError::Newer {
            database,
            migration,
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            sqlite_error(path, &error)
        }
        other => OpenError::Migration {
            database,
            cause: other.to_string(),
        },
    }
}

/// Whether another connection stood in the way.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

fn sqlite_error(path: &Path, error: &sqlx::Error) -> OpenError {
    let database = path.display().to_string();
    match primary_code(error) {
        Some(5 | 6) => OpenError::Locked(database),
        Some(13) => OpenError::StorageFull(database),
        Some(26) => OpenError::NotADatabase(database),
        Some(3 | 8 | 14) => OpenError::Permission {
            path: database,
            cause: error.to_string(),
        },
        _ => OpenError::Failed {
            database,
            cause: error.to_string(),
        },
    }
}

async fn open_postgres(url: &str) -> Result<(Database, OwnConnection), OpenError> {
    // The URL may hold a password, so it is not repeated.
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| OpenError::Failed {
            database: "that store.url names".to_owned(),
            cause: error.to_string(),
        })?
        .application_name("frontdesk")
        .disable_statement_logging();
    migrate_postgres(&options).await?;
    let options = options.options([
        ("statement_timeout", "3500"),
        ("idle_in_transaction_session_timeout", "15000"),
        ("default_transaction_isolation", "read committed"),
    ]);
    let readers = PgPoolOptions::new()
        .max_connections(POSTGRES_READERS)
        .acquire_timeout(Duration::from_secs(4))
        .connect_lazy_with(options.clone());
    let database = Database::Postgres {
        readers,
        writer: options.clone(),
    };
    let failed = |fault: Fault| OpenError::Failed {
        database: server_and_database(&options),
        cause: fault.to_string(),
    };
    let mut connection = database.connect_writer().await.map_err(failed)?;
    begin_log(&mut connection.borrow()).await.map_err(failed)?;
    Ok((database, connection))
}

async fn migrate_postgres(options: &PgConnectOptions) -> Result<(), OpenError> {
    let connecting = tokio::time::timeout(Duration::from_secs(10), options.connect());
    let mut connection = connecting
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
        .map_err(|error| postgres_error(options, &error))?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| postgres_error(options, &error))?;
    if encoding != "UTF8" {
        let database = options
            .get_database()
            .unwrap_or(options.get_username())
            .to_owned();
        return Err(OpenError::Encoding { database, encoding });
    }
    let database = server_and_database(options);
    POSTGRES_MIGRATIONS
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(migration) => OpenError::Newer {
                database,
                migration,
            },
            other => OpenError::Migration {
                database,
                cause: other.to_string(),
            },
        })?;
    // The migrations are committed; how the connection ends does not matter.
    let _ = connection.close().await;
    Ok(())
}

fn server(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn server_and_database(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    format!("{database} at {}", server(options))
}

fn postgres_error(options: &PgConnectOptions, error: &sqlx::Error) -> OpenError {
    let server = server(options);
    let cause = error.to_string();
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("28P01" | "28000") => OpenError::WrongPassword {
            server,
            user: options.get_username().to_owned(),
            cause,
        },
        Some("3D000") => OpenError::NoDatabase {
            server,
            database: options
                .get_database()
                .unwrap_or(options.get_username())
                .to_owned(),
        },
        Some("53100") => OpenError::StorageFull(server),
        Some(_) => OpenError::Failed {
            database: server_and_database(options),
            cause,
        },
        None => OpenError::Unreachable { server, cause },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_from_the_url_with_and_without_slashes() {
        let path = |url| sqlite_path(url).map(|path| path.display().to_string());
        assert_eq!(path("sqlite:data/desk.db").as_deref(), Some("data/desk.db"));
        assert_eq!(path("sqlite:/var/desk.db").as_deref(), Some("/var/desk.db"));
        assert_eq!(
            path("sqlite:///var/desk.db").as_deref(),
            Some("/var/desk.db")
        );
        for url in [
            "sqlite:",
            "sqlite::memory:",
            "mysql://localhost/desk",
            "desk.db",
        ] {
            assert_eq!(path(url), None, "{url}");
        }
    }
}
