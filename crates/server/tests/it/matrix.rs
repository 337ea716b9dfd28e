//! The whole matrix: each role, each resource, each action, each path. What a stranger is told of
//! an object and of none at all is the same, byte for byte and in time.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Server, on_both};

/// Who asks, in the order of the columns below.
const ROLES: [&str; 5] = ["anonymous", "owner", "stranger", "staff", "admin"];

/// One request, and the status each role gets.
struct Row {
    method: Method,
    path: String,
    body: Option<Value>,
    expected: [u16; 5],
}

fn row(method: Method, path: impl Into<String>, body: Option<Value>, expected: [u16; 5]) -> Row {
    Row {
        method,
        path: path.into(),
        body,
        expected,
    }
}

async fn ask(browser: &Browser, method: &Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut request = browser.request(method.clone(), path);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// One object of each kind, all of one customer.
struct Objects {
    order: String,
    booking: String,
    chat: String,
    message: String,
    note: String,
    notification: String,
    /// The account itself.
    owner: String,
}

async fn make(owner: &Browser, staff: &Browser, item: &str) -> Objects {
    let id = |object: &Value| {
        object["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{object}"))
            .to_owned()
    };
    let (_, resources) = staff.get("/api/v1/resources").await;
    let resource = &resources["items"][0]["id"];
    let body = json!({"resource_id": resource, "party_size": 1, "note": "",
        "starts_at": "2031-05-01T10:00:00.000Z", "ends_at": "2031-05-01T11:00:00.000Z"});
    let (_, booking) = owner.post("/api/v1/bookings", body).await;
    let (_, chat) = owner
        .post("/api/v1/chats", json!({"subject": "help"}))
        .await;
    let messages = format!("/api/v1/chats/{}/messages", id(&chat));
    let (_, message) = owner.post(&messages, json!({"body": "hello"})).await;
    let (_, note) = staff
        .post(&messages, json!({"body": "be kind", "note": true}))
        .await;
    let sent = json!({"user_id": owner.id(), "kind": "info", "title": "Hi", "body": ""});
    let (_, notification) = staff.post("/api/v1/notifications", sent).await;
    Objects {
        order: id(&owner.order(item, "").await),
        booking: id(&booking),
        chat: id(&chat),
        message: id(&message),
        note: id(&note),
        notification: id(&notification),
        owner: owner.id().to_owned(),
    }
}

/// Every request that names one object. Bodies are such that nothing changes, so that each role
/// finds the same world.
fn rows(objects: &Objects) -> Vec<Row> {
    let Objects {
        order,
        booking,
        chat,
        message,
        note,
        notification,
        owner,
    } = objects;
    let api = "/api/v1";
    let stale = || Some(json!({"version": 999}));
    vec![
        row(
            Method::GET,
            format!("{api}/orders/{order}"),
            None,
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::PATCH,
            format!("{api}/orders/{order}"),
            stale(),
            [401, 409, 404, 409, 409],
        ),
        row(
            Method::GET,
            format!("{api}/bookings/{booking}"),
            None,
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::PATCH,
            format!("{api}/bookings/{booking}"),
            stale(),
            [401, 409, 404, 409, 409],
        ),
        row(
            Method::GET,
            format!("{api}/chats/{chat}"),
            None,
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::PATCH,
            format!("{api}/chats/{chat}"),
            stale(),
            [401, 409, 404, 409, 409],
        ),
        row(
            Method::GET,
            format!("{api}/chats/{chat}/messages"),
            None,
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::POST,
            format!("{api}/chats/{chat}/messages"),
            Some(json!({"body": ""})), // refused by its shape, before anybody looks for the chat
            [401, 422, 422, 422, 422],
        ),
        row(
            Method::POST,
            format!("{api}/chats/{chat}/read"),
            Some(json!({"message_id": message})),
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::POST,
            format!("{api}/chats/{chat}/delivered"),
            Some(json!({"message_id": message})),
            [401, 200, 404, 200, 200],
        ),
        row(
            Method::PATCH,
            format!("{api}/chats/{chat}/messages/{message}"),
            Some(json!({"body": "hello"})),
            [401, 200, 404, 403, 403],
        ),
        row(
            Method::PATCH,
            format!("{api}/chats/{chat}/messages/{note}"),
            Some(json!({"body": "be kind"})),
            [401, 404, 404, 200, 403],
        ),
        row(
            Method::DELETE,
            format!("{api}/chats/{chat}/messages/{note}"),
            None,
            [401, 404, 404, 0, 403],
        ),
        row(
            Method::POST,
            format!("{api}/notifications/{notification}/read"),
            Some(json!({})),
            [401, 200, 404, 404, 404],
        ),
        row(
            Method::GET,
            format!("{api}/users/{owner}/sessions"),
            None,
            [401, 200, 404, 404, 200],
        ),
        row(
            Method::DELETE,
            format!("{api}/users/{owner}/sessions/{order}"), // an id that no session has
            None,
            [401, 404, 404, 404, 404],
        ),
        row(
            Method::GET,
            format!("{api}/events?channel=chat:{chat}"),
            None,
            [401, 200, 404, 200, 200],
        ),
    ]
}

