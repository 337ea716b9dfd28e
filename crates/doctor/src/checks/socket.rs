//! The open socket: what was negotiated, what comes first, and a round trip.

use std::time::{Duration, Instant};

use causes::Severity;
use serde_json::{Value, json};

use super::upgrade::{self, headers};
use crate::closes;
use crate::examination::{Examination, Seen};
use crate::report::Finding;
use crate::socket::{Asked, Message, Socket};
use crate::token::{Token, read};

/// How long a stranger may take to say something first.
const FIRST_WITHIN: Duration = Duration::from_millis(300);

/// How long a pong may take.
const PONG_WITHIN: Duration = Duration::from_secs(2);

/// How long our server waits for a token before it closes.
const TOKEN_WITHIN: Duration = Duration::from_millis(6_500);

/// The same handshake with compression offered, as browsers do.
pub(crate) async fn negotiation(examination: &mut Examination<'_>) -> Seen {
    let asked = Asked {
        path: examination.known.socket_path.clone(),
        host: examination.target().authority(),
        origin: examination.socket_origin(),
        subprotocols: examination.options.subprotocols.clone(),
        extensions: Some("permessage-deflate; client_max_window_bits"),
        headers: headers(examination),
    };
    let opened = match examination.open(&asked).await {
        Ok(opened) => opened,
        Err(fault) => return without_compression(examination, asked, &fault.words()).await,
    };
    if let Some((id, sentence)) = opened.wrong {
        examination.find(Finding::new(
            id,
            format!("with compression offered, {sentence}"),
        ));
        return Seen::Unknown(String::new());
    }
    let Some(mut socket) = opened.socket else {
        let found = opened.answer.status_line();
        return without_compression(examination, asked, &found).await;
    };
    let extension = opened
        .answer
        .header("sec-websocket-extensions")
        .unwrap_or("none")
        .to_owned();
    let chosen = opened
        .answer
        .header("sec-websocket-protocol")
        .unwrap_or("none")
        .to_owned();
    // With compression agreed on, frames have a bit set that only an inflater understands: what
    // comes is not read then.
    if extension == "none"
        && let Some(Message::Broken(error, bytes)) = socket.next(Duration::from_millis(50)).await
    {
        let finding = closes::of_broken(&error, &bytes);
        examination.find(finding);
    }
    socket.close().await;
    Seen::Well(format!("subprotocol {chosen}, compression {extension}"))
}

/// It fails with compression offered. Does it still work without, beside the socket that is open?
async fn without_compression(examination: &mut Examination<'_>, asked: Asked, found: &str) -> Seen {
    let plain = Asked {
        extensions: None,
        ..asked
    };
    let opened = match examination.open(&plain).await {
        Ok(opened) => opened,
        Err(_) => {
            let sentence = format!(
                "the first handshake was answered and no later one is ({found}): the server hangs \
                 while it serves one socket"
            );
            return examination.find_and_stop(Finding::new("cap.loop_blocked", sentence));
        }
    };
    if let Some(socket) = opened.socket {
        socket.close().await;
        let sentence = format!(
            "the handshake works without compression and fails with permessage-deflate offered, \
             which every browser does: {found}"
        );
        examination.find(Finding::new("ws.extension", sentence));
    } else if opened.wrong.is_none() {
        let mut finding = upgrade::refused(examination, &opened.answer, &plain).await;
        finding.sentence = format!(
            "a first socket opens, and beside it a second one does not: {}",
            finding.sentence
        );
        examination.find(finding);
    }
    Seen::Unknown(String::new())
}

