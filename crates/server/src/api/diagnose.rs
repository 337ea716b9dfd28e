//! What arrived of a request, what a token is worth, and whether something on the way holds answers
//! back: for a page, a person or `doctor` that wants to know why a connection fails. Any page may
//! ask without a cookie; a page of the list also with it, so that it can compare the two. Off with
//! `diagnostics.enabled = false`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::auth::ClaimReport;
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use protocol::{ErrorCode, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::SessionState;
use utoipa::ToSchema;

use super::refusals;
use crate::app::App;
use crate::envelope::Notes;
use crate::extract::Body;
use crate::limits::TOKEN_QUESTION_MAX_BYTES;
use crate::origin::{Verdict, forwarding, host, is_forwarded};
use crate::peer::Reach;
use crate::problem::{Answer, Refusal};
use crate::rate_limit::subscriber;
use crate::ws;

/// Headers whose values harm nobody. Of all others the name alone is told.
const SHOWN_HEADERS: [&str; 9] = [
    "host",
    "origin",
    "upgrade",
    "connection",
    "user-agent",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-websocket-version",
];

/// Longest value of a header that is told, in characters.
const SHOWN_MAX_CHARS: usize = 200;

/// Events of `/diagnose/sse`.
const TICKS: u32 = 5;

/// Time between two of them.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// When to come back to a server with too many streams, in seconds: by then each has ended.
const STREAM_RETRY_SECONDS: u64 = 5;

/// Lets a request in: while the diagnosis is on, and not too often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diagnosing {
    /// The client, behind the trusted proxies.
    address: IpAddr,
    /// The other end of the connection.
    peer: IpAddr,
}

impl FromRequestParts<App> for Diagnosing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        if !app.config.diagnostics.enabled {
            let path = parts.uri.path();
            let detail = format!("{path} is switched off by diagnostics.enabled = false");
            return Err(Refusal::new(ErrorCode::UnknownPath, detail));
        }
        let notes = parts.extensions.get::<Arc<Notes>>();
        let notes =
            notes.ok_or_else(|| Refusal::internal("a route lies outside of the envelope"))?;
        let asked = app
            .rates
            .diagnoses
            .take(&subscriber(notes.address), Instant::now());
        asked.map_err(|seconds| {
            let detail = format!("60 diagnoses a minute were asked, try again in {seconds} s");
            Refusal::later(ErrorCode::RateLimited, detail, seconds)
        })?;
        Ok(Self {
            address: notes.address,
            peer: notes.peer,
        })
    }
}

/// What arrived of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Diagnosis {
    /// `frontdesk`, so that another program at this address is recognised.
    #[schema(example = "frontdesk")]
    service: &'static str,
    /// The server's clock.
    server_time: Timestamp,
    /// As it arrived, behind whatever proxies.
    #[schema(example = "HTTP/1.1")]
    http_version: String,
    /// The caller's address, as limits count it.
    #[schema(value_type = String, example = "203.0.113.7")]
    address: IpAddr,
    /// The other end of the connection.
    peer: Peer,
    /// Every header that arrived, with its value where that harms nobody and null elsewhere.
    headers: BTreeMap<String, Option<String>>,
    /// The names of the cookies that arrived.
    cookies: Vec<String>,
    /// The verdict on the page that asks, as for a socket.
    origin: OriginVerdict,
    /// What the session cookie is worth.
    session: SessionVerdict,
}

/// The other end of a connection: the caller, or the last proxy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peer {
    /// How far away it is.
    kind: Reach,
    /// Whether `server.trusted_proxies` names it, so that its headers are believed.
    trusted: bool,
    /// The headers by which a proxy says that it stands in between, believed or not.
    forwarding_headers: Vec<&'static str>,
}

/// The verdict on an origin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OriginVerdict {
    /// `allowed`, `denied`, or `absent`: then the origin does not count.
    #[schema(example = "denied")]
    verdict: &'static str,
    /// Of a denied one: what would have been allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// What the browser said.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
}

/// What a session cookie is worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionVerdict {
    /// The name that the cookie has for this request.
    #[schema(example = "__Host-frontdesk_session")]
    cookie: String,
    /// Whether a cookie of this name arrived.
    arrived: bool,
    /// Whether its session is live; null when the database does not answer.
    live: Option<bool>,
}

refusals!(DiagnoseRefusals: UnknownPath, RateLimited);

