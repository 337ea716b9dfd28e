//! Group L: the model behind the bot, asked by `frontdesk doctor bot`.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::frontdesk::doctor_bot;
use crate::lab::{Lab, provokes};
use crate::ports::free_port;
use crate::scripted::{Asked, Reply, Scripted};

/// What is said of the model at this address: the id of its problem or warning.
async fn said_of(base_url: String) -> Option<String> {
    let report = tokio::task::spawn_blocking(move || doctor_bot(&base_url))
        .await
        .unwrap();
    let id = report["verdict"]["id"].as_str().map(str::to_owned);
    assert!(
        id.is_some() || report["verdict"]["status"] == "well",
        "{report}"
    );
    id
}

/// The words of a model, one event each.
fn events() -> String {
    let said = |word: &str| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"delta": {"content": word}}]})
        )
    };
    let words: String = ["one ", "two ", "three "].map(said).concat();
    words + "data: [DONE]\n\n"
}

/// A model that answers as it should, slowly enough that its text is seen to grow.
async fn grow(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 65_536];
        let _ = stream.read(&mut request).await;
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        for event in events().split_inclusive("\n\n") {
            let _ = stream.write_all(event.as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }
}

async fn judge(lab: &mut Lab, wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
    let model = Scripted::start(wrong).await;
    let broken = said_of(format!("http://127.0.0.1:{}/v1", model.port)).await;
    clear(lab, broken).await;
}

async fn clear(lab: &mut Lab, broken: Option<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(grow(listener));
    let mended = said_of(format!("http://{address}/v1")).await;
    serving.abort();
    lab.was_told(broken.as_deref(), mended.as_deref());
}

provokes! {
    "llm.unreachable" => no_model_listens,
    "llm.key" => the_model_wants_another_key,
    "llm.model" => the_model_has_another_name,
    "llm.quota" => the_quota_is_used_up,
    "llm.idle_thinking" => the_model_says_nothing_for_too_long,
    "llm.dialect" => the_model_speaks_otherwise,
    "llm.buffered" => the_words_come_all_at_once,
}

async fn no_model_listens(lab: &mut Lab) {
    let broken = said_of(format!("http://127.0.0.1:{}/v1", free_port())).await;
    clear(lab, broken).await;
}

async fn the_model_wants_another_key(lab: &mut Lab) {
    judge(lab, |_| {
        Reply::page(
            "401 Unauthorized",
            "application/json",
            "{\"error\":\"bad key\"}",
        )
    })
    .await;
}

async fn the_model_has_another_name(lab: &mut Lab) {
    judge(lab, |_| {
        Reply::page(
            "404 Not Found",
            "application/json",
            "{\"error\":\"no such model\"}",
        )
    })
    .await;
}

async fn the_quota_is_used_up(lab: &mut Lab) {
    judge(lab, |_| {
        Reply::page(
            "429 Too Many Requests",
            "application/json",
            "{\"error\":\"quota\"}",
        )
    })
    .await;
}

async fn the_model_says_nothing_for_too_long(lab: &mut Lab) {
    judge(lab, |_| Reply::stream("text/event-stream")).await;
}

async fn the_model_speaks_otherwise(lab: &mut Lab) {
    judge(lab, |_| {
        Reply::page(
            "200 OK",
            "text/event-stream",
            "data: {\"answer\":\"hi\"}\n\ndata: [DONE]\n\n",
        )
    })
    .await;
}

async fn the_words_come_all_at_once(lab: &mut Lab) {
    judge(lab, |_| {
        let many: String = events().replace("data: [DONE]\n\n", "").repeat(5) + "data: [DONE]\n\n";
        Reply::page("200 OK", "text/event-stream", &many)
    })
    .await;
}
