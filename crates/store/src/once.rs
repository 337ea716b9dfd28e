//! A change that is made at most once per key, also when the same request comes twice at the same
//! time to two nodes: the row of the key is inserted first, and the second transaction waits there.

use protocol::{ErrorCode, Problem, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Fault, WriteFailure};
use crate::transaction::{Transaction, Write, now};

/// How long a key is kept, in milliseconds.
pub(crate) const ONCE_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// The key of a request, and what the request said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnceKey {
    /// Who asks.
    pub user: UserId,
    /// The path that was asked.
    pub path: String,
    /// The key that the client chose.
    pub key: String,
    /// A hash of the body; another one under the same key is a conflict.
    pub fingerprint: [u8; 32],
}

#[derive(Clone)]
pub(crate) struct Once<W> {
    pub(crate) key: OnceKey,
    pub(crate) write: W,
}

impl<W: Write> Write for Once<W>
where
    W::Output: Serialize + DeserializeOwned,
{
    type Output = (W::Output, bool);

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, WriteFailure> {
        let OnceKey {
            user,
            path,
            key,
            fingerprint,
        } = &self.key;
        let place = [(*user).into(), path.into(), key.into()];
        let at = now();
        let mut values = place.to_vec();
        values.extend([fingerprint.into(), at.into(), (at.0 - ONCE_KEPT_MS).into()]);
        // A key that is older than it is kept counts as unused although its row is still there.
        let taken = tx
            .execute(
                "INSERT INTO once_keys (user_id, path, key, fingerprint, output, created_at) \
                 VALUES ($1, $2, $3, $4, '', $5) ON CONFLICT (user_id, path, key) \
                 DO UPDATE SET fingerprint = excluded.fingerprint, output = '', \
                 created_at = excluded.created_at WHERE once_keys.created_at <= $6",
                &values,
            )
            .await?
            > 0;
        if !taken {
            return self.replay(tx, &place).await;
        }
        let output = self.write.apply(tx).await?;
        let text = serde_json::to_string(&output).map_err(Fault::row)?;
        let mut values = place.to_vec();
        values.push((&text).into());
        tx.execute(
            "UPDATE once_keys SET output = $4 WHERE user_id = $1 AND path = $2 AND key = $3",
            &values,
        )
        .await?;
        Ok((output, false))
    }
}

impl<W: Write> Once<W>
where
    W::Output: DeserializeOwned,
{
    async fn replay(
        &self,
        tx: &mut Transaction<'_>,
        place: &[crate::database::Value],
    ) -> Result<(W::Output, bool), WriteFailure> {
        let row = tx
            .fetch_optional(
                "SELECT fingerprint, output FROM once_keys \
                 WHERE user_id = $1 AND path = $2 AND key = $3",
                place,
            )
            .await?
            .ok_or_else(|| Fault::row("the idempotency key vanished"))?;
        if row.bytes("fingerprint")? != self.key.fingerprint {
            return Err(Problem::new(
                ErrorCode::IdempotencyConflict,
                "the same Idempotency-Key came with another body before",
            )
            .into());
        }
        let output = serde_json::from_str(&row.text("output")?).map_err(Fault::row)?;
        Ok((output, true))
    }
}
