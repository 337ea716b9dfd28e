//! Latency under a steady load: an event every 20 ms to each of 1,000 subscribers.
//!
//! What is compared with the floor is how long the last of all have to wait after the first: the
//! time from the first delivery of an event to each of its deliveries. The time from the moment at
//! which the event was due to be asked for is told beside it; for the server it contains HTTP, SQL
//! and the fsync, which the floor has not.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::bench::Bench;
use crate::http;
use crate::scenarios::fanout::{Load, TURNS, to_f64};
use crate::statistics::quantile;
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_event, shown};

/// Deliveries per second, over all subscribers.
const RATE: usize = 50_000;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let subscribers = bench.options.subscribers();
    let per_second = RATE / subscribers.max(1);
    let interval = Duration::from_secs(1) / u32::try_from(per_second.max(1))?;
    let count = per_second * bench.options.size(10, 3);
    let mut swarm = Swarm::new()?;
    let mut load = Load::start(bench, &mut swarm, subscribers)?;
    let mut floor = bench.floor()?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let bare = swarm.open_all(vec![bare; subscribers], false)?;
    floor.prepare(&load.capture(&mut swarm)?)?;
    load.publish(&mut swarm, 50, 8)?;

    let bar = bench.rounds("rate");
    let (mut floor_p99, mut ours_p99, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let (mut floor_whole, mut ours_whole) = (Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        load.keep(&mut swarm)?;
        let (mut cheapest, mut whole) = (Times::default(), Times::default());
        let mut publishers = load.publishers.clone().cycle();
        for _ in 0..TURNS {
            let timing = |sockets| Timing {
                sockets,
                count: count / TURNS,
                interval,
            };
            let bare = timing(bare.clone());
            cheapest.add(bare.run(&mut swarm, |_, _| floor.command("all"))?);
            for _ in 0..bare.count {
                floor.done()?;
            }
            let ours = timing(load.subscribers());
            whole.add(ours.run(&mut swarm, |swarm, _| {
                let publisher = publishers.next().unwrap_or_default();
                swarm.send(publisher, &load.request)
            })?);
        }
        let (floors, ours) = (cheapest.spread_p99(), whole.spread_p99());
        floor_p99.push(floors);
        ours_p99.push(ours);
        ratio.push(ours / floors);
        floor_whole.push(quantile(&mut cheapest.whole_ms, 0.99));
        ours_whole.push(quantile(&mut whole.whole_ms, 0.99));
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact(
        "rate",
        "deliveries per second",
        &[to_f64(per_second * subscribers)],
        "",
    );
    report.fact(
        "rate",
        "floor, p99 after the first delivery",
        &floor_p99,
        "ms",
    );
    report.fact("rate", "p99 after the first delivery", &ours_p99, "ms");
    report.fact(
        "rate",
        "floor, p99 from when it was due",
        &floor_whole,
        "ms",
    );
    report.fact(
        "rate",
        "p99 from when the request was due",
        &ours_whole,
        "ms",
    );
    bench.row("rate_p99", ratio)
}

/// An event to each of some sockets, again and again at a steady pace.
struct Timing {
    sockets: std::ops::Range<usize>,
    count: usize,
    interval: Duration,
}

/// How long the deliveries took.
#[derive(Default)]
struct Times {
    /// Since the first delivery of the event.
    spread_ms: Vec<f64>,
    /// Since the event was due.
    whole_ms: Vec<f64>,
}

impl Times {
    fn add(&mut self, mut more: Self) {
        self.spread_ms.append(&mut more.spread_ms);
        self.whole_ms.append(&mut more.whole_ms);
    }

    fn spread_p99(&mut self) -> f64 {
        quantile(&mut self.spread_ms, 0.99)
    }
}

impl Timing {
    fn run(
        &self,
        swarm: &mut Swarm,
        mut publish: impl FnMut(&mut Swarm, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<Times> {
        let expected = self.count * self.sockets.len();
        let mut times = Times {
            spread_ms: Vec::with_capacity(expected),
            whole_ms: Vec::with_capacity(expected),
        };
        // How many events each socket has, which is also the number of its next one.
        let mut had = vec![0_usize; self.sockets.len()];
        let mut first: Vec<Option<Instant>> = vec![None; self.count];
        let began = Instant::now();
        let due = |number: usize| began + self.interval * u32::try_from(number).unwrap_or(u32::MAX);
        let (mut published, mut last) = (0, began);
        while times.whole_ms.len() < expected {
            let now = Instant::now();
            while published < self.count && due(published) <= now {
                publish(swarm, published)?;
                published += 1;
            }
            let wait = due(published).saturating_duration_since(now);
            let before = times.whole_ms.len();
            let mut fault = None;
            swarm.turn(
                wait.min(Duration::from_millis(100)),
                |link, what| match what {
                    What::Text(text) if self.sockets.contains(&link) && is_event(text) => {
                        let now = Instant::now();
                        let number = had[link - self.sockets.start];
                        had[link - self.sockets.start] += 1;
                        let Some(first) = first.get_mut(number) else {
                            fault = Some("an event too many".to_owned());
                            return;
                        };
                        let since = |then: Instant| now.duration_since(then).as_secs_f64() * 1e3;
                        times.spread_ms.push(since(*first.get_or_insert(now)));
                        times.whole_ms.push(since(due(number)));
                    }
                    What::Answer { status, body } if status != 201 => {
                        fault = Some(format!("answer {status}: {body}"));
                    }
                    What::Closed { code } => fault = Some(shown(code)),
                    What::Text(_) | What::Answer { .. } | What::Upgraded => {}
                },
            )?;
            if let Some(fault) = fault {
                bail!("under a steady load: {fault}");
            }
            if times.whole_ms.len() > before {
                last = Instant::now();
            }
            if last.elapsed() > PATIENCE {
                bail!("{before} of {expected} deliveries, and nothing more for {PATIENCE:?}");
            }
        }
        Ok(times)
    }
}