/// Every request that names no object of anyone.
fn general() -> Vec<Row> {
    let get = |path: &str, expected| row(Method::GET, path, None, expected);
    let post = |path: &str, body, expected| row(Method::POST, path, Some(body), expected);
    vec![
        get("/api/v1/orders", [401, 200, 200, 200, 200]),
        get("/api/v1/bookings", [401, 200, 200, 200, 200]),
        get("/api/v1/chats", [401, 200, 200, 200, 200]),
        get("/api/v1/notifications", [401, 200, 200, 200, 200]),
        get("/api/v1/items", [401, 200, 200, 200, 200]),
        get("/api/v1/resources", [401, 200, 200, 200, 200]),
        get("/api/v1/users", [401, 403, 403, 200, 200]),
        get("/api/v1/presence", [401, 403, 403, 200, 200]),
        get("/api/v1/ws/stats", [401, 403, 403, 200, 200]),
        get("/api/v1/ws/attempts", [401, 403, 403, 200, 200]),
        get("/api/v1/ws/connections", [401, 403, 403, 200, 200]),
        row(
            Method::DELETE,
            "/api/v1/ws/connections/0190a000-0000-7000-8000-000000000001",
            None,
            [401, 403, 403, 403, 404],
        ),
        get("/api/v1/configuration", [401, 403, 403, 403, 200]),
        get("/api/v1/bot", [401, 403, 403, 403, 200]),
        row(
            Method::PUT,
            "/api/v1/bot/faq",
            Some(json!({"entries": [{"asked": [], "answer": ""}]})),
            [401, 403, 403, 403, 422],
        ),
        post(
            "/api/v1/bot/try",
            json!({"question": ""}),
            [401, 403, 403, 403, 422],
        ),
        get("/api/v1/auth/me", [401, 200, 200, 200, 200]),
        get("/api/v1/auth/sessions", [401, 200, 200, 200, 200]),
        get("/api/v1/events?channel=staff", [401, 403, 403, 200, 200]),
        get(
            "/api/v1/events?channel=internal:revocations",
            [401, 400, 400, 400, 400],
        ),
        post(
            "/api/v1/items",
            json!({"name": "", "unit_price": 1, "currency": "EUR"}),
            [401, 403, 403, 403, 422],
        ),
        post(
            "/api/v1/resources",
            json!({"name": "", "kind": "x", "capacity": 1}),
            [401, 403, 403, 403, 422],
        ),
        post(
            "/api/v1/users",
            json!({"email": "", "password": "correct horse battery", "name": "X", "role": "customer"}),
            [401, 403, 403, 403, 422],
        ),
        post(
            "/api/v1/notifications",
            json!({"role": "customer", "kind": "x", "title": "", "body": ""}),
            [401, 403, 403, 422, 422],
        ),
    ]
}

