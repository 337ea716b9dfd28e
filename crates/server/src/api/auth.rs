//! Signing up, in and out, and the own password. Other sessions are in `sessions.rs`.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Instant;

use ::auth::{SessionSecret, Verdict};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use desk::account::{check_email, check_name, normal_email};
use protocol::{ErrorCode, Problem, Role, SessionId, User, UserId};
use serde::Deserialize;
use store::{CreateSession, CreateUser, Credentials, EndSession, SetPassword, UpgradePasswordHash};
use utoipa::ToSchema;

use super::{Created, check_password, no_content_with, refusals};
use crate::app::App;
use crate::config::Registration;
use crate::extract::{Body, ClientAddress, Signed};
use crate::limits::USER_AGENT_MAX_CHARS;
use crate::problem::{Answer, Refusal, check};
use crate::rate_limit::subscriber;

/// What makes an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// Address to sign in with; upper and lower case are the same.
    #[schema(example = "ana@example.com", max_length = 254)]
    email: String,
    /// 8 characters to 1,024 bytes, and not among the most common ones.
    #[schema(format = Password, min_length = 8)]
    password: String,
    /// What others see.
    #[schema(example = "Ana", min_length = 1, max_length = 100)]
    name: String,
}

refusals!(RegisterRefusals: RegistrationClosed, EmailTaken, ValidationFailed, RateLimited, Overloaded);

/// Makes a customer's account. It signs nobody in: login does.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", operation_id = "register", security(()),
    request_body = RegisterRequest,
    responses((status = 201, description = "The account.", body = User), RegisterRefusals)
)]
pub(crate) async fn register(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Body { value: request, .. }: Body<RegisterRequest>,
) -> Answer<Created<User>> {
    match app.config.auth.registration {
        Registration::Open => {}
        Registration::Closed => {
            return Err(Refusal::new(
                ErrorCode::RegistrationClosed,
                "auth.registration is closed on this server",
            ));
        }
    }
    let email = normal_email(&request.email);
    let mut faults = Vec::new();
    check_email("/email", &email, &mut faults);
    check_password("/password", &request.password, &mut faults);
    check_name("/name", &request.name, &mut faults);
    check(faults)?;
    if let Err(seconds) = app
        .rates
        .registrations
        .take(&subscriber(address), Instant::now())
    {
        tracing::warn!(target: "audit", %address, "too many registrations from one address");
        return Err(Refusal::later(
            ErrorCode::RateLimited,
            format!("too many registrations from this address, try again in {seconds} s"),
            seconds,
        ));
    }
    let password_hash = app.passwords.hash(request.password).await?;
    let user = app
        .store
        .write(CreateUser {
            id: UserId::new(),
            email,
            name: request.name,
            role: Role::Customer,
            password_hash,
            now: app.now(),
        })
        .await?;
    tracing::info!(target: "audit", user_id = %user.id, %address, "an account was registered");
    Ok(Created {
        location: format!("/api/v1/users/{}", user.id),
        object: user,
    })
}

/// Address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The account's address.
    #[schema(example = "ana@example.com")]
    email: String,
    /// The account's password.
    #[schema(format = Password)]
    password: String,
}

refusals!(LoginRefusals: InvalidCredentials, AccountDisabled, RateLimited, Overloaded);

/// Signs in: sets the session cookie. A session that the request's cookie had is ended.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login", security(()),
    request_body = LoginRequest,
    responses(
        (status = 200, description = "The account. The session is in the cookie.", body = User,
         headers(("Set-Cookie" = String, description = "The session."))),
        LoginRefusals
    )
)]
pub(crate) async fn login(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    Body { value: request, .. }: Body<LoginRequest>,
) -> Answer<Response> {
    let email = normal_email(&request.email);
    let attempt = Attempt::begin(&app, email, address)?;
    let Credentials {
        user,
        password_hash,
    } = attempt.check(request.password).await?;
    if user.disabled {
        tracing::info!(target: "audit", user_id = %user.id, %address, "a disabled account asked");
        return Err(Refusal::new(
            ErrorCode::AccountDisabled,
            "the account is disabled",
        ));
    }
    let cookie = app.origins.cookie(&uri, &headers);
    let secret = SessionSecret::generate();
    let session = app
        .store
        .write(CreateSession {
            id: SessionId::new(),
            user: user.id,
            checked_hash: Some(password_hash),
            secret_hash: secret.hash(),
            user_agent: user_agent(&headers),
            replaces: cookie.find(&headers).map(|old| old.hash()),
            now: app.now(),
        })
        .await?;
    tracing::info!(
        target: "audit",
        user_id = %user.id,
        session_id = %session.id,
        %address,
        "signed in"
    );
    Ok((
        [(
            header::SET_COOKIE,
            cookie.set(&secret, max_age_seconds(&app)),
        )],
        Json(user),
    )
        .into_response())
}

/// One look at a password, counted by the throttle from its beginning.
struct Attempt<'a> {
    app: &'a App,
    email: String,
    address: IpAddr,
}

impl<'a> Attempt<'a> {
    fn begin(app: &'a App, email: String, address: IpAddr) -> Answer<Self> {
        let now = app.now().0;
        let mut throttle = app.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.begin(&email, address, now).map_err(|wait| {
            tracing::warn!(target: "audit", %address, wait_seconds = wait.0, "logins are throttled");
            Refusal::later(ErrorCode::RateLimited, wait.to_string(), wait.0)
        })?;
        Ok(Self {
            app,
            email,
            address,
        })
    }

