//! Orders: customers place their own, staff see to all of them. Every change is an event.

use axum::Json;
use axum::extract::State;
use desk::policy::not_found;
use desk::{Action, Object, decide, scope};
use protocol::{FieldError, ItemId, Order, OrderId, OrderStatus, Page, UserId};
use serde::Deserialize;
use store::{ChangeOrder, NewLine, OrderFilter, PlaceOrder};
use utoipa::{IntoParams, ToSchema};

use super::once::Once;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed, page_request, word};
use crate::problem::{Answer, check};

/// Which orders, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderParameters {
    /// Only those that stand here.
    #[param(value_type = Option<OrderStatus>)]
    status: Option<String>,
    /// Only this customer's.
    #[param(value_type = Option<UserId>)]
    customer_id: Option<String>,
    /// Most objects of the page: 1 to 200, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One's own orders, or everyone's for staff; the newest first.
#[utoipa::path(
    get, path = "/api/v1/orders", tag = "orders", operation_id = "list_orders",
    params(OrderParameters),
    responses((status = 200, description = "One page.", body = Page<Order>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<OrderParameters>,
) -> Answer<Json<Page<Order>>> {
    let filter = OrderFilter {
        scope: scope(&signed.actor),
        status: word("status", parameters.status.as_deref())?,
        customer: word("customer_id", parameters.customer_id.as_deref())?,
    };
    let page = page_request(parameters.limit.as_deref(), parameters.cursor)?;
    Ok(Json(app.store.orders(filter, page).await?))
}

/// One order.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = Order))
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<OrderId>,
) -> Answer<Json<Order>> {
    let order = app.store.order(id).await?.ok_or_else(not_found)?;
    decide(
        &signed.actor,
        Action::Read,
        Object::Order {
            customer: order.customer.id,
        },
    )
    .or_refuse()?;
    Ok(Json(order))
}

/// One line: an item by its `item_id`, whose name and price are copied; or, by staff alone, a line
/// written freely with `name` and `unit_price`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineRequest {
    /// The item.
    item_id: Option<ItemId>,
    /// How many.
    #[schema(minimum = 1, maximum = 1000)]
    quantity: i64,
    /// What a free line is called.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Price of one on a free line, in minor units.
    #[schema(minimum = 0, maximum = 100_000_000)]
    unit_price: Option<i64>,
}

/// What makes an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceOrderRequest {
    /// Whose order it is; by default one's own. Staff may name a customer.
    customer_id: Option<UserId>,
    /// 1 to 100 lines.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<LineRequest>,
    /// ISO 4217 code; needed only when every line is written freely.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// Words to the desk.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

refusals!(PlaceRefusals: Forbidden, ItemUnavailable, IdempotencyConflict, ValidationFailed);

/// Places an order.
#[utoipa::path(
    post, path = "/api/v1/orders", tag = "orders", operation_id = "place_order",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = PlaceOrderRequest,
    responses((status = 201, description = "The order.", body = Order), PlaceRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<PlaceOrderRequest>,
) -> Answer<Created<Order>> {
    let actor = signed.actor;
    let customer = request.customer_id.unwrap_or(actor.id);
    decide(&actor, Action::Create, Object::Order { customer }).or_refuse()?;
    let mut faults = Vec::new();
    let lines = new_lines(request.lines, &mut faults);
    desk::order::check_note(&request.note, &mut faults);
    if let Some(currency) = &request.currency {
        desk::item::check_currency("/currency", currency, &mut faults);
    }
    check(faults)?;
    let write = PlaceOrder {
        actor,
        id: OrderId::new(),
        customer,
        lines,
        currency: request.currency,
        note: request.note,
        now: app.now(),
    };
    let order = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/orders/{}", order.id),
        object: order,
    })
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOrderRequest {
    /// The version that the request saw.
    version: i64,
    /// Where it stands: `placed`, `accepted`, `preparing`, `ready`, `completed`; `rejected` from
    /// `placed`; `cancelled` by the customer from `placed` and `accepted`, by staff until
    /// `completed`.
    status: Option<OrderStatus>,
    /// Words to the desk.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// All lines anew; staff alone.
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<LineRequest>>,
}