/// What arrived of this request, and what it is worth.
#[utoipa::path(
    get, path = "/api/v1/diagnose", tag = "diagnosis", operation_id = "diagnose", security(()),
    responses((status = 200, description = "What arrived.", body = Diagnosis), DiagnoseRefusals)
)]
pub(crate) async fn diagnose(
    State(app): State<App>,
    caller: Diagnosing,
    version: Version,
    uri: Uri,
    headers: HeaderMap,
) -> Json<Diagnosis> {
    let trusted = &app.config.server.trusted_proxies;
    Json(Diagnosis {
        service: "frontdesk",
        server_time: app.now(),
        http_version: format!("{version:?}"),
        address: caller.address,
        peer: Peer {
            kind: Reach::of(caller.peer),
            trusted: trusted.iter().any(|range| range.contains(caller.peer)),
            forwarding_headers: forwarding(&headers).collect(),
        },
        headers: told_headers(&headers),
        cookies: cookie_names(&headers),
        origin: origin_verdict(&app, &uri, &headers),
        session: session_verdict(&app, &uri, &headers).await,
    })
}

fn told_headers(headers: &HeaderMap) -> BTreeMap<String, Option<String>> {
    let told = |name: &HeaderName| {
        let value = headers
            .get(name)
            .filter(|_| SHOWN_HEADERS.contains(&name.as_str()))?;
        Some(
            value
                .to_str()
                .unwrap_or("?")
                .chars()
                .take(SHOWN_MAX_CHARS)
                .collect(),
        )
    };
    headers
        .keys()
        .map(|name| (name.as_str().to_owned(), told(name)))
        .collect()
}

fn cookie_names(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, _)| name.trim().chars().take(SHOWN_MAX_CHARS).collect())
        .collect()
}

fn origin_verdict(app: &App, uri: &Uri, headers: &HeaderMap) -> OriginVerdict {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return OriginVerdict {
            verdict: "absent",
            expected: None,
            found: None,
        };
    };
    let origin = origin.to_str().unwrap_or("?");
    let found = Some(origin.chars().take(SHOWN_MAX_CHARS).collect());
    match app
        .origins
        .allows(origin, host(uri, headers), is_forwarded(headers))
    {
        Verdict::Allowed => OriginVerdict {
            verdict: "allowed",
            expected: None,
            found,
        },
        Verdict::Denied { allowed } => OriginVerdict {
            verdict: "denied",
            expected: Some(allowed.join(" or ")),
            found,
        },
    }
}

async fn session_verdict(app: &App, uri: &Uri, headers: &HeaderMap) -> SessionVerdict {
    let cookie = app.origins.cookie(uri, headers);
    let name = cookie.name();
    let arrived = cookie_names(headers).contains(&name);
    let live = match cookie.find(headers) {
        None => Some(false),
        Some(secret) => match app.store.session_by_secret(&secret.hash(), app.now()).await {
            Ok(session) => Some(session.is_some()),
            Err(error) => {
                tracing::warn!(%error, "a diagnosis goes without the session");
                None
            }
        },
    };
    SessionVerdict {
        cookie: name,
        arrived,
        live,
    }
}

/// A token to be explained.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenQuestion {
    /// What would be sent to a socket.
    token: String,
}

/// What a token is worth.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenVerdict {
    /// Whether a socket would take it.
    accepted: bool,
    /// Otherwise: the code a socket would be closed with.
    #[schema(example = 4503)]
    code: Option<u16>,
    /// Otherwise: the reason it would be closed with.
    reason: Option<String>,
    /// Otherwise: the next step.
    fix: Option<String>,
    /// What has become of the session behind a token of ours: `live`, `ended`, `account_disabled`,
    /// `of_another_account` or `unknown`; null for one that is not ours.
    #[schema(example = "live")]
    session: Option<&'static str>,
    /// The server's clock.
    server_time: Timestamp,
    /// Each claim and check, in the order in which they are made.
    claims: Vec<ClaimVerdict>,
}

/// One claim or check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimVerdict {
    /// Which.
    #[schema(example = "aud")]
    name: &'static str,
    /// What belongs there.
    #[schema(example = "ws")]
    expected: String,
    /// What is there; of ids, only whether they are ids.
    #[schema(example = "api")]
    found: String,
    /// Whether the two agree.
    ok: bool,
    /// Whether a signature of ours stands behind it.
    verified: bool,
}

refusals!(TokenRefusals: UnknownPath, RateLimited);

