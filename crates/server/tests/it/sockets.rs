//! Opening a socket, speaking on it, and every way it can be closed but revocation and shutdown.

use std::time::{Duration, Instant};

use futures_util::SinkExt as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Database, Options, Server};
use crate::socket::{Received, Socket};

#[tokio::test]
async fn a_token_may_come_by_url_by_header_or_in_the_first_frame() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;

    let by_url = ana.socket().await;
    assert_eq!(by_url.welcomed["user"]["role"], "customer");
    assert_eq!(by_url.welcomed["user"]["id"], ana.id());
    assert_eq!(by_url.welcomed["heartbeat_seconds"], 25);
    assert_eq!(by_url.welcomed["limits"]["frame_max_bytes"], 65536);
    assert_eq!(by_url.entry(&ana.channel())["outcome"], "live");

    let bearer = format!("Bearer {}", ana.token().await);
    let url = server.ws("/api/v1/ws/");
    let mut by_header = Socket::try_open(&url, &[("authorization", bearer.as_str())])
        .await
        .unwrap();
    by_header.welcome().await;

    let mut by_frame = Socket::open(&server.ws("/api/v1/ws")).await;
    by_frame
        .send(&json!({"type": "connect", "id": "1", "token": ana.token().await}))
        .await;
    by_frame.welcome().await;
    let pong = by_frame.ask(&json!({"type": "ping", "id": 7})).await;
    assert_eq!(pong["type"], "reply");
    assert!(pong["data"]["server_time"].is_string());
}

#[tokio::test]
async fn what_is_no_token_is_named_in_goodbye_and_in_the_close() {
    let server = Server::demo(Database::Sqlite);
    let cases = [
        ("test", 4502, "token_malformed"),
        ("undefined", 4502, "token_malformed"),
        ("%5Bobject%20Object%5D", 4502, "token_malformed"),
        ("Bearer%20abc", 4502, "token_malformed"),
        ("%3CVALID_JWT%3E", 4502, "token_malformed"),
        ("", 4501, "token_missing"),
    ];
    for (token, code, slug) in cases {
        let url = server.ws(&format!("/api/v1/ws?token={token}"));
        let (closed, reason, goodbye) = Socket::open(&url).await.closed().await;
        let goodbye = goodbye.expect("a goodbye comes before the close");
        assert_eq!(closed, code, "{token}: {reason}");
        assert!(reason.starts_with(&format!("{slug}: ")), "{reason}");
        assert_eq!(
            (&goodbye["code"], &goodbye["reason"]),
            (&json!(code), &json!(slug))
        );
        assert_eq!(goodbye["retry"], "never");
    }
    let (_, reason, _) = Socket::open(&server.ws("/api/v1/ws?token=test"))
        .await
        .closed()
        .await;
    assert!(
        reason.contains("`test`") || reason.contains("\"test\""),
        "{reason}"
    );
}

#[tokio::test]
async fn a_signature_of_another_server_is_4503() {
    let [here, elsewhere] = [
        Server::demo(Database::Sqlite),
        Server::demo(Database::Sqlite),
    ];
    let token = elsewhere.sign_in("websocket@test.com").await.token().await;
    let url = here.ws(&format!("/api/v1/ws?token={token}"));
    let (code, reason, _) = Socket::open(&url).await.closed().await;
    assert_eq!(code, 4503, "{reason}");
}

