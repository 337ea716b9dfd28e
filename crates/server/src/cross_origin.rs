//! CORS with credentials and the cross-origin check, applied to a request. The list and the rules
//! are in `origin.rs`. Start at [`Cors::of`].

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, Problem};

use crate::app::App;
use crate::origin::{Crossing, Verdict, host, is_forwarded};
use crate::problem::Refusal;

/// Paths that any page may ask, without a cookie. A slash at the end stands for all below it.
const OPEN_PATHS: &[&str] = &[
    "/healthz",
    "/ws/status",
    "/api/v1/connect-check/",
    "/api/v1/diagnose/token",
];

/// Paths that any page may ask without a cookie, and a page of the list also with it, so that it
/// can compare the two.
const COMPARING_PATHS: &[&str] = &["/api/v1/diagnose", "/api/v1/diagnose/sse"];

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, idempotency-key, frontdesk-seat");
const ANY: HeaderValue = HeaderValue::from_static("*");
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("location, retry-after, x-request-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const PREFLIGHT_MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// What a request's origin means for its answer.
#[derive(Debug)]
pub(crate) struct Cors {
    /// The origin to name in the answer: only ever one of the list.
    allowed: Option<HeaderValue>,
    /// Why the request is refused, or its answer kept from the page.
    denied: Option<Denied>,
    is_preflight: bool,
    is_open: bool,
}

#[derive(Debug)]
struct Denied {
    found: String,
    allowed: Vec<String>,
    /// The request must not be carried out. Otherwise the browser keeps the answer from the page.
    refuse: bool,
}

impl Cors {
    /// Looks at a request.
    pub(crate) fn of(app: &App, request: &Request) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let path = uri.path();
        let is_comparing = COMPARING_PATHS.contains(&path);
        let is_open = is_comparing || OPEN_PATHS.iter().any(|open| is_below(path, open));
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let changes = !request.method().is_safe();
        let mut cors = Self {
            allowed: None,
            denied: None,
            is_preflight,
            is_open,
        };
        if is_open && !is_comparing {
            return cors;
        }
        if let Some(origin) = headers.get(header::ORIGIN) {
            let found = origin.to_str().unwrap_or("?");
            match app
                .origins
                .allows(found, host(uri, headers), is_forwarded(headers))
            {
                Verdict::Allowed => cors.allowed = Some(origin.clone()),
                // A socket's origin is judged, and its refusal told, where sockets are opened.
                Verdict::Denied { .. } if headers.contains_key(header::UPGRADE) => {}
                Verdict::Denied { .. } if is_open => {}
                Verdict::Denied { allowed } => {
                    cors.denied = Some(Denied {
                        found: found.to_owned(),
                        allowed,
                        refuse: is_preflight,
                    });
                }
            }
        }
        if changes && !is_open {
            // A same-origin request passes whatever its Origin says.
            cors.denied = match app.origins.check(uri, headers) {
                Crossing::Fine => None,
                Crossing::Denied { found, allowed } => Some(Denied {
                    found,
                    allowed,
                    refuse: true,
                }),
            };
        }
        cors
    }

    /// The answer to a request that goes no further: a preflight's, or a refusal. What is denied
    /// is logged with both values.
    pub(crate) fn answer(&self, request: &Request, address: IpAddr) -> Option<Response> {
        if let Some(denied) = &self.denied {
            tracing::warn!(
                target: "audit",
                origin = denied.found,
                allowed = denied.allowed.join(", "),
                method = %request.method(),
                path = request.uri().path(),
                %address,
                "a page of an origin that is not allowed asked"
            );
            if denied.refuse {
                return Some(
                    Refusal::from(origin_denied(&denied.found, &denied.allowed)).into_response(),
                );
            }
        }
        if self.is_preflight {
            let mut response = StatusCode::NO_CONTENT.into_response();
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_SECONDS);
            return Some(response);
        }
        None
    }

    /// Names the origin in the answer, refusals too, so that the page can read it.
    pub(crate) fn mark(&self, response: &mut Response) {
        let is_upgrade = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        if is_upgrade || headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if self.is_open {
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
            headers.insert(TIMING_ALLOW_ORIGIN, ANY);
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
        if let Some(origin) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }
}

/// Whether a path is this one, or below it if it ends in a slash.
fn is_below(path: &str, open: &str) -> bool {
    if open.ends_with('/') {
        path.starts_with(open)
    } else {
        path == open
    }
}

/// The refusal of a page that is not on the list, with both values.
pub(crate) fn origin_denied(found: &str, allowed: &[String]) -> Problem {
    let found: String = found.chars().take(200).collect();
    let list = if allowed.is_empty() {
        "none".to_owned()
    } else {
        allowed.join(", ")
    };
    Problem::new(
        ErrorCode::OriginDenied,
        format!("the request comes from {found}; allowed are {list}"),
    )
    .with("origin", found)
    .with("allowed", allowed.to_vec())
}