refusals!(ChangeRefusals: Forbidden, StaleVersion, InvalidTransition, ItemUnavailable, ValidationFailed);

/// Changes status, note or lines of an order.
#[utoipa::path(
    patch, path = "/api/v1/orders/{id}", tag = "orders", operation_id = "change_order",
    params(("id" = OrderId, Path, description = "The order.")),
    request_body = ChangeOrderRequest,
    responses((status = 200, description = "The order.", body = Order), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<OrderId>,
    Body { value: request, .. }: Body<ChangeOrderRequest>,
) -> Answer<Json<Order>> {
    let mut faults = Vec::new();
    let lines = request.lines.map(|lines| new_lines(lines, &mut faults));
    if let Some(note) = &request.note {
        desk::order::check_note(note, &mut faults);
    }
    check(faults)?;
    let write = ChangeOrder {
        actor: signed.actor,
        id,
        version: request.version,
        status: request.status,
        note: request.note,
        lines,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}

/// Tells the two kinds of lines apart and checks what needs no database.
fn new_lines(lines: Vec<LineRequest>, faults: &mut Vec<FieldError>) -> Vec<NewLine> {
    desk::order::check_lines(lines.iter().map(|line| line.quantity), faults);
    let each = lines.into_iter().enumerate();
    each.filter_map(|(index, line)| new_line(index, line, faults))
        .collect()
}

fn new_line(index: usize, line: LineRequest, faults: &mut Vec<FieldError>) -> Option<NewLine> {
    let quantity = line.quantity;
    let place = |field: &str| format!("/lines/{index}{field}");
    match line {
        LineRequest {
            item_id: Some(item_id),
            name: None,
            unit_price: None,
            ..
        } => Some(NewLine::Item { item_id, quantity }),
        LineRequest {
            item_id: None,
            name: Some(name),
            unit_price: Some(unit_price),
            ..
        } => {
            desk::item::check_name(&place("/name"), &name, faults);
            desk::item::check_unit_price(&place("/unit_price"), unit_price, faults);
            Some(NewLine::Free {
                name,
                unit_price,
                quantity,
            })
        }
        LineRequest {
            item_id: Some(_), ..
        } => {
            let message = "names an item, whose name and unit_price are copied: leave both out";
            faults.push(FieldError::new(place(""), message));
            None
        }
        LineRequest { item_id: None, .. } => {
            let message = "has neither item_id nor both name and unit_price";
            faults.push(FieldError::new(place(""), message));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_an_item_or_is_written_freely_and_never_both() {
        let line = |json: &str| {
            let mut faults = Vec::new();
            let line = new_line(3, serde_json::from_str(json).unwrap(), &mut faults);
            (
                line,
                faults
                    .into_iter()
                    .map(|fault| fault.pointer)
                    .collect::<Vec<_>>(),
            )
        };
        let id = "0190a000-0000-7000-8000-000000000001";
        let (item, faults) = line(&format!(r#"{{"item_id":"{id}","quantity":2}}"#));
        assert!(matches!(item, Some(NewLine::Item { quantity: 2, .. })) && faults.is_empty());
        let (free, faults) = line(r#"{"name":"Cake","unit_price":300,"quantity":1}"#);
        assert!(matches!(free, Some(NewLine::Free { .. })) && faults.is_empty());
        for json in [
            r#"{"quantity":1}"#,
            r#"{"quantity":1,"name":"Cake"}"#,
            &format!(r#"{{"item_id":"{id}","quantity":1,"unit_price":1}}"#),
        ] {
            assert_eq!(line(json).1, ["/lines/3"], "{json}");
        }
        let (_, faults) = line(r#"{"name":"","unit_price":-1,"quantity":1}"#);
        assert_eq!(faults, ["/lines/3/name", "/lines/3/unit_price"]);
    }
}
