//! The chat socket: one conversation, in frames that a page of ten lines can use.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::chats::{QUIET, channel, id, path};
use crate::harness::{Browser, Database, Options, Server, on_both};
use crate::socket::{Received, Socket};

/// No bot: what people say is all there is.
fn quiet(database: Database) -> Server {
    Server::start(database, Options::demo().with("bot.kind", "off"))
}

async fn open(server: &Server, browser: &Browser, chat: &str) -> Socket {
    let token = browser.token().await;
    let path = format!("/ws/chat/{chat}?token={token}");
    let mut socket = Socket::open(&server.ws(&path)).await;
    socket.welcome().await;
    socket
}

/// The next `message` frame; what is passing and the chat itself are passed over.
async fn message(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await {
            Received::Frame(frame) if frame["type"] == "message" => return frame,
            Received::Frame(frame) if frame["type"] == "chat" || frame["type"] == "typing" => {}
            Received::Frame(frame) if frame["type"] == "reply" => {}
            other => panic!("expected a message, got {other:?}"),
        }
    }
}

on_both! {
async fn a_customer_and_staff_talk_over_chat_sockets(database: Database) {
    let server = quiet(database);
    let (ana, staff) = (
        server.sign_in("ana@test.com").await,
        server.sign_in("staff@test.com").await,
    );
    let mut page = open(&server, &ana, "me").await;
    let chat = page.welcomed["chat"].clone();
    assert_eq!(chat["customer"]["id"], ana.id());
    let again = open(&server, &ana, "me/").await;
    assert_eq!(id(&again.welcomed["chat"]), id(&chat), "one open chat");
    assert_eq!(page.welcomed["channels"][0]["channel"], channel(&chat));

    page.send(&json!({"type": "message", "body": "Hello?"}))
        .await;
    let said = message(&mut page).await;
    assert_eq!(said["message"]["body"], "Hello?");
    assert_eq!(said["message"]["sender"]["kind"], "customer");
    assert!(said["offset"].is_u64() && said["id"].is_string(), "{said}");

    let mut desk = open(&server, &staff, id(&chat)).await;
    let earlier = desk.welcomed["messages"].as_array().unwrap();
    assert_eq!(earlier.last().unwrap()["body"], "Hello?");
    desk.send(&json!({"type": "typing"})).await;
    let typing = loop {
        match page.next().await {
            Received::Frame(frame) if frame["type"] == "typing" => break frame,
            Received::Frame(frame) if frame["type"] == "reply" || frame["type"] == "chat" => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        (&typing["active"], &typing["user"]["id"]),
        (&json!(true), &json!(staff.id()))
    );

    // A message that is sent again with its `client_id` is the same message.
    let answer = json!({"type": "message", "id": 1, "body": "Good day", "client_id": "c1"});
    desk.send(&answer).await;
    desk.send(&answer).await;
    let first = message(&mut page).await;
    assert_eq!(first["message"]["body"], "Good day");
    page.send(&json!({"type": "message", "body": "And now?"}))
        .await;
    assert_eq!(
        message(&mut page).await["message"]["body"],
        "And now?",
        "told once"
    );
    // Every command of the event socket works for the chat.
    let read = json!({
        "type": "mark_read", "id": 2, "chat_id": id(&chat), "message_id": id(&first["message"]),
    });
    page.send(&read).await;
    loop {
        match page.next().await {
            Received::Frame(frame) if frame["type"] == "chat" => {
                let seen = frame["chat"]["read"].as_array().unwrap();
                if seen.iter().any(|read| read["user_id"] == ana.id()) {
                    break;
                }
            }
            Received::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
}

/// What is told of this chat next, and nothing but that.
async fn told(socket: &mut Socket, chat: &Value) -> Value {
    loop {
        match socket.next().await {
            Received::Frame(frame) if frame["type"] == "chat" => return frame["chat"].clone(),
            Received::Frame(frame)
                if frame["event"] == "chat.updated" && frame["channel"] == channel(chat) =>
            {
                return frame["data"]["chat"].clone();
            }
            Received::Frame(frame)
                if frame["channel"] != channel(chat) && frame["type"] == "event" => {}
            other => panic!("expected news of the chat, got {other:?}"),
        }
    }
}

on_both! {
async fn what_arrived_on_any_device_is_told_once_on_both_kinds_of_socket(database: Database) {
    let server = quiet(database);
    let (ana, staff) = (server.sign_in("ana@test.com").await, server.sign_in("staff@test.com").await);
    let mut phone = open(&server, &ana, "me").await;
    let chat = phone.welcomed["chat"].clone();
    let mut desk = open(&server, &staff, id(&chat)).await;
    let mut laptop = ana.socket().await;
    laptop.subscribe(&channel(&chat), Value::Null).await;
    let (first, second) = (staff.say(&chat, "one").await, staff.say(&chat, "two").await);
    for body in ["one", "two"] {
        assert_eq!(message(&mut phone).await["message"]["body"], body);
        assert_eq!(message(&mut desk).await["message"]["body"], body);
    }
    let (events, _) = laptop.gather(4, 0).await;
    assert_eq!(events.len(), 4);
    let has = |message: &Value| json!([{"user_id": ana.id(), "message_id": id(message)}]);
    let arrived = |message: &Value| json!({"type": "mark_delivered", "id": 5, "chat_id": id(&chat),
        "message_id": id(message)});

    // On the phone first: the desk and the laptop hear of it.
    phone.send(&arrived(&first)).await;
    let seen = told(&mut desk, &chat).await;
    assert_eq!((&seen["delivered"], &seen["read"]), (&has(&first), &json!([])));
    assert_eq!(told(&mut laptop, &chat).await["delivered"], has(&first));
    let seen = staff.look(&chat).await;
    assert_eq!((&seen["delivered"], &seen["version"]), (&has(&first), &chat["version"]));
    // The laptop has more, and the phone says the same after it, over HTTP as well: told once.
    laptop.send(&arrived(&second)).await;
    assert_eq!(told(&mut desk, &chat).await["delivered"], has(&second));
    for message in [&first, &second] {
        let body = json!({"message_id": id(message)});
        let (status, answer) = ana.post(&format!("{}/delivered", path(&chat)), body).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({})));
    }
    phone.send(&arrived(&first)).await;
    // What is read has arrived, and nothing between was told to the desk.
    let third = staff.say(&chat, "three").await;
    assert_eq!(message(&mut desk).await["message"]["body"], "three");
    let read = json!({"type": "mark_read", "id": 6, "chat_id": id(&chat), "message_id": id(&third)});
    phone.send(&read).await;
    let seen = told(&mut desk, &chat).await;
    assert_eq!((&seen["delivered"], &seen["read"]), (&has(&third), &has(&third)));
    desk.stays_quiet().await;

    // A chat of another, a message that is none, and a frame that says too much.
    let eve = server.customer("eve").await;
    let mut socket = eve.socket().await;
    assert_eq!(socket.ask(&arrived(&first)).await["code"], "not_found");
    let own = eve.begin_chat().await;
    let elsewhere = json!({"type": "mark_delivered", "id": 7, "chat_id": id(&own), "message_id": id(&first)});
    assert_eq!(socket.ask(&elsewhere).await["code"], "not_found");
    let body = json!({"message_id": id(&first), "user_id": staff.id()});
    let (status, problem) = ana.post(&format!("{}/delivered", path(&chat)), body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
}
}

on_both! {
async fn what_a_chat_socket_missed_follows_in_order(database: Database) {
    let server = quiet(database);
    let ana = server.sign_in("ana@test.com").await;
    let mut page = open(&server, &ana, "me").await;
    let chat = page.welcomed["chat"].clone();
    page.send(&json!({"type": "message", "body": "first"}))
        .await;
    let first = message(&mut page).await;
    page.cut();
    for number in 0..30 {
        ana.say(&chat, &format!("missed {number}")).await;
    }
    let mut page = Socket::open(&server.ws(&format!("/ws/chat/{}", id(&chat)))).await;
    let entry =
        json!({"epoch": epoch(&ana, &chat).await, "offset": first["offset"], "id": first["id"]});
    let connect = json!({
        "type": "connect", "token": ana.token().await, "resume": {channel(&chat): entry},
    });
    page.send(&connect).await;
    page.welcome().await;
    assert_eq!(page.welcomed["channels"][0]["outcome"], "recovered");
    let mut offset = first["offset"].as_u64().unwrap();
    let mut number = 0;
    while number < 30 {
        let Received::Frame(frame) = page.next().await else {
            panic!("the socket ended")
        };
        offset += 1;
        assert_eq!(frame["offset"], offset, "dense, whatever the frame");
        if frame["type"] == "message" {
            assert_eq!(frame["message"]["body"], format!("missed {number}"));
            number += 1;
        }
    }
}
}

async fn epoch(browser: &Browser, chat: &Value) -> Value {
    let (_, log) = browser
        .get(&format!("/api/v1/events?channel={}", channel(chat)))
        .await;
    log["epoch"].clone()
}

on_both! {
async fn the_event_socket_and_the_chat_socket_tell_the_same(database: Database) {
    let server = quiet(database);
    let ana = server.sign_in("ana@test.com").await;
    let mut page = open(&server, &ana, "me").await;
    let chat = page.welcomed["chat"].clone();
    let mut events = ana.socket().await;
    let subscribed = events
        .ask(&json!({"type": "subscribe", "id": 1, "channel": channel(&chat)}))
        .await;
    assert_eq!(subscribed["data"]["outcome"], "live");
    ana.say(&chat, "to both").await;
    let in_chat = message(&mut page).await;
    let event = loop {
        let event = events.event().await;
        if event["channel"] == channel(&chat) && event["event"] == "message.created" {
            break event;
        }
    };
    assert_eq!(event["data"]["message"], in_chat["message"]);
    assert_eq!(event["offset"], in_chat["offset"]);
    assert_eq!(event["id"], in_chat["id"]);
}
}

on_both! {
async fn other_peoples_chats_and_none_look_alike(database: Database) {
    let server = quiet(database);
    let (ana, ben) = (
        server.sign_in("ana@test.com").await,
        server.customer("Ben").await,
    );
    let staff = server.sign_in("staff@test.com").await;
    let chat = open(&server, &ana, "me").await.welcomed["chat"].clone();
    let mut seen = Vec::new();
    let nobody = uuid::Uuid::now_v7().to_string();
    for asked in [id(&chat), nobody.as_str(), "1"] {
        let path = format!("/ws/chat/{asked}?token={}", ben.token().await);
        let mut socket = Socket::open(&server.ws(&path)).await;
        let (code, reason, goodbye) = socket.closed().await;
        assert_eq!(code, 4508, "{reason}");
        seen.push((reason, goodbye));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    let hint = |browser: &Browser, asked: &str| {
        let (browser, asked) = (browser.clone(), asked.to_owned());
        let server = &server;
        async move {
            let path = format!("/ws/chat/{asked}?token={}", browser.token().await);
            Socket::open(&server.ws(&path)).await.closed().await
        }
    };
    let (code, reason, _) = hint(&ben, ben.id()).await;
    assert!(code == 4508 && reason.contains("/ws/chat/me"), "{reason}");
    let (code, reason, _) = hint(&staff, "me").await;
    assert!(code == 4508 && reason.contains("staff"), "{reason}");
    // The second report: the word `test` as a token, whatever the chat.
    let mut socket = Socket::open(&server.ws("/ws/chat/1?token=test")).await;
    let (code, reason, _) = socket.closed().await;
    assert!(
        code == 4502 && reason.contains("`test`") || reason.contains("test"),
        "{reason}"
    );
    assert_eq!(code, 4502);
}
}

on_both! {
async fn bad_frames_are_named_with_an_example_and_harm_nobody(database: Database) {
    let server = quiet(database);
    let ana = server.sign_in("ana@test.com").await;
    let ben = server.customer("Ben").await;
    let bens = open(&server, &ben, "me").await.welcomed["chat"].clone();
    let mut page = open(&server, &ana, "me").await;
    let refused = async |page: &mut Socket, text: String| {
        page.send_text(&text).await;
        page.frame("error").await
    };
    let error = refused(&mut page, "hello there".to_owned()).await;
    assert_eq!(error["code"], "bad_frame");
    let detail = error["detail"].as_str().unwrap();
    assert!(
        detail.contains(r#"{"type":"message","body":"hello"}"#),
        "{detail}"
    );
    let say = |body: Value| json!({"type": "message", "id": 1, "body": body}).to_string();
    for (frame, code) in [
        (say(json!("")), "validation_failed"),
        (say(json!("x".repeat(4_001))), "validation_failed"),
        (say(json!("a\u{0}b")), "validation_failed"),
        (say(json!(7)), "bad_frame"),
        (
            r#"{"type":"message","id":1,"body":"\ud800"}"#.to_owned(),
            "bad_frame",
        ),
        (
            r#"{"type":"message","body":"hi","sender":{"kind":"staff"}}"#.to_owned(),
            "bad_frame",
        ),
        (
            json!({
                "type": "send_message", "id": 1, "chat_id": id(&bens), "client_id": "x",
                "body": "I am Ben",
            })
            .to_string(),
            "invalid_request",
        ),
        (
            json!({"type": "subscribe", "id": 1, "channel": channel(&bens)}).to_string(),
            "invalid_request",
        ),
    ] {
        let error = refused(&mut page, frame.clone()).await;
        assert_eq!(error["code"], code, "{frame} {error}");
        assert!(!error["fix"].as_str().unwrap().is_empty());
    }
    // HTML is text.
    let html = "<img src=x onerror=alert(1)>";
    page.send_text(&say(json!(html))).await;
    assert_eq!(message(&mut page).await["message"]["body"], html);
    // Ben has heard of none of it.
    let mut bens_page = open(&server, &ben, "me").await;
    assert_eq!(bens_page.welcomed["messages"], json!([]));
    assert!(bens_page.within(QUIET).await.is_none());
}
}
