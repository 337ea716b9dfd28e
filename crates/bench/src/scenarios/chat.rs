//! Many answers that grow at once: in 200 chats the bot asks a model that says 50 tokens a second,
//! two devices of each customer read along, and 20 of them are cut every second. In the end
//! everyone has the same text, the server held little for it, and who has nothing to do with chats
//! noticed little.

mod devices;

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::bench::Bench;
use crate::desk::{Desk, Seats};
use crate::model::{self, Model};
use crate::options::Options;
use crate::scenarios::busy::Pair;
use crate::scenarios::fanout::to_f64;
use crate::statistics::quantile;
use crate::swarm::Swarm;
use devices::{Devices, EACH};

/// Between two notifications to one who has nothing to do with chats: the more, the steadier the p99.
const PAUSE: Duration = Duration::from_millis(10);

/// Between two cuts.
const CUT_EVERY: Duration = Duration::from_millis(50);

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Answers that grow at once.
pub(crate) const fn chats(options: &Options) -> usize {
    options.size(200, 40)
}

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let chats = chats(&bench.options);
    let tokens = bench.options.size(500, 150);
    let model = Model::start(chats, tokens)?;
    let base_url = format!("http://{}/v1", model.address);
    let desk = bench.serve(&[
        ("bot.kind", "openai"),
        ("bot.base_url", &base_url),
        ("bot.model", "scripted"),
    ])?;
    let mut devices = Devices::open(&desk, &bench.prepared.customers[..chats])?;
    let mut swarm = Swarm::new()?;
    let friend = bench.prepared.customers[chats..=chats].to_vec();
    let mut friends = Seats::open(&desk, &mut swarm, &friend, 1)?;
    let mut pair = Pair::new(
        &desk,
        &mut swarm,
        &bench.prepared.admin,
        &friend[0],
        &friends,
    )?;
    pair.pause = PAUSE;
    pair.times_ms(&mut swarm, 50)?;

    let bar = bench.rounds("chat");
    let first = desk.child.memory()?;
    let mut seen = Seen::default();
    for round in 0..bench.options.rounds {
        friends.keep(&desk, &mut swarm)?;
        devices.keep(&desk)?;
        let question = |chat: usize| format!("question {round}-{chat}");
        let before = desk.child.memory()?;
        // Half of them before and half after, so that a disk that grows slower meets both sides.
        let half = bench.options.size(400, 75);
        let mut alone = pair.times_ms(&mut swarm, half)?;
        let talk = talk(&desk, &model, &mut devices, &question, |growing| {
            pair.times_while(&mut swarm, growing)
        })?;
        let mut beside = talk.times_ms;
        alone.extend(pair.times_ms(&mut swarm, half)?);
        let (without, with) = (quantile(&mut alone, 0.99), quantile(&mut beside, 0.99));
        let wrong = wrong(&desk, &devices, |chat| {
            model::answer(&question(chat), tokens)
        })?;
        seen.wrong
            .push(100.0 * to_f64(wrong) / to_f64(chats * (EACH + 1)));
        let kib_each = |bytes: f64| bytes / to_f64(chats) / 1024.0;
        seen.memory.push(kib_each(talk.memory - before));
        seen.kept = kib_each(desk.child.memory()? - first);
        seen.alone.push(without);
        seen.beside.push(with);
        seen.ratio.push(with / without);
        seen.cuts.push(to_f64(talk.cuts));
        seen.deltas.push(talk.deltas_per_second);
        bar.step();
    }
    bar.finish();
    model.stop()?;
    seen.report(bench, chats)
}

/// What the rounds gave.
#[derive(Default)]
struct Seen {
    wrong: Vec<f64>,
    memory: Vec<f64>,
    /// What the server has more than before the first round.
    kept: f64,
    alone: Vec<f64>,
    beside: Vec<f64>,
    ratio: Vec<f64>,
    cuts: Vec<f64>,
    deltas: Vec<f64>,
}

