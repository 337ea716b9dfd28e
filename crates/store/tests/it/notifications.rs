//! Notifications: to one user and to a role, read by their user alone.

use protocol::{
    ChannelName, ErrorCode, EventName, Notification, NotificationData, NotificationId, Role,
    Timestamp, User, UserId,
};
use store::{
    ChangeUserLocally, DeliverBroadcast, NewNotification, OnceKey, PageRequest, ReadNotification,
    SendNotification, SendToRole,
};

use crate::harness::{Node, Place, actor, at, invalid_fields, new_user, refused, refused_with};

contract! {
    a_notification_is_told_to_its_user_alone,
    what_a_notification_may_be_is_checked,
    only_staff_send,
    reading_is_told_once,
    the_notification_of_someone_else_is_hidden_from_everyone,
    notifications_are_listed_newest_first,
    all_are_read_in_batches_and_each_is_told,
    two_that_read_all_at_once_tell_each_once,
    a_broadcast_reaches_the_enabled_accounts_of_the_role_that_existed,
    two_nodes_share_a_broadcast,
    a_broadcast_under_a_key_is_sent_once,
    a_broadcast_to_nobody_is_done_at_once,
    only_what_was_read_long_ago_is_forgotten,
}

fn text(title: &str) -> NewNotification {
    NewNotification {
        kind: "order".to_owned(),
        title: title.to_owned(),
        body: "It is at the counter.\n👩‍👩‍👧 שלום % _".to_owned(),
        link: Some("/orders/1?x=%2F#y".to_owned()),
    }
}

fn to(by: &User, user: &User, title: &str) -> SendNotification {
    SendNotification {
        actor: actor(by),
        id: NotificationId::new(),
        user: user.id,
        notification: text(title),
        now: at(5),
    }
}

fn to_role(by: &User, role: Role, title: &str) -> SendToRole {
    SendToRole {
        actor: actor(by),
        role,
        notification: text(title),
        now: at(5),
    }
}

fn read(by: &User, id: NotificationId, now: Timestamp) -> ReadNotification {
    ReadNotification {
        actor: actor(by),
        id,
        now,
    }
}

fn page(limit: u32, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor }
}

async fn list(node: &Node, user: &User, unread: Option<bool>) -> Vec<Notification> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let next = node.store.notifications(user.id, unread, page(200, cursor));
        let next = next.await.unwrap();
        all.extend(next.items);
        match next.next_cursor {
            Some(next) => cursor = Some(next),
            None => return all,
        }
    }
}

/// Runs the job until nothing is left; how many each batch wrote.
async fn deliver(node: &Node) -> Vec<usize> {
    let mut batches = Vec::new();
    while let Some(written) = node
        .store
        .write(DeliverBroadcast { now: at(9) })
        .await
        .unwrap()
    {
        batches.push(written);
    }
    batches
}

async fn customers(node: &Node, count: usize) -> Vec<User> {
    let users = (0..count).map(|index| {
        let user = new_user(&format!("c{index}@example.com"), Role::Customer);
        node.store.write(user)
    });
    let users = futures_util::future::join_all(users).await;
    users.into_iter().map(Result::unwrap).collect()
}

async fn a_notification_is_told_to_its_user_alone(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    let send = to(&staff, &ana, "Ready");
    let sent = node.store.write(send.clone()).await.unwrap();
    let NewNotification {
        kind,
        title,
        body,
        link,
    } = send.notification;
    let expected = Notification {
        id: send.id,
        kind,
        title,
        body,
        link,
        read_at: None,
        created_at: at(5),
    };
    assert_eq!(sent, expected);
    assert_eq!(
        list(&node, &ana, None).await,
        std::slice::from_ref(&expected)
    );
    assert!(list(&node, &staff, None).await.is_empty());
    let told = node.told.all();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].channel, ChannelName::user(ana.id));
    assert_eq!(told[0].name, EventName::NotificationCreated);
    let data: NotificationData = serde_json::from_str(&told[0].data).unwrap();
    assert_eq!(data.notification, expected);

    // Without a link and a text, and also to oneself.
    let bare = NewNotification {
        body: String::new(),
        link: None,
        ..text("Note")
    };
    let bare = SendNotification {
        notification: bare,
        ..to(&staff, &staff, "")
    };
    let sent = node.store.write(bare).await.unwrap();
    assert_eq!((sent.link.as_deref(), sent.body.as_str()), (None, ""));
    assert_eq!(list(&node, &staff, None).await, [sent]);
}

