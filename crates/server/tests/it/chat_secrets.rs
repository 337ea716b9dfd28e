//! What must stay between some: notes between staff, a chat between its customer and staff, and a
//! deleted text with nobody.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::chats::{CHATS, QUIET, channel, id, message_path, path};
use crate::harness::{Browser, Database, Server, answer, on_both};
use crate::socket::{Received, Socket};

const CANARY: &str = "secret-canary";

/// Answers as they are on the wire.
async fn texts(browser: &Browser, paths: &[String]) -> Vec<String> {
    let mut texts = Vec::new();
    for path in paths {
        let response = browser.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        texts.push(response.text().await.unwrap());
    }
    texts
}

/// Everything that a socket still gets, until it is quiet.
async fn rest(socket: &mut Socket) -> Vec<Value> {
    let mut frames = Vec::new();
    while let Some(received) = socket.within(QUIET).await {
        match received {
            Received::Frame(frame) => frames.push(frame),
            other => panic!("{other:?}"),
        }
    }
    frames
}

on_both! {
    async fn a_customer_never_learns_of_notes(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let chat = ana.begin_chat().await;
        let hello = staff.say(&chat, "hello").await;
        let paths = [
            CHATS.to_owned(),
            path(&chat),
            format!("{}/messages", path(&chat)),
            format!("{}/messages?limit=1", path(&chat)),
            format!("/api/v1/events?channel={}", channel(&chat)),
            format!("/api/v1/events?channel={}", ana.channel()),
        ];
        let read = format!("{}/read", path(&chat));
        let delivered = format!("{}/delivered", path(&chat));
        admin.post(&read, json!({"message_id": id(&hello)})).await;
        let before = texts(&ana, &paths).await;

        let mut hers = ana.socket().await;
        hers.subscribe(&channel(&chat), Value::Null).await;
        let mut theirs = admin.socket().await;
        theirs.subscribe(&channel(&chat), Value::Null).await;
        let body = json!({"body": CANARY, "note": true, "client_id": "c-1"});
        let note = staff.write_in(&chat, body).await;
        assert_eq!(note["note"], true);
        let event = theirs.said().await;
        assert_eq!((&event["channel"], &event["data"]["message"]), (&json!("staff"), &note));
        let (status, answer) = admin.post(&read, json!({"message_id": id(&note)})).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let (status, note) = staff.patch(&message_path(&note), json!({"body": "secret-canary 2"})).await;
        assert_eq!(status, StatusCode::OK, "{note}");
        assert_eq!(theirs.said().await["channel"], "staff");

        assert_eq!(texts(&ana, &paths).await, before, "byte for byte the same");
        let (_, page) = staff.get(&paths[2]).await;
        assert_eq!(page["items"], json!([note, hello]));
        let seen = admin.look(&chat).await;
        assert_eq!((&seen["last_message"], &seen["unread"]), (&hello, &json!(0)));
        assert_eq!(seen["read"], json!([{"user_id": admin.id(), "message_id": id(&hello)}]));

        // Nor by guessing its id, in whatever way.
        let nobody = uuid::Uuid::now_v7().to_string();
        let mut told = Vec::new();
        for message in [id(&note), &nobody] {
            let own = format!("{}/messages/{message}", path(&chat));
            told.push(ana.patch(&own, json!({"body": "x"})).await);
            told.push(ana.delete(&own).await);
            told.push(ana.post(&read, json!({"message_id": message})).await);
            told.push(ana.post(&delivered, json!({"message_id": message})).await);
            let mut answer = hers.ask(&json!({"type": "mark_read", "id": 1,
                "chat_id": id(&chat), "message_id": message})).await;
            assert_eq!(answer["code"], "not_found");
            answer["id"].take();
            told.push((StatusCode::NOT_FOUND, answer));
        }
        let (notes, nothing) = told.split_at(5);
        assert_eq!(notes, nothing);
        assert!(told.iter().all(|(status, _)| *status == StatusCode::NOT_FOUND), "{told:?}");
        // Nor live, nor by coming back.
        hers.stays_quiet().await;
        let epoch = hers.entry(&ana.channel())["epoch"].clone();
        let start = json!({"epoch": epoch, "offset": 0});
        let resume = json!({ana.channel(): start, channel(&chat): start, "staff": start});
        let mut again = ana.resume(&resume).await;
        let frames = rest(&mut again).await;
        assert_eq!(frames.iter().filter(|frame| frame["type"] == "event").count(), 6);
        assert!(!format!("{frames:?}").contains(CANARY));
        let (status, _) = staff.delete(&message_path(&note)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(texts(&ana, &paths).await, before);
    }

    async fn a_strangers_chat_and_none_at_all_look_the_same(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let eve = server.customer("eve").await;
        let chat = ana.begin_chat().await;
        let message = ana.say(&chat, CANARY).await;
        let nobody = uuid::Uuid::now_v7().to_string();
        let mut hers = ana.socket().await;
        hers.subscribe(&channel(&chat), Value::Null).await;
        let mut socket = eve.socket().await;
        let epoch = socket.entry(&eve.channel())["epoch"].clone();
        let start = json!({"epoch": epoch, "offset": 0});
        let mut told = Vec::new();
        for one in [id(&chat), &nobody] {
            let chat = format!("{CHATS}/{one}");
            let messages = format!("{chat}/messages");
            let own = format!("{messages}/{}", id(&message));
            let of = json!({"message_id": id(&message)});
            let mut answers = Vec::new();
            for (method, path, body) in [
                ("GET", chat.clone(), Value::Null),
                ("PATCH", chat.clone(), json!({"version": 1, "status": "closed"})),
                ("PATCH", chat.clone(), json!({"version": 9, "handler": {"kind": "none"}})),
                ("GET", messages.clone(), Value::Null),
                ("POST", messages.clone(), json!({"body": "mine now"})),
                ("POST", messages.clone(), json!({"body": "mine now", "note": true})),
                ("PATCH", own.clone(), json!({"body": "mine now"})),
                ("DELETE", own, Value::Null),
                ("POST", format!("{chat}/read"), of.clone()),
                ("POST", format!("{chat}/delivered"), of),
                ("GET", format!("/api/v1/events?channel=chat:{one}"), Value::Null),
            ] {
                let request = eve.request(method.parse().unwrap(), &path);
                let request = if body.is_null() { request } else { request.json(&body) };
                let (status, problem) = answer(request).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
                answers.push(problem);
            }
            for command in [
                json!({"type": "subscribe", "channel": format!("chat:{one}")}),
                json!({"type": "subscribe", "channel": format!("chat:{one}"), "position": start}),
                json!({"type": "send_message", "chat_id": one, "client_id": "c", "body": "x"}),
                json!({"type": "mark_read", "chat_id": one, "message_id": id(&message)}),
                json!({"type": "mark_delivered", "chat_id": one, "message_id": id(&message)}),
                json!({"type": "typing", "chat_id": one, "active": true}),
            ] {
                let mut command = command;
                command["id"] = json!(1);
                let refused = socket.ask(&command).await;
                assert_eq!(refused["code"], "not_found", "{command}: {refused}");
                answers.push(refused);
            }
            let mut resumed = eve.resume(&json!({format!("chat:{one}"): start})).await;
            let mut gone = resumed.frame("unsubscribed").await;
            gone["channel"].take();
            answers.push(gone);
            told.push(answers);
        }
        assert_eq!(told[0], told[1], "byte for byte the same");
        let (_, page) = eve.get(CHATS).await;
        assert_eq!(page["items"], json!([]));
        hers.stays_quiet().await;
        let hers = ana.look(&chat).await;
        assert_eq!((&hers["status"], &hers["version"]), (&json!("open"), &json!(1)));
    }

    async fn a_deleted_text_is_told_to_nobody_again(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let talk = channel(&chat);
        // The shards remember what they sent to these two.
        let (mut hers, mut theirs) = (ana.socket().await, staff.socket().await);
        hers.subscribe(&talk, Value::Null).await;
        theirs.subscribe(&talk, Value::Null).await;
        let key = |body: &Value| {
            let messages = format!("{}/messages", path(&chat));
            let request = ana.request(Method::POST, &messages).header("idempotency-key", "k1");
            answer(request.json(body))
        };
        let body = json!({"body": CANARY, "client_id": "c-1"});
        let (_, message) = key(&body).await;
        ana.patch(&message_path(&message), json!({"body": "secret-canary 2"})).await;
        staff.post(&format!("{}/read", path(&chat)), json!({"message_id": id(&message)})).await;
        for socket in [&mut hers, &mut theirs] {
            let (events, _) = socket.gather(6, 0).await;
            assert!(events.iter().all(|event| event.to_string().contains(CANARY)));
        }
        let (status, deleted) = ana.delete(&message_path(&message)).await;
        assert_eq!((status, &deleted["body"]), (StatusCode::OK, &json!("")));
        assert!(deleted["deleted_at"].is_string());
        for socket in [&mut hers, &mut theirs] {
            let (events, _) = socket.gather(2, 0).await;
            assert!(events.iter().all(|event| event["data"]["message"] == deleted));
        }

        let epoch = hers.entry(&ana.channel())["epoch"].clone();
        let start = json!({"epoch": epoch, "offset": 0});
        for (by, mine) in [(&ana, ana.channel()), (&staff, "staff".to_owned())] {
            let mut socket = by.resume(&json!({mine.clone(): start, talk.clone(): start})).await;
            let frames = rest(&mut socket).await;
            let on_chat = frames.iter().filter(|frame| frame["channel"] == talk).count();
            assert_eq!(on_chat, 5, "the events are there, {frames:?}");
            assert!(!format!("{frames:?}").contains(CANARY));
            let paths = [
                format!("/api/v1/events?channel={talk}"),
                format!("/api/v1/events?channel={mine}&limit=1000"),
                path(&chat),
                CHATS.to_owned(),
                format!("{}/messages", path(&chat)),
            ];
            let texts = texts(by, &paths).await;
            assert!(texts.iter().all(|text| !text.contains(CANARY)));
        }
        // Neither the key nor the client_id brings it back.
        let (status, again) = key(&body).await;
        assert_eq!((status, &again["id"]), (StatusCode::CREATED, &deleted["id"]));
        assert_eq!((&again["body"], &again["deleted_at"]), (&json!(""), &deleted["deleted_at"]));
        let (status, again) = ana.post(&format!("{}/messages", path(&chat)), body).await;
        assert_eq!((status, again), (StatusCode::CREATED, deleted));
        hers.stays_quiet().await;
    }
}
