//! Group G: negotiation and frames, from a server that gets one thing wrong.

use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use doctor::Options;
use websocket::{Opcode, write_close, write_frame};

use crate::frontdesk::Frontdesk;
use crate::lab::{Lab, Told as _, at, provokes};
use crate::scripted::{Asked, Echo, Reply, Scripted, Then, any_echo};

/// Blames a server that answers like this and clears one that does not.
async fn judge(lab: &mut Lab, wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
    let plain: fn(Options) -> Options = |options| options;
    judge_with(lab, plain, wrong, any_echo).await;
}

async fn judge_with(
    lab: &mut Lab,
    told: impl Fn(Options) -> Options,
    wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    right: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) {
    let server = Scripted::start(wrong).await;
    lab.blames(told(at(server.socket("/ws")))).await;
    let server = Scripted::start(right).await;
    lab.clears(told(at(server.socket("/ws")))).await;
}

/// A socket that says these bytes at once.
fn saying(asked: &Asked, bytes: &[u8]) -> Reply {
    if asked.wants_socket() {
        Reply::socket(asked).then(Then::Bytes(bytes.to_vec()))
    } else {
        any_echo(asked)
    }
}

/// A socket that closes with this code and reason at once.
fn closing(asked: &Asked, code: u16, reason: &str) -> Reply {
    let mut bytes = BytesMut::new();
    write_close(&mut bytes, code, reason);
    saying(asked, &bytes)
}

fn offering(names: &'static [&'static str]) -> impl Fn(Options) -> Options {
    move |mut options| {
        options.subprotocols = names.iter().map(|&name| name.to_owned()).collect();
        options
    }
}

provokes! {
    "ws.accept_key" => the_key_is_not_understood,
    "ws.subprotocol" => none_or_another_subprotocol_is_chosen,
    "ws.extension" => compression_is_used_that_nobody_asked_for,
    "ws.version" => another_version_of_the_protocol_is_wanted,
    "ws.too_big" => large_messages_end_the_connection,
    "ws.bad_utf8" => a_text_is_not_utf_8,
    "ws.binary" => binary_messages_are_not_taken,
    "ws.protocol_error" => frames_break_the_protocol,
    "ws.version_skew" => the_client_is_newer_than_the_server,
    "dev.two_handlers" => http_text_follows_the_upgrade,
    "http.header_size" => the_server_takes_fewer_headers_than_are_sent,
    "srv.closed" => the_server_closes_with_a_code_of_its_own,
    "auth.skew" => the_servers_clock_is_ten_minutes_slow,
    "life.max" => the_connection_ends_at_a_fixed_age,
}

