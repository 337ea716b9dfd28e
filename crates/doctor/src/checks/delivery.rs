//! Does an event of one socket reach another, and does a second connection go on where the first
//! stopped? The event is `typing`: it has no place in the log, nobody is notified, and it is taken
//! back at once.

use std::time::{Duration, Instant};

use causes::Severity;
use serde_json::{Map, Value, json};

use super::account::{fetch_token, with_cookie};
use super::upgrade::with_parameter;
use crate::examination::{Examination, Seen};
use crate::report::Finding;
use crate::socket::{Asked, Message, Socket};

/// Between two starts of one person that are told, our server waits three seconds, so a second
/// examination may have to say it again.
const SAID_FOR: Duration = Duration::from_millis(3_800);

/// How often it is said.
const SAID_EVERY: Duration = Duration::from_millis(400);

/// How long an answer may take.
const EVENT_WITHIN: Duration = Duration::from_secs(2);

/// Sends `typing` on one socket and waits for it on another.
pub(crate) async fn delivery(examination: &mut Examination<'_>) -> Seen {
    let Some(welcome) = examination.known.welcome.clone() else {
        return Seen::Skipped("there was no welcome".to_owned());
    };
    let Some(mut listener) = examination.known.socket.take() else {
        return Seen::Skipped("the socket has ended".to_owned());
    };
    let seen = deliver(examination, &welcome, &mut listener).await;
    examination.known.socket = Some(listener);
    seen
}

async fn deliver(
    examination: &mut Examination<'_>,
    welcome: &Value,
    listener: &mut Socket,
) -> Seen {
    let chat = match welcome["chat"]["id"].as_str() {
        Some(chat) => Some(chat.to_owned()),
        None => some_chat(examination).await,
    };
    let Some(chat) = chat else {
        return Seen::Unknown(
            "the account has no chat in which to type (or --email was not given)".to_owned(),
        );
    };
    let is_chat_socket = welcome["chat"]["id"].is_string();
    if !is_chat_socket {
        let subscribe = json!({"type": "subscribe", "id": "doctor-subscribe", "channel": format!("chat:{chat}")});
        match answer(listener, &subscribe, "doctor-subscribe").await {
            Ok(frame) if frame["type"] == "reply" => {}
            Ok(frame) => {
                return Seen::Unknown(format!(
                    "the chat cannot be listened to: {}",
                    frame["detail"].as_str().unwrap_or("?")
                ));
            }
            Err(why) => return Seen::Unknown(why),
        }
    }
    let (mut sender, second) = match connect(examination, Map::new()).await {
        Ok(connected) => connected,
        Err(why) => return Seen::Unknown(why),
    };
    let begun = Instant::now();
    let typing = |active: bool| {
        json!({"type": "typing", "id": "doctor-typing", "chat_id": chat, "active": active})
            .to_string()
    };
    let mut arrived = false;
    let mut said = begun;
    while !arrived && begun.elapsed() < SAID_FOR {
        said = Instant::now();
        arrived = sender.text(&typing(true)).await.is_ok() && arrives(listener).await;
    }
    let took = said.elapsed();
    // Taken back, whatever came of it; the server does so by itself after some seconds.
    let _ = sender.text(&typing(false)).await;
    sender.close().await;
    let is_one_node = welcome["boot_id"] == second["boot_id"];
    match (arrived, is_one_node) {
        (true, _) => {
            examination.time("delivery", took);
            Seen::Well(format!(
                "typing reached the other socket in {:.2} ms",
                took.as_secs_f64() * 1000.0
            ))
        }
        (false, false) => Seen::Unknown(
            "the two sockets are on two nodes, and typing stays on its own".to_owned(),
        ),
        (false, true) => {
            let sentence = format!(
                "two sockets of one account listen to the chat, and what one of them types does \
                 not reach the other in {} s",
                SAID_FOR.as_secs()
            );
            examination.find(
                Finding::new("ev.not_published", sentence)
                    .not("ev.other_worker", "both sockets are on one node"),
            );
            Seen::Unknown(String::new())
        }
    }
}

/// The newest chat of the account, if it has any; none is made.
async fn some_chat(examination: &mut Examination<'_>) -> Option<String> {
    examination.known.session.as_ref()?;
    let request = with_cookie(examination, examination.get("/api/v1/chats?limit=20"));
    let list = examination.ask(&request).await.ok()?.json()?;
    let chats = list["items"].as_array()?;
    let open = chats.iter().find(|chat| chat["status"] == "open")?;
    Some(open["id"].as_str()?.to_owned())
}

async fn arrives(listener: &mut Socket) -> bool {
    let begun = Instant::now();
    while let Some(message) = listener
        .next(SAID_EVERY.saturating_sub(begun.elapsed()))
        .await
    {
        match message {
            Message::Text(text) if text.contains("typing") => return true,
            Message::Text(_) | Message::Binary(_) | Message::Ping | Message::Pong(_) => {}
            Message::Close(..) | Message::Broken(..) | Message::Ended(_) => return false,
        }
    }
    false
}

