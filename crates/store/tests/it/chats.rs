//! Chats: who may begin, see and change them, who answers, and how far everyone has read.

use desk::Scope;
use protocol::{
    ChannelName, Chat, ChatData, ChatId, ChatStatus, ErrorCode, EventName, Handler, HandlerKind,
    Message, MessageId, Person, ReadPosition, Role, SenderKind, Timestamp, User, UserId,
};
use store::{
    BeginChat, ChangeChat, ChangeUserLocally, ChatFilter, MarkDelivered, MarkRead, NewHandler,
    PageRequest, WriteMessage,
};

use crate::harness::{Node, Place, actor, at, invalid_fields, refused, refused_with};

contract! {
    a_chat_is_told_to_both_sides_without_what_is_the_callers_alone,
    a_customer_has_at_most_one_open_chat,
    twenty_at_once_on_two_nodes_begin_one_chat,
    two_chats_opened_again_at_once_give_one_winner,
    staff_begin_chats_for_customers_only,
    staff_name_and_assign_and_customers_only_close,
    only_someone_of_the_desk_answers,
    a_stale_change_gets_the_current_chat,
    the_chat_of_someone_else_is_hidden,
    what_changes_nothing_tells_nothing,
    chats_are_listed_by_their_last_use_and_filtered,
    read_positions_only_move_forward,
    what_has_arrived_only_moves_forward_and_is_never_behind_what_was_read,
    where_someone_has_got_to_never_stands_on_a_note,
    unread_messages_are_those_of_others,
}

pub(crate) fn begin(by: &User, customer: &User) -> BeginChat {
    BeginChat {
        actor: actor(by),
        id: ChatId::new(),
        customer: customer.id,
        subject: String::new(),
        now: at(0),
    }
}

pub(crate) fn change(by: &User, chat: &Chat) -> ChangeChat {
    ChangeChat {
        actor: actor(by),
        id: chat.id,
        version: chat.version,
        subject: None,
        status: None,
        handler: None,
        now: at(50),
    }
}

pub(crate) fn new_message(by: &User, chat: ChatId, body: &str) -> WriteMessage {
    WriteMessage {
        actor: actor(by),
        id: MessageId::new(),
        chat,
        client_id: None,
        body: body.to_owned(),
        note: false,
        now: at(10),
    }
}

pub(crate) fn read(by: &User, message: &Message) -> MarkRead {
    MarkRead {
        actor: actor(by),
        chat: message.chat_id,
        message: message.id,
    }
}

fn delivered(by: &User, message: &Message) -> MarkDelivered {
    MarkDelivered {
        actor: actor(by),
        chat: message.chat_id,
        message: message.id,
    }
}

fn position(message: &Message, user: &User) -> ReadPosition {
    ReadPosition {
        user_id: user.id,
        message_id: message.id,
    }
}

impl Node {
    pub(crate) async fn chat(&self, customer: &User) -> Chat {
        self.store.write(begin(customer, customer)).await.unwrap()
    }

    pub(crate) async fn seen(&self, by: &User, chat: &Chat) -> Chat {
        self.store.chat(&actor(by), chat.id).await.unwrap().unwrap()
    }

    pub(crate) async fn say(&self, by: &User, chat: &Chat, body: &str) -> Message {
        self.store
            .write(new_message(by, chat.id, body))
            .await
            .unwrap()
    }

    pub(crate) async fn set_chat_status(&self, by: &User, chat: &Chat, status: ChatStatus) -> Chat {
        let change = ChangeChat {
            status: Some(status),
            ..change(by, chat)
        };
        self.store.write(change).await.unwrap()
    }
}

fn channels(chat: &Chat) -> [ChannelName; 3] {
    [
        ChannelName::chat(chat.id),
        ChannelName::staff(),
        ChannelName::user(chat.customer.id),
    ]
}

