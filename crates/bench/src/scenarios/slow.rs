//! Readers that stop reading: of 100 sockets of one account 50 read no more, while events of 1 KiB
//! flow at a steady pace. The server must give those up with 4002, hold little for them, serve the
//! others as if they were not there, and give them everything when they come back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::bench::Bench;
use crate::desk::{Account, Desk};
use crate::scenarios::fanout::to_f64;
use crate::scenarios::resume::{notification, welcome};
use crate::statistics::quantile;
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_event, is_welcome, shown};

/// Sockets that read, and as many that do not.
const HALF: usize = 50;

const PER_SECOND: usize = 500;

/// Connections that ask in turn.
const PUBLISHERS: usize = 16;

/// The close code of a reader that is given up (`too_slow` in docs/close-codes.md).
const TOO_SLOW: &str = "4002";

/// How often the server's memory and its counts are looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.options.size(10_000, 4_000);
    // So that nobody has to be told of a gap.
    let mut desk = bench.serve(&[("log.keep_events", "100000")])?;
    let bar = bench.rounds("slow");
    let mut rounds = Vec::new();
    for _ in 0..bench.options.rounds {
        rounds.push(round(bench, &mut desk, count)?);
        bar.step();
    }
    bar.finish();
    let column = |value: fn(&Round) -> f64| rounds.iter().map(value).collect::<Vec<f64>>();
    let report = &mut bench.report;
    report.fact("slow", "events", &[to_f64(count)], "");
    report.fact(
        "slow",
        "p99 of those who read, without slow ones",
        &column(|round| round.without_ms),
        "ms",
    );
    report.fact(
        "slow",
        "p99 of those who read, beside slow ones",
        &column(|round| round.beside_ms),
        "ms",
    );
    bench.row("slow_given_up", column(|round| round.given_up_s))?;
    bench.row("slow_memory", column(|round| round.grown_mib))?;
    let healthy = column(|round| round.beside_ms / round.without_ms);
    bench.row("slow_healthy", healthy)?;
    bench.row("slow_recovered", column(|round| round.missing_percent))
}

struct Round {
    without_ms: f64,
    beside_ms: f64,
    given_up_s: f64,
    grown_mib: f64,
    missing_percent: f64,
}

fn round(bench: &Bench, desk: &mut Desk, count: usize) -> anyhow::Result<Round> {
    let account = bench.prepared.customers[0].clone();
    let admin = bench.prepared.admin.clone();
    let mut swarm = Swarm::new()?;
    let mut test = Test::start(bench, desk, &mut swarm, &account)?;
    test.flow(&mut swarm, PER_SECOND, |_| Ok(()))?;
    let mut alone = test.flow(&mut swarm, count, |_| Ok(()))?;

    let slow = swarm.open_all(
        desk.sockets(std::slice::from_ref(&account), HALF - 1)?,
        true,
    )?;
    let opening = desk.sockets(std::slice::from_ref(&account), 1)?;
    let (last, position) = welcome(&mut swarm, &opening[0], &account)?;
    let slow = slow.start..last + 1;
    for socket in slow.clone() {
        swarm.pause(socket, true);
    }
    let (before, earlier) = (desk.child.memory()?, too_slow(desk, &admin)?);
    let began = Instant::now();
    let (mut most, mut given_up, mut looked) = (before, None, began);
    let mut beside = test.flow(&mut swarm, count, |_| {
        if looked.elapsed() < LOOK {
            return Ok(());
        }
        looked = Instant::now();
        most = most.max(desk.child.memory()?);
        if given_up.is_none() && too_slow(desk, &admin)? >= earlier + HALF {
            given_up = Some(began.elapsed().as_secs_f64());
        }
        Ok(())
    })?;
    let given_up_s = given_up.with_context(|| {
        let closed = too_slow(desk, &admin).map_or(0, |all| all - earlier);
        format!(
            "{closed} of {HALF} sockets that do not read were closed with {TOO_SLOW} while {count} \
             events flowed"
        )
    })?;
    swarm.reset_all(slow);
    Ok(Round {
        without_ms: quantile(&mut alone, 0.99),
        beside_ms: quantile(&mut beside, 0.99),
        given_up_s,
        grown_mib: (most - before) / to_f64(HALF) / 1024.0 / 1024.0,
        missing_percent: come_back(&mut swarm, desk, &account, &position, count)?,
    })
}

struct Test {
    publishers: std::ops::Range<usize>,
    readers: std::ops::Range<usize>,
    request: Vec<u8>,
}

