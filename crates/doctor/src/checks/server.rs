//! Who answers HTTP there: our server, a dev server in front of it, or somebody else; and its clock.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causes::Severity;

use super::network::with_program;
use crate::answers;
use crate::examination::{Examination, Seen};
use crate::http::{Answer, Request, ask};
use crate::listeners::{Listener, is_of_this_machine, listeners};
use crate::report::Finding;
use crate::tls::Trust;
use crate::wire::{Dialer, Fault, connect, first_bytes};

/// Most seconds that two clocks may differ: a socket token takes no more.
const CLOCKS_DIFFER_MAX_SECONDS: i64 = 5;

/// How every page of our own console is called.
const CONSOLE_TITLE: &str = "<title>Frontdesk";

/// Whether an answer is our server's.
pub(crate) fn is_signature(answer: &Answer) -> bool {
    answer
        .json()
        .is_some_and(|json| json.get("service").is_some_and(|name| name == "frontdesk"))
}

/// Asks who is there.
pub(crate) async fn server(examination: &mut Examination<'_>) -> Seen {
    let request = examination.get("/healthz");
    let answer = match examination.ask(&request).await {
        Ok(answer) => answer,
        Err(fault) => return no_http(examination, fault).await,
    };
    examination.time("http", answer.after);
    examination.known.clock_ahead = clock_ahead(&answer);
    if let Some(finding) = answers::of_tls(&answer, examination.target().is_tls) {
        return examination.find_and_stop(finding);
    }
    examination.known.is_vite = is_vite(examination).await;
    let is_vite = examination.known.is_vite;
    if is_vite && examination.target().path == "/" && examination.target().token.is_some() {
        let sentence = "this address is the socket of Vite's hot reload, not the application's";
        return examination.find_and_stop(Finding::new("srv.wrong_socket", sentence));
    }
    if is_signature(&answer) {
        examination.known.is_ours = true;
        examination.known.health = Some(answer);
        other_addresses(examination).await;
        let ready = examination.get("/readyz");
        if let Ok(ready) = examination.ask(&ready).await
            && let Some(finding) = not_ready(&ready).filter(|finding| finding.id == "ev.bus_down")
        {
            return examination.find_and_stop(finding);
        }
        let through = if is_vite {
            " through a Vite dev server"
        } else {
            ""
        };
        return Seen::Well(format!("Frontdesk answers{through}"));
    }
    if let Some(finding) = own_without_signature(examination, &answer) {
        return examination.find_and_stop(finding);
    }
    let request = examination.get("/api/v1/diagnose");
    let second = examination.ask(&request).await;
    if second.as_ref().is_ok_and(is_signature) {
        examination.known.is_ours = true;
        examination.known.health = Some(answer);
        let through = if is_vite {
            "through a Vite dev server"
        } else {
            "/healthz does not reach it"
        };
        return Seen::Well(format!("Frontdesk answers; {through}"));
    }
    let name = answer
        .header("server")
        .map_or_else(String::new, |server| format!(", Server: {server}"));
    let said = format!("{}{name}", answer.status_line());
    if is_vite && second.as_ref().is_ok_and(|second| second.status >= 500) {
        let status = second.map_or(0, |second| second.status);
        let sentence = format!(
            "the Vite dev server answers, but it does not reach its proxy target: /api answers \
             {status}"
        );
        return examination
            .find_and_stop(Finding::new("dev.vite_target_down", sentence).or("dev.vite_tls"));
    }
    let expects_ours = examination.target().expects_ours();
    if expects_ours && let Some(finding) = answers::gateway(&answer) {
        return examination.find_and_stop(finding);
    }
    if answer
        .header("server")
        .is_some_and(|server| server.contains("AirTunes"))
    {
        let sentence = format!(
            "{} is AirPlay of macOS, not the backend ({said})",
            examination.target().authority()
        );
        return examination.find_and_stop(Finding::new("net.other_program", sentence));
    }
    examination.known.health = Some(answer);
    match (is_vite, expects_ours) {
        (true, _) => Seen::Well(format!("a Vite dev server answers ({said})")),
        (false, true) => Seen::Unknown(format!("not our signature: {said}")),
        (false, false) => Seen::Well(format!("a server that is not Frontdesk answers ({said})")),
    }
}