async fn a_chat_is_told_to_both_sides_without_what_is_the_callers_alone(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let begin = BeginChat {
        subject: "שלום 👩‍👩‍👧‍👦 %_".to_owned(),
        now: at(7),
        ..begin(&ana, &ana)
    };
    let chat = node.store.write(begin.clone()).await.unwrap();
    let expected = Chat {
        id: begin.id,
        customer: Person {
            id: ana.id,
            name: "ana".to_owned(),
        },
        subject: begin.subject.clone(),
        status: ChatStatus::Open,
        handler: Handler {
            kind: HandlerKind::None,
            user: None,
        },
        last_message: None,
        read: vec![],
        delivered: vec![],
        unread: Some(0),
        version: 1,
        created_at: at(7),
        updated_at: at(7),
    };
    assert_eq!(chat, expected);
    assert_eq!(node.seen(&ana, &chat).await, expected);
    let missing = node.store.chat(&actor(&ana), ChatId::new()).await.unwrap();
    assert_eq!(missing, None);
    let customer = node.store.chat_customer(chat.id).await.unwrap();
    assert_eq!(customer, Some(ana.id));
    assert_eq!(node.store.chat_customer(ChatId::new()).await.unwrap(), None);

    let told = node.told.all();
    let on: Vec<_> = told.iter().map(|event| event.channel.clone()).collect();
    assert_eq!(on, channels(&chat));
    for event in &told {
        assert_eq!((event.id, event.name), (told[0].id, EventName::ChatCreated));
        let data: ChatData = serde_json::from_str(&event.data).unwrap();
        let everyones = Chat {
            unread: None,
            ..expected.clone()
        };
        assert_eq!(data.chat, everyones);
        assert!(!event.data.contains("unread"));
    }
    let long = BeginChat {
        subject: "x".repeat(201),
        ..begin
    };
    assert_eq!(invalid_fields(node.store.write(long).await), ["/subject"]);
}

async fn a_customer_has_at_most_one_open_chat(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let first = node.chat(&ana).await;
    for by in [&ana, &staff] {
        let problem = refused(node.store.write(begin(by, &ana)).await);
        assert_eq!(problem.code, ErrorCode::ChatOpen);
        let seen = serde_json::to_value(node.seen(by, &first).await).unwrap();
        assert_eq!(problem.members["chat"], seen);
    }
    // Someone else's chat is no hindrance.
    node.chat(&node.user("ben", Role::Customer).await).await;

    let first = node.set_chat_status(&ana, &first, ChatStatus::Closed).await;
    let second = node.chat(&ana).await;
    let again = ChangeChat {
        status: Some(ChatStatus::Open),
        ..change(&ana, &first)
    };
    let problem = refused(node.store.write(again).await);
    assert_eq!(problem.code, ErrorCode::ChatOpen);
    assert_eq!(problem.members["chat"]["id"], second.id.to_string());
    node.set_chat_status(&ana, &second, ChatStatus::Closed)
        .await;
    let first = node.set_chat_status(&ana, &first, ChatStatus::Open).await;
    assert_eq!((first.status, first.version), (ChatStatus::Open, 3));
}

async fn twenty_at_once_on_two_nodes_begin_one_chat(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let ana = nodes[0].user("ana", Role::Customer).await;
    let calls = (0..20).map(|index| {
        let store = nodes[index % 2].store.clone();
        let begin = begin(&ana, &ana);
        tokio::spawn(async move { store.write(begin).await })
    });
    let (mut begun, mut told) = (Vec::new(), Vec::new());
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(chat) => begun.push(chat.id.to_string()),
            other => told.push(refused(other)),
        }
    }
    assert_eq!((begun.len(), told.len()), (1, 19));
    for problem in told {
        assert_eq!(problem.code, ErrorCode::ChatOpen);
        assert_eq!(problem.members["chat"]["id"], begun[0]);
    }
    assert_eq!(place.count("chats").await, 1);
}

