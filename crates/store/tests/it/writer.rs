//! The group commit: what changes that share a transaction do to each other, and to whoever waits.

use std::time::Duration;

use protocol::NotificationId;
use protocol::{ChannelName, ErrorCode, Role};
use store::{CreateUser, NewLine, NewNotification, PlaceOrder, SendNotification, WriteError};

use crate::harness::{Place, actor, at, new_order, new_user, refused_with};

contract! {
    changes_that_wait_together_share_a_commit,
    a_refused_change_hurts_only_itself,
    a_caller_that_goes_away_changes_nothing,
    closing_waits_for_what_was_handed_over,
    what_another_process_wrote_is_noticed,
    a_shared_secret_is_the_first_one_stored,
    the_log_beside_the_file_stays_short,
}

async fn changes_that_wait_together_share_a_commit(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let mut blocker = place.block_writes().await;
    let calls: Vec<_> = (0..60)
        .map(|_| {
            let (store, order) = (node.store.clone(), new_order(&ana, &soup));
            tokio::spawn(async move { store.write(order).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(node.told.times(), 0);
    blocker.run("COMMIT").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    // The first few were taken before the others came.
    assert!(node.told.times() <= 5, "{} commits", node.told.times());
    let told = node.told.on(&ChannelName::staff());
    assert_eq!(told.len(), 60);
    assert_eq!(node.page(&ChannelName::staff(), 0).await.events, told);
}

async fn a_refused_change_hurts_only_itself(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let good = new_order(&ana, &soup);
    let mut blocker = place.block_writes().await;
    let call = |order: PlaceOrder| {
        let store = node.store.clone();
        tokio::spawn(async move { store.write(order).await })
    };
    let lines = vec![NewLine::Item {
        item_id: soup.id,
        quantity: 0,
    }];
    let mut good_calls = Vec::new();
    let mut refused_calls = Vec::new();
    let mut clashing_calls = Vec::new();
    for index in 0..40 {
        match index % 4 {
            // A rule refuses it.
            1 => refused_calls.push(call(PlaceOrder {
                lines: lines.clone(),
                ..new_order(&ana, &soup)
            })),
            // The database refuses it, after other statements of the same group.
            3 => clashing_calls.push({
                let store = node.store.clone();
                let clash = CreateUser {
                    id: ana.id,
                    ..new_user(&format!("b{index}@b.c"), Role::Staff)
                };
                tokio::spawn(async move { store.write(clash).await })
            }),
            _ => good_calls.push(call(PlaceOrder {
                id: protocol::OrderId::new(),
                ..good.clone()
            })),
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    blocker.run("COMMIT").await;
    for call in refused_calls {
        refused_with(call.await.unwrap(), ErrorCode::ValidationFailed);
    }
    for call in clashing_calls {
        let result = call.await.unwrap();
        assert!(matches!(result, Err(WriteError::Failed(_))), "{result:?}");
    }
    for call in good_calls {
        call.await.unwrap().unwrap();
    }
    assert!(
        node.told.times() <= 5,
        "they were in {} groups",
        node.told.times()
    );
    assert_eq!(place.count("orders").await, 20);
    assert_eq!(place.count("users").await, 1);
    let offsets: Vec<_> = node
        .told
        .on(&ChannelName::staff())
        .iter()
        .map(|event| event.offset)
        .collect();
    assert_eq!(offsets, (1..=20).collect::<Vec<_>>());
}

async fn a_caller_that_goes_away_changes_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let mut blocker = place.block_writes().await;
    let order = new_order(&ana, &soup);
    let id = order.id;
    let store = node.store.clone();
    let call = tokio::spawn(async move { store.write(order).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!call.is_finished());
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(node.told.times(), 0);
    blocker.run("COMMIT").await;
    // A change handed over later comes after it.
    node.order(&ana, &soup).await;
    assert!(node.store.order(id).await.unwrap().is_some());
    let told = node.told.on(&ChannelName::staff());
    assert_eq!(told.len(), 2);
    assert!(told[0].data.contains(&id.to_string()));
}

async fn closing_waits_for_what_was_handed_over(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let mut blocker = place.block_writes().await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (store, order) = (node.store.clone(), new_order(&ana, &soup));
            tokio::spawn(async move { store.write(order).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let store = node.store.clone();
    let closing = tokio::spawn(async move { store.close().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!closing.is_finished());
    let late = node.store.write(new_order(&ana, &soup)).await;
    assert!(matches!(late, Err(WriteError::Unavailable(_))), "{late:?}");
    blocker.run("COMMIT").await;
    closing.await.unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(place.count("orders").await, 10);
    assert_eq!(node.told.on(&ChannelName::staff()).len(), 10);
}

async fn what_another_process_wrote_is_noticed(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let changed = async || one.store.changed_by_others().await.unwrap();
    if !place.is_sqlite() {
        assert!(changed().await && changed().await);
        return;
    }
    // The other one opened after us, and may have written doing so.
    changed().await;
    assert!(!changed().await);
    one.user("ana", Role::Customer).await;
    assert!(!changed().await, "our own writing does not count");
    two.user("ben", Role::Customer).await;
    assert!(changed().await);
    assert!(!changed().await);
    two.user("cid", Role::Customer).await;
    one.user("dan", Role::Customer).await;
    assert!(
        changed().await,
        "our own writing does not hide that of others"
    );
    two.store.user(protocol::UserId::new()).await.unwrap();
    assert!(!changed().await, "reading is not writing");
}

async fn a_shared_secret_is_the_first_one_stored(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    let (first, second) = tokio::join!(
        one.store.shared_secret("signing_key", "one"),
        two.store.shared_secret("signing_key", "two"),
    );
    let stored = first.unwrap();
    assert_eq!(second.unwrap(), stored);
    assert!(["one", "two"].contains(&stored.as_str()));
    one.store.close().await;
    let again = place.open().await;
    assert_eq!(
        again
            .store
            .shared_secret("signing_key", "three")
            .await
            .unwrap(),
        stored
    );
    assert_eq!(
        again.store.shared_secret("another", "three").await.unwrap(),
        "three"
    );
}

/// Changes of more pages than the log may have, from many callers without a pause; nobody looks at the
/// log but the writer and its helper.
async fn the_log_beside_the_file_stays_short(place: Place) {
    const CALLERS: usize = 50;
    const CHANGES: usize = 100;
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let calls: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, by, user) = (node.store.clone(), actor(&staff), ana.id);
            tokio::spawn(async move {
                for _ in 0..CHANGES {
                    let send = SendNotification {
                        actor: by,
                        id: NotificationId::new(),
                        user,
                        notification: NewNotification {
                            kind: "order".to_owned(),
                            title: "Ready".to_owned(),
                            body: "x".repeat(1_000),
                            link: None,
                        },
                        now: at(5),
                    };
                    store.write(send).await.unwrap();
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    if place.is_sqlite() {
        let log = place.file().with_file_name("desk.db-wal");
        let (log, file) = (
            log.metadata().unwrap().len(),
            place.file().metadata().unwrap().len(),
        );
        let mib = 1024 * 1024;
        assert!(log < 40 * mib, "the log has {log} bytes, the file {file}");
        assert!(file > 4 * mib, "the file has {file} bytes, the log {log}");
    }
    node.store.close().await;
    let node = place.open().await;
    let told = node.page(&ChannelName::user(ana.id), 0).await.head;
    assert_eq!(told, (CALLERS * CHANGES) as u64);
}
