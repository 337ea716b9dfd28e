//! Group D: fetching the token. What the page asks before it connects is named by `token_url`.

use doctor::Options;
use serde_json::json;

use crate::lab::{Lab, Told as _, at, provokes};
use crate::scripted::{Asked, Reply, Scripted, Then, allow_origin, any_echo};

/// The page of these tests.
const PAGE: &str = "http://localhost:5173";

/// An API with a token, a preflight and a socket, all of them right.
fn right(asked: &Asked) -> Reply {
    match (asked.path(), asked.method.as_str()) {
        ("/token", "OPTIONS") => {
            allow_origin(Reply::page("204 No Content", "text/plain", ""), asked)
        }
        ("/token", _) => allow_origin(token(asked), asked),
        _ => any_echo(asked),
    }
}

/// A fresh token each time, and nobody may keep it.
fn token(asked: &Asked) -> Reply {
    Reply::json(&json!({"token": format!("made-for-request-{}", asked.number)}))
        .with("Cache-Control", "no-store")
}

fn page(server: &Scripted) -> Options {
    let mut options = at(server.socket("/ws")).on_page(PAGE);
    options.token_url = Some(server.url("/token"));
    options
}

/// Blames an API whose `/token` answers like this and clears the right one.
async fn judge(lab: &mut Lab, wrong: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
    let server = Scripted::start(move |asked| match asked.path() {
        "/token" => wrong(asked),
        _ => right(asked),
    })
    .await;
    lab.blames(page(&server)).await;
    lab.clears(page(&Scripted::start(right).await)).await;
}

/// The same for the `Set-Cookie` of the right answer.
async fn judge_cookie(lab: &mut Lab, wrong: &'static str, well: &'static str) {
    for (cookie, is_wrong) in [(wrong, true), (well, false)] {
        let server = Scripted::start(move |asked| match asked.path() {
            "/token" => right(asked).with("Set-Cookie", cookie),
            _ => right(asked),
        })
        .await;
        match is_wrong {
            true => lab.blames(page(&server)).await,
            false => lab.clears(page(&server)).await,
        };
    }
}

provokes! {
    "cors.origin" => another_origin_is_allowed,
    "cors.credentials_wildcard" => everybody_is_allowed_and_so_nobody_with_a_cookie,
    "cors.preflight" => the_question_before_the_request_is_refused,
    "cors.error_hides" => an_error_comes_without_the_headers,
    "token.endpoint_unauth" => nobody_is_signed_in,
    "token.cached" => the_token_may_be_kept,
    "cookie.samesite" => the_page_is_another_site,
    "cookie.domain_path" => the_cookie_does_not_reach_the_socket,
    "cookie.third_party" => the_cookie_of_another_site_is_at_the_browsers_mercy,
    "cookie.secure_http" => a_secure_cookie_comes_over_plain_http,
    "cookie.collision" => the_cookie_has_a_name_that_others_use_too,
    "br.lna" => a_page_of_the_internet_asks_this_machine,
    "br.mixed" => an_https_page_opens_a_plain_socket,
}

async fn another_origin_is_allowed(lab: &mut Lab) {
    judge(lab, |asked| {
        token(asked)
            .with("Access-Control-Allow-Origin", "http://localhost:5174")
            .with("Access-Control-Allow-Credentials", "true")
    })
    .await;
    judge(lab, token).await;
}

async fn everybody_is_allowed_and_so_nobody_with_a_cookie(lab: &mut Lab) {
    judge(lab, |asked| {
        token(asked)
            .with("Access-Control-Allow-Origin", "*")
            .with("Access-Control-Allow-Headers", "*")
            .with("Access-Control-Allow-Credentials", "true")
    })
    .await;
}

async fn the_question_before_the_request_is_refused(lab: &mut Lab) {
    judge(lab, |asked| match asked.method.as_str() {
        "OPTIONS" => allow_origin(Reply::html("405 Method Not Allowed"), asked),
        _ => right(asked),
    })
    .await;
    judge(lab, |asked| match asked.method.as_str() {
        "OPTIONS" => Reply::html("200 OK")
            .with("Access-Control-Allow-Origin", PAGE)
            .with("Access-Control-Allow-Credentials", "true")
            .with("Access-Control-Allow-Methods", "GET"),
        _ => right(asked),
    })
    .await;
}

async fn an_error_comes_without_the_headers(lab: &mut Lab) {
    judge(lab, |asked| match asked.method.as_str() {
        "OPTIONS" => right(asked),
        _ => Reply::html("500 Internal Server Error"),
    })
    .await;
}

async fn nobody_is_signed_in(lab: &mut Lab) {
    judge(lab, |asked| match asked.method.as_str() {
        "OPTIONS" => right(asked),
        _ => allow_origin(
            Reply::page(
                "401 Unauthorized",
                "application/json",
                "{\"detail\":\"no session\"}",
            ),
            asked,
        ),
    })
    .await;
}