async fn two_chats_opened_again_at_once_give_one_winner(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let ana = nodes[0].user("ana", Role::Customer).await;
    let mut closed = Vec::new();
    for _ in 0..8 {
        let chat = nodes[0].chat(&ana).await;
        closed.push(
            nodes[0]
                .set_chat_status(&ana, &chat, ChatStatus::Closed)
                .await,
        );
    }
    let calls = closed.iter().enumerate().map(|(index, chat)| {
        let store = nodes[index % 2].store.clone();
        let open = ChangeChat {
            status: Some(ChatStatus::Open),
            ..change(&ana, chat)
        };
        tokio::spawn(async move { store.write(open).await })
    });
    let mut won = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => won += 1,
            other => refused_with(other, ErrorCode::ChatOpen),
        }
    }
    assert_eq!(won, 1);
}

async fn staff_begin_chats_for_customers_only(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let other = node.user("other", Role::Staff).await;
    let chat = node.store.write(begin(&staff, &ana)).await.unwrap();
    assert_eq!(chat.customer.id, ana.id);
    let nobody = BeginChat {
        customer: UserId::new(),
        ..begin(&staff, &ana)
    };
    for wrong in [nobody.clone(), begin(&staff, &other)] {
        assert_eq!(
            invalid_fields(node.store.write(wrong).await),
            ["/customer_id"]
        );
    }
    // A customer is told the same of an account that exists and one that does not.
    let by_ben = BeginChat {
        actor: actor(&ben),
        ..nobody
    };
    let told = [by_ben, begin(&ben, &ana)].map(|begin| node.store.write(begin));
    let [one, two] = told;
    let (one, two) = (refused(one.await), refused(two.await));
    assert_eq!(one.code, ErrorCode::Forbidden);
    assert_eq!(one, two);
}

async fn staff_name_and_assign_and_customers_only_close(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let named = ChangeChat {
        subject: Some("cake".to_owned()),
        handler: Some(NewHandler::Person(staff.id)),
        ..change(&staff, &chat)
    };
    for wrong in [
        ChangeChat {
            subject: Some("mine".to_owned()),
            ..change(&ana, &chat)
        },
        ChangeChat {
            handler: Some(NewHandler::Nobody),
            ..change(&ana, &chat)
        },
        ChangeChat {
            actor: actor(&ana),
            ..named.clone()
        },
    ] {
        refused_with(node.store.write(wrong).await, ErrorCode::Forbidden);
    }
    let chat = node.store.write(named).await.unwrap();
    let person = Person {
        id: staff.id,
        name: "staff".to_owned(),
    };
    assert_eq!(chat.subject, "cake");
    assert_eq!(chat.handler.user, Some(person));
    assert_eq!((chat.version, chat.updated_at), (2, at(50)));
    assert_eq!(node.seen(&staff, &chat).await, chat);
    let told = node.told.on(&ChannelName::chat(chat.id));
    let names: Vec<EventName> = told[1..].iter().map(|event| event.name).collect();
    assert_eq!(names, [EventName::MessageCreated, EventName::ChatUpdated]);
    let notice = chat.last_message.clone().unwrap();
    assert_eq!(notice.sender.kind, SenderKind::System);
    assert_eq!(notice.body, "staff took over.");
    assert_eq!(
        node.seen(&ana, &chat).await.unread,
        Some(0),
        "nothing to read"
    );

    let chat = node.set_chat_status(&ana, &chat, ChatStatus::Closed).await;
    let free = ChangeChat {
        handler: Some(NewHandler::Nobody),
        status: Some(ChatStatus::Open),
        ..change(&staff, &chat)
    };
    let chat = node.store.write(free).await.unwrap();
    assert_eq!(chat.handler.kind, HandlerKind::None);
    assert_eq!(
        (chat.handler.user.clone(), chat.status),
        (None, ChatStatus::Open)
    );
    let nul = ChangeChat {
        subject: Some("\0".to_owned()),
        ..change(&staff, &chat)
    };
    assert_eq!(invalid_fields(node.store.write(nul).await), ["/subject"]);
}

