//! The writer's own connection to SQLite. Its statements run in the thread that asks, which is a
//! thread of the writer alone: a statement takes microseconds, and handing it to another thread
//! and waiting for the answer takes longer than that (docs/decisions/0005). Readers are in
//! `database.rs`, where a pool of threads is what one wants.
//! Start at [`SqliteWriter::open`].

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement};

use crate::checkpoints::Checkpoints;
use crate::database::Value;
use crate::error::{Fault, FaultKind};

/// Statements that are kept prepared. Ours are constants, with a few that have a list in them.
const STATEMENTS_KEPT: usize = 256;

/// What holds for the connection until it ends. Overwriting what is deleted is for erased texts.
/// Savepoints keep the pages they may have to restore; in memory, because the default is a file
/// from 64 KiB on. The cache holds all pages of a group, so that none is written twice.
const PRAGMAS: &str = "PRAGMA busy_timeout = 3000; PRAGMA foreign_keys = 1; \
     PRAGMA journal_mode = WAL; PRAGMA secure_delete = 1; \
     PRAGMA temp_store = memory; PRAGMA cache_size = -16384";

/// Which file, and what to say to it.
#[derive(Clone, Debug)]
pub(crate) struct SqliteFile {
    pub(crate) path: PathBuf,
    /// More pragmas for the writer, each ended by a semicolon.
    pub(crate) pragmas: &'static str,
}

pub(crate) struct SqliteWriter {
    connection: Connection,
    checkpoints: Checkpoints,
}

impl SqliteWriter {
    /// Opens a file that is a database already.
    pub(crate) fn open(file: &SqliteFile) -> Result<Self, Fault> {
        // One thread at a time has the connection, so it needs no lock of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&file.path, flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch(PRAGMAS)?;
        connection.execute_batch(file.pragmas)?;
        let checkpoints = Checkpoints::of(&connection, &file.path)?;
        Ok(Self {
            connection,
            checkpoints,
        })
    }

    pub(crate) fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// What can wait until everyone has been answered.
    pub(crate) fn tidy(&mut self) {
        self.checkpoints.look(&self.connection);
    }

    /// How many rows were touched.
    pub(crate) fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(self.connection.changes())
    }

    pub(crate) fn fetch_all(&self, sql: &str, values: &[Value]) -> Result<Vec<StoredRow>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let columns: Arc<[String]> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns.len()).map(|place| row.get(place));
            answer.push(StoredRow {
                values: values.collect::<Result<_, _>>()?,
                columns: Arc::clone(&columns),
            });
        }
        Ok(answer)
    }

    /// What was not committed is rolled back.
    pub(crate) fn close(self) {
        self.checkpoints.end();
        // What cannot be closed is dropped, which ends it too.
        drop(self.connection.close());
    }
}

/// `$n` is the nth value, however often and in which order the text names it.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<(), Fault> {
    for index in 1..=statement.parameter_count() {
        let place = statement
            .parameter_name(index)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let value = place.and_then(|place| values.get(place.checked_sub(1)?));
        let value = value.ok_or_else(|| {
            let count = values.len();
            let text = format!("placeholder {place:?} of a statement with {count} values; a bug");
            Fault::new(FaultKind::Other, text)
        })?;
        statement.raw_bind_parameter(index, to_sql(value))?;
    }
    Ok(())
}

fn to_sql(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Text(value) | Value::OptText(Some(value)) => {
            ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes()))
        }
        Value::Shared(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
        Value::OptText(None) => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
        Value::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        Value::Texts(_) | Value::Ints(_) => {
            ToSqlOutput::Owned(Stored::Text(value.to_json().unwrap_or_default()))
        }
    }
}

/// One row of an answer, on its own.
pub(crate) struct StoredRow {
    columns: Arc<[String]>,
    values: Vec<Stored>,
}

impl StoredRow {
    fn value(&self, column: &str) -> Result<&Stored, Fault> {
        let place = self.columns.iter().position(|name| name == column);
        place
            .and_then(|place| self.values.get(place))
            .ok_or_else(|| Fault::row(format_args!("there is no column {column}")))
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, Fault> {
        match self.value(column)? {
            Stored::Null => Ok(None),
            Stored::Text(text) => Ok(Some(text.clone())),
            other => Err(unexpected(column, "a text", other)),
        }
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, Fault> {
        match self.value(column)? {
            Stored::Null => Ok(None),
            Stored::Integer(number) => Ok(Some(*number)),
            other => Err(unexpected(column, "a whole number", other)),
        }
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, Fault> {
        self.opt_text(column)?
            .ok_or_else(|| unexpected(column, "a text", &Stored::Null))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, Fault> {
        self.opt_int(column)?
            .ok_or_else(|| unexpected(column, "a whole number", &Stored::Null))
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, Fault> {
        match self.value(column)? {
            Stored::Blob(bytes) => Ok(bytes.clone()),
            other => Err(unexpected(column, "bytes", other)),
        }
    }
}

fn unexpected(column: &str, wanted: &str, value: &Stored) -> Fault {
    Fault::row(format_args!(
        "{column} holds {}, not {wanted}",
        value.data_type()
    ))
}
