//! The first admin, by the one-time link that the first start prints.

use std::time::Instant;

use ::auth::SetupToken;
use axum::extract::State;
use desk::account::{check_email, check_name, normal_email};
use protocol::{ErrorCode, Role, User, UserId};
use serde::Deserialize;
use store::{CreateUser, Setup};
use utoipa::ToSchema;

use super::{Created, check_password, refusals};
use crate::app::App;
use crate::extract::{Body, ClientAddress};
use crate::problem::{Answer, Refusal, check};
use crate::rate_limit::subscriber;

/// The token of the link, and the admin to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// What stands behind `#token=` in the link.
    token: String,
    /// Address to sign in with.
    #[schema(example = "admin@example.com", max_length = 254)]
    email: String,
    /// 8 characters to 1,024 bytes, and not among the most common ones.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// What others see.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

refusals!(SetupRefusals: SetupClosed, EmailTaken, ValidationFailed, RateLimited, Overloaded);

/// Makes the first admin. Works once; afterwards, and when an admin exists, it is gone.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "auth", operation_id = "setup", security(()),
    request_body = SetupRequest,
    responses((status = 201, description = "The admin.", body = User), SetupRefusals)
)]
pub(crate) async fn setup(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Body { value: request, .. }: Body<SetupRequest>,
) -> Answer<Created<User>> {
    if let Err(seconds) = app.rates.setups.take(&subscriber(address), Instant::now()) {
        tracing::warn!(target: "audit", %address, "too many tries of the setup link");
        return Err(Refusal::later(
            ErrorCode::RateLimited,
            format!("too many tries from this address, try again in {seconds} s"),
            seconds,
        ));
    }
    if app.store.admin_exists().await? {
        return Err(Refusal::new(
            ErrorCode::SetupClosed,
            "an admin exists already",
        ));
    }
    let email = normal_email(&request.email);
    let mut faults = Vec::new();
    check_email("/email", &email, &mut faults);
    check_password("/password", &request.password, &mut faults);
    check_name("/name", &request.name, &mut faults);
    check(faults)?;
    let token = SetupToken::parse(request.token.trim()).map_err(|problem| {
        Refusal::new(
            ErrorCode::SetupClosed,
            format!("token opens no setup: {problem}"),
        )
    })?;
    let password_hash = app.passwords.hash(request.password).await?;
    let (id, now) = (UserId::new(), app.now());
    let user = CreateUser {
        id,
        email,
        name: request.name,
        role: Role::Admin,
        password_hash,
        now,
    };
    let user = app
        .store
        .write(Setup {
            token_hash: token.hash(),
            user,
        })
        .await?;
    tracing::info!(target: "audit", user_id = %user.id, %address, "the first admin was made");
    Ok(Created {
        location: format!("/api/v1/users/{}", user.id),
        object: user,
    })
}