#[tokio::test]
async fn without_a_token_a_socket_lives_five_seconds() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = Socket::open(&server.ws("/api/v1/ws")).await;
    let began = Instant::now();
    let (code, reason, _) = socket.closed().await;
    assert_eq!(code, 4501, "{reason}");
    assert!(
        began.elapsed() >= Duration::from_millis(4_900),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn anything_but_connect_is_refused_before_the_welcome() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = Socket::open(&server.ws("/api/v1/ws")).await;
    let refusal = socket.ask(&json!({"type": "ping", "id": "1"})).await;
    assert_eq!(refusal["type"], "error");
    assert!(
        refusal["detail"].as_str().unwrap().contains("connect"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_before_the_upgrade_even_with_a_token() {
    let server = Server::demo(Database::Sqlite);
    let token = server.sign_in("websocket@test.com").await.token().await;
    let url = server.ws(&format!("/api/v1/ws?token={token}"));
    let (status, problem) = Socket::refused(&url, &[("origin", "https://evil.example")]).await;
    assert_eq!((status, &problem["code"]), (403, &json!("origin_denied")));
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("https://evil.example"),
        "{problem}"
    );
    let (status, _) = Socket::refused(&url, &[("origin", "null")]).await;
    assert_eq!(status, 403);
    let page = [("origin", "http://localhost:5174")];
    Socket::try_open(&url, &page)
        .await
        .expect("a developer's page may");
}

#[tokio::test]
async fn a_cookie_alone_opens_nothing() {
    let server = Server::demo(Database::Sqlite);
    let login = server
        .visitor()
        .request(reqwest::Method::POST, "/api/v1/auth/login")
        .json(&json!({"email": "websocket@test.com", "password": "test123"}))
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let headers = [("cookie", cookie)];
    let mut socket = Socket::try_open(&server.ws("/api/v1/ws"), &headers)
        .await
        .unwrap();
    assert_eq!(socket.closed().await.0, 4501);
}

#[tokio::test]
async fn an_unknown_path_is_accepted_and_told_the_nearest_known_one() {
    let server = Server::demo(Database::Sqlite);
    for path in ["/ws", "/api/v1/wss", "/socket.io/"] {
        let (code, reason, _) = Socket::open(&server.ws(path)).await.closed().await;
        assert_eq!(code, 4511, "{path}: {reason}");
        assert!(reason.contains("/api/v1/ws"), "{reason}");
    }
}

#[tokio::test]
async fn another_version_of_the_protocol_and_a_foreign_subprotocol_are_4512() {
    let server = Server::demo(Database::Sqlite);
    let url = server.ws("/api/v1/ws?protocol=2");
    assert_eq!(Socket::open(&url).await.closed().await.0, 4512);
    let headers = [("sec-websocket-protocol", "graphql-ws")];
    let mut socket = Socket::try_open(&server.ws("/api/v1/ws"), &headers)
        .await
        .unwrap();
    let (code, reason, _) = socket.closed().await;
    assert_eq!(code, 4512, "{reason}");
    assert!(reason.contains("graphql-ws"), "{reason}");
}

#[tokio::test]
async fn a_socket_path_asked_without_an_upgrade_says_what_to_do() {
    let server = Server::demo(Database::Sqlite);
    let (status, problem) = server.visitor().get("/api/v1/ws").await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(problem["code"], "upgrade_required");
    assert!(
        problem["fix"].as_str().unwrap().contains("WebSocket"),
        "{problem}"
    );
}

#[tokio::test]
async fn bad_frames_are_named_and_the_tenth_closes() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = server.sign_in("websocket@test.com").await.socket().await;
    for text in [
        "hello",
        "[]",
        r#"{"type":"subscrbe","id":"x"}"#,
        r#"{"type":7}"#,
        "{}",
    ] {
        socket.send_text(text).await;
        let error = socket.frame("error").await;
        assert_eq!(error["code"], "bad_frame");
        assert!(!error["fix"].as_str().unwrap().is_empty());
    }
    socket
        .stream
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .unwrap();
    assert!(
        socket.frame("error").await["detail"]
            .as_str()
            .unwrap()
            .contains("binary")
    );
    // It survived: a good command is answered.
    assert_eq!(
        socket.ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
    for _ in 0..4 {
        socket.send_text("hello").await;
    }
    assert_eq!(socket.closed().await.0, 4510);
}

#[tokio::test]
async fn a_message_over_the_limit_is_1009() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = server.sign_in("websocket@test.com").await.socket().await;
    socket.send_text(&"x".repeat(65_537)).await;
    assert_eq!(socket.closed().await.0, 1009);
}

#[tokio::test]
async fn whoever_keeps_sending_is_refused_and_then_closed() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = server.sign_in("websocket@test.com").await.socket().await;
    for number in 0..300 {
        let frame = json!({"type": "ping", "id": number}).to_string();
        if socket.stream.send(Message::text(frame)).await.is_err() {
            break;
        }
    }
    let mut refused = 0;
    let (code, goodbye) = loop {
        match socket.next().await {
            Received::Frame(frame) if frame["code"] == "rate_limited" => refused += 1,
            Received::Frame(frame) if frame["type"] == "goodbye" => {
                assert_eq!(frame["retry"], "backoff");
            }
            Received::Frame(_) => {}
            Received::Close(code, reason) => break (code, reason),
            Received::Gone => break (1006, String::new()),
        }
    };
    assert_eq!(code, 4004, "{goodbye}");
    assert_eq!(refused, 99);
}

