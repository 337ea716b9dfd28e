//! `frontdesk doctor bot`: what it says of a model that works, and of those that do not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::program;
use crate::model_server::{ModelServer, Step, say};

/// What it says about the model at this address, and how it exits.
async fn doctor(base_url: String, arguments: &'static [&'static str]) -> (String, Option<i32>) {
    let run = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let output = program()
            .args(["doctor", "bot"])
            .args(arguments)
            .current_dir(folder.path())
            .env("FRONTDESK_BOT__KIND", "openai")
            .env("FRONTDESK_BOT__BASE_URL", base_url)
            .env("FRONTDESK_BOT__MODEL", "scripted")
            .env("FRONTDESK_BOT__TIMEOUT_SECONDS", "1")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (said, output.status.code())
    });
    run.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_works_is_shown_as_it_answers() {
    let model = ModelServer::start(|_| {
        let words = ["one ", "two ", "three ", "four", "\u{1b}[2J"];
        let steps = words
            .iter()
            .flat_map(|word| [say(word), Step::Wait(Duration::from_millis(30))]);
        steps.chain([Step::Done]).collect()
    })
    .await;
    let base_url = format!("http://user:geheim@{}/v1", model.address);
    let (said, code) = doctor(base_url.clone(), &[]).await;
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "first token",
        "one two three four",
        "data: {",
        "well: the bot can answer",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(
        !said.contains('\u{1b}') && !said.contains("geheim"),
        "{said}"
    );
    let (said, _) = doctor(base_url, &["--json"]).await;
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["verdict"], json!({"status": "well"}));
    assert!(
        json["first_token_ms"].as_u64() < json["done_ms"].as_u64(),
        "{json}"
    );
    assert_eq!(model.requests()[0]["model"], "scripted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_fail_has_its_name() {
    let page = |status: &str| {
        let page = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nnope").into_bytes();
        vec![Step::Raw(page)]
    };
    let cases: [(&str, Vec<Step>); 6] = [
        ("llm.key", page("401 Unauthorized")),
        ("llm.model", page("404 Not Found")),
        ("llm.quota", page("429 Too Many Requests")),
        ("llm.idle_thinking", vec![Step::Hold]),
        (
            "llm.dialect",
            vec![
                Step::Raw(b"data: {\"answer\":\"hi\"}\n\n".to_vec()),
                Step::Done,
            ],
        ),
        (
            "llm.buffered",
            (0..20).map(|_| say("word ")).chain([Step::Done]).collect(),
        ),
    ];
    for (id, steps) in cases {
        let model = ModelServer::start(move |_| steps.clone()).await;
        let (said, code) = doctor(format!("http://{}/v1", model.address), &["--json"]).await;
        let json: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(json["verdict"]["id"], id, "{json}");
        assert!(!json["verdict"]["fix"].as_str().unwrap().is_empty());
        let is_warning = json["verdict"]["status"] == "warning";
        assert_eq!(code, Some(if is_warning { 0 } else { 2 }), "{id}");
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let (said, code) = doctor(format!("http://{address}/v1"), &[]).await;
    assert!(
        said.contains("problem llm.unreachable") && said.contains("fix: "),
        "{said}"
    );
    assert_eq!(code, Some(2));
}
