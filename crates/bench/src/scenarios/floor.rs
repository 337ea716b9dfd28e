//! What this machine can do at best: a bare `send()`, a bare connect, a bare fsync.

use crate::bench::Bench;
use crate::disk::fsyncs_ms;
use crate::flow;
use crate::http;
use crate::scenarios::fanout::{settled, to_f64};
use crate::statistics::quantile;
use crate::swarm::{Opening, Swarm};

/// About what an order's event has.
const FRAME_BYTES: usize = 700;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let subscribers = bench.options.subscribers();
    let count = bench.options.size(100, 30);
    let mut floor = bench.floor()?;
    let mut swarm = Swarm::new()?;
    floor.prepare(&frame(FRAME_BYTES))?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let (mut connects, mut sends) = (Vec::new(), Vec::new());
    let bar = bench.rounds("floor");
    for _ in 0..bench.options.rounds {
        let before = floor.child.cpu_ns()?;
        let sockets = swarm.open_all(vec![bare.clone(); subscribers], false)?;
        let opened = settled(&mut floor.child)?;
        connects.push((opened - before) / to_f64(subscribers) / 1e3);
        for _ in 0..count {
            floor.command("all")?;
            flow::receive(&mut swarm, &sockets, subscribers)?;
            floor.done()?;
        }
        let sent = settled(&mut floor.child)?;
        sends.push((sent - opened) / to_f64(subscribers * count) / 1e3);
        swarm.reset_all(sockets);
        settled(&mut floor.child)?;
        bar.step();
    }
    bar.finish();
    let mut fsyncs = fsyncs_ms(bench.folder(), bench.options.size(500, 100))?;
    let (half, most) = (quantile(&mut fsyncs, 0.5), quantile(&mut fsyncs, 0.99));
    let report = &mut bench.report;
    report.fact("floor", "CPU of a bare send()", &sends, "µs");
    report.fact(
        "floor",
        "CPU of a bare connect and upgrade",
        &connects,
        "µs",
    );
    report.fact("floor", "a bare fsync, median", &[half], "ms");
    report.fact("floor", "a bare fsync, p99", &[most], "ms");
    Ok(())
}

/// A text that clients take for an event, of about this size.
pub(crate) fn frame(bytes: usize) -> String {
    format!(
        r#"{{"type":"event","id":"","data":"{}"}}"#,
        "x".repeat(bytes)
    )
}
