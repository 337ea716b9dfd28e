//! Changes that are made at most once per key.

use protocol::{ErrorCode, OrderId, Role};
use store::{NewLine, OnceKey, PlaceOrder};

use crate::harness::{Place, new_order, refused_with};

contract! {
    the_same_request_gets_the_first_answer_again,
    another_body_under_the_same_key_is_a_conflict,
    a_key_belongs_to_one_user_and_path,
    twenty_requests_at_once_on_two_nodes_make_one_order,
    a_refusal_leaves_the_key_unused,
    a_key_survives_a_restart,
    a_key_of_yesterday_is_unused_again,
    an_answer_that_cannot_be_read_hurts_nobody_else,
}

fn key(user: &protocol::User, body: u8) -> OnceKey {
    OnceKey {
        user: user.id,
        path: "/api/v1/orders".to_owned(),
        key: "k1".to_owned(),
        fingerprint: [body; 32],
    }
}

async fn the_same_request_gets_the_first_answer_again(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let (first, replayed) = node
        .store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    assert!(!replayed);
    let (again, replayed) = node
        .store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    assert!(replayed);
    assert_eq!(again, first);
    assert_eq!(place.count("orders").await, 1);
    assert_eq!(node.told.all().len(), 2);
}

async fn another_body_under_the_same_key_is_a_conflict(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    node.store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    let other = node
        .store
        .write_once(key(&ana, 2), new_order(&ana, &soup))
        .await;
    refused_with(other, ErrorCode::IdempotencyConflict);
    assert_eq!(place.count("orders").await, 1);
}

async fn a_key_belongs_to_one_user_and_path(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let elsewhere = OnceKey {
        path: "/api/v1/bookings".to_owned(),
        ..key(&ana, 3)
    };
    let otherwise = OnceKey {
        key: "k2".to_owned(),
        ..key(&ana, 4)
    };
    for (key, by) in [
        (key(&ana, 1), &ana),
        (key(&ben, 2), &ben),
        (elsewhere, &ana),
        (otherwise, &ana),
    ] {
        let (_, replayed) = node
            .store
            .write_once(key, new_order(by, &soup))
            .await
            .unwrap();
        assert!(!replayed);
    }
    assert_eq!(place.count("orders").await, 4);
}

async fn twenty_requests_at_once_on_two_nodes_make_one_order(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let ana = nodes[0].user("ana", Role::Customer).await;
    let soup = nodes[0].item("soup", 450).await;
    let calls = (0..20).map(|index| {
        let store = nodes[index % 2].store.clone();
        let (key, order) = (key(&ana, 1), new_order(&ana, &soup));
        tokio::spawn(async move { store.write_once(key, order).await.unwrap() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1);
    assert!(answers.iter().all(|(order, _)| *order == answers[0].0));
    assert_eq!(place.count("orders").await, 1);
    assert_eq!(nodes[0].told.all().len() + nodes[1].told.all().len(), 2);
}

async fn a_refusal_leaves_the_key_unused(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let lines = vec![NewLine::Item {
        item_id: soup.id,
        quantity: 0,
    }];
    let wrong = PlaceOrder {
        lines,
        ..new_order(&ana, &soup)
    };
    for _ in 0..2 {
        let refused = node.store.write_once(key(&ana, 1), wrong.clone()).await;
        refused_with(refused, ErrorCode::ValidationFailed);
    }
    let (_, replayed) = node
        .store
        .write_once(key(&ana, 2), new_order(&ana, &soup))
        .await
        .unwrap();
    assert!(!replayed);
}

async fn a_key_survives_a_restart(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let (first, _) = node
        .store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    node.store.close().await;
    let node = place.open().await;
    let again = PlaceOrder {
        id: OrderId::new(),
        ..new_order(&ana, &soup)
    };
    let (answer, replayed) = node.store.write_once(key(&ana, 1), again).await.unwrap();
    assert!(replayed);
    assert_eq!(answer, first);
}

async fn a_key_of_yesterday_is_unused_again(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    node.store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    let age = |ms: i64| format!("UPDATE once_keys SET created_at = created_at - {ms}");
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    place.sql(&age(DAY - 60_000)).await;
    let other = node
        .store
        .write_once(key(&ana, 2), new_order(&ana, &soup))
        .await;
    refused_with(other, ErrorCode::IdempotencyConflict);
    place.sql(&age(60_000)).await;
    let (order, replayed) = node
        .store
        .write_once(key(&ana, 2), new_order(&ana, &soup))
        .await
        .unwrap();
    assert!(!replayed);
    // It is the new request's key now.
    let again = node
        .store
        .write_once(key(&ana, 2), new_order(&ana, &soup))
        .await
        .unwrap();
    assert_eq!(again, (order, true));
    assert_eq!(place.count("orders").await, 2);
    // An old key goes when the store forgets.
    place.sql(&age(DAY)).await;
    assert_eq!(node.store.prune().await.unwrap().once_keys, 1);
    assert_eq!(place.count("once_keys").await, 0);
}

async fn an_answer_that_cannot_be_read_hurts_nobody_else(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    node.store
        .write_once(key(&ana, 1), new_order(&ana, &soup))
        .await
        .unwrap();
    place
        .sql("UPDATE once_keys SET output = '{\"of\": \"another version\"}'")
        .await;
    let mut blocker = place.block_writes().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (store, order) = (node.store.clone(), new_order(&ana, &soup));
            tokio::spawn(async move { store.write(order).await })
        })
        .collect();
    let store = node.store.clone();
    let (key, order) = (key(&ana, 1), new_order(&ana, &soup));
    let replay = tokio::spawn(async move { store.write_once(key, order).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    blocker.run("COMMIT").await;
    let replay = replay.await.unwrap();
    assert!(
        matches!(replay, Err(store::WriteError::Failed(_))),
        "{replay:?}"
    );
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(place.count("orders").await, 21);
}
