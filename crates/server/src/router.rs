//! The one page of routes, and what is answered where there is none. Start at [`router`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get};
use protocol::{ErrorCode, Problem};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::description::{Description, add_common_refusals, methods};
use crate::api::{
    attempts, auth, bookings, bot, chats, configuration, connections, diagnose, events, items,
    messages, notifications, orders, resources, sessions, setup, users, ws_token,
};
use crate::app::App;
use crate::console::{self, Console};
use crate::envelope::envelope;
use crate::nearest::nearest;
use crate::problem::respond;
use crate::ws::{CHAT_SOCKET_PATH, ECHO_SOCKET_PATH, EVENT_SOCKET_PATH};
use crate::{health, pages, ws};

/// Paths that /openapi.json does not describe; all of them are read with GET.
const OTHER_PATHS: &[&str] = &[
    "/docs/",
    "/openapi.json",
    "/asyncapi.json",
    "/redoc",
    "/metrics",
    EVENT_SOCKET_PATH,
    "/ws/chat/me",
    ECHO_SOCKET_PATH,
];

/// Longest path that is compared with the known ones, in bytes.
const COMPARED_MAX_BYTES: usize = 256;

/// Every route of the main listeners.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = described();
    let known = Arc::new(Known::of(&document));
    let unknown = Arc::clone(&known);
    let files = Console::new();
    Router::new()
        .merge(api)
        .merge(console::routes(&files))
        .merge(pages::routes(&text(&document)))
        .route("/metrics", get(health::metrics))
        .merge(sockets())
        .fallback(move |State(app): State<App>, request: Request| async move {
            if ws::asks_for_socket(request.headers()) {
                return ws::unknown_socket(&app, request);
            }
            let (method, path) = (request.method(), request.uri().path());
            let file = files.beside_the_document(method, path, request.headers());
            match file.await {
                Some(file) => file,
                None => unknown.path(&request),
            }
        })
        .method_not_allowed_fallback(move |request: Request| async move { known.method(&request) })
        .layer(from_fn_with_state(app.clone(), envelope))
        .with_state(app)
}

/// The sockets, each with and without a slash at the end: browsers follow no redirect here.
fn sockets() -> Router<App> {
    Router::new()
        .route(EVENT_SOCKET_PATH, any(ws::event_socket))
        .route(&format!("{EVENT_SOCKET_PATH}/"), any(ws::event_socket))
        .route(CHAT_SOCKET_PATH, any(ws::chat_socket))
        .route(&format!("{CHAT_SOCKET_PATH}/"), any(ws::chat_socket))
        .route(ECHO_SOCKET_PATH, any(ws::echo_socket))
        .route(&format!("{ECHO_SOCKET_PATH}/"), any(ws::echo_socket))
}

/// The description of the API, as JSON.
pub(crate) fn openapi() -> String {
    text(&described().1)
}

/// The routes that /openapi.json describes.
fn described() -> (Router<App>, Document) {
    let (router, mut document) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(auth::change_password))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(ws_token::socket_token))
        .routes(routes!(setup::setup))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::change))
        .routes(routes!(sessions::list_of))
        .routes(routes!(sessions::end_of))
        .routes(routes!(items::list, items::create))
        .routes(routes!(items::get, items::change))
        .routes(routes!(orders::list, orders::create))
        .routes(routes!(orders::get, orders::change))
        .routes(routes!(resources::list, resources::create))
        .routes(routes!(resources::get, resources::change))
        .routes(routes!(bookings::list, bookings::create))
        .routes(routes!(bookings::get, bookings::change))
        .routes(routes!(chats::list, chats::create))
        .routes(routes!(chats::get, chats::change))
        .routes(routes!(chats::read))
        .routes(routes!(chats::delivered))
        .routes(routes!(messages::list, messages::create))
        .routes(routes!(messages::edit, messages::delete))
        .routes(routes!(messages::stop))
        .routes(routes!(messages::choose))
        .routes(routes!(notifications::list, notifications::send))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::read_all))
        .routes(routes!(events::list))
        .routes(routes!(bot::settings))
        .routes(routes!(bot::change_faq))
        .routes(routes!(bot::try_out))
        .routes(routes!(configuration::configuration))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(ws::status::ws_status))
        .routes(routes!(ws::status::ws_stats))
        .routes(routes!(ws::presence::presence))
        .routes(routes!(connections::list))
        .routes(routes!(connections::close))
        .routes(routes!(attempts::list))
        .routes(routes!(attempts::connect_check))
        .routes(routes!(diagnose::diagnose))
        .routes(routes!(diagnose::token))
        .routes(routes!(diagnose::ticks))
        .split_for_parts();
    add_common_refusals(&mut document);
    (router, document)
}

