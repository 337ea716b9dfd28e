//! Erasing a person: what goes, what stays, and that the log stays a log.

use std::time::Duration;

use protocol::{ChannelName, ChatId, ErrorCode, EventName, MessageId, Role, User, UserId};
use store::{BeginChat, ChangeChat, NewHandler, WriteMessage};

use crate::harness::{Node, Place, actor, at, new_order, refused_with};

contract!(
    every_event_is_rewritten_in_its_place_however_many_there_are,
    a_member_of_staff_leaves_the_words_of_customers,
    the_last_admin_stays_and_nobody_cannot_be_erased,
    an_erasure_that_was_interrupted_is_finished_by_another,
    what_was_on_its_way_while_the_account_was_erased_is_erased_too,
);

async fn begin_chat(node: &Node, customer: &User, subject: &str) -> ChatId {
    let begin = BeginChat {
        actor: actor(customer),
        id: ChatId::new(),
        customer: customer.id,
        subject: subject.to_owned(),
        now: at(1),
    };
    node.store.write(begin).await.unwrap().id
}

async fn say(node: &Node, user: &User, chat: ChatId, body: &str, note: bool) {
    let write = WriteMessage {
        actor: actor(user),
        id: MessageId::new(),
        chat,
        client_id: None,
        body: body.to_owned(),
        note,
        now: at(2),
    };
    node.store.write(write).await.unwrap();
}

/// The data of all events of a channel.
async fn told(node: &Node, channel: &ChannelName) -> String {
    let page = node.page(channel, 0).await;
    page.events.iter().map(|event| &*event.data).collect()
}

