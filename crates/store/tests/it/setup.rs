//! The offer to make the first admin.

use protocol::{ErrorCode, Role};
use store::{OfferSetup, Setup};

use crate::harness::{Place, at, new_user, refused_with};

contract! {
    of_fifty_setups_at_once_one_makes_the_admin,
    only_the_newest_offer_works_and_only_in_time,
    a_refused_setup_leaves_the_offer_open,
    there_is_no_offer_while_there_is_an_admin,
}

fn offer(token: u8) -> OfferSetup {
    OfferSetup {
        token_hash: [token; 32],
        expires_at: at(1_000),
        now: at(0),
    }
}

fn setup(token: u8, email: &str) -> Setup {
    Setup {
        token_hash: [token; 32],
        user: new_user(email, Role::Customer),
    }
}

async fn of_fifty_setups_at_once_one_makes_the_admin(place: Place) {
    let nodes = [place.open().await, place.open().await];
    nodes[0].store.write(offer(1)).await.unwrap();
    let calls = (0..50).map(|index| {
        let store = nodes[index % 2].store.clone();
        tokio::spawn(async move { store.write(setup(1, &format!("a{index}@b.c"))).await })
    });
    let mut made = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(user) => made.push(user),
            refused => refused_with(refused, ErrorCode::SetupClosed),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].role, Role::Admin);
    assert_eq!(place.count("users WHERE role = 'admin'").await, 1);
    assert_eq!(place.count("users").await, 1);
}

async fn only_the_newest_offer_works_and_only_in_time(place: Place) {
    let node = place.open().await;
    refused_with(
        node.store.write(setup(1, "a@b.c")).await,
        ErrorCode::SetupClosed,
    );
    node.store.write(offer(1)).await.unwrap();
    node.store.write(offer(2)).await.unwrap();
    refused_with(
        node.store.write(setup(1, "a@b.c")).await,
        ErrorCode::SetupClosed,
    );
    let mut late = setup(2, "a@b.c");
    late.user.now = at(1_000);
    refused_with(node.store.write(late).await, ErrorCode::SetupClosed);
    let mut in_time = setup(2, "a@b.c");
    in_time.user.now = at(999);
    node.store.write(in_time).await.unwrap();
    refused_with(
        node.store.write(setup(2, "b@b.c")).await,
        ErrorCode::SetupClosed,
    );
}

async fn a_refused_setup_leaves_the_offer_open(place: Place) {
    let node = place.open().await;
    node.user("ana", Role::Customer).await;
    node.store.write(offer(1)).await.unwrap();
    let taken = node.store.write(setup(1, "ana@example.com")).await;
    refused_with(taken, ErrorCode::EmailTaken);
    let made = node
        .store
        .write(setup(1, "admin@example.com"))
        .await
        .unwrap();
    assert_eq!(made.role, Role::Admin);
}

async fn there_is_no_offer_while_there_is_an_admin(place: Place) {
    let node = place.open().await;
    node.store.write(offer(1)).await.unwrap();
    node.user("admin", Role::Admin).await;
    refused_with(node.store.write(offer(2)).await, ErrorCode::SetupClosed);
    // An admin made on the command line closes the offer that was open.
    refused_with(
        node.store.write(setup(1, "a@b.c")).await,
        ErrorCode::SetupClosed,
    );
}
