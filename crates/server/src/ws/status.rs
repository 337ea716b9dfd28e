//! How the sockets are: for anyone whether they work (`/ws/status`), for staff how many there are
//! (`/api/v1/ws/stats`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use desk::policy::decide;
use desk::{Action, Object};
use serde::Serialize;
use utoipa::ToSchema;

use super::PROTOCOL_VERSION;
use crate::api::refusals;
use crate::app::App;
use crate::extract::Signed;
use crate::problem::Answer;

/// Whether sockets can be opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SocketStatus {
    /// `ok`, or `draining` while the server shuts down.
    status: &'static str,
    /// The version of the protocol that is spoken.
    protocol: u32,
    /// Whether people can chat: `ok`.
    chat: &'static str,
    /// Whether a bot answers: `ok`, or `off`.
    bot: &'static str,
    /// True where this is a demo, whose accounts and password are public; left out elsewhere.
    #[serde(skip_serializing_if = "is_false")]
    demo: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Says whether sockets can be opened. Any page of any origin may ask.
#[utoipa::path(
    get, path = "/ws/status", tag = "sockets", operation_id = "ws_status", security(()),
    responses((status = 200, description = "How sockets are.", body = SocketStatus))
)]
pub(crate) async fn ws_status(State(app): State<App>) -> Response {
    let status = if app.shutdown.is_cancelled() {
        "draining"
    } else {
        "ok"
    };
    let body = SocketStatus {
        status,
        protocol: PROTOCOL_VERSION,
        chat: "ok",
        bot: if app.bot.is_on() { "ok" } else { "off" },
        demo: app.config.demo,
    };
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

/// What the sockets of one node, or of all, count.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SocketCounts {
    /// Sockets that had their welcome.
    connections: usize,
    /// The same by role.
    by_role: BTreeMap<&'static str, usize>,
    /// Channels that somebody listens to.
    channels: usize,
    /// Bytes that wait for sockets that would block.
    outbox_bytes: usize,
    /// Events handed to sockets since the start.
    deliveries: u64,
    /// Sockets that ended, by close code; 1006 for those that went without one.
    closes: BTreeMap<u16, u64>,
    /// Sockets that never got a welcome, by close code or HTTP status.
    refusals: BTreeMap<u16, u64>,
}

/// What the sockets of one node count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeCounts {
    /// The run of the program, as in a welcome.
    boot_id: String,
    #[serde(flatten)]
    counts: SocketCounts,
}

/// What the sockets count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WsStats {
    #[serde(flatten)]
    total: SocketCounts,
    /// The same per node.
    nodes: Vec<NodeCounts>,
}

refusals!(StatsRefused: Unauthenticated, Forbidden);

/// Counts of sockets, closes and refusals. Holds no token, no address and no text.
#[utoipa::path(
    get, path = "/api/v1/ws/stats", tag = "sockets", operation_id = "ws_stats",
    responses((status = 200, description = "The counts.", body = WsStats), StatsRefused)
)]
pub(crate) async fn ws_stats(State(app): State<App>, signed: Signed) -> Answer<Json<WsStats>> {
    decide(&signed.actor, Action::Read, Object::Statistics).or_refuse()?;
    let counts = counts(&app);
    let node = NodeCounts {
        boot_id: app.boot_id.to_string(),
        counts: counts.clone(),
    };
    Ok(Json(WsStats {
        total: counts,
        nodes: vec![node],
    }))
}

fn counts(app: &App) -> SocketCounts {
    let statistics = app.engine.statistics();
    let mut refusals = statistics.refusals;
    for (status, count) in app.admissions.refusals() {
        *refusals.entry(status).or_default() += count;
    }
    SocketCounts {
        connections: statistics.connections,
        by_role: statistics.by_role,
        channels: statistics.channels,
        outbox_bytes: statistics.outbox_bytes,
        deliveries: statistics.deliveries,
        closes: statistics.closes,
        refusals,
    }
}
