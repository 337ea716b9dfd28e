//! Accounts: read by staff, managed by admins.

use axum::Json;
use axum::extract::State;
use desk::account::{check_email, check_name, normal_email};
use desk::policy::not_found;
use desk::{Action, Object, decide};
use protocol::{Page, Role, User, UserId};
use serde::Deserialize;
use store::{ChangeUser, CreateUser, PageRequest};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::once::Once;
use super::{Created, check_password, refusals};
use crate::app::App;
use crate::extract::{Body, ClientAddress, Parameters, PathId, Signed, page_request};
use crate::problem::{Answer, check};

/// Stands for the accounts of others, when no single one is asked for.
const SOMEONE_ELSE: UserId = UserId(Uuid::nil());

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Most objects of the page: 1 to 200, 50 by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ListParameters {
    /// The page they ask for.
    pub(crate) fn page(self) -> Answer<PageRequest> {
        page_request(self.limit.as_deref(), self.cursor)
    }
}

refusals!(ReadRefusals: Forbidden);

/// All accounts, in the order they were made. For staff.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", operation_id = "list_users",
    params(ListParameters),
    responses((status = 200, description = "One page.", body = Page<User>), ReadRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<Json<Page<User>>> {
    decide(&signed.actor, Action::Read, Object::Account(SOMEONE_ELSE)).or_refuse()?;
    Ok(Json(app.store.users(parameters.page()?).await?))
}

/// One account: one's own, or any for staff.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users", operation_id = "get_user",
    params(("id" = UserId, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = User), ReadRefusals)
)]
pub(crate) async fn get(
    State(app): State<App>,
    signed: Signed,
    PathId(id): PathId<UserId>,
) -> Answer<Json<User>> {
    decide(&signed.actor, Action::Read, Object::Account(id)).or_refuse()?;
    Ok(Json(app.store.user(id).await?.ok_or_else(not_found)?))
}

/// What makes an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUserRequest {
    /// Address to sign in with; upper and lower case are the same.
    #[schema(example = "staff@example.com", max_length = 254)]
    email: String,
    /// 8 characters to 1,024 bytes, and not among the most common ones.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// What others see.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What the account may do.
    role: Role,
}

refusals!(CreateRefusals: Forbidden, EmailTaken, IdempotencyConflict, ValidationFailed, Overloaded);

/// Makes an account of any role. For admins.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", operation_id = "create_user",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe.")),
    request_body = CreateUserRequest,
    responses((status = 201, description = "The account.", body = User), CreateRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    signed: Signed,
    once: Once,
    Body {
        value: request,
        bytes,
    }: Body<CreateUserRequest>,
) -> Answer<Created<User>> {
    let id = UserId::new();
    decide(&signed.actor, Action::Create, Object::Account(id)).or_refuse()?;
    let email = normal_email(&request.email);
    let mut faults = Vec::new();
    check_email("/email", &email, &mut faults);
    check_password("/password", &request.password, &mut faults);
    check_name("/name", &request.name, &mut faults);
    check(faults)?;
    let password_hash = app.passwords.hash(request.password).await?;
    let (name, role, now) = (request.name, request.role, app.now());
    let write = CreateUser {
        id,
        email,
        name,
        role,
        password_hash,
        now,
    };
    let user = once.write(&app, signed.actor.id, &bytes, write).await?;
    tracing::info!(
        target: "audit",
        user_id = %signed.actor.id,
        account = %user.id,
        role = %user.role,
        %address,
        "an account was made"
    );
    Ok(Created {
        location: format!("/api/v1/users/{}", user.id),
        object: user,
    })
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUserRequest {
    /// What others see.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What the account may do; its sockets are closed when it changes.
    role: Option<Role>,
    /// Disabling ends every session and socket.
    disabled: Option<bool>,
}

refusals!(ChangeRefusals: Forbidden, LastAdmin, ValidationFailed);

/// Changes name, role or state of an account. For admins.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "users", operation_id = "change_user",
    params(("id" = UserId, Path, description = "The account.")),
    request_body = ChangeUserRequest,
    responses((status = 200, description = "The account.", body = User), ChangeRefusals)
)]
pub(crate) async fn change(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    signed: Signed,
    PathId(id): PathId<UserId>,
    Body { value: request, .. }: Body<ChangeUserRequest>,
) -> Answer<Json<User>> {
    decide(&signed.actor, Action::Change, Object::Account(id)).or_refuse()?;
    let mut faults = Vec::new();
    if let Some(name) = &request.name {
        check_name("/name", name, &mut faults);
    }
    check(faults)?;
    let ChangeUserRequest {
        name,
        role,
        disabled,
    } = request;
    let write = ChangeUser {
        actor: signed.actor,
        id,
        name,
        role,
        disabled,
        now: app.now(),
    };
    let user = app.store.write(write).await?;
    // A new name ends no session, so nobody else tells of it.
    app.sessions.forget_account(user.id);
    tracing::info!(
        target: "audit",
        user_id = %signed.actor.id,
        account = %user.id,
        role = %user.role,
        disabled = user.disabled,
        %address,
        "an account was changed"
    );
    Ok(Json(user))
}
