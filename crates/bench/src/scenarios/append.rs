//! Durable appends as fast as they go: 64 sockets send messages, each the next one when the one
//! before is acknowledged, which means committed, fsynced and announced.
//!
//! The floor is a bare loop that commits the same rows in groups of the same size, on the same disk
//! and core; the size is the one that the server had in this round, as its metrics tell.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::desk::{Desk, Seats, text_of};
use crate::scenarios::fanout::to_f64;
use crate::swarm::{PATIENCE, Swarm, What, shown};

/// Sockets that send.
pub(crate) const WRITERS: usize = 64;

/// A message is told to its chat, its customer and the desk.
const EVENTS: usize = 3;

/// About the bytes of a message as an event carries it.
const DATA_BYTES: usize = 420;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let duration = Duration::from_secs(if bench.options.quick { 2 } else { 5 });
    let desk = bench.serve(&[])?;
    let customers = bench.prepared.customers[..WRITERS].to_vec();
    let mut connection = desk.connection()?;
    let mut chats = Vec::new();
    for customer in &customers {
        let begin = json!({"subject": "A question"});
        let chat = connection.json(201, "POST", "/api/v1/chats", &customer.cookie, Some(&begin))?;
        chats.push(text_of(&chat, "id")?);
    }
    let mut swarm = Swarm::new()?;
    let mut seats = Seats::open(&desk, &mut swarm, &customers, WRITERS)?;
    let mut writers = Writers {
        first: seats.sockets.start,
        chats,
        sent: 0,
    };
    writers.write(&mut swarm, Duration::from_secs(1))?;

    let bar = bench.rounds("append");
    let (mut ours_us, mut floor_us, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes = Vec::new();
    for _ in 0..bench.options.rounds {
        seats.keep(&desk, &mut swarm)?;
        let before = groups(&desk, bench)?;
        let ours = writers.write(&mut swarm, duration)?;
        let size = mean_size(before, groups(&desk, bench)?)?;
        let floor = floor(bench, size)?;
        ours_us.push(ours);
        floor_us.push(floor);
        sizes.push(size);
        ratio.push(ours / floor);
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact("append", "messages of one commit", &sizes, "");
    report.fact("append", "a durable message", &ours_us, "µs");
    report.fact("append", "floor, a durable message", &floor_us, "µs");
    let per_second: Vec<f64> = ours_us.iter().map(|us| 1e6 / us).collect();
    report.fact(
        "append",
        "acknowledged messages per second",
        &per_second,
        "",
    );
    bench.row("append", ratio)
}

struct Writers {
    first: usize,
    chats: Vec<String>,
    sent: usize,
}

impl Writers {
    /// Sends for a while; microseconds per acknowledged message.
    fn write(&mut self, swarm: &mut Swarm, duration: Duration) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut ready: Vec<usize> = (0..self.chats.len()).collect();
        let (mut acknowledged, mut under_way) = (0, 0);
        let mut last = Instant::now();
        loop {
            let goes_on = began.elapsed() < duration;
            for writer in ready.drain(..) {
                if goes_on {
                    let message = self.message(writer);
                    swarm.say(self.first + writer, &message)?;
                    under_way += 1;
                }
            }
            if under_way == 0 {
                return Ok(began.elapsed().as_secs_f64() * 1e6 / to_f64(acknowledged));
            }
            let before = acknowledged;
            let mut fault = None;
            swarm.turn(Duration::from_millis(100), |link, what| match what {
                What::Text(text) if text.starts_with(r#"{"type":"reply""#) => {
                    acknowledged += 1;
                    under_way -= 1;
                    ready.push(link - self.first);
                }
                What::Text(text) if text.starts_with(r#"{"type":"error""#) => {
                    fault = Some(text.to_owned());
                }
                What::Closed { code } => fault = Some(shown(code)),
                What::Text(_) | What::Answer { .. } | What::Upgraded => {}
            })?;
            if let Some(fault) = fault {
                bail!("a message was refused: {fault}");
            }
            if acknowledged > before {
                last = Instant::now();
            }
            if last.elapsed() > PATIENCE {
                bail!("{under_way} messages wait, and none was acknowledged for {PATIENCE:?}");
            }
        }
    }

    fn message(&mut self, writer: usize) -> String {
        self.sent += 1;
        json!({"type": "send_message", "id": self.sent, "chat_id": self.chats[writer],
            "client_id": format!("bench-{}", self.sent), "body": "Is the kitchen still open?"})
        .to_string()
    }
}

/// Commits so far, and the writes in them.
fn groups(desk: &Desk, bench: &Bench) -> anyhow::Result<(f64, f64)> {
    let answer = desk
        .connection()?
        .call("GET", "/metrics", &bench.prepared.admin.cookie, None)?;
    let value = |name: &str| {
        answer
            .body
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok())
    };
    let counted =
        value("frontdesk_commit_group_size_count").zip(value("frontdesk_commit_group_size_sum"));
    counted.with_context(|| {
        format!(
            "GET /metrics answered {} without frontdesk_commit_group_size_sum and _count; the size \
             of the floor's groups comes from there",
            answer.status
        )
    })
}

fn mean_size(before: (f64, f64), after: (f64, f64)) -> anyhow::Result<f64> {
    let (commits, writes) = (after.0 - before.0, after.1 - before.1);
    anyhow::ensure!(
        commits > 0.0,
        "the server's metrics count no commit in this round"
    );
    Ok(writes / commits)
}

fn floor(bench: &Bench, size: f64) -> anyhow::Result<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a group has from 1 to some hundred messages"
    )]
    let group = size.round().max(1.0) as usize;
    let groups = bench.options.size(4_000, 1_000) / group + 10;
    let folder = bench.folder().join("append-floor");
    std::fs::create_dir_all(&folder)?;
    let path = folder.display().to_string();
    let numbers = [group, groups, EVENTS, DATA_BYTES].map(|number| number.to_string());
    let [group, groups, events, data_bytes] = &numbers;
    let arguments = [
        "bench",
        "append-floor",
        "--dir",
        &path,
        "--group",
        group,
        "--groups",
        groups,
        "--events",
        events,
        "--data-bytes",
        data_bytes,
    ];
    let output = bench.run_on_server_core(&arguments)?;
    std::fs::remove_dir_all(&folder)?;
    let answer: Value = serde_json::from_str(&output).context("the floor answered no JSON")?;
    answer["append_us"]
        .as_f64()
        .context("the floor answered no append_us")
}
