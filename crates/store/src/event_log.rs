//! The event log: every event that is kept, per channel in the order of commits. Offsets are given
//! by [`append`], the last statement of a transaction, under the row lock of each channel; so they
//! are dense and in commit order, and the locks are held no longer than that statement and the
//! commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Event, EventLog, Heads, LogError, LogPage, PageLimits};
use protocol::{ChannelName, Epoch, EventId, Timestamp};

use crate::database::{Connection, Database, Dialect, Row, Value, in_time};
use crate::error::Fault;
use crate::transaction::{NewEvent, Settings, now};

/// Reads the log. What is older or further back than is kept is not shown, even while its row
/// still exists.
#[derive(Clone)]
pub struct EventLogReader {
    database: Database,
    settings: Settings,
}

impl EventLogReader {
    pub(crate) fn new(database: Database, settings: Settings) -> Self {
        Self { database, settings }
    }

    async fn read_page(
        &self,
        channel: &ChannelName,
        after: u64,
        limits: PageLimits,
    ) -> Result<LogPage, Fault> {
        let mut snapshot = self.database.snapshot().await?;
        let page = self
            .page_of(&mut snapshot.borrow(), channel, after, limits)
            .await?;
        snapshot.end().await?;
        Ok(page)
    }

    async fn page_of(
        &self,
        connection: &mut Connection<'_>,
        channel: &ChannelName,
        after: u64,
        limits: PageLimits,
    ) -> Result<LogPage, Fault> {
        let name = Value::from(channel.as_str());
        let too_old = now().0.saturating_sub(self.settings.keep_ms);
        // The `+` makes SQLite look in the index by age; without it, it walks the whole channel.
        let row = connection
            .fetch_optional(
                "SELECT epoch, COALESCE((SELECT head FROM channels WHERE name = $1), 0) AS head, \
                 COALESCE((SELECT MAX(+event_offset) FROM events \
                 WHERE channel = $1 AND at <= $2), 0) AS expired FROM log",
                &[name.clone(), too_old.into()],
            )
            .await?
            .ok_or_else(|| Fault::row("the log has no epoch"))?;
        let epoch: Epoch = row.parsed("epoch")?;
        let head = row.int("head")?;
        let forgotten = row
            .int("expired")?
            .max(head.saturating_sub(self.settings.keep_events))
            .max(0);

        let after_offset = i64::try_from(after).unwrap_or(i64::MAX);
        let row = connection
            .fetch_optional(
                "SELECT COALESCE(MIN(event_offset), $3) AS oldest, \
                 (SELECT id FROM events WHERE channel = $1 AND event_offset = $4 \
                 AND event_offset > $2) AS id \
                 FROM events WHERE channel = $1 AND event_offset > $2",
                &[
                    name.clone(),
                    forgotten.into(),
                    (head + 1).into(),
                    after_offset.into(),
                ],
            )
            .await?
            .ok_or_else(|| Fault::row("no oldest offset"))?;
        let oldest = row.int("oldest")?;
        let id_at_position = match row.opt_text("id")? {
            Some(id) => Some(id.parse::<EventId>().map_err(Fault::row)?),
            None => None,
        };

        let begin = after_offset.max(oldest - 1);
        let most = i64::try_from(limits.events.max(1)).unwrap_or(i64::MAX);
        let bytes = i64::try_from(limits.bytes.max(1)).unwrap_or(i64::MAX);
        let rows = connection
            .fetch_all(
                "SELECT event_offset, id, name, at, data FROM events \
                 WHERE channel = $1 AND event_offset > $2 AND event_offset <= (\
                   SELECT MAX(event_offset) FROM (\
                     SELECT event_offset, size, SUM(size) OVER (ORDER BY event_offset) AS total \
                     FROM (SELECT event_offset, OCTET_LENGTH(data) AS size FROM events \
                       WHERE channel = $1 AND event_offset > $2 \
                       ORDER BY event_offset LIMIT $3) e) sized \
                   WHERE total - size < $4) ORDER BY event_offset",
                &[name, begin.into(), most.into(), bytes.into()],
            )
            .await?;
        let events = rows
            .iter()
            .map(|row| event(channel, row))
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(LogPage {
            epoch,
            head: unsigned(head),
            oldest: unsigned(oldest),
            id_at_position,
            events,
        })
    }

