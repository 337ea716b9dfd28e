//! The main job: a customer and a member of staff see an order live through every status.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Database, Server, on_both};
use crate::socket::Socket;

on_both! {
    async fn an_order_is_seen_live_by_both_through_every_status(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut customer_socket = ana.socket().await;
        let mut staff_socket = staff.socket().await;

        let mut order = ana.order(&item, "no sugar").await;
        assert_eq!(order["status"], "placed");
        both_see(&mut customer_socket, &mut staff_socket, "order.created", &order).await;
        for status in ["accepted", "preparing", "ready", "completed"] {
            order = staff.set_status(&order, status).await;
            both_see(&mut customer_socket, &mut staff_socket, "order.updated", &order).await;
        }

        // A final status is final, and a stale version is told the current object.
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        let (status, problem) =
            staff.patch(&path, json!({"version": order["version"], "status": "ready"})).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("invalid_transition")));
        let (status, problem) = staff.patch(&path, json!({"version": 1, "status": "ready"})).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("stale_version")));
        assert_eq!(problem["current"], order);
    }

    async fn fifty_changes_at_once_give_one_winner_and_one_event(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let order = ana.order(&item, "").await;
        let mut socket = ana.socket().await;
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        let body = json!({"version": order["version"], "status": "accepted"});
        let tries = (0..50).map(|_| staff.patch(&path, body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        let won = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        let stale = answers.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
        assert_eq!((won, stale), (1, 49));
        assert_eq!(socket.event().await["data"]["order"]["version"], 2);
        assert_eq!(socket.within(std::time::Duration::from_millis(300)).await, None);
    }

    async fn a_repeated_post_with_its_key_gives_the_same_order_and_one_event(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let mut socket = ana.socket().await;
        let body = json!({"lines": [{"item_id": item, "quantity": 2}]});
        let ana = &ana;
        let post = |body: Value| async move {
            let request = ana
                .request(reqwest::Method::POST, "/api/v1/orders")
                .header("idempotency-key", "key-1")
                .json(&body);
            let response = request.send().await.unwrap();
            (response.status(), response.json::<Value>().await.unwrap())
        };
        let answers = futures_util::future::join_all((0..10).map(|_| post(body.clone()))).await;
        for (status, order) in &answers {
            assert_eq!(*status, StatusCode::CREATED);
            assert_eq!(order, &answers[0].1);
        }
        assert_eq!(socket.event().await["data"]["order"]["id"], answers[0].1["id"]);
        assert_eq!(socket.within(std::time::Duration::from_millis(300)).await, None);
        let other = json!({"lines": [{"item_id": item, "quantity": 3}]});
        let (status, problem) = post(other).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(problem["code"], "idempotency_conflict");
    }
}

async fn both_see(customer: &mut Socket, staff: &mut Socket, name: &str, order: &Value) {
    let theirs = customer.event().await;
    let ours = staff.event().await;
    for event in [&theirs, &ours] {
        assert_eq!(event["event"], name);
        assert_eq!(event["topic"], "orders");
        assert_eq!(
            &event["data"]["order"], order,
            "an event carries the whole object"
        );
    }
    assert_eq!(
        theirs["id"], ours["id"],
        "one event, one id on all its channels"
    );
    assert_eq!(ours["channel"], "staff");
}
