//! Writes the notifications to a role after `POST /api/v1/notifications` has answered. What is to
//! be written, and how far it is, lies in the store; here is only when. Start at
//! [`Broadcasts::deliver`].

use std::sync::Arc;
use std::time::Duration;

use store::{DeliverBroadcast, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::now;

/// How often the job looks by itself: for what a crash left, and for what another node accepted
/// and could not finish.
const LOOK_INTERVAL: Duration = Duration::from_secs(3);

/// Wakes the job. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Broadcasts(Arc<Notify>);

impl Broadcasts {
    /// Something was accepted.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Delivers until `shutdown`, then finishes its batch. Whatever is left is done after the next
    /// start, or by another node.
    pub(crate) async fn deliver(&self, store: &Store, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            match store.write(DeliverBroadcast { now: now() }).await {
                Ok(Some(recipients)) => {
                    tracing::debug!(recipients, "wrote notifications to a role");
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot write notifications to a role"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.0.notified() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }
}
