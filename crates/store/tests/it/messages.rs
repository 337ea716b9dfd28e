//! Messages: written once, seen by both sides, changed for a while by their author; notes that no
//! customer can tell from nothing; and deleted texts that are gone everywhere.

use std::time::Duration;

use desk::Scope;
use engine::Event;
use protocol::{
    ChannelName, Chat, ChatStatus, Erasure, ErrorCode, EventName, Message, MessageData, MessageId,
    MessageState, Page, Problem, Role, Sender, SenderKind, User,
};
use store::{
    ChangeChat, ChatFilter, DeleteMessage, EditMessage, OnceKey, PageRequest, WriteMessage,
};

use crate::chats::{change, new_message, read};
use crate::harness::{Node, Place, actor, at, invalid_fields, new_order, refused, refused_with};

contract! {
    a_message_is_told_to_both_sides_and_stands_in_its_chat,
    messages_are_listed_newest_first_in_the_order_of_commits,
    what_a_message_may_be_is_checked,
    twenty_at_once_under_one_client_id_write_one_message,
    a_client_id_belongs_to_one_author_and_one_chat,
    a_late_repetition_gets_the_message_as_it_is_now,
    nothing_is_written_in_a_closed_chat,
    a_customer_cannot_tell_that_there_are_notes,
    a_message_is_changed_by_its_author_for_fifteen_minutes,
    a_deleted_text_is_nowhere,
    a_text_deleted_in_the_transaction_that_tells_it_is_never_told,
    a_request_that_comes_again_does_not_bring_the_text_back,
    a_note_is_deleted_everywhere_too,
}

const CANARY: &str = "secret-canary";

fn edit(by: &User, message: &Message, body: &str) -> EditMessage {
    EditMessage {
        actor: actor(by),
        chat: message.chat_id,
        id: message.id,
        body: body.to_owned(),
        now: at(100),
    }
}

fn delete(by: &User, message: &Message) -> DeleteMessage {
    DeleteMessage {
        actor: actor(by),
        chat: message.chat_id,
        id: message.id,
        now: at(200),
    }
}

fn note(by: &User, chat: &Chat, body: &str) -> WriteMessage {
    WriteMessage {
        note: true,
        ..new_message(by, chat.id, body)
    }
}

async fn page(node: &Node, chat: &Chat, with_notes: bool) -> Page<Message> {
    let page = PageRequest {
        limit: 200,
        cursor: None,
    };
    node.store
        .messages(chat.id, with_notes, page)
        .await
        .unwrap()
}

impl Node {
    async fn people(&self) -> (User, User, Chat) {
        let ana = self.user("ana", Role::Customer).await;
        let staff = self.user("staff", Role::Staff).await;
        let chat = self.chat(&ana).await;
        (ana, staff, chat)
    }

    /// What everything in the log says.
    async fn log(&self, channels: &[ChannelName]) -> Vec<Event> {
        let mut events = Vec::new();
        for channel in channels {
            events.extend(self.page(channel, 0).await.events);
        }
        events
    }
}

fn channels(chat: &Chat) -> [ChannelName; 3] {
    [
        ChannelName::chat(chat.id),
        ChannelName::staff(),
        ChannelName::user(chat.customer.id),
    ]
}

