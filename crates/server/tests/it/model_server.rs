//! A model's server that says what a script tells it to: the world outside, not ours. Start at
//! [`ModelServer::start`].

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Options, PATIENCE};

/// What the server does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Says a piece of text.
    Say(String),
    /// Calls a tool.
    Call(&'static str, Value),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    Wait(Duration),
    /// Stays silent until the other side goes away.
    Hold,
    /// Says how much it cost.
    Usage(u64),
    Done,
}

pub(crate) fn say(text: &str) -> Step {
    Step::Say(text.to_owned())
}

/// What is to be done with a request.
type Script = dyn Fn(&Value) -> Vec<Step> + Send + Sync;

/// A model's server, running until this is dropped.
pub(crate) struct ModelServer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Value>>>,
    left: Arc<Mutex<Vec<Instant>>>,
    task: tokio::task::JoinHandle<()>,
}

impl ModelServer {
    pub(crate) async fn start(
        script: impl Fn(&Value) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, left) = (Arc::default(), Arc::default());
        let script: Arc<Script> = Arc::new(script);
        let (seen, gone) = (Arc::clone(&requests), Arc::clone(&left));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, seen, gone) =
                    (Arc::clone(&script), Arc::clone(&seen), Arc::clone(&gone));
                tokio::spawn(serve(stream, script, seen, gone));
            }
        });
        Self {
            address,
            requests,
            left,
            task,
        }
    }

    /// A server of ours whose bot asks this one.
    pub(crate) fn options(&self) -> Options {
        Options::demo()
            .with("bot.kind", "openai")
            .with("bot.base_url", format!("http://{}/v1", self.address))
            .with("bot.model", "scripted")
    }

    /// What it was asked so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    /// When the other side left before the end, so many times.
    pub(crate) async fn left(&self, times: usize) -> Instant {
        let began = Instant::now();
        loop {
            if let Some(at) = self.left.lock().unwrap().get(times - 1) {
                return *at;
            }
            assert!(began.elapsed() < PATIENCE, "the model is asked on and on");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The newest words of the customer in a request.
pub(crate) fn asked(request: &Value) -> &str {
    let messages = request["messages"].as_array().unwrap();
    let newest = messages.iter().rev().find(|one| one["role"] == "user");
    newest.map_or("", |one| one["content"].as_str().unwrap())
}

/// The results of tools in a request.
pub(crate) fn results(request: &Value) -> Vec<Value> {
    let messages = request["messages"].as_array().unwrap();
    let results = messages.iter().filter(|one| one["role"] == "tool");
    results
        .map(|one| serde_json::from_str(one["content"].as_str().unwrap()).unwrap())
        .collect()
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Value>>>,
    gone: Arc<Mutex<Vec<Instant>>>,
) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    let steps = script(&request);
    seen.lock().unwrap().push(request);
    let raw_head = matches!(steps.first(), Some(Step::Raw(bytes)) if bytes.starts_with(b"HTTP"));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let mut well = raw_head || stream.write_all(head.as_bytes()).await.is_ok();
    for (index, step) in steps.into_iter().enumerate() {
        let bytes = match step {
            Step::Say(text) => data(&json!({"choices": [{"delta": {"content": text}}]})),
            Step::Call(name, arguments) => data(&json!({"choices": [{"delta": {"tool_calls": [
                {"index": index, "id": format!("call-{index}"), "type": "function",
                 "function": {"name": name, "arguments": arguments.to_string()}}]}}]})),
            Step::Raw(bytes) => bytes,
            Step::Usage(tokens) => data(&json!({"choices": [], "usage": {"total_tokens": tokens}})),
            Step::Done => b"data: [DONE]\n\n".to_vec(),
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
            Step::Hold => {
                let mut byte = [0];
                let _ = stream.read(&mut byte).await;
                well = false;
                break;
            }
        };
        if stream.write_all(&bytes).await.is_err() {
            well = false;
            break;
        }
    }
    if !well {
        gone.lock().unwrap().push(Instant::now());
    }
}

fn data(json: &Value) -> Vec<u8> {
    format!("data: {json}\n\n").into_bytes()
}

async fn read_request(stream: &mut TcpStream) -> Option<Value> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        let read = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("post /v1/chat/completions"), "{head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok())?;
        if bytes.len() >= end + 4 + length {
            return serde_json::from_slice(&bytes[end + 4..]).ok();
        }
    }
}
