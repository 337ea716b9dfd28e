//! A WebSocket as a page holds it, and a reader that checks what every page relies on. Every frame of
//! the event socket is compared with the schema that /asyncapi.json shows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use desk::audience::{Audience, Subject, audience};
use futures_util::{SinkExt as _, StreamExt as _};
use jsonschema::Validator;
use protocol::schema::{Schemas, frame_name, frame_name_in_chat, schemas};
use protocol::{ANSWERED_COMMANDS, ChannelName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::PATIENCE;

pub(crate) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One socket.
pub(crate) struct Socket {
    pub(crate) stream: Stream,
    /// The welcome, once it came.
    pub(crate) welcomed: Value,
    /// Each command that was sent, by its id; none on a socket that nothing describes.
    asked: Option<HashMap<String, Value>>,
    /// Whether it is a chat socket.
    in_chat: bool,
}

/// The schemas of all frames. Nothing may be in a frame that its schema does not name.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| schemas().closed());

/// What is wrong with a frame, by the schema of this name.
fn faults(name: &str, frame: &Value) -> Vec<String> {
    static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let known = VALIDATORS.lock().unwrap().get(name).cloned();
    let validator = known.unwrap_or_else(|| {
        let schema = SCHEMAS
            .frame(name)
            .unwrap_or_else(|| panic!("{name} is not described"));
        let options = jsonschema::options().should_validate_formats(true);
        let built = options
            .build(&SCHEMAS.document(schema))
            .expect("the schema is one");
        let validator = Arc::new(built);
        VALIDATORS
            .lock()
            .unwrap()
            .insert(name.to_owned(), Arc::clone(&validator));
        validator
    });
    validator
        .iter_errors(frame)
        .map(|fault| fault.to_string())
        .collect()
}

/// What comes out of a socket.
#[derive(Debug, PartialEq)]
pub(crate) enum Received {
    Frame(Value),
    Close(u16, String),
    Gone,
}

impl Socket {
    pub(crate) async fn open(url: &str) -> Self {
        Self::try_open(url, &[]).await.expect("the socket opens")
    }

    pub(crate) async fn try_open(
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let uri: http::Uri = url.parse().unwrap();
        let mut request = ClientRequestBuilder::new(uri);
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        let uri: http::Uri = url.parse().unwrap();
        let in_chat = uri.path().starts_with("/ws/chat/");
        let is_described = in_chat || uri.path().starts_with("/api/v1/ws");
        Ok(Self {
            stream,
            welcomed: Value::Null,
            asked: is_described.then(HashMap::new),
            in_chat,
        })
    }

    /// The HTTP status with which a handshake is refused.
    pub(crate) async fn refused(url: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        match Self::try_open(url, headers).await {
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                (
                    response.status().as_u16(),
                    serde_json::from_slice(body).unwrap_or(Value::Null),
                )
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("the handshake was not refused"),
        }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        if let Some(asked) = &mut self.asked
            && let Ok(command) = serde_json::from_str::<Value>(text)
            && command["type"].is_string()
            && let Some(id) = command.get("id")
        {
            asked.insert(id.to_string(), command.clone());
        }
        self.stream
            .send(Message::text(text))
            .await
            .expect("the socket takes a frame");
    }

    /// What comes next, heartbeats aside.
    pub(crate) async fn next(&mut self) -> Received {
        match tokio::time::timeout(PATIENCE, self.next_or_wait()).await {
            Ok(received) => received,
            Err(_) => panic!("nothing came for {PATIENCE:?}"),
        }
    }

    async fn next_or_wait(&mut self) -> Received {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                    self.check(&frame);
                    if frame["type"] != "heartbeat" {
                        return Received::Frame(frame);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return match frame {
                        Some(frame) => Received::Close(code(frame.code), frame.reason.to_string()),
                        None => Received::Close(1005, String::new()),
                    };
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Gone,
            }
        }
    }

    /// Panics unless the frame is as /asyncapi.json describes it.
    fn check(&self, frame: &Value) {
        let Some(asked) = &self.asked else { return };
        let command = frame.get("id").and_then(|id| asked.get(&id.to_string()));
        if frame["type"] == "reply"
            && let Some(command) = command
        {
            // What the server has done was asked as described.
            let name = self.command_name(command);
            let faults = faults(&name, command);
            assert!(
                faults.is_empty(),
                "{name} was accepted and is not as described: {faults:?} in {command}"
            );
        }
        let answered = command.map(|asked| asked["type"].as_str().unwrap());
        let name = if self.in_chat {
            // A message is written with a short frame, and answered like a long one.
            let answered = answered.map(|name| match name {
                "message" => "send_message",
                other => other,
            });
            frame_name_in_chat(frame, answered)
        } else {
            frame_name(frame, answered)
        };
        let Some(name) = name else {
            // A reply to a command without an id, or sent past `send`: it answers one of them.
            let fits = |command: &str| faults(&format!("reply {command}"), frame).is_empty();
            assert!(
                ANSWERED_COMMANDS.iter().any(|name| fits(name)),
                "no reply is like {frame}"
            );
            return;
        };
        let faults = faults(&name, frame);
        assert!(
            faults.is_empty(),
            "{name} is not as described: {faults:?} in {frame}"
        );
        if let Some(event) = name.strip_prefix("event ") {
            let channel: ChannelName = frame["channel"].as_str().unwrap().parse().unwrap();
            let is_note = frame["data"]["message"]["note"] == true;
            let subject = if is_note {
                Subject::Note
            } else {
                Subject::Plain
            };
            let audience = audience(event.parse().unwrap(), subject);
            assert!(
                audience.contains(&Audience::of(channel.kind())),
                "{event} on {channel}"
            );
        }
    }

    /// The name of a command's schema.
    fn command_name(&self, command: &Value) -> String {
        let name = command["type"].as_str().unwrap();
        let is_short = name == "message" || name == "typing" && command.get("chat_id").is_none();
        if self.in_chat && is_short {
            return format!("chat command {name}");
        }
        name.to_owned()
    }

    /// Whatever comes within a time, if anything does.
    pub(crate) async fn within(&mut self, time: Duration) -> Option<Received> {
        tokio::time::timeout(time, self.next_or_wait()).await.ok()
    }

    /// The next frame, which must be of this type.
    pub(crate) async fn frame(&mut self, kind: &str) -> Value {
        match self.next().await {
            Received::Frame(frame) if frame["type"] == kind => frame,
            other => panic!("expected {kind}, got {other:?}"),
        }
    }

    pub(crate) async fn welcome(&mut self) {
        self.welcomed = self.frame("welcome").await;
    }

    /// The next event that has its place in the log; what is passing is passed over.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let event = self.frame("event").await;
            if !event["offset"].is_null() {
                return event;
            }
        }
    }

    /// Sends a command and gives what answers it; events in between are dropped.
    pub(crate) async fn ask(&mut self, command: &Value) -> Value {
        self.send(command).await;
        loop {
            match self.next().await {
                Received::Frame(frame)
                    if frame["id"] == command["id"] && frame["type"] != "event" =>
                {
                    return frame;
                }
                Received::Frame(frame) if frame["type"] == "event" => {}
                other => panic!("expected an answer, got {other:?}"),
            }
        }
    }

    /// The goodbye, if any, and the close that ends the socket; other frames are passed over.
    pub(crate) async fn closed(&mut self) -> (u16, String, Option<Value>) {
        let mut goodbye = None;
        loop {
            match self.next().await {
                Received::Frame(frame) if frame["type"] == "goodbye" => goodbye = Some(frame),
                Received::Frame(_) => {}
                Received::Close(code, reason) => return (code, reason, goodbye),
                Received::Gone => return (1006, String::new(), goodbye),
            }
        }
    }

    /// Tears the connection down without a word.
    pub(crate) fn cut(self) {
        if let MaybeTlsStream::Plain(stream) = self.stream.get_ref() {
            stream.set_zero_linger().unwrap();
        }
    }

    /// The entry of a channel in the welcome.
    pub(crate) fn entry(&self, channel: &str) -> &Value {
        let channels = self.welcomed["channels"].as_array().expect("welcomed");
        channels
            .iter()
            .find(|entry| entry["channel"] == channel)
            .expect("the channel is joined")
    }
}

