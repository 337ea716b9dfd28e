//! The REST resources, one file each: requests and answers stand beside their handlers. Who may do
//! what is `desk`'s, asked here for reads and inside of the store for writes.

pub(crate) mod attempts;
pub(crate) mod auth;
pub(crate) mod bookings;
pub(crate) mod bot;
pub(crate) mod chats;
pub(crate) mod configuration;
pub(crate) mod connections;
pub(crate) mod description;
pub(crate) mod diagnose;
pub(crate) mod events;
pub(crate) mod items;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod once;
pub(crate) mod orders;
pub(crate) mod resources;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod users;
pub(crate) mod ws_token;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::FieldError;
use serde::Serialize;

pub(crate) use description::refusals;

/// 201 with the new object and its place.
#[derive(Debug)]
pub(crate) struct Created<T> {
    /// Path of the object.
    pub(crate) location: String,
    /// The object.
    pub(crate) object: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.object)).into_response();
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// 204 with a session cookie.
pub(crate) fn no_content_with(cookie: HeaderValue) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// Checks a password that is to be set.
pub(crate) fn check_password(pointer: &str, password: &str, faults: &mut Vec<FieldError>) {
    if let Err(problem) = ::auth::check_new(password, ::auth::PASSWORD_MIN_CHARS) {
        faults.push(FieldError::new(pointer, problem.to_string()));
    }
}