async fn what_a_notification_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let wrong = NewNotification {
        kind: String::new(),
        title: "a\0b".to_owned(),
        body: "x".repeat(2_001),
        link: Some("//evil.example".to_owned()),
    };
    let fields = ["/kind", "/title", "/body", "/link"];
    let one = SendNotification {
        notification: wrong.clone(),
        ..to(&staff, &staff, "")
    };
    assert_eq!(invalid_fields(node.store.write(one).await), fields);
    let many = SendToRole {
        notification: wrong,
        ..to_role(&staff, Role::Staff, "")
    };
    assert_eq!(invalid_fields(node.store.write(many).await), fields);
    let nobody = SendNotification {
        user: UserId::new(),
        ..to(&staff, &staff, "Ready")
    };
    assert_eq!(invalid_fields(node.store.write(nobody).await), ["/user_id"]);
    assert_eq!(place.count("notifications").await, 0);
    assert_eq!(place.count("broadcasts").await, 0);
    assert_eq!(node.told.times(), 0);
}

async fn only_staff_send(place: Place) {
    let node = place.open().await;
    let admin = node.user("admin", Role::Admin).await;
    let ana = node.user("ana", Role::Customer).await;
    refused_with(
        node.store.write(to(&ana, &ana, "x")).await,
        ErrorCode::Forbidden,
    );
    refused_with(
        node.store.write(to(&ana, &admin, "x")).await,
        ErrorCode::Forbidden,
    );
    let many = to_role(&ana, Role::Customer, "x");
    refused_with(node.store.write(many).await, ErrorCode::Forbidden);
    assert_eq!(place.count("broadcasts").await, 0);
    node.store.write(to(&admin, &ana, "x")).await.unwrap();
}

async fn reading_is_told_once(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    let sent = node.store.write(to(&staff, &ana, "Ready")).await.unwrap();
    let expected = Notification {
        read_at: Some(at(7)),
        ..sent.clone()
    };
    for now in [at(7), at(8)] {
        let done = node.store.write(read(&ana, sent.id, now)).await.unwrap();
        assert_eq!(done, expected);
    }
    assert_eq!(
        list(&node, &ana, None).await,
        std::slice::from_ref(&expected)
    );
    let told = node.told.on(&ChannelName::user(ana.id));
    assert_eq!(told.len(), 2, "reading again is no event");
    assert_eq!(told[1].name, EventName::NotificationRead);
    let data: NotificationData = serde_json::from_str(&told[1].data).unwrap();
    assert_eq!(data.notification, expected);
    assert_eq!(
        node.store
            .read_notifications(actor(&ana), at(9))
            .await
            .unwrap(),
        0
    );
    assert_eq!(node.told.all().len(), 2);
}

async fn the_notification_of_someone_else_is_hidden_from_everyone(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    let ana = node.user("ana", Role::Customer).await;
    let eve = node.user("eve", Role::Customer).await;
    let sent = node.store.write(to(&staff, &ana, "Ready")).await.unwrap();
    for other in [&staff, &admin, &eve] {
        let theirs = refused(node.store.write(read(other, sent.id, at(7))).await);
        let none = read(other, NotificationId::new(), at(7));
        assert_eq!(theirs, refused(node.store.write(none).await));
        assert_eq!(theirs.code, ErrorCode::NotFound);
        assert!(list(&node, other, None).await.is_empty());
        let read = node.store.read_notifications(actor(other), at(7)).await;
        assert_eq!(read.unwrap(), 0);
    }
    assert_eq!(list(&node, &ana, Some(true)).await, [sent]);
}

