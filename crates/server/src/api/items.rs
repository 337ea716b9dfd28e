//! Items: what can be ordered. Everyone signed in reads, admins write.

use axum::Json;
use axum::extract::State;
use desk::item::{check_currency, check_name, check_unit_price};
use desk::policy::not_found;
use desk::{Action, Object, decide};
use protocol::{Item, ItemId, Page};
use serde::Deserialize;
use store::{ChangeItem, CreateItem};
use utoipa::ToSchema;

use super::once::Once;
use super::users::ListParameters;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed};
use crate::problem::{Answer, check};

/// All items, in the order they were made.
#[utoipa::path(
    get, path = "/api/v1/items", tag = "items", operation_id = "list_items",
    params(ListParameters),
    responses((status = 200, description = "One page.", body = Page<Item>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<Json<Page<Item>>> {
    decide(&signed.actor, Action::Read, Object::Item).or_refuse()?;
    Ok(Json(app.store.items(parameters.page()?).await?))
}

/// One item.
#[utoipa::path(
    get, path = "/api/v1/items/{id}", tag = "items", operation_id = "get_item",
    params(("id" = ItemId, Path, description = "The item.")),
    responses((status = 200, description = "The item.", body = Item))
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ItemId>,
) -> Answer<Json<Item>> {
    decide(&signed.actor, Action::Read, Object::Item).or_refuse()?;
    Ok(Json(app.store.item(id).await?.ok_or_else(not_found)?))
}

/// What makes an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateItemRequest {
    /// What it is called.
    #[schema(example = "Espresso", min_length = 1, max_length = 200)]
    name: String,
    /// Price of one, in minor units.
    #[schema(example = 250, minimum = 0, maximum = 100_000_000)]
    unit_price: i64,
    /// ISO 4217 code.
    #[schema(example = "EUR", min_length = 3, max_length = 3)]
    currency: String,
    /// Whether it can be ordered now.
    #[serde(default = "yes")]
    #[schema(default = true)]
    available: bool,
}

const fn yes() -> bool {
    true
}

refusals!(CreateRefusals: Forbidden, IdempotencyConflict, ValidationFailed);

/// Makes an item. For admins.
#[utoipa::path(
    post, path = "/api/v1/items", tag = "items", operation_id = "create_item",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = CreateItemRequest,
    responses((status = 201, description = "The item.", body = Item), CreateRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<CreateItemRequest>,
) -> Answer<Created<Item>> {
    let actor = signed.actor;
    decide(&actor, Action::Create, Object::Item).or_refuse()?;
    let mut faults = Vec::new();
    check_name("/name", &request.name, &mut faults);
    check_unit_price("/unit_price", request.unit_price, &mut faults);
    check_currency("/currency", &request.currency, &mut faults);
    check(faults)?;
    let CreateItemRequest {
        name,
        unit_price,
        currency,
        available,
    } = request;
    let (id, now) = (ItemId::new(), app.now());
    let write = CreateItem {
        actor,
        id,
        name,
        unit_price,
        currency,
        available,
        now,
    };
    let item = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/items/{}", item.id),
        object: item,
    })
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeItemRequest {
    /// The version that the request saw.
    version: i64,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Price of one, in minor units; orders keep the price of their moment.
    #[schema(minimum = 0, maximum = 100_000_000)]
    unit_price: Option<i64>,
    /// Whether it can be ordered now.
    available: Option<bool>,
}

refusals!(ChangeRefusals: Forbidden, StaleVersion, ValidationFailed);

/// Changes an item. For admins.
#[utoipa::path(
    patch, path = "/api/v1/items/{id}", tag = "items", operation_id = "change_item",
    params(("id" = ItemId, Path, description = "The item.")),
    request_body = ChangeItemRequest,
    responses((status = 200, description = "The item.", body = Item), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ItemId>,
    Body { value: request, .. }: Body<ChangeItemRequest>,
) -> Answer<Json<Item>> {
    let actor = signed.actor;
    decide(&actor, Action::Change, Object::Item).or_refuse()?;
    let mut faults = Vec::new();
    if let Some(name) = &request.name {
        check_name("/name", name, &mut faults);
    }
    if let Some(unit_price) = request.unit_price {
        check_unit_price("/unit_price", unit_price, &mut faults);
    }
    check(faults)?;
    let ChangeItemRequest {
        version,
        name,
        unit_price,
        available,
    } = request;
    let write = ChangeItem {
        actor,
        id,
        version,
        name,
        unit_price,
        available,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}
