//! One event for each of many channels with one subscriber each: a notification to the role
//! `customer`, which the server writes to everyone's own channel, a batch at a time.
//!
//! Writing a row costs ten times what delivering it does, so the row compares the CPU of the threads
//! that own the sockets, as the kernel counts it for each thread; a second server with the same
//! accounts and one socket does the same in the same round, and what its shard spends on messages
//! for nobody is taken off. The whole process is told beside it. The floor sends one frame of the
//! same bytes to each socket, with one `send()` each, in the batches in which the server commits. The
//! three take turns after each event, so that whatever the machine does meets them alike.
//!
//! The clients never sleep. Waking a reader on the same machine costs the sender more than anything
//! else here, and how often it must depends on the pauses between commits: a reader on another machine
//! costs nobody that, so neither the server nor the floor pays for it.

use std::ops::{AddAssign, Range};

use serde_json::json;

use crate::bench::Bench;
use crate::desk::{Desk, Seats};
use crate::floor::Floor;
use crate::flow::{self, Flow, deliver};
use crate::http;
use crate::scenarios::fanout::{capture, quiet, to_f64};
use crate::swarm::{Opening, Swarm};

/// Notifications to a role that the server commits together.
const BATCH: usize = 100;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let subscribers = bench.options.subscribers();
    let count = bench.options.size(20, 5);
    let mut swarm = Swarm::awake()?;
    let mut many = Load::start(bench, &mut swarm, subscribers)?;
    let mut none = Load::start(bench, &mut swarm, 1)?;
    let mut floor = bench.floor()?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let bare = swarm.open_all(vec![bare; subscribers], false)?;
    let frame = capture(&mut swarm, &many.flow())?;
    floor.prepare(&frame)?;
    many.publish(&mut swarm, 2)?;
    none.publish(&mut swarm, 2)?;

    let bar = bench.rounds("pairs");
    let deliveries = to_f64(count * subscribers);
    let (mut floor_us, mut written_us, mut whole_us) = (Vec::new(), Vec::new(), Vec::new());
    let (mut delivered_us, mut ratio) = (Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        many.seats.keep(&many.desk, &mut swarm)?;
        none.seats.keep(&none.desk, &mut swarm)?;
        let mut cheapest = 0.0;
        let (mut written, mut whole) = (Spent::default(), Spent::default());
        for _ in 0..count {
            cheapest += send_all(&mut floor, &mut swarm, &bare)?;
            written += none.publish(&mut swarm, 1)?;
            whole += many.publish(&mut swarm, 1)?;
        }
        let cheapest = cheapest / deliveries;
        let (written, whole) = (written.per(deliveries), whole.per(deliveries));
        floor_us.push(cheapest / 1e3);
        written_us.push(written.process_ns / 1e3);
        whole_us.push(whole.process_ns / 1e3);
        delivered_us.push((whole.shards_ns - written.shards_ns) / 1e3);
        ratio.push((whole.shards_ns - written.shards_ns) / cheapest);
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact("pairs", "bytes of an event", &[to_f64(frame.len())], "B");
    report.fact("pairs", "floor, CPU per message", &floor_us, "µs");
    report.fact(
        "pairs",
        "CPU per message, written and delivered",
        &whole_us,
        "µs",
    );
    report.fact("pairs", "CPU per message, only written", &written_us, "µs");
    report.fact(
        "pairs",
        "CPU per message of the thread that delivers",
        &delivered_us,
        "µs",
    );
    bench.row("pairs", ratio)
}

/// Sends a frame to each socket of the floor; the CPU it takes, in nanoseconds.
fn send_all(floor: &mut Floor, swarm: &mut Swarm, sockets: &Range<usize>) -> anyhow::Result<f64> {
    let before = floor.child.cpu_ns()?;
    for from in (0..sockets.len()).step_by(BATCH) {
        let batch = BATCH.min(sockets.len() - from);
        floor.command(&format!("some {from} {batch}"))?;
        flow::receive(swarm, sockets, batch)?;
        floor.done()?;
    }
    Ok(quiet(&mut floor.child)? - before)
}

struct Load {
    desk: Desk,
    publisher: usize,
    seats: Seats,
    request: Vec<u8>,
}

impl Load {
    fn start(bench: &mut Bench, swarm: &mut Swarm, subscribers: usize) -> anyhow::Result<Self> {
        let desk = bench.serve(&[])?;
        let customers = &bench.prepared.customers;
        let seats = Seats::open(&desk, swarm, customers, subscribers)?;
        let address = desk.child.address;
        let publisher = swarm.begin(&Opening {
            address,
            request: Vec::new(),
        })?;
        let body = json!({"role": "customer", "kind": "order", "title": "Your order is ready",
            "body": "It waits at the counter.", "link": "/orders"});
        let cookie = &bench.prepared.admin.cookie;
        let path = "/api/v1/notifications";
        let request = http::request(address, "POST", path, cookie, Some(&body.to_string()));
        Ok(Self {
            desk,
            publisher,
            seats,
            request,
        })
    }

    fn flow(&self) -> Flow<'_> {
        Flow {
            publishers: self.publisher..self.publisher + 1,
            request: &self.request,
            subscribers: self.seats.sockets.clone(),
        }
    }

    /// Sends so many notifications to everyone, one after the other.
    fn publish(&mut self, swarm: &mut Swarm, count: usize) -> anyhow::Result<Spent> {
        let before = self.spent()?;
        for _ in 0..count {
            deliver(swarm, &self.flow(), 1, 1)?;
            // The one socket of the second server may have its event before the others' are written.
            quiet(&mut self.desk.child)?;
        }
        let after = self.spent()?;
        Ok(Spent {
            process_ns: after.process_ns - before.process_ns,
            shards_ns: after.shards_ns - before.shards_ns,
        })
    }

    fn spent(&mut self) -> anyhow::Result<Spent> {
        Ok(Spent {
            process_ns: self.desk.child.cpu_ns()?,
            shards_ns: self.desk.child.threads_ns("shard-")?,
        })
    }
}

/// CPU in nanoseconds: of the whole server, and of its threads that own sockets.
#[derive(Default)]
struct Spent {
    process_ns: f64,
    shards_ns: f64,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        self.process_ns += more.process_ns;
        self.shards_ns += more.shards_ns;
    }
}

impl Spent {
    fn per(&self, deliveries: f64) -> Self {
        Self {
            process_ns: self.process_ns / deliveries,
            shards_ns: self.shards_ns / deliveries,
        }
    }
}