/// What comes first on the socket.
pub(crate) async fn welcome(examination: &mut Examination<'_>) -> Seen {
    let Some(mut socket) = examination.known.socket.take() else {
        return Seen::Skipped("the socket is not open".to_owned());
    };
    let is_echo = examination.known.socket_path.contains("/ws/echo");
    if !examination.known.is_ours || is_echo {
        return first_of_a_stranger(examination, socket).await;
    }
    let in_address = examination.target().token.is_some();
    let token = examination.known.token.clone();
    let mut within = examination.options.timeout;
    match token {
        Some(token) if !in_address => {
            let connect = json!({"type": "connect", "id": "doctor-connect", "token": token});
            if let Err(error) = socket.text(&connect.to_string()).await {
                let sentence =
                    format!("the socket opened and was cut before anything could be said: {error}");
                examination.find(Finding::new("srv.crash", sentence));
                return Seen::Unknown(String::new());
            }
        }
        Some(_) => {}
        None if in_address || !examination.target().is_http => within = within.max(TOKEN_WITHIN),
        None => {
            examination.known.socket = Some(socket);
            return Seen::Unknown("no token was given: --email, or --token".to_owned());
        }
    }
    let begun = Instant::now();
    let mut goodbye: Option<Value> = None;
    loop {
        match socket.next(within.saturating_sub(begun.elapsed())).await {
            Some(Message::Text(text)) => {
                let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                match frame["type"].as_str() {
                    Some("welcome") => {
                        examination.time("welcome", begun.elapsed());
                        examination.known.socket = Some(socket);
                        let note = format!(
                            "{}, as {}",
                            frame["server"].as_str().unwrap_or("?"),
                            frame["user"]["role"].as_str().unwrap_or("?")
                        );
                        examination.known.welcome = Some(frame);
                        return Seen::Well(note);
                    }
                    Some("goodbye" | "error") => goodbye = Some(frame),
                    _ => {}
                }
            }
            Some(Message::Close(code, reason)) => {
                refused(examination, code, &reason, goodbye.as_ref());
                return Seen::Unknown(String::new());
            }
            Some(Message::Broken(error, bytes)) => {
                let finding = closes::of_broken(&error, &bytes);
                examination.find(finding);
                return Seen::Unknown(String::new());
            }
            Some(Message::Ended(how)) => {
                let sentence = format!(
                    "the socket opened and was {how} before the welcome, without a close frame"
                );
                examination.find(Finding::new("srv.crash", sentence).or("net.middlebox"));
                return Seen::Unknown(String::new());
            }
            Some(_) => {}
            None => {
                let sentence = format!(
                    "the socket opened, and no welcome came in {} ms",
                    begun.elapsed().as_millis()
                );
                examination.find(
                    Finding::new("cap.loop_blocked", sentence)
                        .or("cap.sqlite_busy")
                        .or("net.middlebox"),
                );
                return Seen::Unknown(String::new());
            }
        }
    }
}

/// Our server closed instead of a welcome.
fn refused(examination: &mut Examination<'_>, code: u16, reason: &str, goodbye: Option<&Value>) {
    let Some(finding) = closes::of_close(code, reason) else {
        let sentence = format!("the server closed with {code} before the welcome");
        examination.find(Finding::new("srv.closed", sentence));
        return;
    };
    let finding = match goodbye.and_then(|frame| frame["detail"].as_str()) {
        Some(detail) => finding.seen("server_says", detail),
        None => finding,
    };
    // The check of the token has said more of it already.
    let known = examination
        .findings
        .iter()
        .find(|known| known.id.starts_with("auth.") && known.severity == Severity::Error);
    if let Some(known) = known.filter(|_| finding.id.starts_with("auth.")) {
        let close = format!("{code} {reason}");
        let known = known.clone().seen("close", close);
        examination.find(known);
        return;
    }
    let finding = path_as_seen(examination, finding, reason);
    let finding = whose_chat(examination, finding);
    examination.find(finding);
}

/// The server names the path that it saw: if it is not the one we asked, something rewrites it.
fn path_as_seen(examination: &Examination<'_>, finding: Finding, reason: &str) -> Finding {
    let asked = examination
        .known
        .socket_path
        .split('?')
        .next()
        .unwrap_or_default();
    let seen = reason
        .split_once("no socket at ")
        .and_then(|(_, rest)| rest.split(';').next())
        .unwrap_or(asked)
        .trim();
    let is_cut =
        seen.contains('…') || asked.starts_with(seen.trim_end_matches('…')) && seen.len() >= 40;
    if finding.id != "url.path" || seen == asked || is_cut {
        return finding;
    }
    let sentence = format!(
        "{asked} was asked and the server saw {seen}: a proxy strips or doubles a part of the path"
    );
    Finding::new("proxy.path_prefix", sentence)
        .not("url.path", format!("the server saw {seen}"))
        .seen("close", reason)
}