/// Why our server runs and cannot work, by its answer at `/readyz`.
pub(crate) fn not_ready(ready: &Answer) -> Option<Finding> {
    let (code, detail, fix) = ready.problem()?;
    if code != "unavailable" {
        return None;
    }
    if !detail.contains("database") {
        let sentence = format!("the server runs and takes no work: {detail}");
        return Some(Finding::new("srv.deploy", sentence).fix(fix));
    }
    let sentence = format!(
        "the server runs, and its database does not answer: /readyz says {}: {detail}",
        ready.status
    );
    Some(
        Finding::new("ev.bus_down", sentence)
            .not("ev.other_worker", "this node itself cannot work")
            .or("cap.sqlite_busy"),
    )
}

/// The finding that a stranger stands where our server is expected.
pub(crate) fn stranger(examination: &Examination<'_>) -> Option<Finding> {
    let answer = examination.known.health.as_ref()?;
    let target = examination.target();
    let name = answer.header("server").unwrap_or("none");
    let sentence = format!(
        "{} answers, but it is not Frontdesk: GET {}/healthz gave {} (Server: {name}), without \
         our signature",
        target.authority(),
        target.base(),
        answer.status_line()
    );
    let finding = Finding::new("net.other_program", sentence)
        .or("proxy.path_prefix")
        .seen("server", name);
    Some(listener(examination).map_or(finding.clone(), |listener| with_program(finding, &listener)))
}

/// The listener behind the target, if it is on this machine.
pub(crate) fn listener(examination: &Examination<'_>) -> Option<Listener> {
    let address = examination
        .known
        .open
        .first()
        .copied()
        .or_else(|| examination.known.addresses.first().copied())?;
    listener_at(address)
}

/// The listener at an address, if that is of this machine.
fn listener_at(address: SocketAddr) -> Option<Listener> {
    if !is_of_this_machine(address.ip()) {
        return None;
    }
    listeners()?
        .into_iter()
        .find(|listener| listener.port == address.port() && listener.takes(address.ip()))
}

/// Our server answered, though not with its signature: it was asked at another path, or refuses.
fn own_without_signature(examination: &Examination<'_>, answer: &Answer) -> Option<Finding> {
    let base = examination.target().base();
    let problem = answer.problem();
    let said = match &problem {
        Some((code, detail, _)) if code == "unknown_path" => detail.clone(),
        None if !base.is_empty() && answer.is_html() && answer.text().contains(CONSOLE_TITLE) => {
            "its console answered, which has pages of such names".to_owned()
        }
        Some((_, detail, _)) => {
            let finding = answers::refused(answer, &answers::Circumstances::default());
            return Some(finding.seen("healthz", detail.clone()));
        }
        None => return None,
    };
    let sentence = format!(
        "Frontdesk answers, but not at the base {base}/: {base}/healthz was asked, and {said}; a proxy keeps, strips \
         or doubles a part of the path"
    );
    Some(Finding::new("proxy.path_prefix", sentence).not("url.path", "the server itself answered"))
}

/// Whether a Vite dev server stands there, whatever it passes on.
async fn is_vite(examination: &mut Examination<'_>) -> bool {
    let client = Request::get(&examination.target().authority(), "/@vite/client");
    let is_script = |answer: &Answer| {
        answer.status == 200
            && answer
                .header("content-type")
                .is_some_and(|kind| kind.contains("javascript"))
            && answer.text().contains("vite")
    };
    examination
        .ask(&client)
        .await
        .is_ok_and(|answer| is_script(&answer))
}

