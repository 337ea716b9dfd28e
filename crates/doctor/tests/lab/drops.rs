//! Group H: what ends a connection that was open and well. The doctor holds one; something happens.

use std::time::{Duration, Instant};

use doctor::Options;
use serde_json::{Value, json};

use crate::frontdesk::{ADMIN, CUSTOMER, Frontdesk, PASSWORD, STAFF};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::PATIENCE;
use crate::stalled::{Network, Way};
use crate::visitors::{ask, sign_in};

/// Longer than anything here takes; the hold ends with the connection.
const HOLD: Duration = Duration::from_secs(15);

fn held(server: &Frontdesk) -> Options {
    at(server.socket("/api/v1/ws"))
        .token(&server.token(CUSTOMER))
        .idle(HOLD)
}

/// Waits until the doctor has one connection for a second: then it holds it.
async fn until_held(server: &Frontdesk) {
    let mut calm = 0;
    until(server, |stats| {
        calm = if stats["connections"] == 1 {
            calm + 1
        } else {
            0
        };
        calm == 5
    })
    .await;
}

/// Waits until the server's counts of sockets are so.
async fn until(server: &Frontdesk, mut is_so: impl FnMut(&Value) -> bool) {
    let cookie = sign_in(server.port, STAFF, PASSWORD).await;
    let began = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (_, stats) = ask(server.port, "GET", "/api/v1/ws/stats", &cookie, "").await;
        if is_so(&serde_json::from_str(&stats).unwrap()) {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "not so in {PATIENCE:?}: {stats}"
        );
    }
}

provokes! {
    "srv.deploy" => the_server_restarts,
    "srv.revoke" => the_role_changes_under_an_open_socket,
    "srv.token_expired_live" => nobody_refreshes_the_token,
    "srv.crash" => the_process_dies,
    "srv.slow_consumer" => the_client_stalls_and_reads_on,
    "srv.slow_consumer" => the_client_stalls_for_longer_than_the_server_waits,
    "srv.kick" => an_admin_closes_the_connection,
}

async fn the_server_restarts(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let options = held(&server);
    let ((), report) = tokio::join!(
        async {
            until_held(&server).await;
            server.program.as_ref().unwrap().signal("-TERM");
        },
        lab.blames(options),
    );
    let finding = format!("{:?}", report.findings[0]);
    assert!(finding.contains("4001"), "the code is told: {finding}");
    let server = Frontdesk::demo().start().await;
    lab.clears(held(&server).idle(Duration::from_secs(1))).await;
}

async fn the_role_changes_under_an_open_socket(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let options = held(&server);
    tokio::join!(
        async {
            until_held(&server).await;
            server.run(
                &["user", "role", "--email", CUSTOMER, "--role", "staff"],
                &[],
            );
        },
        lab.blames(options),
    );
    lab.clears(held(&server).idle(Duration::from_secs(1))).await;
}

async fn nobody_refreshes_the_token(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let short = server.run(
        &["token", "mint", "--email", CUSTOMER, "--seconds", "5"],
        &[],
    );
    // A socket outlives its token by 20 s of grace.
    let hold = |token: &str, seconds| {
        at(server.socket("/api/v1/ws"))
            .token(token)
            .idle(Duration::from_secs(seconds))
    };
    lab.blames(hold(&short, 40)).await;
    lab.clears(hold(&server.token(CUSTOMER), 1)).await;
}

async fn the_process_dies(lab: &mut Lab) {
    let mut server = Frontdesk::demo().start().await;
    let options = held(&server);
    let pid = server.program.as_ref().unwrap().pid();
    tokio::join!(
        async {
            until_held(&server).await;
            std::process::Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status()
                .unwrap();
        },
        lab.blames(options),
    );
    server.start_again().await;
    lab.clears(held(&server).idle(Duration::from_secs(1))).await;
}

