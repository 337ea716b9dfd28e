//! Some sockets stop reading while much is told to all: they are given up, they cost little, those who
//! read notice nothing, and whoever comes back has everything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{Browser, Database, Options, PATIENCE, Server};

/// Sockets that stop reading, and as many that go on.
const EACH: usize = 50;

/// Events of about 1 KiB. A debug build takes a quarter of them, which is still more than an outbox
/// and the kernel's buffers hold together.
const EVENTS: usize = if cfg!(debug_assertions) {
    2_500
} else {
    10_000
};

/// Events that are asked for at once.
const AT_ONCE: usize = 50;

/// How far the slowest of the healthy may be behind before no more is told: less than an outbox, so
/// that a busy machine makes none of them slow.
const BEHIND_MAX: u64 = 300;

/// Longest time from the first byte that has no room to the close.
const GIVEN_UP_MAX: Duration = Duration::from_secs(10);

/// What a socket that is not read may cost the server.
const GROWN_MAX_KIB: u64 = 1_536;

/// What the kernel may hold for a client, so that it is the server that has to.
const RECEIVE_BUFFER_BYTES: u32 = 32 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_that_stop_reading_are_given_up_cost_little_and_come_back_to_everything() {
    let options = Options::demo()
        .with("socket.per_user_max", 2 * EACH)
        .with("socket.per_ip_max", 1_000);
    let server = Server::start(Database::Sqlite, options);
    let staff = server.sign_in("staff@test.com").await;
    let ana = server.sign_in("websocket@test.com").await;
    let token = ana.token().await;
    let connect = json!({"type": "connect", "token": token});
    let mut stalled = Vec::new();
    let mut healthy = Vec::new();
    for _ in 0..EACH {
        stalled.push(opened(&server, &connect).await);
        healthy.push(opened(&server, &connect).await);
    }
    let entry = welcomed(&mut stalled[0]).await["channels"][0].clone();
    for stream in stalled.iter_mut().skip(1).chain(&mut healthy) {
        welcomed(stream).await;
    }
    let first = entry["offset"].as_u64().unwrap() + 1;
    let before = private_kib(&server);

    let began = Instant::now();
    let read: Vec<AtomicU64> = (0..EACH).map(|_| AtomicU64::new(0)).collect();
    let reading = healthy.iter_mut().zip(&read);
    let reading = join_all(reading.map(|(stream, read)| read_all(stream, first, read)));
    let (_, (), (given_up, peak)) = tokio::join!(
        reading,
        publish(&staff, ana.id(), &read),
        watch(&server, &staff, began)
    );
    assert!(given_up < GIVEN_UP_MAX, "given up only after {given_up:?}");
    let grown = peak.saturating_sub(before);
    assert!(
        grown < GROWN_MAX_KIB * EACH as u64,
        "{grown} KiB more for {EACH} sockets that were not read"
    );

    // They come back with the position that they had: everything is there, in order.
    drop(stalled);
    let position = json!({"epoch": entry["epoch"], "offset": entry["offset"]});
    let token = ana.token().await;
    let connect = json!({
        "type": "connect", "token": token, "resume": {ana.channel(): position}
    });
    let returning = (0..EACH).map(|_| async {
        let mut stream = opened(&server, &connect).await;
        let welcome = welcomed(&mut stream).await;
        assert_eq!(welcome["channels"][0]["outcome"], "recovered", "{welcome}");
        read_all(&mut stream, first, &AtomicU64::new(0)).await;
    });
    join_all(returning).await;
}

/// A socket whose client keeps little for it, with its first frame sent.
async fn opened(server: &Server, connect: &Value) -> WebSocketStream<TcpStream> {
    use futures_util::SinkExt as _;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    let stream = socket.connect(server.address).await.unwrap();
    let (mut stream, _) = client_async(server.ws("/api/v1/ws"), stream).await.unwrap();
    stream
        .send(Message::text(connect.to_string()))
        .await
        .unwrap();
    stream
}

async fn next_text(stream: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        let next = tokio::time::timeout(PATIENCE, stream.next()).await;
        match next.expect("a frame in time") {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("a reader that reads is not given up: {other:?}"),
        }
    }
}

async fn welcomed(stream: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        let frame: Value = serde_json::from_str(&next_text(stream).await).unwrap();
        if frame["type"] == "welcome" {
            return frame;
        }
    }
}

/// Reads every event from `first` on, each once and in order; counts them in `read`.
async fn read_all(stream: &mut WebSocketStream<TcpStream>, first: u64, read: &AtomicU64) {
    let mut expected = first;
    while expected < first + EVENTS as u64 {
        let text = next_text(stream).await;
        // Read by hand: there are more than a hundred thousand of them.
        let Some((_, rest)) = text.split_once(r#""offset":"#) else {
            continue;
        };
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        assert_eq!(digits.parse::<u64>().unwrap(), expected, "{text}");
        expected += 1;
        read.store(expected - first, Ordering::Relaxed);
    }
}

/// Tells one account of everything, no faster than those who read take it.
async fn publish(staff: &Browser, user: &str, read: &[AtomicU64]) {
    let body = json!({
        "user_id": user, "kind": "test", "title": "flood", "body": "x".repeat(700)
    });
    for told in (0..EVENTS as u64).step_by(AT_ONCE) {
        let behind = || {
            read.iter()
                .any(|read| read.load(Ordering::Relaxed) + BEHIND_MAX < told)
        };
        while behind() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let some = (0..AT_ONCE).map(|_| staff.post("/api/v1/notifications", body.clone()));
        for (status, answer) in join_all(some).await {
            assert_eq!(status.as_u16(), 201, "{answer}");
        }
    }
}

/// Looks on until all who stopped reading are given up: how long that took since the first outbox
/// was needed, and the most memory that was seen.
async fn watch(server: &Server, staff: &Browser, began: Instant) -> (Duration, u64) {
    let mut peak = 0;
    let mut stuck = None;
    loop {
        peak = peak.max(private_kib(server));
        let (_, stats) = staff.get("/api/v1/ws/stats").await;
        if stuck.is_none() && stats["outbox_bytes"].as_u64().unwrap() > 0 {
            stuck = Some(Instant::now());
        }
        if stats["closes"]["4002"] == EACH {
            return (stuck.unwrap_or(began).elapsed(), peak);
        }
        assert!(began.elapsed() < PATIENCE * 2, "{stats}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Memory of the server's own.
fn private_kib(server: &Server) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", server.pid())).unwrap();
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Private_Dirty:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse().unwrap()
}