/// Explains a socket token claim by claim, without using it. The token is neither kept nor shown.
#[utoipa::path(
    post, path = "/api/v1/diagnose/token", tag = "diagnosis", operation_id = "diagnose_token",
    security(()), request_body = TokenQuestion,
    responses((status = 200, description = "What it is worth.", body = TokenVerdict), TokenRefusals)
)]
pub(crate) async fn token(
    State(app): State<App>,
    _: Diagnosing,
    question: Result<Body<TokenQuestion>, Refusal>,
) -> Answer<Json<TokenVerdict>> {
    let question = question.map_err(|refusal| match refusal.problem().code {
        // The usual text repeats what was found in the wrong place, which may be the token.
        ErrorCode::InvalidRequest => {
            Refusal::invalid_request("the body is not {\"token\": \"…\"} and nothing else")
        }
        _ => refusal,
    })?;
    let size = question.bytes.len();
    if size > TOKEN_QUESTION_MAX_BYTES {
        let detail = format!("the body has {size} bytes; the limit is {TOKEN_QUESTION_MAX_BYTES}");
        return Err(Refusal::new(ErrorCode::PayloadTooLarge, detail));
    }
    let token = question.value.token;
    let now = app.now();
    let mut session = None;
    let refused = match ws::verify(&app, &token) {
        Err(problem) => Some((ws::goodbye(&problem), problem.fix())),
        Ok(claims) => {
            let user = UserId(claims.user_id);
            let state = app.store.session(SessionId(claims.session_id), now).await?;
            session = Some(session_word(user, &state));
            let refused = ws::live_user(user, state).err();
            refused.map(|(goodbye, _)| {
                let fix = goodbye.code.fix();
                (goodbye, fix)
            })
        }
    };
    let explained = app.tokens.explain(&token, now.0.div_euclid(1_000));
    Ok(Json(TokenVerdict {
        accepted: refused.is_none(),
        code: refused.as_ref().map(|(goodbye, _)| goodbye.code.code()),
        reason: refused
            .as_ref()
            .map(|(goodbye, _)| goodbye.code.reason(&goodbye.detail)),
        fix: refused.map(|(_, fix)| fix.to_owned()),
        session,
        server_time: now,
        claims: explained.into_iter().map(discreet).collect(),
    }))
}

fn session_word(user: UserId, state: &SessionState) -> &'static str {
    match state {
        SessionState::Live(live) if live.user.id == user => "live",
        SessionState::Live(_) => "of_another_account",
        SessionState::Ended => "ended",
        SessionState::AccountDisabled => "account_disabled",
        SessionState::Unknown => "unknown",
    }
}

/// A line of the explanation without ids: what they are helps nobody who has the token.
fn discreet(report: ClaimReport) -> ClaimVerdict {
    let ClaimReport {
        name,
        expected,
        found,
        ok,
        verified,
    } = report;
    let (expected, found) = match (name, ok) {
        ("kid", true) => ("a key of this server".to_owned(), "one of them".to_owned()),
        ("kid", false) => ("a key of this server".to_owned(), "another".to_owned()),
        ("sub" | "sid" | "jti", true) => (expected, "a UUID".to_owned()),
        _ => (expected, found),
    };
    ClaimVerdict {
        name,
        expected,
        found,
        ok,
        verified,
    }
}

refusals!(StreamRefusals: UnknownPath, RateLimited, Overloaded);

/// Five server-sent events, one second apart. If they arrive together, something on the way holds
/// answers back.
#[utoipa::path(
    get, path = "/api/v1/diagnose/sse", tag = "diagnosis", operation_id = "diagnose_sse",
    security(()),
    responses((status = 200, description = "Events `tick` with `{\"sequence\", \"server_time\"}`.",
        content_type = "text/event-stream", body = String), StreamRefusals)
)]
pub(crate) async fn ticks(State(app): State<App>, _: Diagnosing) -> Answer<Response> {
    let Ok(permit) = Arc::clone(&app.ticking).try_acquire_owned() else {
        let detail = "as many streams are open as are allowed";
        return Err(Refusal::later(
            ErrorCode::Overloaded,
            detail,
            STREAM_RETRY_SECONDS,
        ));
    };
    let shutdown = app.shutdown.clone();
    let events = stream::unfold((1, permit), move |(sequence, permit)| {
        let shutdown = shutdown.clone();
        async move {
            if sequence > TICKS {
                return None;
            }
            if sequence > 1 {
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep(TICK_INTERVAL) => {}
                }
            }
            let data = json!({"sequence": sequence, "server_time": crate::app::now()});
            let event = format!("id: {sequence}\nevent: tick\ndata: {data}\n\n");
            Some((
                Ok::<_, Infallible>(Bytes::from(event)),
                (sequence + 1, permit),
            ))
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, HttpBody::from_stream(events)).into_response())
}