async fn notifications_are_listed_newest_first(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    let mut sent = Vec::new();
    for index in 0..7 {
        let send = SendNotification {
            now: at(index / 2),
            ..to(&staff, &ana, &index.to_string())
        };
        sent.push(node.store.write(send).await.unwrap());
    }
    sent.reverse();
    for index in [1, 4] {
        let done = read(&ana, sent[index].id, at(50));
        sent[index] = node.store.write(done).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let next = node
            .store
            .notifications(ana.id, None, page(3, cursor))
            .await
            .unwrap();
        seen.extend(next.items);
        cursor = next.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, sent);
    let (unread, read): (Vec<_>, Vec<_>) = sent.into_iter().partition(|one| one.read_at.is_none());
    assert_eq!(list(&node, &ana, Some(true)).await, unread);
    assert_eq!(list(&node, &ana, Some(false)).await, read);
    let first = node
        .store
        .notifications(ana.id, Some(true), page(2, None))
        .await
        .unwrap();
    let rest = page(200, first.next_cursor);
    let rest = node
        .store
        .notifications(ana.id, Some(true), rest)
        .await
        .unwrap();
    assert_eq!([first.items, rest.items].concat(), unread);
    let bad = page(2, Some("1.x".to_owned()));
    assert!(node.store.notifications(ana.id, None, bad).await.is_err());
}

async fn all_are_read_in_batches_and_each_is_told(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    let eve = node.user("eve", Role::Customer).await;
    let sends = (0..250).map(|index| {
        let send = SendNotification {
            now: at(index / 10),
            ..to(&staff, &ana, "Ready")
        };
        node.store.write(send)
    });
    futures_util::future::join_all(sends).await;
    node.store.write(to(&staff, &eve, "Ready")).await.unwrap();
    // Sent after the moment that everything is read at.
    let later = SendNotification {
        now: at(101),
        ..to(&staff, &ana, "Later")
    };
    let later = node.store.write(later).await.unwrap();
    let before = node.told.times();
    let events = node.told.all().len();
    let unread = list(&node, &ana, Some(true)).await;

    let read = node
        .store
        .read_notifications(actor(&ana), at(100))
        .await
        .unwrap();
    assert_eq!(read, 250);
    assert_eq!(node.told.times() - before, 3, "a hundred per transaction");
    assert_eq!(list(&node, &ana, Some(true)).await, [later]);
    assert_eq!(list(&node, &eve, Some(true)).await.len(), 1);
    let told: Vec<Notification> = node.told.all()[events..]
        .iter()
        .map(|event| {
            assert_eq!(event.channel, ChannelName::user(ana.id));
            assert_eq!(event.name, EventName::NotificationRead);
            serde_json::from_str::<NotificationData>(&event.data)
                .unwrap()
                .notification
        })
        .collect();
    let expected: Vec<Notification> = unread[1..]
        .iter()
        .rev()
        .map(|one| Notification {
            read_at: Some(at(100)),
            ..one.clone()
        })
        .collect();
    assert_eq!(
        told, expected,
        "each once, in the order in which they were sent"
    );
}

async fn two_that_read_all_at_once_tell_each_once(place: Place) {
    let node = place.open().await;
    let other = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    let sends = (0..220).map(|_| node.store.write(to(&staff, &ana, "Ready")));
    futures_util::future::join_all(sends).await;
    let ana_acts = actor(&ana);
    let (one, two) = tokio::join!(
        node.store.read_notifications(ana_acts, at(100)),
        other.store.read_notifications(ana_acts, at(101)),
    );
    assert_eq!(one.unwrap() + two.unwrap(), 220);
    assert!(list(&node, &ana, Some(true)).await.is_empty());
    let log = node.page(&ChannelName::user(ana.id), 0).await.events;
    let read = log
        .iter()
        .filter(|event| event.name == EventName::NotificationRead);
    assert_eq!(read.count(), 220);
}