#[tokio::test]
async fn the_socket_beyond_the_limit_of_an_account_is_the_one_that_goes() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.per_user_max", 2),
    );
    let ana = server.sign_in("websocket@test.com").await;
    let mut first = ana.socket().await;
    let _second = ana.socket().await;
    let url = server.ws(&format!("/api/v1/ws?token={}", ana.token().await));
    assert_eq!(Socket::open(&url).await.closed().await.0, 4007);
    assert_eq!(
        first.ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
    // A place that was given back can be taken.
    drop(first);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let mut socket =
            Socket::open(&server.ws(&format!("/api/v1/ws?token={}", ana.token().await))).await;
        if let Received::Frame(frame) = socket.next().await
            && frame["type"] == "welcome"
        {
            return;
        }
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn an_address_has_so_many_sockets_and_then_429() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.per_ip_max", 2),
    );
    let url = server.ws("/ws/echo");
    let _sockets = [Socket::open(&url).await, Socket::open(&url).await];
    let (status, problem) = Socket::refused(&url, &[]).await;
    assert_eq!((status, &problem["code"]), (429, &json!("rate_limited")));
}

#[tokio::test]
async fn an_address_is_told_so_often_and_then_dropped_but_a_token_still_works() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.refusals_per_minute", 3),
    );
    let ana = server.sign_in("websocket@test.com").await;
    let mut told = 0;
    for _ in 0..8 {
        let mut socket = Socket::open(&server.ws("/api/v1/ws?token=test")).await;
        match socket.next().await {
            Received::Frame(frame) => {
                assert_eq!(frame["type"], "goodbye");
                told += 1;
            }
            Received::Gone => {}
            Received::Close(code, _) => panic!("closed with {code} and no goodbye"),
        }
    }
    assert_eq!(told, 3);
    ana.socket().await;
}

#[tokio::test]
async fn a_silent_peer_is_closed_after_two_heartbeats() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.heartbeat_seconds", 5),
    );
    let ana = server.sign_in("websocket@test.com").await;
    let mut socket = ana.socket().await;
    let mut other = ana.socket().await;
    // Nobody reads `socket`, so nobody answers its pings; `other` is read all the time.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(7) {
        assert_eq!(other.within(Duration::from_secs(1)).await, None);
    }
    let (code, reason, _) = socket.closed().await;
    assert_eq!(code, 4003, "{reason}");
    assert_eq!(
        other.ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
}

#[tokio::test]
async fn refresh_extends_a_socket_and_without_it_the_token_bounds_it() {
    // The shortest life there is, plus 20 s of grace.
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("auth.ws_token_seconds", 30),
    );
    let ana = server.sign_in("websocket@test.com").await;
    let mut socket = ana.socket().await;
    let before = socket.welcomed["expires_at"].as_str().unwrap().to_owned();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let reply = socket
        .ask(&json!({"type": "refresh", "id": 1, "token": ana.token().await}))
        .await;
    assert!(
        reply["data"]["expires_at"].as_str().unwrap() > before.as_str(),
        "{reply}"
    );

    let refused = socket
        .ask(&json!({"type": "refresh", "id": 2, "token": "test"}))
        .await;
    assert_eq!(refused["code"], "token_malformed");
    let other = server.sign_in("ana@test.com").await;
    let foreign = json!({"type": "refresh", "id": 3, "token": other.token().await});
    assert_eq!(socket.ask(&foreign).await["code"], "token_invalid");
    let again = server.sign_in("websocket@test.com").await;
    let other_session = json!({"type": "refresh", "id": 4, "token": again.token().await});
    assert_eq!(socket.ask(&other_session).await["code"], "token_invalid");
}