/// Sends a command and waits for its answer.
async fn answer(socket: &mut Socket, command: &Value, id: &str) -> Result<Value, String> {
    socket
        .text(&command.to_string())
        .await
        .map_err(|error| error.to_string())?;
    let begun = Instant::now();
    while let Some(message) = socket
        .next(EVENT_WITHIN.saturating_sub(begun.elapsed()))
        .await
    {
        match message {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                if frame["id"] == id {
                    return Ok(frame);
                }
            }
            Message::Close(code, reason) => {
                return Err(format!("the socket was closed with {code} {reason}"));
            }
            Message::Broken(error, _) => return Err(error.to_string()),
            Message::Ended(how) => return Err(format!("the socket was {how}")),
            Message::Binary(_) | Message::Ping | Message::Pong(_) => {}
        }
    }
    Err(format!("no answer in {} s", EVENT_WITHIN.as_secs()))
}

/// A second connection to the event socket, welcomed.
async fn connect(
    examination: &mut Examination<'_>,
    resume: Map<String, Value>,
) -> Result<(Socket, Value), String> {
    let token = match examination.known.session {
        Some(_) => fetch_token(examination)
            .await
            .map_err(|finding| finding.sentence)?,
        None => examination
            .known
            .token
            .clone()
            .ok_or("no token was given")?,
    };
    let path = format!("{}/api/v1/ws", examination.target().base());
    let asked = Asked {
        path: with_parameter(
            &path,
            "attempt",
            &format!("doctor-{:016x}", rand::random::<u64>()),
        ),
        host: examination.target().authority(),
        origin: examination.socket_origin(),
        headers: examination.options.headers.clone(),
        ..Asked::default()
    };
    let opened = examination
        .open(&asked)
        .await
        .map_err(|fault| fault.words())?;
    let Some(mut socket) = opened.socket else {
        return Err(format!(
            "a second connection is refused: {}",
            opened.answer.status_line()
        ));
    };
    let mut connect = json!({"type": "connect", "id": "doctor-connect", "token": token});
    if !resume.is_empty() {
        connect["resume"] = Value::Object(resume);
    }
    socket
        .text(&connect.to_string())
        .await
        .map_err(|error| error.to_string())?;
    let begun = Instant::now();
    while let Some(message) = socket
        .next(EVENT_WITHIN.saturating_sub(begun.elapsed()))
        .await
    {
        match message {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                if frame["type"] == "welcome" {
                    return Ok((socket, frame));
                }
            }
            Message::Close(code, reason) => {
                return Err(format!(
                    "a second connection is closed with {code} {reason}"
                ));
            }
            Message::Broken(error, _) => return Err(error.to_string()),
            Message::Ended(how) => return Err(format!("a second connection is {how}")),
            Message::Binary(_) | Message::Ping | Message::Pong(_) => {}
        }
    }
    Err("a second connection gets no welcome".to_owned())
}

/// Connects again from the positions of the welcome.
pub(crate) async fn resume(examination: &mut Examination<'_>) -> Seen {
    let Some(welcome) = examination.known.welcome.clone() else {
        return Seen::Skipped("there was no welcome".to_owned());
    };
    let positions: Map<String, Value> = welcome["channels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let channel = entry["channel"]
                .as_str()
                .filter(|name| !name.starts_with("chat:"))?;
            Some((
                channel.to_owned(),
                json!({"epoch": entry["epoch"], "offset": entry["offset"]}),
            ))
        })
        .collect();
    if positions.is_empty() {
        return Seen::Skipped("no channel to go on with".to_owned());
    }
    let count = positions.len();
    let begun = Instant::now();
    match connect(examination, positions).await {
        Err(why) => Seen::Unknown(why),
        Ok((socket, second)) => {
            socket.close().await;
            examination.time("resume", begun.elapsed());
            if second["boot_id"] != welcome["boot_id"] {
                return Seen::Well(
                    "the second connection came to another node, or the server was restarted"
                        .to_owned(),
                );
            }
            let lost = second["channels"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|entry| matches!(entry["outcome"].as_str(), Some("gap" | "reset")));
            match lost {
                Some(entry) => {
                    let sentence = format!(
                        "a second connection could not go on with {}: the outcome is {}, so what \
                         happened in between is lost",
                        entry["channel"].as_str().unwrap_or("?"),
                        entry["outcome"].as_str().unwrap_or("?")
                    );
                    examination
                        .find(Finding::new("ev.lost_gap", sentence).severity(Severity::Warning));
                    Seen::Unknown(String::new())
                }
                None => Seen::Well(match count {
                    1 => "one channel went on".to_owned(),
                    count => format!("{count} channels went on"),
                }),
            }
        }
    }
}
