//! All sockets are cut at once, and every client comes back as ours does: a pause of its own, a fresh
//! token, its last positions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Browser, Database, Options, Server, on_both};
use crate::socket::{Reader, Received, Socket};

/// Accounts, and the sockets of each: the most that one may have.
const ACCOUNTS: usize = 25;
const SOCKETS_EACH: usize = 20;

/// Events of each account while its sockets are away.
const MISSED: usize = 3;

/// Longest pause of a client, chosen at random.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Longest wait for `/healthz`, whatever else goes on.
const HEALTH_MAX: Duration = Duration::from_secs(1);

/// Longest time until all are back.
const BACK_MAX: Duration = Duration::from_secs(30);

on_both! {
    async fn five_hundred_cut_at_once_come_back_with_everything(database: Database) {
        let options = Options::demo().with("socket.per_ip_max", 2 * ACCOUNTS * SOCKETS_EACH);
        let server = Server::start(database, options);
        let staff = server.sign_in("staff@test.com").await;
        let browsers = customers(&server).await;
        let mut clients = Vec::new();
        for browser in &browsers {
            let opening = (0..SOCKETS_EACH).map(|_| browser.socket());
            for socket in join_all(opening).await {
                let mut reader = Reader::default();
                reader.welcomed(&socket.welcomed);
                clients.push((browser.clone(), reader, socket));
            }
        }

        let seed = rand::random::<u64>();
        println!("seed {seed}");
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let began = Instant::now();
        let cut: Vec<_> = clients
            .into_iter()
            .map(|(browser, reader, socket)| {
                socket.cut();
                (browser, reader, random.random_range(Duration::ZERO..PAUSE_MAX))
            })
            .collect();
        let all_back = AtomicBool::new(false);
        let coming = async {
            let coming = cut.into_iter().map(|(browser, reader, pause)| come_back(browser, reader, pause));
            let back = join_all(coming).await;
            all_back.store(true, Ordering::Relaxed);
            back
        };
        let (back, (), slowest) =
            tokio::join!(coming, tell(&staff, &browsers), health(&server, &all_back));
        assert!(began.elapsed() < BACK_MAX, "{:?}", began.elapsed());
        assert!(slowest < HEALTH_MAX, "/healthz took {slowest:?}");
        let (_, stats) = staff.get("/api/v1/ws/stats").await;
        assert_eq!(stats["connections"], back.len(), "{stats}");
        // They are live: the next event reaches every one.
        tell_once(&staff, &browsers, "after").await;
        let hearing = back.into_iter().map(|(mut reader, mut socket)| async move {
            take_until(&mut reader, &mut socket, MISSED + 1).await;
        });
        join_all(hearing).await;
    }
}

async fn customers(server: &Server) -> Vec<Browser> {
    let admin = server.sign_in("admin@test.com").await;
    let mut browsers = Vec::new();
    for number in 0..ACCOUNTS {
        let email = format!("storm-{number}@example.com");
        let password = "correct horse battery";
        let account = json!({
            "email": email, "password": password, "name": "Storm", "role": "customer"
        });
        let (status, answer) = admin.post("/api/v1/users", account).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        browsers.push(server.sign_in_with(&email, password).await);
    }
    browsers
}

/// Waits, fetches a token, resumes, and reads what was missed.
async fn come_back(browser: Browser, mut reader: Reader, pause: Duration) -> (Reader, Socket) {
    tokio::time::sleep(pause).await;
    let mut socket = browser.resume(&reader.positions()).await;
    reader.welcomed(&socket.welcomed);
    let outcome = reader.outcomes.last().unwrap();
    assert!(
        ["recovered", "live"].contains(&outcome.as_str()),
        "{outcome}"
    );
    take_until(&mut reader, &mut socket, MISSED).await;
    (reader, socket)
}

async fn take_until(reader: &mut Reader, socket: &mut Socket, events: usize) {
    while reader.events.len() < events {
        match socket.next().await {
            Received::Frame(frame) => reader.take(frame),
            other => panic!("{other:?} instead of event {}", reader.events.len() + 1),
        }
    }
}

/// Something happens to everybody, at the beginning, in the middle and near the end.
async fn tell(staff: &Browser, browsers: &[Browser]) {
    for number in 0..MISSED {
        tell_once(staff, browsers, &format!("missed {number}")).await;
        tokio::time::sleep(PAUSE_MAX / 3).await;
    }
}

async fn tell_once(staff: &Browser, browsers: &[Browser], title: &str) {
    let telling = browsers.iter().map(|browser| async move {
        let body = json!({"user_id": browser.id(), "kind": "test", "title": title, "body": ""});
        let (status, answer) = staff.post("/api/v1/notifications", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    });
    join_all(telling).await;
}

/// The slowest answer of `/healthz`, each time over a connection of its own, until all are back.
async fn health(server: &Server, all_back: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !all_back.load(Ordering::Relaxed) {
        let asked = Instant::now();
        assert_eq!(server.visitor().get("/healthz").await.0, StatusCode::OK);
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    slowest
}
