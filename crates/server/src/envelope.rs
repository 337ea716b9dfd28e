//! What every request gets, whatever its route: an id, a bound on its size, the cross-origin check,
//! containment of panics, the common headers, one log line and one count. Start at [`envelope`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use protocol::{ErrorCode, UserId};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::app::App;
use crate::cross_origin::Cors;
use crate::extract::client_address;
use crate::limits::URI_MAX_BYTES;
use crate::origin::host;
use crate::problem::{Refusal, Told, respond};
use crate::seat;
use crate::ws::attempts::shown_path;

/// Names a request in its answer, its log line and in problems that are the server's.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer says of itself unless its handler knows better.
pub(crate) const COMMON_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        // No script runs in an answer. `connect-src` is for people: in the console of a tab that
        // shows one, `fetch` and `new WebSocket` work.
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; connect-src 'self'; frame-ancestors 'none'"),
    ),
];

/// What is known of a request besides its head; lies in its extensions as `Arc<Notes>`.
#[derive(Debug)]
pub(crate) struct Notes {
    /// The request's id.
    pub(crate) request_id: Uuid,
    /// The client's address, behind the trusted proxies.
    pub(crate) address: IpAddr,
    /// The address at the other end of the connection.
    pub(crate) peer: IpAddr,
    /// Who asked, once that is known.
    user: OnceLock<UserId>,
}

impl Notes {
    /// Writes down who asked, for the log line.
    pub(crate) fn set_user(&self, user: UserId) {
        let _ = self.user.set(user);
    }

    fn of(app: &App, request: &Request) -> Arc<Self> {
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
                info.0.ip().to_canonical()
            });
        let trusted = &app.config.server.trusted_proxies;
        app.proxy_hint.look(peer, request.headers(), trusted);
        app.host_hint.look(peer, request, trusted);
        Arc::new(Self {
            request_id: Uuid::now_v7(),
            address: client_address(peer, request.headers(), trusted),
            peer,
            user: OnceLock::new(),
        })
    }
}

/// The outermost layer.
pub(crate) async fn envelope(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let notes = Notes::of(&app, &request);
    let line = Line {
        method: request.method().clone(),
        path: shown_path(request.uri().path()),
    };
    let span = tracing::info_span!("request", request_id = %notes.request_id);
    request.extensions_mut().insert(Arc::clone(&notes));
    let response = async {
        let cors = Cors::of(&app, &request);
        let early = too_much(&request)
            .map(IntoResponse::into_response)
            .or_else(|| cors.answer(&request, notes.address))
            .or_else(|| seat::refusal(app.config.demo, request.headers()).map(respond));
        let mut response = match early {
            Some(answer) => answer,
            None => contained(&app, next.run(request)).await,
        };
        cors.mark(&mut response);
        finish(&app, &notes, response)
    }
    .instrument(span)
    .await;
    app.metrics.count_request(response.status());
    line.write(&notes, &response, began);
    response
}

/// What is refused before anybody looks at it. The server itself refuses too large a head.
fn too_much(request: &Request) -> Option<Refusal> {
    let uri_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |whole| whole.as_str().len());
    if uri_bytes > URI_MAX_BYTES {
        return Some(Refusal::new(
            ErrorCode::UriTooLong,
            format!("the path and query have {uri_bytes} bytes; the limit is {URI_MAX_BYTES}"),
        ));
    }
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Some(Refusal::invalid_request(
            "the request has more than one Host header",
        ));
    }
    let has_host = host(request.uri(), request.headers()).is_some();
    (request.version() == Version::HTTP_11 && !has_host)
        .then(|| Refusal::invalid_request("the request has no Host header, which HTTP/1.1 needs"))
}

/// A panic is a bug of ours: it ends this request and nothing else, and its text stays here.
async fn contained(app: &App, answer: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            app.metrics.count_panic();
            Refusal::internal("a handler panicked").into_response()
        }
    }
}

