//! The desk bot as a customer meets it: over real sockets and HTTP, with real rows. The bot that
//! asks a model is in `bot_model.rs`.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::chats::{CHATS, QUIET, channel, id, message_path, path};
use crate::harness::{Browser, Database, Options, PATIENCE, Server, on_both};
use crate::socket::{Received, Socket};

/// A server with the desk bot.
fn desk() -> Options {
    Options::demo().with("bot.kind", "desk")
}

impl Browser {
    /// What stands in a chat, the oldest first.
    pub(crate) async fn messages(&self, chat: &Value) -> Vec<Value> {
        let (status, page) = self
            .get(&format!("{}/messages?limit=200", path(chat)))
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let mut messages = page["items"].as_array().unwrap().clone();
        messages.reverse();
        messages
    }

    /// The newest message of the bot, once it has ended and there are so many of them.
    pub(crate) async fn answer(&self, chat: &Value, answers: usize) -> Value {
        let began = Instant::now();
        loop {
            let messages = self.messages(chat).await;
            let of_bot = messages.iter().filter(|one| one["sender"]["kind"] == "bot");
            let of_bot: Vec<&Value> = of_bot.collect();
            if of_bot.len() >= answers && of_bot.iter().all(|one| one["state"] != "streaming") {
                assert_eq!(of_bot.len(), answers, "{messages:?}");
                return (*of_bot.last().unwrap()).clone();
            }
            assert!(
                began.elapsed() < PATIENCE,
                "no answer {answers}: {messages:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Chooses an action by what stands on it.
    pub(crate) async fn choose(&self, message: &Value, label: &str) -> (StatusCode, Value) {
        let body = json!({"action_id": action(message, label)});
        self.post(&format!("{}/choose", message_path(message)), body)
            .await
    }

    /// Gives a chat to someone; only staff may.
    pub(crate) async fn hand(&self, chat: &Value, kind: &str) -> Value {
        let version = self.look(chat).await["version"].clone();
        let body = json!({"version": version, "handler": {"kind": kind}});
        let (status, chat) = self.patch(&path(chat), body).await;
        assert_eq!(status, StatusCode::OK, "{chat}");
        chat
    }

    /// Asks for a table; the booking.
    pub(crate) async fn book(&self, starts_at: &str, ends_at: &str) -> Value {
        let (_, page) = self.get("/api/v1/resources").await;
        let body = json!({"resource_id": page["items"][0]["id"], "starts_at": starts_at,
            "ends_at": ends_at, "party_size": 2});
        let (status, booking) = self.post("/api/v1/bookings", body).await;
        assert_eq!(status, StatusCode::CREATED, "{booking}");
        booking
    }

    pub(crate) async fn booking_status(&self, booking: &Value) -> Value {
        let (_, booking) = self.get(&format!("/api/v1/bookings/{}", id(booking))).await;
        booking["status"].clone()
    }
}

pub(crate) fn action<'a>(message: &'a Value, label: &str) -> &'a str {
    let actions = message["actions"]
        .as_array()
        .expect("there is something to choose");
    let found = actions
        .iter()
        .find(|one| one["label"].as_str().unwrap().starts_with(label));
    let found = found.unwrap_or_else(|| panic!("no {label} in {actions:?}"));
    found["id"].as_str().unwrap()
}

pub(crate) fn text(message: &Value) -> &str {
    message["body"].as_str().unwrap()
}

/// The next message of this kind of sender that appears in a chat.
async fn appears(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let event = socket.event().await;
        let message = &event["data"]["message"];
        if event["event"] == "message.created" && message["sender"]["kind"] == kind {
            return message.clone();
        }
    }
}

