//! The handshake: as a page makes it, and if it is refused, in the other ways that tell why.

use causes::Severity;

use crate::answers::{self, Circumstances};
use crate::examination::{Examination, Seen};
use crate::http::Answer;
use crate::report::Finding;
use crate::socket::Asked;
use crate::wire::{Fault, first_bytes};

use super::server::{listener, silent, stranger};

/// How often a refused handshake is repeated, to see whether chance is at work.
const REPEATED: usize = 5;

/// Opens the socket that the page would open.
pub(crate) async fn upgrade(examination: &mut Examination<'_>) -> Seen {
    let target = examination.target().clone();
    let is_ours = examination.known.is_ours || target.expects_ours();
    if target.is_http && !is_ours && !examination.known.is_vite {
        return Seen::Skipped(
            "an address of HTTP says not where the socket is; give one of ws://".to_owned(),
        );
    }
    let path = if target.is_http {
        format!("{}/api/v1/ws", target.base())
    } else {
        target.path_and_query()
    };
    let attempt: String = format!("doctor-{:016x}", rand::random::<u64>());
    let asked = Asked {
        path: if examination.known.is_ours {
            with_parameter(&path, "attempt", &attempt)
        } else {
            path.clone()
        },
        host: target.authority(),
        origin: Some(examination.origin()),
        subprotocols: examination.options.subprotocols.clone(),
        headers: headers(examination),
        ..Asked::default()
    };
    let opened = match examination.open(&asked).await {
        Ok(opened) => opened,
        Err(fault) => {
            let finding = no_answer(examination, &fault, &path);
            examination.find(finding);
            return Seen::Unknown(String::new());
        }
    };
    let after = opened.answer.after;
    examination.time("upgrade", after);
    examination.known.socket_path = path.clone();
    examination.known.attempt = examination.known.is_ours.then(|| attempt.clone());
    if let Some((id, sentence)) = opened.wrong {
        examination.find(Finding::new(id, sentence));
        return Seen::Unknown(String::new());
    }
    if let Some(socket) = opened.socket {
        examination.known.socket = Some(socket);
        examination.known.is_open = true;
        return Seen::Well(format!(
            "101 for {path}, Origin {}",
            asked.origin.as_deref().unwrap_or("none")
        ));
    }
    let finding = refused(examination, &opened.answer, &asked).await;
    let finding = if examination.known.is_ours {
        what_the_server_says(examination, finding, &attempt).await
    } else {
        finding
    };
    let is_of_origin = matches!(finding.id, "origin.denied" | "dev.vite_origin");
    if is_of_origin && examination.options.origin.is_none() {
        return without_origin(examination, finding, asked).await;
    }
    examination.find(finding);
    Seen::Unknown(String::new())
}

/// Nobody said of which origin the page is, and that of the server itself is refused: worth a word,
/// and no reason to stop.
async fn without_origin(examination: &mut Examination<'_>, finding: Finding, asked: Asked) -> Seen {
    let own = asked.origin.clone().unwrap_or_default();
    let sentence = format!(
        "{}; no --origin was given, so a page of the server's own address was tried",
        finding.sentence
    );
    let finding = Finding {
        sentence,
        ..finding
    };
    let fix = format!(
        "pass the page's real origin with --origin; if pages do come from {own}: {}",
        finding.fix
    );
    examination.find(finding.severity(Severity::Warning).fix(fix));
    let asked = Asked {
        origin: None,
        ..asked
    };
    match examination.open(&asked).await {
        Ok(opened) if opened.socket.is_some() => {
            examination.known.socket = opened.socket;
            examination.known.is_open = true;
            examination.known.without_origin = true;
            Seen::Well("101 without Origin".to_owned())
        }
        Ok(_) | Err(_) => Seen::Unknown(String::new()),
    }
}

/// The headers that go with every handshake: those given, and for a stranger the token.
pub(super) fn headers(examination: &Examination<'_>) -> Vec<(String, String)> {
    let mut headers = examination.options.headers.clone();
    let is_named = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let in_frame = examination.known.is_ours || examination.target().expects_ours();
    if let Some(token) = examination
        .options
        .token
        .as_ref()
        .filter(|_| !is_named && !in_frame && examination.target().token.is_none())
    {
        headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    }
    headers
}

/// A path with one parameter more.
pub(crate) fn with_parameter(path: &str, name: &str, value: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{name}={value}")
}

