//! The handle that others hold. Reads go to the pool, changes to the writer.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::Epoch;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::database::{Database, Dialect};
use crate::error::{ReadError, WriteError, WriteFailure};
use crate::lock::DatabaseLock;
use crate::once::Once;
use crate::statistics::Statistics;
use crate::transaction::{Settings, Transaction, Write};
use crate::writer::Writer;
use crate::{EventLogReader, OnceKey};

/// What must survive. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    settings: Settings,
    writer: Writer,
    /// The last answer of [`DataVersion`].
    seen_version: Mutex<DataVersionSeen>,
    /// Keeps others from replacing the file while it is open here; SQLite only.
    lock: Mutex<Option<DatabaseLock>>,
}

/// Which connection of the writer said which version.
type DataVersionSeen = (i64, i64);

impl Store {
    pub(crate) fn new(
        database: Database,
        settings: Settings,
        writer: Writer,
        lock: Option<DatabaseLock>,
    ) -> Self {
        let seen_version = Mutex::default();
        Self(Arc::new(Inner {
            database,
            settings,
            writer,
            seen_version,
            lock: Mutex::new(lock),
        }))
    }

    /// The event log, to read from. Cheap to clone.
    #[must_use]
    pub fn event_log(&self) -> EventLogReader {
        EventLogReader::new(self.0.database.clone(), self.0.settings)
    }

    /// Makes a change, and returns after it is committed and announced. A caller that goes away
    /// changes nothing about either.
    ///
    /// # Errors
    /// A rule refuses the change, or the database cannot make it; see [`WriteError`].
    pub async fn write<W: Write>(&self, write: W) -> Result<W::Output, WriteError> {
        self.0.writer.write(write).await
    }

    /// Makes a change at most once per key. A second call with an equal fingerprint gives the
    /// first output again, and `true`. Calls that arrive together wait for the first. A refusal
    /// leaves the key unused. Keys are kept for 24 h.
    ///
    /// # Errors
    /// As [`Store::write`]; and `idempotency_conflict` when the key came with another fingerprint.
    pub async fn write_once<W: Write>(
        &self,
        key: OnceKey,
        write: W,
    ) -> Result<(W::Output, bool), WriteError>
    where
        W::Output: Serialize + DeserializeOwned,
    {
        self.write(Once { key, write }).await
    }

    /// Whether the database answers a read.
    ///
    /// # Errors
    /// It does not, within 5 s.
    pub async fn ready(&self) -> Result<(), ReadError> {
        self.epoch().await.map(drop)
    }

    /// The lifetime of the event log. It is kept in the database and survives restarts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn epoch(&self) -> Result<Epoch, ReadError> {
        let row = self
            .database()
            .fetch_optional("SELECT epoch FROM log", &[])
            .await?;
        let row = row.ok_or_else(|| ReadError::Failed("the log has no epoch".to_owned()))?;
        Ok(row.parsed("epoch")?)
    }

    /// Whether another process may have written since the last call. On PostgreSQL it always may.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn changed_by_others(&self) -> Result<bool, ReadError> {
        match self.database().dialect() {
            Dialect::Postgres => Ok(true),
            Dialect::Sqlite => {
                let version = self.write(DataVersion).await.map_err(|error| match error {
                    WriteError::Unavailable(text) => ReadError::Unavailable(text),
                    other => ReadError::Failed(other.to_string()),
                })?;
                let mut seen = self
                    .0
                    .seen_version
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                Ok(std::mem::replace(&mut *seen, version) != version)
            }
        }
    }

    /// A secret that every node on this database shares: the one stored under `name`, or `fresh`
    /// if there was none, which is then stored.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn shared_secret(&self, name: &str, fresh: &str) -> Result<String, WriteError> {
        self.write(SharedSecret {
            name: name.to_owned(),
            fresh: fresh.to_owned(),
        })
        .await
    }

    /// Waits until the changes that were handed over are made, then closes every connection.
    /// Later changes are refused as [`WriteError::Unavailable`].
    pub async fn close(&self) {
        self.0.writer.close().await;
        self.database().close().await;
        let lock = &self.0.lock;
        lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// What the writer has counted.
    #[must_use]
    pub fn statistics(&self) -> &Statistics {
        self.0.writer.statistics()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }
}

/// Asks SQLite on the writer's own connection, whose own commits do not count.
#[derive(Clone)]
struct DataVersion;

impl Write for DataVersion {
    type Output = DataVersionSeen;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<DataVersionSeen, WriteFailure> {
        let row = tx.fetch_optional("PRAGMA data_version", &[]).await?;
        let version = row
            .map(|row| row.int("data_version"))
            .transpose()?
            .unwrap_or_default();
        Ok((tx.connection_number, version))
    }
}

#[derive(Clone)]
struct SharedSecret {
    name: String,
    fresh: String,
}

impl Write for SharedSecret {
    type Output = String;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<String, WriteFailure> {
        let inserted = tx
            .execute(
                "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                &[(&self.name).into(), (&self.fresh).into()],
            )
            .await?;
        if inserted > 0 {
            return Ok(self.fresh.clone());
        }
        let row = tx
            .fetch_optional(
                "SELECT value FROM secrets WHERE name = $1",
                &[(&self.name).into()],
            )
            .await?;
        Ok(match row {
            Some(row) => row.text("value")?,
            None => self.fresh.clone(),
        })
    }
}