async fn every_event_is_rewritten_in_its_place_however_many_there_are(place: Place) {
    let node = place.open().await;
    let item = node.item("Tea", 100).await;
    let ana = node.user("ana-canary", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let orders = (0..700).map(|index| {
        let mut order = new_order(if index % 7 == 0 { &ben } else { &ana }, &item);
        order.note = format!("note {index}");
        node.store.write(order)
    });
    for order in futures_util::future::join_all(orders).await {
        order.unwrap();
    }
    let staff = ChannelName::staff();
    let before = node.page(&staff, 0).await;
    let erased = node
        .store
        .erase_user(ana.id, Duration::ZERO, at(9))
        .await
        .unwrap();
    // Each is on the channel of staff, where it is rewritten, and on their own, where it goes.
    assert_eq!((erased.notes, erased.events), (600, 1_200));

    let after = node.page(&staff, 0).await;
    let place = |page: &engine::LogPage| {
        page.events
            .iter()
            .map(|event| (event.offset, event.id, event.name, event.at))
            .collect::<Vec<_>>()
    };
    assert_eq!(place(&before), place(&after), "nothing moved");
    assert_eq!((after.head, after.events.len()), (700, 700));
    for (before, after) in before.events.iter().zip(&after.events) {
        let is_of_ben = before.data.contains(&ben.id.to_string());
        assert_eq!(before.data == after.data, is_of_ben);
        assert!(!after.data.contains("canary"));
        assert_eq!(after.data.contains("\"note\":\"\""), !is_of_ben);
    }
    let own = node.page(&ChannelName::user(ana.id), 0).await;
    assert_eq!((own.head, own.oldest, own.events.len()), (600, 601, 0));
    let shell = node.store.user(ana.id).await.unwrap().unwrap();
    assert_eq!((shell.name.as_str(), shell.disabled), ("Erased", true));
    assert_eq!(shell.email, format!("erased-{}@invalid", ana.id));

    let told = node.told.on(&ChannelName::revocations());
    let erasure = told
        .iter()
        .find(|event| event.name == EventName::TextErased)
        .unwrap();
    for channel in [staff, ChannelName::user(ana.id)] {
        assert!(erasure.data.contains(channel.as_str()), "{}", erasure.data);
    }
}

async fn a_member_of_staff_leaves_the_words_of_customers(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let sam = node.user("sam-canary", Role::Staff).await;
    let tom = node.user("tom", Role::Staff).await;
    let chat = begin_chat(&node, &ana, "About tea").await;
    let handle = ChangeChat {
        actor: actor(&sam),
        id: chat,
        version: 1,
        subject: None,
        status: None,
        handler: Some(NewHandler::Person(sam.id)),
        now: at(2),
    };
    node.store.write(handle).await.unwrap();
    say(&node, &ana, chat, "is there any", false).await;
    say(&node, &sam, chat, "canary reply", false).await;
    say(&node, &sam, chat, "canary note", true).await;
    say(&node, &tom, chat, "note of tom", true).await;
    let channels = [
        ChannelName::staff(),
        ChannelName::chat(chat),
        ChannelName::user(ana.id),
    ];
    for channel in &channels {
        assert!(told(&node, channel).await.contains("canary"), "{channel}");
    }
    let erased = node
        .store
        .erase_user(sam.id, Duration::ZERO, at(9))
        .await
        .unwrap();
    assert_eq!(
        erased.messages, 3,
        "two of their own, and that they took over"
    );
    for channel in &channels {
        let told = told(&node, channel).await;
        assert!(!told.contains("canary"), "{told}");
        assert!(
            told.contains("is there any") && told.contains("About tea"),
            "{told}"
        );
    }
    assert!(told(&node, &channels[0]).await.contains("note of tom"));
    let chat = node.store.chat(&actor(&tom), chat).await.unwrap().unwrap();
    assert_eq!(chat.handler.user.unwrap().name, "Erased");
    assert_eq!(chat.status, protocol::ChatStatus::Open);
}

async fn the_last_admin_stays_and_nobody_cannot_be_erased(place: Place) {
    let node = place.open().await;
    let eve = node.user("eve", Role::Admin).await;
    let erase = |id| node.store.erase_user(id, Duration::ZERO, at(9));
    refused_with(erase(eve.id).await, ErrorCode::LastAdmin);
    refused_with(erase(UserId::new()).await, ErrorCode::NotFound);
    assert_eq!(node.store.user(eve.id).await.unwrap(), Some(eve.clone()));
    node.user("ada", Role::Admin).await;
    erase(eve.id).await.unwrap();
}

async fn an_erasure_that_was_interrupted_is_finished_by_another(place: Place) {
    let node = place.open().await;
    let item = node.item("Tea", 100).await;
    let ana = node.user("ana", Role::Customer).await;
    let mut order = new_order(&ana, &item);
    order.note = "canary".to_owned();
    node.store.write(order.clone()).await.unwrap();
    // The account is a shell already; the rest was not reached.
    let shell = format!(
        "UPDATE users SET name = 'Erased', email = 'erased-{}@invalid', disabled = 1 \
         WHERE id = '{}'",
        ana.id, ana.id
    );
    place.sql(&shell).await;
    node.store
        .erase_user(ana.id, Duration::ZERO, at(9))
        .await
        .unwrap();
    assert!(!told(&node, &ChannelName::staff()).await.contains("canary"));
    assert_eq!(node.store.order(order.id).await.unwrap().unwrap().note, "");
    node.store.compact().await.unwrap();
}

async fn what_was_on_its_way_while_the_account_was_erased_is_erased_too(place: Place) {
    let node = place.open().await;
    let item = node.item("Tea", 100).await;
    let ana = node.user("ana", Role::Customer).await;
    let mut late = new_order(&ana, &item);
    late.note = "canary".to_owned();
    let erasing = node.store.erase_user(ana.id, Duration::from_secs(2), at(9));
    let ordering = async {
        while !node.store.user(ana.id).await.unwrap().unwrap().disabled {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Its session was looked at before.
        node.store.write(late.clone()).await.unwrap();
    };
    let (erased, ()) = tokio::join!(erasing, ordering);
    assert_eq!(erased.unwrap().notes, 1);
    assert!(!told(&node, &ChannelName::staff()).await.contains("canary"));
    assert_eq!(node.store.order(late.id).await.unwrap().unwrap().note, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_overwritten_is_gone_from_the_file_without_rewriting_all_of_it() {
    let place = Place::sqlite();
    let node = place.open().await;
    let item = node.item("Tea", 100).await;
    let ana = node.user("ana", Role::Customer).await;
    let mut order = new_order(&ana, &item);
    // Long enough for pages of its own, which then are free.
    order.note = "canary ".repeat(280);
    node.store.write(order).await.unwrap();
    let holds_canary = || {
        let bytes = std::fs::read(place.file()).unwrap();
        bytes.windows(6).any(|window| window == b"canary")
    };
    node.store.close().await;
    assert!(holds_canary());
    let node = place.open().await;
    node.store
        .erase_user(ana.id, Duration::ZERO, at(9))
        .await
        .unwrap();
    node.store.close().await;
    assert!(!holds_canary());
}
