//! What can be booked.

use desk::Actor;
use protocol::{ErrorCode, Resource, ResourceId, Role, UserId};
use store::{ChangeResource, CreateResource, PageRequest};

use crate::harness::{Place, at, invalid_fields, refused, refused_with};

contract! {
    an_admin_makes_and_changes_resources,
    nobody_else_does,
    a_stale_change_gets_the_current_resource,
    resources_are_listed_in_pages,
    what_a_resource_may_be_is_checked,
}

fn by(role: Role) -> Actor {
    Actor {
        id: UserId::new(),
        role,
    }
}

fn create(role: Role) -> CreateResource {
    CreateResource {
        actor: by(role),
        id: ResourceId::new(),
        name: "round table".to_owned(),
        kind: "table".to_owned(),
        capacity: 6,
        now: at(0),
    }
}

fn change(resource: &Resource) -> ChangeResource {
    ChangeResource {
        actor: by(Role::Admin),
        id: resource.id,
        version: resource.version,
        name: None,
        kind: None,
        capacity: None,
        now: at(9),
    }
}

async fn an_admin_makes_and_changes_resources(place: Place) {
    let node = place.open().await;
    let resource = node.store.write(create(Role::Admin)).await.unwrap();
    assert_eq!((resource.version, resource.capacity), (1, 6));
    let read = node.store.resource(resource.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&resource));
    let change_it = ChangeResource {
        name: Some("hall".to_owned()),
        kind: Some("room".to_owned()),
        capacity: Some(10_000),
        ..change(&resource)
    };
    let changed = node.store.write(change_it).await.unwrap();
    let expected = Resource {
        name: "hall".to_owned(),
        kind: "room".to_owned(),
        capacity: 10_000,
        version: 2,
        updated_at: at(9),
        ..resource
    };
    assert_eq!(changed, expected);
    let read = node.store.resource(changed.id).await.unwrap();
    assert_eq!(read, Some(expected));
    // What changes nothing is no new version.
    let same = ChangeResource {
        kind: Some("room".to_owned()),
        ..change(&changed)
    };
    assert_eq!(node.store.write(same).await.unwrap(), changed);
    assert_eq!(node.store.resource(ResourceId::new()).await.unwrap(), None);
}

async fn nobody_else_does(place: Place) {
    let node = place.open().await;
    let resource = node.store.write(create(Role::Admin)).await.unwrap();
    for role in [Role::Customer, Role::Staff] {
        refused_with(node.store.write(create(role)).await, ErrorCode::Forbidden);
        let rename = ChangeResource {
            actor: by(role),
            name: Some("x".to_owned()),
            ..change(&resource)
        };
        refused_with(node.store.write(rename).await, ErrorCode::Forbidden);
    }
    let nothing = ChangeResource {
        id: ResourceId::new(),
        ..change(&resource)
    };
    refused_with(node.store.write(nothing).await, ErrorCode::NotFound);
    assert_eq!(place.count("resources").await, 1);
}

async fn a_stale_change_gets_the_current_resource(place: Place) {
    let node = place.open().await;
    let seen = node.store.write(create(Role::Admin)).await.unwrap();
    let first = ChangeResource {
        capacity: Some(7),
        ..change(&seen)
    };
    let current = node.store.write(first).await.unwrap();
    let second = ChangeResource {
        capacity: Some(8),
        ..change(&seen)
    };
    let problem = refused(node.store.write(second).await);
    assert_eq!(problem.code, ErrorCode::StaleVersion);
    let shown = serde_json::to_value(&current).unwrap();
    assert_eq!(problem.members["current"], shown);
    assert_eq!(node.store.resource(seen.id).await.unwrap(), Some(current));
}

async fn resources_are_listed_in_pages(place: Place) {
    let node = place.open().await;
    let mut made = Vec::new();
    for index in 0..5 {
        let resource = CreateResource {
            now: at(index % 2),
            ..create(Role::Admin)
        };
        made.push(node.store.write(resource).await.unwrap());
    }
    made.sort_by_key(|resource| (resource.created_at, resource.id));
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, cursor };
        let page = node.store.resources(page).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

async fn what_a_resource_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let wrong = CreateResource {
        name: "ta\0ble".to_owned(),
        kind: "x".repeat(51),
        capacity: 0,
        ..create(Role::Admin)
    };
    let fields = invalid_fields(node.store.write(wrong).await);
    assert_eq!(fields, ["/name", "/kind", "/capacity"]);
    let resource = node.store.write(create(Role::Admin)).await.unwrap();
    for capacity in [10_001, -1, i64::MAX] {
        let change = ChangeResource {
            capacity: Some(capacity),
            ..change(&resource)
        };
        let fields = invalid_fields(node.store.write(change).await);
        assert_eq!(fields, ["/capacity"]);
    }
    let unchanged = node.store.resource(resource.id).await.unwrap();
    assert_eq!(unchanged, Some(resource));
}
