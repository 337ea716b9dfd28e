//! One-to-one messages beside broadcasts: how long a notification takes to reach the one whom it
//! concerns, first on a server that has nothing else to do, then while 10,000 sockets of staff hear
//! of one order after the other.
//!
//! The broadcasts are received by a thread that gives way to the one that measures, so that the
//! clients' own work on their core is not taken for the server's.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::bench::Bench;
use crate::desk::{Account, Desk, Seats};
use crate::flow::deliver;
use crate::scenarios::fanout::{Load, to_f64};
use crate::scenarios::resume::notification;
use crate::statistics::quantile;
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_event};

/// Between two one-to-one messages.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let subscribers = bench.options.size(10_000, 2_000);
    let count = bench.options.size(400, 150);
    let mut crowd = Swarm::new()?;
    let mut load = Load::start(bench, &mut crowd, subscribers)?;
    load.capture(&mut crowd)?;
    let friend = bench.prepared.customers[1..2].to_vec();
    let mut swarm = Swarm::new()?;
    let mut friends = Seats::open(&load.desk, &mut swarm, &friend, 1)?;
    let admin = &bench.prepared.admin;
    let pair = Pair::new(&load.desk, &mut swarm, admin, &friend[0], &friends)?;
    pair.times_ms(&mut swarm, 50)?;

    let bar = bench.rounds("busy");
    let (mut calm, mut busy, mut more, mut broadcasts) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        load.keep(&mut crowd)?;
        friends.keep(&load.desk, &mut swarm)?;
        let mut alone = pair.times_ms(&mut swarm, count)?;
        let stop = AtomicBool::new(false);
        let delivered = AtomicUsize::new(0);
        let began = Instant::now();
        let mut beside = std::thread::scope(|scope| -> anyhow::Result<Vec<f64>> {
            let crowd = &mut crowd;
            let (load, stop, delivered) = (&load, &stop, &delivered);
            let broadcasting = scope.spawn(move || -> anyhow::Result<()> {
                // Of this thread alone, as Linux has it.
                rustix::process::setpriority_process(None, 19)?;
                while !stop.load(Ordering::Relaxed) {
                    deliver(crowd, &load.flow(), 1, 1)?;
                    delivered.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
            let times = pair.times_ms(&mut swarm, count);
            stop.store(true, Ordering::Relaxed);
            broadcasting.join().expect("the broadcasts do not panic")?;
            times
        })?;
        let delivered = to_f64(delivered.load(Ordering::Relaxed) * subscribers);
        broadcasts.push(delivered / began.elapsed().as_secs_f64());
        let (without, with) = (quantile(&mut alone, 0.99), quantile(&mut beside, 0.99));
        calm.push(without);
        busy.push(with);
        more.push(with - without);
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact(
        "busy",
        "sockets that hear every broadcast",
        &[to_f64(subscribers)],
        "",
    );
    report.fact(
        "busy",
        "deliveries of broadcasts per second",
        &broadcasts,
        "",
    );
    report.fact(
        "busy",
        "p99 of a one-to-one message without broadcasts",
        &calm,
        "ms",
    );
    report.fact("busy", "p99 beside broadcasts", &busy, "ms");
    bench.row("busy", more)
}

/// Someone who is told something, and the connection over which it is asked for.
pub(crate) struct Pair {
    listener: usize,
    publisher: usize,
    request: Vec<u8>,
    /// Between two messages.
    pub(crate) pause: Duration,
}

impl Pair {
    /// Someone who is at the first of these seats, and is told something by the admin.
    pub(crate) fn new(
        desk: &Desk,
        swarm: &mut Swarm,
        admin: &Account,
        friend: &Account,
        seats: &Seats,
    ) -> anyhow::Result<Self> {
        let address = desk.child.address;
        Ok(Self {
            listener: seats.sockets.start,
            publisher: swarm.begin(&Opening {
                address,
                request: Vec::new(),
            })?,
            request: notification(address, admin, friend, 100),
            pause: PAUSE,
        })
    }

    /// Milliseconds of each of some messages from the request to the event.
    pub(crate) fn times_ms(&self, swarm: &mut Swarm, count: usize) -> anyhow::Result<Vec<f64>> {
        let mut asked = 0;
        self.times_while(swarm, &mut || {
            asked += 1;
            Ok(asked <= count)
        })
    }

    /// The same of as many as there is time for.
    pub(crate) fn times_while(
        &self,
        swarm: &mut Swarm,
        more: &mut dyn FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        while more()? {
            std::thread::sleep(self.pause);
            swarm.send(self.publisher, &self.request)?;
            let began = Instant::now();
            let (mut there, mut answered) = (false, false);
            while !(there && answered) {
                if began.elapsed() > PATIENCE {
                    bail!("a one-to-one message did not come within {PATIENCE:?}");
                }
                let mut fault = None;
                swarm.turn(Duration::from_secs(1), |link, what| match what {
                    What::Text(text) if link == self.listener && is_event(text) => {
                        there = true;
                        times.push(began.elapsed().as_secs_f64() * 1e3);
                    }
                    What::Answer { status: 201, .. } => answered = true,
                    What::Answer { status, body } => {
                        fault = Some(format!("answer {status}: {body}"));
                    }
                    What::Text(_) | What::Upgraded | What::Closed { .. } => {}
                })?;
                if let Some(fault) = fault {
                    bail!("a one-to-one message: {fault}");
                }
            }
        }
        Ok(times)
    }
}
