//! Messages of growing size through a socket that sends them back: up to which size do they come
//! through, and is that the limit which the server names?

use std::time::{Duration, Instant};

use causes::Severity;

use super::upgrade::headers;
use crate::closes;
use crate::examination::{Examination, Seen};
use crate::report::Finding;
use crate::socket::{Asked, Message, Socket};

/// The ladder, in bytes.
const SIZES: [usize; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

/// The limit of our server when it has named none.
const USUAL_LIMIT_BYTES: usize = 64 << 10;

/// How long a message may take there and back.
const BACK_WITHIN: Duration = Duration::from_secs(3);

/// Climbs the ladder.
pub(crate) async fn sizes(examination: &mut Examination<'_>) -> Seen {
    let path = match (examination.known.is_ours, examination.options.echo) {
        (true, _) => format!("{}/ws/echo", examination.target().base()),
        (false, true) => examination.known.socket_path.clone(),
        (false, false) => {
            return Seen::Skipped(
                "a stranger's socket is sent nothing; --echo says that it sends back".to_owned(),
            );
        }
    };
    let asked = Asked {
        path,
        host: examination.target().authority(),
        origin: examination.socket_origin(),
        headers: headers(examination),
        ..Asked::default()
    };
    let opened = match examination.open(&asked).await {
        Ok(opened) => opened,
        Err(fault) => {
            return Seen::Unknown(format!(
                "the echo socket gives no answer: {}",
                fault.words()
            ));
        }
    };
    let Some(mut socket) = opened.socket else {
        return Seen::Unknown(format!(
            "the echo socket is refused: {}",
            opened.answer.status_line()
        ));
    };
    let named = examination
        .known
        .welcome
        .as_ref()
        .and_then(|welcome| welcome["limits"]["frame_max_bytes"].as_u64());
    let limit = match (
        named.and_then(|bytes| usize::try_from(bytes).ok()),
        examination.known.is_ours,
    ) {
        (Some(limit), _) => limit,
        (None, true) => USUAL_LIMIT_BYTES,
        (None, false) => usize::MAX,
    };
    let mut well = 0;
    for size in SIZES {
        match there_and_back(&mut socket, size).await {
            Ok(()) => well = size,
            Err(end) => return stopped(examination, &end, size, well, limit),
        }
    }
    socket.close().await;
    Seen::Well(format!("up to {} come back", bytes(well)))
}

fn stopped(
    examination: &mut Examination<'_>,
    end: &End,
    size: usize,
    well: usize,
    limit: usize,
) -> Seen {
    let is_limit = matches!(end, End::Message(Message::Close(1009, _)));
    if is_limit && size > limit {
        return Seen::Well(format!(
            "up to {} come back; the server's limit is {}",
            bytes(well),
            bytes(limit)
        ));
    }
    if well == 0
        && let End::Message(Message::Close(code, reason)) = end
    {
        let finding = closes::of_close(*code, reason);
        return match finding
            .filter(|finding| finding.id != "url.path" && finding.id != "ws.too_big")
        {
            Some(finding) => {
                examination.find(finding);
                Seen::Unknown(String::new())
            }
            None => Seen::Unknown(format!("the echo socket is closed with {code} {reason}")),
        };
    }
    let how = match end {
        End::Silence => format!("does not come back in {} s", BACK_WITHIN.as_secs()),
        End::Message(Message::Close(code, reason)) => {
            format!("is answered with close {code} {reason}")
        }
        End::Message(Message::Ended(how)) => format!("gets the connection {how}"),
        End::Message(Message::Broken(error, _)) => format!("comes back broken: {error}"),
        End::Message(_) => "comes back as another message".to_owned(),
    };
    let sentence = format!(
        "messages of {} come back, one of {} {how}",
        bytes(well),
        bytes(size)
    );
    let finding = match end {
        End::Message(Message::Broken(error, shown)) => closes::of_broken(error, shown),
        End::Message(Message::Close(1009, _)) => Finding::new("ws.too_big", sentence),
        _ if size > limit => Finding::new("ws.too_big", sentence).severity(Severity::Warning),
        _ => Finding::new("ws.too_big", sentence).or("net.middlebox"),
    };
    examination.find(finding.seen("largest_that_came_back", bytes(well)));
    Seen::Unknown(String::new())
}

enum End {
    Silence,
    Message(Message),
}

async fn there_and_back(socket: &mut Socket, size: usize) -> Result<(), End> {
    // Text that compresses, as JSON does.
    let text = "frontdesk doctor ".repeat(size / 17 + 1);
    let text = &text[..size];
    if socket.text(text).await.is_err() {
        // What the other end said before it closed is still to be read.
        return Err(socket
            .next(BACK_WITHIN)
            .await
            .map_or(End::Silence, End::Message));
    }
    let begun = Instant::now();
    loop {
        match socket
            .next(BACK_WITHIN.saturating_sub(begun.elapsed()))
            .await
        {
            None => return Err(End::Silence),
            Some(Message::Text(back)) if back == text => return Ok(()),
            Some(Message::Ping | Message::Pong(_)) => {}
            // A stranger may greet first, and an echo may answer in another form.
            Some(Message::Text(back)) if back.len() < size => {}
            Some(Message::Text(_) | Message::Binary(_)) => return Ok(()),
            Some(end) => return Err(End::Message(end)),
        }
    }
}

fn bytes(size: usize) -> String {
    match size {
        0 => "no size".to_owned(),
        size if size >= 1 << 20 && size.is_multiple_of(1 << 20) => format!("{} MiB", size >> 20),
        size => format!("{} KiB", size >> 10),
    }
}