/// Both loopback addresses answer: are they the same server?
async fn other_addresses(examination: &mut Examination<'_>) {
    let dialer = examination.dialer();
    let others: Vec<_> = examination
        .known
        .open
        .iter()
        .copied()
        .filter(|address| *address != dialer.address)
        .collect();
    for address in others {
        let request = examination.get("/healthz");
        let other = Dialer {
            address,
            ..dialer.clone()
        };
        let answer = ask(&other, &request).await;
        if answer.as_ref().is_ok_and(is_signature) {
            continue;
        }
        if let Err(Fault::Silent(after)) = answer {
            let listener = listener_at(address);
            let finding = silent(after, &address.to_string(), listener.as_ref());
            examination.find(finding);
            continue;
        }
        let found = answer.map_or_else(|fault| fault.words(), |answer| answer.status_line());
        let sentence = format!(
            "{} stands for two servers: Frontdesk answers at {}, another program at {address} \
             ({found}); which one a page gets is chance",
            examination.target().host,
            dialer.address
        );
        examination.find(Finding::new("net.other_program", sentence));
    }
}

/// TCP works and HTTP does not.
async fn no_http(examination: &mut Examination<'_>, fault: Fault) -> Seen {
    let target = examination.target().clone();
    let listener = listener(examination);
    if !target.is_tls
        && matches!(
            fault,
            Fault::Closed | Fault::Reset | Fault::NotHttp(_) | Fault::Cut(_)
        )
        && speaks_tls(examination).await
    {
        let sentence = format!(
            "{} speaks TLS, and {} asks it without: {}",
            target.authority(),
            target.shown(),
            fault.words()
        );
        let secure = target
            .shown()
            .replacen("ws://", "wss://", 1)
            .replacen("http://", "https://", 1);
        return examination
            .find_and_stop(Finding::new("tls.plain_port", sentence).fix(format!("use {secure}")));
    }
    let finding = match &fault {
        Fault::NotHttp(bytes) if is_http2(bytes) => {
            let sentence = format!(
                "{} speaks HTTP/2 alone; a socket's handshake is HTTP/1.1",
                target.authority()
            );
            Finding::new("tls.alpn_h2_only", sentence)
        }
        Fault::NotHttp(bytes) => {
            let sentence = format!(
                "{} is no web server: it says {}",
                target.authority(),
                first_bytes(bytes)
            );
            Finding::new("net.other_program", sentence)
        }
        Fault::Closed | Fault::Reset | Fault::Cut(_) => {
            cut_off(&fault, &target.authority(), listener.as_ref())
        }
        Fault::Silent(after) => silent(*after, &target.authority(), listener.as_ref()),
        Fault::Tls(what)
            if what.contains("CertificateRequired") || what.contains("certificate required") =>
        {
            Finding::new(
                "tls.mtls",
                format!(
                    "{} asks for a client certificate and ends the connection without one",
                    target.authority()
                ),
            )
        }
        Fault::Tls(what) => Finding::new(
            "net.middlebox",
            format!(
                "{} ended the encrypted connection: {what}",
                target.authority()
            ),
        ),
        Fault::Connect(_) | Fault::ConnectTimeout(_) => {
            let sentence = format!(
                "{} took one connection and not the next: {}",
                target.authority(),
                fault.words()
            );
            Finding::new("cap.backlog", sentence)
        }
    };
    let finding = match &listener {
        Some(listener) => with_program(finding, listener),
        None => finding,
    };
    examination.find_and_stop(finding)
}

fn cut_off(fault: &Fault, authority: &str, listener: Option<&Listener>) -> Finding {
    let words = fault.words();
    let behind_docker = listener.and_then(Listener::program).is_some_and(|program| {
        program.name.contains("docker-proxy") || program.name.contains("rootlessport")
    });
    let sentence = format!(
        "{authority} takes connections and cuts them: {words}; so does a published container port whose program listens on 127.0.0.1 \
         inside, or has not started"
    );
    let finding = Finding::new("net.bind_loopback", sentence).fix(
        "inside a container listen on 0.0.0.0 (frontdesk serve --listen 0.0.0.0:8000, uvicorn \
         --host 0.0.0.0); else look into the log of the program on this port",
    );
    let finding = match listener {
        Some(_) => finding
            .not("net.timeout", "the connection was taken")
            .not("net.refused", "the connection was taken"),
        None => finding.or("net.middlebox"),
    };
    if behind_docker {
        finding
    } else {
        finding.or("srv.crash")
    }
}

