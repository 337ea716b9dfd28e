//! A busy minute: twenty customers and five staff write at random, reconnect, change roles and
//! erase, each text with a secret canary of its author. No customer ever sees a foreign canary, a
//! staff note or an erased text, on any socket, in any answer, log or metric.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, Server, on_both};
use crate::socket::{Received, Socket};

/// How long it goes on.
const DURATION: Duration = Duration::from_secs(60);

/// How long a change of role or an erasure may take to reach everyone.
const SETTLE: Duration = Duration::from_secs(2);

/// What all watch together.
#[derive(Default)]
struct Watch {
    /// Texts that were erased, and when the server said so.
    erased: Mutex<HashMap<String, Instant>>,
    /// What was seen and should not have been.
    leaks: Mutex<Vec<String>>,
    received: std::sync::atomic::AtomicU64,
    answers: std::sync::atomic::AtomicU64,
}

/// Someone of this minute.
struct Someone {
    browser: Browser,
    /// Since when they are a customer; none while they are staff.
    customer_since: Mutex<Option<Instant>>,
}

impl Someone {
    fn canary(&self) -> String {
        format!("canary-{}", self.browser.id())
    }

    /// Whether a text holds what this person may not see now.
    fn check(&self, watch: &Watch, place: &str, text: &str) {
        for (canary, at) in watch.erased.lock().unwrap().iter() {
            if at.elapsed() > SETTLE && text.contains(canary.as_str()) {
                watch
                    .leaks
                    .lock()
                    .unwrap()
                    .push(format!("{place}: the erased {canary}"));
            }
        }
        let since = *self.customer_since.lock().unwrap();
        let Some(since) = since.filter(|since| since.elapsed() > SETTLE) else {
            return;
        };
        let _ = since;
        for (at, _) in text.match_indices("canary-") {
            let canary = &text[at..text.len().min(at + "canary-".len() + 36)];
            if canary != self.canary() {
                watch
                    .leaks
                    .lock()
                    .unwrap()
                    .push(format!("{place}: {canary} seen by {}", self.canary()));
            }
        }
        if text.contains("note-secret") {
            watch
                .leaks
                .lock()
                .unwrap()
                .push(format!("{place}: a staff note"));
        }
    }

    async fn get(&self, watch: &Watch, path: &str) -> Value {
        let (_, answer) = self.browser.get(path).await;
        watch
            .answers
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.check(watch, path, &answer.to_string());
        answer
    }

    async fn post(&self, watch: &Watch, path: &str, body: Value) -> Value {
        let (_, answer) = self.browser.post(path, body).await;
        watch
            .answers
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.check(watch, path, &answer.to_string());
        answer
    }
}

/// Reads a socket after the other until the end; each for a random time, from where it stopped.
async fn listen(someone: Arc<Someone>, watch: Arc<Watch>, url: String, until: Instant, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut positions: HashMap<String, Value> = HashMap::new();
    while Instant::now() < until {
        let (_, answer) = someone.browser.get("/api/v1/auth/ws-token").await;
        let Some(token) = answer["token"].as_str() else {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        };
        let mut socket = Socket::open(&url).await;
        let resume: Value = positions.clone().into_iter().collect();
        socket
            .send(&json!({"type": "connect", "token": token, "resume": resume}))
            .await;
        let life = Instant::now() + Duration::from_millis(rng.random_range(200..4_000));
        while Instant::now() < life.min(until) {
            let frame = match socket.within(Duration::from_millis(100)).await {
                None => continue,
                Some(Received::Frame(frame)) => frame,
                Some(Received::Close(..) | Received::Gone) => break,
            };
            watch
                .received
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            someone.check(&watch, "socket", &frame.to_string());
            for entry in frame["channels"].as_array().into_iter().flatten() {
                let at = json!({"epoch": entry["epoch"], "offset": entry["offset"]});
                positions.insert(entry["channel"].as_str().unwrap().to_owned(), at);
            }
            if let (Some(channel), Some(offset)) =
                (frame["channel"].as_str(), frame["offset"].as_u64())
                && let Some(at) = positions.get_mut(channel)
            {
                at["offset"] = json!(offset);
            }
            if frame["type"] == "welcome" {
                // Someone else's channels, asked for by name.
                for channel in ["staff".to_owned(), format!("user:{}", uuid::Uuid::now_v7())] {
                    socket
                        .send(&json!({"type": "subscribe", "id": "x", "channel": channel}))
                        .await;
                }
            }
        }
        socket.cut();
    }
}

