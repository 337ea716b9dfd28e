//! Many chats whose answers grow at once, and several nodes that share them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bot::text;
use crate::chats::channel;
use crate::harness::{Browser, Database, PATIENCE, Server, on_both};
use crate::model_server::{ModelServer, Step, asked, say};
use crate::socket::{Received, Socket};

/// Chats that grow at once; each with a customer, a socket and a question of its own.
const CHATS: usize = 200;

/// Pieces of each answer, fifty a second.
const PIECES: usize = 60;

/// What a socket sees of one answer: the text as it grew, and how it ended.
async fn watch(mut socket: Socket, channel: String) -> (String, String) {
    let mut grown: Vec<u16> = Vec::new();
    loop {
        let frame = match socket.next().await {
            Received::Frame(frame) => frame,
            other => panic!("{other:?}: the socket lives"),
        };
        if frame["channel"] != channel {
            continue;
        }
        let data = &frame["data"];
        if frame["event"] == "message.delta" {
            let start = usize::try_from(data["start"].as_u64().unwrap()).unwrap();
            assert!(start <= grown.len(), "a hole at {start}");
            grown.truncate(start);
            grown.extend(data["text"].as_str().unwrap().encode_utf16());
        }
        if frame["event"] == "message.updated" {
            assert_eq!(data["message"]["state"], "complete", "{frame}");
            return (
                String::from_utf16(&grown).unwrap(),
                text(&data["message"]).to_owned(),
            );
        }
    }
}

on_both! {
    async fn many_answers_grow_at_once_and_each_reader_gets_its_own(database: Database) {
        let model = ModelServer::start(|request| {
            let name = asked(request).to_owned();
            (0..PIECES).flat_map(move |number| {
                [say(&format!("{name} {number} 👋 ")), Step::Wait(Duration::from_millis(20))]
            }).chain([Step::Done]).collect()
        }).await;
        // Everyone comes from one address here.
        let server = Server::start(database, model.options().with("socket.per_ip_max", 2 * CHATS));
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let mut customers = Vec::new();
        for number in 0..CHATS {
            customers.push(register(&server, &admin, &format!("c{number}")).await);
        }
        // Opened late, so that none is silent for long before it is read.
        let (mut chats, mut watching) = (Vec::new(), Vec::new());
        for customer in customers {
            let chat = customer.begin_chat().await;
            let mut socket = customer.socket().await;
            socket.subscribe(&channel(&chat), Value::Null).await;
            chats.push((customer, chat, socket));
        }
        for (number, (customer, chat, _)) in chats.iter().enumerate() {
            customer.say(chat, &format!("question-{number}")).await;
        }
        let mut asked = Vec::new();
        for (customer, chat, socket) in chats {
            watching.push(tokio::spawn(watch(socket, channel(&chat))));
            asked.push((customer, chat));
        }
        let mut bodies = BTreeSet::new();
        for (number, task) in watching.into_iter().enumerate() {
            let (grown, body) = tokio::time::timeout(PATIENCE * 2, task).await.unwrap().unwrap();
            let whole: String = (0..PIECES).map(|piece| format!("question-{number} {piece} 👋 ")).collect();
            assert_eq!(body, whole);
            assert!(whole.starts_with(&grown) && grown.len() > whole.len() / 2, "it grew: {grown}");
            let (_, chat) = &asked[number];
            assert_eq!(text(&staff.answer(chat, 1).await), whole, "the same in the store");
            bodies.insert(body);
        }
        assert_eq!(bodies.len(), CHATS);
    }
}

/// Registration is limited for each address, so the accounts are made by an admin.
async fn register(server: &Server, admin: &Browser, name: &str) -> Browser {
    let (email, password) = (format!("{name}@example.com"), "correct horse battery");
    let account = json!({"email": email, "password": password, "name": name, "role": "customer"});
    let (status, answer) = admin.post("/api/v1/users", account).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    server.sign_in_with(&email, password).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_at_another_node_takes_over_and_the_answer_stops() {
    let model = ModelServer::start(|_| vec![say("For ever"), Step::Hold]).await;
    let left = Server::start(Database::Postgres, model.options());
    let right = left.beside();
    let ana = left.customer("ana").await;
    let chat = ana.begin_chat().await;
    ana.say(&chat, "hello").await;
    let began = Instant::now();
    while ana
        .messages(&chat)
        .await
        .get(1)
        .is_none_or(|one| text(one).is_empty())
    {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The node where she wrote is told first, so mostly it is the one that answers.
    right
        .sign_in("staff@test.com")
        .await
        .hand(&chat, "staff")
        .await;
    model.left(1).await;
    let answer = ana.answer(&chat, 1).await;
    assert_eq!(
        (text(&answer), &answer["state"]),
        ("For ever", &json!("cancelled"))
    );
    assert_eq!(model.requests().len(), 1);
}
