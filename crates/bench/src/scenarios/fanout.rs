//! One event to many subscribers of one channel. The subscribers are sockets of staff, who hear of
//! every order; a customer places orders over HTTP.
//!
//! What a request costs (HTTP, SQL, fsync) is no fan-out, and is neither counted as such nor
//! hidden: a second server with one subscriber does the same requests in the same round, and its CPU
//! is taken off. The floor sends a frame of exactly the same bytes.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use crate::bench::Bench;
use crate::child::Child;
use crate::desk::{Account, Desk, Seats};
use crate::floor::Floor;
use crate::flow::{self, Flow, deliver};
use crate::http;
use crate::statistics::median;
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_event};

/// Events under way in the second half.
const UNDER_WAY: usize = 8;

/// How often the floor and the servers take turns in a round, so that whatever the machine does meets
/// them alike.
pub(crate) const TURNS: usize = 10;

/// Requests that warm a server up: statements are prepared, memory is there.
const WARM_UP: usize = 20;

/// What a server at rest spends within 20 ms at most: timers, and a ping now and then.
const QUIET_NS: f64 = 300_000.0;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let subscribers = bench.options.subscribers();
    let count = bench.options.size(100, 30);
    let mut swarm = Swarm::new()?;
    let mut many = Load::start(bench, &mut swarm, subscribers)?;
    let mut one = Load::start(bench, &mut swarm, 1)?;
    let mut floor = bench.floor()?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let bare = swarm.open_all(vec![bare; subscribers], false)?;
    let frame = many.capture(&mut swarm)?;
    floor.prepare(&frame)?;
    for load in [&mut many, &mut one] {
        load.publish(&mut swarm, WARM_UP, UNDER_WAY)?;
    }

    let bar = bench.rounds("fanout");
    let mut seen = Seen::default();
    let deliveries = to_f64(count * subscribers);
    for _ in 0..bench.options.rounds {
        many.keep(&mut swarm)?;
        one.keep(&mut swarm)?;
        let (mut cheapest, mut requests, mut whole) = (0.0, 0.0, 0.0);
        for _ in 0..TURNS {
            cheapest += send_all(&mut floor, &mut swarm, &bare, count / TURNS)?;
            requests += one.publish(&mut swarm, count / TURNS, 1)?;
            whole += many.publish(&mut swarm, count / TURNS, 1)?;
        }
        let cheapest = cheapest / deliveries;
        seen.floor_us.push(cheapest / 1e3);
        seen.alone
            .push(requests, whole, count, deliveries, cheapest);
        let requests = one.publish(&mut swarm, count, UNDER_WAY)?;
        let whole = many.publish(&mut swarm, count, UNDER_WAY)?;
        seen.together
            .push(requests, whole, count, deliveries, cheapest);
        bar.step();
    }
    bar.finish();
    report(bench, seen, frame.len())
}

#[derive(Default)]
struct Seen {
    floor_us: Vec<f64>,
    alone: Half,
    together: Half,
}

#[derive(Default)]
struct Half {
    request_us: Vec<f64>,
    raw_us: Vec<f64>,
    ratio: Vec<f64>,
}

impl Half {
    /// Adds a round: nanoseconds of the requests alone and of all, for so many requests and deliveries,
    /// and those of the floor for a delivery.
    fn push(&mut self, requests: f64, whole: f64, count: usize, deliveries: f64, cheapest: f64) {
        self.request_us.push(requests / to_f64(count) / 1e3);
        self.raw_us.push(whole / deliveries / 1e3);
        self.ratio.push((whole - requests) / deliveries / cheapest);
    }
}

/// Sends a frame to each socket of the floor, so many times; the CPU it takes, in nanoseconds.
fn send_all(
    floor: &mut Floor,
    swarm: &mut Swarm,
    sockets: &Range<usize>,
    count: usize,
) -> anyhow::Result<f64> {
    let before = floor.child.cpu_ns()?;
    for _ in 0..count {
        floor.command("all")?;
        flow::receive(swarm, sockets, sockets.len())?;
        floor.done()?;
    }
    Ok(settled(&mut floor.child)? - before)
}

fn report(bench: &mut Bench, seen: Seen, frame_bytes: usize) -> anyhow::Result<()> {
    let report = &mut bench.report;
    report.fact("fanout", "bytes of an event", &[to_f64(frame_bytes)], "B");
    report.fact("fanout", "floor, CPU per delivery", &seen.floor_us, "µs");
    for (half, under_way) in [(&seen.alone, 1), (&seen.together, UNDER_WAY)] {
        let raw = format!("CPU per delivery with its share of the request, {under_way} under way");
        report.fact("fanout", raw, &half.raw_us, "µs");
        let request = format!("CPU per request with one subscriber, {under_way} under way");
        report.fact("fanout", request, &half.request_us, "µs");
    }
    let raw = median(&seen.alone.raw_us) / median(&seen.floor_us);
    report.fact(
        "fanout",
        "CPU per delivery with the request / floor",
        &[raw],
        "ratio",
    );
    bench.row("fanout_one", seen.alone.ratio)?;
    bench.row("fanout_eight", seen.together.ratio)
}

