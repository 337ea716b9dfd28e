//! The thin layer that lets one SQL text run on both databases: `$1` to `$n`, texts, whole
//! numbers and bytes. It decides nothing; where the engines differ, the caller picks the text.

use std::borrow::Cow;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use protocol::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, Postgres, Row as _, Sqlite,
    SqliteConnection,
};

use crate::error::{Fault, FaultKind};
use crate::sqlite_writer::{SqliteFile, SqliteWriter, StoredRow};

/// Longest wait for a read, its connection included.
const READ_TIMEOUT: Duration = Duration::from_millis(4_500);

/// What stands behind a placeholder.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    OptText(Option<String>),
    /// A text that others hold too, and that may be long.
    Shared(Arc<str>),
    Int(i64),
    Bytes(Vec<u8>),
    /// An array on PostgreSQL, a JSON list on SQLite.
    Texts(Vec<String>),
    /// An array on PostgreSQL, a JSON list on SQLite.
    Ints(Vec<i64>),
}

impl Value {
    fn holds_nul(&self) -> bool {
        match self {
            Self::Text(text) => text.contains('\0'),
            Self::Shared(text) => text.contains('\0'),
            Self::OptText(text) => text.as_ref().is_some_and(|text| text.contains('\0')),
            Self::Texts(texts) => texts.iter().any(|text| text.contains('\0')),
            Self::Int(_) | Self::Bytes(_) | Self::Ints(_) => false,
        }
    }

    /// A list as SQLite gets it.
    pub(crate) fn to_json(&self) -> Option<String> {
        match self {
            Self::Texts(texts) => Some(serde_json::json!(texts).to_string()),
            Self::Ints(numbers) => Some(serde_json::json!(numbers).to_string()),
            Self::Text(_) | Self::OptText(_) | Self::Shared(_) | Self::Int(_) | Self::Bytes(_) => {
                None
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<&[u8; 32]> for Value {
    fn from(hash: &[u8; 32]) -> Self {
        Self::Bytes(hash.to_vec())
    }
}

macro_rules! printed {
    ($($type:ty),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::Text(value.to_string())
            }
        }
    )+};
}

printed!(
    protocol::UserId,
    protocol::SessionId,
    protocol::ItemId,
    protocol::OrderId,
    protocol::Epoch,
    uuid::Uuid,
    protocol::Role,
    protocol::OrderStatus,
    protocol::ChatId,
    protocol::MessageId,
    protocol::ChatStatus,
    protocol::HandlerKind,
    protocol::SenderKind,
    protocol::MessageState,
    protocol::NotificationId,
    protocol::ResourceId,
    protocol::BookingId,
    protocol::BookingStatus,
);

/// One row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    SqliteWriter(StoredRow),
    Postgres(PgRow),
}

macro_rules! getter {
    ($name:ident -> $type:ty) => {
        pub(crate) fn $name(&self, column: &str) -> Result<$type, Fault> {
            match self {
                Self::Sqlite(row) => row.try_get::<$type, _>(column).map_err(Fault::row),
                Self::SqliteWriter(row) => row.$name(column),
                Self::Postgres(row) => row.try_get::<$type, _>(column).map_err(Fault::row),
            }
        }
    };
}

impl Row {
    getter!(text -> String);
    getter!(opt_text -> Option<String>);
    getter!(int -> i64);
    getter!(opt_int -> Option<i64>);
    getter!(bytes -> Vec<u8>);

    pub(crate) fn flag(&self, column: &str) -> Result<bool, Fault> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, Fault> {
        Ok(Timestamp(self.int(column)?))
    }

    /// A text that is one of our words or ids.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<T, Fault> {
        self.text(column)?
            .parse()
            .map_err(|error| Fault::row(format_args!("{column}: {error}")))
    }
}

/// A text of SQL, most often a constant.
pub(crate) type Sql = Cow<'static, str>;

/// Which engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A connection, borrowed for some statements.
pub(crate) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    SqliteWriter(&'c mut SqliteWriter),
    Postgres(&'c mut PgConnection),
}

impl Connection<'_> {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) | Self::SqliteWriter(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs statements without values, several in one go if they are separated by `;`.
    pub(crate) async fn run(&mut self, sql: impl Into<Sql> + Send) -> Result<(), Fault> {
        let sql = sql.into();
        match self {
            Self::Sqlite(connection) => {
                let sql = AssertSqlSafe(sql);
                sqlx::raw_sql(sql).execute(&mut **connection).await?;
            }
            Self::SqliteWriter(writer) => writer.run(&sql)?,
            Self::Postgres(connection) => {
                let sql = AssertSqlSafe(sql);
                sqlx::raw_sql(sql).execute(&mut **connection).await?;
            }
        }
        Ok(())
    }

    /// Runs one statement; how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<u64, Fault> {
        refuse_nul(values)?;
        Ok(match self {
            Self::Sqlite(connection) => sqlite_query(sql.into(), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
            Self::SqliteWriter(writer) => writer.execute(&sql.into(), values)?,
            Self::Postgres(connection) => postgres_query(sql.into(), values)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
        })
    }

    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Vec<Row>, Fault> {
        refuse_nul(values)?;
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = sqlite_query(sql.into(), values)
                    .fetch_all(&mut **connection)
                    .await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::SqliteWriter(writer) => {
                let rows = writer.fetch_all(&sql.into(), values)?;
                rows.into_iter().map(Row::SqliteWriter).collect()
            }
            Self::Postgres(connection) => {
                let rows = postgres_query(sql.into(), values)
                    .fetch_all(&mut **connection)
                    .await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Option<Row>, Fault> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }
}

fn refuse_nul(values: &[Value]) -> Result<(), Fault> {
    if values.iter().any(Value::holds_nul) {
        return Err(Fault::new(FaultKind::Nul, "a text holds NUL"));
    }
    Ok(())
}

fn sqlite_query(sql: Sql, values: &[Value]) -> Query<'_, Sqlite, SqliteArguments> {
    let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(sql));
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::OptText(text) => query.bind(text),
            Value::Int(number) => query.bind(*number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Shared(text) => query.bind(&**text),
            Value::Texts(_) | Value::Ints(_) => query.bind(value.to_json()),
        };
    }
    query
}