/// Writes and reads at random until the end.
async fn act(
    someone: Arc<Someone>,
    watch: Arc<Watch>,
    item: String,
    resource: String,
    until: Instant,
    seed: u64,
) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut last: HashMap<&str, Vec<Value>> = HashMap::new();
    while Instant::now() < until {
        let text = format!("{} {}", someone.canary(), rng.random::<u32>());
        match rng.random_range(0..12) {
            0..3 => {
                let lines = json!([{"item_id": item, "quantity": 1}]);
                let body = json!({"lines": lines, "note": text});
                let order = someone.post(&watch, "/api/v1/orders", body).await;
                last.entry("orders").or_default().push(order);
            }
            3 => {
                let start = 1_900_000_000 + rng.random_range(0..1_000_000) * 3_600;
                let at = |seconds: i64| protocol::Timestamp(seconds * 1_000).to_string();
                let body = json!({"resource_id": resource, "party_size": 1, "note": text,
                    "starts_at": at(start), "ends_at": at(start + 3_600)});
                someone.post(&watch, "/api/v1/bookings", body).await;
            }
            4..7 => {
                let chats = someone
                    .get(&watch, "/api/v1/chats?status=open&limit=5")
                    .await;
                let chats = chats["items"].as_array().cloned().unwrap_or_default();
                if chats.is_empty() {
                    someone
                        .post(&watch, "/api/v1/chats", json!({"subject": text}))
                        .await;
                    continue;
                }
                let chat = chats[rng.random_range(0..chats.len())]["id"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                let path = format!("/api/v1/chats/{chat}/messages");
                let staff = someone.customer_since.lock().unwrap().is_none();
                // What staff write to a customer is the customer's to see: no canary in it.
                let body = match (staff, rng.random_range(0..3)) {
                    (true, 0) => json!({"body": format!("note-secret {text}"), "note": true}),
                    (true, _) => json!({"body": "how can we help?"}),
                    (false, _) => json!({"body": text}),
                };
                let message = someone.post(&watch, &path, body).await;
                if !staff && rng.random_bool(0.3) && message["id"].is_string() {
                    let path = format!("{path}/{}", message["id"].as_str().unwrap());
                    let (status, _) = someone.browser.delete(&path).await;
                    if status.is_success() {
                        watch.erased.lock().unwrap().insert(text, Instant::now());
                    }
                }
            }
            7 => {
                // Objects of others, by their ids: those that others' answers told.
                if let Some(order) = last.get("orders").and_then(|orders| orders.last()) {
                    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap_or("x"));
                    someone.get(&watch, &path).await;
                }
            }
            8 => {
                someone.get(&watch, "/api/v1/orders?limit=200").await;
                someone.get(&watch, "/api/v1/bookings?limit=200").await;
            }
            9 => {
                someone.get(&watch, "/api/v1/notifications").await;
                let path = format!(
                    "/api/v1/events?channel=user:{}&after=0&limit=1000",
                    someone.browser.id()
                );
                someone.get(&watch, &path).await;
            }
            10 => {
                someone
                    .get(&watch, "/api/v1/events?channel=staff&after=0&limit=1000")
                    .await;
                someone.get(&watch, "/api/v1/presence").await;
                someone.get(&watch, "/api/v1/ws/attempts").await;
            }
            _ => tokio::time::sleep(Duration::from_millis(rng.random_range(0..50))).await,
        }
    }
}

on_both! {
    async fn no_foreign_canary_is_ever_seen(database: Database) {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let options = Options::demo().with("socket.per_ip_max", 10_000).with("log.keep_events", 2_000);
        let server = Server::start(database, options);
        let item = server.item().await;
        let admin = server.sign_in("admin@test.com").await;
        let (_, resources) = admin.get("/api/v1/resources").await;
        let resource = resources["items"][0]["id"].as_str().unwrap().to_owned();

        let watch = Arc::new(Watch::default());
        let mut people = Vec::new();
        for number in 0..25 {
            let email = format!("person-{number}@example.com");
            let role = if number < 5 { "staff" } else { "customer" };
            let password = "correct horse battery";
            let body = json!({"email": email, "password": password, "name": "P", "role": role});
            let (status, answer) = admin.post("/api/v1/users", body).await;
            assert!(status.is_success(), "{answer}");
            let browser = server.sign_in_with(&email, password).await;
            let customer_since = (role == "customer").then(|| Instant::now() - 2 * SETTLE);
            people.push(Arc::new(Someone { browser, customer_since: Mutex::new(customer_since) }));
        }
        let until = Instant::now() + DURATION;
        let mut tasks = tokio::task::JoinSet::new();
        for (number, someone) in people.iter().enumerate() {
            let seed = seed.wrapping_add(number as u64 * 2);
            let url = server.ws("/api/v1/ws");
            tasks.spawn(listen(Arc::clone(someone), Arc::clone(&watch), url, until, seed));
            let (item, resource) = (item.clone(), resource.clone());
            let (someone, watch) = (Arc::clone(someone), Arc::clone(&watch));
            tasks.spawn(act(someone, watch, item, resource, until, seed + 1));
        }
        // Two of the staff become customers and come back, again and again. While they were staff
        // they saw everything; two seconds after the change they see nothing foreign.
        while Instant::now() < until {
            let someone = &people[rng.random_range(0..2)];
            let path = format!("/api/v1/users/{}", someone.browser.id());
            let was_customer = someone.customer_since.lock().unwrap().is_some();
            if was_customer {
                *someone.customer_since.lock().unwrap() = None;
                admin.patch(&path, json!({"role": "staff"})).await;
            } else {
                let (status, answer) = admin.patch(&path, json!({"role": "customer"})).await;
                assert!(status.is_success(), "{answer}");
                *someone.customer_since.lock().unwrap() = Some(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(rng.random_range(1_000..6_000))).await;
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("nobody fails");
        }
        let leaks = watch.leaks.lock().unwrap().clone();
        assert!(leaks.is_empty(), "seed {seed}: {} leaks, the first: {:#?}", leaks.len(), &leaks[..leaks.len().min(5)]);
        let said = server.said();
        assert!(!said.contains("canary-") && !said.contains("note-secret"), "a text is in the log");
        let metrics = admin.request(reqwest::Method::GET, "/metrics").send().await.unwrap();
        assert!(!metrics.text().await.unwrap().contains("canary-"));
        let received = watch.received.load(std::sync::atomic::Ordering::Relaxed);
        let answers = watch.answers.load(std::sync::atomic::Ordering::Relaxed);
        println!("{received} frames and {answers} answers were looked at");
        assert!(received > 2_000 && answers > 1_000, "{received} frames, {answers} answers");
    }
}
