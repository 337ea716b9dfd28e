//! Peers that do not keep to the protocol: each is named and closed, and nobody else notices.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Database, Options, Server};
use crate::socket::{Received, Socket};

/// A connection after the handshake, with frames by hand.
pub(crate) async fn raw(server: &Server, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer to the handshake"));
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    // RFC 6455, 1.3 gives the proof for this very key.
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(
        head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{head}"
    );
    stream
}

/// The code of the close frame that comes, passing over other frames; 1006 if none comes.
async fn close_code(stream: &mut TcpStream) -> u16 {
    let read = async {
        loop {
            let first = stream.read_u8().await?;
            let length = match stream.read_u8().await? {
                126 => usize::from(stream.read_u16().await?),
                127 => usize::try_from(stream.read_u64().await?).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await?;
            if first == 0x88 {
                return Ok::<u16, std::io::Error>(u16::from_be_bytes([payload[0], payload[1]]));
            }
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(10), read).await;
    read.expect("a close within 10 s").unwrap_or(1006)
}

pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        middle @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0x56, 0x78];
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// What breaks RFC 6455 or our limits, in frames as a client sends them, and the code it earns.
fn broken_frames() -> Vec<(&'static str, Vec<u8>, u16)> {
    let close = |code: u16| masked(0x88, &code.to_be_bytes());
    let two = |first: u8, second: u8| [masked(first, b"a"), masked(second, b"b")].concat();
    let declares = |length: u64| {
        let mut header = vec![0x82, 0xFF];
        header.extend(length.to_be_bytes());
        header.extend([1, 2, 3, 4]);
        header
    };
    let too_large_together = [
        masked(0x02, &vec![0; 40_000]),
        masked(0x80, &vec![0; 40_000]),
    ];
    vec![
        ("unmasked", vec![0x81, 0x01, b'x'], 1002),
        ("unmasked ping", vec![0x89, 0x00], 1002),
        ("reserved bit 1", masked(0xC1, b"x"), 1002),
        ("reserved bit 2", masked(0xA1, b"x"), 1002),
        ("reserved bit 3", masked(0x91, b"x"), 1002),
        ("reserved data opcode", masked(0x83, b"x"), 1002),
        ("reserved control opcode", masked(0x8B, b"x"), 1002),
        ("fragmented ping", masked(0x09, b"x"), 1002),
        ("fragmented close", masked(0x08, &[3, 0xE8]), 1002),
        ("long ping", masked(0x89, &[0; 126]), 1002),
        ("long pong", masked(0x8A, &[0; 126]), 1002),
        ("long close", masked(0x88, &[b'x'; 126]), 1002),
        (
            "5 bytes with a length of 2",
            vec![0x81, 0xFE, 0, 5, 1, 2, 3, 4],
            1002,
        ),
        ("65535 bytes with a length of 8", declares(65_535), 1002),
        ("2^63 bytes", declares(1 << 63), 1002),
        ("2^63 - 1 bytes", declares((1 << 63) - 1), 1009),
        ("2^40 bytes", declares(1 << 40), 1009),
        ("one byte too many", declares(65_537), 1009),
        (
            "fragments too large together",
            too_large_together.concat(),
            1009,
        ),
        ("continuation of nothing", masked(0x80, b"x"), 1002),
        (
            "continuation after the end",
            [two(0x01, 0x80), masked(0x80, b"c")].concat(),
            1002,
        ),
        ("text in a text", two(0x01, 0x81), 1002),
        ("binary in a text", two(0x01, 0x02), 1002),
        ("not UTF-8", masked(0x81, &[0xC3, 0x28]), 1007),
        (
            "half a character at the end",
            masked(0x81, &[b'a', 0xC3]),
            1007,
        ),
        ("a surrogate", masked(0x81, &[0xED, 0xA0, 0x80]), 1007),
        (
            "not UTF-8 across fragments",
            [masked(0x01, &[0xC3]), masked(0x80, &[0x28])].concat(),
            1007,
        ),
        (
            "not UTF-8 before the message ends",
            masked(0x01, &[b'a', 0xFF]),
            1007,
        ),
        ("close of one byte", masked(0x88, &[3]), 1002),
        ("close with 0", close(0), 1002),
        ("close with 999", close(999), 1002),
        ("close with 1004", close(1004), 1002),
        ("close with 1005", close(1005), 1002),
        ("close with 1006", close(1006), 1002),
        ("close with 1015", close(1015), 1002),
        ("close with 2999", close(2999), 1002),
        ("close with 5000", close(5000), 1002),
        (
            "close with a reason that is not UTF-8",
            masked(0x88, &[3, 0xE8, 0xFF]),
            1007,
        ),
    ]
}

#[tokio::test]
async fn frames_against_the_protocol_are_closed_with_the_code_of_the_standard_within_a_second() {
    let server = Server::demo(Database::Sqlite);
    for (name, bytes, code) in broken_frames() {
        for path in ["/api/v1/ws", "/ws/echo"] {
            let mut stream = raw(&server, path).await;
            let began = Instant::now();
            stream.write_all(&bytes).await.unwrap();
            assert_eq!(close_code(&mut stream).await, code, "{name} at {path}");
            // Nothing more will come, and the server says so without waiting for our close.
            let mut rest = Vec::new();
            let ended = stream.read_to_end(&mut rest);
            let ended = tokio::time::timeout(Duration::from_secs(5), ended).await;
            assert_eq!(
                ended.expect("an end within 5 s").unwrap(),
                0,
                "{name} at {path}: {rest:?}"
            );
            let took = began.elapsed();
            assert!(
                took < Duration::from_secs(1),
                "{name} at {path} took {took:?}"
            );
        }
    }
    server.sign_in("websocket@test.com").await.socket().await;
}

#[tokio::test]
async fn a_declared_length_costs_no_memory_before_its_bytes_come() {
    const MESSAGE_BYTES: u64 = 16 << 20;
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.frame_max_bytes", MESSAGE_BYTES),
    );
    let mut frame = vec![0x82, 0xFF];
    frame.extend(MESSAGE_BYTES.to_be_bytes());
    frame.extend([0; 4 + 1_000]); // the mask, and the first of many bytes
    let before = resident_kib(&server);
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = raw(&server, "/ws/echo").await;
        stream.write_all(&frame).await.unwrap();
        streams.push(stream);
    }
    // A frame that comes later is answered, so the server has read what came before it.
    let mut last = raw(&server, "/ws/echo").await;
    last.write_all(&masked(0x81, b"x")).await.unwrap();
    assert_eq!(last.read_u8().await.unwrap(), 0x81);
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB for 100 declarations");
}