fn finish(app: &App, notes: &Notes, response: Response) -> Response {
    let mut response = match response.extensions().get::<Told>() {
        Some(Told(problem)) if problem.status >= 500 => {
            let told = problem.as_ref().clone();
            merged(
                response.headers(),
                told.with("request_id", notes.request_id.to_string()),
            )
        }
        _ => response,
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    for (name, value) in COMMON_HEADERS {
        headers.entry(name).or_insert(value);
    }
    if app.config.server.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    let id = notes.request_id.to_string();
    headers.insert(
        X_REQUEST_ID,
        HeaderValue::from_str(&id).expect("a UUID is ASCII"),
    );
    response
}

/// The same problem with one member more; other headers that were set meanwhile stay.
fn merged(headers: &HeaderMap, problem: protocol::Problem) -> Response {
    let mut response = respond(problem);
    for (name, value) in headers {
        if name != header::CONTENT_LENGTH {
            response
                .headers_mut()
                .entry(name)
                .or_insert_with(|| value.clone());
        }
    }
    response
}

/// The log line of one request. The path alone: a query may hold a token.
struct Line {
    method: Method,
    path: String,
}

impl Line {
    fn write(self, notes: &Notes, response: &Response, began: Instant) {
        let status = response.status();
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let code = response
            .extensions()
            .get::<Told>()
            .map(|told| told.0.code.slug());
        let user_id = notes.user.get().map(UserId::to_string);
        let changes = !self.method.is_safe();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = %self.method,
                    path = self.path,
                    status = status.as_u16(),
                    code,
                    duration_ms,
                    request_id = %notes.request_id,
                    user_id,
                    "request"
                )
            };
        }
        if status.is_server_error() {
            line!(warn);
        } else if changes || status.is_client_error() {
            line!(info);
        } else {
            line!(debug);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use crate::config::{Config, Origin, Settings, Value};

    async fn app(folder: &std::path::Path) -> App {
        let mut settings = Settings::defaults();
        let dir = folder.display().to_string();
        settings.set("data.dir", Value::Text(dir.clone()), Origin::Default);
        let url = format!("sqlite:{dir}/test.db");
        settings.set("store.url", Value::Text(url), Origin::Default);
        let config = Config::read(&settings).unwrap();
        let (app, _) = crate::app::open(config).await.unwrap();
        app
    }

    async fn panic() -> Response {
        panic!("a secret")
    }

    async fn ask(router: &Router, request: axum::http::request::Builder) -> (Response, String) {
        let request = request
            .header("host", "localhost")
            .body(Body::empty())
            .unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        (
            Response::from_parts(parts, Body::empty()),
            String::from_utf8(text.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_panic_ends_one_request_and_tells_the_client_only_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let router = Router::new()
            .route("/panic", get(panic))
            .route("/fine", get(|| async { "fine" }))
            .layer(axum::middleware::from_fn_with_state(app.clone(), envelope))
            .with_state(app.clone());
        let (response, text) = ask(&router, Request::builder().uri("/panic")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let id = response.headers()[X_REQUEST_ID].to_str().unwrap();
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["request_id"], id);
        assert_eq!(problem["code"], "internal_error");
        assert!(!text.contains("secret"));
        assert!(crate::metrics::text(&app).contains("frontdesk_panics_total 1"));
        assert_eq!(
            ask(&router, Request::builder().uri("/fine")).await.1,
            "fine"
        );
        app.store.close().await;
    }

    #[tokio::test]
    async fn every_answer_has_the_common_headers_and_an_allowed_page_can_read_refusals() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let router = crate::router::router(app.clone());
        let asked = Request::builder()
            .uri("/nowhere")
            .header("origin", "http://localhost:5174");
        let (response, _) = ask(&router, asked).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        for (name, value) in COMMON_HEADERS {
            assert_eq!(response.headers()[name], value);
        }
        let headers = response.headers();
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "http://localhost:5174"
        );
        assert_eq!(headers[header::VARY], "origin");

        let denied = Request::builder()
            .uri("/nowhere")
            .header("origin", "http://evil.com");
        let (response, _) = ask(&router, denied).await;
        assert!(
            !response
                .headers()
                .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        );

        let long = format!("/{}", "a".repeat(URI_MAX_BYTES));
        let (response, _) = ask(&router, Request::builder().uri(long)).await;
        assert_eq!(response.status(), StatusCode::URI_TOO_LONG);

        let denied = Request::builder().method("POST").uri("/api/v1/auth/login");
        let (response, text) = ask(&router, denied.header("origin", "null")).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(text.contains("origin_denied"), "{text}");

        app.shutdown.cancel();
        let (response, _) = ask(&router, Request::builder().uri("/readyz")).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        app.store.close().await;
    }
}
