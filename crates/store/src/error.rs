//! What can go wrong, for three readers: callers match on it, people are told the cause and the
//! fix, and the writer learns how much of a group must be given up.

use protocol::Problem;

/// Why a read gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The cursor is not one that a list of ours gave.
    #[error("the cursor is not one that this list gave")]
    BadCursor,
    /// The database does not answer now; it may later.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The database answered with something we cannot use.
    #[error("the database could not be read: {0}")]
    Failed(String),
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WriteError {
    /// A rule says no; nothing was changed.
    #[error("refused: {}", .0.detail)]
    Refused(Problem),
    /// The database does not answer, too many changes wait, or the store is closing.
    /// Nothing was changed, unless the text says that the outcome is unknown.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The disk of the database is full; nothing was changed.
    #[error("the disk of the database is full: {0}")]
    StorageFull(String),
    /// The database refused the statement or broke; nothing was changed, unless the text says
    /// that the outcome is unknown.
    #[error("the change failed: {0}")]
    Failed(String),
}

/// Why a store could not be opened. The texts name the cause and the fix.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is of no kind that we know.
    #[error("store.url {0} is neither sqlite:<path> nor postgres://<user>@<host>/<database>")]
    Url(String),
    /// Another process holds the database.
    #[error("the database {0} is locked by another process; stop that process and start again")]
    Locked(String),
    /// The file is something else.
    #[error("{0} is not a database of ours; move it away or set store.url to another path")]
    NotADatabase(String),
    /// A newer program has been here.
    #[error(
        "the database {database} has the migration {migration}, which this program does not know; \
         start the newer version of the program or restore an older backup"
    )]
    Newer {
        /// Which database.
        database: String,
        /// The first unknown migration.
        migration: i64,
    },
    /// The tables cannot be brought up to date.
    #[error("the tables of {database} cannot be brought up to date: {cause}")]
    Migration {
        /// Which database.
        database: String,
        /// What the database said.
        cause: String,
    },
    /// The file or its folder may not be read and written.
    #[error(
        "no permission for {path}: {cause}; let the user who runs the server read and write it"
    )]
    Permission {
        /// Which file or folder.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The disk is full.
    #[error("the disk of {0} is full; free space and start again")]
    StorageFull(String),
    /// Nobody answers.
    #[error(
        "no PostgreSQL answers at {server}: {cause}; start it, or correct the host and port in \
         store.url"
    )]
    Unreachable {
        /// Host and port, or the folder of the socket.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// The server does not let us in.
    #[error(
        "PostgreSQL at {server} refuses the user {user}: {cause}; correct the user and password in \
         store.url"
    )]
    WrongPassword {
        /// Host and port, or the folder of the socket.
        server: String,
        /// Who was refused.
        user: String,
        /// What the server said.
        cause: String,
    },
    /// The server has no such database.
    #[error("PostgreSQL at {server} has no database {database}; make it with createdb {database}")]
    NoDatabase {
        /// Host and port, or the folder of the socket.
        server: String,
        /// The name that is missing.
        database: String,
    },
    /// The database cannot hold every text.
    #[error(
        "the database {database} is encoded as {encoding}; make it anew with createdb --encoding \
         UTF8 --template template0 {database}"
    )]
    Encoding {
        /// Which database.
        database: String,
        /// Its encoding.
        encoding: String,
    },
    /// Anything else.
    #[error("the database {database} cannot be opened: {cause}")]
    Failed {
        /// Which database.
        database: String,
        /// What the system said.
        cause: String,
    },
}

/// Why a change gave up, told from inside its transaction.
#[derive(Debug)]
pub enum WriteFailure {
    /// A rule says no.
    Refused(Problem),
    /// The database says no.
    Fault(Fault),
}

/// What the database said, and what follows from it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Fault {
    pub(crate) kind: FaultKind,
    text: String,
}