#[tokio::test]
async fn a_message_in_many_fragments_is_one_message_and_too_many_are_1009() {
    let server = Server::demo(Database::Sqlite);
    let mut stream = raw(&server, "/ws/echo").await;
    let mut bytes = masked(0x01, b"a");
    for _ in 0..500 {
        bytes.extend(masked(0x00, b"b"));
    }
    bytes.extend(masked(0x89, b"between"));
    bytes.extend(masked(0x80, b"c"));
    // One byte at a time: where the network cuts makes no difference.
    for chunk in bytes.chunks(7) {
        stream.write_all(chunk).await.unwrap();
    }
    let mut pong = [0; 9];
    stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong[2..], b"between");
    let mut echo = vec![0; 4 + 502];
    stream.read_exact(&mut echo).await.unwrap();
    assert!(echo.ends_with(b"bbc") && echo[4] == b'a');

    let mut stream = raw(&server, "/ws/echo").await;
    let mut bytes = masked(0x01, b"a");
    for _ in 0..2_000 {
        bytes.extend(masked(0x00, b""));
    }
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(close_code(&mut stream).await, 1009);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_on_many_sockets_disturb_nobody_and_leave_nothing_behind() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.per_ip_max", 1_000),
    );
    let ana = server.sign_in("websocket@test.com").await;
    let mut quiet = ana.socket().await;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let before = resident_kib(&server);
    for round in 0..4_u64 {
        let mut streams = Vec::new();
        for number in 0..100_u64 {
            let mut stream = raw(&server, "/api/v1/ws").await;
            let mut state = seed ^ (round << 32) ^ number;
            let noise: Vec<u8> = (0..2_000)
                .map(|_| {
                    // SplitMix64: enough noise to be anything.
                    state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                    (mixed >> 56) as u8
                })
                .collect();
            // The server may close while it is written to.
            let _ = stream.write_all(&noise).await;
            streams.push(stream);
        }
        let began = Instant::now();
        assert_eq!(
            quiet.ask(&json!({"type": "ping", "id": round})).await["type"],
            "reply"
        );
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

#[tokio::test]
async fn half_a_frame_and_half_a_handshake_hold_nothing_up() {
    let server = Server::demo(Database::Sqlite);
    let mut half_frame = raw(&server, "/api/v1/ws").await;
    half_frame
        .write_all(&masked(0x81, &[b'x'; 1_000])[..500])
        .await
        .unwrap();
    let mut half_handshake = TcpStream::connect(server.address).await.unwrap();
    half_handshake
        .write_all(b"GET /api/v1/ws HTTP/1.1\r\nHost: loc")
        .await
        .unwrap();
    let ana = server.sign_in("websocket@test.com").await;
    let mut socket = ana.socket().await;
    assert_eq!(
        socket.ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
    // No token came within five seconds, half a frame or not.
    assert_eq!(close_code(&mut half_frame).await, 4501);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_outlive_a_database_that_is_away() {
    let mut postgres = testbed::Postgres::start();
    let url = postgres.new_database();
    let server = Server::start(Database::Sqlite, Options::demo().with("store.url", &url));
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    let token = ana.token().await;
    let mut socket = ana.socket().await;
    postgres.kill();

    let began = Instant::now();
    let lines = json!([{"item_id": item, "quantity": 1}]);
    let (status, problem) = ana.post("/api/v1/orders", json!({"lines": lines})).await;
    assert_eq!(
        status,
        reqwest::StatusCode::SERVICE_UNAVAILABLE,
        "{problem}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    let (code, _, goodbye) = Socket::open(&server.ws(&format!("/api/v1/ws?token={token}")))
        .await
        .closed()
        .await;
    assert_eq!(code, 4005);
    assert!(goodbye.unwrap()["retry_after_ms"].is_u64());
    assert_eq!(
        socket.ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
    assert_eq!(server.visitor().get("/readyz").await.0.as_u16(), 503);

    postgres.start_again();
    let began = Instant::now();
    let order = loop {
        let (status, order) = ana.post("/api/v1/orders", json!({"lines": lines})).await;
        if status == reqwest::StatusCode::CREATED {
            break order;
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{status} {order}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    // The socket that stayed open has missed nothing that was committed.
    loop {
        match socket.next().await {
            Received::Frame(frame) if frame["type"] == "event" => {
                if frame["data"]["order"]["id"] == order["id"] {
                    return;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