async fn only_someone_of_the_desk_answers(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let gone = node.user("gone", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    let disable = ChangeUserLocally {
        id: gone.id,
        name: None,
        role: None,
        disabled: Some(true),
        now: at(1),
    };
    node.store.write(disable).await.unwrap();
    let chat = node.chat(&ana).await;
    let hand = |to: UserId| ChangeChat {
        handler: Some(NewHandler::Person(to)),
        ..change(&staff, &chat)
    };
    for nobody in [ana.id, gone.id, UserId::new()] {
        let fields = invalid_fields(node.store.write(hand(nobody)).await);
        assert_eq!(fields, ["/handler/user_id"]);
    }
    let chat = node.store.write(hand(admin.id)).await.unwrap();
    assert_eq!(chat.handler.user.unwrap().id, admin.id);
}

async fn a_stale_change_gets_the_current_chat(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let seen = node.chat(&ana).await;
    let current = node.set_chat_status(&ana, &seen, ChatStatus::Closed).await;
    let stale = ChangeChat {
        subject: Some("x".to_owned()),
        ..change(&ana, &seen)
    };
    let problem = refused(node.store.write(stale).await);
    assert_eq!(problem.code, ErrorCode::StaleVersion);
    let expected = serde_json::to_value(&current).unwrap();
    assert_eq!(problem.members["current"], expected);
}

async fn the_chat_of_someone_else_is_hidden(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let eve = node.user("eve", Role::Customer).await;
    let chat = node.chat(&ana).await;
    let message = node.say(&ana, &chat, "hello").await;
    let mut told = Vec::new();
    for id in [chat.id, ChatId::new()] {
        for version in [1, 7] {
            let close = ChangeChat {
                id,
                version,
                status: Some(ChatStatus::Closed),
                subject: Some("\0".to_owned()),
                ..change(&eve, &chat)
            };
            told.push(refused(node.store.write(close).await));
        }
        for note in [false, true] {
            let write = WriteMessage {
                note,
                ..new_message(&eve, id, "hi")
            };
            told.push(refused(node.store.write(write).await));
        }
        let read = MarkRead {
            chat: id,
            ..read(&eve, &message)
        };
        told.push(refused(node.store.write(read).await));
        let delivered = MarkDelivered {
            chat: id,
            ..delivered(&eve, &message)
        };
        told.push(refused(node.store.write(delivered).await));
    }
    assert_eq!(told[0].code, ErrorCode::NotFound);
    assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
    assert_eq!(node.seen(&ana, &chat).await.version, 1);
}

async fn what_changes_nothing_tells_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let same = ChangeChat {
        subject: Some(String::new()),
        status: Some(ChatStatus::Open),
        handler: Some(NewHandler::Nobody),
        ..change(&staff, &chat)
    };
    assert_eq!(node.store.write(same).await.unwrap(), chat);
    assert_eq!(node.told.times(), 1);
}

async fn chats_are_listed_by_their_last_use_and_filtered(place: Place) {
    let node = place.open().await;
    let staff = node.user("staff", Role::Staff).await;
    let mut chats = Vec::new();
    let mut customers = Vec::new();
    for index in 0..5 {
        let customer = node.user(&format!("c{index}"), Role::Customer).await;
        let begin = BeginChat {
            now: at(index),
            ..begin(&customer, &customer)
        };
        chats.push(node.store.write(begin).await.unwrap());
        customers.push(customer);
    }
    let all = ChatFilter {
        scope: Scope::All,
        status: None,
        handler: None,
    };
    let list = async |by: &User, filter: ChatFilter, limit: u32| {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit, cursor };
            let page = node.store.chats(&actor(by), filter, page).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            for chat in page.items {
                assert_eq!(chat, node.seen(by, &chat).await);
                ids.push(chats.iter().position(|one| one.id == chat.id).unwrap());
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return ids;
            }
        }
    };
    assert_eq!(list(&staff, all, 2).await, [4, 3, 2, 1, 0]);
    // A message moves its chat to the top; reading it, and a note, do not.
    let message = node.say(&customers[1], &chats[1], "me first").await;
    let note = WriteMessage {
        note: true,
        now: at(11),
        ..new_message(&staff, chats[3].id, "hm")
    };
    node.store.write(note).await.unwrap();
    node.store.write(read(&staff, &message)).await.unwrap();
    assert_eq!(list(&staff, all, 3).await, [1, 4, 3, 2, 0]);

    node.set_chat_status(&customers[2], &chats[2], ChatStatus::Closed)
        .await;
    let mine = NewHandler::Person(staff.id);
    let take = ChangeChat {
        handler: Some(mine),
        ..change(&staff, &chats[0])
    };
    node.store.write(take).await.unwrap();
    let with = |status, handler| ChatFilter {
        status,
        handler,
        ..all
    };
    let nobody = Some(NewHandler::Nobody);
    let closed = Some(ChatStatus::Closed);
    assert_eq!(list(&staff, with(closed, None), 50).await, [2]);
    assert_eq!(list(&staff, with(None, Some(mine)), 50).await, [0]);
    assert_eq!(list(&staff, with(closed, Some(mine)), 50).await, [0; 0]);
    assert_eq!(list(&staff, with(None, nobody), 1).await, [2, 1, 4, 3]);
    let own = ChatFilter {
        scope: Scope::Own(customers[3].id),
        ..all
    };
    assert_eq!(list(&customers[3], own, 50).await, [3]);
}

