//! From an HTTP request to a socket in a shard: method and headers, origin, limits, the token if it
//! came along; then `101`, and the plain TCP stream leaves the HTTP side for good (RFC 6455, 4.2).
//! A bad token is not refused here: a browser could not read why. Start at [`event_socket`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use ::auth::TokenProblem;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use engine::{Attach, Opening, Token};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use protocol::{CloseCode, ConnectionId, ErrorCode, Goodbye, Problem};
use tokio::net::TcpStream;

use super::attempts::{Comparison, Failure, Seen, compared, shown_path};
use super::{ECHO_SOCKET_PATH, EVENT_SOCKET_PATH, PROTOCOL_VERSION, Socket};
use crate::app::App;
use crate::envelope::Notes;
use crate::limits::RETRY_SOON_SECONDS;
use crate::listen::Patient;
use crate::nearest::nearest;
use crate::origin::{Verdict, forwarding, host, is_forwarded};
use crate::problem::Refusal;
use crate::ws::admission::Permit;

/// The only version of the WebSocket protocol there is (RFC 6455, 4.4).
const WEBSOCKET_VERSION: &str = "13";

/// The subprotocol that a client may offer; offering none is the usual way.
const SUBPROTOCOL: &str = "frontdesk";

/// Longest subprotocol that is named in an answer: a longer one may be a token.
const SUBPROTOCOL_SHOWN_MAX_BYTES: usize = 32;

/// Longest name of a chat in a path that is looked at, in characters; an id has 36.
const CHAT_SHOWN_MAX_CHARS: usize = 64;

const SEC_WEBSOCKET_KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const SEC_WEBSOCKET_ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const SEC_WEBSOCKET_VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const SEC_WEBSOCKET_PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");

/// `GET /api/v1/ws`: the event socket.
pub(crate) async fn event_socket(
    State(app): State<App>,
    Extension(notes): Extension<Arc<Notes>>,
    request: Request,
) -> Response {
    let opening = opening(request.uri(), request.headers());
    upgrade(&app, notes.address, request, opening, None)
}

/// `GET /ws/chat/{chat_id}`: the chat socket, for a chat's id or `me`.
pub(crate) async fn chat_socket(
    State(app): State<App>,
    Extension(notes): Extension<Arc<Notes>>,
    Path(chat): Path<String>,
    request: Request,
) -> Response {
    let opening = opening(request.uri(), request.headers());
    // Longer than any id: it names no chat, and the rest of it is of no use to anybody.
    let chat: String = chat.chars().take(CHAT_SHOWN_MAX_CHARS).collect();
    upgrade(&app, notes.address, request, opening, Some(chat.into()))
}

/// `GET /ws/echo`: sends everything back, to anyone, for a minute.
pub(crate) async fn echo_socket(
    State(app): State<App>,
    Extension(notes): Extension<Arc<Notes>>,
    request: Request,
) -> Response {
    if !app.config.diagnostics.enabled {
        let detail = "/ws/echo is switched off by diagnostics.enabled = false";
        let seen = Seen::of(&request, notes.address, app.now(), Instant::now());
        let compared = compared("diagnostics.enabled", "true", "false");
        let problem = Problem::new(ErrorCode::UnknownPath, detail);
        return refuse(&app, seen, Denied::new(problem, compared));
    }
    upgrade(
        &app,
        notes.address,
        request,
        (Opening::Echo, Comparison::new()),
        None,
    )
}

/// A socket at a path where none lives: accepted and closed, so that a browser can read why.
pub(crate) fn unknown_socket(app: &App, request: Request) -> Response {
    let notes = request.extensions().get::<Arc<Notes>>();
    let Some(address) = notes.map(|notes| notes.address) else {
        return Refusal::internal("the fallback lies outside of the envelope").into_response();
    };
    let path = request.uri().path();
    let known = [EVENT_SOCKET_PATH, "/ws/chat/me", ECHO_SOCKET_PATH];
    let shown: String = shown_path(path).chars().take(40).collect();
    let meant = nearest(path, known.into_iter()).unwrap_or(EVENT_SOCKET_PATH);
    let detail = format!("no socket at {shown}; did you mean {meant}?");
    let goodbye = Goodbye::new(CloseCode::UnknownPath, detail);
    let compared = compared("path", known.join(" or "), shown_path(path));
    let opening = (Opening::Refused(goodbye), compared);
    upgrade(app, address, request, opening, None)
}

/// Whether a request asks for a socket.
pub(crate) fn asks_for_socket(headers: &HeaderMap) -> bool {
    has_word(headers, &header::UPGRADE, "websocket")
}

