//! The description of the API (OpenAPI 3.1): what stands at its top, and the refusals that every
//! route of a kind can give. Those of one route stand beside it, by [`refusals`].

use std::collections::BTreeMap;

use axum::http::Method;
use protocol::ErrorCode;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi};

use crate::cookie::SessionCookie;
use crate::problem::ProblemSchema;

/// The top of the document; `router.rs` adds the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frontdesk",
        description = "Accounts, items and live orders over HTTP; what happens is also told over \
            WebSocket. Sign in with `POST /api/v1/auth/login`: it sets the session cookie that \
            every other request needs. Errors are `application/problem+json` (RFC 9457) with a \
            stable `code`, a `detail` with the values compared and a `fix`. Times are RFC 3339 in \
            UTC, money is in minor units, ids are UUIDs.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "auth", description = "Signing in and out, sessions, the socket token"),
        (name = "users", description = "Accounts, for staff and admins"),
        (name = "items", description = "What can be ordered"),
        (name = "orders", description = "Orders: a customer's own, or all of them for staff"),
        (name = "resources", description = "What can be booked"),
        (name = "bookings", description = "Bookings: a customer's own, or all of them for staff"),
        (name = "chats", description = "Chats between customers and staff, and what is written there"),
        (name = "notifications", description = "What one user should know; staff send"),
        (name = "events", description = "The event log over HTTP"),
        (name = "sockets", description = "How sockets are, and what became of attempts to open one"),
        (name = "diagnosis", description = "What arrived of a request, and what a token is worth"),
        (name = "bot", description = "How the bot is set up, and what it would answer; for admins"),
        (name = "configuration", description = "What the server was told to do; for admins"),
        (name = "health", description = "Whether the server is there and can work"),
    ),
    components(schemas(ProblemSchema)),
    modifiers(&SessionScheme),
    security(("session" = []))
)]
pub(crate) struct Description;

struct SessionScheme;

impl Modify for SessionScheme {
    fn modify(&self, document: &mut Document) {
        let cookie = ApiKeyValue::with_description(
            SessionCookie::SECURE.name().as_str(),
            "Set by `POST /api/v1/auth/login`. On a developer's machine without TLS its name is \
             `frontdesk_session`.",
        );
        let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("session", scheme);
    }
}

/// Declares a type that lists, for the description, how a route refuses:
/// `refusals!(Name: Code, Code);`
macro_rules! refusals {
    ($name:ident: $($code:ident),+ $(,)?) => {
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::api::description::problems(&[$(protocol::ErrorCode::$code),+])
            }
        }
    };
}
pub(crate) use refusals;

/// The answers that tell of these problems, by status.
pub(crate) fn problems(codes: &[ErrorCode]) -> BTreeMap<String, RefOr<Response>> {
    let mut responses = BTreeMap::new();
    for code in codes {
        add(&mut responses, *code);
    }
    responses
}

fn add(responses: &mut BTreeMap<String, RefOr<Response>>, code: ErrorCode) {
    let line = format!("`{code}`: {}", code.meaning());
    match responses.get_mut(&code.status().to_string()) {
        Some(RefOr::T(response)) => {
            if !response.description.contains(&line) {
                response.description = format!("{}\n\n{line}", response.description);
            }
        }
        Some(RefOr::Ref(_)) => {}
        None => {
            let mut response = Response::new(line);
            let schema = Ref::from_schema_name("Problem");
            let content = RefOr::T(Content::new(Some(schema)));
            response
                .content
                .insert("application/problem+json".to_owned(), content);
            responses.insert(code.status().to_string(), RefOr::T(response));
        }
    }
}

/// Adds the refusals that every route of a kind can give.
pub(crate) fn add_common_refusals(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let has_id = path.contains('{');
        for (method, operation) in operations_mut(item) {
            for code in common(&method, operation, has_id) {
                add(&mut operation.responses.responses, code);
            }
        }
    }
}

fn common(method: &Method, operation: &Operation, has_id: bool) -> Vec<ErrorCode> {
    use ErrorCode::{
        InternalError, InvalidRequest, NotFound, OriginDenied, PayloadTooLarge, StorageFull,
        Unauthenticated, Unavailable, UnsupportedMediaType,
    };
    let mut codes = vec![InternalError];
    if operation.security.is_none() {
        codes.extend([Unauthenticated, Unavailable]);
    }
    if operation.request_body.is_some() {
        codes.extend([InvalidRequest, PayloadTooLarge, UnsupportedMediaType]);
    }
    // An id in the path that is none is answered as one that leads nowhere.
    let is_in_path = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Path),
        RefOr::Ref(_) => false,
    };
    let mut parameters = operation.parameters.iter().flatten();
    if parameters.any(|parameter| !is_in_path(parameter)) {
        codes.push(InvalidRequest);
    }
    if has_id {
        codes.push(NotFound);
    }
    if !method.is_safe() {
        codes.extend([OriginDenied, Unavailable, StorageFull]);
    }
    codes
}

/// The operations of a path that our routes use.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, item.get.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

/// The methods of a path.
pub(crate) fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, item.get.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::PATCH, item.patch.is_some()),
        (Method::DELETE, item.delete.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, has)| has.then_some(method))
    .collect()
}
