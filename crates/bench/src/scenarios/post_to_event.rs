//! From a request to the event on another socket: orders at 200/s, however long each takes. What
//! the disk alone takes for one fsync is measured in the same round and taken off.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;

use crate::bench::Bench;
use crate::desk::Seats;
use crate::disk::fsyncs_ms;
use crate::http;
use crate::statistics::quantile;
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_event, shown};

const PER_SECOND: usize = 200;

/// Connections that ask in turn.
const PUBLISHERS: usize = 16;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = PER_SECOND * bench.options.size(10, 3);
    let desk = bench.serve(&[])?;
    let address = desk.child.address;
    let mut swarm = Swarm::new()?;
    let mut seats = Seats::open(&desk, &mut swarm, &bench.prepared.staff, 1)?;
    let publisher = Opening {
        address,
        request: Vec::new(),
    };
    let first = swarm.begin(&publisher)?;
    for _ in 1..PUBLISHERS {
        swarm.begin(&publisher)?;
    }
    let (item, customer) = (&bench.prepared.item, &bench.prepared.customers[0]);
    let order = |number: usize| {
        let body = json!({"lines": [{"item_id": item, "quantity": 2}],
            "note": format!("{MARK}{number}.")});
        let body = body.to_string();
        http::request(
            address,
            "POST",
            "/api/v1/orders",
            &customer.cookie,
            Some(&body),
        )
    };
    let parties = Parties {
        listener: seats.sockets.start,
        publishers: first..first + PUBLISHERS,
    };
    parties.run(&mut swarm, PER_SECOND, &order)?;

    let bar = bench.rounds("post-to-event");
    let (mut half, mut most, mut disk, mut beyond) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        seats.keep(&desk, &mut swarm)?;
        let mut fsyncs = fsyncs_ms(bench.folder(), bench.options.size(500, 200))?;
        let mut took = parties.run(&mut swarm, count, &order)?;
        let (fsync, p99) = (quantile(&mut fsyncs, 0.99), quantile(&mut took, 0.99));
        half.push(quantile(&mut took, 0.5));
        most.push(p99);
        disk.push(fsync);
        beyond.push(p99 - fsync);
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact("post-to-event", "median", &half, "ms");
    report.fact("post-to-event", "p99", &most, "ms");
    report.fact("post-to-event", "p99 of a bare fsync", &disk, "ms");
    bench.row("post_to_event", beyond)
}

/// Stands before an order's number in its note, so that an event is known again.
const MARK: &str = "bench order ";

struct Parties {
    listener: usize,
    publishers: std::ops::Range<usize>,
}

impl Parties {
    /// Milliseconds of each order, from when it was due to when its event was there.
    fn run(
        &self,
        swarm: &mut Swarm,
        count: usize,
        order: &impl Fn(usize) -> Vec<u8>,
    ) -> anyhow::Result<Vec<f64>> {
        let began = Instant::now();
        let interval = Duration::from_secs(1) / u32::try_from(PER_SECOND)?;
        let due = |number: usize| began + interval * u32::try_from(number).unwrap_or(u32::MAX);
        // In turn: the server ends a connection that nobody uses.
        let mut free: VecDeque<usize> = self.publishers.clone().collect();
        let mut took = Vec::with_capacity(count);
        let (mut asked, mut answered) = (0, 0);
        let mut last = began;
        while took.len() < count || answered < count {
            let now = Instant::now();
            while asked < count
                && due(asked) <= now
                && let Some(publisher) = free.pop_front()
            {
                swarm.send(publisher, &order(asked))?;
                asked += 1;
            }
            let wait = due(asked).saturating_duration_since(now);
            let wait = wait.clamp(Duration::from_micros(100), Duration::from_millis(100));
            let before = took.len() + answered;
            let mut fault = None;
            swarm.turn(wait, |link, what| match what {
                What::Text(text) if link == self.listener && is_event(text) => {
                    match number_in(text) {
                        Some(number) => {
                            took.push(due(number).elapsed().as_secs_f64() * 1e3);
                        }
                        None => fault = Some("an event without its number".to_owned()),
                    }
                }
                What::Answer { status: 201, .. } => {
                    answered += 1;
                    free.push_back(link);
                }
                What::Answer { status, body } => fault = Some(format!("answer {status}: {body}")),
                What::Closed { code } => fault = Some(shown(code)),
                What::Text(_) | What::Upgraded => {}
            })?;
            if let Some(fault) = fault {
                bail!("while orders are placed: {fault}");
            }
            if took.len() + answered > before {
                last = Instant::now();
            }
            if last.elapsed() > PATIENCE {
                bail!(
                    "{} of {count} events have come, none more for {PATIENCE:?}",
                    took.len()
                );
            }
        }
        Ok(took)
    }
}

fn number_in(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(MARK)?;
    rest.split_once('.')?.0.parse().ok()
}
