//! Notifications: seen live by their user alone, read once, and to a role over `kill -9`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Announce, Event, EventLog as _, PageLimits};
use protocol::{ChannelName, Role, Timestamp, UserId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::{CreateUser, PageRequest, Store, StoreConfig};

use crate::harness::{Browser, Database, PATIENCE, Server, answer, on_both};
use crate::socket::{Received, Socket};

const NOTIFICATIONS: &str = "/api/v1/notifications";

fn read_path(notification: &Value) -> String {
    format!(
        "{NOTIFICATIONS}/{}/read",
        notification["id"].as_str().unwrap()
    )
}

fn to(user: &Browser, title: &str) -> Value {
    json!({"user_id": user.id(), "kind": "order", "title": title, "body": "", "link": "/orders"})
}

fn to_role(role: &str, title: &str) -> Value {
    json!({"role": role, "kind": "news", "title": title, "body": "For everyone."})
}

async fn send(staff: &Browser, body: Value) -> Value {
    let (status, sent) = staff.post(NOTIFICATIONS, body).await;
    assert_eq!(status, StatusCode::CREATED, "{sent}");
    sent
}

async fn all(browser: &Browser, query: &str) -> Vec<Value> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = browser
            .get(&format!("{NOTIFICATIONS}?limit=200{query}{cursor}"))
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        seen.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect()
}

struct Nobody;

impl Announce for Nobody {
    fn announce(&self, _events: Arc<[Event]>) {}
}

/// The database of a server, as another process has it.
async fn store_of(server: &Server) -> Store {
    let file = server.database_dir().join("frontdesk.db");
    let config = StoreConfig {
        url: server
            .store_url
            .clone()
            .unwrap_or(format!("sqlite:{}", file.display())),
        keep_events: 10_000,
        keep_hours: 168,
        session_idle_hours: 336,
        session_max_days: 90,
        bot: false,
    };
    Store::open(&config, Arc::new(Nobody)).await.unwrap()
}

/// So many customers who cannot sign in.
async fn add_customers(store: &Store, count: usize) -> Vec<UserId> {
    let users = (0..count).map(|index| {
        let user = CreateUser {
            id: UserId::new(),
            email: format!("c{index}@example.com"),
            name: "Someone".to_owned(),
            role: Role::Customer,
            password_hash: "none".to_owned(),
            now: Timestamp(1_700_000_000_000),
        };
        async move { store.write(user).await.unwrap().id }
    });
    futures_util::future::join_all(users).await
}

/// The titles of a user's notifications, the oldest first.
async fn titles_of(store: &Store, user: UserId) -> Vec<String> {
    let page = PageRequest {
        limit: 200,
        cursor: None,
    };
    let list = store.notifications(user, None, page).await.unwrap().items;
    list.into_iter().rev().map(|one| one.title).collect()
}

/// The titles that a user's channel told of, in its order.
async fn told(store: &Store, user: UserId) -> Vec<String> {
    let limits = PageLimits {
        events: 1_000,
        bytes: usize::MAX,
    };
    let channel = ChannelName::user(user);
    let log = store.event_log().page(&channel, 0, limits).await.unwrap();
    let title = |event: &Event| {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        data["notification"]["title"].as_str().unwrap().to_owned()
    };
    log.events.iter().map(title).collect()
}

/// Waits until a user has one with this title.
async fn reached(store: &Store, user: UserId, title: &str) {
    let began = Instant::now();
    while titles_of(store, user).await.last().map(String::as_str) != Some(title) {
        assert!(began.elapsed() < PATIENCE, "{title} never comes");
    }
}

/// The next event that is not about who is online, which staff are told too.
async fn next(socket: &mut Socket) -> Value {
    loop {
        let event = socket.event().await;
        if event["topic"] != "presence" {
            return event;
        }
    }
}