on_both! {
    async fn each_role_gets_what_the_policy_says(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let people = [
            server.visitor(),
            server.customer("owner").await,
            server.customer("stranger").await,
            server.sign_in("staff@test.com").await,
            server.sign_in("admin@test.com").await,
        ];
        let objects = make(&people[1], &people[3], &item).await;
        let mut wrong = Vec::new();
        for row in rows(&objects).into_iter().chain(general()) {
            for (role, (person, expected)) in
                ROLES.iter().zip(people.iter().zip(row.expected)).filter(|(_, (_, code))| *code > 0)
            {
                let (status, body) = ask(person, &row.method, &row.path, row.body.as_ref()).await;
                if status != expected {
                    wrong.push(format!("{role} {} {}: {status}, not {expected}: {body}", row.method, row.path));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");

        // Over the socket: subscribe and resume.
        let chat = format!("chat:{}", objects.chat);
        let own = people[1].channel();
        for (role, person) in ROLES.iter().zip(&people).skip(1) {
            let is_staff = matches!(*role, "staff" | "admin");
            let is_owner = *role == "owner";
            let mut socket = person.socket().await;
            let epoch = socket.welcomed["channels"][0]["epoch"].clone();
            assert_eq!(socket.welcomed["presence"].is_array(), is_staff, "{role}");
            let cases =
                [(&chat, is_staff || is_owner), (&own, is_owner), (&"staff".to_owned(), is_staff)];
            for (channel, allowed) in cases {
                let position = json!({"epoch": epoch, "offset": 0});
                for position in [Value::Null, position] {
                    let mut command = json!({"type": "subscribe", "id": 1, "channel": channel});
                    if position.is_object() {
                        command["position"] = position;
                    }
                    let answer = socket.ask(&command).await;
                    assert_eq!(answer["type"] == "reply", allowed, "{role} {channel}: {answer}");
                }
                let resume = json!({channel.as_str(): {"epoch": epoch, "offset": 0}});
                let resumed = person.resume(&resume).await;
                let channels = resumed.welcomed["channels"].to_string();
                assert_eq!(channels.contains(channel.as_str()), allowed, "{role} resumes {channel}");
            }
            // A customer's reading of the chat holds no note, by any path.
            if is_owner {
                for channel in [&chat, &own] {
                    let path = format!("/api/v1/events?channel={channel}&limit=1000");
                    let (_, page) = person.get(&path).await;
                    assert!(!page.to_string().contains("be kind"), "{channel}");
                }
                let (_, page) = person.get(&format!("/api/v1/chats/{}/messages", objects.chat)).await;
                assert!(!page.to_string().contains("be kind"));
            }
        }
    }

    async fn a_strangers_object_and_none_at_all_are_told_alike(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let owner = server.customer("owner").await;
        let stranger = server.customer("stranger").await;
        let staff = server.sign_in("staff@test.com").await;
        let objects = make(&owner, &staff, &item).await;
        let none = || uuid::Uuid::now_v7().to_string();
        let nothing = Objects {
            order: none(), booking: none(), chat: none(), message: none(), note: none(),
            notification: none(), owner: none(),
        };
        for (real, missing) in rows(&objects).into_iter().zip(rows(&nothing)) {
            let one = ask(&stranger, &real.method, &real.path, real.body.as_ref()).await;
            let other = ask(&stranger, &missing.method, &missing.path, missing.body.as_ref()).await;
            assert_eq!(one.0, real.expected[2], "{} {}: {}", real.method, real.path, one.1);
            assert_eq!(one, other, "{} {}", real.method, real.path);
        }
        // A note in a chat of one's own is as good as none.
        let path = |message: &str| format!("/api/v1/chats/{}/messages/{message}", objects.chat);
        for method in [Method::PATCH, Method::DELETE] {
            let body = (method == Method::PATCH).then(|| json!({"body": "x"}));
            let note = ask(&owner, &method, &path(&objects.note), body.as_ref()).await;
            let none = ask(&owner, &method, &path(&nothing.note), body.as_ref()).await;
            assert_eq!(note, none);
        }
        let mut socket = stranger.socket().await;
        let mut told = Vec::new();
        for chat in [&objects.chat, &nothing.chat] {
            let subscribe = json!({"type": "subscribe", "id": 1, "channel": format!("chat:{chat}")});
            let send = json!({"type": "send_message", "id": 2, "chat_id": chat, "client_id": "c", "body": "x"});
            let read = json!({"type": "mark_read", "id": 3, "chat_id": chat, "message_id": objects.message});
            let typing = json!({"type": "typing", "id": 4, "chat_id": chat, "active": true});
            let mut answers = Vec::new();
            for command in [subscribe, send, read, typing] {
                answers.push(socket.ask(&command).await);
            }
            assert!(answers.iter().all(|answer| answer["type"] == "error"), "{answers:?}");
            told.push(answers);
        }
        assert_eq!(told[0], told[1]);

        // In time, too: the medians of many interleaved samples.
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..60 {
            for (place, order) in [&objects.order, &nothing.order].into_iter().enumerate() {
                let began = Instant::now();
                stranger.get(&format!("/api/v1/orders/{order}")).await;
                samples[place].push(began.elapsed());
            }
        }
        let [real, missing] = samples.map(|mut samples| {
            samples.sort_unstable();
            samples[samples.len() / 2]
        });
        let noise = Duration::from_millis(3);
        assert!(real < missing + noise && missing < real + noise, "{real:?} and {missing:?}");
    }
}
