//! Whether the program is there (`/healthz`), whether it can work (`/readyz`), and its counters
//! (`/metrics`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use protocol::{ErrorCode, Problem};
use serde_json::json;

use crate::api::refusals;
use crate::app::App;
use crate::envelope::Notes;
use crate::limits::{READY_TIMEOUT, RETRY_SOON_SECONDS};
use crate::origin::is_forwarded;
use crate::problem::{Answer, Refusal};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Says that this is Frontdesk and that it runs. Any page of any origin may ask.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "healthz", security(()),
    responses((status = 200, description = "It runs.", body = serde_json::Value,
        example = json!({"service": "frontdesk", "status": "ok"})))
)]
pub(crate) async fn healthz() -> Response {
    let mut response = Json(json!({"service": "frontdesk", "status": "ok"})).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

refusals!(NotReady: Unavailable);

/// Says whether requests can be served: the store answers and the server is not shutting down.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "readyz", security(()),
    responses((status = 200, description = "It can work.", body = serde_json::Value,
        example = json!({"status": "ready"})), NotReady)
)]
pub(crate) async fn readyz(State(app): State<App>) -> Answer<Json<serde_json::Value>> {
    if app.shutdown.is_cancelled() {
        return Err(Refusal::later(
            ErrorCode::Unavailable,
            "the server is shutting down",
            RETRY_SOON_SECONDS,
        ));
    }
    match tokio::time::timeout(READY_TIMEOUT, app.store.ready()).await {
        Ok(ready) => ready?,
        Err(_) => {
            let detail = format!(
                "the database did not answer within {} s",
                READY_TIMEOUT.as_secs()
            );
            return Err(Refusal::later(
                ErrorCode::Unavailable,
                detail,
                RETRY_SOON_SECONDS,
            ));
        }
    }
    Ok(Json(json!({"status": "ready"})))
}

/// The counters, for this machine alone: whoever comes from elsewhere, or through a proxy, finds
/// nothing here.
pub(crate) async fn metrics(
    State(app): State<App>,
    Extension(notes): Extension<Arc<Notes>>,
    headers: HeaderMap,
) -> Answer<Response> {
    if !notes.peer.is_loopback() || is_forwarded(&headers) {
        return Err(
            Problem::new(ErrorCode::UnknownPath, "nothing lives at /metrics for you")
                .with_fix("Ask from the machine of the server itself, without a proxy.")
                .into(),
        );
    }
    let content_type = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    Ok((content_type, crate::metrics::text(&app)).into_response())
}
