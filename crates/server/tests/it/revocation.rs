//! Logout, disabling, a new password and a new role reach live sockets.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Database, Options, PATIENCE, Server, on_both};
use crate::socket::{Received, Socket};

on_both! {
    async fn logout_closes_the_sockets_of_that_session_and_of_no_other(database: Database) {
        let server = Server::demo(database);
        let phone = server.sign_in("websocket@test.com").await;
        let laptop = server.sign_in("websocket@test.com").await;
        let [mut first, mut second] = [phone.socket().await, phone.socket().await];
        let mut other = laptop.socket().await;
        let token = phone.token().await;

        let began = Instant::now();
        assert!(phone.post("/api/v1/auth/logout", json!({})).await.0.is_success());
        for socket in [&mut first, &mut second] {
            let (code, reason, goodbye) = socket.closed().await;
            assert_eq!(code, 4505, "{reason}");
            assert_eq!(goodbye.unwrap()["retry"], "never");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        assert_eq!(other.ask(&json!({"type": "ping", "id": 1})).await["type"], "reply");
        // The token lives on for minutes, the session behind it does not.
        let url = server.ws(&format!("/api/v1/ws?token={token}"));
        let (code, reason, _) = Socket::open(&url).await.closed().await;
        assert_eq!(code, 4505, "{reason}");
        assert_eq!(phone.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
    }

    async fn a_command_in_another_process_disables_an_account_here(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("websocket@test.com").await;
        let mut socket = ana.socket().await;
        let mut other = server.sign_in("ana@test.com").await.socket().await;
        server.run(&["user", "disable", "--email", "websocket@test.com"], "");
        let began = Instant::now();
        let (code, reason, _) = socket.closed().await;
        assert_eq!(code, 4506, "{reason}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(other.ask(&json!({"type": "ping", "id": 1})).await["type"], "reply");
        assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
        let wrong = json!({"email": "websocket@test.com", "password": "wrong-one"});
        let (status, problem) = server.visitor().post("/api/v1/auth/login", wrong).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_credentials")));
        let right = json!({"email": "websocket@test.com", "password": "test123"});
        let (status, problem) = server.visitor().post("/api/v1/auth/login", right).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("account_disabled")));
    }

    async fn after_a_role_change_no_event_of_the_old_role_comes(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut socket = staff.socket().await;
        ana.order(&item, "before").await;
        assert_eq!(socket.event().await["channel"], "staff");

        let began = Instant::now();
        let path = format!("/api/v1/users/{}", staff.id());
        let (status, user) = admin.patch(&path, json!({"role": "customer"})).await;
        assert_eq!((status, &user["role"]), (StatusCode::OK, &json!("customer")));
        ana.order(&item, "after").await;
        loop {
            match socket.next().await {
                Received::Frame(frame) => {
                    // Her own coming online may still have been on its way.
                    let own = frame["event"] == "presence.online";
                    assert!(frame["type"] != "event" || own, "{frame}");
                }
                Received::Close(code, reason) => {
                    assert_eq!(code, 4006, "{reason}");
                    break;
                }
                Received::Gone => panic!("gone without a close"),
            }
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        // The session lives on, with the new role.
        let again = staff.socket().await;
        assert_eq!(again.welcomed["user"]["role"], "customer");
        assert_eq!(again.welcomed["channels"].as_array().unwrap().len(), 1);
        assert_eq!(staff.get("/api/v1/ws/stats").await.0, StatusCode::FORBIDDEN);
    }

    async fn a_new_password_ends_every_other_session(database: Database) {
        let server = Server::demo(database);
        let here = server.customer("cleo").await;
        let email = here.me["email"].as_str().unwrap().to_owned();
        let elsewhere = server.sign_in_with(&email, "correct horse battery").await;
        let mut kept = here.socket().await;
        let mut ended = elsewhere.socket().await;
        let body = json!({
            "current_password": "correct horse battery", "new_password": "a better horse battery"
        });
        let (status, answer) = here.post("/api/v1/auth/password", body).await;
        assert!(status.is_success(), "{answer}");
        assert_eq!(ended.closed().await.0, 4505);
        assert_eq!(kept.ask(&json!({"type": "ping", "id": 1})).await["type"], "reply");
        assert_eq!(elsewhere.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(here.get("/api/v1/auth/me").await.0, StatusCode::OK);
    }

    async fn a_session_can_be_ended_from_another_one(database: Database) {
        let server = Server::demo(database);
        let phone = server.sign_in("websocket@test.com").await;
        let laptop = server.sign_in("websocket@test.com").await;
        let mut socket = phone.socket().await;
        let (_, sessions) = laptop.get("/api/v1/auth/sessions").await;
        let sessions = sessions["items"].as_array().or_else(|| sessions.as_array()).unwrap().clone();
        let phones = sessions.iter().find(|session| session["current"] == false).unwrap();
        let path = format!("/api/v1/auth/sessions/{}", phones["id"].as_str().unwrap());
        let eve = server.sign_in("ana@test.com").await;
        assert_eq!(eve.delete(&path).await.0, StatusCode::NOT_FOUND);
        assert!(laptop.delete(&path).await.0.is_success());
        assert_eq!(socket.closed().await.0, 4505);
    }

    async fn after_a_logout_was_answered_nobody_is_let_in_by_what_was_remembered(database: Database) {
        let server = Server::start(database, Options::demo().with("socket.refusals_per_minute", 10_000));
        let seed = rand::random::<u64>();
        println!("seed {seed}");
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let (mut let_in, mut refused) = (0, 0);
        for round in 0..40 {
            let ana = server.sign_in("websocket@test.com").await;
            let url = server.ws(&format!("/api/v1/ws?token={}", ana.token().await));
            // From here on the session is remembered.
            Socket::open(&url).await.welcome().await;
            let pause = Duration::from_micros(random.random_range(0..10_000));
            let logout = async {
                tokio::time::sleep(pause).await;
                assert!(ana.post("/api/v1/auth/logout", json!({})).await.0.is_success());
                Instant::now()
            };
            let connects: Vec<_> = (0..8)
                .map(|_| connect_after(&url, Duration::from_micros(random.random_range(0..25_000))))
                .collect();
            let (answered, connects) = tokio::join!(logout, join_all(connects));
            for (began, welcomed, code) in connects {
                assert_eq!(code, 4505, "round {round}, welcomed: {welcomed}");
                assert!(!(welcomed && began > answered), "round {round}: let in after the answer");
                if welcomed { let_in += 1 } else { refused += 1 }
            }
        }
        assert!(let_in > 0 && refused > 0, "{let_in} before it, {refused} after it");
    }

    async fn what_another_process_revokes_is_not_remembered_here(database: Database) {
        let server = Server::start(database, Options::demo().with("socket.refusals_per_minute", 10_000));
        let ana = server.sign_in("websocket@test.com").await;
        let url = server.ws(&format!("/api/v1/ws?token={}", ana.token().await));
        Socket::open(&url).await.welcome().await;
        server.run(&["user", "disable", "--email", "websocket@test.com"], "");
        let disabled = Instant::now();
        let mut let_in = Vec::new();
        let mut refused = 0;
        // Until the reconciler has looked, what is remembered lets in; those are closed then.
        while refused < 10 {
            assert!(disabled.elapsed() < PATIENCE, "{} were let in", let_in.len());
            let mut socket = Socket::open(&url).await;
            match socket.next().await {
                Received::Frame(frame) if frame["type"] == "welcome" => {
                    assert_eq!(refused, 0, "let in after another was refused");
                    let_in.push(socket);
                }
                _ => {
                    assert_eq!(socket.closed().await.0, 4506);
                    refused += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let closing = let_in.iter_mut().map(Socket::closed);
        for (code, reason, _) in join_all(closing).await {
            assert_eq!(code, 4506, "{reason}");
        }
        assert!(disabled.elapsed() < Duration::from_secs(7), "{:?}", disabled.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_on_one_node_is_not_forgotten_on_another() {
    let url = testbed::new_database();
    let options = Options::demo().with("store.url", &url);
    let here = Server::start(Database::Sqlite, options.clone());
    let there = Server::start(Database::Sqlite, options);
    let ana = here.sign_in("websocket@test.com").await;
    let path = format!("/api/v1/ws?token={}", ana.token().await);
    let mut socket = Socket::open(&there.ws(&path)).await;
    socket.welcome().await;
    assert!(
        ana.post("/api/v1/auth/logout", json!({}))
            .await
            .0
            .is_success()
    );
    let began = Instant::now();
    assert_eq!(socket.closed().await.0, 4505);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    for node in [&there, &here] {
        assert_eq!(Socket::open(&node.ws(&path)).await.closed().await.0, 4505);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_beneath_the_server_ends_what_is_remembered() {
    let server = Server::demo(Database::Postgres);
    let ana = server.sign_in("websocket@test.com").await;
    let url = server.ws(&format!("/api/v1/ws?token={}", ana.token().await));
    let mut socket = Socket::open(&url).await;
    socket.welcome().await;
    server.run(&["log", "new-epoch", "--end-sessions"], "");
    assert_eq!(socket.closed().await.0, 4000);
    assert_eq!(Socket::open(&url).await.closed().await.0, 4505);
}

/// When it began, whether there was a welcome, and the code of the close.
async fn connect_after(url: &str, pause: Duration) -> (Instant, bool, u16) {
    tokio::time::sleep(pause).await;
    let began = Instant::now();
    let mut socket = Socket::open(url).await;
    match socket.next().await {
        Received::Frame(frame) => {
            let welcomed = frame["type"] == "welcome";
            (began, welcomed, socket.closed().await.0)
        }
        Received::Close(code, _) => (began, false, code),
        Received::Gone => (began, false, 1006),
    }
}
