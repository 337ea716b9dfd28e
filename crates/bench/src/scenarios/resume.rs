//! Many who come back to one channel at once: 5,000 sockets of one account ask for the 1,000 events
//! that they missed. Their connections are open already, so that what is measured is recovery alone.
//! The floor sends the same bytes to as many sockets, 64 KiB with each `send()`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::desk::{Account, Seats};
use crate::flow::{self, Flow, deliver};
use crate::http;
use crate::scenarios::fanout::{capture, quiet, to_f64};
use crate::swarm::{Opening, PATIENCE, Swarm, What, is_welcome};

const PUBLISHERS: usize = 16;

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let clients = bench.options.size(5_000, 500);
    let missed = bench.options.size(1_000, 500);
    let mut desk = bench.serve(&[])?;
    let address = desk.child.address;
    let account = bench.prepared.customers[0].clone();
    let mut swarm = Swarm::new()?;
    let witness = desk.sockets(std::slice::from_ref(&account), 1)?;
    let (witness, position) = welcome(&mut swarm, &witness[0], &account)?;
    let first = publishers(&mut swarm, &desk.child.address)?;
    let request = notification(address, &bench.prepared.admin, &account, 0);
    let flow = Flow {
        publishers: first..first + PUBLISHERS,
        request: &request,
        subscribers: witness..witness + 1,
    };
    let frame = capture(&mut swarm, &flow)?;
    deliver(&mut swarm, &flow, missed - 1, PUBLISHERS)?;
    let mut seats = Seats::open(&desk, &mut swarm, std::slice::from_ref(&account), clients)?;
    let sockets = seats.sockets.clone();

    let mut floor = bench.floor()?;
    let bare = Opening {
        address: floor.child.address,
        request: http::upgrade_request(floor.child.address, "/"),
    };
    let bare = swarm.open_all(vec![bare; clients], false)?;
    floor.prepare(&frame)?;
    let channel = format!("user:{}", account.id);
    let rewind = json!({"type": "subscribe", "id": 1, "channel": channel, "position": position});
    let rewind = rewind.to_string();

    let bar = bench.rounds("resume");
    let events = to_f64(clients * missed);
    let (mut floor_us, mut ours_us, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let mut per_second = Vec::new();
    for _ in 0..bench.options.rounds {
        seats.keep(&desk, &mut swarm)?;
        let before = floor.child.cpu_ns()?;
        floor.command(&format!("stream {missed}"))?;
        flow::receive(&mut swarm, &bare, clients * missed)?;
        floor.done()?;
        let cheapest = (quiet(&mut floor.child)? - before) / events;

        let before = quiet(&mut desk.child)?;
        let began = Instant::now();
        for socket in sockets.clone() {
            swarm.say(socket, &rewind)?;
        }
        flow::receive(&mut swarm, &sockets, clients * missed)?;
        per_second.push(events / began.elapsed().as_secs_f64());
        let ours = (quiet(&mut desk.child)? - before) / events;
        floor_us.push(cheapest / 1e3);
        ours_us.push(ours / 1e3);
        ratio.push(ours / cheapest);
        bar.step();
    }
    bar.finish();
    let report = &mut bench.report;
    report.fact(
        "resume",
        "clients that come back at once",
        &[to_f64(clients)],
        "",
    );
    report.fact("resume", "events that each missed", &[to_f64(missed)], "");
    report.fact("resume", "bytes of an event", &[to_f64(frame.len())], "B");
    report.fact("resume", "recovered events per second", &per_second, "");
    report.fact("resume", "CPU per recovered event", &ours_us, "µs");
    report.fact("resume", "floor, CPU for the same bytes", &floor_us, "µs");
    report.fact("resume", "CPU per recovered event / floor", &ratio, "ratio");
    Ok(())
}

/// Opens a socket and gives its number, and where its account's channel goes on from.
pub(crate) fn welcome(
    swarm: &mut Swarm,
    opening: &Opening,
    account: &Account,
) -> anyhow::Result<(usize, Value)> {
    let (socket, mut positions) = welcomed(swarm, opening)?;
    let channel = format!("user:{}", account.id);
    let position = positions[&channel].take();
    anyhow::ensure!(position.is_object(), "the welcome does not name {channel}");
    Ok((socket, position))
}

/// Opens a socket and gives its number, and where each of its channels goes on from.
pub(crate) fn welcomed(swarm: &mut Swarm, opening: &Opening) -> anyhow::Result<(usize, Value)> {
    let socket = swarm.begin(opening)?;
    let began = Instant::now();
    let mut frame = None;
    while frame.is_none() {
        if began.elapsed() > PATIENCE {
            bail!("no welcome within {PATIENCE:?}");
        }
        swarm.turn(Duration::from_secs(1), |link, what| {
            if let What::Text(text) = what
                && link == socket
                && is_welcome(text)
            {
                frame = Some(text.to_owned());
            }
        })?;
    }
    let frame = frame.expect("the loop ends with one");
    let welcome: Value = serde_json::from_str(&frame).context("the welcome is JSON")?;
    let entries = welcome["channels"]
        .as_array()
        .context("the welcome has channels")?;
    let positions = entries.iter().map(|entry| {
        let channel = entry["channel"].as_str().unwrap_or_default().to_owned();
        (
            channel,
            json!({"epoch": entry["epoch"], "offset": entry["offset"]}),
        )
    });
    Ok((socket, Value::Object(positions.collect())))
}

/// Connections to ask over; the number of the first.
fn publishers(swarm: &mut Swarm, address: &std::net::SocketAddr) -> anyhow::Result<usize> {
    let publisher = Opening {
        address: *address,
        request: Vec::new(),
    };
    let first = swarm.begin(&publisher)?;
    for _ in 1..PUBLISHERS {
        swarm.begin(&publisher)?;
    }
    Ok(first)
}

/// A request that tells one account something, in a body of so many bytes.
pub(crate) fn notification(
    address: std::net::SocketAddr,
    admin: &Account,
    to: &Account,
    body_bytes: usize,
) -> Vec<u8> {
    let body = json!({"user_id": to.id, "kind": "order", "title": "Your order is ready",
        "body": "x".repeat(body_bytes), "link": "/orders"});
    let path = "/api/v1/notifications";
    http::request(
        address,
        "POST",
        path,
        &admin.cookie,
        Some(&body.to_string()),
    )
}
