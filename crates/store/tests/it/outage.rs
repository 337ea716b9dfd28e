//! When the database goes away, and comes back.

use std::time::{Duration, Instant};

use protocol::{ChannelName, Role};
use store::{ReadError, WriteError};

use crate::harness::{Place, new_order, new_user};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_postgres_is_unavailable_within_5_s_and_used_again_when_it_is_back() {
    let mut server = testbed::Postgres::start();
    let place = Place::at(server.new_database());
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let before = node.order(&ana, &soup).await;
    server.kill();

    let begin = Instant::now();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (store, order) = (node.store.clone(), new_order(&ana, &soup));
            tokio::spawn(async move { store.write(order).await })
        })
        .collect();
    let read = node.store.order(before.id).await;
    assert!(matches!(read, Err(ReadError::Unavailable(_))), "{read:?}");
    for call in calls {
        let result = call.await.unwrap();
        assert!(
            matches!(result, Err(WriteError::Unavailable(_))),
            "{result:?}"
        );
    }
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    node.store.ready().await.unwrap_err();

    server.start_again();
    let after = node.order(&ana, &soup).await;
    node.store.ready().await.unwrap();
    for order in [&before, &after] {
        assert_eq!(
            node.store.order(order.id).await.unwrap().as_ref(),
            Some(order)
        );
    }
    // None of the refused ones was made, and the log has no hole.
    assert_eq!(place.count("orders").await, 2);
    let page = node.page(&ChannelName::staff(), 0).await;
    assert_eq!(page.head, 2);
    assert_eq!(page.events, node.told.on(&ChannelName::staff()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_restart_of_postgres_is_waited_for() {
    let mut server = testbed::Postgres::start();
    let place = Place::at(server.new_database());
    let node = place.open().await;
    server.kill();
    let store = node.store.clone();
    let call = tokio::spawn(async move { store.write(new_user("a@b.c", Role::Staff)).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!call.is_finished());
    server.start_again();
    let made = call.await.unwrap().unwrap();
    assert_eq!(node.store.user(made.id).await.unwrap(), Some(made));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_postgres_ended_are_replaced_unnoticed() {
    let place = Place::postgres();
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    for round in 0..3 {
        place
            .sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        node.user(&format!("u{round}"), Role::Customer).await;
        assert_eq!(node.store.user(ana.id).await.unwrap().as_ref(), Some(&ana));
    }
    assert_eq!(place.count("users").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_unavailable_within_5_s_and_used_again_when_it_is_free() {
    for place in [Place::sqlite(), Place::postgres()] {
        let node = place.open().await;
        let ana = node.user("ana", Role::Customer).await;
        let mut blocker = place.block_writes().await;
        let begin = Instant::now();
        let calls: Vec<_> = (0..20)
            .map(|index| {
                let (store, user) = (
                    node.store.clone(),
                    new_user(&format!("u{index}@b.c"), Role::Customer),
                );
                tokio::spawn(async move { store.write(user).await })
            })
            .collect();
        for call in calls {
            let result = call.await.unwrap();
            assert!(
                matches!(result, Err(WriteError::Unavailable(_))),
                "{result:?}"
            );
        }
        let waited = begin.elapsed();
        assert!(
            Duration::from_secs(2) < waited && waited < Duration::from_secs(5),
            "{waited:?}"
        );
        // Reading goes on meanwhile.
        assert_eq!(node.store.user(ana.id).await.unwrap().as_ref(), Some(&ana));
        blocker.run("COMMIT").await;
        node.user("ben", Role::Customer).await;
        assert_eq!(place.count("users").await, 2);
    }
}
