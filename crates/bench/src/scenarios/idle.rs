//! What sockets cost that say nothing: memory of the server's own, CPU with the pings and heartbeats
//! that they get, and memory again after storms of resets.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::bench::Bench;
use crate::scenarios::fanout::to_f64;
use crate::swarm::{Swarm, What, shown};

/// Sockets that the budget of CPU is for.
const BUDGETED: f64 = 10_000.0;

/// Storms of resets, each of half the sockets.
const STORMS: usize = 3;

/// Sockets that come and go before anything is measured, so that pools and caches have their size.
const WARM_UP: usize = 200;

/// Until the server has nothing more to do.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.options.size(10_000, 2_000);
    let watched = Duration::from_secs(if bench.options.quick { 15 } else { 60 });
    let mut desk = bench.serve(&[])?;
    let customers = bench.prepared.customers.clone();
    let mut swarm = Swarm::new()?;
    let early = swarm.open_all(desk.sockets(&customers, WARM_UP)?, true)?;
    swarm.reset_all(early);
    listen(&mut swarm, PAUSE)?;

    let before = desk.child.memory()?;
    let mut sockets = swarm.open_all(desk.sockets(&customers, count)?, true)?;
    listen(&mut swarm, PAUSE)?;
    let per_socket = |memory: f64| (memory - before) / to_f64(count) / 1024.0;
    let fresh = per_socket(desk.child.memory()?);

    let began = Instant::now();
    let spent = desk.child.cpu_ns()?;
    listen(&mut swarm, watched)?;
    let spent = desk.child.cpu_ns()? - spent;
    // The budget speaks of 10,000 sockets; what fewer cost is for each of them.
    let scale = BUDGETED / to_f64(count);
    let percent = spent / 1e9 / began.elapsed().as_secs_f64() * 100.0 * scale;

    for _ in 0..STORMS {
        for number in sockets.clone().take(count / 2) {
            swarm.reset(number);
        }
        let again = desk.sockets(&customers, count / 2)?;
        let opened = swarm.open_all(again, true)?;
        // The oldest half is cut each time, so every socket is a new one after two storms.
        sockets = sockets.start + count / 2..opened.end;
        listen(&mut swarm, PAUSE)?;
    }
    let stormed = per_socket(desk.child.memory()?);

    let report = &mut bench.report;
    report.fact("idle", "sockets", &[to_f64(count)], "");
    let accounts = to_f64(customers.len().min(count));
    report.fact("idle", "accounts they belong to", &[accounts], "");
    report.fact(
        "idle",
        "memory of the server before",
        &[before / 1024.0 / 1024.0],
        "MiB",
    );
    bench.row("idle_memory", vec![fresh])?;
    bench.row("idle_cpu", vec![percent])?;
    bench.row("idle_memory_after_storms", vec![stormed])
}

/// Answers pings for a while; nobody may be closed.
fn listen(swarm: &mut Swarm, duration: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + duration;
    let mut fault = None;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        swarm.turn(left, |_, what| {
            if let What::Closed { code } = what {
                fault = Some(shown(code));
            }
        })?;
        if let Some(fault) = fault {
            bail!("an idle socket was closed with {fault}");
        }
    }
    Ok(())
}
