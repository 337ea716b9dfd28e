//! What a change sees: the transaction it runs in, and the events that it wants told.

use std::future::Future;
use std::sync::Arc;

use desk::audience::is_audience;
use protocol::{ChannelName, EventId, EventName, Revocation, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::database::{Connection, Dialect, Row, Sql, Value};
use crate::error::{Fault, WriteFailure};

/// A change: plain data, so that it can be run again after two transactions stood in each other's
/// way. It does SQL and nothing else: no network, no hash, no waiting.
pub trait Write: Clone + Send + Sync + 'static {
    /// What the caller gets after the commit.
    type Output: Send + 'static;

    /// Whether the commit waits for the disk. What does not survives a crash of the program, but a
    /// loss of power may take it; so it may tell nobody.
    const DURABLE: bool = true;

    /// Makes the change. It may run more than once; only the last run is committed.
    ///
    /// # Errors
    /// A rule refuses it, or the database does; either way nothing of it remains.
    fn apply(
        &self,
        tx: &mut Transaction<'_>,
    ) -> impl Future<Output = Result<Self::Output, WriteFailure>> + Send;
}

/// The transaction that a change runs in. Several changes may share it, one after the other; each
/// has a savepoint of its own.
pub struct Transaction<'c> {
    pub(crate) connection: Connection<'c>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) settings: &'c Settings,
    /// Which of the writer's connections this is, counted from 1.
    pub(crate) connection_number: i64,
}

/// An event before it has its offsets.
pub(crate) struct NewEvent {
    pub(crate) id: EventId,
    pub(crate) channels: Vec<ChannelName>,
    /// The object whose text it holds, if that can be erased.
    pub(crate) subject: Option<Uuid>,
    pub(crate) name: EventName,
    pub(crate) data: Arc<str>,
}

/// What the configuration says, in the units of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) keep_events: i64,
    pub(crate) keep_ms: i64,
    pub(crate) session_idle_ms: i64,
    pub(crate) session_max_ms: i64,
    /// Whether a bot answers in the chats.
    pub(crate) bot: bool,
}

impl Transaction<'_> {
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<u64, Fault> {
        self.connection.execute(sql, values).await
    }

    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Vec<Row>, Fault> {
        self.connection.fetch_all(sql, values).await
    }

    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl Into<Sql> + Send,
        values: &[Value],
    ) -> Result<Option<Row>, Fault> {
        self.connection.fetch_optional(sql, values).await
    }

    /// What a `SELECT` ends with so that its rows of `table` stay as they are until the commit.
    /// SQLite has one writer and needs nothing; on PostgreSQL other nodes write too.
    pub(crate) fn lock(&self, table: &str) -> String {
        match self.connection.dialect() {
            Dialect::Sqlite => String::new(),
            Dialect::Postgres => format!(" FOR NO KEY UPDATE OF {table}"),
        }
    }

    /// Tells of an event on these channels, once the transaction is committed.
    pub(crate) fn tell(
        &mut self,
        channels: Vec<ChannelName>,
        name: EventName,
        data: &impl Serialize,
    ) -> Result<(), Fault> {
        self.tell_about(None, channels, name, data)
    }

    /// The same with the object whose text the event holds, so that [`crate::erase`] finds it.
    pub(crate) fn tell_about(
        &mut self,
        subject: Option<Uuid>,
        mut channels: Vec<ChannelName>,
        name: EventName,
        data: &impl Serialize,
    ) -> Result<(), Fault> {
        channels.sort_unstable();
        channels.dedup();
        // Invariant: who is told of an event is what desk's table says, and docs/policy.md shows.
        debug_assert!(
            is_audience(name, &channels),
            "{name} is not for {channels:?}, see desk::audience"
        );
        let data = serde_json::to_string(data).map_err(Fault::row)?;
        self.events.push(NewEvent {
            id: EventId::new(),
            channels,
            subject,
            name,
            data: data.into(),
        });
        Ok(())
    }

    /// Tells every node which sockets must go.
    pub(crate) fn revoke(&mut self, revocation: &Revocation) -> Result<(), Fault> {
        self.tell(
            vec![ChannelName::revocations()],
            EventName::SessionRevoked,
            revocation,
        )
    }
}

/// The clock of the store.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
