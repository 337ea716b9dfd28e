//! The model bot against a server that is nothing but bytes.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use protocol::{Booking, Order, Resource, ResourceId, SenderKind, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::answer::{Away, Proposal, Said};

/// The rows of a customer; orders take so long.
struct Rows(Duration);

impl Affairs for Rows {
    async fn orders(&self) -> Result<Vec<Order>, Away> {
        tokio::time::sleep(self.0).await;
        Ok(Vec::new())
    }
    async fn bookings(&self) -> Result<Vec<Booking>, Away> {
        Ok(Vec::new())
    }
    async fn resources(&self) -> Result<Vec<Resource>, Away> {
        Ok(vec![Resource {
            id: ResourceId::new(),
            name: "Table 1".to_owned(),
            kind: "table".to_owned(),
            capacity: 4,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }])
    }
}

/// Gives these answers one after the other, the last one again and again, each event of a stream
/// after this pause; the requests it got.
async fn server(answers: Vec<Vec<u8>>, pause: Duration) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            seen.lock().unwrap().push(request);
            let answer = answers.get(number).or(answers.last()).unwrap().clone();
            tokio::spawn(async move {
                for line in answer.split_inclusive(|byte| *byte == b'\n') {
                    if line.starts_with(b"data:") || line.starts_with(b":") {
                        tokio::time::sleep(pause).await;
                    }
                    if stream.write_all(line).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, requests)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the request is whole");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

fn http(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn sse(events: &[&str]) -> Vec<u8> {
    let body: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    http("200 OK", "text/event-stream", body.as_bytes())
}

fn says(text: &str) -> String {
    json!({"choices": [{"delta": {"content": text}}]}).to_string()
}

fn calls(name: &str, arguments: &str) -> String {
    json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c",
        "function": {"name": name, "arguments": arguments}}]}}]})
    .to_string()
}

type Ending = (String, Result<Answer, AnswerError>, Vec<String>);

/// What was said, and the end of it.
async fn asked(answers: Vec<Vec<u8>>) -> Ending {
    asked_within(
        Duration::from_secs(2),
        answers,
        Duration::ZERO,
        Rows(Duration::ZERO),
    )
    .await
}

/// The same within this longest turn, of a model that pauses before each event.
async fn asked_within(
    timeout: Duration,
    answers: Vec<Vec<u8>>,
    pause: Duration,
    rows: Rows,
) -> Ending {
    let (base_url, requests) = server(answers, pause).await;
    let config = ModelConfig {
        base_url,
        model: "m".to_owned(),
        api_key: Some("geheim".to_owned()),
        timeout,
    };
    let bot = ModelBot::new(config, Faq::default()).unwrap();
    let question = Question {
        history: vec![Said {
            by: SenderKind::Customer,
            text: "hello".to_owned(),
        }],
        now: Timestamp(1_795_428_000_000),
    };
    let (to, mut from) = mpsc::channel(10_000);
    let mut voice = Voice::new(to);
    let answer = bot.answer(&question, &rows, &mut voice).await;
    drop(voice);
    let mut text = String::new();
    while let Some(piece) = from.recv().await {
        text.push_str(&piece);
    }
    let requests = requests.lock().unwrap().clone();
    (text, answer, requests)
}

