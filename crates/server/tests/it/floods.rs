//! One socket that sends far too much: it is answered or closed as the protocol says, and another
//! socket notices nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;

use crate::harness::{Database, Server};
use crate::hostile::{masked, raw, resident_kib};
use crate::socket::Socket;

/// How many frames one flood has.
const FRAMES: usize = 100_000;

/// Longest wait of the other socket for an answer. A shard that did the flood first would take
/// longer in a debug build on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// What is left of the server's memory when the flood is over, at most.
const GROWN_MAX_KIB: u64 = 32 * 1024;

/// How a flood ended for the one who sent it.
#[derive(Debug, PartialEq)]
enum End {
    /// With this close code.
    Closed(u16),
    /// A last ping was answered.
    Answered,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_pings_are_not_all_answered_and_hurt_nobody() {
    flood(masked(0x89, b"flood"), End::Answered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_subscribes_close_their_own_socket_with_4004() {
    let command = json!({"type": "subscribe", "id": 1, "channel": "staff"}).to_string();
    flood(masked(0x81, command.as_bytes()), End::Closed(4004)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_texts_that_are_no_command_close_their_own_socket_with_4510() {
    flood(masked(0x81, b"{\"type\": \"subscr"), End::Closed(4510)).await;
}

async fn flood(frame: Vec<u8>, expected: End) {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("websocket@test.com").await;
    let mut quiet = quiet_sockets(&server).await;
    let before = resident_kib(&server);

    let stream = raw(&server, &format!("/api/v1/ws?token={}", ana.token().await)).await;
    let (read, mut write) = stream.into_split();
    let reading = tokio::spawn(read_to_the_end(read));
    let writing = tokio::spawn(async move {
        let some = frame.repeat(FRAMES / 100);
        for _ in 0..100 {
            // The server may close while it is written to.
            if write.write_all(&some).await.is_err() {
                return;
            }
        }
        // Answered once the flood is read and a pong is due again.
        while write.write_all(&masked(0x89, b"last")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });

    let (mut worst, mut asked) = (Duration::ZERO, 0);
    let began = Instant::now();
    while !reading.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(60), "no end in 60 s");
        for socket in &mut quiet {
            let began = Instant::now();
            let reply = socket.ask(&json!({"type": "ping", "id": asked})).await;
            assert_eq!(reply["type"], "reply", "{reply}");
            worst = worst.max(began.elapsed());
            asked += 1;
        }
        tokio::time::sleep(Duration::from_millis(60)).await; // 20 a second are allowed
    }
    println!("the longest of {asked} answers took {worst:?}");
    assert_eq!(reading.await.unwrap(), expected);
    assert!(
        worst < ANSWER_MAX,
        "another socket waited {worst:?} for one of {asked} answers"
    );
    writing.abort();
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < GROWN_MAX_KIB, "{grown} KiB more");
}

/// Sockets of somebody else, so many that each shard of a usual machine has one.
async fn quiet_sockets(server: &Server) -> Vec<Socket> {
    let ben = server.sign_in("staff@test.com").await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(ben.socket().await);
    }
    sockets
}

/// Reads frames until the close frame, or until the last ping was answered.
async fn read_to_the_end(mut stream: OwnedReadHalf) -> End {
    loop {
        let first = stream.read_u8().await.expect("a frame");
        let length = match stream.read_u8().await.expect("a length") {
            126 => usize::from(stream.read_u16().await.expect("a longer length")),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.expect("a payload");
        match (first, &payload[..]) {
            (0x88, [high, low, ..]) => return End::Closed(u16::from_be_bytes([*high, *low])),
            (0x8A, b"last") => return End::Answered,
            _ => {}
        }
    }
}