async fn the_token_may_be_kept(lab: &mut Lab) {
    judge(lab, |asked| match asked.method.as_str() {
        "OPTIONS" => right(asked),
        _ => allow_origin(
            Reply::json(&json!({"token": "always-the-same-one"}))
                .with("Cache-Control", "public, max-age=3600"),
            asked,
        ),
    })
    .await;
}

async fn the_page_is_another_site(lab: &mut Lab) {
    let cookie = |asked: &Asked| match asked.path() {
        "/token" => right(asked).with("Set-Cookie", "desk=1; Path=/; HttpOnly; SameSite=Lax"),
        _ => right(asked),
    };
    let server = Scripted::start(cookie).await;
    lab.blames(page(&server).on_page("http://127.0.0.1:5173"))
        .await;
    lab.clears(page(&server)).await;
}

async fn the_cookie_does_not_reach_the_socket(lab: &mut Lab) {
    judge_cookie(
        lab,
        "desk=1; Path=/token; HttpOnly; SameSite=Lax",
        "desk=1; Path=/; HttpOnly; SameSite=Lax",
    )
    .await;
    judge_cookie(
        lab,
        "desk=1; Path=/; Domain=example.com",
        "desk=1; Path=/; HttpOnly; SameSite=Lax",
    )
    .await;
}

async fn the_cookie_of_another_site_is_at_the_browsers_mercy(lab: &mut Lab) {
    let cookie = |asked: &Asked| match asked.path() {
        "/token" => right(asked).with("Set-Cookie", "desk=1; Path=/; Secure; SameSite=None"),
        _ => right(asked),
    };
    let server = Scripted::start(cookie).await;
    lab.blames(page(&server).on_page("http://127.0.0.1:5173"))
        .await;
    lab.clears(page(&server)).await;
}

async fn a_secure_cookie_comes_over_plain_http(lab: &mut Lab) {
    let own = crate::nobody::own_address();
    let served = |cookie: &'static str| async move {
        let script = move |asked: &Asked| match asked.path() {
            "/token" => right(asked).with("Set-Cookie", cookie),
            _ => right(asked),
        };
        Scripted::start_on(crate::ports::free_port(), &["0.0.0.0"], script).await
    };
    let lan_page = |server: &Scripted| {
        let mut options =
            at(format!("ws://{own}:{}/ws", server.port)).on_page(&format!("http://{own}:5173"));
        options.token_url = Some(format!("http://{own}:{}/token", server.port));
        options
    };
    lab.blames(lan_page(
        &served("desk=1; Path=/; Secure; HttpOnly; SameSite=Lax").await,
    ))
    .await;
    lab.clears(lan_page(
        &served("desk=1; Path=/; HttpOnly; SameSite=Lax").await,
    ))
    .await;
}

/// Ports do not separate cookies: another program on localhost overwrites it.
async fn the_cookie_has_a_name_that_others_use_too(lab: &mut Lab) {
    judge_cookie(
        lab,
        "session=1; Path=/; HttpOnly; SameSite=Lax",
        "desk=1; Path=/; HttpOnly; SameSite=Lax",
    )
    .await;
}

async fn a_page_of_the_internet_asks_this_machine(lab: &mut Lab) {
    let near = Scripted::echo().await;
    lab.blames(at(near.socket("/ws")).on_page("https://shop.example.com"))
        .await;
    lab.clears(at(near.socket("/ws")).on_page(PAGE)).await;
}

async fn an_https_page_opens_a_plain_socket(lab: &mut Lab) {
    let own = crate::nobody::own_address();
    let server = Scripted::start_on(crate::ports::free_port(), &["0.0.0.0"], any_echo).await;
    let socket = format!("ws://{own}:{}/ws", server.port);
    lab.blames(at(&socket).on_page("https://shop.example.com"))
        .await;
    lab.clears(at(&socket).on_page(&format!("http://{own}:5173")))
        .await;
    // Loopback is exempt, as browsers have it.
    let near = Scripted::echo().await;
    lab.clears(at(near.socket("/ws")).on_page("https://localhost:5173"))
        .await;
}

/// What a slow API looks like is no verdict on CORS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_never_answers_is_not_blamed_for_cors() {
    let server = Scripted::start(|asked| match asked.path() {
        "/token" => Reply::nothing(Then::Hold),
        _ => right(asked),
    })
    .await;
    let mut options = page(&server);
    options.timeout = std::time::Duration::from_secs(1);
    let report = crate::lab::examine(&options).await;
    let blamed = report
        .findings
        .iter()
        .any(|finding| finding.id.starts_with("cors."));
    assert!(!blamed, "{}", crate::lab::shown(&report));
}
