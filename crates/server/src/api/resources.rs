//! Resources: what can be booked. Everyone signed in reads, admins write.

use axum::Json;
use axum::extract::State;
use desk::policy::not_found;
use desk::{Action, Object, decide};
use protocol::{Page, Resource, ResourceId};
use serde::Deserialize;
use store::{ChangeResource, CreateResource};
use utoipa::ToSchema;

use super::once::Once;
use super::users::ListParameters;
use super::{Created, refusals};
use crate::app::App;
use crate::extract::{Body, Parameters, PathId, Signed};
use crate::problem::{Answer, check};

/// All resources, in the order they were made.
#[utoipa::path(
    get, path = "/api/v1/resources", tag = "resources", operation_id = "list_resources",
    params(ListParameters),
    responses((status = 200, description = "One page.", body = Page<Resource>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<Json<Page<Resource>>> {
    decide(&signed.actor, Action::Read, Object::Resource).or_refuse()?;
    Ok(Json(app.store.resources(parameters.page()?).await?))
}

/// One resource.
#[utoipa::path(
    get, path = "/api/v1/resources/{id}", tag = "resources", operation_id = "get_resource",
    params(("id" = ResourceId, Path, description = "The resource.")),
    responses((status = 200, description = "The resource.", body = Resource))
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ResourceId>,
) -> Answer<Json<Resource>> {
    decide(&signed.actor, Action::Read, Object::Resource).or_refuse()?;
    Ok(Json(app.store.resource(id).await?.ok_or_else(not_found)?))
}

/// What makes a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateResourceRequest {
    /// What it is called.
    #[schema(example = "Table at the window", min_length = 1, max_length = 200)]
    name: String,
    /// What sort of thing it is.
    #[schema(example = "table", min_length = 1, max_length = 50)]
    kind: String,
    /// How many people it takes.
    #[schema(example = 4, minimum = 1, maximum = 10_000)]
    capacity: i64,
}

refusals!(CreateRefusals: Forbidden, IdempotencyConflict, ValidationFailed);

/// Makes a resource. For admins.
#[utoipa::path(
    post, path = "/api/v1/resources", tag = "resources", operation_id = "create_resource",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = CreateResourceRequest,
    responses((status = 201, description = "The resource.", body = Resource), CreateRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<CreateResourceRequest>,
) -> Answer<Created<Resource>> {
    let actor = signed.actor;
    decide(&actor, Action::Create, Object::Resource).or_refuse()?;
    let CreateResourceRequest {
        name,
        kind,
        capacity,
    } = request;
    let mut faults = Vec::new();
    desk::booking::check_resource(&name, &kind, capacity, &mut faults);
    check(faults)?;
    let write = CreateResource {
        actor,
        id: ResourceId::new(),
        name,
        kind,
        capacity,
        now: app.now(),
    };
    let resource = once.write(&app, actor.id, &bytes, write).await?;
    Ok(Created {
        location: format!("/api/v1/resources/{}", resource.id),
        object: resource,
    })
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeResourceRequest {
    /// The version that the request saw.
    version: i64,
    /// What it is called; bookings show the name of today.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// What sort of thing it is.
    #[schema(min_length = 1, max_length = 50)]
    kind: Option<String>,
    /// How many people it takes; bookings that are there already stay as they are.
    #[schema(minimum = 1, maximum = 10_000)]
    capacity: Option<i64>,
}

refusals!(ChangeRefusals: Forbidden, StaleVersion, ValidationFailed);

/// Changes a resource. For admins.
#[utoipa::path(
    patch, path = "/api/v1/resources/{id}", tag = "resources", operation_id = "change_resource",
    params(("id" = ResourceId, Path, description = "The resource.")),
    request_body = ChangeResourceRequest,
    responses((status = 200, description = "The resource.", body = Resource), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<ResourceId>,
    Body { value: request, .. }: Body<ChangeResourceRequest>,
) -> Answer<Json<Resource>> {
    decide(&signed.actor, Action::Change, Object::Resource).or_refuse()?;
    let write = ChangeResource {
        actor: signed.actor,
        id,
        version: request.version,
        name: request.name,
        kind: request.kind,
        capacity: request.capacity,
        now: app.now(),
    };
    Ok(Json(app.store.write(write).await?))
}