#[tokio::test]
async fn an_expired_token_is_4100_and_says_how_long_ago() {
    let server = Server::demo(Database::Sqlite);
    let token = server.run(
        &["token", "mint", "--email", "ana@test.com", "--seconds", "1"],
        "",
    );
    tokio::time::sleep(Duration::from_secs(8)).await;
    let url = server.ws(&format!("/api/v1/ws?token={}", token.trim()));
    let (code, reason, goodbye) = Socket::open(&url).await.closed().await;
    assert_eq!(code, 4100, "{reason}");
    assert!(reason.contains(" s ago"), "{reason}");
    assert_eq!(goodbye.unwrap()["retry"], "fresh_token");
}

#[tokio::test]
async fn the_echo_socket_sends_everything_back_to_anyone() {
    let server = Server::demo(Database::Sqlite);
    let mut socket = Socket::open(&server.ws("/ws/echo")).await;
    for size in [1, 1_024, 65_536] {
        let text = format!("\"{}\"", "x".repeat(size - 2 * usize::from(size > 1)));
        socket.send_text(&text).await;
        assert_eq!(
            socket.next().await,
            Received::Frame(serde_json::from_str(&text).unwrap())
        );
        if size == 1 {
            break;
        }
    }
    let off = Server::start(
        Database::Sqlite,
        Options::demo().with("diagnostics.enabled", false),
    );
    assert_eq!(Socket::refused(&off.ws("/ws/echo"), &[]).await.0, 404);
}

#[tokio::test]
async fn the_status_is_public_and_the_statistics_are_for_staff() {
    let server = Server::demo(Database::Sqlite);
    let (status, body) = server.visitor().get("/ws/status").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["status"], "ok");
    assert_eq!(
        server.visitor().get("/api/v1/ws/stats").await.0,
        StatusCode::UNAUTHORIZED
    );
    let ana = server.sign_in("websocket@test.com").await;
    let (status, problem) = ana.get("/api/v1/ws/stats").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("forbidden"))
    );

    let staff = server.sign_in("staff@test.com").await;
    let _sockets = [ana.socket().await, staff.socket().await];
    Socket::open(&server.ws("/api/v1/ws?token=test"))
        .await
        .closed()
        .await;
    let began = Instant::now();
    loop {
        let (_, stats) = staff.get("/api/v1/ws/stats").await;
        let complete = stats["connections"] == 2
            && stats["by_role"] == json!({"customer": 1, "staff": 1})
            && stats["refusals"]["4502"] == 1;
        if complete {
            assert_eq!(stats["nodes"][0]["connections"], 2);
            assert_eq!(stats["channels"].as_u64().unwrap(), 3);
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{stats}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn subscriptions_are_granted_by_the_policy_and_bounded() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;
    let mut socket = ana.socket().await;
    let refused = socket
        .ask(&json!({"type": "subscribe", "id": 1, "channel": "staff"}))
        .await;
    assert_eq!(refused["code"], "forbidden");
    let stands = socket
        .ask(&json!({"type": "subscribe", "id": 2, "channel": ana.channel()}))
        .await;
    assert_eq!(stands["data"]["outcome"], "live");
    let leave = socket
        .ask(&json!({"type": "unsubscribe", "id": 3, "channel": ana.channel()}))
        .await;
    assert_eq!(
        leave["code"], "not_subscribed",
        "automatic channels cannot be left"
    );
    let unknown = socket
        .ask(&json!({"type": "subscribe", "id": 4, "channel": "room:1"}))
        .await;
    assert_eq!(unknown["code"], "bad_frame");
}

#[tokio::test]
async fn no_token_ever_stands_in_the_log() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;
    let token = ana.token().await;
    let mut socket = ana.socket().await;
    socket
        .ask(&json!({"type": "refresh", "id": 1, "token": token}))
        .await;
    socket
        .send(&json!({"type": "connect", "token": token, "resume": 7}))
        .await;
    socket.frame("error").await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let spoiled = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let url = server.ws(&format!("/api/v1/ws?token={spoiled}"));
    let (code, reason, goodbye) = Socket::open(&url).await.closed().await;
    assert_eq!(code, 4503, "{reason}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let said = server.said();
    let told = format!("{reason} {}", goodbye.unwrap_or(Value::Null));
    for part in token.split('.').chain(spoiled.rsplit('.').take(1)) {
        assert!(!said.contains(part), "a part of a token is in the log");
        assert!(!told.contains(part), "a part of a token is in the goodbye");
    }
    assert!(said.contains("4503"), "the refusal has a line: {said}");
}