async fn a_message_is_told_to_both_sides_and_stands_in_its_chat(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let body = "RTL שלום, ZWJ 👩‍👩‍👧‍👦, \u{202e}%_'\"\\\r\n\t";
    let write = WriteMessage {
        client_id: Some("c-1".to_owned()),
        ..new_message(&ana, chat.id, body)
    };
    let message = node.store.write(write.clone()).await.unwrap();
    let expected = Message {
        id: write.id,
        chat_id: chat.id,
        client_id: Some("c-1".to_owned()),
        sender: Sender {
            kind: SenderKind::Customer,
            id: Some(ana.id),
            name: "ana".to_owned(),
        },
        body: body.to_owned(),
        note: false,
        state: MessageState::Complete,
        actions: Vec::new(),
        created_at: at(10),
        edited_at: None,
        deleted_at: None,
    };
    assert_eq!(message, expected);
    let listed = page(&node, &chat, false).await.items;
    assert_eq!(listed, std::slice::from_ref(&expected));
    for by in [&ana, &staff] {
        let chat = node.seen(by, &chat).await;
        assert_eq!(chat.last_message.as_ref(), Some(&expected));
        assert_eq!((chat.updated_at, chat.version), (at(10), 1));
    }
    let mut ids = Vec::new();
    for channel in channels(&chat) {
        let told = node.told.on(&channel);
        let event = told.last().unwrap();
        assert_eq!(event.name, EventName::MessageCreated);
        let data: MessageData = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data.message, expected);
        ids.push(event.id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    let answer = node.say(&staff, &chat, "hello").await;
    assert_eq!(answer.sender.kind, SenderKind::Staff);
    assert_eq!(node.seen(&ana, &chat).await.last_message, Some(answer));
    // Whoever writes first does not take the chat over.
    assert_eq!(node.seen(&ana, &chat).await.handler, chat.handler);
}

async fn messages_are_listed_newest_first_in_the_order_of_commits(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    // All at one moment, and a clock that goes back.
    let mut written = Vec::new();
    for index in 0..7 {
        let by = if index % 2 == 0 { &ana } else { &staff };
        let write = WriteMessage {
            now: at(10 - index),
            ..new_message(by, chat.id, &index.to_string())
        };
        written.push(node.store.write(write).await.unwrap());
    }
    assert!(written.is_sorted_by(|one, two| one.created_at < two.created_at));
    written.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, cursor };
        let page = node.store.messages(chat.id, true, page).await.unwrap();
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, written);
    let elsewhere = node.chat(&node.user("ben", Role::Customer).await).await;
    assert_eq!(page(&node, &elsewhere, true).await.items, []);
}

async fn what_a_message_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let (ana, _, chat) = node.people().await;
    for body in ["", "  \n", "a\0b", "a\u{7}b", &"x".repeat(4_001)] {
        let write = new_message(&ana, chat.id, body);
        assert_eq!(invalid_fields(node.store.write(write).await), ["/body"]);
    }
    for client_id in ["", "\n", &"x".repeat(65)] {
        let write = WriteMessage {
            client_id: Some(client_id.to_owned()),
            ..new_message(&ana, chat.id, "x")
        };
        let fields = invalid_fields(node.store.write(write).await);
        assert!(
            fields.iter().all(|field| field == "/client_id"),
            "{fields:?}"
        );
    }
    let longest = node.say(&ana, &chat, &"ש".repeat(4_000)).await;
    for body in ["", "\0", &"x".repeat(4_001)] {
        let fields = invalid_fields(node.store.write(edit(&ana, &longest, body)).await);
        assert_eq!(fields, ["/body"]);
    }
    assert_eq!(place.count("messages").await, 1);
}

fn under(by: &User, chat: &Chat, client_id: &str, body: &str) -> WriteMessage {
    WriteMessage {
        client_id: Some(client_id.to_owned()),
        ..new_message(by, chat.id, body)
    }
}