/// Why a handshake is refused, by what else is answered there.
pub(super) async fn refused(
    examination: &mut Examination<'_>,
    answer: &Answer,
    asked: &Asked,
) -> Finding {
    let target = examination.target().clone();
    let mut known = Circumstances {
        place: format!(
            "{}{}",
            target.authority(),
            asked.path.split('?').next().unwrap_or_default()
        ),
        path: asked.path.split('?').next().unwrap_or_default().to_owned(),
        origin: asked.origin.clone().unwrap_or_default(),
        is_ours: examination.known.is_ours,
        is_vite: examination.known.is_vite,
        has_token: target.token.is_some() || examination.options.token.is_some(),
        ..Circumstances::default()
    };
    let status = async |examination: &mut Examination<'_>, asked: &Asked| {
        examination
            .open(asked)
            .await
            .ok()
            .map(|opened| opened.answer.status)
    };
    match answer.status {
        401 | 403 => {
            known.without_origin = status(
                examination,
                &Asked {
                    origin: None,
                    ..asked.clone()
                },
            )
            .await;
        }
        400 | 404 | 426 | 429 if examination.known.is_ours => known.seen = seen(examination).await,
        400 | 413 | 414 | 431 | 494 => {
            let bare = Asked {
                path: known.path.clone(),
                headers: Vec::new(),
                ..asked.clone()
            };
            known.bare = status(examination, &bare).await;
        }
        500..=599 => {
            let nowhere = format!("/frontdesk-doctor-{:08x}", rand::random::<u32>());
            known.elsewhere = status(
                examination,
                &Asked {
                    path: nowhere,
                    ..asked.clone()
                },
            )
            .await;
            let plain = crate::http::Request::get(&target.authority(), asked.path.clone());
            known.plain = examination
                .ask(&plain)
                .await
                .ok()
                .map(|answer| answer.status);
        }
        _ => {}
    }
    if matches!(answer.status, 400 | 401 | 403 | 404 | 502 | 503) {
        known.repeated.push(answer.status);
        for _ in 0..REPEATED {
            known.repeated.extend(status(examination, asked).await);
        }
    }
    let finding = answers::refused(answer, &known);
    // Where our server is expected and nobody knows its signature, the stranger is the cause.
    let is_vague = matches!(
        finding.id,
        "url.path"
            | "auth.hidden_403"
            | "proxy.no_upgrade"
            | "proxy.no_ws_support"
            | "srv.crash"
            | "srv.no_ws_library"
    );
    let expects = target.expects_ours() && !examination.known.is_ours && !examination.known.is_vite;
    match stranger(examination).filter(|_| is_vague && expects) {
        Some(stranger) => stranger.seen("handshake", answer.status_line()),
        None => finding,
    }
}

/// What our server saw of a request that asked for an upgrade.
async fn seen(examination: &mut Examination<'_>) -> Option<answers::Seen> {
    let request = examination
        .get("/api/v1/diagnose")
        .header("Connection", "Upgrade, close")
        .header("Upgrade", "websocket");
    let answer = examination.ask(&request).await.ok()?;
    let json = answer.json()?;
    let header = |name: &str| {
        json["headers"][name]
            .as_str()
            .unwrap_or("nothing")
            .to_owned()
    };
    let forwarding = json["peer"]["forwarding_headers"]
        .as_array()
        .is_some_and(|names| !names.is_empty());
    Some(answers::Seen {
        version: json["http_version"].as_str()?.to_owned(),
        upgrade: header("upgrade"),
        connection: header("connection"),
        is_by_stranger: forwarding && json["peer"]["trusted"] == false,
    })
}

/// What our server remembers of an attempt.
pub(super) async fn remembered(
    examination: &mut Examination<'_>,
    attempt: &str,
) -> Option<serde_json::Value> {
    let request = examination.get(&format!("/api/v1/connect-check/{attempt}"));
    examination.ask(&request).await.ok()?.json()
}

async fn what_the_server_says(
    examination: &mut Examination<'_>,
    finding: Finding,
    attempt: &str,
) -> Finding {
    let Some(json) = remembered(examination, attempt).await else {
        return finding;
    };
    match (json["seen"].as_bool(), json["reason"].as_str()) {
        (Some(true), Some(reason)) => finding.seen("server_says", reason),
        (Some(false), _) => finding.seen("server_says", "it did not see this handshake"),
        _ => finding,
    }
}

/// Plain requests are answered and the handshake is not.
fn no_answer(examination: &Examination<'_>, fault: &Fault, path: &str) -> Finding {
    let target = examination.target();
    let place = format!(
        "{}{}",
        target.authority(),
        path.split('?').next().unwrap_or_default()
    );
    let words = fault.words();
    if examination.known.is_vite {
        return match fault {
            Fault::Silent(_) => {
                let sentence = format!(
                    "the Vite dev server takes the handshake for {place} and hands it to nobody \
                     ({words}): its proxy has no `ws: true` for this path"
                );
                Finding::new("dev.vite_ws_false", sentence)
                    .not("dev.vite_target_down", "Vite would end the connection then")
            }
            _ => {
                let sentence = format!(
                    "the Vite dev server ends the handshake for {place} ({words}): it does not \
                     reach its proxy target"
                );
                Finding::new("dev.vite_target_down", sentence).or("dev.vite_tls")
            }
        };
    }
    if let Fault::NotHttp(bytes) = fault {
        let sentence = format!(
            "{place} answers the handshake with bytes that are no HTTP: {}",
            first_bytes(bytes)
        );
        return Finding::new("dev.two_handlers", sentence).or("net.middlebox");
    }
    match (target.is_loopback(), fault) {
        (true, Fault::Silent(after)) if examination.known.is_ours => {
            silent(*after, &place, listener(examination).as_ref())
        }
        (true, Fault::Silent(_)) => {
            let sentence = format!(
                "plain requests are answered, the handshake for {place} is not ({words}): nobody \
                 handles an upgrade at this path"
            );
            Finding::new("url.path", sentence)
                .or("cap.loop_blocked")
                .or("proxy.no_upgrade")
        }
        (true, _) => {
            let sentence = format!(
                "plain requests are answered, the handshake for {place} is cut off ({words}): \
                 the server fails, or destroys upgrades at paths that it does not know"
            );
            Finding::new("srv.crash", sentence).or("url.path")
        }
        (false, _) => {
            let sentence = format!(
                "plain requests are answered, the handshake for {place} is not ({words}): \
                 something on the way breaks upgrades"
            );
            Finding::new("net.middlebox", sentence)
                .or("url.path")
                .or("cap.loop_blocked")
        }
    }
}