/// Which of the reasons for no such chat it is, by the address alone.
fn whose_chat(examination: &Examination<'_>, finding: Finding) -> Finding {
    let path = &examination.known.socket_path;
    let chat = path
        .split("/ws/chat/")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?']).next());
    let (Some(chat), "authz.chat") = (chat, finding.id) else {
        return finding;
    };
    let close = finding
        .evidence
        .seen
        .get("close")
        .cloned()
        .unwrap_or_default();
    if chat == "me" {
        let sentence = format!("`me` is a customer's own chat, and this account is none ({close})");
        return Finding::new("authz.role", sentence).seen("close", close);
    }
    let subject = examination
        .known
        .token
        .as_deref()
        .map(read)
        .and_then(|token| match token {
            Token::Jwt { claims, .. } => claims
                .get("sub")
                .and_then(Value::as_str)
                .map(str::to_ascii_lowercase),
            _ => None,
        });
    if subject.as_deref() == Some(&chat.to_ascii_lowercase()) {
        let sentence =
            format!("the address names the account's own id where a chat's id belongs ({close})");
        return Finding::new("authz.user_mismatch", sentence)
            .fix("use `me` for the customer's own chat, or a chat id from GET /api/v1/chats")
            .not("authz.chat", "the id is that of the token's own account")
            .seen("close", close);
    }
    finding
}

async fn first_of_a_stranger(examination: &mut Examination<'_>, mut socket: Socket) -> Seen {
    let begun = Instant::now();
    let mut texts = 0;
    loop {
        match socket
            .next(FIRST_WITHIN.saturating_sub(begun.elapsed()))
            .await
        {
            None => break,
            Some(Message::Text(_) | Message::Binary(_)) => texts += 1,
            Some(Message::Ping | Message::Pong(_)) => {}
            Some(end) => {
                let finding = ended(&end, begun.elapsed());
                let note = "the server ended the socket".to_owned();
                match finding {
                    Some(finding) => examination.find(finding),
                    None => return Seen::Unknown(note),
                }
                return Seen::Unknown(note);
            }
        }
    }
    examination.known.socket = Some(socket);
    Seen::Well(format!("open; {texts} messages came at first"))
}

/// The finding for a socket that ended.
pub(crate) fn ended(end: &Message, after: Duration) -> Option<Finding> {
    match end {
        Message::Close(code, reason) => closes::of_close(*code, reason),
        Message::Broken(error, bytes) => Some(closes::of_broken(error, bytes)),
        Message::Ended(how) => {
            let sentence = format!(
                "the socket opened and was {how} {} ms later, without a close frame",
                after.as_millis()
            );
            Some(
                Finding::new("srv.crash", sentence)
                    .or("net.middlebox")
                    .or("auth.hidden_403"),
            )
        }
        Message::Text(_) | Message::Binary(_) | Message::Ping | Message::Pong(_) => None,
    }
}

/// A round trip: a command of ours, or a ping of the protocol.
pub(crate) async fn ping(examination: &mut Examination<'_>) -> Seen {
    let Some(mut socket) = examination.known.socket.take() else {
        return Seen::Skipped("the socket has ended".to_owned());
    };
    let is_command = examination.known.welcome.is_some();
    let begun = Instant::now();
    let sent = match is_command {
        true => {
            socket
                .text(&json!({"type": "ping", "id": "doctor-ping"}).to_string())
                .await
        }
        false => socket.ping(b"frontdesk-doctor").await,
    };
    if let Err(error) = sent {
        examination.find(Finding::new(
            "srv.crash",
            format!("the socket was cut after it opened: {error}"),
        ));
        return Seen::Unknown(String::new());
    }
    loop {
        match socket
            .next(PONG_WITHIN.saturating_sub(begun.elapsed()))
            .await
        {
            Some(Message::Text(text)) if is_command && text.contains("doctor-ping") => break,
            Some(Message::Pong(_)) if !is_command => break,
            Some(Message::Text(_) | Message::Binary(_) | Message::Ping | Message::Pong(_)) => {}
            Some(end) => {
                match ended(&end, begun.elapsed()) {
                    Some(finding) => examination.find(finding),
                    None => {
                        return Seen::Unknown("the server closed the socket normally".to_owned());
                    }
                }
                return Seen::Unknown(String::new());
            }
            None if is_command => {
                let sentence = format!(
                    "the socket is open, and a ping is not answered in {} s",
                    PONG_WITHIN.as_secs()
                );
                examination.find(Finding::new("cap.loop_blocked", sentence).or("net.middlebox"));
                return Seen::Unknown(String::new());
            }
            None => {
                examination.known.socket = Some(socket);
                return Seen::Unknown(format!(
                    "no pong in {} s, which the protocol asks for",
                    PONG_WITHIN.as_secs()
                ));
            }
        }
    }
    examination.time("ping", begun.elapsed());
    examination.known.socket = Some(socket);
    Seen::Well(format!("{:.2} ms", begun.elapsed().as_secs_f64() * 1000.0))
}
