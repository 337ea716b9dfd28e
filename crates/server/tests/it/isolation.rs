//! A customer can neither read nor subscribe to nor infer another customer's orders.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Database, Server, on_both};

on_both! {
    async fn a_strangers_order_and_none_at_all_look_the_same(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let eve = server.sign_in("ana@test.com").await;
        let order = ana.order(&item, "secret-canary").await;
        let theirs = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        let none = format!("/api/v1/orders/{}", uuid::Uuid::now_v7());

        let patch = json!({"version": 1, "note": "mine now"});
        let cancel = json!({"version": 99, "status": "cancelled"});
        for body in [None, Some(patch), Some(cancel)] {
            let (one, other) = match &body {
                None => (eve.get(&theirs).await, eve.get(&none).await),
                Some(body) => {
                    (eve.patch(&theirs, body.clone()).await, eve.patch(&none, body.clone()).await)
                }
            };
            assert_eq!(one.0, StatusCode::NOT_FOUND);
            assert_eq!(one, other, "byte for byte the same");
        }
        for query in ["", "?limit=200", &format!("?customer_id={}", ana.id())] {
            let (_, page) = eve.get(&format!("/api/v1/orders{query}")).await;
            assert!(!page.to_string().contains("secret-canary"), "{query}: {page}");
        }
        let lines = json!([{"item_id": item, "quantity": 1}]);
        let body = json!({"lines": lines, "customer_id": ana.id()});
        assert_eq!(eve.post("/api/v1/orders", body).await.0, StatusCode::FORBIDDEN);
    }

    async fn a_strangers_channel_cannot_be_read_by_any_path(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let eve = server.sign_in("ana@test.com").await;
        let position = {
            let socket = ana.socket().await;
            socket.entry(&ana.channel()).clone()
        };
        ana.order(&item, "secret-canary").await;
        let nobody = format!("user:{}", uuid::Uuid::now_v7());
        let mut socket = eve.socket().await;
        for channel in ["staff", &ana.channel(), &nobody, "internal:revocations"] {
            let (status, answer) =
                eve.get(&format!("/api/v1/events?channel={channel}&after=0")).await;
            assert!(status.is_client_error(), "{channel}: {status} {answer}");
            let command = json!({"type": "subscribe", "id": 1, "channel": channel,
                "position": {"epoch": position["epoch"], "offset": 0}});
            let refused = socket.ask(&command).await;
            assert_eq!(refused["type"], "error", "{channel}: {refused}");
        }
        let start = json!({"epoch": position["epoch"], "offset": 0});
        let resume = json!({"staff": start, ana.channel(): start, nobody.clone(): start});
        let mut resumed = eve.resume(&resume).await;
        assert_eq!(resumed.welcomed["channels"].as_array().unwrap().len(), 1);
        for _ in 0..3 {
            assert_eq!(resumed.frame("unsubscribed").await["code"], "forbidden");
        }
        ana.order(&item, "secret-canary").await;
        assert_eq!(resumed.within(std::time::Duration::from_millis(500)).await, None);
        assert_eq!(socket.within(std::time::Duration::from_millis(100)).await, None);
        // The own channel of Ana and of nobody are refused alike.
        let mut told = Vec::new();
        for channel in [&ana.channel(), &nobody] {
            let (_, problem) = eve.get(&format!("/api/v1/events?channel={channel}&after=0")).await;
            told.push(problem);
        }
        assert_eq!(told[0], told[1]);
    }
}