async fn read_positions_only_move_forward(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let first = node.say(&ana, &chat, "one").await;
    let second = node.say(&ana, &chat, "two").await;
    let before = node.seen(&staff, &chat).await;
    let told = node.told.times();
    node.store.write(read(&staff, &second)).await.unwrap();
    let after = node.seen(&staff, &chat).await;
    assert_eq!(after.read, [position(&second, &staff)]);
    let expected = Chat {
        read: after.read.clone(),
        delivered: after.read.clone(),
        unread: Some(0),
        ..before
    };
    assert_eq!(after, expected, "neither version nor time change");
    assert_eq!(node.told.times(), told + 1);
    for channel in channels(&chat) {
        let events = node.told.on(&channel);
        let event = events.last().unwrap();
        assert_eq!(event.name, EventName::ChatUpdated);
        let data: ChatData = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data.chat.read, after.read);
    }
    // Older ones and the same one again change nothing.
    for message in [&first, &second] {
        node.store.write(read(&staff, message)).await.unwrap();
    }
    assert_eq!(node.told.times(), told + 1);
    node.store.write(read(&ana, &first)).await.unwrap();
    let mut both = vec![position(&first, &ana), position(&second, &staff)];
    both.sort_by_key(|position| position.user_id);
    assert_eq!(node.seen(&ana, &chat).await.read, both);
    // A message of another chat is none.
    let ben = node.user("ben", Role::Customer).await;
    let other = node.chat(&ben).await;
    let elsewhere = MarkRead {
        chat: other.id,
        ..read(&staff, &first)
    };
    let missing = MarkRead {
        message: MessageId::new(),
        ..elsewhere.clone()
    };
    let told = refused(node.store.write(elsewhere).await);
    assert_eq!(told, refused(node.store.write(missing).await));
    assert_eq!(told.code, ErrorCode::NotFound);
}

