//! Forgetting what is no longer kept, a bounded batch at a time, so that no change waits long.

use crate::Store;
use crate::error::{WriteError, WriteFailure};
use crate::once::ONCE_KEPT_MS;
use crate::transaction::{Transaction, Write, now};

/// Most rows of one batch.
const BATCH: i64 = 1_000;

/// How long the row of a session stays after its end, in milliseconds: whoever asks meanwhile is
/// told that it ended, not that it never was.
const ENDED_SESSION_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// How long a notification stays after it was read, in milliseconds.
const READ_NOTIFICATION_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

/// How many rows were deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events beyond retention.
    pub events: u64,
    /// Sessions that ended or expired a day ago.
    pub sessions: u64,
    /// Idempotency keys of more than a day ago.
    pub once_keys: u64,
    /// Offers of a setup that expired.
    pub setup_offers: u64,
    /// Notifications that were read 90 days ago.
    pub notifications: u64,
}

impl Store {
    /// Deletes what is no longer kept. Meant to be called every few minutes, by one or several
    /// nodes.
    ///
    /// # Errors
    /// The database cannot be written; what was deleted until then stays deleted.
    pub async fn prune(&self) -> Result<Pruned, WriteError> {
        Ok(Pruned {
            events: self.prune_all(Kind::EventsByCount).await?
                + self.prune_all(Kind::EventsByAge).await?,
            sessions: self.prune_all(Kind::Sessions).await?,
            once_keys: self.prune_all(Kind::OnceKeys).await?,
            setup_offers: self.prune_all(Kind::SetupOffers).await?,
            notifications: self.prune_all(Kind::Notifications).await?,
        })
    }

    async fn prune_all(&self, kind: Kind) -> Result<u64, WriteError> {
        let mut sum = 0;
        loop {
            let deleted = self.write(PruneBatch { kind }).await?;
            sum += deleted;
            if deleted < BATCH.unsigned_abs() {
                return Ok(sum);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    EventsByCount,
    EventsByAge,
    Sessions,
    OnceKeys,
    SetupOffers,
    Notifications,
}

#[derive(Clone, Debug)]
struct PruneBatch {
    kind: Kind,
}

impl Write for PruneBatch {
    type Output = u64;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<u64, WriteFailure> {
        let now = now().0;
        let settings = *tx.settings;
        // Invariant: of each channel the oldest events go first and without a hole, so what is
        // left is always the end of the channel. To SQLite a cross join is an order: the channels
        // outside, of each only the events that go. The `+` makes it look in the index by age;
        // without it, it walks the whole channel from its end.
        let deleted = match self.kind {
            Kind::EventsByCount => {
                tx.execute(
                    "DELETE FROM events WHERE (channel, event_offset) IN (\
                     SELECT e.channel, e.event_offset FROM channels c \
                     CROSS JOIN events e \
                     WHERE e.channel = c.name AND e.event_offset <= c.head - $1 \
                     ORDER BY c.name, e.event_offset LIMIT $2)",
                    &[settings.keep_events.into(), BATCH.into()],
                )
                .await?
            }
            Kind::EventsByAge => {
                tx.execute(
                    "DELETE FROM events WHERE (channel, event_offset) IN (\
                     SELECT e.channel, e.event_offset FROM channels c \
                     CROSS JOIN events e WHERE e.channel = c.name AND e.event_offset <= (\
                       SELECT MAX(+old.event_offset) FROM events old \
                       WHERE old.channel = c.name AND old.at <= $1) \
                     ORDER BY c.name, e.event_offset LIMIT $2)",
                    &[now.saturating_sub(settings.keep_ms).into(), BATCH.into()],
                )
                .await?
            }
            Kind::Sessions => {
                let past = now.saturating_sub(ENDED_SESSION_KEPT_MS);
                tx.execute(
                    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
                     WHERE ended_at <= $1 OR last_seen_at <= $2 OR created_at <= $3 LIMIT $4)",
                    &[
                        past.into(),
                        past.saturating_sub(settings.session_idle_ms).into(),
                        past.saturating_sub(settings.session_max_ms).into(),
                        BATCH.into(),
                    ],
                )
                .await?
            }
            Kind::OnceKeys => {
                tx.execute(
                    "DELETE FROM once_keys WHERE (user_id, path, key) IN (\
                     SELECT user_id, path, key FROM once_keys WHERE created_at <= $1 LIMIT $2)",
                    &[now.saturating_sub(ONCE_KEPT_MS).into(), BATCH.into()],
                )
                .await?
            }
            Kind::SetupOffers => {
                tx.execute("DELETE FROM setup WHERE expires_at <= $1", &[now.into()])
                    .await?
            }
            Kind::Notifications => {
                tx.execute(
                    "DELETE FROM notifications WHERE id IN (\
                     SELECT id FROM notifications WHERE read_at <= $1 LIMIT $2)",
                    &[
                        now.saturating_sub(READ_NOTIFICATION_KEPT_MS).into(),
                        BATCH.into(),
                    ],
                )
                .await?
            }
        };
        Ok(deleted)
    }
}