/// How the event socket begins, by what came with the handshake; and what was compared, if that
/// already decides.
fn opening(uri: &Uri, headers: &HeaderMap) -> (Opening, Comparison) {
    if let Some(version) = parameter(uri, "protocol")
        && version.parse() != Ok(PROTOCOL_VERSION)
    {
        let shown: String = version.chars().take(20).collect();
        let goodbye = Goodbye::new(
            CloseCode::UnsupportedVersion,
            format!("protocol {shown} was asked for, this server speaks {PROTOCOL_VERSION}"),
        );
        let compared = compared("protocol", PROTOCOL_VERSION.to_string(), shown);
        return (Opening::Refused(goodbye), compared);
    }
    match carried_token(uri, headers) {
        None => (Opening::FirstFrame, Comparison::new()),
        Some(token) if token.is_empty() => {
            let problem = TokenProblem::Missing;
            let goodbye = super::connect::goodbye(&problem);
            (
                Opening::Refused(goodbye),
                super::attempts::compared_in_token(&problem),
            )
        }
        Some(token) => (Opening::Token(Token(token)), Comparison::new()),
    }
}

/// The token of the URL, or of the header `Authorization`.
fn carried_token(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    parameter(uri, "token").or_else(|| {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned())
    })
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Answers `101` and hands the stream to a shard, or answers why not.
fn upgrade(
    app: &App,
    address: IpAddr,
    mut request: Request,
    (opening, compared_before): (Opening, Comparison),
    chat: Option<Box<str>>,
) -> Response {
    let seen = Seen::of(&request, address, app.now(), Instant::now());
    let handshake = match admit(app, address, &request, &opening) {
        Ok(handshake) => handshake,
        Err(denied) => return refuse(app, seen, denied),
    };
    let (opening, compared) = match handshake.stranger {
        Some(subprotocol) => {
            let detail =
                format!("the subprotocol {subprotocol} is not spoken here; connect without one");
            let goodbye = Goodbye::new(CloseCode::UnsupportedVersion, detail);
            let expected = format!("none, or {SUBPROTOCOL}");
            (
                Opening::Refused(goodbye),
                compared("subprotocol", expected, subprotocol),
            )
        }
        None => (opening, compared_before),
    };
    let connection = ConnectionId::new();
    match &opening {
        Opening::Refused(goodbye) => {
            let failure = Failure::by_goodbye(goodbye, compared);
            app.attempts.refused(seen, Some(connection), failure);
        }
        Opening::Echo => app.attempts.open(seen, connection),
        Opening::Token(_) | Opening::FirstFrame => app.attempts.upgrading(seen, connection),
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let (engine, attempts) = (app.engine.clone(), app.attempts.clone());
    app.upgrades.spawn(async move {
        let taken = match upgraded.await {
            Ok(upgraded) => take_stream(upgraded),
            Err(error) => Err(format!("the peer went during the handshake: {error}")),
        };
        match taken.and_then(|(stream, leftover)| {
            let socket = Socket::take(stream, handshake.permit);
            socket
                .map(|socket| (socket, leftover))
                .map_err(|error| error.to_string())
        }) {
            Ok((transport, leftover)) => {
                engine.attach(Attach {
                    transport,
                    connection,
                    address,
                    leftover,
                    opening,
                    chat,
                });
            }
            Err(error) => attempts.lost(connection, &error),
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, handshake.accept);
    if let Some(subprotocol) = handshake.subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}

/// What a handshake that may go on needs.
struct Handshake {
    accept: HeaderValue,
    permit: Permit,
    /// The subprotocol to name in the answer: without it a browser that offered one gives up.
    subprotocol: Option<HeaderValue>,
    /// A subprotocol that we do not speak.
    stranger: Option<String>,
}

/// A handshake that is answered with a problem.
struct Denied {
    problem: Problem,
    /// What is told to whoever asks for the attempt, in place of the problem's detail.
    reason: String,
    compared: Comparison,
}

impl Denied {
    fn new(problem: Problem, compared: Comparison) -> Self {
        Self {
            reason: problem.detail.clone(),
            problem,
            compared,
        }
    }
}

/// Counts and remembers a handshake that is refused, and answers it.
fn refuse(app: &App, seen: Seen, denied: Denied) -> Response {
    let Denied {
        problem,
        reason,
        compared,
    } = denied;
    let status = problem.status;
    app.admissions.count_refusal(status);
    app.attempts
        .refused(seen, None, Failure::by_problem(&problem, &reason, compared));
    let mut response = Refusal::from(problem).into_response();
    if status == StatusCode::UPGRADE_REQUIRED.as_u16() {
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(
            SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static(WEBSOCKET_VERSION),
        );
    }
    response
}

fn admit(
    app: &App,
    address: IpAddr,
    request: &Request,
    opening: &Opening,
) -> Result<Handshake, Denied> {
    let headers = request.headers();
    let accept = accept(request)?;
    if app.shutdown.is_cancelled() {
        let problem = Problem::new(ErrorCode::Unavailable, "the server is being restarted")
            .with("retry_after_seconds", RETRY_SOON_SECONDS);
        let compared = compared("server", "taking sockets", "being restarted");
        return Err(Denied::new(problem, compared));
    }
    check_origin(app, request.uri(), headers)?;
    let (subprotocol, stranger) = subprotocol(headers)?;
    if (stranger.is_some() || matches!(opening, Opening::Refused(_)))
        && !app.admissions.may_tell(address)
    {
        let per_minute = app.config.socket.refusals_per_minute;
        let detail = format!("this address was refused more than {per_minute} times a minute");
        let problem = Problem::new(ErrorCode::RateLimited, detail).with("retry_after_seconds", 60);
        let most = format!("at most {per_minute}");
        return Err(Denied::new(
            problem,
            compared("refusals_per_minute", most, "more"),
        ));
    }
    let Some(permit) = app.admissions.enter(address) else {
        let most = app.config.socket.per_ip_max;
        let detail = format!("this address has {most} sockets open already");
        let problem = Problem::new(ErrorCode::RateLimited, detail)
            .with("retry_after_seconds", RETRY_SOON_SECONDS)
            .with_fix("Close other tabs, or raise socket.per_ip_max if many people share it.");
        let found = format!("{most} open already");
        let compared = compared("sockets_of_address", format!("at most {most}"), found);
        return Err(Denied::new(problem, compared));
    };
    Ok(Handshake {
        accept,
        permit,
        subprotocol,
        stranger,
    })
}

/// Checks the opening handshake and gives what proves that it was understood.
fn accept(request: &Request) -> Result<HeaderValue, Denied> {
    let headers = request.headers();
    if request.method() != Method::GET {
        let method: String = request.method().as_str().chars().take(20).collect();
        let detail = format!("a socket is opened with GET, not with {method}");
        let problem = Problem::new(ErrorCode::MethodNotAllowed, detail);
        return Err(Denied::new(problem, compared("method", "GET", method)));
    }
    let upgrades = asks_for_socket(headers);
    let connects = has_word(headers, &header::CONNECTION, "upgrade");
    if request.version() != Version::HTTP_11 || !upgrades || !connects {
        let found = |name| text(headers, name).unwrap_or("nothing").to_owned();
        let version = format!("{:?}", request.version());
        let (upgrade, connection) = (found(&header::UPGRADE), found(&header::CONNECTION));
        let problem = Problem::new(
            ErrorCode::UpgradeRequired,
            format!(
                "this path speaks WebSocket; HTTP/1.1, Upgrade: websocket and Connection: Upgrade \
                 were expected, {version}, {upgrade} and {connection} were found"
            ),
        );
        let mut values = compared("http_version", "HTTP/1.1", version);
        values.extend(compared("upgrade", "websocket", upgrade));
        values.extend(compared("connection", "Upgrade", connection));
        return Err(Denied::new(problem, values));
    }
    let version = text(headers, &SEC_WEBSOCKET_VERSION).unwrap_or("nothing");
    if version != WEBSOCKET_VERSION {
        let problem = Problem::new(
            ErrorCode::UpgradeRequired,
            format!("Sec-WebSocket-Version is {version}, expected is {WEBSOCKET_VERSION}"),
        )
        .with_fix("Use a WebSocket client of RFC 6455.");
        let compared = compared("sec_websocket_version", WEBSOCKET_VERSION, version);
        return Err(Denied::new(problem, compared));
    }
    let key = text(headers, &SEC_WEBSOCKET_KEY).unwrap_or_default();
    let accept = websocket::accept_key(key).map_err(|error| {
        let problem = Problem::new(
            ErrorCode::InvalidRequest,
            format!("Sec-WebSocket-Key: {error}"),
        )
        .with_fix("Use a WebSocket client of RFC 6455, 4.1.");
        let expected = "16 bytes in base64, 24 characters";
        Denied::new(
            problem,
            compared("sec_websocket_key", expected, error.to_string()),
        )
    })?;
    Ok(HeaderValue::from_str(&accept).expect("base64 is ASCII"))
}

/// A page must be on the list; a program that names no origin needs a token as everyone does.
fn check_origin(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), Denied> {
    let Some(origin) = text(headers, &header::ORIGIN) else {
        return Ok(());
    };
    let asked_by = host(uri, headers);
    match app.origins.allows(origin, asked_by, is_forwarded(headers)) {
        Verdict::Allowed => Ok(()),
        Verdict::Denied { allowed } => {
            let shown: String = origin.chars().take(200).collect();
            let mut values = compared("origin", allowed.join(" or "), origin);
            // What the list depends on, and what a proxy changes.
            let expected = match &app.config.server.public_url {
                Some(url) => format!("as in server.public_url {url}"),
                None => "the name in the page's address".to_owned(),
            };
            values.extend(compared("host", expected, asked_by.unwrap_or("nothing")));
            let found = match forwarding(headers).collect::<Vec<_>>() {
                names if names.is_empty() => "none".to_owned(),
                names => names.join(", "),
            };
            let expected = "none on a developer's machine; behind a proxy, any";
            values.extend(compared("forwarding_headers", expected, found));
            Err(Denied {
                problem: crate::cross_origin::origin_denied(origin, &allowed),
                reason: format!("the page is of {shown}, which is not among the allowed origins"),
                compared: values,
            })
        }
    }
}

fn subprotocol(headers: &HeaderMap) -> Result<(Option<HeaderValue>, Option<String>), Denied> {
    let offered: Vec<&str> = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if offered.is_empty() {
        return Ok((None, None));
    }
    if offered.contains(&SUBPROTOCOL) {
        return Ok((Some(HeaderValue::from_static(SUBPROTOCOL)), None));
    }
    let short = offered
        .iter()
        .find(|name| name.len() <= SUBPROTOCOL_SHOWN_MAX_BYTES);
    match short.and_then(|name| Some((HeaderValue::from_str(name).ok()?, (*name).to_owned()))) {
        Some((value, name)) => Ok((Some(value), Some(name))),
        None => {
            let problem = Problem::new(
                ErrorCode::InvalidRequest,
                "a subprotocol was offered that is not spoken here; it looks like a token",
            )
            .with_fix(
                "Send the token as ?token=, as Authorization: Bearer, or in a connect frame.",
            );
            let expected = format!("none, or {SUBPROTOCOL}");
            Err(Denied::new(
                problem,
                compared("subprotocol", expected, "a long one"),
            ))
        }
    }
}

/// The plain stream under an upgraded connection, and the bytes that were read beyond the head.
fn take_stream(upgraded: Upgraded) -> Result<(TcpStream, Vec<u8>), String> {
    match upgraded.downcast::<TokioIo<Patient>>() {
        Ok(parts) => Ok((parts.io.into_inner().into_stream(), parts.read_buf.to_vec())),
        Err(_) => Err("the connection is not a plain TCP stream".to_owned()),
    }
}

fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(word))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(uri: &'static str, headers: &[(HeaderName, &'static str)]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        match opening(&Uri::from_static(uri), &headers).0 {
            Opening::Token(token) => format!("token {}", token.0),
            Opening::FirstFrame => "first frame".to_owned(),
            Opening::Echo => "echo".to_owned(),
            Opening::Refused(goodbye) => format!("refused {}", goodbye.code),
        }
    }

    #[test]
    fn a_token_comes_by_url_or_header_or_later() {
        let bearer = [(header::AUTHORIZATION, "Bearer abc")];
        assert_eq!(opened("/api/v1/ws", &[]), "first frame");
        assert_eq!(opened("/api/v1/ws?attempt=1", &[]), "first frame");
        assert_eq!(opened("/api/v1/ws?token=a%2Eb", &[]), "token a.b");
        assert_eq!(opened("/api/v1/ws?token=url", &bearer), "token url");
        assert_eq!(opened("/api/v1/ws", &bearer), "token abc");
        assert_eq!(
            opened("/api/v1/ws", &[(header::AUTHORIZATION, "Basic abc")]),
            "first frame"
        );
        assert_eq!(
            opened("/api/v1/ws?token=", &[]),
            "refused 4501 token_missing"
        );
        assert_eq!(
            opened("/api/v1/ws?protocol=2", &[]),
            "refused 4512 unsupported_version"
        );
        assert_eq!(opened("/api/v1/ws?protocol=1", &[]), "first frame");
    }

    #[test]
    fn words_are_found_in_lists_of_headers() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::CONNECTION,
            HeaderValue::from_static("keep-alive, Upgrade"),
        );
        assert!(has_word(&headers, &header::CONNECTION, "upgrade"));
        assert!(!has_word(&headers, &header::CONNECTION, "close"));
    }
}
