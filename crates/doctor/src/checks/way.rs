//! What lies between us and our server: what it saw of our request, and whether something holds its
//! answers back.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use causes::Severity;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::examination::{Examination, Seen};
use crate::http::exchange;
use crate::report::Finding;

/// The first of five ticks comes at once and the next a second later: whoever has seen none by then
/// looks at somebody's buffer.
const FIRST_TICK_WITHIN: Duration = Duration::from_millis(900);

/// What a compressor sends before it has anything to say: its header.
const COMPRESSED_NOTHING_MAX_BYTES: usize = 30;

/// How long all five take, with some slack.
const ALL_TICKS_WITHIN: Duration = Duration::from_secs(8);

/// Server-sent ticks: do they come one by one?
pub(crate) async fn streaming(examination: &mut Examination<'_>) -> Seen {
    let request = examination
        .get("/api/v1/diagnose/sse")
        .header("Accept", "text/event-stream")
        // As browsers do; a proxy that compresses then holds back what it has.
        .header("Accept-Encoding", "gzip");
    let dialer = examination.dialer();
    let begun = Instant::now();
    let (answer, rest) = match dialer.dial().await {
        Ok(stream) => match exchange(stream, &request, ALL_TICKS_WITHIN).await {
            Ok(answered) => answered,
            Err(fault) => return Seen::Unknown(fault.words()),
        },
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    if answer.status != 200
        || !answer
            .header("content-type")
            .is_some_and(|kind| kind.contains("event-stream"))
    {
        return Seen::Unknown(format!("no stream: {}", answer.status_line()));
    }
    let (mut stream, mut bytes) = (rest.stream, rest.bytes);
    let encoding = answer.header("content-encoding").map(str::to_owned);
    let has_come = |bytes: &BytesMut| match &encoding {
        None => ticks(bytes) > 0,
        Some(_) => bytes.len() > COMPRESSED_NOTHING_MAX_BYTES,
    };
    while !has_come(&bytes) && begun.elapsed() < ALL_TICKS_WITHIN {
        let left = ALL_TICKS_WITHIN.saturating_sub(begun.elapsed());
        match timeout(left, stream.read_buf(&mut bytes)).await {
            Ok(Ok(read)) if read > 0 => {}
            _ => break,
        }
    }
    let (after, came) = (begun.elapsed(), ticks(&bytes));
    let ms = after.as_millis();
    let sentence = match (&encoding, came) {
        (None, 1) if after <= FIRST_TICK_WITHIN => {
            return Seen::Well(format!("the first of five ticks came alone after {ms} ms"));
        }
        (Some(encoding), _) if has_come(&bytes) && after <= FIRST_TICK_WITHIN => {
            return Seen::Well(format!(
                "the stream is compressed ({encoding}), and begins after {ms} ms"
            ));
        }
        (None, 0 | 1) => return Seen::Unknown(format!("{came} ticks came in {ms} ms")),
        (None, _) => format!(
            "{came} of five ticks, sent one second apart, came together after {ms} ms: something \
             on the way collects the answer"
        ),
        (Some(encoding), _) => format!(
            "something on the way compresses the stream ({encoding}), and nothing of it came \
             before {ms} ms, though the server speaks at once"
        ),
    };
    let finding = Finding::new("llm.buffered", sentence).severity(Severity::Warning);
    let finding = match answer.header("server") {
        Some(server) => finding.seen("server", server),
        None => finding,
    };
    let because = "the ticks are the server's own, no model is asked";
    examination.find(finding.not("llm.idle_thinking", because));
    Seen::Unknown(String::new())
}

fn ticks(bytes: &BytesMut) -> usize {
    bytes
        .windows(11)
        .filter(|window| window == b"event: tick")
        .count()
}

/// What the server saw of a request.
pub(crate) async fn way(examination: &mut Examination<'_>) -> Seen {
    let origin = examination.origin();
    let request = examination
        .get("/api/v1/diagnose")
        .header("Origin", origin.clone());
    let answer = match examination.ask(&request).await {
        Ok(answer) => answer,
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    let Some(saw) = answer.json().filter(|_| answer.status == 200) else {
        return Seen::Unknown(format!("the server does not say: {}", answer.status_line()));
    };
    let text = |pointer: &str| {
        saw.pointer(pointer)
            .and_then(|value| value.as_str())
            .unwrap_or("?")
            .to_owned()
    };
    let sent_host = examination.target().authority();
    let seen_host = text("/headers/host");
    let forwarding: Vec<&str> = saw
        .pointer("/peer/forwarding_headers")
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str())
        .collect();
    let is_trusted = saw
        .pointer("/peer/trusted")
        .and_then(|value| value.as_bool())
        .unwrap_or_default();
    if saw
        .pointer("/origin/verdict")
        .and_then(|value| value.as_str())
        == Some("denied")
    {
        let expected = text("/origin/expected");
        let mut sentence =
            format!("the server does not let pages of {origin} in; it knows {expected}");
        if seen_host != sent_host {
            sentence = format!(
                "{sentence}. It was asked for {sent_host} and saw Host: {seen_host}: a proxy \
                 changes it"
            );
        }
        let id = if examination.known.is_vite {
            "dev.vite_origin"
        } else {
            "origin.denied"
        };
        let finding = Finding::new(id, sentence)
            .seen("host_sent", sent_host.clone())
            .seen("host_seen", seen_host.clone());
        let finding = match examination.has("origin.denied") || examination.has("dev.vite_origin") {
            // The handshake has said so; here is why.
            true => finding,
            false => finding.not("auth.hidden_403", "the server says so itself"),
        };
        let is_guessed = examination.options.origin.is_none();
        let severity = if is_guessed {
            Severity::Warning
        } else {
            Severity::Error
        };
        examination.find(finding.severity(severity));
    }
    if !forwarding.is_empty() && !is_trusted {
        let sentence = format!(
            "a proxy passes requests on ({}), and server.trusted_proxies does not name it: \
             limits for each address count all its users as one",
            forwarding.join(", ")
        );
        let finding = Finding::new("cap.rate_limit_ip", sentence).severity(Severity::Warning);
        examination.find(
            finding
                .fix("add the proxy's address to server.trusted_proxies")
                .not("cap.rate_limit", "no limit was met"),
        );
    }
    let between = if forwarding.is_empty() {
        "nobody that says so"
    } else {
        "a proxy"
    };
    Seen::Well(format!(
        "{}, Host {seen_host}, {between} in between",
        text("/http_version")
    ))
}