async fn twenty_at_once_under_one_client_id_write_one_message(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let (ana, _, chat) = nodes[0].people().await;
    let told = nodes[0].told.times();
    let calls = (0..20).map(|index| {
        let store = nodes[index % 2].store.clone();
        let write = under(&ana, &chat, "c-1", "hello");
        tokio::spawn(async move { store.write(write).await.unwrap() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|message| *message == answers[0]));
    assert_eq!(place.count("messages").await, 1);
    assert_eq!(nodes[0].told.times() + nodes[1].told.times(), told + 1);
    let other = nodes[1].store.write(under(&ana, &chat, "c-1", "bye")).await;
    refused_with(other, ErrorCode::ClientIdConflict);
}

async fn a_client_id_belongs_to_one_author_and_one_chat(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let ben = node.user("ben", Role::Customer).await;
    let other = node.chat(&ben).await;
    for (by, chat, client_id) in [
        (&ana, &chat, "c-1"),
        (&staff, &chat, "c-1"),
        (&staff, &other, "c-1"),
        (&ana, &chat, "c-2"),
    ] {
        let write = under(by, chat, client_id, "hello");
        node.store.write(write).await.unwrap();
    }
    assert_eq!(place.count("messages").await, 4);
    // Without one, nothing is a repetition.
    node.say(&ana, &chat, "hello").await;
    node.say(&ana, &chat, "hello").await;
    assert_eq!(place.count("messages").await, 6);
    // A note and a message are not the same.
    let as_note = WriteMessage {
        note: true,
        ..under(&staff, &chat, "c-1", "hello")
    };
    refused_with(node.store.write(as_note).await, ErrorCode::ClientIdConflict);
}

async fn a_late_repetition_gets_the_message_as_it_is_now(place: Place) {
    let node = place.open().await;
    let (ana, _, chat) = node.people().await;
    let write = under(&ana, &chat, "c-1", "one");
    let message = node.store.write(write.clone()).await.unwrap();
    node.store.write(edit(&ana, &message, "two")).await.unwrap();
    let message = node
        .store
        .write(edit(&ana, &message, "three"))
        .await
        .unwrap();
    let again = |body: &str| under(&ana, &chat, "c-1", body);
    assert_eq!(node.store.write(again("one")).await.unwrap(), message);
    for body in ["two", "three"] {
        let other = node.store.write(again(body)).await;
        refused_with(other, ErrorCode::ClientIdConflict);
    }
    node.set_chat_status(&ana, &chat, ChatStatus::Closed).await;
    assert_eq!(node.store.write(again("one")).await.unwrap(), message);
    let message = node.store.write(delete(&ana, &message)).await.unwrap();
    assert_eq!(node.store.write(again("one")).await.unwrap(), message);
    assert_eq!(message.body, "");
}

async fn nothing_is_written_in_a_closed_chat(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let message = node.say(&ana, &chat, "hello").await;
    let chat = node.set_chat_status(&ana, &chat, ChatStatus::Closed).await;
    for write in [
        new_message(&ana, chat.id, "more"),
        new_message(&staff, chat.id, "more"),
        note(&staff, &chat, "more"),
    ] {
        refused_with(node.store.write(write).await, ErrorCode::ChatClosed);
    }
    let edit = node.store.write(edit(&ana, &message, "more")).await;
    refused_with(edit, ErrorCode::ChatClosed);
    // Reading and taking back go on.
    node.store.write(read(&staff, &message)).await.unwrap();
    node.store.write(delete(&ana, &message)).await.unwrap();
    node.set_chat_status(&staff, &node.seen(&staff, &chat).await, ChatStatus::Open)
        .await;
    node.say(&ana, &chat, "more").await;
}

/// Everything that a customer can be shown of a chat.
async fn shown(node: &Node, ana: &User, chat: &Chat) -> String {
    let filter = ChatFilter {
        scope: Scope::Own(ana.id),
        status: None,
        handler: None,
    };
    let first = PageRequest {
        limit: 1,
        cursor: None,
    };
    let list = node.store.chats(&actor(ana), filter, first.clone()).await;
    let messages = node.store.messages(chat.id, false, first).await;
    let log = [ChannelName::chat(chat.id), ChannelName::user(ana.id)];
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        node.seen(ana, chat).await,
        list.unwrap(),
        messages.unwrap(),
        page(node, chat, false).await,
        node.log(&log).await,
    )
}

async fn a_customer_cannot_tell_that_there_are_notes(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let boss = node.user("boss", Role::Admin).await;
    let early = node
        .store
        .write(note(&staff, &chat, "early"))
        .await
        .unwrap();
    node.store.write(read(&boss, &early)).await.unwrap();
    assert_eq!(node.seen(&ana, &chat).await.read, []);
    let hello = node.say(&staff, &chat, "hello").await;
    node.store.write(read(&boss, &hello)).await.unwrap();
    let before = shown(&node, &ana, &chat).await;

    let mut last = None;
    for index in 0..3 {
        let body = format!("{CANARY} {index}");
        last = Some(node.store.write(note(&staff, &chat, &body)).await.unwrap());
    }
    let last = last.unwrap();
    let changed = node.store.write(edit(&staff, &last, CANARY)).await.unwrap();
    node.store.write(read(&boss, &last)).await.unwrap();
    assert_eq!(shown(&node, &ana, &chat).await, before);

    assert_eq!(page(&node, &chat, true).await.items.len(), 5);
    assert_eq!(page(&node, &chat, true).await.items[0], changed);
    let theirs = node.seen(&boss, &chat).await;
    assert_eq!(theirs.last_message.as_ref(), Some(&hello));
    assert_eq!(theirs.read.len(), 1);
    assert_eq!(
        (theirs.read[0].message_id, theirs.unread),
        (hello.id, Some(0))
    );
    let notes = node.told.on(&ChannelName::staff());
    let notes: Vec<_> = notes
        .iter()
        .filter(|event| event.data.contains(CANARY))
        .collect();
    assert_eq!(notes.len(), 4);
    for channel in [ChannelName::chat(chat.id), ChannelName::user(ana.id)] {
        let told = node.told.on(&channel);
        assert!(told.iter().all(|event| !event.data.contains(CANARY)));
    }

    // Whatever she tries with the id of a note, it is nobody's.
    let mut told: Vec<Problem> = Vec::new();
    let nobody = Message {
        id: MessageId::new(),
        ..last.clone()
    };
    for message in [&last, &nobody] {
        told.push(refused(node.store.write(read(&ana, message)).await));
        told.push(refused(node.store.write(edit(&ana, message, "x")).await));
        told.push(refused(node.store.write(delete(&ana, message)).await));
    }
    assert_eq!(told[0].code, ErrorCode::NotFound);
    assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
    let hers = node.store.write(note(&ana, &chat, "mine")).await;
    refused_with(hers, ErrorCode::Forbidden);
}

async fn a_message_is_changed_by_its_author_for_fifteen_minutes(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let message = node.say(&ana, &chat, "one").await;
    for by in [&staff, &node.user("boss", Role::Admin).await] {
        let other = node.store.write(edit(by, &message, "two")).await;
        refused_with(other, ErrorCode::Forbidden);
        refused_with(
            node.store.write(delete(by, &message)).await,
            ErrorCode::Forbidden,
        );
    }
    let changed = node.store.write(edit(&ana, &message, "two")).await.unwrap();
    let expected = Message {
        body: "two".to_owned(),
        edited_at: Some(at(100)),
        ..message.clone()
    };
    assert_eq!(changed, expected);
    let last = node.seen(&staff, &chat).await.last_message;
    assert_eq!(last.as_ref(), Some(&changed));
    let told = node.told.times();
    assert_eq!(
        node.store.write(edit(&ana, &message, "two")).await.unwrap(),
        changed
    );
    assert_eq!(
        node.told.times(),
        told,
        "what changes nothing tells nothing"
    );
    let log = node.log(&channels(&chat)).await;
    let said = |name: EventName, body: &str| {
        let text = format!("\"body\":\"{body}\"");
        let told = |event: &&Event| event.name == name && event.data.contains(&text);
        log.iter().filter(told).count()
    };
    // What it said before stays in the log.
    assert_eq!(said(EventName::MessageCreated, "one"), 3);
    assert_eq!(said(EventName::MessageUpdated, "two"), 3);

    const MINUTES_15: i64 = 15 * 60 * 1_000;
    let move_to = |ms: i64| format!("UPDATE messages SET created_at = {}", at(ms).0);
    place.sql(&move_to(100 - MINUTES_15)).await;
    let changed = node
        .store
        .write(edit(&ana, &message, "three"))
        .await
        .unwrap();
    place.sql(&move_to(99 - MINUTES_15)).await;
    let late = node.store.write(edit(&ana, &message, "four")).await;
    refused_with(late, ErrorCode::EditingOver);
    refused_with(
        node.store.write(delete(&ana, &message)).await,
        ErrorCode::EditingOver,
    );
    assert_eq!(page(&node, &chat, false).await.items[0].body, changed.body);
}

/// Whether a text stands anywhere in the database; on SQLite anywhere in its files.
async fn holds(place: &Place, text: &str) -> bool {
    if place.is_sqlite() {
        let has = |bytes: Vec<u8>| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let beside = place.file().with_file_name("desk.db-wal");
        return has(std::fs::read(place.file()).unwrap()) || std::fs::read(beside).is_ok_and(has);
    }
    let mut found = 0;
    for table in [
        "events",
        "messages",
        "chats",
        "chat_reads",
        "chat_deliveries",
        "once_keys",
        "notifications",
    ] {
        found += place
            .count(&format!("{table} AS x WHERE x::text LIKE '%{text}%'"))
            .await;
    }
    found > 0
}

/// Fails unless a text goes from a database that nobody has open. On SQLite the last connection
/// empties the file beside it as it closes, and a busy machine lets us wait for that.
async fn is_gone(place: &Place, text: &str) {
    for _ in 0..100 {
        if place.is_sqlite() {
            place.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
        }
        if !holds(place, text).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{text} is still there");
}

async fn a_deleted_text_is_nowhere(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    // Long enough for pages of its own, and changed, so that the log has several of its texts.
    let long = |word: &str| format!("{word} {}", CANARY.repeat(300));
    let message = node.say(&ana, &chat, &long("one")).await;
    node.store
        .write(edit(&ana, &message, &long("two")))
        .await
        .unwrap();
    let message = node
        .store
        .write(edit(&ana, &message, CANARY))
        .await
        .unwrap();
    node.store.write(read(&staff, &message)).await.unwrap();
    let named = ChangeChat {
        subject: Some("cake".to_owned()),
        ..change(&staff, &chat)
    };
    node.store.write(named).await.unwrap();
    let kept = node.say(&ana, &chat, "this one stays").await;
    let log = node.log(&channels(&chat)).await;
    let held = log
        .iter()
        .filter(|event| event.data.contains(CANARY))
        .count();
    assert_eq!(held, 3 * 5, "a message, two changes, a reading and a name");
    assert!(holds(&place, CANARY).await);

    let deleted = node.store.write(delete(&ana, &message)).await.unwrap();
    let expected = Message {
        body: String::new(),
        deleted_at: Some(at(200)),
        ..message.clone()
    };
    assert_eq!(deleted, expected);
    assert_eq!(
        page(&node, &chat, true).await.items,
        [kept, deleted.clone()]
    );
    let after = node.log(&channels(&chat)).await;
    let place_of = |event: &Event| (event.channel.clone(), event.offset, event.id, event.at);
    let places: Vec<_> = after.iter().map(place_of).collect();
    assert!(log.iter().all(|event| places.contains(&place_of(event))));
    assert_eq!(after.len(), log.len() + 3);
    assert!(after.iter().all(|event| !event.data.contains(CANARY)));
    let told: Vec<Message> = after
        .iter()
        .filter_map(|event| serde_json::from_str::<MessageData>(&event.data).ok())
        .map(|data| data.message)
        .filter(|told| told.id == message.id)
        .collect();
    assert_eq!(told.len(), 3 * 4);
    assert!(told.iter().all(|told| told.deleted_at == Some(at(200))));
    // What shards remember is forgotten too.
    let internal = node.told.on(&ChannelName::revocations());
    assert_eq!(internal.len(), 1);
    assert_eq!(internal[0].name, EventName::TextErased);
    let erasure: Erasure = serde_json::from_str(&internal[0].data).unwrap();
    assert_eq!(erasure.channels, channels(&chat));
    // Once is enough, and it cannot be changed back.
    let times = node.told.times();
    assert_eq!(
        node.store.write(delete(&ana, &message)).await.unwrap(),
        deleted
    );
    assert_eq!(node.told.times(), times);
    let back = node.store.write(edit(&ana, &message, CANARY)).await;
    refused_with(back, ErrorCode::EditingOver);
    node.store.close().await;
    is_gone(&place, CANARY).await;
}

async fn a_text_deleted_in_the_transaction_that_tells_it_is_never_told(place: Place) {
    let node = place.open().await;
    let (ana, _, chat) = node.people().await;
    let soup = node.item("soup", 450).await;
    let other = node.say(&ana, &chat, "other").await;
    let write = new_message(&ana, chat.id, CANARY);
    let message = Message {
        id: write.id,
        ..other
    };
    let mut blocker = place.block_writes().await;
    let store = node.store.clone();
    let order = new_order(&ana, &soup);
    let first = tokio::spawn(async move { store.write(order).await });
    // The first change waits for the lock; the next two wait for it, and share a transaction.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (one, two) = (node.store.clone(), node.store.clone());
    let written = tokio::spawn(async move { one.write(write).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let remove = delete(&ana, &message);
    let deleted = tokio::spawn(async move { two.write(remove).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let times = node.told.times();
    blocker.run("COMMIT").await;
    first.await.unwrap().unwrap();
    assert_eq!(written.await.unwrap().unwrap().body, CANARY);
    assert_eq!(deleted.await.unwrap().unwrap().body, "");
    assert_eq!(node.told.times(), times + 2, "they shared a transaction");
    assert!(
        node.told
            .all()
            .iter()
            .all(|event| !event.data.contains(CANARY))
    );
    let log = node.log(&channels(&chat)).await;
    assert!(log.iter().all(|event| !event.data.contains(CANARY)));
    let told = |event: &&Event| event.data.contains(&message.id.to_string());
    assert_eq!(
        log.iter().filter(told).count(),
        6,
        "but both events are there"
    );
}

async fn a_request_that_comes_again_does_not_bring_the_text_back(place: Place) {
    let node = place.open().await;
    let (ana, _, chat) = node.people().await;
    let key = OnceKey {
        user: ana.id,
        path: format!("/api/v1/chats/{}/messages", chat.id).to_uppercase(),
        key: "k1".to_owned(),
        fingerprint: [1; 32],
    };
    let write = new_message(&ana, chat.id, CANARY);
    let (message, _) = node.store.write_once(key.clone(), write).await.unwrap();
    let deleted = node.store.write(delete(&ana, &message)).await.unwrap();
    let again = new_message(&ana, chat.id, CANARY);
    let answer = node.store.write_once(key, again).await.unwrap();
    assert_eq!(answer, (deleted, true));
    assert_eq!(place.count("messages").await, 1);
    node.store.close().await;
    is_gone(&place, CANARY).await;
}

async fn a_note_is_deleted_everywhere_too(place: Place) {
    let node = place.open().await;
    let (ana, staff, chat) = node.people().await;
    let message = node.store.write(note(&staff, &chat, CANARY)).await.unwrap();
    let before = shown(&node, &ana, &chat).await;
    node.store.write(delete(&staff, &message)).await.unwrap();
    assert_eq!(shown(&node, &ana, &chat).await, before);
    let internal = node.told.on(&ChannelName::revocations());
    let json: serde_json::Value = serde_json::from_str(&internal[0].data).unwrap();
    assert_eq!(json["channels"], serde_json::json!(["staff"]));
    let log = node.log(&channels(&chat)).await;
    assert!(log.iter().all(|event| !event.data.contains(CANARY)));
    node.store.close().await;
    is_gone(&place, CANARY).await;
}