fn code(code: CloseCode) -> u16 {
    code.into()
}

/// What a page remembers over its sockets, and the checks of every frame: offsets are dense, and
/// each event is handed on once.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// Epoch, last offset and the event there, by channel.
    positions: BTreeMap<String, (String, u64, Option<String>)>,
    seen: HashSet<String>,
    /// The events handed on, in order.
    pub(crate) events: Vec<Value>,
    /// The outcomes told, by channel.
    pub(crate) outcomes: Vec<String>,
}

impl Reader {
    /// What to resume from.
    pub(crate) fn positions(&self) -> Value {
        let entry = |(epoch, offset, id): &(String, u64, Option<String>)| match id {
            Some(id) => json!({"epoch": epoch, "offset": offset, "id": id}),
            None => json!({"epoch": epoch, "offset": offset}),
        };
        self.positions
            .iter()
            .map(|(channel, at)| (channel.clone(), entry(at)))
            .collect()
    }

    /// Takes in a welcome.
    pub(crate) fn welcomed(&mut self, welcome: &Value) {
        for entry in welcome["channels"].as_array().unwrap() {
            let channel = entry["channel"].as_str().unwrap().to_owned();
            let outcome = entry["outcome"].as_str().unwrap();
            let offset = entry["offset"].as_u64().unwrap();
            if outcome == "recovered" {
                let (_, known, _) = &self.positions[&channel];
                assert_eq!(offset, *known, "recovered from another place");
            }
            self.outcomes.push(outcome.to_owned());
            let epoch = entry["epoch"].as_str().unwrap().to_owned();
            let id = self
                .positions
                .get(&channel)
                .and_then(|(_, known, id)| (*known == offset).then(|| id.clone()).flatten());
            self.positions.insert(channel, (epoch, offset, id));
        }
    }

    /// Takes in a frame.
    pub(crate) fn take(&mut self, frame: Value) {
        // What is passing, such as presence, has no place in the log.
        if frame["type"] != "event" || frame["offset"].is_null() {
            return;
        }
        let channel = frame["channel"].as_str().unwrap();
        let offset = frame["offset"].as_u64().unwrap();
        let at = self
            .positions
            .get_mut(channel)
            .expect("an event before its channel's entry");
        assert_eq!(offset, at.1 + 1, "{channel} is not dense");
        let id = frame["id"].as_str().unwrap().to_owned();
        at.1 = offset;
        at.2 = Some(id.clone());
        if self.seen.insert(id) {
            self.events.push(frame);
        }
    }
}