/// A server with subscribers of `staff`, and publishers.
pub(crate) struct Load {
    pub(crate) desk: Desk,
    pub(crate) publishers: Range<usize>,
    seats: Seats,
    pub(crate) request: Vec<u8>,
}

impl Load {
    pub(crate) fn start(
        bench: &mut Bench,
        swarm: &mut Swarm,
        subscribers: usize,
    ) -> anyhow::Result<Self> {
        let desk = bench.serve(&[])?;
        let staff = &bench.prepared.staff;
        let seats = Seats::open(&desk, swarm, staff, subscribers)?;
        let publisher = Opening {
            address: desk.child.address,
            request: Vec::new(),
        };
        let first = swarm.begin(&publisher)?;
        for _ in 1..UNDER_WAY {
            swarm.begin(&publisher)?;
        }
        let request = order(&desk, &bench.prepared.customers[0], &bench.prepared.item);
        Ok(Self {
            desk,
            publishers: first..first + UNDER_WAY,
            seats,
            request,
        })
    }

    /// The sockets that get every event.
    pub(crate) fn subscribers(&self) -> Range<usize> {
        self.seats.sockets.clone()
    }

    /// Keeps the subscribers' tokens fresh. Called between measurements.
    pub(crate) fn keep(&mut self, swarm: &mut Swarm) -> anyhow::Result<()> {
        self.seats.keep(&self.desk, swarm)
    }

    /// Publishes so many events to every subscriber; the CPU that it took in nanoseconds.
    pub(crate) fn publish(
        &mut self,
        swarm: &mut Swarm,
        count: usize,
        under_way: usize,
    ) -> anyhow::Result<f64> {
        let before = self.desk.child.cpu_ns()?;
        deliver(swarm, &self.flow(), count, under_way)?;
        Ok(settled(&mut self.desk.child)? - before)
    }

    pub(crate) fn flow(&self) -> Flow<'_> {
        Flow {
            publishers: self.publishers.clone(),
            request: &self.request,
            subscribers: self.subscribers(),
        }
    }

    /// Publishes one event and gives its frame's text.
    pub(crate) fn capture(&self, swarm: &mut Swarm) -> anyhow::Result<String> {
        capture(swarm, &self.flow())
    }
}

/// Publishes one event to everyone and gives its frame's text, as one of them got it.
pub(crate) fn capture(swarm: &mut Swarm, flow: &Flow<'_>) -> anyhow::Result<String> {
    swarm.send(flow.publishers.start, flow.request)?;
    let (mut frame, mut received, mut answered) = (None, 0, false);
    let began = Instant::now();
    while received < flow.subscribers.len() || !answered {
        swarm.turn(Duration::from_secs(1), |link, what| match what {
            What::Text(text) if flow.subscribers.contains(&link) && is_event(text) => {
                received += 1;
                frame.get_or_insert_with(|| text.to_owned());
            }
            What::Answer { .. } => answered = true,
            What::Text(_) | What::Upgraded | What::Closed { .. } => {}
        })?;
        anyhow::ensure!(
            began.elapsed() < PATIENCE,
            "{received} of {} subscribers got the first event within {PATIENCE:?}",
            flow.subscribers.len()
        );
    }
    frame.context("a request makes an event")
}

/// The CPU of a server once it has nothing more to do.
pub(crate) fn settled(child: &mut Child) -> anyhow::Result<f64> {
    std::thread::sleep(Duration::from_millis(20));
    child.cpu_ns()
}

/// The CPU of a server that has gone to rest: it has spent next to nothing for a while.
pub(crate) fn quiet(child: &mut Child) -> anyhow::Result<f64> {
    let mut before = child.cpu_ns()?;
    for _ in 0..1_000 {
        std::thread::sleep(Duration::from_millis(20));
        let now = child.cpu_ns()?;
        if now - before < QUIET_NS {
            return Ok(now);
        }
        before = now;
    }
    anyhow::bail!("the server does not come to rest")
}

fn order(desk: &Desk, customer: &Account, item: &str) -> Vec<u8> {
    let body = json!({"lines": [{"item_id": item, "quantity": 2}], "note": "No sugar, please."});
    http::request(
        desk.child.address,
        "POST",
        "/api/v1/orders",
        &customer.cookie,
        Some(&body.to_string()),
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of deliveries is far below 2^53"
)]
pub(crate) fn to_f64(count: usize) -> f64 {
    count as f64
}