/// How far a fault reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The change's own: a constraint, a value, or a stored row that we cannot read. Its savepoint
    /// is rolled back, no more.
    Statement,
    /// A text holds NUL, which PostgreSQL cannot keep. Reaches as far as `Statement`.
    Nul,
    /// A live booking would overlap another one. Reaches as far as `Statement`.
    Overlap,
    /// The disk is full.
    Full,
    /// Two transactions stood in each other's way; the same group may be run again.
    Again,
    /// The connection is gone.
    Lost,
    /// A lock or a slot was not free in time.
    Busy,
    /// Everything else: broken disks, our own mistakes.
    Other,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// A stored value is not what we write there.
    pub(crate) fn row(text: impl std::fmt::Display) -> Self {
        Self::new(
            FaultKind::Statement,
            format!("a stored row cannot be read: {text}"),
        )
    }

    pub(crate) fn to_write_error(&self) -> WriteError {
        let text = self.text.clone();
        match self.kind {
            FaultKind::Nul => WriteError::Refused(nul_refused()),
            FaultKind::Full => WriteError::StorageFull(text),
            FaultKind::Again | FaultKind::Lost | FaultKind::Busy => WriteError::Unavailable(text),
            FaultKind::Statement | FaultKind::Overlap | FaultKind::Other => {
                WriteError::Failed(text)
            }
        }
    }

    /// The same fault, met while the commit was under way.
    pub(crate) fn while_committing(&self) -> WriteError {
        let text = format!("the outcome of the commit is unknown: {}", self.text);
        match self.kind {
            FaultKind::Full => WriteError::StorageFull(self.text.clone()),
            FaultKind::Again | FaultKind::Lost | FaultKind::Busy => WriteError::Unavailable(text),
            FaultKind::Statement | FaultKind::Nul | FaultKind::Overlap | FaultKind::Other => {
                WriteError::Failed(text)
            }
        }
    }
}

fn nul_refused() -> Problem {
    Problem::new(
        protocol::ErrorCode::ValidationFailed,
        "a text holds the control character U+0000",
    )
}

impl From<Problem> for WriteFailure {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<Fault> for WriteFailure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Again | FaultKind::Lost | FaultKind::Busy => Self::Unavailable(fault.text),
            FaultKind::Statement
            | FaultKind::Nul
            | FaultKind::Overlap
            | FaultKind::Full
            | FaultKind::Other => Self::Failed(fault.text),
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error;
        let kind = match &error {
            Error::Database(database) => {
                match database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
                    Some(postgres) => postgres_kind(postgres.code()),
                    None if database.message() == OVERLAP_ON_SQLITE => FaultKind::Overlap,
                    None => sqlite_kind(database.code().and_then(|code| code.parse().ok())),
                }
            }
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
                FaultKind::Lost
            }
            Error::PoolTimedOut | Error::PoolClosed | Error::BeginFailed => FaultKind::Busy,
            _ => FaultKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

/// Of the writer's own connection to SQLite.
impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let kind = match error.sqlite_error() {
            Some(_) if text == OVERLAP_ON_SQLITE => FaultKind::Overlap,
            code => sqlite_kind(code.map(|error| error.extended_code)),
        };
        Self::new(kind, text)
    }
}

/// What the triggers of SQLite say when a live booking would overlap another one.
const OVERLAP_ON_SQLITE: &str = "booking_conflict";

/// By the extended result code (<https://www.sqlite.org/rescode.html>).
fn sqlite_kind(code: Option<i32>) -> FaultKind {
    const IOERR_SHMSIZE: i32 = 4874;
    match code {
        // The shared-memory file cannot grow: to SQLite an I/O error, to the operator a full disk.
        Some(IOERR_SHMSIZE) => FaultKind::Full,
        Some(code) => match code & 0xff {
            5 | 6 => FaultKind::Busy,
            13 => FaultKind::Full,
            19 => FaultKind::Statement,
            _ => FaultKind::Other,
        },
        None => FaultKind::Other,
    }
}

/// By SQLSTATE (PostgreSQL documentation, appendix A).
fn postgres_kind(code: &str) -> FaultKind {
    match code {
        "40001" | "40P01" => FaultKind::Again,
        "53100" => FaultKind::Full,
        // The only exclusion constraint is that of the bookings.
        "23P01" => FaultKind::Overlap,
        // Lock and statement timeouts, too many connections, out of memory.
        "55P03" | "57014" | "53200" | "53300" => FaultKind::Busy,
        // The server goes down or has become a standby: another connection may do better.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" => FaultKind::Lost,
        _ => match code.get(..2) {
            Some("22" | "23") => FaultKind::Statement,
            Some("08") => FaultKind::Lost,
            _ => FaultKind::Other,
        },
    }
}