fn text(document: &Document) -> String {
    document
        .to_pretty_json()
        .expect("the description is plain data")
        + "\n"
}

/// The paths that there are, and their methods.
struct Known(Vec<(String, Vec<Method>)>);

impl Known {
    fn of(document: &Document) -> Self {
        let described = document.paths.paths.iter();
        let mut known: Vec<_> = described
            .map(|(path, item)| (path.clone(), methods(item)))
            .collect();
        known.extend(
            console::PAGES
                .iter()
                .chain(OTHER_PATHS)
                .map(|path| ((*path).to_owned(), vec![Method::GET])),
        );
        Self(known)
    }

    /// The answer where nothing is.
    fn path(&self, request: &Request) -> Response {
        let path: String = request
            .uri()
            .path()
            .chars()
            .take(COMPARED_MAX_BYTES)
            .collect();
        let problem = match self.nearest(&path) {
            Some(known) => Problem::new(
                ErrorCode::UnknownPath,
                format!("nothing lives at {path}; the nearest known path is {known}"),
            )
            .with("nearest", known),
            None => Problem::new(ErrorCode::UnknownPath, format!("nothing lives at {path}"))
                .with_fix("Look at /docs or /openapi.json for the paths of this server."),
        };
        respond(problem)
    }

    /// The answer where something is, but not for this method. axum adds the header `Allow`.
    fn method(&self, request: &Request) -> Response {
        let template = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str);
        let found = self
            .0
            .iter()
            .find(|(path, _)| Some(path.as_str()) == template);
        let allowed: Vec<&str> = match found {
            Some((_, methods)) => methods.iter().map(Method::as_str).collect(),
            None => vec!["GET"],
        };
        let method: String = request.method().as_str().chars().take(20).collect();
        let (path, list) = (request.uri().path(), allowed.join(", "));
        let detail = format!("{method} is not a method of {path}; allowed are {list}");
        respond(Problem::new(ErrorCode::MethodNotAllowed, detail).with("allowed", allowed))
    }

    /// The known path that was most likely meant: one that ends in what was asked for, or the one
    /// with the fewest other letters.
    fn nearest(&self, path: &str) -> Option<&str> {
        let path = path.trim_end_matches('/');
        let templates = || self.0.iter().map(|(template, _)| template.as_str());
        let whole = templates()
            .map(|template| (words_at_end(template, path), template))
            .filter(|(words, _)| *words > 0)
            .max_by_key(|(words, _)| *words);
        if let Some((_, whole)) = whole {
            return Some(whole);
        }
        let filled: Vec<(String, &str)> = templates()
            .map(|template| (filled(template, path), template))
            .collect();
        let near = nearest(path, filled.iter().map(|(filled, _)| filled.as_str()))?;
        filled
            .iter()
            .find(|(filled, _)| filled == near)
            .map(|(_, template)| *template)
    }
}

