//! The end of the server: a drain that everybody hears of.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Database, Server};

#[tokio::test]
async fn sigterm_tells_every_socket_when_to_come_back_and_exits_with_zero() {
    let mut server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(ana.socket().await);
    }
    let boot_id = sockets[0].welcomed["boot_id"].clone();
    let readers = tokio::spawn(async move {
        let mut waits = Vec::new();
        for socket in &mut sockets {
            let (code, reason, goodbye) = socket.closed().await;
            assert_eq!(code, 4001, "{reason}");
            let goodbye = goodbye.unwrap();
            assert_eq!(goodbye["retry"], "backoff");
            waits.push(goodbye["retry_after_ms"].as_u64().unwrap());
        }
        waits
    });
    let (code, took) = server.terminate().await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(20), "{took:?}");
    let mut waits = readers.await.unwrap();
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() >= 5, "each has a moment of its own: {waits:?}");

    server.start_again();
    let socket = ana.socket().await;
    assert_ne!(socket.welcomed["boot_id"], boot_id);
}

#[tokio::test]
async fn a_peer_that_does_not_answer_the_close_does_not_hold_the_server_up() {
    let mut server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;
    let _silent = ana.socket().await;
    let (code, took) = server.terminate().await;
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test]
async fn what_was_acknowledged_before_the_restart_is_there_after_it() {
    let mut server = Server::demo(Database::Sqlite);
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    let order = ana.order(&item, "kept").await;
    server.terminate().await;
    server.start_again();
    let (_, found) = ana
        .get(&format!("/api/v1/orders/{}", order["id"].as_str().unwrap()))
        .await;
    assert_eq!(found, order, "the cookie and the order survive");
    assert_eq!(
        ana.post("/api/v1/auth/logout", json!({})).await.0.as_u16(),
        204
    );
}
