//! Group H: what ends a connection that was open and well. The doctor holds one; something happens.

use std::time::{Duration, Instant};

use doctor::Options;

use crate::frames::closing;
use crate::frontdesk::{CUSTOMER, Frontdesk, PASSWORD, STAFF};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::PATIENCE;
use crate::scripted::{Scripted, any_echo};
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
    let cookie = sign_in(server.port, STAFF, PASSWORD).await;
    let began = Instant::now();
    let mut calm = 0;
    while calm < 5 {
        assert!(began.elapsed() < PATIENCE, "the doctor holds no connection");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (_, stats) = ask(server.port, "GET", "/api/v1/ws/stats", &cookie, "").await;
        let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
        calm = if stats["connections"] == 1 {
            calm + 1
        } else {
            0
        };
    }
}

provokes! {
    "srv.deploy" => the_server_restarts,
    "srv.revoke" => the_role_changes_under_an_open_socket,
    "srv.token_expired_live" => nobody_refreshes_the_token,
    "srv.crash" => the_process_dies,
    "srv.slow_consumer" => the_server_gives_a_slow_reader_up,
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

async fn the_server_gives_a_slow_reader_up(lab: &mut Lab) {
    let hold = |server: &Scripted| at(server.socket("/ws"));
    let closing =
        Scripted::start(|asked| closing(asked, 4002, "too_slow: the outbox was full")).await;
    lab.blames(hold(&closing)).await;
    lab.clears(hold(&Scripted::start(any_echo).await)).await;
}
