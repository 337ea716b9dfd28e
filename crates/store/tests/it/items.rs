//! What can be ordered.

use desk::Actor;
use protocol::{ErrorCode, Item, ItemId, Role, UserId};
use store::{ChangeItem, CreateItem, PageRequest};

use crate::harness::{Place, at, invalid_fields, refused, refused_with};

contract! {
    an_admin_makes_and_changes_items,
    nobody_else_does,
    a_stale_change_gets_the_current_item,
    items_are_listed_in_pages,
    what_an_item_may_be_is_checked,
}

fn by(role: Role) -> Actor {
    Actor {
        id: UserId::new(),
        role,
    }
}

fn change(item: &Item) -> ChangeItem {
    ChangeItem {
        actor: by(Role::Admin),
        id: item.id,
        version: item.version,
        name: None,
        unit_price: None,
        available: None,
        now: at(9),
    }
}

fn create(role: Role) -> CreateItem {
    CreateItem {
        actor: by(role),
        id: ItemId::new(),
        name: "soup".to_owned(),
        unit_price: 450,
        currency: "EUR".to_owned(),
        available: true,
        now: at(0),
    }
}

async fn an_admin_makes_and_changes_items(place: Place) {
    let node = place.open().await;
    let item = node.item("soup", 450).await;
    assert_eq!((item.version, item.available), (1, true));
    assert_eq!(
        node.store.item(item.id).await.unwrap().as_ref(),
        Some(&item)
    );
    let change_it = ChangeItem {
        name: Some("stew".to_owned()),
        unit_price: Some(500),
        available: Some(false),
        ..change(&item)
    };
    let changed = node.store.write(change_it).await.unwrap();
    let expected = Item {
        name: "stew".to_owned(),
        unit_price: 500,
        available: false,
        version: 2,
        updated_at: at(9),
        ..item
    };
    assert_eq!(changed, expected);
    assert_eq!(node.store.item(changed.id).await.unwrap(), Some(expected));
    // What changes nothing is no new version.
    let same = ChangeItem {
        unit_price: Some(500),
        ..change(&changed)
    };
    assert_eq!(node.store.write(same).await.unwrap(), changed);
    assert_eq!(node.store.item(ItemId::new()).await.unwrap(), None);
}

async fn nobody_else_does(place: Place) {
    let node = place.open().await;
    let item = node.item("soup", 450).await;
    for role in [Role::Customer, Role::Staff] {
        refused_with(node.store.write(create(role)).await, ErrorCode::Forbidden);
        let rename = ChangeItem {
            actor: by(role),
            name: Some("x".to_owned()),
            ..change(&item)
        };
        refused_with(node.store.write(rename).await, ErrorCode::Forbidden);
    }
    let nothing = ChangeItem {
        id: ItemId::new(),
        ..change(&item)
    };
    refused_with(node.store.write(nothing).await, ErrorCode::NotFound);
    assert_eq!(place.count("items").await, 1);
}

async fn a_stale_change_gets_the_current_item(place: Place) {
    let node = place.open().await;
    let seen = node.item("soup", 450).await;
    let first = ChangeItem {
        unit_price: Some(500),
        ..change(&seen)
    };
    let current = node.store.write(first).await.unwrap();
    let second = ChangeItem {
        unit_price: Some(600),
        ..change(&seen)
    };
    let problem = refused(node.store.write(second).await);
    assert_eq!(problem.code, ErrorCode::StaleVersion);
    assert_eq!(
        problem.members["current"],
        serde_json::to_value(&current).unwrap()
    );
    assert_eq!(node.store.item(seen.id).await.unwrap(), Some(current));
}

async fn items_are_listed_in_pages(place: Place) {
    let node = place.open().await;
    let mut made = Vec::new();
    for index in 0..5 {
        let item = CreateItem {
            name: format!("soup {index}"),
            now: at(index % 2),
            ..create(Role::Admin)
        };
        made.push(node.store.write(item).await.unwrap());
    }
    made.sort_by_key(|item| (item.created_at, item.id));
    let first = node
        .store
        .items(PageRequest {
            limit: 3,
            cursor: None,
        })
        .await
        .unwrap();
    let rest = PageRequest {
        limit: 3,
        cursor: first.next_cursor,
    };
    let rest = node.store.items(rest).await.unwrap();
    assert_eq!([first.items, rest.items].concat(), made);
    assert_eq!(rest.next_cursor, None);
}

async fn what_an_item_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let wrong = CreateItem {
        name: "so\0up".to_owned(),
        unit_price: -1,
        currency: "XXX".to_owned(),
        ..create(Role::Admin)
    };
    let fields = invalid_fields(node.store.write(wrong).await);
    assert_eq!(fields, ["/name", "/unit_price", "/currency"]);
    let item = node.item("soup", 450).await;
    let dear = ChangeItem {
        unit_price: Some(i64::MAX),
        ..change(&item)
    };
    assert_eq!(
        invalid_fields(node.store.write(dear).await),
        ["/unit_price"]
    );
}