#[tokio::test]
async fn every_dialect_of_a_stream_gives_its_text() {
    let whole = json!({"choices": [{"message": {"content": "Grüße 👋"}}]}).to_string();
    let streams = [
        sse(&[&says("Grü"), &says("ße 👋"), "[DONE]"]),
        // No [DONE], a comment, another line end, thoughts, and words between.
        http(
            "200 OK",
            "text/event-stream; charset=utf-8",
            format!(
                ": hi\r\n\r\ndata:{}\r\n\r\ndata: {}\r\n\r\nevent: ping\r\ndata: x\r\n\r\ndata: {}",
                json!({"choices": [{"delta": {"reasoning_content": "secret"}}]}),
                says("<think>sec"),
                says("ret</think>Grüße 👋")
            )
            .as_bytes(),
        ),
        http("200 OK", "application/json", whole.as_bytes()),
        http("200 OK", "text/plain", format!("{whole}\n").as_bytes()),
        // A stream that calls itself JSON.
        http(
            "200 OK",
            "application/json",
            format!("data: {}\n\n", says("Grüße 👋")).as_bytes(),
        ),
    ];
    for stream in streams {
        let (text, answer, _) = asked(vec![stream]).await;
        assert_eq!(text, "Grüße 👋");
        assert!(answer.unwrap().tokens > 0);
    }
}

