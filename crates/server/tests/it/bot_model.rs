//! The bot that asks a model, against a scripted one: answers that grow before two devices, are
//! cut, resumed, stopped, taken over, and survive `kill -9`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bot::{action, text};
use crate::chats::{channel, id, message_path};
use crate::harness::{Browser, Database, PATIENCE, Server, on_both};
use crate::model_server::{ModelServer, Step, asked, results, say};
use crate::socket::{Received, Socket};

/// A device that shows one chat.
struct Device {
    socket: Socket,
    channel: String,
    epoch: String,
    offset: u64,
    /// The texts as they grow, in UTF-16 units.
    grown: HashMap<String, Vec<u16>>,
    /// The messages as the newest event has them.
    messages: HashMap<String, Value>,
}

impl Device {
    async fn open(browser: &Browser, chat: &Value) -> Self {
        let mut device = Self {
            socket: browser.socket().await,
            channel: channel(chat),
            epoch: String::new(),
            offset: 0,
            grown: HashMap::new(),
            messages: HashMap::new(),
        };
        device.subscribe(Value::Null).await;
        device
    }

    async fn subscribe(&mut self, position: Value) {
        let command = json!({"type": "subscribe", "id": "s", "channel": self.channel});
        let mut command = command;
        if !position.is_null() {
            command["position"] = position;
        }
        self.socket.send(&command).await;
        loop {
            let Received::Frame(frame) = self.socket.next().await else {
                panic!("the socket lives");
            };
            if frame["id"] == "s" {
                assert_eq!(frame["type"], "reply", "{frame}");
                self.epoch = frame["data"]["epoch"].as_str().unwrap().to_owned();
                self.offset = frame["data"]["offset"].as_u64().unwrap();
                return;
            }
            assert_ne!(frame["channel"], self.channel, "an event before the entry");
        }
    }

    /// The network goes away without a word, and comes back.
    async fn cut(&mut self, browser: &Browser) {
        let socket = browser.socket().await;
        std::mem::replace(&mut self.socket, socket).cut();
        self.grown.clear();
        let position = json!({"epoch": self.epoch, "offset": self.offset});
        let before = self.offset;
        self.subscribe(position).await;
        assert_eq!(self.offset, before, "it goes on where it was");
    }

    /// Takes in frames until this holds of the newest one.
    async fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "never; {:?}", self.messages);
            let Received::Frame(frame) = self.socket.next().await else {
                panic!("the socket lives");
            };
            if frame["channel"] != self.channel {
                continue;
            }
            if let Some(offset) = frame["offset"].as_u64() {
                assert_eq!(offset, self.offset + 1, "{frame}");
                self.offset = offset;
            }
            let data = &frame["data"];
            match frame["event"].as_str().unwrap() {
                "message.created" | "message.updated" => {
                    let message = data["message"].clone();
                    self.messages.insert(id(&message).to_owned(), message);
                }
                "message.delta" => self.grow(data),
                _ => {}
            }
        }
    }

    fn grow(&mut self, delta: &Value) {
        let message = delta["message_id"].as_str().unwrap();
        let start = usize::try_from(delta["start"].as_u64().unwrap()).unwrap();
        let grown = self.grown.entry(message.to_owned()).or_default();
        assert!(
            start <= grown.len(),
            "a hole: {start} after {}",
            grown.len()
        );
        grown.truncate(start);
        grown.extend(delta["text"].as_str().unwrap().encode_utf16());
    }

    fn text_of(&self, message: &str) -> String {
        let grown = self.grown.get(message).map_or(&[][..], Vec::as_slice);
        String::from_utf16(grown).unwrap()
    }

    /// The newest message of the bot, once there is one that has this state.
    async fn bot(&mut self, state: &str) -> Value {
        let newest = |device: &Self| {
            let of_bot = device
                .messages
                .values()
                .filter(|one| one["sender"]["kind"] == "bot");
            of_bot
                .max_by_key(|one| one["created_at"].as_str().unwrap().to_owned())
                .cloned()
        };
        self.until(|device| newest(device).is_some_and(|one| one["state"] == state))
            .await;
        newest(self).unwrap()
    }
}

fn story(_: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    for number in 0..40 {
        steps.push(say(&format!("{number} Grüße 👋 ")));
        steps.push(Step::Wait(Duration::from_millis(25)));
    }
    steps.push(Step::Done);
    steps
}

