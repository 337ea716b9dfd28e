//! The event log over HTTP: what a socket would have told, for whoever has none.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::{EventLog as _, LogPage, PageLimits};
use protocol::{ChannelName, ChannelNameError, Epoch, EventId, OFFSET_MAX, Timestamp};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::refusals;
use crate::app::App;
use crate::extract::{Parameters, Signed, number};
use crate::limits::{EVENTS_PAGE_MAX, EVENTS_PAGE_MAX_BYTES, PAGE_DEFAULT};
use crate::problem::{Answer, Refusal};
use crate::ws;

/// Which part of which log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParameters {
    /// `user:<own id>`, `chat:<id>` of a chat that one may see, or `staff` for staff.
    #[param(value_type = String, example = "staff")]
    channel: Option<String>,
    /// The last offset that is known; 0, the default, for everything that is kept.
    #[param(value_type = Option<u64>, minimum = 0)]
    after: Option<String>,
    /// Most events of the page: 1 to 1,000, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// A part of a channel's log.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the answer, which is written from the log's own frames"
)]
pub(crate) struct EventsPage {
    /// The log's lifetime: offsets of another one mean nothing here.
    epoch: Epoch,
    /// The newest offset; 0 when nothing ever happened.
    head: u64,
    /// The events after `after`, dense and rising, as event frames show them.
    items: Vec<EventItem>,
    /// The offsets after `after` that are no longer kept, if there are any.
    gap: Option<Gap>,
}

/// One event.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the answer, which is written from the log's own frames"
)]
pub(crate) struct EventItem {
    /// The same on every channel that tells of it.
    id: EventId,
    /// The channel.
    channel: ChannelName,
    /// Place in the channel.
    offset: u64,
    /// What it is about.
    #[schema(example = "orders")]
    topic: String,
    /// What happened.
    #[schema(example = "order.updated")]
    event: String,
    /// When it was committed.
    at: Timestamp,
    /// What it carries, such as `{"order": {…}}`.
    data: serde_json::Value,
}

/// Offsets that can no longer be had.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the answer, which is written from the log's own frames"
)]
pub(crate) struct Gap {
    /// The first one.
    from: u64,
    /// The last one.
    to: u64,
    /// Why: `expired`.
    why: String,
}

refusals!(EventRefusals: Forbidden, NotFound, InvalidRequest);

/// The events of a channel after an offset.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", operation_id = "list_events",
    params(EventParameters),
    responses((status = 200, description = "One page.", body = EventsPage), EventRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<EventParameters>,
) -> Answer<Response> {
    let Some(channel) = parameters.channel else {
        return Err(Refusal::invalid_request(
            "channel is missing, for example channel=staff",
        ));
    };
    let channel: ChannelName = channel
        .parse()
        .map_err(|error: ChannelNameError| Refusal::invalid_request(format!("channel: {error}")))?;
    let after = number("after", parameters.after.as_deref(), 0, 0..=OFFSET_MAX)?;
    let events = number(
        "limit",
        parameters.limit.as_deref(),
        u64::from(PAGE_DEFAULT),
        1..=u64::from(EVENTS_PAGE_MAX),
    )?;
    ws::may_read(&app, &signed.actor, &channel)
        .await?
        .or_refuse()?;
    let limits = PageLimits {
        events: usize::try_from(events).unwrap_or(usize::MAX),
        bytes: EVENTS_PAGE_MAX_BYTES,
    };
    let page = app.store.event_log().page(&channel, after, limits).await;
    let page = page.map_err(|error| Refusal::unavailable(&error.to_string()))?;
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        page_json(&page, after),
    )
        .into_response())
}

/// Written by hand around the events, whose data is JSON already.
fn page_json(page: &LogPage, after: u64) -> String {
    let bytes: usize = page.events.iter().map(|event| event.data.len() + 256).sum();
    let mut out = String::with_capacity(bytes + 256);
    out.push_str(&format!(
        r#"{{"epoch":"{}","head":{},"items":["#,
        page.epoch, page.head
    ));
    for (index, event) in page.events.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        event.frame().write_item(&mut out);
    }
    out.push(']');
    if after + 1 < page.oldest {
        let gap = json!({"from": after + 1, "to": page.oldest - 1, "why": "expired"});
        out.push_str(&format!(r#","gap":{gap}"#));
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Event;
    use protocol::EventName;

    #[test]
    fn a_page_is_json_and_names_what_is_no_longer_kept() {
        let event = |offset| Event {
            id: EventId::new(),
            channel: ChannelName::staff(),
            offset,
            name: EventName::OrderCreated,
            at: Timestamp(0),
            data: r#"{"order":{}}"#.into(),
        };
        let page = LogPage {
            epoch: Epoch::new(),
            head: 6,
            oldest: 5,
            id_at_position: None,
            events: vec![event(5), event(6)],
        };
        let json: serde_json::Value = serde_json::from_str(&page_json(&page, 2)).unwrap();
        assert_eq!(json["gap"], json!({"from": 3, "to": 4, "why": "expired"}));
        assert_eq!(json["items"][1]["offset"], 6);
        assert_eq!(json["items"][0]["event"], "order.created");
        assert!(json["items"][0].get("type").is_none());
        let json: serde_json::Value = serde_json::from_str(&page_json(&page, 4)).unwrap();
        assert!(json.get("gap").is_none());
    }
}
