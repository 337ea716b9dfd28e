//! The list of open sockets, and closing one of them.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, PATIENCE, Server, on_both};
use crate::socket::Socket;

const LIST: &str = "/api/v1/ws/connections";

async fn list(browser: &Browser, query: &str) -> Value {
    let (status, page) = browser.get(&format!("{LIST}{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    items.iter().map(id).collect()
}

fn connection(socket: &Socket) -> String {
    socket.welcomed["connection_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

on_both! {
    async fn staff_see_each_open_socket_and_an_admin_closes_one(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let mut hers = ana.socket().await;
        let mut theirs = staff.socket().await;
        let url = server.ws(&format!("/ws/chat/me?token={}", ana.token().await));
        let mut chat = Socket::open(&url).await;
        chat.welcome().await;
        // Neither has had a welcome, so neither is a connection of somebody.
        let _echo = Socket::open(&server.ws("/ws/echo")).await;
        let _silent = Socket::open(&server.ws("/api/v1/ws")).await;

        let page = list(&staff, "").await;
        assert_eq!(ids(&page), [&chat, &theirs, &hers].map(connection), "the newest first");
        assert_eq!((&page["scope"], &page["next_cursor"]), (&json!("node"), &Value::Null));
        let [in_chat, of_staff, of_ana] = [0, 1, 2].map(|place| &page["items"][place]);
        assert_eq!(of_ana["user"], json!({"id": ana.id(), "name": "Ana", "role": "customer"}));
        assert_eq!(of_ana["kind"], "event");
        assert_eq!(of_ana["channels"], json!([ana.channel()]));
        assert_eq!(of_ana["address"], "127.0.0.1");
        assert_eq!((&of_ana["outbox_bytes"], &of_ana["last_pong_at"]), (&json!(0), &Value::Null));
        assert_eq!(of_ana["node"], hers.welcomed["boot_id"]);
        assert_eq!(of_ana["node"], page["node"]);
        assert_eq!(of_ana["expires_at"], hers.welcomed["expires_at"]);
        assert!(of_ana["since"].as_str() <= hers.welcomed["server_time"].as_str(), "{of_ana}");
        assert_eq!(of_staff["channels"].as_array().unwrap().len(), 2, "{of_staff}");
        assert_eq!(in_chat["kind"], "chat");
        let of_chat = format!("chat:{}", chat.welcomed["chat"]["id"].as_str().unwrap());
        assert_eq!(in_chat["channels"], json!([of_chat]));

        let path = format!("{LIST}/{}", connection(&hers));
        for (browser, status) in [(&ana, 403), (&staff, 403), (&admin, 204)] {
            assert_eq!(browser.delete(&path).await.0.as_u16(), status);
        }
        let (code, reason, goodbye) = hers.closed().await;
        assert_eq!(code, 4001, "{reason}");
        assert!(reason.contains("an admin closed this connection"), "{reason}");
        let goodbye = goodbye.unwrap();
        assert_eq!((&goodbye["retry"], &goodbye["retry_after_ms"]), (&json!("backoff"), &json!(1000)));
        let said = server.hear("a connection was closed");
        assert!(said.contains(&connection(&hers)) && said.contains(admin.id()), "{said}");
        // It is gone, the others are not, and whoever was closed may come back.
        assert_eq!(admin.delete(&path).await.0, StatusCode::NOT_FOUND);
        assert_eq!(ids(&list(&staff, "").await), [&chat, &theirs].map(connection));
        assert_eq!(theirs.ask(&json!({"type": "ping", "id": 1})).await["type"], "reply");
        let back = ana.socket().await;
        assert_eq!(ids(&list(&staff, "").await)[0], connection(&back));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_comes_in_pages_without_a_hole_or_a_repeat() {
    let options = Options::demo().with("socket.per_user_max", 60);
    let server = Server::start(Database::Sqlite, options);
    let staff = server.sign_in("staff@test.com").await;
    let mut sockets = Vec::new();
    for _ in 0..25 {
        sockets.push(staff.socket().await);
    }
    let (mut found, mut query) = (Vec::new(), "?limit=7".to_owned());
    loop {
        let page = list(&staff, &query).await;
        let more = ids(&page);
        assert!(more.len() == 7 || page["next_cursor"].is_null(), "{page}");
        found.extend(more);
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    let mut all: Vec<String> = sockets.iter().map(connection).collect();
    all.reverse();
    assert_eq!(found, all);
    for query in ["?cursor=test", "?limit=0", "?limit=201", "?page=2"] {
        let (status, problem) = staff.get(&format!("{LIST}{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
    }
    drop(sockets);
    let began = Instant::now();
    while !ids(&list(&staff, "").await).is_empty() {
        assert!(
            began.elapsed() < PATIENCE,
            "sockets that are gone are listed"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pong_and_a_refresh_are_seen() {
    let options = Options::demo().with("socket.heartbeat_seconds", 5);
    let server = Server::start(Database::Sqlite, options);
    let staff = server.sign_in("staff@test.com").await;
    let mut socket = staff.socket().await;
    let until = socket.welcomed["expires_at"].clone();
    // A token ends at a whole second, so the next one ends later only a second later.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let token = staff.token().await;
    let reply = socket
        .ask(&json!({"type": "refresh", "id": 1, "token": token}))
        .await;
    let extended = reply["data"]["expires_at"].clone();
    assert!(extended.as_str() > until.as_str(), "{reply}");
    let began = Instant::now();
    loop {
        // Reading answers the pings.
        socket.within(Duration::from_millis(100)).await;
        let item = list(&staff, "").await["items"][0].clone();
        assert_eq!(item["expires_at"], extended);
        if let Some(at) = item["last_pong_at"].as_str() {
            assert!(
                Some(at) >= socket.welcomed["server_time"].as_str(),
                "{item}"
            );
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{item}");
    }
}