async fn the_key_is_not_understood(lab: &mut Lab) {
    judge(lab, |asked| match asked.wants_socket() {
        true => Reply::socket_with_key("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        false => any_echo(asked),
    })
    .await;
}

async fn none_or_another_subprotocol_is_chosen(lab: &mut Lab) {
    let chosen = |asked: &Asked| match asked.header("sec-websocket-protocol") {
        Some(offered) => any_echo(asked).with(
            "Sec-WebSocket-Protocol",
            offered.split(',').next().unwrap_or_default(),
        ),
        None => any_echo(asked),
    };
    judge_with(lab, offering(&["chat.v1"]), any_echo, chosen).await;
    let other = |asked: &Asked| any_echo(asked).with("Sec-WebSocket-Protocol", "graphql-ws");
    judge_with(lab, offering(&["chat.v1"]), other, chosen).await;
    judge(lab, other).await;
}

async fn compression_is_used_that_nobody_asked_for(lab: &mut Lab) {
    judge(lab, |asked| {
        any_echo(asked).with("Sec-WebSocket-Extensions", "x-webkit-deflate-frame")
    })
    .await;
    // RSV1 on a frame of text, as compressed messages have it.
    judge(lab, |asked| saying(asked, b"\xc1\x05hello")).await;
}

async fn another_version_of_the_protocol_is_wanted(lab: &mut Lab) {
    judge(lab, |asked| match asked.wants_socket() {
        true => Reply::html("426 Upgrade Required").with("Sec-WebSocket-Version", "8"),
        false => any_echo(asked),
    })
    .await;
}

async fn large_messages_end_the_connection(lab: &mut Lab) {
    let up_to = |most: usize| {
        move |asked: &Asked| {
            let echo = Echo {
                message_max_bytes: most,
                ..Echo::WELL
            };
            any_echo(asked).then(if asked.wants_socket() {
                Then::Echo(echo)
            } else {
                Then::Close
            })
        }
    };
    judge_with(lab, Options::echoing, up_to(32 << 10), up_to(16 << 20)).await;
}

async fn a_text_is_not_utf_8(lab: &mut Lab) {
    judge(lab, |asked| saying(asked, b"\x81\x04abc\xff")).await;
    judge(lab, |asked| closing(asked, 1007, "invalid utf-8")).await;
}

async fn binary_messages_are_not_taken(lab: &mut Lab) {
    judge(lab, |asked| {
        closing(asked, 1003, "only text is spoken here")
    })
    .await;
}

async fn frames_break_the_protocol(lab: &mut Lab) {
    // A server's frame with a mask.
    judge(lab, |asked| saying(asked, b"\x81\x82\x01\x02\x03\x04hi")).await;
    // A close with a reason of 124 bytes.
    judge(lab, |asked| {
        saying(
            asked,
            &[b"\x88\x7e\x00\x7e\x03\xe8".as_slice(), &[b'r'; 124]].concat(),
        )
    })
    .await;
    // The reserved code 1006 on the wire.
    judge(lab, |asked| saying(asked, b"\x88\x02\x03\xee")).await;
    judge(lab, |asked| closing(asked, 1002, "protocol error")).await;
}

async fn the_client_is_newer_than_the_server(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    lab.blames(at(server.socket("/api/v1/ws?protocol=2"))).await;
    let token = server.token(crate::frontdesk::CUSTOMER);
    lab.clears(at(server.socket("/api/v1/ws?protocol=1")).token(&token))
        .await;
}

async fn http_text_follows_the_upgrade(lab: &mut Lab) {
    judge(lab, |asked| {
        saying(
            asked,
            b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n",
        )
    })
    .await;
}

async fn the_server_takes_fewer_headers_than_are_sent(lab: &mut Lab) {
    let heavy = |mut options: Options| {
        options.headers = vec![(
            "Cookie".to_owned(),
            format!("session={}", "c".repeat(9_000)),
        )];
        options
    };
    let strict = |asked: &Asked| match asked
        .headers
        .iter()
        .map(|(_, value)| value.len())
        .sum::<usize>()
    {
        0..8_192 => any_echo(asked),
        _ => Reply::html("431 Request Header Fields Too Large"),
    };
    judge_with(lab, heavy, strict, any_echo).await;
}

async fn the_server_closes_with_a_code_of_its_own(lab: &mut Lab) {
    judge(lab, |asked| closing(asked, 4_999, "maintenance until ten")).await;
}

async fn the_servers_clock_is_ten_minutes_slow(lab: &mut Lab) {
    let dated = |seconds_ago: u64| {
        move |asked: &Asked| {
            let then = SystemTime::now() - Duration::from_secs(seconds_ago);
            any_echo(asked).with("Date", &httpdate::fmt_http_date(then))
        }
    };
    judge_with(lab, |options| options, dated(600), dated(0)).await;
}

async fn the_connection_ends_at_a_fixed_age(lab: &mut Lab) {
    let aged = |age_max| {
        move |asked: &Asked| {
            let echo = Echo {
                age_max,
                ..Echo::WELL
            };
            any_echo(asked).then(if asked.wants_socket() {
                Then::Echo(echo)
            } else {
                Then::Close
            })
        }
    };
    let held = |options: Options| options.echoing().idle(Duration::from_secs(4));
    judge_with(lab, held, aged(Some(Duration::from_secs(2))), aged(None)).await;
}

/// Frames arrive in pieces and with company; that is no fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talkative_server_is_healthy() {
    let server = Scripted::start(|asked| {
        let mut bytes = BytesMut::new();
        write_frame(&mut bytes, Opcode::Text, b"{\"type\":\"news\"}");
        write_frame(&mut bytes, Opcode::Ping, b"are you there");
        write_frame(&mut bytes, Opcode::Binary, &[7; 300]);
        saying(asked, &bytes)
    })
    .await;
    let report = crate::lab::examine(&at(server.socket("/ws"))).await;
    assert!(!report.has_errors(), "{}", crate::lab::shown(&report));
}