on_both! {
    async fn an_answer_grows_is_cut_resumed_stopped_and_taken_over(database: Database) {
        let model = ModelServer::start(|request| match asked(request) {
            "a story" => story(request),
            "for ever" => vec![say("It goes on "), Step::Wait(Duration::from_millis(100)),
                say("and on"), Step::Hold],
            "a person" if results(request).is_empty() => vec![Step::Call("hand_over", json!({})), Step::Done],
            "a person" => vec![say("Someone comes."), Step::Done],
            other => vec![say(&format!("You said {other}")), Step::Done],
        }).await;
        let server = Server::start(database, model.options());
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let chat = ana.begin_chat().await;
        let mut phone = Device::open(&ana, &chat).await;
        let mut laptop = Device::open(&ana, &chat).await;

        // Question, growing answer, a device that is cut in the middle and comes back.
        ana.say(&chat, "a story").await;
        let begun = phone.bot("streaming").await;
        assert_eq!(text(&begun), "");
        let growing = id(&begun).to_owned();
        laptop.until(|device| device.text_of(&growing).len() > 40).await;
        laptop.cut(&ana).await;
        laptop.until(|device| device.text_of(&growing).len() > 100).await;
        let (on_phone, on_laptop) = (phone.bot("complete").await, laptop.bot("complete").await);
        let whole: String = (0..40).map(|number| format!("{number} Grüße 👋 ")).collect();
        assert_eq!(text(&on_phone), whole);
        assert_eq!(on_phone, on_laptop, "identical on all devices");
        for device in [&phone, &laptop] {
            assert!(whole.starts_with(&device.text_of(&growing)));
        }
        let stored = ana.answer(&chat, 1).await;
        assert_eq!(stored, on_phone, "and in the store");

        // Stopped from the other device, after a reload.
        ana.say(&chat, "for ever").await;
        let begun = phone.bot("streaming").await;
        let growing = id(&begun).to_owned();
        phone.until(|device| device.text_of(&growing) == "It goes on and on").await;
        let mut reloaded = Device::open(&ana, &chat).await;
        reloaded.until(|device| device.text_of(&growing) == "It goes on and on").await;
        let pressed = Instant::now();
        let stop = json!({"type": "stop_message", "id": "stop", "message_id": growing});
        let reply = reloaded.socket.ask(&stop).await;
        let reached = model.left(1).await.saturating_duration_since(pressed);
        assert!(reached < Duration::from_millis(200), "the model heard of it after {reached:?}");
        assert_eq!(reply["data"]["message"]["state"], "cancelled", "{reply}");
        assert_eq!(text(&reply["data"]["message"]), "It goes on and on");
        assert_eq!(phone.bot("cancelled").await, ana.answer(&chat, 2).await);
        let (status, again) = ana.post(&format!("{}/stop", message_path(&begun)), json!({})).await;
        assert_eq!((status, &again["state"]), (StatusCode::OK, &json!("cancelled")));

        // Handed over; staff answers; the bot is silent; handed back.
        ana.say(&chat, "a person").await;
        assert_eq!(text(&ana.answer(&chat, 3).await), "Someone comes.");
        assert_eq!(ana.look(&chat).await["handler"]["kind"], "none");
        staff.hand(&chat, "staff").await;
        staff.write_in(&chat, json!({"body": "canary-of-staff", "note": true})).await;
        staff.say(&chat, "Here I am.").await;
        ana.say(&chat, "good").await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        ana.answer(&chat, 3).await;
        staff.hand(&chat, "bot").await;
        assert_eq!(text(&ana.answer(&chat, 4).await), "You said good");

        // A person who takes over stops the answer at once.
        ana.say(&chat, "for ever").await;
        let begun = phone.bot("streaming").await;
        phone.until(|device| device.text_of(id(&begun)) == "It goes on and on").await;
        let taken = Instant::now();
        staff.hand(&chat, "staff").await;
        let reached = model.left(2).await.saturating_duration_since(taken);
        assert!(reached < Duration::from_secs(1), "{reached:?}");
        let answer = ana.answer(&chat, 5).await;
        assert_eq!((&answer["state"], text(&answer)), (&json!("cancelled"), "It goes on and on"));
        for request in model.requests() {
            let request = request.to_string();
            assert!(!request.contains("canary-of-staff"), "a note reached the model: {request}");
        }
    }

    async fn a_crash_in_mid_answer_leaves_it_failed_and_the_question_answered(database: Database) {
        let model = ModelServer::start(|request| {
            let tries = request["messages"].as_array().unwrap().iter()
                .filter(|one| one["role"] == "assistant").count();
            match tries {
                0 => vec![say("It began so well"), Step::Hold],
                _ => vec![say("Here it is."), Step::Done],
            }
        }).await;
        let mut server = Server::start(database, model.options());
        let ana = server.customer("ana").await;
        let chat = ana.begin_chat().await;
        let mut phone = Device::open(&ana, &chat).await;
        ana.say(&chat, "tell me").await;
        let begun = phone.bot("streaming").await;
        let began = Instant::now();
        while text(&ana.messages(&chat).await[1]).is_empty() {
            assert!(began.elapsed() < PATIENCE, "it is never written down");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server.kill();
        server.start_again();
        let answer = ana.answer(&chat, 2).await;
        assert_eq!((text(&answer), &answer["state"]), ("Here it is.", &json!("complete")));
        let messages = ana.messages(&chat).await;
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert_eq!(id(&messages[1]), id(&begun));
        assert_eq!(messages[1]["state"], "failed");
        assert_eq!(text(&messages[1]), "It began so well", "with what there was");
        assert_eq!(model.requests().len(), 2, "asked once before and once after");
    }

    async fn an_answer_under_way_at_a_shutdown_is_given_after_the_next_start(database: Database) {
        let model = ModelServer::start(|request| match request["messages"].as_array().unwrap().len() {
            2 => vec![say("Half"), Step::Hold],
            _ => vec![say("Whole."), Step::Done],
        }).await;
        let mut server = Server::start(database, model.options());
        let ana = server.customer("ana").await;
        let chat = ana.begin_chat().await;
        let mut phone = Device::open(&ana, &chat).await;
        ana.say(&chat, "tell me").await;
        phone.bot("streaming").await;
        phone.until(|device| device.grown.values().any(|text| text.len() == 4)).await;
        let (code, took) = server.terminate().await;
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(10), "{took:?}");
        server.start_again();
        let answer = ana.answer(&chat, 2).await;
        assert_eq!((text(&answer), model.requests().len()), ("Whole.", 2));
        assert_eq!(ana.messages(&chat).await[1]["state"], "failed");
    }

    async fn a_booking_is_made_once_its_customer_has_chosen_so(database: Database) {
        let model = ModelServer::start(|request| match results(request).len() {
            0 => vec![Step::Call("book", json!({"resource": "Round table",
                "starts_at": "2031-05-01T18:00:00Z", "party_size": 4})), Step::Done],
            _ => vec![say("Shall I ask for the round table?"), Step::Done],
        }).await;
        let server = Server::start(database, model.options());
        let ana = server.customer("ana").await;
        let chat = ana.begin_chat().await;
        ana.say(&chat, "a table for four, please").await;
        let question = ana.answer(&chat, 1).await;
        let none = ana.get("/api/v1/bookings").await.1;
        assert_eq!(none["items"], json!([]), "nothing is written yet");
        let mut socket = ana.socket().await;
        let choose = json!({"type": "choose_action", "id": "c", "message_id": id(&question),
            "action_id": action(&question, "Book Round table on Thu 1 May 2031, 18:00 to 20:00")});
        let reply = socket.ask(&choose).await;
        assert_eq!(reply["data"]["message"]["actions"][0]["chosen"], true, "{reply}");
        let done = ana.answer(&chat, 2).await;
        assert!(text(&done).starts_with("Done: I asked the desk for Round table"), "{done}");
        let bookings = ana.get("/api/v1/bookings").await.1;
        let [booking] = bookings["items"].as_array().unwrap().as_slice() else {
            panic!("{bookings}");
        };
        assert_eq!(booking["party_size"], 4);
        assert_eq!(booking["starts_at"], "2031-05-01T18:00:00.000Z");
        assert_eq!(model.requests().len(), 2, "a choice asks no model");
        for request in model.requests() {
            assert!(!request.to_string().contains(booking["resource"]["id"].as_str().unwrap()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_database_answer_once() {
    let model = ModelServer::start(|request| {
        vec![
            Step::Wait(Duration::from_millis(50)),
            say(&format!("Re: {}", asked(request))),
            Step::Done,
        ]
    })
    .await;
    let one = Server::start(Database::Postgres, model.options());
    let other = one.beside();
    let mut chats = Vec::new();
    for number in 0..12 {
        let node = if number % 2 == 0 { &one } else { &other };
        let ana = node.customer("ana").await;
        let chat = ana.begin_chat().await;
        chats.push((ana, chat));
    }
    for (ana, chat) in &chats {
        ana.say(chat, "hello").await;
    }
    for (ana, chat) in &chats {
        assert_eq!(text(&ana.answer(chat, 1).await), "Re: hello");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for (ana, chat) in &chats {
        ana.answer(chat, 1).await;
    }
    assert_eq!(model.requests().len(), chats.len());

    // An answer that grows at one node is stopped from the other.
    let slow = ModelServer::start(|_| vec![say("For ever"), Step::Hold]).await;
    let mut left = Server::start(Database::Postgres, slow.options());
    let right = left.beside();
    let ana = left.customer("ana").await;
    let chat = ana.begin_chat().await;
    ana.say(&chat, "hello").await;
    let began = Instant::now();
    let growing = loop {
        let messages = ana.messages(&chat).await;
        if let Some(message) = messages.get(1).filter(|one| !text(one).is_empty()) {
            break message.clone();
        }
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for node in [&left, &right] {
        let staff = node.sign_in("staff@test.com").await;
        let (status, message) = staff
            .post(&format!("{}/stop", message_path(&growing)), json!({}))
            .await;
        assert_eq!(
            (status, &message["state"]),
            (StatusCode::OK, &json!("cancelled"))
        );
    }
    slow.left(1).await;
    left.kill();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(
        slow.requests().len(),
        1,
        "what was stopped is not asked again"
    );
    drop(right);
}