#[tokio::test]
async fn what_is_no_answer_says_why() {
    let cases: [(Vec<u8>, &str); 7] = [
        (sse(&["[DONE]"]), "it is empty"),
        (sse(&[r#"{"error":{"message":"out of memory"}}"#]), "out of memory"),
        (http("401 Unauthorized", "text/plain", b"bad key"), "bot.api_key_file"),
        (http("404 Not Found", "text/plain", b"no model"), "check bot.model"),
        (http("302 Found\r\nlocation: http://127.0.0.1:1/", "text/plain", b""), "redirects"),
        (http("200 OK", "application/json", b"<html>"), "no JSON"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99\r\n\r\ndata: {".to_vec(), "broken"),
    ];
    for (answer, why) in cases {
        let (text, answer, _) = asked(vec![answer]).await;
        let error = answer.unwrap_err();
        assert!(error.to_string().contains(why), "{error} / {why}");
        assert!(!error.to_string().contains("geheim"));
        assert_eq!(text, "");
    }
}

#[tokio::test]
async fn a_tool_that_writes_only_offers_and_the_model_never_sees_an_id() {
    let book = r#"{"resource":"table 1","starts_at":"2026-11-27T18:00","party_size":"2"}"#;
    let answers = vec![
        sse(&[&calls("book", book)]),
        sse(&[&says("Shall I ask for it?"), "[DONE]"]),
    ];
    let (text, answer, requests) = asked(answers).await;
    let answer = answer.unwrap();
    assert_eq!(text, "Shall I ask for it?");
    let labels: Vec<&str> = answer
        .offers
        .iter()
        .map(|offer| offer.label.as_str())
        .collect();
    let book = "Book Table 1 on Fri 27 Nov 2026, 18:00 to 20:00 UTC for 2";
    assert_eq!(labels, [book, "No, thank you"]);
    let Proposal::Book { resource, .. } = &answer.offers[0].proposal else {
        panic!("{answer:?}");
    };
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert!(!request.contains(&resource.to_string()), "{request}");
        assert!(
            request
                .to_lowercase()
                .contains("authorization: bearer geheim")
        );
    }
}

#[tokio::test]
async fn a_model_that_only_calls_tools_is_stopped() {
    let (_, answer, requests) = asked(vec![sse(&[&calls("my_orders", "{}")])]).await;
    assert_eq!(answer.unwrap_err(), AnswerError::TooManyCalls(CALLS_MAX));
    assert_eq!(requests.len(), TURNS_MAX);
    assert!(requests[0].contains("\"tools\"") && !requests[TURNS_MAX - 1].contains("\"tools\""));
}

const LONGEST: Duration = Duration::from_secs(1);

/// S-71: a model that is never silent for long has no more time for a turn than one that is.
#[tokio::test]
async fn a_turn_ends_with_its_time_however_lively_the_model_is() {
    let asked = async |answer: Vec<u8>, pause: Duration| {
        asked_within(LONGEST, vec![answer], pause, Rows(Duration::ZERO)).await
    };
    let (pause, word) = (Duration::from_millis(50), says("word "));
    let began = Instant::now();
    let (text, answer, requests) = asked(sse(&vec![word.as_str(); 600]), pause).await;
    let took = began.elapsed();
    assert_eq!(answer.unwrap_err(), AnswerError::TurnTooSlow(1));
    assert!(text.starts_with("word word"), "what was said stays: {text}");
    assert!(took >= LONGEST && took < LONGEST * 4, "{took:?}");
    assert_eq!(requests.len(), 1);
    // Comments are no way around it, and nothing at all has a name of its own.
    let comments = http("200 OK", "text/event-stream", &b": alive\n\n".repeat(600));
    let (text, answer, _) = asked(comments, pause).await;
    assert_eq!(
        (text.as_str(), answer.unwrap_err()),
        ("", AnswerError::TurnTooSlow(1))
    );
    let (_, answer, _) = asked(sse(&["[DONE]"]), Duration::from_mins(1)).await;
    assert_eq!(answer.unwrap_err(), AnswerError::Silent(1));
}

/// S-71: each turn has its own time, and all of them with their tools five times that.
#[tokio::test]
async fn an_answer_of_many_turns_has_five_times_the_time_of_one() {
    let call = sse(&[&calls("my_orders", "{}"), "[DONE]"]);
    let three = vec![call.clone(), call.clone(), sse(&[&says("Here."), "[DONE]"])];
    let (began, pause) = (Instant::now(), Duration::from_millis(200));
    let (text, answer, requests) = asked_within(LONGEST, three, pause, Rows(Duration::ZERO)).await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!((text.as_str(), requests.len()), ("Here.", 3));
    assert!(began.elapsed() > LONGEST, "longer than a turn may take");
    let began = Instant::now();
    let slow = Rows(LONGEST.mul_f64(1.1));
    let (_, answer, _) = asked_within(LONGEST, vec![call], Duration::ZERO, slow).await;
    assert_eq!(answer.unwrap_err(), AnswerError::TooSlow(5));
    let took = began.elapsed();
    assert!(took >= LONGEST * 5 && took < LONGEST * 8, "{took:?}");
}

#[tokio::test]
async fn unknown_tools_and_wrong_arguments_are_told_to_the_model_and_do_nothing() {
    for (name, arguments, why) in [
        ("run_sql", "{}", "no such tool"),
        (
            "cancel_booking",
            r#"{"booking":"0190-another"}"#,
            "no such booking",
        ),
        ("cancel_booking", "[1]", "not a JSON object"),
        (
            "book",
            r#"{"resource":"Table 1","starts_at":"soon","party_size":2}"#,
            "no time",
        ),
        (
            "book",
            r#"{"resource":"Table 1","starts_at":"2020-01-01T10:00","party_size":99}"#,
            "in the past",
        ),
    ] {
        let answers = vec![sse(&[&calls(name, arguments)]), sse(&[&says("Sorry.")])];
        let (text, answer, requests) = asked(answers).await;
        assert_eq!((text.as_str(), answer.unwrap().offers.len()), ("Sorry.", 0));
        assert!(requests[1].contains(why), "{}", requests[1]);
    }
}

#[tokio::test]
async fn a_model_that_never_ends_fills_one_message_and_no_more() {
    let endless = says(&"x".repeat(999));
    let (text, answer, _) = asked(vec![sse(&vec![endless.as_str(); 10_000])]).await;
    assert_eq!(text.chars().count(), crate::TEXT_MAX_CHARS);
    assert!(text.ends_with('…') && answer.is_ok());
}

#[test]
fn an_address_that_cannot_be_asked_is_refused() {
    let why = |base_url: &str| {
        let config = ModelConfig {
            base_url: base_url.to_owned(),
            model: "m".to_owned(),
            api_key: None,
            timeout: Duration::from_secs(1),
        };
        ModelBot::new(config, Faq::default())
            .unwrap_err()
            .to_string()
    };
    assert!(why("localhost").contains("no address"));
    assert!(why("file:///etc").contains("http://"));
}