/// Nothing more comes, who is online aside.
async fn silent(socket: &mut Socket) {
    while let Some(received) = socket.within(Duration::from_millis(300)).await {
        match received {
            Received::Frame(frame) if frame["topic"] == "presence" => {}
            other => panic!("{other:?}"),
        }
    }
}

on_both! {
    async fn a_notification_is_seen_live_by_its_user_alone_and_read_once(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let (mut hers, mut ours) = (ana.socket().await, staff.socket().await);

        let body = "👩‍👩‍👧‍👦 שלום \u{202e}evil\u{202c} e\u{301} % _ \\ '; --\r\n\t$1 \u{feff}";
        let mut request = to(&ana, "  Ready %_ 🦀 ");
        request["body"] = json!(body);
        let sent = send(&staff, request.clone()).await;
        for field in ["kind", "title", "body", "link"] {
            assert_eq!(sent[field], request[field], "byte for byte");
        }
        assert_eq!((&sent["read_at"], sent.get("user_id")), (&Value::Null, None));
        let event = hers.event().await;
        assert_eq!((&event["event"], &event["topic"]), (&json!("notification.created"), &json!("notifications")));
        assert_eq!((&event["channel"], &event["data"]), (&json!(ana.channel()), &json!({"notification": sent})));
        assert_eq!(all(&ana, "").await, std::slice::from_ref(&sent));
        assert!(all(&staff, "").await.is_empty());

        let (status, read) = ana.post(&read_path(&sent), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{read}");
        assert!(read["read_at"].is_string());
        let event = hers.event().await;
        assert_eq!((&event["event"], &event["data"]["notification"]), (&json!("notification.read"), &read));
        let again = ana.request(Method::POST, &read_path(&sent));
        assert_eq!(answer(again).await, (StatusCode::OK, read.clone()));
        assert_eq!((all(&ana, "&unread=true").await, all(&ana, "&unread=false").await), (vec![], vec![read]));

        // A link may be left out or null, and staff may send to themselves.
        let mut bare = to(&staff, "Note");
        bare["link"] = Value::Null;
        assert_eq!(send(&staff, bare).await["link"], Value::Null);
        assert_eq!(next(&mut ours).await["channel"], staff.channel());
        for socket in [&mut hers, &mut ours] {
            silent(socket).await;
        }
    }

    async fn each_field_is_checked_and_a_link_leads_nowhere_else(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let with = |field: &str, value: Value| {
            let mut body = to(&ana, "Ready");
            body[field] = value;
            body
        };
        let without = |field: &str| {
            let mut body = to(&ana, "Ready");
            body.as_object_mut().unwrap().remove(field);
            body
        };
        let cases: Vec<(Value, u16, &[&str])> = vec![
            (json!({}), 400, &[""]),
            (without("kind"), 400, &[""]),
            (without("title"), 400, &[""]),
            (without("body"), 400, &[""]),
            (without("user_id"), 422, &[""]),
            (with("role", json!("customer")), 422, &[""]),
            (with("role", json!("boss")), 400, &["/role"]),
            (with("user_id", json!("ana")), 400, &["/user_id"]),
            (with("user_id", json!(uuid::Uuid::now_v7())), 422, &["/user_id"]),
            (with("kind", json!("")), 422, &["/kind"]),
            (with("kind", json!(" ")), 422, &["/kind"]),
            (with("kind", json!("x".repeat(51))), 422, &["/kind"]),
            (with("kind", json!(7)), 400, &["/kind"]),
            (with("title", json!("")), 422, &["/title"]),
            (with("title", json!("a\nb")), 422, &["/title"]),
            (with("title", json!("a\0b")), 422, &["/title"]),
            (with("title", json!("x".repeat(201))), 422, &["/title"]),
            (with("title", json!(null)), 400, &["/title"]),
            (with("body", json!("x".repeat(4_001))), 422, &["/body"]),
            (with("body", json!("a\0b")), 422, &["/body"]),
            (with("body", json!([])), 400, &["/body"]),
            (with("link", json!("orders")), 422, &["/link"]),
            (with("link", json!("https://evil.example/")), 422, &["/link"]),
            (with("link", json!("javascript:alert(1)")), 422, &["/link"]),
            (with("link", json!("//evil.example")), 422, &["/link"]),
            (with("link", json!("/\\evil.example")), 422, &["/link"]),
            (with("link", json!("/\t/evil.example")), 422, &["/link"]),
            (with("link", json!(format!("/{}", "x".repeat(500)))), 422, &["/link"]),
            (with("link", json!(7)), 400, &["/link"]),
            (with("read_at", json!(null)), 400, &["/read_at"]),
            (with("id", json!(uuid::Uuid::now_v7())), 400, &["/id"]),
            (json!({"kind": "", "title": "", "body": "\0"}), 422, &["", "/kind", "/title", "/body"]),
        ];
        for (body, status, places) in cases {
            let (found, problem) = staff.post(NOTIFICATIONS, body.clone()).await;
            assert_eq!(found.as_u16(), status, "{body}: {problem}");
            assert_eq!(pointers(&problem), places, "{body}: {problem}");
            // Whoever may not send learns nothing of what is wrong with it.
            if status == 422 {
                let (found, problem) = ana.post(NOTIFICATIONS, body.clone()).await;
                assert_eq!((found, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{body}");
            }
        }
        for body in [to(&ana, "mine"), to_role("customer", "all"), to_role("staff", "desk")] {
            assert_eq!(ana.post(NOTIFICATIONS, body).await.0, StatusCode::FORBIDDEN);
        }
        let mut longest = to(&ana, &"🦀".repeat(200));
        longest["kind"] = json!("k".repeat(50));
        longest["body"] = json!("🦀".repeat(2_000));
        longest["link"] = json!(format!("/{}", "é".repeat(499)));
        let sent = send(&staff, longest).await;
        assert_eq!(all(&ana, "").await, [sent], "nothing else was sent");

        for query in ["unread=yes", "unread=", "unread=%00", "limit=0", "limit=201", "cursor=x", "cursor=%00", "user_id=1"] {
            let (status, problem) = ana.get(&format!("{NOTIFICATIONS}?{query}")).await;
            assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{query}");
        }
        let visitor = server.visitor();
        for path in [NOTIFICATIONS.to_owned(), format!("{NOTIFICATIONS}/read-all")] {
            assert_eq!(visitor.post(&path, json!({})).await.0, StatusCode::UNAUTHORIZED);
        }
    }

    async fn the_notification_of_someone_else_and_none_at_all_look_the_same(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let sent = send(&staff, to(&ana, "secret-canary")).await;
        let none = json!({"id": uuid::Uuid::now_v7()});
        for email in ["websocket@test.com", "staff@test.com", "admin@test.com"] {
            let other = server.sign_in(email).await;
            let theirs = other.post(&read_path(&sent), json!({})).await;
            assert_eq!(theirs.0, StatusCode::NOT_FOUND);
            assert_eq!(theirs, other.post(&read_path(&none), json!({})).await, "byte for byte");
            for id in ["%00", "1", "%ff", "..%2f", "read-all"] {
                let (status, problem) = other.post(&format!("{NOTIFICATIONS}/{id}/read"), json!({})).await;
                assert_eq!((status, &problem), (StatusCode::NOT_FOUND, &theirs.1), "{id}");
            }
            let (status, answer) = other.post(&format!("{NOTIFICATIONS}/read-all"), json!({})).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            let list = json!(all(&other, "").await);
            assert!(!list.to_string().contains("secret-canary"), "{list}");
        }
        assert_eq!(all(&ana, "&unread=true").await, [sent]);
    }

    async fn a_repeated_post_with_its_key_sends_once_in_both_forms(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut socket = ana.socket().await;
        let staff = &staff;
        let post = |key: &'static str, body: Value| async move {
            let request = staff.request(Method::POST, NOTIFICATIONS).header("idempotency-key", key);
            answer(request.json(&body)).await
        };
        let (one, many) = (to(&ana, "one"), to_role("customer", "many"));
        for (key, body, code) in [("k1", &one, 201), ("k2", &many, 202)] {
            let answers = futures_util::future::join_all((0..5).map(|_| post(key, body.clone()))).await;
            for answer in &answers {
                assert_eq!(answer, &answers[0]);
            }
            assert_eq!(answers[0].0.as_u16(), code, "{}", answers[0].1);
            assert_eq!(socket.event().await["data"]["notification"]["title"], body["title"]);
        }
        assert_eq!(post("k2", many).await.1, json!({"recipients": 2}));
        let (status, problem) = post("k1", to_role("customer", "other")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("idempotency_conflict")));
        silent(&mut socket).await;
        assert_eq!(all(&ana, "").await.len(), 2);
    }

    async fn twelve_hundred_are_read_at_once_and_each_is_told(database: Database) {
        let server = Server::demo(database);
        let ana = server.customer("ana").await;
        let staff = server.sign_in("staff@test.com").await;
        let title = "x".repeat(200);
        for _ in 0..12 {
            let sends = (0..100).map(|_| send(&staff, to(&ana, &title)));
            futures_util::future::join_all(sends).await;
        }
        let mut socket = ana.socket().await;
        let (status, answer) = ana.post(&format!("{NOTIFICATIONS}/read-all"), json!({})).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({"read": 1_200})));
        let mut told = std::collections::HashSet::new();
        for _ in 0..1_200 {
            let event = socket.event().await;
            assert_eq!(event["event"], "notification.read");
            assert!(event["data"]["notification"]["read_at"].is_string());
            assert!(told.insert(event["data"]["notification"]["id"].to_string()), "told twice");
        }
        assert!(all(&ana, "&unread=true").await.is_empty());
        let (_, answer) = ana.post(&format!("{NOTIFICATIONS}/read-all"), json!({})).await;
        assert_eq!(answer, json!({"read": 0}));
        silent(&mut socket).await;
    }

    async fn a_notification_to_a_role_reaches_each_once_over_kill_nine(database: Database) {
        let mut server = Server::demo(database);
        let wanda = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let store = store_of(&server).await;
        let users = add_customers(&store, 1_000).await;
        let recipients = users.len() + 2;

        // The plug is pulled when the first one has it. Should the program ever be quicker than
        // the plug, once more.
        let mut titles = Vec::new();
        let mut cut_in_the_middle = false;
        while !cut_in_the_middle {
            assert!(titles.len() < 6, "it was never cut in the middle");
            let title = format!("round {}", titles.len());
            let (status, answer) = staff.post(NOTIFICATIONS, to_role("customer", &title)).await;
            assert_eq!((status, answer), (StatusCode::ACCEPTED, json!({"recipients": recipients})));
            reached(&store, users[0], &title).await;
            server.kill();
            let last = titles_of(&store, users[999]).await;
            cut_in_the_middle = last.last() != Some(&title);
            server.start_again();
            // The accounts of the demo are the newest, so theirs come last.
            reached(&store, wanda.id().parse().unwrap(), &title).await;
            titles.push(title);
        }

        // What comes later is woken for at once, and nothing of the earlier ones is repeated.
        let mut socket = wanda.socket().await;
        let (status, _) = staff.post(NOTIFICATIONS, to_role("customer", "last")).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(socket.event().await["data"]["notification"]["title"], "last");
        titles.push("last".to_owned());
        for user in users {
            assert_eq!(titles_of(&store, user).await, titles, "{user}");
            assert_eq!(told(&store, user).await, titles, "{user}");
        }
        let hers: Vec<_> = all(&wanda, "").await.iter().map(|one| one["title"].clone()).collect();
        for title in titles {
            let times = hers.iter().filter(|one| **one == title).count();
            assert_eq!(times, 1, "{title}: {hers:?}");
        }
        silent(&mut socket).await;
        store.close().await;
    }
}