    /// Whose password it is. Where there is no such account, it takes as long to find out.
    async fn check(self, password: String) -> Answer<Credentials> {
        let known = match self.app.store.credentials(&self.email).await {
            Ok(known) => known,
            Err(error) => return Err(self.undone(error.into())),
        };
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let verdict = match self.app.passwords.verify(password.clone(), hash).await {
            Ok(verdict) => verdict,
            Err(refusal) => return Err(self.undone(refusal)),
        };
        let known = known.filter(|_| verdict != Verdict::Wrong);
        let Some(mut known) = known else {
            return Err(self.failed());
        };
        self.succeeded();
        if verdict == Verdict::RightNeedsRehash {
            let old_hash = known.password_hash.clone();
            if let Some(new_hash) = self.rehash(known.user.id, password, old_hash).await {
                known.password_hash = new_hash;
            }
        }
        Ok(known)
    }

    fn succeeded(&self) {
        let mut throttle = self
            .app
            .throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        throttle.succeeded(&self.email, self.address);
    }

    fn failed(&self) -> Refusal {
        self.app.metrics.count_login_failure();
        tracing::info!(target: "audit", address = %self.address, "a login failed");
        Refusal::new(ErrorCode::InvalidCredentials, "wrong email or password")
    }

    fn undone(&self, refusal: Refusal) -> Refusal {
        let mut throttle = self
            .app
            .throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        throttle.undo(&self.email, self.address);
        refusal
    }

    /// A stronger hash is worth a try and no refusal. Gives the one that is stored now, if so.
    async fn rehash(&self, id: UserId, password: String, old_hash: String) -> Option<String> {
        let new_hash = self.app.passwords.hash(password).await.ok()?;
        let write = UpgradePasswordHash {
            id,
            old_hash,
            new_hash: new_hash.clone(),
        };
        match self.app.store.write(write).await {
            Ok(()) => Some(new_hash),
            Err(error) => {
                tracing::warn!(user_id = %id, %error, "cannot store a stronger password hash");
                None
            }
        }
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let sent = headers
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let readable = sent.unwrap_or_default();
    readable
        .chars()
        .filter(|c| !c.is_control())
        .take(USER_AGENT_MAX_CHARS)
        .collect()
}

fn max_age_seconds(app: &App) -> u64 {
    app.config
        .auth
        .session_max_days
        .saturating_mul(24 * 60 * 60)
}

/// Signs out: ends the session and closes its sockets.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout",
    responses((status = 204, description = "Signed out; the cookie is taken back."))
)]
pub(crate) async fn logout(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    signed: Signed,
) -> Answer<Response> {
    let (actor, id) = (signed.actor, signed.session.id);
    let detail = "the user signed out".to_owned();
    app.store
        .write(EndSession {
            actor,
            id,
            detail,
            now: app.now(),
        })
        .await?;
    tracing::info!(target: "audit", user_id = %actor.id, session_id = %id, %address, "signed out");
    Ok(no_content_with(app.origins.cookie(&uri, &headers).clear()))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "auth", operation_id = "me",
    responses((status = 200, description = "The account of the session.", body = User))
)]
pub(crate) async fn me(signed: Signed) -> Json<User> {
    Json(signed.session.user)
}

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The password until now.
    #[schema(format = Password)]
    current_password: String,
    /// 8 characters to 1,024 bytes, and not among the most common ones.
    #[schema(format = Password, min_length = 8)]
    new_password: String,
}

refusals!(PasswordRefusals: InvalidCredentials, ValidationFailed, RateLimited, Overloaded);

/// Changes the own password: ends every other session and gives this one a new cookie.
#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "auth", operation_id = "change_password",
    request_body = PasswordRequest,
    responses(
        (status = 204, description = "Changed; other sessions have ended.",
         headers(("Set-Cookie" = String, description = "The session's new secret."))),
        PasswordRefusals
    )
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    signed: Signed,
    Body { value: request, .. }: Body<PasswordRequest>,
) -> Answer<Response> {
    let mut faults = Vec::new();
    check_password("/new_password", &request.new_password, &mut faults);
    check(faults)?;
    let user = signed.session.user;
    Attempt::begin(&app, user.email, address)?
        .check(request.current_password)
        .await
        .map_err(current_password_is_wrong)?;
    let password_hash = app.passwords.hash(request.new_password).await?;
    let secret = SessionSecret::generate();
    let keep = Some((signed.session.id, secret.hash()));
    app.store
        .write(SetPassword {
            id: user.id,
            password_hash,
            keep,
            now: app.now(),
        })
        .await?;
    tracing::info!(target: "audit", user_id = %user.id, %address, "the password was changed");
    let cookie = app.origins.cookie(&uri, &headers);
    Ok(no_content_with(cookie.set(&secret, max_age_seconds(&app))))
}

fn current_password_is_wrong(refusal: Refusal) -> Refusal {
    match refusal.problem().code {
        ErrorCode::InvalidCredentials => Problem::new(
            ErrorCode::InvalidCredentials,
            "the current password is wrong",
        )
        .with_fix("Send the password that you signed in with as current_password.")
        .into(),
        _ => refusal,
    }
}