    async fn read_heads(&self, channels: &[ChannelName]) -> Result<Heads, Fault> {
        let names = channels
            .iter()
            .map(|channel| channel.as_str().to_owned())
            .collect();
        // One statement sees one moment. The left join gives the epoch even without a channel.
        let sql = match self.database.dialect() {
            Dialect::Sqlite => {
                "SELECT l.epoch, c.name, c.head FROM log l LEFT JOIN channels c \
                 ON c.name IN (SELECT value FROM json_each($1))"
            }
            Dialect::Postgres => {
                "SELECT l.epoch, c.name, c.head FROM log l LEFT JOIN channels c \
                 ON c.name = ANY($1)"
            }
        };
        let rows = self.database.fetch_all(sql, &[Value::Texts(names)]).await?;
        let epoch = rows
            .first()
            .ok_or_else(|| Fault::row("the log has no epoch"))?;
        let epoch = epoch.parsed("epoch")?;
        let mut heads = BTreeMap::new();
        for row in &rows {
            if let (Some(name), Some(head)) = (row.opt_text("name")?, row.opt_int("head")?) {
                heads.insert(name, unsigned(head));
            }
        }
        let head_of = |channel: &ChannelName| heads.get(channel.as_str()).copied().unwrap_or(0);
        Ok(Heads {
            epoch,
            heads: channels.iter().map(head_of).collect(),
        })
    }
}

impl EventLog for EventLogReader {
    async fn page(
        &self,
        channel: &ChannelName,
        after: u64,
        limits: PageLimits,
    ) -> Result<LogPage, LogError> {
        in_time(self.read_page(channel, after, limits))
            .await
            .map_err(|fault| LogError(fault.to_string()))
    }

    async fn heads(&self, channels: &[ChannelName]) -> Result<Heads, LogError> {
        self.read_heads(channels)
            .await
            .map_err(|fault| LogError(fault.to_string()))
    }
}

fn event(channel: &ChannelName, row: &Row) -> Result<Event, Fault> {
    Ok(Event {
        id: row.parsed("id")?,
        channel: channel.clone(),
        offset: unsigned(row.int("event_offset")?),
        name: row.parsed("name")?,
        at: row.time("at")?,
        data: row.text("data")?.into(),
    })
}

/// Offsets and heads are never negative in our tables.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// One event on one channel.
struct Line {
    channel: ChannelName,
    /// From 1, among this transaction's events on the channel.
    place: i64,
    event: usize,
}

/// Writes the events of a transaction and gives them their offsets. Returns them in the order in
/// which they were told.
///
/// Invariant: nothing but the commit follows, and channels are locked in sorted order, so no two
/// transactions can wait for each other here.
pub(crate) async fn append(
    connection: &mut Connection<'_>,
    events: &[NewEvent],
    at: Timestamp,
) -> Result<Vec<Event>, Fault> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<ChannelName, i64> = BTreeMap::new();
    let mut lines = Vec::new();
    for (index, event) in events.iter().enumerate() {
        for channel in &event.channels {
            let count = counts.entry(channel.clone()).or_default();
            *count += 1;
            lines.push(Line {
                channel: channel.clone(),
                place: *count,
                event: index,
            });
        }
    }
    let heads = match connection.dialect() {
        Dialect::Sqlite => append_to_sqlite(connection, &counts, &lines, events, at).await?,
        Dialect::Postgres => append_to_postgres(connection, &counts, &lines, events, at).await?,
    };
    lines
        .into_iter()
        .map(|line| {
            let offset = offset(&heads, &counts, &line)?;
            let NewEvent { id, name, data, .. } = &events[line.event];
            Ok(Event {
                id: *id,
                channel: line.channel,
                offset: unsigned(offset),
                name: *name,
                at,
                data: Arc::clone(data),
            })
        })
        .collect()
}

