//! Chats: a conversation as both sides live it, over sockets and over HTTP.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Server, answer, on_both};
use crate::socket::{Reader, Received, Socket};

pub(crate) const CHATS: &str = "/api/v1/chats";

/// How long nothing must come before we believe that nothing does.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

pub(crate) fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

pub(crate) fn path(chat: &Value) -> String {
    format!("{CHATS}/{}", id(chat))
}

pub(crate) fn message_path(message: &Value) -> String {
    let chat = message["chat_id"].as_str().unwrap();
    format!("{CHATS}/{chat}/messages/{}", id(message))
}

pub(crate) fn channel(chat: &Value) -> String {
    format!("chat:{}", id(chat))
}

impl Browser {
    /// Begins a chat of one's own.
    pub(crate) async fn begin_chat(&self) -> Value {
        let (status, chat) = self.post(CHATS, json!({})).await;
        assert_eq!(status, StatusCode::CREATED, "{chat}");
        chat
    }

    /// Writes in a chat.
    pub(crate) async fn say(&self, chat: &Value, body: &str) -> Value {
        self.write_in(chat, json!({"body": body})).await
    }

    pub(crate) async fn write_in(&self, chat: &Value, body: Value) -> Value {
        let (status, message) = self.post(&format!("{}/messages", path(chat)), body).await;
        assert_eq!(status, StatusCode::CREATED, "{message}");
        message
    }

    /// A chat as one sees it now.
    pub(crate) async fn look(&self, chat: &Value) -> Value {
        let (status, chat) = self.get(&path(chat)).await;
        assert_eq!(status, StatusCode::OK, "{chat}");
        chat
    }
}

impl Socket {
    /// Subscribes to a channel; the position entry.
    pub(crate) async fn subscribe(&mut self, channel: &str, position: Value) -> Value {
        let mut command = json!({"type": "subscribe", "id": 1, "channel": channel});
        if !position.is_null() {
            command["position"] = position;
        }
        let reply = self.ask(&command).await;
        assert_eq!(reply["type"], "reply", "{reply}");
        reply["data"].clone()
    }

    /// The next event, whoever comes or goes meanwhile.
    pub(crate) async fn said(&mut self) -> Value {
        self.gather(1, 0).await.0.remove(0)
    }