async fn what_has_arrived_only_moves_forward_and_is_never_behind_what_was_read(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let mut messages = Vec::new();
    for body in ["one", "two", "three"] {
        messages.push(node.say(&ana, &chat, body).await);
    }
    let [first, second, third] = messages.try_into().unwrap();
    let before = node.seen(&staff, &chat).await;
    let told = node.told.times();
    node.store.write(delivered(&staff, &second)).await.unwrap();
    let after = node.seen(&staff, &chat).await;
    let expected = Chat {
        delivered: vec![position(&second, &staff)],
        ..before
    };
    assert_eq!(
        after, expected,
        "it is still unread, and no version changes"
    );
    assert_eq!(node.told.times(), told + 1);
    for channel in channels(&chat) {
        let events = node.told.on(&channel);
        let event = events.last().unwrap();
        assert_eq!(event.name, EventName::ChatUpdated);
        let data: ChatData = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data.chat.delivered, after.delivered);
    }
    // An older one and the same one again change nothing and tell nothing.
    for message in [&first, &second] {
        node.store.write(delivered(&staff, message)).await.unwrap();
    }
    // Reading less than has arrived moves that alone; reading more moves both, and tells it once.
    node.store.write(read(&staff, &first)).await.unwrap();
    let seen = node.seen(&ana, &chat).await;
    assert_eq!(seen.read, [position(&first, &staff)]);
    assert_eq!(seen.delivered, [position(&second, &staff)]);
    node.store.write(read(&staff, &third)).await.unwrap();
    let seen = node.seen(&ana, &chat).await;
    assert_eq!(seen.read, [position(&third, &staff)]);
    assert_eq!(seen.delivered, seen.read);
    assert_eq!(node.told.times(), told + 3);
    // So what arrives late changes nothing.
    node.store.write(delivered(&staff, &third)).await.unwrap();
    assert_eq!(node.told.times(), told + 3);
    // Each has a position of their own, and a message of another chat is none.
    node.store.write(delivered(&ana, &first)).await.unwrap();
    let mut both = vec![position(&first, &ana), position(&third, &staff)];
    both.sort_by_key(|position| position.user_id);
    assert_eq!(node.seen(&ana, &chat).await.delivered, both);
    let ben = node.user("ben", Role::Customer).await;
    let elsewhere = MarkDelivered {
        chat: node.chat(&ben).await.id,
        ..delivered(&staff, &first)
    };
    let missing = MarkDelivered {
        message: MessageId::new(),
        ..elsewhere.clone()
    };
    let told = refused(node.store.write(elsewhere).await);
    assert_eq!(told, refused(node.store.write(missing).await));
    assert_eq!(told.code, ErrorCode::NotFound);
}

async fn where_someone_has_got_to_never_stands_on_a_note(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let hello = node.say(&ana, &chat, "hello").await;
    let note = WriteMessage {
        note: true,
        now: at(11),
        ..new_message(&staff, chat.id, "hm")
    };
    let note = node.store.write(note).await.unwrap();
    let told = node.told.times();
    node.store.write(delivered(&staff, &note)).await.unwrap();
    node.store.write(read(&staff, &note)).await.unwrap();
    let seen = node.seen(&ana, &chat).await;
    assert_eq!(seen.delivered, [position(&hello, &staff)]);
    assert_eq!(seen.read, seen.delivered);
    assert_eq!(node.told.times(), told + 2);
    let later = WriteMessage {
        note: true,
        now: at(12),
        ..new_message(&staff, chat.id, "hm hm")
    };
    let later = node.store.write(later).await.unwrap();
    let told = node.told.times();
    node.store.write(read(&staff, &later)).await.unwrap();
    assert_eq!(
        node.told.times(),
        told,
        "a customer cannot tell that there was one"
    );
    let missing = refused(node.store.write(delivered(&ana, &note)).await);
    assert_eq!(missing.code, ErrorCode::NotFound);
}

async fn unread_messages_are_those_of_others(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let chat = node.chat(&ana).await;
    let mut last = None;
    for (by, body) in [
        (&ana, "a"),
        (&staff, "b"),
        (&ana, "c"),
        (&staff, "d"),
        (&staff, "e"),
    ] {
        last = Some(node.say(by, &chat, body).await);
    }
    let unread = async |by: &User| node.seen(by, &chat).await.unread;
    assert_eq!(
        (unread(&ana).await, unread(&staff).await),
        (Some(3), Some(2))
    );
    node.store.write(read(&ana, &last.unwrap())).await.unwrap();
    assert_eq!(
        (unread(&ana).await, unread(&staff).await),
        (Some(0), Some(2))
    );
    node.say(&staff, &chat, "f").await;
    assert_eq!(
        (unread(&ana).await, unread(&staff).await),
        (Some(1), Some(2))
    );
    // However much was written, a chat is read quickly.
    let writes = (0..250).map(|index| {
        let write = WriteMessage {
            now: Timestamp(at(100).0 + index),
            ..new_message(&ana, chat.id, "x")
        };
        let store = node.store.clone();
        tokio::spawn(async move { store.write(write).await.unwrap() })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    assert_eq!(
        (unread(&ana).await, unread(&staff).await),
        (Some(1), Some(200))
    );
}