impl Seen {
    fn report(self, bench: &mut Bench, chats: usize) -> anyhow::Result<()> {
        let report = &mut bench.report;
        report.fact("chat", "answers that grow at once", &[to_f64(chats)], "");
        report.fact("chat", "sockets that were cut meanwhile", &self.cuts, "");
        report.fact(
            "chat",
            "pieces of text delivered per second",
            &self.deltas,
            "",
        );
        report.fact(
            "chat",
            "p99 of a notification without chats",
            &self.alone,
            "ms",
        );
        report.fact("chat", "p99 beside chats", &self.beside, "ms");
        let kept = "memory kept for each chat after the last round";
        report.fact("chat", kept, &[self.kept], "KiB");
        bench.row("chat_identical", self.wrong)?;
        bench.row("chat_memory", self.memory)?;
        bench.row("chat_p99", self.ratio)
    }
}

/// What was seen while the answers grew.
struct Talk {
    times_ms: Vec<f64>,
    /// The most memory that the server had, in bytes.
    memory: f64,
    cuts: usize,
    deltas_per_second: f64,
}

/// Asks in every chat and waits until every device has its answer; measures for as long as all of
/// them grow.
fn talk(
    desk: &Desk,
    model: &Model,
    devices: &mut Devices,
    question: &(impl Fn(usize) -> String + Sync),
    measure: impl FnOnce(&mut dyn FnMut() -> anyhow::Result<bool>) -> anyhow::Result<Vec<f64>>,
) -> anyhow::Result<Talk> {
    let chats = devices.chats().len();
    let mut most = desk.child.memory()?;
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            // Of this thread alone, as Linux has it.
            rustix::process::setpriority_process(None, 19)?;
            read(model, devices, question)
        });
        while model.growing() < chats && !reading.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut looked = Instant::now();
        let mut look = || {
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                most = most.max(desk.child.memory()?);
            }
            Ok(model.growing() == chats && !reading.is_finished())
        };
        let times_ms = measure(&mut look)?;
        while !reading.is_finished() {
            look()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        let read = reading.join().expect("who reads does not panic");
        let (cuts, deltas_per_second) = read?;
        anyhow::ensure!(
            !times_ms.is_empty(),
            "the {chats} answers did not grow at the same time"
        );
        Ok(Talk {
            times_ms,
            memory: most,
            cuts,
            deltas_per_second,
        })
    })
}

/// The devices' side: how many were cut, and how many pieces of text came per second.
fn read(
    model: &Model,
    devices: &mut Devices,
    question: impl Fn(usize) -> String,
) -> anyhow::Result<(usize, f64)> {
    let chats = devices.chats().len();
    devices.ask(question)?;
    devices.until("all answers grow", |_| model.growing() == chats)?;
    let (began, before) = (Instant::now(), devices.deltas);
    let mut cuts = 0;
    while model.growing() == chats {
        let due = CUT_EVERY * u32::try_from(cuts).unwrap_or(u32::MAX);
        if began.elapsed() >= due && devices.cut_one() {
            cuts += 1;
        }
        devices.turn()?;
    }
    let deltas = to_f64(devices.deltas - before) / began.elapsed().as_secs_f64();
    devices.until("every device has the whole answer", Devices::have_all)?;
    Ok((cuts, deltas))
}

/// How many of the devices, and of the chats in the store, have not got what the model said.
fn wrong(
    desk: &Desk,
    devices: &Devices,
    answer: impl Fn(usize) -> String,
) -> anyhow::Result<usize> {
    let mut connection = desk.connection()?;
    let mut wrong = 0;
    for (number, chat) in devices.chats().iter().enumerate() {
        let answer = answer(number);
        let path = format!("/api/v1/chats/{}/messages?limit=1", chat.id);
        let page = connection.json(200, "GET", &path, &chat.account.cookie, None)?;
        let newest = page["items"][0].as_object();
        let newest = newest.with_context(|| format!("chat {number} is empty in the store"))?;
        let same = newest["body"] == answer && newest["state"] == "complete";
        wrong += usize::from(!same) + devices.without(number, &answer);
    }
    Ok(wrong)
}
