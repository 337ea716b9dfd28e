//! Bookings: customers ask for their own, staff see to all of them. Every change is an event.
//! That no two live bookings of a resource overlap is kept by the database.

use axum::Json;
use axum::extract::State;
use desk::policy::not_found;
use desk::{Action, Object, decide, scope};
use protocol::{Booking, BookingId, BookingStatus, Page, ResourceId, Timestamp, UserId};
use serde::Deserialize;
use store::{BookingFilter, ChangeBooking, CreateBooking};
use utoipa::{IntoParams, ToSchema};

use super::once::Once;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed, page_request, word};
use crate::problem::{Answer, Refusal};

/// Which bookings, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BookingParameters {
    /// Only those that stand here.
    #[param(value_type = Option<BookingStatus>)]
    status: Option<String>,
    /// Only this customer's.
    #[param(value_type = Option<UserId>)]
    customer_id: Option<String>,
    /// Only those of this resource.
    #[param(value_type = Option<ResourceId>)]
    resource_id: Option<String>,
    /// Only those that are not over at this moment. A `+` of an offset is written `%2B`.
    #[param(value_type = Option<Timestamp>, example = "2026-01-31T00:00:00Z")]
    from: Option<String>,
    /// Only those that have begun before this moment; later than `from`.
    #[param(value_type = Option<Timestamp>, example = "2026-02-01T00:00:00Z")]
    to: Option<String>,
    /// Most objects of the page: 1 to 200, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One's own bookings, or everyone's for staff; those made last come first. With `from` and `to`,
/// those that overlap this time.
#[utoipa::path(
    get, path = "/api/v1/bookings", tag = "bookings", operation_id = "list_bookings",
    params(BookingParameters),
    responses((status = 200, description = "One page.", body = Page<Booking>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<BookingParameters>,
) -> Answer<Json<Page<Booking>>> {
    let filter = BookingFilter {
        scope: scope(&signed.actor),
        status: word("status", parameters.status.as_deref())?,
        customer: word("customer_id", parameters.customer_id.as_deref())?,
        resource: word("resource_id", parameters.resource_id.as_deref())?,
        from: word("from", parameters.from.as_deref())?,
        to: word("to", parameters.to.as_deref())?,
    };
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from >= to
    {
        let detail = format!("to is {to}, which is not after from, {from}");
        return Err(Refusal::invalid_request(detail));
    }
    let page = page_request(parameters.limit.as_deref(), parameters.cursor)?;
    Ok(Json(app.store.bookings(filter, page).await?))
}

/// One booking.
#[utoipa::path(
    get, path = "/api/v1/bookings/{id}", tag = "bookings", operation_id = "get_booking",
    params(("id" = BookingId, Path, description = "The booking.")),
    responses((status = 200, description = "The booking.", body = Booking))
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<BookingId>,
) -> Answer<Json<Booking>> {
    let booking = app.store.booking(id).await?.ok_or_else(not_found)?;
    let customer = booking.customer.id;
    decide(&signed.actor, Action::Read, Object::Booking { customer }).or_refuse()?;
    Ok(Json(booking))
}

/// What makes a booking.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBookingRequest {
    /// Whose booking it is; by default one's own. Staff may name a customer.
    customer_id: Option<UserId>,
    /// What is booked.
    resource_id: ResourceId,
    /// When it begins; in 1970 or later.
    #[schema(example = "2026-01-31T18:00:00Z")]
    starts_at: Timestamp,
    /// When it is over: the first moment that is free again; at most 31 days after `starts_at`.
    #[schema(example = "2026-01-31T20:00:00Z")]
    ends_at: Timestamp,
    /// For how many people, at most the resource's capacity.
    #[schema(example = 2, minimum = 1, maximum = 10_000)]
    party_size: i64,
    /// Words to the desk.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

refusals!(CreateRefusals: Forbidden, BookingConflict, IdempotencyConflict, ValidationFailed);

/// Asks for a booking. It takes up its time until it is declined, cancelled or over.
#[utoipa::path(
    post, path = "/api/v1/bookings", tag = "bookings", operation_id = "create_booking",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = CreateBookingRequest,
    responses((status = 201, description = "The booking.", body = Booking), CreateRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<CreateBookingRequest>,
) -> Answer<Created<Booking>> {
    let actor = signed.actor;
    let customer = request.customer_id.unwrap_or(actor.id);
    decide(&actor, Action::Create, Object::Booking { customer }).or_refuse()?;
    let write = CreateBooking {
        actor,
        id: BookingId::new(),
        customer,
        resource: request.resource_id,
        starts_at: request.starts_at,
        ends_at: request.ends_at,
        party_size: request.party_size,
        note: request.note,
        now: app.now(),
    };
    let booking = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/bookings/{}", booking.id),
        object: booking,
    })
}

/// What changes; what is left out stays. Customers change the note and cancel; staff change all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBookingRequest {
    /// The version that the request saw.
    version: i64,
    /// Where it stands: `requested`, `confirmed`, `arrived`, `completed`; `declined` from
    /// `requested`; `no_show` from `confirmed`; `cancelled` from `requested` and `confirmed`.
    status: Option<BookingStatus>,
    /// When it begins; staff alone.
    starts_at: Option<Timestamp>,
    /// When it is over; staff alone.
    ends_at: Option<Timestamp>,
    /// For how many people; staff alone.
    #[schema(minimum = 1, maximum = 10_000)]
    party_size: Option<i64>,
    /// Words to the desk.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

refusals!(ChangeRefusals: Forbidden, StaleVersion, InvalidTransition, BookingConflict, ValidationFailed);

/// Changes status, time, party or note of a booking.
#[utoipa::path(
    patch, path = "/api/v1/bookings/{id}", tag = "bookings", operation_id = "change_booking",
    params(("id" = BookingId, Path, description = "The booking.")),
    request_body = ChangeBookingRequest,
    responses((status = 200, description = "The booking.", body = Booking), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<BookingId>,
    Body { value: request, .. }: Body<ChangeBookingRequest>,
) -> Answer<Json<Booking>> {
    let write = ChangeBooking {
        actor: signed.actor,
        id,
        version: request.version,
        status: request.status,
        starts_at: request.starts_at,
        ends_at: request.ends_at,
        party_size: request.party_size,
        note: request.note,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}