async fn the_client_stalls_and_reads_on(lab: &mut Lab) {
    let server = Frontdesk::demo().with("socket.outbox_max_bytes", OUTBOX_MAX_BYTES);
    let mut server = server.start().await;
    let network = Network::to(server.port).await;
    let mut told = 0;
    let ((), report) = tokio::join!(
        async {
            network.until_held().await;
            network.to_page(Way::Dead);
            told = tell_until(&server, async || given_up(&server).await > 0).await;
            network.to_page(Way::Alive);
        },
        lab.blames(through(&network, &server)),
    );
    let close = &report.findings[0].evidence.seen["close"];
    assert!(close.starts_with("4002 too_slow: "), "{close}");

    // Staff are told of it as well.
    let signed_in = |server: &Frontdesk| at(server.url()).login(STAFF, PASSWORD);
    lab.blames(signed_in(&server)).await;

    server.start_again().await;
    let network = Network::to(server.port).await;
    tokio::join!(
        async {
            network.until_held().await;
            let mut left = told;
            tell_until(&server, async || {
                left -= 1;
                left == 0
            })
            .await;
        },
        lab.clears(through(&network, &server).idle(Duration::from_secs(4))),
    );
    assert_eq!(given_up(&server).await, 0, "nobody was slow");
    lab.clears(signed_in(&server)).await;
}

/// Then the server lets go, and what it said last never arrives.
async fn the_client_stalls_for_longer_than_the_server_waits(lab: &mut Lab) {
    let server = Frontdesk::demo().with("socket.outbox_max_bytes", OUTBOX_MAX_BYTES);
    let server = server.start().await;
    let network = Network::to(server.port).await;
    tokio::join!(
        async {
            network.until_held().await;
            network.to_page(Way::Dead);
            tell_until(&server, async || given_up(&server).await > 0).await;
            until(&server, |stats| stats["closes"]["4002"] == 1).await;
            network.to_page(Way::Alive);
        },
        lab.blames(through(&network, &server)),
    );
    lab.clears(through(&network, &server).idle(Duration::from_secs(1)))
        .await;
}

/// As little as the configuration allows.
const OUTBOX_MAX_BYTES: usize = 65_536;

fn through(network: &Network, server: &Frontdesk) -> Options {
    at(network.socket("/api/v1/ws"))
        .token(&server.token(CUSTOMER))
        .idle(HOLD)
}

/// Sends notifications to all customers until this is so; how many.
async fn tell_until(server: &Frontdesk, mut is_enough: impl AsyncFnMut() -> bool) -> usize {
    let cookie = sign_in(server.port, STAFF, PASSWORD).await;
    let body = json!({
        "role": "customer", "kind": "test", "title": "news", "body": "n".repeat(2_000)
    });
    let (body, began) = (body.to_string(), Instant::now());
    for told in 1.. {
        assert!(began.elapsed() < PATIENCE, "{told} events are not enough");
        let (head, said) = ask(server.port, "POST", "/api/v1/notifications", &cookie, &body).await;
        assert!(head.starts_with("HTTP/1.1 202"), "{head}\n{said}");
        if is_enough().await {
            return told;
        }
    }
    unreachable!("numbers do not end")
}

/// How many sockets the server has given up because they were not read.
async fn given_up(server: &Frontdesk) -> u64 {
    let (_, metrics) = ask(server.port, "GET", "/metrics", "", "").await;
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("frontdesk_slow_closes_total"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    let counts: Vec<u64> = counts.collect();
    assert!(
        !counts.is_empty(),
        "no frontdesk_slow_closes_total:\n{metrics}"
    );
    counts.into_iter().sum()
}

async fn an_admin_closes_the_connection(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let options = held(&server);
    tokio::join!(
        async {
            until_held(&server).await;
            let cookie = sign_in(server.port, ADMIN, PASSWORD).await;
            let (_, list) = ask(server.port, "GET", "/api/v1/ws/connections", &cookie, "").await;
            let list: serde_json::Value = serde_json::from_str(&list).unwrap();
            let id = list["items"][0]["id"].as_str().unwrap();
            let target = format!("/api/v1/ws/connections/{id}");
            let (head, _) = ask(server.port, "DELETE", &target, &cookie, "").await;
            assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        },
        lab.blames(options),
    );
    lab.clears(held(&server).idle(Duration::from_secs(1))).await;
}