impl Test {
    fn start(
        bench: &Bench,
        desk: &Desk,
        swarm: &mut Swarm,
        account: &Account,
    ) -> anyhow::Result<Self> {
        let readers = desk.sockets(std::slice::from_ref(account), HALF)?;
        let readers = swarm.open_all(readers, true)?;
        let address = desk.child.address;
        let publisher = Opening {
            address,
            request: Vec::new(),
        };
        let first = swarm.begin(&publisher)?;
        for _ in 1..PUBLISHERS {
            swarm.begin(&publisher)?;
        }
        Ok(Self {
            publishers: first..first + PUBLISHERS,
            readers,
            request: notification(address, &bench.prepared.admin, account, 760),
        })
    }

    /// Publishes at a steady pace; milliseconds of each delivery to those who read, from when the
    /// event was due. They all get the same in the same order, so the n-th of each is event n.
    fn flow(
        &mut self,
        swarm: &mut Swarm,
        count: usize,
        mut meanwhile: impl FnMut(&mut Swarm) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<f64>> {
        let began = Instant::now();
        let interval = Duration::from_secs(1) / u32::try_from(PER_SECOND)?;
        let due = |number: usize| began + interval * u32::try_from(number).unwrap_or(u32::MAX);
        let expected = count * self.readers.len();
        let mut had = vec![0_usize; self.readers.len()];
        let mut times = Vec::with_capacity(expected);
        // In turn, so that the server does not end one as idle.
        let mut free: VecDeque<usize> = self.publishers.clone().collect();
        let (mut asked, mut answered, mut last) = (0, 0, began);
        while times.len() < expected || answered < count {
            let now = Instant::now();
            while asked < count
                && due(asked) <= now
                && let Some(publisher) = free.pop_front()
            {
                swarm.send(publisher, &self.request)?;
                asked += 1;
            }
            let wait = due(asked).saturating_duration_since(now);
            let wait = wait.clamp(Duration::from_micros(100), Duration::from_millis(100));
            let before = times.len();
            let mut fault = None;
            swarm.turn(wait, |link, what| match what {
                What::Text(text) if self.readers.contains(&link) && is_event(text) => {
                    let had = &mut had[link - self.readers.start];
                    times.push(due(*had).elapsed().as_secs_f64() * 1e3);
                    *had += 1;
                }
                What::Answer { status: 201, .. } => {
                    answered += 1;
                    free.push_back(link);
                }
                What::Answer { status, body } => fault = Some(format!("answer {status}: {body}")),
                What::Closed { code } if self.readers.contains(&link) => {
                    fault = Some(format!("a socket that reads: {}", shown(code)));
                }
                What::Text(_) | What::Closed { .. } | What::Upgraded => {}
            })?;
            if let Some(fault) = fault {
                bail!("while events flow: {fault}");
            }
            meanwhile(swarm)?;
            if times.len() > before {
                last = Instant::now();
            }
            if last.elapsed() > PATIENCE {
                bail!("{before} of {expected} deliveries, and none more for {PATIENCE:?}");
            }
        }
        Ok(times)
    }
}

/// How many sockets the server has given up, as it tells staff.
fn too_slow(desk: &Desk, admin: &Account) -> anyhow::Result<usize> {
    let counts = desk
        .connection()?
        .json(200, "GET", "/api/v1/ws/stats", &admin.cookie, None)?;
    let closed = counts["closes"][TOO_SLOW].as_u64().unwrap_or(0);
    Ok(usize::try_from(closed)?)
}

/// The slow ones resume; the percentage of what they missed that they do not get.
fn come_back(
    swarm: &mut Swarm,
    desk: &mut Desk,
    account: &Account,
    position: &serde_json::Value,
    missed: usize,
) -> anyhow::Result<f64> {
    let mut connection = desk.connection()?;
    let token = crate::desk::token(&mut connection, account)?;
    let channel = format!("user:{}", account.id);
    let connect = json!({"type": "connect", "token": token, "resume": {channel: position}});
    let address = desk.child.address;
    let opening = Opening {
        address,
        request: crate::http::upgrade_request(address, "/api/v1/ws"),
    };
    let sockets = swarm.open_all(vec![opening; HALF], false)?;
    for socket in sockets.clone() {
        swarm.say(socket, &connect.to_string())?;
    }
    let expected = missed * HALF;
    let (mut received, mut welcomed, mut last) = (0, 0, Instant::now());
    while received < expected && last.elapsed() < PATIENCE {
        let before = received;
        let mut fault = None;
        swarm.turn(Duration::from_secs(1), |link, what| match what {
            What::Text(text) if sockets.contains(&link) => {
                welcomed += usize::from(is_welcome(text));
                received += usize::from(is_event(text));
            }
            What::Closed { code } if sockets.contains(&link) => fault = Some(shown(code)),
            What::Text(_) | What::Closed { .. } | What::Answer { .. } | What::Upgraded => {}
        })?;
        if let Some(fault) = fault {
            bail!("a socket that came back: {fault} ({welcomed} of {HALF} were welcomed)");
        }
        if received > before {
            last = Instant::now();
        }
    }
    Ok(100.0 * (1.0 - to_f64(received) / to_f64(expected)))
}