    /// Fails if anything comes but news of who is online.
    pub(crate) async fn stays_quiet(&mut self) {
        while let Some(received) = self.within(QUIET).await {
            match received {
                Received::Frame(frame) if frame["topic"] == "presence" => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// So many events and replies, in whatever order they come.
    pub(crate) async fn gather(
        &mut self,
        events: usize,
        replies: usize,
    ) -> (Vec<Value>, Vec<Value>) {
        let (mut heard, mut replied) = (Vec::new(), Vec::new());
        while heard.len() < events || replied.len() < replies {
            match self.next().await {
                Received::Frame(frame) if frame["topic"] == "presence" => {}
                Received::Frame(frame) if frame["type"] == "event" => heard.push(frame),
                Received::Frame(frame) if frame["type"] == "reply" => replied.push(frame),
                other => panic!("{other:?}"),
            }
        }
        (heard, replied)
    }
}

/// Two copies of one event, on exactly these channels; its data.
fn one_event(events: &[Value], name: &str, channels: [&str; 2]) -> Value {
    let on: BTreeSet<_> = events
        .iter()
        .map(|event| event["channel"].as_str().unwrap())
        .collect();
    assert_eq!(on, BTreeSet::from(channels), "{events:?}");
    for event in events {
        assert_eq!(event["event"], name);
        assert_eq!(event["topic"], "messages");
        assert_eq!(event["id"], events[0]["id"], "one id on all channels");
        assert_eq!(event["data"], events[0]["data"]);
        assert!(event["offset"].is_u64());
    }
    events[0]["data"].clone()
}

on_both! {
    async fn a_conversation_is_live_on_both_sides(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let (own, talk) = (ana.channel(), channel(&chat));
        let (mut hers, mut theirs) = (ana.socket().await, staff.socket().await);
        for socket in [&mut hers, &mut theirs] {
            let entry = socket.subscribe(&talk, Value::Null).await;
            assert_eq!((&entry["outcome"], &entry["offset"]), (&json!("live"), &json!(1)));
        }

        let body = "RTL שלום 👩‍👩‍👧‍👦 %_\n'\"";
        hers.send(&json!({"type": "send_message", "id": "m1", "chat_id": id(&chat),
            "client_id": "c-1", "body": body})).await;
        let (events, replies) = hers.gather(2, 1).await;
        let message = replies[0]["data"]["message"].clone();
        assert_eq!(replies[0]["id"], "m1");
        assert_eq!((&message["body"], &message["client_id"]), (&json!(body), &json!("c-1")));
        assert_eq!(message["sender"]["kind"], "customer");
        assert!(message.get("note").is_none());
        assert_eq!(one_event(&events, "message.created", [&own, &talk])["message"], message);
        let (events, _) = theirs.gather(2, 0).await;
        assert_eq!(one_event(&events, "message.created", ["staff", &talk])["message"], message);

        let change = json!({"version": 1, "subject": "cake", "handler": {"kind": "staff"}});
        let (status, taken) = staff.patch(&path(&chat), change).await;
        assert_eq!(status, StatusCode::OK, "{taken}");
        assert_eq!(taken["handler"]["user"]["id"], staff.me["id"]);
        let notice = &taken["last_message"];
        assert_eq!((&taken["unread"], &notice["sender"]["kind"]), (&json!(1), &json!("system")));
        let (events, _) = hers.gather(4, 0).await;
        let (notices, events): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| event["event"] == "message.created");
        assert_eq!(&one_event(&notices, "message.created", [&own, &talk])["message"], notice);
        let mut told = one_event(&events, "chat.updated", [&own, &talk])["chat"].clone();
        assert!(told.get("unread").is_none());
        told["unread"] = json!(1);
        assert_eq!(told, taken);
        theirs.gather(4, 0).await;

        let reply = staff.say(&chat, "hello").await;
        assert_eq!(reply["sender"]["name"], staff.me["name"]);
        for (socket, mine) in [(&mut hers, own.as_str()), (&mut theirs, "staff")] {
            let (events, _) = socket.gather(2, 0).await;
            assert_eq!(one_event(&events, "message.created", [mine, &talk])["message"], reply);
        }
        assert_eq!(ana.look(&chat).await["unread"], 1);

        hers.send(&json!({"type": "mark_read", "id": 7, "chat_id": id(&chat),
            "message_id": id(&reply)})).await;
        let (events, replies) = hers.gather(2, 1).await;
        assert_eq!(replies[0]["data"], json!({}));
        let told = one_event(&events, "chat.updated", [&own, &talk]);
        let read = json!([{"user_id": ana.id(), "message_id": id(&reply)}]);
        assert_eq!((&told["chat"]["read"], &told["chat"]["version"]), (&read, &json!(2)));
        theirs.gather(2, 0).await;
        let seen = ana.look(&chat).await;
        assert_eq!((&seen["unread"], &seen["read"]), (&json!(0), &read));
        // An older one changes nothing, over HTTP as little.
        let older = json!({"message_id": id(&message)});
        let (status, answer) = ana.post(&format!("{}/read", path(&chat)), older).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({})));

        let (status, edited) = ana.patch(&message_path(&message), json!({"body": "two"})).await;
        assert_eq!((status, &edited["body"]), (StatusCode::OK, &json!("two")));
        for (socket, mine) in [(&mut hers, own.as_str()), (&mut theirs, "staff")] {
            let (events, _) = socket.gather(2, 0).await;
            assert_eq!(one_event(&events, "message.updated", [mine, &talk])["message"], edited);
        }

        let (_, closed) = ana.patch(&path(&chat), json!({"version": 2, "status": "closed"})).await;
        assert_eq!(closed["status"], "closed");
        hers.gather(4, 0).await;
        let refused = hers.ask(&json!({"type": "send_message", "id": 8, "chat_id": id(&chat),
            "client_id": "c-2", "body": "more"})).await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("chat_closed")));
        let writing = json!({"type": "typing", "id": 9, "chat_id": id(&chat), "active": true});
        assert_eq!(hers.ask(&writing).await["code"], "chat_closed");
        let (status, problem) =
            staff.post(&format!("{}/messages", path(&chat)), json!({"body": "more"})).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("chat_closed")));
        hers.stays_quiet().await;
    }

    async fn a_message_sent_again_is_written_once(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let mut socket = staff.socket().await;
        let messages = format!("{}/messages", path(&chat));
        let body = json!({"client_id": "c-1", "body": "hello"});
        let tries = (0..20).map(|_| ana.post(&messages, body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        for (status, message) in &answers {
            assert_eq!((*status, message), (StatusCode::CREATED, &answers[0].1));
        }
        assert_eq!(socket.said().await["data"]["message"], answers[0].1);
        let mut hers = ana.socket().await;
        let command = json!({"type": "send_message", "id": 1, "chat_id": id(&chat),
            "client_id": "c-1", "body": "hello"});
        assert_eq!(hers.ask(&command).await["data"]["message"], answers[0].1);
        let other = json!({"client_id": "c-1", "body": "bye"});
        let (status, problem) = ana.post(&messages, other).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("client_id_conflict")));
        let mut command = command;
        command["body"] = json!("bye");
        assert_eq!(hers.ask(&command).await["code"], "client_id_conflict");
        socket.stays_quiet().await;

        // An Idempotency-Key does the same for whoever has no client_id.
        let once = |path: &str, body: Value| {
            let request = ana.request(Method::POST, path).header("idempotency-key", "k1");
            answer(request.json(&body))
        };
        let first = once(&messages, json!({"body": "again"})).await;
        assert_eq!(first.0, StatusCode::CREATED);
        assert_eq!(once(&messages, json!({"body": "again"})).await, first);
        let (_, problem) = once(&messages, json!({"body": "other"})).await;
        assert_eq!(problem["code"], "idempotency_conflict");
        let ben = server.customer("ben").await;
        let begin = |body: Value| {
            let request = ben.request(Method::POST, CHATS).header("idempotency-key", "k1");
            answer(request.json(&body))
        };
        let first = begin(json!({"subject": "cake"})).await;
        assert_eq!(first.0, StatusCode::CREATED);
        assert_eq!(begin(json!({"subject": "cake"})).await, first);
        let (_, problem) = begin(json!({})).await;
        assert_eq!(problem["code"], "idempotency_conflict");
    }

    async fn a_chat_is_resumed_where_it_was_left(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let mut reader = Reader::default();
        let mut socket = ana.socket().await;
        reader.welcomed(&socket.welcomed);
        let entry = socket.subscribe(&channel(&chat), Value::Null).await;
        reader.welcomed(&json!({"channels": [entry]}));
        staff.say(&chat, "0").await;
        for event in socket.gather(2, 0).await.0 {
            reader.take(event);
        }
        socket.cut();
        for number in 1..6 {
            staff.say(&chat, &number.to_string()).await;
        }
        let mut socket = ana.resume(&reader.positions()).await;
        reader.welcomed(&socket.welcomed);
        assert_eq!(reader.outcomes[2..], ["recovered", "recovered"]);
        staff.say(&chat, "6").await;
        for event in socket.gather(12, 0).await.0 {
            reader.take(event);
        }
        let bodies: Vec<_> =
            reader.events.iter().map(|event| event["data"]["message"]["body"].clone()).collect();
        assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6"]);
        // From the beginning, by a command.
        let epoch = socket.entry(&channel(&chat))["epoch"].clone();
        let start = json!({"epoch": epoch, "offset": 0});
        socket.send(&json!({"type": "subscribe", "id": 1, "channel": channel(&chat),
            "position": start})).await;
        let (events, replies) = socket.gather(8, 1).await;
        assert_eq!(replies[0]["data"]["outcome"], "recovered");
        assert_eq!(events[0]["event"], "chat.created");
    }

    async fn who_is_writing_is_seen_and_not_kept(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let talk = channel(&chat);
        let (mut hers, mut theirs) = (ana.socket().await, staff.socket().await);
        hers.subscribe(&talk, Value::Null).await;
        theirs.subscribe(&talk, Value::Null).await;
        let typing = |active: bool| {
            json!({"type": "typing", "chat_id": id(&chat), "active": active})
        };
        // A stop without a start is nothing; of several starts one is told.
        for active in [false, true, true, true, false, false, true] {
            hers.send(&typing(active)).await;
        }
        let expected = json!({"chat_id": id(&chat), "user": {"id": ana.id(), "name": "ana"}});
        for name in ["typing.started", "typing.stopped"] {
            for socket in [&mut theirs, &mut hers] {
                let event = socket.said().await;
                assert_eq!((&event["event"], &event["data"]), (&json!(name), &expected));
                assert_eq!((&event["channel"], &event["topic"]), (&json!(talk), &json!("messages")));
                assert!(event.get("offset").is_none() && event.get("id").is_none(), "{event}");
            }
        }
        theirs.stays_quiet().await;
        let (_, log) = ana.get(&format!("/api/v1/events?channel={talk}")).await;
        assert_eq!(log["head"], 1, "{log}");
        assert!(!log.to_string().contains("typing"));

        // Whoever falls silent has stopped.
        let began = Instant::now();
        theirs.send(&typing(true)).await;
        assert_eq!(hers.said().await["event"], "typing.started");
        assert_eq!(hers.said().await["event"], "typing.stopped");
        assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    }

    async fn chats_are_begun_found_and_assigned_over_http(database: Database) {
        let server = Server::demo(database);
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let ana = server.customer("ana").await;
        let ben = server.customer("ben").await;
        let hers = ana.begin_chat().await;
        assert_eq!((&hers["status"], &hers["subject"]), (&json!("open"), &json!("")));
        assert_eq!(hers["handler"], json!({"kind": "none"}));
        let begin = json!({"customer_id": ben.id(), "subject": "about you"});
        let (status, his) = staff.post(CHATS, begin.clone()).await;
        assert_eq!((status, &his["customer"]["name"]), (StatusCode::CREATED, &json!("ben")));
        for (by, body, first) in
            [(&ana, json!({}), &hers), (&ben, json!({}), &his), (&staff, begin, &his)]
        {
            let (status, problem) = by.post(CHATS, body).await;
            assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("chat_open")));
            assert_eq!(&problem["chat"], first);
        }
        let list = async |by: &Browser, query: &str| {
            let (status, page) = by.get(&format!("{CHATS}{query}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            let chats = page["items"].as_array().unwrap().clone();
            let of = |chat: &Value| chat["customer"]["name"].as_str().unwrap().to_owned();
            chats.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(list(&ana, "").await, ["ana"]);
        assert_eq!(list(&staff, "?limit=2").await, ["ben", "ana"]);
        ana.say(&hers, "hello").await;
        assert_eq!(list(&staff, "?limit=2").await, ["ana", "ben"]);
        assert_eq!(list(&admin, "?handler=mine").await, [""; 0]);

        let hand = json!({"version": 1, "handler": {"kind": "staff", "user_id": admin.id()}});
        let (status, his) = staff.patch(&path(&his), hand).await;
        assert_eq!((status, &his["handler"]["user"]["id"]), (StatusCode::OK, &json!(admin.id())));
        assert_eq!(list(&admin, "?handler=mine&status=open").await, ["ben"]);
        assert_eq!(list(&staff, "?handler=none").await, ["ana"]);
        let free = json!({"version": 2, "handler": {"kind": "none"}, "status": "closed"});
        let (_, his) = staff.patch(&path(&his), free).await;
        assert_eq!(his["handler"], json!({"kind": "none"}));
        assert_eq!(list(&staff, "?status=closed").await, ["ben"]);
        let (status, stale) = staff.patch(&path(&his), json!({"version": 1, "subject": "x"})).await;
        assert_eq!((status, &stale["current"]), (StatusCode::CONFLICT, &his));
        // Ben begins another chat, so the first cannot go on.
        let second = ben.begin_chat().await;
        let (_, problem) = ben.patch(&path(&his), json!({"version": 3, "status": "open"})).await;
        assert_eq!((&problem["code"], &problem["chat"]), (&json!("chat_open"), &second));
    }

    async fn each_field_is_checked_and_pointed_at(database: Database) {
        let server = Server::demo(database);
        let staff = server.sign_in("staff@test.com").await;
        let ana = server.customer("ana").await;
        let chat = ana.begin_chat().await;
        let message = ana.say(&chat, &"ש".repeat(4_000)).await;
        let (chat_path, messages) = (path(&chat), format!("{}/messages", path(&chat)));
        let (read, own) = (format!("{}/read", path(&chat)), message_path(&message));
        let nobody = json!(uuid::Uuid::now_v7());
        let handler = |kind: &str, user: &Value| {
            json!({"version": 1, "handler": {"kind": kind, "user_id": user}})
        };
        let cases = [
            (&ana, "POST", CHATS, json!({"subject": "x".repeat(201)}), 422, "/subject"),
            (&ana, "POST", CHATS, json!({"subject": "a\nb"}), 422, "/subject"),
            (&ana, "POST", CHATS, json!({"subject": 7}), 400, "/subject"),
            (&ana, "POST", CHATS, json!({"title": "x"}), 400, "/title"),
            (&ana, "POST", CHATS, json!({"customer_id": nobody}), 403, ""),
            (&ana, "POST", CHATS, json!({"customer_id": staff.id()}), 403, ""),
            (&staff, "POST", CHATS, json!({"customer_id": nobody}), 422, "/customer_id"),
            (&ana, "POST", &messages, json!({}), 400, ""),
            (&ana, "POST", &messages, json!({"body": ""}), 422, "/body"),
            (&ana, "POST", &messages, json!({"body": " \n"}), 422, "/body"),
            (&ana, "POST", &messages, json!({"body": "a\0b"}), 422, "/body"),
            (&ana, "POST", &messages, json!({"body": "x".repeat(4_001)}), 422, "/body"),
            (&ana, "POST", &messages, json!({"body": null}), 400, "/body"),
            (&ana, "POST", &messages, json!({"body": "x", "client_id": ""}), 422, "/client_id"),
            (&ana, "POST", &messages, json!({"body": "x", "client_id": "a\0"}), 422, "/client_id"),
            (&ana, "POST", &messages, json!({"body": "x", "sender": {}}), 400, "/sender"),
            (&ana, "POST", &messages, json!({"body": "x", "note": 1}), 400, "/note"),
            (&ana, "POST", &messages, json!({"body": "x", "note": true}), 403, ""),
            (&ana, "PATCH", &own, json!({"body": "x".repeat(4_001)}), 422, "/body"),
            (&ana, "PATCH", &own, json!({"body": "x", "note": true}), 400, "/note"),
            (&staff, "PATCH", &own, json!({"body": "x"}), 403, ""),
            (&staff, "DELETE", &own, Value::Null, 403, ""),
            (&ana, "POST", &read, json!({}), 400, ""),
            (&ana, "POST", &read, json!({"message_id": "x"}), 400, "/message_id"),
            (&ana, "POST", &read, json!({"message_id": nobody}), 404, ""),
            (&ana, "PATCH", &chat_path, json!({"status": "closed"}), 400, ""),
            (&ana, "PATCH", &chat_path, json!({"version": 1, "status": "gone"}), 400, "/status"),
            (&ana, "PATCH", &chat_path, json!({"version": 1, "subject": "x"}), 403, ""),
            (&ana, "PATCH", &chat_path, json!({"version": 1, "handler": {"kind": "none"}}), 403, ""),
            (&staff, "PATCH", &chat_path, json!({"version": 1, "subject": "\0"}), 422, "/subject"),
            (&staff, "PATCH", &chat_path, handler("bot", &Value::Null), 422, "/handler/kind"),
            (&staff, "PATCH", &chat_path, handler("none", &nobody), 422, "/handler/user_id"),
            (&staff, "PATCH", &chat_path, handler("staff", &nobody), 422, "/handler/user_id"),
            (&staff, "PATCH", &chat_path, handler("staff", &ana.me["id"]), 422, "/handler/user_id"),
            (&staff, "PATCH", &chat_path, handler("boss", &nobody), 400, "/handler/kind"),
        ];
        let before = ana.look(&chat).await;
        for (by, method, path, body, status, pointer) in cases {
            let request = by.request(method.parse().unwrap(), path);
            let request = if body.is_null() { request } else { request.json(&body) };
            let (found, problem) = answer(request).await;
            assert_eq!(found.as_u16(), status, "{method} {path} {body}: {problem}");
            let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
            let pointed: Vec<_> = errors.iter().map(|error| &error["pointer"]).collect();
            match (status, pointer) {
                (403 | 404, _) => assert!(pointed.is_empty(), "{problem}"),
                (_, pointer) => assert!(pointed.contains(&&json!(pointer)), "{body}: {problem}"),
            }
        }
        assert_eq!(ana.look(&chat).await, before, "nothing was changed");
        for (query, status) in
            [("?handler=theirs", 400), ("?status=gone", 400), ("?limit=0", 400), ("?cursor=x", 400)]
        {
            let (found, problem) = staff.get(&format!("{CHATS}{query}")).await;
            assert_eq!(found.as_u16(), status, "{query}: {problem}");
        }
        let (status, _) = ana.get(&format!("{CHATS}?handler=mine")).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        // On a socket the same faults are told in words.
        let mut socket = ana.socket().await;
        let command = json!({"type": "send_message", "id": 1, "chat_id": id(&chat),
            "client_id": "c", "body": "x".repeat(4_001)});
        let refused = socket.ask(&command).await;
        assert_eq!(refused["code"], "validation_failed");
        assert!(refused["detail"].as_str().unwrap().contains("4001"), "{refused}");
    }
}
