//! The pages for people besides the console (`console.rs`): the description of the sockets as JSON,
//! and that of the API as JSON, Swagger UI (`/docs`) and Redoc (`/redoc`); and what stands where the
//! console should be. Everything they need is in the program; no page asks another server.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use protocol::{ErrorCode, Problem};
use utoipa_swagger_ui::Config as SwaggerConfig;

use crate::api::ws_token::base_url;
use crate::app::App;
use crate::envelope::Notes;
use crate::problem::{Answer, Refusal};

/// Where the description of the API is, for the two pages that show it.
const OPENAPI: &str = "/openapi.json";

/// Where the description of the sockets is.
const ASYNCAPI: &str = "/asyncapi.json";

const REDOC: &[u8] = include_bytes!("../assets/redoc/dist/redoc.standalone.js");
const REDOC_PAGE: &str = include_str!("../assets/redoc.html");
const INDEX_PAGE: &str = include_str!("../assets/index.html");

/// No script and no style at all; but whoever opens the browser's console here may ask this server.
const BARE_PAGE: &str = "default-src 'none'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Swagger UI: its own files; it sets styles on elements and has pictures in its style sheet.
const DOCS_PAGE: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Redoc: one file; it writes its style sheet at run time and searches in a worker.
const REDOC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The routes of the pages; `openapi` is the description as JSON.
pub(crate) fn routes(openapi: &str) -> Router<App> {
    let openapi = Bytes::copy_from_slice(openapi.as_bytes());
    let asyncapi = Bytes::from(crate::asyncapi::asyncapi());
    let swagger = Arc::new(SwaggerConfig::from(OPENAPI).validator_url("none"));
    let at_its_root = Arc::clone(&swagger);
    Router::new()
        .route(OPENAPI, get(move || async move { description(openapi) }))
        .route(ASYNCAPI, get(move || async move { description(asyncapi) }))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route(
            "/docs/",
            get(move || async move { swagger_file("", at_its_root) }),
        )
        .route(
            "/docs/{*file}",
            get(move |Path(file): Path<String>| async move { swagger_file(&file, swagger) }),
        )
        .route("/redoc", get(|| async { page(REDOC_POLICY, REDOC_PAGE) }))
        .route(
            "/redoc/redoc.standalone.js",
            get(|| async { file("text/javascript; charset=utf-8", REDOC) }),
        )
}

/// What stands in place of the console in a program that was built without it: how to build it, where
/// everything else is, and lines to copy, with the address this server was asked by.
pub(crate) fn without_console(app: &App, request: &Request) -> Response {
    index(app, request).unwrap_or_else(IntoResponse::into_response)
}

fn index(app: &App, request: &Request) -> Answer<Response> {
    let notes = request.extensions().get::<Arc<Notes>>();
    let notes = notes.ok_or_else(|| Refusal::internal("a route lies outside of the envelope"))?;
    // A checked address holds no character that means something in HTML.
    let base = base_url(app, notes, request.uri(), request.headers())?;
    let socket = format!("ws{}", base.trim_start_matches("http"));
    let html = INDEX_PAGE
        .replace("{{base}}", &base)
        .replace("{{socket}}", &socket);
    let mut response = page(BARE_PAGE, html);
    if request.uri().path() != "/" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// A description, which programs ask for anew each time.
fn description(json: Bytes) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, json)
}

fn page(policy: &'static str, html: impl Into<Cow<'static, str>>) -> Response {
    let mut response = Html(html.into()).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}

/// A file that changes only with the program: kept, and asked for again after an hour.
fn file(content_type: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    let body = match bytes.into() {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    (headers, body).into_response()
}

fn swagger_file(name: &str, config: Arc<SwaggerConfig<'static>>) -> Answer<Response> {
    let found = utoipa_swagger_ui::serve(name, config)
        .map_err(|error| Refusal::internal(&error.to_string()))?;
    let Some(found) = found else {
        let shown: String = name.chars().take(100).collect();
        let detail = format!("the pages at /docs/ have no file {shown}");
        return Err(Problem::new(ErrorCode::UnknownPath, detail).into());
    };
    if found.content_type.starts_with("text/html") {
        let html = String::from_utf8_lossy(&found.bytes).into_owned();
        return Ok(page(DOCS_PAGE, html));
    }
    Ok(file(&found.content_type, found.bytes.into_owned()))
}