fn postgres_query(sql: Sql, values: &[Value]) -> Query<'_, Postgres, PgArguments> {
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(sql));
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::OptText(text) => query.bind(text),
            Value::Int(number) => query.bind(*number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Shared(text) => query.bind(&**text),
            Value::Texts(texts) => query.bind(texts),
            Value::Ints(numbers) => query.bind(numbers),
        };
    }
    query
}

/// A connection of our own, outside of any pool: most often the writer's.
pub(crate) enum OwnConnection {
    Sqlite(SqliteConnection),
    SqliteWriter(Box<SqliteWriter>),
    Postgres(PgConnection),
}

impl OwnConnection {
    pub(crate) fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::SqliteWriter(writer) => Connection::SqliteWriter(writer),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    /// Does what can wait until everyone has been answered.
    pub(crate) fn tidy(&mut self) {
        if let Self::SqliteWriter(writer) = self {
            writer.tidy();
        }
    }

    /// Closes it, but does not wait long for a peer that may be gone.
    pub(crate) async fn close(self) {
        let closing = async {
            match self {
                Self::Sqlite(connection) => connection.close().await,
                Self::SqliteWriter(writer) => {
                    writer.close();
                    Ok(())
                }
                Self::Postgres(connection) => connection.close().await,
            }
        };
        // What cannot be closed is dropped, which ends it too.
        let _ = tokio::time::timeout(Duration::from_millis(500), closing).await;
    }
}

/// The database: a pool of readers, and how to make a connection that writes.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite {
        readers: SqlitePool,
        /// For connections that write aside of the writer.
        aside: SqliteConnectOptions,
        writer: SqliteFile,
    },
    Postgres {
        readers: PgPool,
        writer: PgConnectOptions,
    },
}

/// Some reads that see one moment.
pub(crate) enum Snapshot {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Database {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
        }
    }

    pub(crate) async fn connect_writer(&self) -> Result<OwnConnection, Fault> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                OwnConnection::SqliteWriter(Box::new(SqliteWriter::open(writer)?))
            }
            Self::Postgres { writer, .. } => OwnConnection::Postgres(writer.connect().await?),
        })
    }

    /// A connection for work that takes long: no thread of the runtime waits for it.
    pub(crate) async fn connect_aside(&self) -> Result<OwnConnection, Fault> {
        Ok(match self {
            Self::Sqlite { aside, .. } => OwnConnection::Sqlite(aside.connect().await?),
            Self::Postgres { writer, .. } => OwnConnection::Postgres(writer.connect().await?),
        })
    }

    pub(crate) async fn fetch_all(
        &self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Vec<Row>, Fault> {
        in_time(async {
            let mut reader = match self {
                Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
                Self::Postgres { readers, .. } => Reader::Postgres(readers.acquire().await?),
            };
            let mut connection = match &mut reader {
                Reader::Sqlite(reader) => Connection::Sqlite(reader),
                Reader::Postgres(reader) => Connection::Postgres(reader),
            };
            connection.fetch_all(sql, values).await
        })
        .await
    }

    pub(crate) async fn fetch_optional(
        &self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Option<Row>, Fault> {
        Ok(self.fetch_all(sql, values).await?.into_iter().next())
    }

    /// Begins some reads that see one moment.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Fault> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Snapshot::Sqlite(readers.begin().await?),
            Self::Postgres { readers, .. } => {
                Snapshot::Postgres(begin_undisturbed(readers.clone()).await?)
            }
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { readers, .. } => readers.close().await,
            Self::Postgres { readers, .. } => readers.close().await,
        }
    }
}

impl Snapshot {
    pub(crate) fn borrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    /// Ends it; nothing was changed, so it matters to nobody how.
    pub(crate) async fn end(self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await?,
            Self::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }
}

/// Begins in a task of its own, which ends by itself, because a caller may go away at any moment.
/// sqlx 0.9 knows of a transaction only once `BEGIN` was answered: dropped before that, the
/// connection goes back to the pool inside of it, and later reads would see an old moment for ever.
async fn begin_undisturbed(readers: PgPool) -> Result<sqlx::Transaction<'static, Postgres>, Fault> {
    let begun = tokio::spawn(async move {
        readers
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
    });
    match begun.await {
        Ok(begun) => Ok(begun?),
        Err(stopped) => Err(Fault::new(FaultKind::Lost, stopped.to_string())),
    }
}

/// Gives a read up that takes too long: the network may swallow answers without a word.
pub(crate) async fn in_time<T>(read: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match tokio::time::timeout(READ_TIMEOUT, read).await {
        Ok(result) => result,
        Err(_) => Err(Fault::new(
            FaultKind::Busy,
            format!("no answer within {} ms", READ_TIMEOUT.as_millis()),
        )),
    }
}
