//! A silent connection, held: does it live, and if it dies, after how long and by whom.

use std::time::{Duration, Instant};

use super::upgrade::{headers, remembered};
use crate::closes::{fingerprint, of_close};
use crate::examination::{Examination, Seen};
use crate::report::Finding;
use crate::socket::{Asked, Message, Socket};

/// How long a socket must have lived for a second try to be worth its time.
const SECOND_TRY_AFTER: Duration = Duration::from_millis(500);

/// How often our server is asked why it closed, and the pause between: it writes that down a moment
/// after the socket is gone.
const ASKED: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Holds the socket, silent.
pub(crate) async fn idle(examination: &mut Examination<'_>) -> Seen {
    let Some(hold) = examination.options.idle else {
        return Seen::Skipped("no --idle was given".to_owned());
    };
    let attempt = examination.known.attempt.take();
    let (socket, attempt) = match examination.known.socket.take() {
        Some(socket) => (Some(socket), attempt),
        None => (again(examination).await, None),
    };
    let Some(mut socket) = socket else {
        return Seen::Skipped("the socket has ended".to_owned());
    };
    match held(&mut socket, hold, None, false).await {
        Held::Alive { pings, messages } => {
            socket.close().await;
            Seen::Well(format!(
                "alive after {} s; the server sent {pings} pings and {messages} messages",
                hold.as_secs()
            ))
        }
        Held::Ended(end, after, pings) => {
            let finding = judge(examination, &end, after, pings, attempt.as_deref()).await;
            let note = format!("ended after {:.1} s", after.as_secs_f64());
            match finding {
                Some(finding) => examination.find(finding),
                None => return Seen::Unknown(note),
            }
            Seen::Unknown(note)
        }
    }
}

enum Held {
    Alive { pings: usize, messages: usize },
    Ended(Message, Duration, usize),
}

/// Holds a socket; with an interval it is pinged, so that it is never silent.
async fn held(
    socket: &mut Socket,
    hold: Duration,
    every: Option<Duration>,
    with_text: bool,
) -> Held {
    let begun = Instant::now();
    let (mut pings, mut messages) = (0, 0);
    loop {
        let left = hold.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Held::Alive { pings, messages };
        }
        let wait = every.map_or(left, |every| every.min(left));
        match socket.next(wait).await {
            // Where the other end is gone it is read next.
            None => {
                if every.is_some() {
                    let _ = socket.ping(b"frontdesk-doctor").await;
                }
                if with_text {
                    let _ = socket.text("frontdesk-doctor").await;
                }
            }
            Some(Message::Ping) => pings += 1,
            Some(Message::Text(_) | Message::Binary(_)) => messages += 1,
            Some(Message::Pong(_)) => {}
            Some(end) => return Held::Ended(end, begun.elapsed(), pings),
        }
    }
}

/// The same socket once more.
async fn again(examination: &mut Examination<'_>) -> Option<Socket> {
    let asked = Asked {
        path: examination.known.socket_path.clone(),
        host: examination.target().authority(),
        origin: examination.socket_origin(),
        subprotocols: examination.options.subprotocols.clone(),
        headers: headers(examination),
        ..Asked::default()
    };
    let mut socket = examination.open(&asked).await.ok()?.socket?;
    if examination.known.is_ours
        && examination.target().token.is_none()
        && let Some(token) = &examination.known.token
    {
        let connect = serde_json::json!({"type": "connect", "id": "doctor-idle", "token": token});
        socket.text(&connect.to_string()).await.ok()?;
    }
    Some(socket)
}

async fn judge(
    examination: &mut Examination<'_>,
    end: &Message,
    after: Duration,
    pings: usize,
    attempt: Option<&str>,
) -> Option<Finding> {
    let seconds = after.as_secs_f64();
    match end {
        Message::Close(4100, reason) => {
            let sentence = format!(
                "the server closed the socket after {seconds:.1} s because its token ended \
                 ({reason})"
            );
            return Some(Finding::new("srv.token_expired_live", sentence));
        }
        Message::Close(4505, reason) => {
            let sentence = format!(
                "the server closed the socket after {seconds:.1} s because its session ended \
                 ({reason})"
            );
            return Some(Finding::new("auth.revoked", sentence));
        }
        Message::Close(code, reason) => {
            let finding = of_close(*code, reason)?;
            return Some(finding.seen("after", format!("{seconds:.1} s")));
        }
        Message::Broken(error, bytes) => return Some(crate::closes::of_broken(error, bytes)),
        Message::Ended(_)
        | Message::Text(_)
        | Message::Binary(_)
        | Message::Ping
        | Message::Pong(_) => {}
    }
    // Is the server still there?
    let request = examination.get("/healthz");
    if examination.ask(&request).await.is_err() {
        let sentence = format!(
            "the socket was cut after {seconds:.1} s without a close frame, and the server is \
             gone as well"
        );
        return Some(
            Finding::new("srv.crash", sentence)
                .not("net.change", "the server itself does not answer any more"),
        );
    }
    if let Some(attempt) = attempt
        && let Some(finding) = as_the_server_says(examination, attempt, seconds).await
    {
        return Some(finding);
    }
    // A second one that is never silent tells a limit of silence from one of age.
    let busy = match again(examination).await {
        Some(mut socket) if after >= SECOND_TRY_AFTER => {
            let hold = after + after / 4 + Duration::from_millis(300);
            Some(held(&mut socket, hold, Some(after / 5), examination.options.echo).await)
        }
        _ => None,
    };
    let who = fingerprint(seconds).map_or_else(String::new, |who| format!("; so does {who}"));
    let told = format!("{pings} pings came from the server in that time");
    Some(match busy {
        Some(Held::Ended(Message::Ended(_), second, _)) => {
            let sentence = format!(
                "the connection is cut after {seconds:.1} s without a close frame, and after \
                 {:.1} s although it is busy: it has a longest life{who}",
                second.as_secs_f64()
            );
            Finding::new("life.max", sentence)
                .not("idle.proxy", "a busy connection is cut at the same age")
                .severity(causes::Severity::Error)
        }
        Some(Held::Alive { .. }) => {
            let sentence = format!(
                "a silent connection is cut after {seconds:.1} s without a close frame, a busy \
                 one lives on: a timeout of silence on the way{who}"
            );
            Finding::new("idle.proxy", sentence)
                .not("life.max", "a busy connection lives longer")
                .not(
                    "srv.crash",
                    "the server answers, and a busy connection lives on",
                )
                .seen("pings", told)
        }
        _ => {
            let sentence =
                format!("the connection is cut after {seconds:.1} s without a close frame{who}");
            Finding::new("idle.proxy", sentence).seen("pings", told)
        }
    })
}

/// Why our server closed, where its close frame did not reach us.
async fn as_the_server_says(
    examination: &mut Examination<'_>,
    attempt: &str,
    seconds: f64,
) -> Option<Finding> {
    for _ in 0..ASKED {
        let told = remembered(examination, attempt).await?;
        if told["outcome"] == "open" {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // It names a cause only where it ended the connection itself.
        told["cause"].as_str()?;
        let code = u16::try_from(told["code"].as_u64()?).ok()?;
        let mut finding = of_close(code, told["reason"].as_str()?)?;
        finding.sentence += &format!(
            "; so the server says: its close frame did not arrive, and the connection was cut \
             after {seconds:.1} s"
        );
        return Some(finding.seen("after", format!("{seconds:.1} s")));
    }
    None
}
