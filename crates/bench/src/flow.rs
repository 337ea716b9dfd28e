//! Publishing in a closed loop: the next event when everyone has the ones before. Start at
//! [`deliver`].

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::swarm::{PATIENCE, Swarm, What, is_event, shown};

/// Who asks for events and who gets them.
pub(crate) struct Flow<'a> {
    /// Connections for plain requests, one request at a time each.
    pub(crate) publishers: Range<usize>,
    /// The request that makes one event.
    pub(crate) request: &'a [u8],
    /// Sockets that each get every event.
    pub(crate) subscribers: Range<usize>,
}

/// Publishes `count` events with at most `under_way` that somebody has not got yet, and waits until
/// everyone has all of them.
pub(crate) fn deliver(
    swarm: &mut Swarm,
    flow: &Flow<'_>,
    count: usize,
    under_way: usize,
) -> anyhow::Result<()> {
    let mut free: Vec<usize> = flow.publishers.clone().take(under_way).collect();
    let publishers = free.len();
    let (mut published, mut answered, mut received) = (0, 0, 0);
    let expected = count * flow.subscribers.len();
    let mut last = Instant::now();
    while received < expected || answered < count {
        while published < count
            && published < received / flow.subscribers.len() + under_way
            && let Some(publisher) = free.pop()
        {
            swarm.send(publisher, flow.request)?;
            published += 1;
        }
        let before = (received, answered);
        let mut fault = None;
        swarm.turn(Duration::from_secs(1), |link, what| match what {
            What::Text(text) if flow.subscribers.contains(&link) => {
                received += usize::from(is_event(text));
            }
            What::Answer {
                status: 201 | 202, ..
            } if flow.publishers.contains(&link) => {
                answered += 1;
                free.push(link);
            }
            What::Answer { status, body } => fault = Some(format!("answer {status}: {body}")),
            What::Closed { code } if flow.subscribers.contains(&link) => {
                fault = Some(format!("a subscriber was closed with {}", shown(code)));
            }
            What::Text(_) | What::Upgraded | What::Closed { .. } => {}
        })?;
        if let Some(fault) = fault {
            bail!("while publishing: {fault}");
        }
        if (received, answered) != before {
            last = Instant::now();
        }
        if last.elapsed() > PATIENCE {
            bail!(
                "{received} of {expected} deliveries have come, {answered} of {count} requests are \
                 answered, and nothing more for {PATIENCE:?}"
            );
        }
    }
    debug_assert!(free.len() == publishers, "everyone is free in the end");
    Ok(())
}

/// Waits until these sockets together got so many events, or texts like them.
pub(crate) fn receive(
    swarm: &mut Swarm,
    sockets: &Range<usize>,
    expected: usize,
) -> anyhow::Result<()> {
    let mut received = 0;
    let mut last = Instant::now();
    while received < expected {
        let before = received;
        let mut fault = None;
        swarm.turn(Duration::from_secs(1), |link, what| {
            if !sockets.contains(&link) {
                return;
            }
            match what {
                What::Text(text) => received += usize::from(is_event(text)),
                What::Closed { code } => fault = Some(shown(code)),
                What::Upgraded | What::Answer { .. } => {}
            }
        })?;
        if let Some(fault) = fault {
            bail!("a subscriber was closed with {fault}");
        }
        if received > before {
            last = Instant::now();
        }
        if last.elapsed() > PATIENCE {
            bail!("{received} of {expected} events have come, and nothing more for {PATIENCE:?}");
        }
    }
    Ok(())
}