pub(crate) fn silent(after: Duration, authority: &str, listener: Option<&Listener>) -> Finding {
    let ms = after.as_millis();
    let program = listener.and_then(Listener::program);
    if let Some(program) = &program
        && let Some(most) = program.descriptors_max
        && program.descriptors + 2 >= most
    {
        let sentence = format!(
            "{authority} takes connections and answers nothing in {ms} ms: {} (pid {}) has {} of \
             {most} descriptors open, so it cannot accept more",
            program.name, program.pid, program.descriptors
        );
        return Finding::new("cap.fd", sentence)
            .not("cap.loop_blocked", "the descriptors are used up");
    }
    if let Some(listener) = listener.filter(|listener| listener.waiting > 0) {
        let sentence = format!(
            "{authority} takes connections and answers nothing in {ms} ms; {} wait to be \
             accepted: the program is stopped or blocked",
            listener.waiting
        );
        return Finding::new("cap.loop_blocked", sentence).not(
            "net.timeout",
            "the connection is on this machine and was taken",
        );
    }
    let sentence = format!(
        "{authority} takes the connection and answers nothing in {ms} ms: the program hangs, or \
         something on the way holds it"
    );
    let finding = Finding::new("cap.loop_blocked", sentence);
    match listener {
        Some(_) => finding.not(
            "net.timeout",
            "the connection is on this machine and was taken",
        ),
        None => finding.or("net.middlebox"),
    }
}

/// The first bytes of an HTTP/2 server: its settings.
fn is_http2(bytes: &[u8]) -> bool {
    bytes.len() >= 9 && bytes[0] == 0 && bytes[3] == 4 && bytes[5..9] == [0, 0, 0, 0]
}

/// Whether a port answers a TLS handshake, trusted or not.
async fn speaks_tls(examination: &Examination<'_>) -> bool {
    let dialer = examination.dialer();
    let Ok(trust) = Trust::load(None) else {
        return false;
    };
    let Ok(stream) = connect(dialer.address, dialer.timeout).await else {
        return false;
    };
    let handshake = trust.handshake(stream, &examination.target().host, &[b"http/1.1"]);
    match tokio::time::timeout(dialer.timeout, handshake).await {
        Ok(handshake) => handshake.stream.is_ok() || !handshake.chain.is_empty(),
        Err(_) => false,
    }
}

/// Whether a TLS port speaks plain HTTP.
pub(crate) async fn speaks_http(examination: &Examination<'_>) -> Option<Answer> {
    let dialer = Dialer {
        tls: None,
        ..examination.dialer()
    };
    let request = Request::get(&examination.target().authority(), "/healthz");
    ask(&dialer, &request).await.ok()
}

fn clock_ahead(answer: &Answer) -> Option<i64> {
    let seconds =
        |time: SystemTime| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok();
    let theirs = httpdate::parse_http_date(answer.header("date")?).ok()?;
    Some(seconds(theirs)? - seconds(SystemTime::now())?)
}

/// Compares the clocks.
pub(crate) fn clock(examination: &mut Examination<'_>) -> Seen {
    let Some(ahead) = examination.known.clock_ahead else {
        return Seen::Unknown("the server names no time".to_owned());
    };
    if ahead.abs() > CLOCKS_DIFFER_MAX_SECONDS {
        let (by, way) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
        let sentence = format!(
            "the server's clock is {by} s {way} this machine's; tokens made by one and checked \
             by the other fail"
        );
        examination.find(Finding::new("auth.skew", sentence).severity(Severity::Warning));
    }
    Seen::Well(format!("the clocks differ by {} s", ahead.abs()))
}
