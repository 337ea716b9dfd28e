//! The changes that wait for the writer, in the order in which they came.

use std::collections::VecDeque;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::error::{WriteError, WriteFailure};
use crate::transaction::{Transaction, Write};

/// Most changes that may wait.
pub(crate) const QUEUE_MAX: usize = 1_024;

/// Most changes of one transaction.
const GROUP_MAX: usize = 128;

/// A change on its way, whatever its type.
pub(crate) struct Waiting {
    pub(crate) job: Box<dyn Job>,
    /// Not begun after this moment.
    pub(crate) deadline: Instant,
}

pub(crate) trait Job: Send {
    fn is_durable(&self) -> bool;

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut Transaction<'_>,
    ) -> BoxFuture<'a, Result<(), WriteFailure>>;

    fn answer(self: Box<Self>, result: Result<(), WriteError>);
}

pub(crate) struct Change<W: Write> {
    pub(crate) write: W,
    pub(crate) output: Option<W::Output>,
    pub(crate) reply: oneshot::Sender<Result<W::Output, WriteError>>,
}

impl<W: Write> Job for Change<W> {
    fn is_durable(&self) -> bool {
        W::DURABLE
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut Transaction<'_>,
    ) -> BoxFuture<'a, Result<(), WriteFailure>> {
        let Self { write, output, .. } = self;
        Box::pin(async move {
            *output = Some(write.apply(tx).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, result: Result<(), WriteError>) {
        let Self { output, reply, .. } = *self;
        let result = result.and_then(|()| {
            output.ok_or_else(|| WriteError::Failed("the change gave no output".to_owned()))
        });
        // A caller that went away needs no answer.
        let _ = reply.send(result);
    }
}

/// The changes that wait: those in the channel, behind those that an outage made us take out.
pub(crate) struct Queue {
    receiver: mpsc::Receiver<Waiting>,
    held: VecDeque<Waiting>,
}

impl Queue {
    pub(crate) fn new(receiver: mpsc::Receiver<Waiting>) -> Self {
        Self {
            receiver,
            held: VecDeque::new(),
        }
    }

    /// All changes that wait, up to a whole group; none when the store is closed.
    pub(crate) async fn next_group(&mut self) -> Option<Vec<Waiting>> {
        let first = match self.held.pop_front() {
            Some(first) => first,
            None => self.receiver.recv().await?,
        };
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            let next = self
                .held
                .pop_front()
                .or_else(|| self.receiver.try_recv().ok());
            let Some(next) = next else { break };
            group.push(next);
        }
        Some(group)
    }

    /// Answers those whose time is over while nothing can be committed.
    pub(crate) fn answer_expired(&mut self, cause: &WriteError) {
        while self.held.len() < QUEUE_MAX {
            let Ok(waiting) = self.receiver.try_recv() else {
                break;
            };
            self.held.push_back(waiting);
        }
        let held = std::mem::take(&mut self.held);
        self.held = answer_expired(held, cause);
    }
}

/// Answers those whose time is over; keeps the others in their order.
pub(crate) fn answer_expired<C>(waiting: C, cause: &WriteError) -> C
where
    C: IntoIterator<Item = Waiting> + FromIterator<Waiting>,
{
    let now = Instant::now();
    let keep = |waiting: Waiting| {
        if waiting.deadline > now {
            return Some(waiting);
        }
        waiting.job.answer(Err(cause.clone()));
        None
    };
    waiting.into_iter().filter_map(keep).collect()
}
