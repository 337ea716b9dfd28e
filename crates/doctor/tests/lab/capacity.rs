//! Group J: a server that is well, and full.

use std::process::Command;
use std::time::Duration;

use crate::frontdesk::{CUSTOMER, Frontdesk, PASSWORD};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::programs::Program;
use crate::proxies::{NGINX_PASSES_SOCKETS, Proxy, nginx_before, nginx_with};
use crate::scripted::Mute;
use crate::visitors::hold_socket;

provokes! {
    "cap.per_user" => the_account_has_all_its_sockets,
    "cap.rate_limit" => the_address_has_all_its_sockets,
    "cap.rate_limit_ip" => everybody_behind_the_proxy_is_one_address,
    "cap.max_conn" => the_server_is_full,
    "cap.fd" => no_descriptor_is_left,
    "cap.loop_blocked" => connections_are_taken_and_nothing_is_answered,
    "cap.sqlite_busy" => another_process_holds_the_database,
}

async fn the_account_has_all_its_sockets(lab: &mut Lab) {
    let server = Frontdesk::demo()
        .with("socket.per_user_max", 1)
        .start()
        .await;
    let event_socket = || at(server.socket("/api/v1/ws")).token(&server.token(CUSTOMER));
    let target = format!("/api/v1/ws?token={}", server.token(CUSTOMER));
    let held = hold_socket(server.port, &target).await;
    lab.blames(event_socket()).await;
    drop(held);
    let roomy = Frontdesk::demo().start().await;
    let target = format!("/api/v1/ws?token={}", roomy.token(CUSTOMER));
    let _held = hold_socket(roomy.port, &target).await;
    lab.clears(at(roomy.socket("/api/v1/ws")).token(&roomy.token(CUSTOMER)))
        .await;
}

async fn the_address_has_all_its_sockets(lab: &mut Lab) {
    let server = Frontdesk::demo().with("socket.per_ip_max", 1).start().await;
    let target = format!("/api/v1/ws?token={}", server.token(CUSTOMER));
    let _held = hold_socket(server.port, &target).await;
    // ::1 is another address than the one that is full.
    let socket = format!("ws://127.0.0.1:{}/api/v1/ws", server.port);
    lab.blames(at(socket).token(&server.token(CUSTOMER))).await;
    let roomy = Frontdesk::demo().start().await;
    lab.clears(at(roomy.socket("/api/v1/ws")).token(&roomy.token(CUSTOMER)))
        .await;
}

async fn everybody_behind_the_proxy_is_one_address(lab: &mut Lab) {
    let lines = format!("{NGINX_PASSES_SOCKETS} proxy_set_header X-Forwarded-For $remote_addr;");
    let server = Frontdesk::demo().with("socket.per_ip_max", 1).start().await;
    let target = format!("/api/v1/ws?token={}", server.token(CUSTOMER));
    let _held = hold_socket(server.port, &target).await;
    let proxy = nginx_before(server.port, &lines).await;
    lab.blames(at(proxy.socket("/api/v1/ws")).token(&server.token(CUSTOMER)))
        .await;
    let trusting = Frontdesk::demo()
        .with("server.trusted_proxies", "127.0.0.1")
        .start()
        .await;
    let proxy = nginx_before(trusting.port, &lines).await;
    lab.clears(at(proxy.socket("/api/v1/ws")).token(&trusting.token(CUSTOMER)))
        .await;
}

async fn the_server_is_full(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let target = format!("/api/v1/ws?token={}", server.token(CUSTOMER));
    let upstream = format!("proxy_pass http://127.0.0.1:{};", server.port);
    let zone = "limit_conn_zone $server_port zone=all:1m;";
    let sockets = |most: u32| {
        format!(
            "location / {{ {upstream} }} location /api/v1/ws {{ limit_conn all {most}; {upstream} \
             {NGINX_PASSES_SOCKETS} }}"
        )
    };
    let examined = |proxy: &Proxy| at(proxy.socket("/api/v1/ws")).token(&server.token(CUSTOMER));
    let full = nginx_with(zone, &sockets(2)).await;
    let _held = [
        hold_socket(full.port, &target).await,
        hold_socket(full.port, &target).await,
    ];
    lab.blames(examined(&full)).await;
    let nearly_full = nginx_with(zone, &sockets(2)).await;
    let _other = hold_socket(nearly_full.port, &target).await;
    // The doctor's first socket is the last that is taken.
    lab.blames(examined(&nearly_full)).await;
    let roomy = nginx_with(zone, &sockets(100)).await;
    let _held = hold_socket(roomy.port, &target).await;
    lab.clears(examined(&roomy)).await;

    // With the limit on everything nothing is answered.
    let all = format!("limit_conn all 1; location / {{ {upstream} {NGINX_PASSES_SOCKETS} }}");
    let full = nginx_with(zone, &all).await;
    let held = hold_socket(full.port, &target).await;
    lab.blames(at(full.url())).await;
    drop(held);
}

async fn no_descriptor_is_left(lab: &mut Lab) {
    let server = Frontdesk::demo().open_files(48).start().await;
    let mut options = at(server.url());
    options.timeout = Duration::from_secs(2);
    let mut held = Vec::new();
    // The kernel goes on to accept into its queue when the server cannot.
    for _ in 0..60 {
        held.push(
            tokio::net::TcpStream::connect(("127.0.0.1", server.port))
                .await
                .unwrap(),
        );
    }
    lab.blames(options).await;
    let roomy = Frontdesk::demo().start().await;
    lab.clears(at(roomy.url())).await;
}

async fn connections_are_taken_and_nothing_is_answered(lab: &mut Lab) {
    let mute = Mute::start(b"").await;
    let mut options = at(format!("http://localhost:{}", mute.port));
    options.timeout = Duration::from_secs(1);
    lab.blames(options).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn another_process_holds_the_database(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let database = server.folder.path().join("data/demo/frontdesk.db");
    assert!(
        database.is_file(),
        "the database lies at {}",
        database.display()
    );
    let mut command = Command::new("python3");
    command
        .arg("-c")
        .arg(
            "import sqlite3, sys, time\n\
         held = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
         held.execute('BEGIN IMMEDIATE')\n\
         print('held', flush=True)\n\
         time.sleep(3600)",
        )
        .arg(&database);
    let locking = Program::run("python3", &command);
    locking.hear("held").await;
    let signed_in = || at(server.url()).login(CUSTOMER, PASSWORD);
    lab.blames(signed_in()).await;
    drop(locking);
    lab.clears(signed_in()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_resets_may_have_crashed() {
    for hears_first in [false, true] {
        let resetting = Mute::resetting(hears_first).await;
        let report =
            crate::lab::examine(&at(format!("ws://localhost:{}/ws", resetting.port))).await;
        let shown = crate::lab::shown(&report);
        assert!(report.has_errors(), "{shown}");
        let first = report.first().expect("a failed examination has a finding");
        assert!(
            first.id == "srv.crash" || first.names("srv.crash"),
            "{shown}"
        );
        assert_ne!(first.id, "net.refused", "{shown}");
    }
}
