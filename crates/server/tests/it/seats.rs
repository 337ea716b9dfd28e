//! Two people in one browser, in a demo; nowhere else.

use reqwest::header::{HeaderMap, HeaderValue, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, Server, answer, whole};
use crate::socket::Socket;

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";

/// A request of one browser, from a seat.
fn at(browser: &Browser, seat: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
    browser.request(method, path).header("Frontdesk-Seat", seat)
}

async fn sign_in(browser: &Browser, seat: &str, email: &str) -> HeaderMap {
    let body = json!({"email": email, "password": "test123"});
    let request = at(browser, seat, Method::POST, LOGIN).json(&body);
    let (status, headers, user) = whole(request).await;
    assert_eq!(status, StatusCode::OK, "{user}");
    headers
}

async fn email_at(browser: &Browser, seat: &str) -> (StatusCode, Value) {
    let (status, body) = answer(at(browser, seat, Method::GET, ME)).await;
    (status, body["email"].clone())
}

fn cookie(headers: &HeaderMap) -> &str {
    headers["set-cookie"].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_seats_of_one_browser_are_two_people_who_share_nothing() {
    let server = Server::demo(Database::Sqlite);
    let browser = server.visitor();
    let left = sign_in(&browser, "left", "websocket@test.com").await;
    assert!(
        cookie(&left).starts_with("frontdesk_session_left="),
        "{left:?}"
    );
    assert!(cookie(&left).contains("HttpOnly; SameSite=Lax"), "{left:?}");
    let right = sign_in(&browser, "right", "staff@test.com").await;
    assert!(
        cookie(&right).starts_with("frontdesk_session_right="),
        "{right:?}"
    );

    // The browser sends both cookies each time; the seat alone decides.
    assert_eq!(email_at(&browser, "left").await.1, "websocket@test.com");
    assert_eq!(email_at(&browser, "right").await.1, "staff@test.com");
    assert_eq!(
        email_at(&browser, "third").await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(browser.get(ME).await.0, StatusCode::UNAUTHORIZED);
    let (status, problem) = answer(at(&browser, "third", Method::GET, ME)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("frontdesk_session_third"),
        "{problem}"
    );
    for (seat, status) in [("left", 403), ("right", 200)] {
        let request = at(&browser, seat, Method::GET, "/api/v1/ws/stats");
        assert_eq!(answer(request).await.0.as_u16(), status, "{seat}");
    }

    // Each has a socket of their own, and signing one out leaves the other.
    let mut sockets = Vec::new();
    for (seat, role) in [("left", "customer"), ("right", "staff")] {
        let request = at(&browser, seat, Method::GET, "/api/v1/auth/ws-token");
        let (_, token) = answer(request).await;
        let token = token["token"].as_str().unwrap();
        let mut socket = Socket::open(&server.ws(&format!("/api/v1/ws?token={token}"))).await;
        socket.welcome().await;
        assert_eq!(socket.welcomed["user"]["role"], role);
        sockets.push(socket);
    }
    let (status, headers, _) =
        whole(at(&browser, "left", Method::POST, "/api/v1/auth/logout")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(
        cookie(&headers).starts_with("frontdesk_session_left=;"),
        "{headers:?}"
    );
    assert_eq!(sockets[0].closed().await.0, 4505);
    assert_eq!(
        sockets[1].ask(&json!({"type": "ping", "id": 1})).await["type"],
        "reply"
    );
    assert_eq!(email_at(&browser, "left").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(email_at(&browser, "right").await.1, "staff@test.com");

    // Signing in without a seat ends neither, and is no seat's.
    let body = json!({"email": "ana@test.com", "password": "test123"});
    assert_eq!(browser.post(LOGIN, body).await.0, StatusCode::OK);
    assert_eq!(browser.get(ME).await.1["email"], "ana@test.com");
    assert_eq!(email_at(&browser, "right").await.1, "staff@test.com");
    assert_eq!(email_at(&browser, "left").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_changes_nothing_about_who_may_ask_from_where() {
    let server = Server::demo(Database::Sqlite);
    let browser = server.visitor();
    sign_in(&browser, "left", "websocket@test.com").await;
    let post = |origin: &'static str| {
        at(&browser, "left", Method::POST, "/api/v1/chats")
            .header(ORIGIN, HeaderValue::from_static(origin))
            .json(&json!({}))
    };
    let (status, problem) = answer(post("https://evil.example")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("origin_denied"))
    );
    let (status, chat) = answer(post("http://localhost:5174")).await;
    assert_eq!(status, StatusCode::CREATED, "{chat}");
    let preflight = browser
        .request(Method::OPTIONS, ME)
        .header(ORIGIN, "http://localhost:5174")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "frontdesk-seat");
    let (_, headers, _) = whole(preflight).await;
    let allowed = headers["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("frontdesk-seat"), "{allowed}");
    for seat in ["", "Left", "a b", "left;x=1", "abcdefghijklmnopq"] {
        let (status, problem) = answer(at(&browser, seat, Method::GET, ME)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{seat}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("1 to 16 letters"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_demo_a_seat_is_refused_and_nothing_tells_of_one() {
    let server = Server::start(Database::Sqlite, Options::empty());
    let visitor = server.visitor();
    for (method, path) in [
        (Method::POST, LOGIN),
        (Method::GET, ME),
        (Method::GET, "/healthz"),
    ] {
        let request = at(&visitor, "left", method, path).json(&json!({}));
        let (status, headers, problem) = whole(request).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {problem}");
        assert_eq!(problem["code"], "invalid_request");
        assert!(
            problem["detail"].as_str().unwrap().contains("--demo"),
            "{problem}"
        );
        assert!(!headers.contains_key("set-cookie"), "{headers:?}");
    }
    let (_, status) = visitor.get("/ws/status").await;
    assert!(status.get("demo").is_none(), "{status}");
    let demo = Server::demo(Database::Sqlite);
    assert_eq!(demo.visitor().get("/ws/status").await.1["demo"], true);
}