/// How many words, ids not counted, the end of a template shares with the whole of a path; 0 if the
/// path is not its end.
fn words_at_end(template: &str, path: &str) -> usize {
    let mut words = 0;
    let mut segments = template.trim_end_matches('/').rsplit('/');
    for asked in path.trim_start_matches('/').rsplit('/') {
        match segments.next() {
            Some(segment) if segment == asked && !segment.is_empty() => words += 1,
            Some(segment) if segment.starts_with('{') && !asked.is_empty() => {}
            Some(_) | None => return 0,
        }
    }
    words
}

/// A template with its ids taken from the same places of a path, counted from the end, so that an
/// id is no difference.
fn filled(template: &str, path: &str) -> String {
    let mut asked: Vec<&str> = path.split('/').collect();
    let mut segments: Vec<&str> = template.split('/').collect();
    asked.reverse();
    segments.reverse();
    for (index, segment) in segments.iter_mut().enumerate() {
        if segment.starts_with('{')
            && let Some(id) = asked.get(index)
        {
            *segment = id;
        }
    }
    segments.reverse();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_path_is_named_whatever_the_id() {
        let known = Known::of(&described().1);
        for (path, expected) in [
            ("/api/v1/order", Some("/api/v1/orders")),
            ("/api/v1/orders/", Some("/api/v1/orders")),
            (
                "/api/v1/order/0190a000-0000-7000-8000-0000000000d1",
                Some("/api/v1/orders/{id}"),
            ),
            ("/orders", Some("/api/v1/orders")),
            ("/auth/login", Some("/api/v1/auth/login")),
            ("/api/v2/auth/login", Some("/api/v1/auth/login")),
            ("/health", Some("/healthz")),
            ("/doc", Some("/docs/")),
            ("/wp-admin/setup-config.php", None),
        ] {
            assert_eq!(known.nearest(path), expected, "{path}");
        }
    }

    #[test]
    fn the_description_has_the_words_as_they_are_sent() {
        let document: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
        let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        assert_eq!(words("Role"), serde_json::json!(protocol::Role::ALL));
        assert_eq!(
            words("OrderStatus"),
            serde_json::json!(protocol::OrderStatus::ALL)
        );
        assert_eq!(
            words("BookingStatus"),
            serde_json::json!(protocol::BookingStatus::ALL)
        );
    }

    #[test]
    fn the_table_of_fields_names_what_each_patch_can_change() {
        let document: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
        let mut described = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let body = &item["patch"]["requestBody"]["content"]["application/json"]["schema"];
            let Some(schema) = body["$ref"].as_str() else {
                continue;
            };
            let schema = document.pointer(schema.trim_start_matches('#')).unwrap();
            let resource = path
                .rsplit('/')
                .find(|part| !part.starts_with('{'))
                .unwrap();
            let resource = resource.trim_end_matches('s').to_owned();
            let fields = schema["properties"].as_object().unwrap().keys();
            let fields = fields.filter(|name| *name != "version");
            described.extend(fields.map(|name| (resource.clone(), name.clone())));
        }
        described.sort();
        let fields = desk::field::FIELDS.iter();
        let mut known: Vec<_> = fields
            .map(|field| (field.resource.to_owned(), field.name.to_owned()))
            .collect();
        known.sort();
        assert_eq!(described, known);
    }

    #[test]
    fn the_description_names_every_route_with_its_refusals() {
        let document: serde_json::Value = serde_json::from_str(&openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let login = &document["paths"]["/api/v1/auth/login"]["post"];
        for status in [
            "200", "400", "401", "403", "413", "415", "429", "500", "503",
        ] {
            let response = &login["responses"][status];
            assert!(response["description"].is_string(), "{status}: {response}");
        }
        assert_eq!(login["security"], serde_json::json!([{}]));
        let problem = &login["responses"]["401"]["content"]["application/problem+json"]["schema"];
        assert_eq!(problem["$ref"], "#/components/schemas/Problem");
        for schema in ["Problem", "Order", "User", "LoginRequest", "FieldError"] {
            assert!(
                document["components"]["schemas"][schema].is_object(),
                "{schema}"
            );
        }
    }
}