async fn a_broadcast_reaches_the_enabled_accounts_of_the_role_that_existed(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let users = customers(&node, 250).await;
    let gone = node.user("gone", Role::Customer).await;
    let disable = ChangeUserLocally {
        id: gone.id,
        name: None,
        role: None,
        disabled: Some(true),
        now: at(1),
    };
    node.store.write(disable).await.unwrap();
    let recipients = node
        .store
        .write(to_role(&staff, Role::Customer, "Closed today"))
        .await;
    assert_eq!(recipients.unwrap(), 250);
    assert_eq!(
        place.count("notifications").await,
        0,
        "the request writes one row"
    );
    let late = node.user("late", Role::Customer).await;
    let second = to_role(&staff, Role::Staff, "For us");
    assert_eq!(node.store.write(second).await.unwrap(), 1);
    let before = node.told.all().len();

    assert_eq!(deliver(&node).await, [100, 100, 50, 1]);
    assert_eq!(place.count("broadcasts").await, 0);
    for user in &users {
        let list = list(&node, user, None).await;
        assert_eq!(list.len(), 1);
        assert_eq!(
            (list[0].title.as_str(), list[0].created_at),
            ("Closed today", at(9))
        );
        assert_eq!(
            (&list[0].body, &list[0].link),
            (&text("").body, &text("").link)
        );
        let told = node.told.on(&ChannelName::user(user.id));
        assert_eq!(told.len(), 1);
        let data: NotificationData = serde_json::from_str(&told[0].data).unwrap();
        assert_eq!(data.notification, list[0]);
    }
    assert_eq!(node.told.all().len() - before, 251);
    assert!(list(&node, &late, None).await.is_empty());
    assert!(list(&node, &gone, None).await.is_empty());
    assert_eq!(list(&node, &staff, None).await[0].title, "For us");
    assert!(deliver(&node).await.is_empty());
}

async fn two_nodes_share_a_broadcast(place: Place) {
    let node = place.open().await;
    let other = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let users = customers(&node, 350).await;
    for title in ["one", "two"] {
        let send = to_role(&staff, Role::Customer, title);
        assert_eq!(node.store.write(send).await.unwrap(), 350);
    }
    // Each stops when the other one is at what is left, as the job does, and looks again later.
    while place.count("broadcasts").await > 0 {
        tokio::join!(deliver(&node), deliver(&other));
    }
    assert_eq!(place.count("notifications").await, 700);
    for user in &users {
        let list = list(&node, user, None).await;
        let mut titles: Vec<_> = list.iter().map(|one| one.title.as_str()).collect();
        titles.sort_unstable();
        assert_eq!(titles, ["one", "two"]);
    }
}

async fn a_broadcast_under_a_key_is_sent_once(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    node.user("ana", Role::Customer).await;
    let key = |fingerprint: u8| OnceKey {
        user: staff.id,
        path: "/notifications".to_owned(),
        key: "k".to_owned(),
        fingerprint: [fingerprint; 32],
    };
    let send = to_role(&staff, Role::Customer, "once");
    let first = node.store.write_once(key(1), send.clone()).await.unwrap();
    assert_eq!(first, (1, false));
    deliver(&node).await;
    let again = node.store.write_once(key(1), send.clone()).await.unwrap();
    assert_eq!(again, (1, true));
    let other = node.store.write_once(key(2), send).await;
    refused_with(other, ErrorCode::IdempotencyConflict);
    assert!(deliver(&node).await.is_empty());
    assert_eq!(place.count("notifications").await, 1);
}

async fn a_broadcast_to_nobody_is_done_at_once(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let send = to_role(&staff, Role::Customer, "anyone?");
    assert_eq!(node.store.write(send).await.unwrap(), 0);
    assert!(deliver(&node).await.is_empty());
}

async fn only_what_was_read_long_ago_is_forgotten(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let ana = node.user("ana", Role::Customer).await;
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let today = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    let mut kept = Vec::new();
    for read_before in [None, Some(89), Some(91)] {
        let send = SendNotification {
            now: Timestamp(today - 400 * DAY_MS),
            ..to(&staff, &ana, "old")
        };
        let mut sent = node.store.write(send).await.unwrap();
        if let Some(days) = read_before {
            let now = Timestamp(today - days * DAY_MS);
            sent = node.store.write(read(&ana, sent.id, now)).await.unwrap();
        }
        if read_before != Some(91) {
            kept.push(sent);
        }
    }
    assert_eq!(node.store.prune().await.unwrap().notifications, 1);
    kept.reverse();
    assert_eq!(list(&node, &ana, None).await, kept);
    assert_eq!(node.store.prune().await.unwrap().notifications, 0);
}