on_both! {
    async fn hello_is_answered_at_once_and_from_the_customers_own_rows(database: Database) {
        let server = Server::start(database, desk());
        let status = server.visitor().get("/ws/status").await.1;
        assert_eq!(status["bot"], "ok");
        let ana = server.customer("ana").await;
        let chat = ana.begin_chat().await;
        assert_eq!(chat["handler"], json!({"kind": "bot"}));
        let mut socket = ana.socket().await;
        socket.subscribe(&channel(&chat), Value::Null).await;
        // The best of a few: a busy machine is slow, not wrong.
        let mut best = Duration::MAX;
        for number in 0..5 {
            let began = Instant::now();
            socket.send(&json!({"type": "send_message", "id": number, "chat_id": id(&chat),
                "client_id": format!("c{number}"), "body": "hello"})).await;
            let mut heard = None;
            while heard.is_none() {
                let frame = match socket.next().await {
                    Received::Frame(frame) => frame,
                    other => panic!("{other:?}"),
                };
                let message = &frame["data"]["message"];
                if frame["channel"] == channel(&chat) && message["sender"]["kind"] == "bot" {
                    heard = Some(message.clone());
                }
            }
            best = best.min(began.elapsed());
            let message = heard.unwrap();
            assert!(text(&message).starts_with("Hello!"), "{message}");
            assert_eq!(message["sender"], json!({"kind": "bot", "name": "Bot"}));
            assert_eq!(message["state"], "complete", "a short answer comes whole");
        }
        assert!(best < Duration::from_millis(100), "{best:?}");

        let item = server.item().await;
        let order = ana.order(&item, "canary-note").await;
        let ben = server.customer("ben").await;
        ben.order(&item, "").await;
        ana.say(&chat, "where is my order?").await;
        let answer = ana.answer(&chat, 6).await;
        assert!(text(&answer).contains("is placed"), "{answer}");
        assert_eq!(text(&answer).lines().count(), 1, "only her own: {answer}");
        let staff = server.sign_in("staff@test.com").await;
        staff.set_status(&order, "accepted").await;
        ana.say(&chat, "order status").await;
        assert!(text(&ana.answer(&chat, 7).await).contains("is accepted"));
    }

    async fn a_booking_is_cancelled_once_its_customer_has_chosen_so(database: Database) {
        let server = Server::start(database, desk());
        let (ana, ben) = (server.customer("ana").await, server.customer("ben").await);
        let staff = server.sign_in("staff@test.com").await;
        let booking = ana.book("2031-05-01T18:00:00Z", "2031-05-01T20:00:00Z").await;
        let other = ben.book("2031-06-01T18:00:00Z", "2031-06-01T20:00:00Z").await;
        let chat = ana.begin_chat().await;
        ana.say(&chat, "please cancel my booking").await;
        let question = ana.answer(&chat, 1).await;
        assert!(text(&question).contains("1 May 2031, 18:00 to 20:00"), "{question}");
        let labels: Vec<&str> = question["actions"].as_array().unwrap().iter()
            .map(|one| one["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["Yes, cancel it", "No, keep it"]);
        assert!(!question.to_string().contains(id(&booking)), "{question}");
        assert_eq!(ana.booking_status(&booking).await, "requested", "nothing is written yet");

        let (status, _) = staff.choose(&question, "Yes").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "it is hers to choose");
        let (status, _) = ben.choose(&question, "Yes").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let unknown = json!({"action_id": "9"});
        let choose = format!("{}/choose", message_path(&question));
        assert_eq!(ana.post(&choose, unknown).await.0, StatusCode::NOT_FOUND);
        assert_eq!(ana.booking_status(&booking).await, "requested");

        let (status, chosen) = ana.choose(&question, "Yes").await;
        assert_eq!(status, StatusCode::OK, "{chosen}");
        assert_eq!(chosen["actions"][0]["chosen"], true);
        let done = ana.answer(&chat, 2).await;
        assert!(text(&done).starts_with("Done:"), "{done}");
        assert_eq!(ana.booking_status(&booking).await, "cancelled");
        assert_eq!(ben.booking_status(&other).await, "requested");
        // The same choice again changes nothing; another one is refused.
        let (status, again) = ana.choose(&question, "Yes").await;
        assert_eq!((status, &again), (StatusCode::OK, &chosen));
        let (status, refused) = ana.choose(&question, "No").await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("invalid_transition")));
        tokio::time::sleep(QUIET).await;
        ana.answer(&chat, 2).await;
    }

    async fn a_person_takes_over_and_hands_back_and_the_history_shows_it(database: Database) {
        let server = Server::start(database, desk());
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let mut socket = staff.socket().await;
        socket.subscribe(&channel(&chat), Value::Null).await;
        ana.say(&chat, "I want to talk to a person").await;
        ana.answer(&chat, 1).await;
        assert_eq!(text(&appears(&mut socket, "system").await), "Bot asked for a person.");
        assert_eq!(ana.look(&chat).await["handler"], json!({"kind": "none"}));

        // Nobody answers but a person, and a note is no word of the customer.
        ana.say(&chat, "hello?").await;
        staff.hand(&chat, "staff").await;
        staff.say(&chat, "Good morning!").await;
        staff.write_in(&chat, json!({"body": "be nice to her", "note": true})).await;
        ana.say(&chat, "hello").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        ana.answer(&chat, 1).await;

        staff.hand(&chat, "bot").await;
        assert!(text(&ana.answer(&chat, 2).await).starts_with("Hello!"), "she waits for an answer");
        let (status, _) = ana.patch(&path(&chat), json!({"version": ana.look(&chat).await["version"],
            "status": "closed"})).await;
        assert_eq!(status, StatusCode::OK);
        let said: Vec<String> = ana.messages(&chat).await.iter()
            .filter(|one| one["sender"]["kind"] == "system")
            .map(|one| text(one).to_owned()).collect();
        assert_eq!(said, ["Bot asked for a person.", "Stefan at the desk took over.",
            "Stefan at the desk gave the chat to the bot.", "ana closed the chat."]);
        let notices = ana.look(&chat).await["unread"].clone();
        assert!(notices.as_i64().unwrap() <= 3, "notices are not unread: {notices}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_chat_socket_is_answered_in_a_sentence() {
    let server = Server::start(Database::Sqlite, desk());
    let ana = server.customer("ana").await;
    let url = server.ws(&format!("/ws/chat/me?token={}", ana.token().await));
    let mut socket = Socket::open(&url).await;
    socket.frame("welcome").await;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        socket
            .send(&json!({"type": "message", "body": "hello"}))
            .await;
        loop {
            let Received::Frame(frame) = socket.next().await else {
                panic!("the socket lives");
            };
            if frame["type"] == "message" && frame["message"]["sender"]["kind"] == "bot" {
                assert!(text(&frame["message"]).starts_with("Hello!"), "{frame}");
                break;
            }
        }
        best = best.min(began.elapsed());
    }
    assert!(best < Duration::from_millis(100), "{best:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_writes_down_is_known_and_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faq.toml");
    std::fs::write(&file, "hours = \"From nine to five.\"").unwrap();
    let server = Server::start(
        Database::Sqlite,
        desk().with("bot.faq_file", file.display()),
    );
    let ana = server.customer("ana").await;
    let chat = ana.begin_chat().await;
    ana.say(&chat, "when are you open?").await;
    assert_eq!(text(&ana.answer(&chat, 1).await), "From nine to five.");
    std::fs::write(&file, "hours = 3").unwrap();
    server.hear("the bot goes on with the answers before");
    ana.say(&chat, "opening hours").await;
    assert_eq!(text(&ana.answer(&chat, 2).await), "From nine to five.");
    std::fs::write(&file, "hours = \"Never on Sundays.\"").unwrap();
    server.hear("read the answers of the bot again");
    ana.say(&chat, "opening hours").await;
    assert_eq!(text(&ana.answer(&chat, 3).await), "Never on Sundays.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bot_its_chats_are_the_desks() {
    let mut server = Server::start(Database::Sqlite, desk());
    let ana = server.customer("ana").await;
    let staff = server.sign_in("staff@test.com").await;
    let chat = ana.begin_chat().await;
    let (_, page) = staff.get(&format!("{CHATS}?handler=bot")).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    server.kill();
    server.set("bot.kind", "off");
    server.start_again();
    let began = Instant::now();
    while ana.look(&chat).await["handler"]["kind"] != "none" {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let version = ana.look(&chat).await["version"].clone();
    let body = json!({"version": version, "handler": {"kind": "bot"}});
    let (status, refused) = staff.patch(&path(&chat), body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("bot.kind is off")
    );
    assert_eq!(server.visitor().get("/ws/status").await.1["bot"], "off");
}