/// The new head of each channel.
type NewHeads = BTreeMap<String, i64>;

fn offset(
    heads: &NewHeads,
    counts: &BTreeMap<ChannelName, i64>,
    line: &Line,
) -> Result<i64, Fault> {
    match (heads.get(line.channel.as_str()), counts.get(&line.channel)) {
        (Some(head), Some(count)) => Ok(head - count + line.place),
        _ => Err(Fault::row(format_args!("no head for {}", line.channel))),
    }
}

async fn append_to_sqlite(
    connection: &mut Connection<'_>,
    counts: &BTreeMap<ChannelName, i64>,
    lines: &[Line],
    events: &[NewEvent],
    at: Timestamp,
) -> Result<NewHeads, Fault> {
    let mut heads = NewHeads::new();
    for (channel, count) in counts {
        let rows = connection
            .fetch_all(
                "INSERT INTO channels (name, head) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET head = channels.head + excluded.head \
                 RETURNING name, head",
                &[channel.as_str().into(), (*count).into()],
            )
            .await?;
        heads.extend(read_new_heads(&rows)?);
    }
    for line in lines {
        let event = &events[line.event];
        connection
            .execute(
                "INSERT INTO events (channel, event_offset, id, name, at, data, subject) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &[
                    line.channel.as_str().into(),
                    offset(&heads, counts, line)?.into(),
                    event.id.0.into(),
                    event.name.as_str().into(),
                    at.into(),
                    Value::Shared(Arc::clone(&event.data)),
                    Value::OptText(event.subject.map(|subject| subject.to_string())),
                ],
            )
            .await?;
    }
    Ok(heads)
}

/// All in one statement, so that the row locks of busy channels are held for one round trip and
/// the commit.
async fn append_to_postgres(
    connection: &mut Connection<'_>,
    counts: &BTreeMap<ChannelName, i64>,
    lines: &[Line],
    events: &[NewEvent],
    at: Timestamp,
) -> Result<NewHeads, Fault> {
    let texts = |text: &dyn Fn(&Line) -> String| Value::Texts(lines.iter().map(text).collect());
    let values = [
        Value::Texts(
            counts
                .keys()
                .map(|channel| channel.as_str().to_owned())
                .collect(),
        ),
        Value::Ints(counts.values().copied().collect()),
        texts(&|line| line.channel.as_str().to_owned()),
        Value::Ints(lines.iter().map(|line| line.place).collect()),
        texts(&|line| events[line.event].id.to_string()),
        texts(&|line| events[line.event].name.as_str().to_owned()),
        texts(&|line| (*events[line.event].data).to_owned()),
        at.into(),
        texts(&|line| {
            let subject = events[line.event].subject;
            subject
                .map(|subject| subject.to_string())
                .unwrap_or_default()
        }),
    ];
    let rows = connection
        .fetch_all(
            "WITH counted AS (\
               SELECT * FROM unnest($1::text[], $2::bigint[]) AS c (name, fresh)), \
             heads AS (\
               INSERT INTO channels AS h (name, head) \
               SELECT name, fresh FROM counted ORDER BY name COLLATE \"C\" \
               ON CONFLICT (name) DO UPDATE SET head = h.head + excluded.head \
               RETURNING h.name, h.head), \
             written AS (\
               INSERT INTO events (channel, event_offset, id, name, at, data, subject) \
               SELECT e.channel, h.head - c.fresh + e.place, e.id, e.name, $8, e.data, \
                 NULLIF(e.subject, '') \
               FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], \
                 $9::text[]) AS e (channel, place, id, name, data, subject) \
               JOIN heads h ON h.name = e.channel JOIN counted c ON c.name = e.channel) \
             SELECT name, head FROM heads",
            &values,
        )
        .await?;
    read_new_heads(&rows)
}

fn read_new_heads(rows: &[Row]) -> Result<NewHeads, Fault> {
    rows.iter()
        .map(|row| Ok((row.text("name")?, row.int("head")?)))
        .collect()
}
