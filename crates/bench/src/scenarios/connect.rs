//! What opening a socket costs: the upgrade, the check of a token that was never seen before, the
//! welcome. The floor accepts, answers the upgrade and checks nothing.

use std::time::Duration;

use crate::bench::Bench;
use crate::http;
use crate::scenarios::fanout::{settled, to_f64};
use crate::swarm::{Opening, Swarm};

/// Until a server has let go of sockets that were cut.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.options.accounts();
    let mut desk = bench.serve(&[])?;
    let mut floor = bench.floor()?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let mut swarm = Swarm::new()?;
    let (mut bare_us, mut whole_us, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let bar = bench.rounds("connect");
    // The first round is for the servers to get their memory, and does not count.
    for round in 0..=bench.options.rounds {
        let before = floor.child.cpu_ns()?;
        let sockets = swarm.open_all(vec![bare.clone(); count], false)?;
        let cheapest = (settled(&mut floor.child)? - before) / to_f64(count);
        swarm.reset_all(sockets);

        let openings = desk.sockets(&bench.prepared.customers, count)?;
        let before = settled(&mut desk.child)?;
        let sockets = swarm.open_all(openings, true)?;
        let whole = (settled(&mut desk.child)? - before) / to_f64(count);
        swarm.reset_all(sockets);
        std::thread::sleep(PAUSE);
        if round > 0 {
            bare_us.push(cheapest / 1e3);
            whole_us.push(whole / 1e3);
            ratio.push(whole / cheapest);
            bar.step();
        }
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact("connect", "floor, CPU per bare connect", &bare_us, "µs");
    report.fact(
        "connect",
        "CPU per connect with token and welcome",
        &whole_us,
        "µs",
    );
    bench.row("connect", ratio)
}
