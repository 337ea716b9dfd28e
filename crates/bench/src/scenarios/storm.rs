//! Everyone is cut at once and comes back as our own client does: after a random delay, with a token
//! fetched over HTTP, from the positions it had. The server has all cores, and so have the clients.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::desk::{Account, text_of};
use crate::http::{self, Connection};
use crate::pinning;
use crate::scenarios::fanout::to_f64;
use crate::scenarios::resume::welcomed;
use crate::statistics::quantile;
use crate::swarm::{Opening, Swarm, What, is_welcome};

/// Delays of our client between two tries: from the first, twice as long each time, up to the last.
const DELAY_MIN: Duration = Duration::from_millis(500);
const DELAY_MAX: Duration = Duration::from_secs(20);

/// When the bench gives up.
const LONGEST: Duration = Duration::from_secs(120);

/// Between two health checks.
const HEALTH_EVERY: Duration = Duration::from_millis(50);

pub(crate) fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.options.size(5_000, 1_000);
    let cores = [bench.options.server_core, bench.options.client_core];
    pinning::pin(&cores)?;
    let desk = bench.serve_on(&cores, &[])?;
    let address = desk.child.address;
    let accounts = bench.prepared.customers.clone();
    let bar = bench.rounds("storm");
    let (mut live, mut health, mut tries) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        let mut swarm = Swarm::new()?;
        let mut clients = settle(&mut swarm, &desk.sockets(&accounts, count)?, &accounts)?;
        let over = AtomicBool::new(false);
        let (seconds, tried, longest) = std::thread::scope(|scope| {
            let over = &over;
            let checks = scope.spawn(move || longest_health_check(address, over));
            let done = storm(&mut swarm, &mut clients, &accounts, address);
            over.store(true, Ordering::Relaxed);
            let longest = checks.join().expect("health checks do not panic")?;
            let (seconds, tried) = done?;
            anyhow::Ok((seconds, tried, longest))
        })?;
        live.push(seconds);
        tries.push(tried);
        health.push(longest);
        bar.step();
        swarm.reset_all(0..2 * count);
    }
    bar.finish();
    pinning::pin(&[bench.options.client_core])?;
    let report = &mut bench.report;
    report.fact(
        "storm",
        "sockets that are cut at once",
        &[to_f64(count)],
        "",
    );
    report.fact("storm", "tries of each until it was live", &tries, "");
    bench.row("storm_live", live)?;
    bench.row("storm_health", health)
}

/// One that comes back. Its two places in the swarm are its socket and its HTTP connection.
struct Client {
    account: usize,
    positions: Value,
    tries: u32,
    state: State,
}

enum State {
    Waiting(Instant),
    /// Asks for a token.
    Asking,
    /// Has a token and asks for a socket.
    Opening(String),
    Live,
}

/// Opens the sockets and remembers where each would go on from.
fn settle(
    swarm: &mut Swarm,
    openings: &[Opening],
    accounts: &[Account],
) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(openings.len());
    for (number, opening) in openings.iter().enumerate() {
        let account = number % accounts.len();
        let (_, positions) = welcomed(swarm, opening)?;
        clients.push(Client {
            account,
            positions,
            tries: 0,
            state: State::Live,
        });
    }
    // The second place of each.
    swarm.reserve(openings.len());
    Ok(clients)
}

/// Cuts everyone; the seconds until 99 % are live again, and the mean number of tries.
fn storm(
    swarm: &mut Swarm,
    clients: &mut [Client],
    accounts: &[Account],
    address: std::net::SocketAddr,
) -> anyhow::Result<(f64, f64)> {
    let count = clients.len();
    let began = Instant::now();
    for (number, client) in clients.iter_mut().enumerate() {
        swarm.reset(number);
        client.state = State::Waiting(began + delay(0));
    }
    let mut live = 0;
    let enough = count.div_ceil(100) * 99;
    while live < enough.min(count) {
        if began.elapsed() > LONGEST {
            bail!("{live} of {count} are live again after {LONGEST:?}");
        }
        let now = Instant::now();
        for (number, client) in clients.iter_mut().enumerate() {
            if let State::Waiting(until) = client.state
                && until <= now
            {
                client.tries += 1;
                client.state = State::Asking;
                let cookie = &accounts[client.account].cookie;
                let path = "/api/v1/auth/ws-token";
                let request = http::request(address, "GET", path, cookie, None);
                swarm.begin_again(count + number, &Opening { address, request })?;
            }
        }
        let mut upgraded = Vec::new();
        let mut tokens = Vec::new();
        swarm.turn(Duration::from_millis(10), |link, what| {
            let client = &mut clients[link % count];
            let asking = link >= count;
            match (what, &client.state) {
                (What::Answer { status: 200, body }, State::Asking) if asking => {
                    tokens.push((link % count, body.to_owned()));
                }
                (What::Upgraded, State::Opening(_)) => upgraded.push(link),
                (What::Text(text), State::Opening(_)) if is_welcome(text) => {
                    client.state = State::Live;
                    live += 1;
                }
                (What::Closed { .. } | What::Answer { .. }, State::Asking) if asking => {
                    client.state = State::Waiting(Instant::now() + delay(client.tries));
                }
                (What::Closed { .. } | What::Answer { .. }, State::Opening(_)) if !asking => {
                    client.state = State::Waiting(Instant::now() + delay(client.tries));
                }
                (What::Closed { .. }, State::Live) if !asking => {
                    live -= 1;
                    client.state = State::Waiting(Instant::now() + delay(client.tries));
                }
                _ => {}
            }
        })?;
        for (number, body) in tokens {
            swarm.reset(count + number);
            let answer = serde_json::from_str(&body).context("the token comes as JSON")?;
            clients[number].state = State::Opening(text_of(&answer, "token")?);
            let request = http::upgrade_request(address, "/api/v1/ws");
            swarm.begin_again(number, &Opening { address, request })?;
        }
        for number in upgraded {
            let client = &clients[number];
            if let State::Opening(token) = &client.state {
                let connect =
                    json!({"type": "connect", "token": token, "resume": client.positions});
                swarm.say(number, &connect.to_string())?;
            }
        }
    }
    let tries: f64 = clients.iter().map(|client| f64::from(client.tries)).sum();
    Ok((began.elapsed().as_secs_f64(), tries / to_f64(count)))
}

/// Full jitter, as our client has it.
fn delay(tries: u32) -> Duration {
    let ceiling = DELAY_MAX.min(DELAY_MIN * 2_u32.saturating_pow(tries.min(10)));
    let random = rand::rng().random_range(0.0..=1.0);
    DELAY_MIN + (ceiling - DELAY_MIN).mul_f64(random)
}

/// The longest that a health check took, in seconds.
fn longest_health_check(address: std::net::SocketAddr, over: &AtomicBool) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = Connection::open(address)?.call("GET", "/healthz", "", None)?;
        anyhow::ensure!(answer.status == 200, "/healthz answered {}", answer.status);
        took.push(began.elapsed().as_secs_f64());
        std::thread::sleep(HEALTH_EVERY);
    }
    Ok(quantile(&mut took, 1.0))
}
