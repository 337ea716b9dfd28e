//! The floor of durable appends: a bare loop of group commits with the same rows in the same kind of
//! file, and nothing else. Start at [`serve`].

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use rusqlite::{Connection, params};
use serde_json::json;

/// Write-ahead log, every commit on the disk, and a cache and a log that hold whole groups, as the
/// server has them.
const SETTINGS: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -16384;
PRAGMA wal_autocheckpoint = 4000;";

/// The tables that one message is written to, with their indexes, as the server has them.
const TABLES: &str = "
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY, chat_id TEXT NOT NULL, client_id TEXT, sender_kind TEXT NOT NULL,
    sender_id TEXT, body TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX messages_by_client_id ON messages (chat_id, sender_id, client_id);
CREATE UNIQUE INDEX messages_by_age ON messages (chat_id, created_at, id);
CREATE TABLE events (
    channel TEXT NOT NULL, event_offset INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
    at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (channel, event_offset)
    ) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_age ON events (channel, at, event_offset);";

/// Commits before the clock runs, which get the file its pages.
const WARM_UP: usize = 5;

/// How much is appended.
#[derive(Debug, Clone)]
pub struct Appends {
    /// Where the file is made.
    pub folder: PathBuf,
    /// Messages of one commit.
    pub group: usize,
    /// Commits.
    pub groups: usize,
    /// Events of one message, one for each channel that hears of it.
    pub events: usize,
    /// Bytes of an event's data.
    pub data_bytes: usize,
}

/// Appends, and gives one line of JSON: microseconds per message.
///
/// # Errors
/// The file cannot be made or written.
pub fn serve(appends: &Appends) -> anyhow::Result<String> {
    let path = appends.folder.join("append-floor.db");
    let connection =
        Connection::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch(TABLES)?;
    let data = "x".repeat(appends.data_bytes);
    for group in 0..WARM_UP {
        commit(&connection, appends, group, &data)?;
    }
    let began = Instant::now();
    for group in WARM_UP..WARM_UP + appends.groups {
        commit(&connection, appends, group, &data)?;
    }
    let took = began.elapsed();
    let messages = u32::try_from(appends.group * appends.groups)?;
    let each_us = took.as_secs_f64() * 1e6 / f64::from(messages);
    Ok(json!({"append_us": each_us}).to_string())
}

fn commit(
    connection: &Connection,
    appends: &Appends,
    group: usize,
    data: &str,
) -> anyhow::Result<()> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    for number in 0..appends.group {
        let number = i64::try_from(group * appends.group + number)?;
        let id = format!("0190a000-0000-7000-8000-{number:012x}");
        let chat = format!("0190a000-0000-7000-9000-{:012x}", number % 64);
        run("SAVEPOINT one")?;
        connection
            .prepare_cached(
                "INSERT INTO messages (id, chat_id, client_id, sender_kind, sender_id, body, \
                 state, created_at) VALUES (?, ?, ?, 'customer', ?, ?, 'complete', ?)",
            )?
            .execute(params![
                id,
                chat,
                id,
                chat,
                "Is the kitchen still open?",
                number
            ])?;
        let mut event = connection.prepare_cached(
            "INSERT INTO events (channel, event_offset, id, name, at, data) \
             VALUES (?, ?, ?, 'message.created', ?, ?)",
        )?;
        for channel in 0..appends.events {
            let channel = format!("chat:{channel}:{chat}");
            event.execute(params![channel, number, id, number, data])?;
        }
        run("RELEASE one")?;
    }
    run("COMMIT")?;
    Ok(())
}
