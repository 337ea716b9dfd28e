//! Signing up, in and out, passwords and sessions; and how little a guesser learns.

use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, HeaderMap, RETRY_AFTER, SET_COOKIE};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Database, Options, PATIENCE, Server, answer, on_both, whole};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const PASSWORD: &str = "correct horse battery";

/// An account to make.
fn account(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Cleo"})
}

/// A login without a cookie.
fn login(server: &Server, email: &str, password: &str) -> RequestBuilder {
    let body = json!({"email": email, "password": password});
    server.visitor().request(Method::POST, LOGIN).json(&body)
}

/// The same, through a proxy that is trusted, from another address.
fn login_from(server: &Server, address: &str, email: &str, password: &str) -> RequestBuilder {
    login(server, email, password).header("x-forwarded-for", address)
}

fn behind_a_proxy() -> Options {
    Options::demo().with("server.trusted_proxies", "127.0.0.1")
}

/// The cookie of an answer as a browser sends it back.
fn cookie(headers: &HeaderMap) -> String {
    let set = headers[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// What becomes of a request with exactly this cookie.
async fn with_cookie(server: &Server, method: Method, path: &str, cookie: &str) -> StatusCode {
    let request = server
        .visitor()
        .request(method, path)
        .header(COOKIE, cookie);
    answer(request).await.0
}

async fn me_with(server: &Server, cookie: &str) -> StatusCode {
    with_cookie(server, Method::GET, "/api/v1/auth/me", cookie).await
}

/// A fresh cookie of an account.
async fn signed_in(server: &Server, email: &str, password: &str) -> String {
    let (status, headers, body) = whole(login(server, email, password)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    cookie(&headers)
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples[samples.len() / 2]
}

on_both! {
    async fn an_account_is_made_once_and_signs_in_under_any_spelling_of_its_address(database: Database) {
        let server = Server::demo(database);
        let visitor = server.visitor();
        let request = visitor.request(Method::POST, REGISTER).json(&account(" Cleo@Example.COM "));
        let (status, headers, user) = whole(request).await;
        assert_eq!(status, StatusCode::CREATED, "{user}");
        assert_eq!(headers["location"], format!("/api/v1/users/{}", user["id"].as_str().unwrap()));
        assert!(!headers.contains_key(SET_COOKIE), "registering signs nobody in");
        assert_eq!((&user["email"], &user["role"]), (&json!("cleo@example.com"), &json!("customer")));
        assert_eq!(user["disabled"], false);
        let fields: Vec<&String> = user.as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 6, "and nothing of the password: {fields:?}");

        let (status, problem) = visitor.post(REGISTER, account("CLEO@example.com")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("email_taken")));
        let browser = server.sign_in_with("cLEO@example.com", PASSWORD).await;
        assert_eq!(browser.me, user);
    }

    async fn of_many_registrations_of_one_address_one_wins(database: Database) {
        let server = Server::demo(database);
        let visitor = server.visitor();
        let tries = (0..8).map(|_| visitor.post(REGISTER, account("cleo@example.com")));
        let mut statuses: Vec<u16> = futures_util::future::join_all(tries)
            .await
            .iter()
            .map(|(status, _)| status.as_u16())
            .collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    }

    async fn an_address_or_name_with_nul_is_refused_and_no_error_of_ours(database: Database) {
        let server = Server::demo(database);
        for (field, pointer) in [("email", "/email"), ("name", "/name")] {
            let mut body = account("cleo@example.com");
            body[field] = json!(format!("c\0{}", body[field].as_str().unwrap()));
            let (status, problem) = server.visitor().post(REGISTER, body).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        for (email, password) in [("ana\0@test.com", "x"), ("ana@test.com", "test123\0"), ("", "")] {
            let (status, problem) = answer(login(&server, email, password)).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{email:?}: {problem}");
            assert_eq!(problem["code"], "invalid_credentials");
        }
    }

    async fn logout_ends_the_session_here_and_not_only_in_the_browser(database: Database) {
        let server = Server::demo(database);
        let kept = signed_in(&server, "ana@test.com", "test123").await;
        let ended = signed_in(&server, "ana@test.com", "test123").await;
        let request = server.visitor().request(Method::POST, "/api/v1/auth/logout");
        let (status, headers, _) = whole(request.header(COOKIE, &ended)).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let taken_back = headers[SET_COOKIE].to_str().unwrap();
        assert!(taken_back.starts_with("frontdesk_session=;"), "{taken_back}");
        assert!(taken_back.contains("Max-Age=0"), "{taken_back}");

        // The old cookie, replayed.
        for path in ["/api/v1/auth/me", "/api/v1/orders", "/api/v1/auth/ws-token"] {
            let status = with_cookie(&server, Method::GET, path, &ended).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        }
        let again = with_cookie(&server, Method::POST, "/api/v1/auth/logout", &ended).await;
        assert_eq!(again, StatusCode::UNAUTHORIZED);
        assert_eq!(me_with(&server, &kept).await, StatusCode::OK);
    }

    async fn a_login_ends_the_session_that_the_browser_had_and_never_adopts_a_cookie(
        database: Database
    ) {
        let server = Server::demo(database);
        let old = signed_in(&server, "ana@test.com", "test123").await;
        let other = signed_in(&server, "ana@test.com", "test123").await;
        // Also when somebody else signs in there.
        let request = login(&server, "websocket@test.com", "test123").header(COOKIE, &old);
        let (status, headers, _) = whole(request).await;
        assert_eq!(status, StatusCode::OK);
        let new = cookie(&headers);
        assert_ne!(new, old);
        assert_eq!(me_with(&server, &old).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me_with(&server, &new).await, StatusCode::OK);
        assert_eq!(me_with(&server, &other).await, StatusCode::OK, "another browser's session");

        // A secret that an attacker planted is well formed and means nothing, before and after.
        let planted = format!("frontdesk_session={}", "A".repeat(43));
        let request = login(&server, "ana@test.com", "test123").header(COOKIE, &planted);
        let (_, headers, _) = whole(request).await;
        assert_ne!(cookie(&headers), planted);
        assert_eq!(me_with(&server, &planted).await, StatusCode::UNAUTHORIZED);

        // A login that fails changes nothing.
        let request = login(&server, "ana@test.com", "wrong").header(COOKIE, &new);
        assert_eq!(answer(request).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(me_with(&server, &new).await, StatusCode::OK);
    }

    async fn a_new_password_needs_the_old_one_and_gives_the_session_a_new_secret(
        database: Database
    ) {
        let server = Server::demo(database);
        let here = signed_in(&server, "ana@test.com", "test123").await;
        let elsewhere = signed_in(&server, "ana@test.com", "test123").await;
        let change = |cookie: &str, current: &str, new: &str| {
            let body = json!({"current_password": current, "new_password": new});
            let request = server.visitor().request(Method::POST, "/api/v1/auth/password");
            whole(request.header(COOKIE, cookie).json(&body))
        };
        let (status, _, problem) = change(&here, "wrong", PASSWORD).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_credentials")));
        let (status, _, problem) = change(&here, "test123", "short").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["pointer"], "/new_password");
        assert_eq!(me_with(&server, &elsewhere).await, StatusCode::OK, "nothing has changed yet");

        let (status, headers, _) = change(&here, "test123", PASSWORD).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let renewed = cookie(&headers);
        assert_ne!(renewed, here);
        assert_eq!(me_with(&server, &renewed).await, StatusCode::OK);
        for ended in [&here, &elsewhere] {
            assert_eq!(me_with(&server, ended).await, StatusCode::UNAUTHORIZED);
        }
        let (status, _) = answer(login(&server, "ana@test.com", "test123")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer(login(&server, "ana@test.com", PASSWORD)).await.0, StatusCode::OK);
    }

    async fn a_disabled_account_is_told_so_only_after_the_right_password(database: Database) {
        let server = Server::demo(database);
        let admin = server.sign_in("admin@test.com").await;
        let ana = server.sign_in("ana@test.com").await;
        let path = format!("/api/v1/users/{}", ana.id());
        let (status, user) = admin.patch(&path, json!({"disabled": true})).await;
        assert_eq!((status, &user["disabled"]), (StatusCode::OK, &json!(true)));
        assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);

        let nobody = answer(login(&server, "nobody@test.com", "wrong")).await;
        assert_eq!(answer(login(&server, "ana@test.com", "wrong")).await, nobody);
        let (status, headers, problem) = whole(login(&server, "ana@test.com", "test123")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("account_disabled")));
        assert!(!headers.contains_key(SET_COOKIE));

        admin.patch(&path, json!({"disabled": false})).await;
        assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED, "ended is ended");
        assert_eq!(answer(login(&server, "ana@test.com", "test123")).await.0, StatusCode::OK);
    }

    async fn ones_sessions_are_listed_and_ended_by_oneself_or_an_admin(database: Database) {
        let server = Server::demo(database);
        let sign_in_as = |agent: &'static str| {
            whole(login(&server, "ana@test.com", "test123").header("user-agent", agent))
        };
        let laptop = cookie(&sign_in_as("Laptop/1").await.1);
        let phone = cookie(&sign_in_as("Phone/1").await.1);
        let list = async |cookie: &str| {
            let request = server.visitor().request(Method::GET, "/api/v1/auth/sessions");
            let (_, page) = answer(request.header(COOKIE, cookie)).await;
            page["items"].as_array().unwrap().clone()
        };
        let sessions = list(&phone).await;
        let seen: Vec<(&Value, &Value)> =
            sessions.iter().map(|session| (&session["user_agent"], &session["current"])).collect();
        let (phones, laptops) = (json!("Phone/1"), json!("Laptop/1"));
        assert_eq!(seen, [(&phones, &json!(true)), (&laptops, &json!(false))], "the newest first");
        for secret in [&laptop, &phone] {
            let secret = secret.split_once('=').unwrap().1;
            assert!(!json!(sessions).to_string().contains(secret), "no secret is listed");
        }

        let path = |session: &Value| {
            format!("/api/v1/auth/sessions/{}", session["id"].as_str().unwrap())
        };
        let eve = server.sign_in("websocket@test.com").await;
        let none = format!("/api/v1/auth/sessions/{}", uuid::Uuid::now_v7());
        let foreign = eve.delete(&path(&sessions[1])).await;
        assert_eq!(foreign.0, StatusCode::NOT_FOUND);
        assert_eq!(foreign, eve.delete(&none).await, "a stranger's session and none look the same");
        assert_eq!(foreign, eve.delete("/api/v1/auth/sessions/7").await);

        let ended = with_cookie(&server, Method::DELETE, &path(&sessions[1]), &phone).await;
        assert_eq!(ended, StatusCode::NO_CONTENT);
        assert_eq!(me_with(&server, &laptop).await, StatusCode::UNAUTHORIZED);
        assert_eq!(list(&phone).await.len(), 1);

        let admin = server.sign_in("admin@test.com").await;
        assert_eq!(admin.delete(&path(&sessions[0])).await.0, StatusCode::NO_CONTENT);
        assert_eq!(me_with(&server, &phone).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn nobody_registers_with_a_role_an_id_or_a_flag() {
    let server = Server::demo(Database::Sqlite);
    for (field, value) in [
        ("role", json!("admin")),
        ("id", json!(uuid::Uuid::now_v7())),
        ("disabled", json!(false)),
        ("verified", json!(true)),
        ("created_at", json!("2020-01-01T00:00:00.000Z")),
        ("password_hash", json!("x")),
    ] {
        let mut body = account("cleo@example.com");
        body[field] = value;
        let (status, problem) = server.visitor().post(REGISTER, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{field}: {problem}");
        assert_eq!(problem["code"], "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    let (status, _) = answer(login(&server, "cleo@example.com", PASSWORD)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "no account was made");
}

#[tokio::test]
async fn addresses_names_and_passwords_have_rules_and_all_faults_are_told_together() {
    let server = Server::demo(Database::Sqlite);
    let long = "x".repeat(1_025);
    let cases: &[(&str, &str, &str)] = &[
        ("email", "cleo", "/email"),
        ("email", "a b@example.com", "/email"),
        ("email", "", "/email"),
        ("name", "", "/name"),
        ("name", "  ", "/name"),
        ("name", "a\nb", "/name"),
        ("password", "seven77", "/password"),
        ("password", "", "/password"),
        ("password", "password123", "/password"),
        ("password", "PassWord123", "/password"),
        ("password", &long, "/password"),
    ];
    for (field, value, pointer) in cases {
        let mut body = account("cleo@example.com");
        body[*field] = json!(value);
        let (status, problem) = server.visitor().post(REGISTER, body).await;
        assert_eq!(
            status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field}: {problem}"
        );
        assert_eq!(problem["code"], "validation_failed");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], *pointer);
        if *field == "password" && !value.is_empty() {
            assert!(
                !problem.to_string().contains(value),
                "the password is not repeated"
            );
        }
    }
    let all = json!({"email": "", "password": "", "name": ""});
    let (_, problem) = server.visitor().post(REGISTER, all).await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
}

#[tokio::test]
async fn a_password_is_taken_as_it_is_and_every_byte_of_it_counts() {
    let server = Server::demo(Database::Sqlite);
    let longest = format!("{}x", "ä".repeat(511)) + "y";
    assert_eq!(longest.len(), 1_024);
    let passwords = [
        "eight ch",
        " Two Spaces ",
        "Пароль из слов 🔑🔑",
        &"long ".repeat(20),
        &longest,
    ];
    for (number, password) in passwords.iter().enumerate() {
        let email = format!("cleo{number}@example.com");
        let mut body = account(&email);
        body["password"] = json!(password);
        let (status, answer_body) = server.visitor().post(REGISTER, body).await;
        assert_eq!(status, StatusCode::CREATED, "{password:?}: {answer_body}");
        assert_eq!(
            answer(login(&server, &email, password)).await.0,
            StatusCode::OK,
            "{password:?}"
        );
        let mut shorter = (*password).to_owned();
        shorter.pop();
        for wrong in [password.to_uppercase(), format!("{password} "), shorter] {
            let (status, _) = answer(login(&server, &email, &wrong)).await;
            assert_eq!(
                status,
                StatusCode::UNAUTHORIZED,
                "{wrong:?} for {password:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_account_and_a_wrong_password_cannot_be_told_apart() {
    let server = Server::start(Database::Sqlite, behind_a_proxy());
    let told = async |email: &str, address: String| {
        // A new client reads the certificates it trusts: that is not what is timed.
        let request = login_from(&server, &address, email, "a wrong password");
        let began = Instant::now();
        let (status, mut headers, body) = whole(request).await;
        let took = began.elapsed();
        for differs in ["date", "x-request-id"] {
            headers.remove(differs);
        }
        (took, (status, headers, body))
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for sample in 0..30 {
        let (took, one) = told("ana@test.com", format!("203.0.113.{sample}")).await;
        known.push(took);
        let (took, other) = told("nobody@test.com", format!("198.51.100.{sample}")).await;
        unknown.push(took);
        assert_eq!(one.0, StatusCode::UNAUTHORIZED);
        assert_eq!(one, other, "status, headers and body are the same");
    }
    let (known, unknown) = (median(known), median(unknown));
    let (less, more) = (known.min(unknown), known.max(unknown));
    assert!(more < less * 2, "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn a_password_over_the_limit_is_refused_without_hashing_it() {
    let server = Server::start(Database::Sqlite, behind_a_proxy());
    let long = "x".repeat(1_025);
    let (mut hashed, mut refused) = (Vec::new(), Vec::new());
    for sample in 0..7 {
        for (password, took) in [("wrong", &mut hashed), (long.as_str(), &mut refused)] {
            let address = format!("203.0.113.{sample}");
            let request = login_from(&server, &address, "ana@test.com", password);
            let began = Instant::now();
            let (status, problem) = answer(request).await;
            took.push(began.elapsed());
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::UNAUTHORIZED, &json!("invalid_credentials"))
            );
        }
    }
    // The quickest of each: a machine that is busy with other tests only makes both slower.
    let (hashed, refused) = (hashed.iter().min().unwrap(), refused.iter().min().unwrap());
    assert!(
        *refused < *hashed / 2,
        "a hash takes {hashed:?}, the refusal {refused:?}"
    );
}

#[tokio::test]
async fn after_ten_failures_an_address_waits_while_the_owner_signs_in_elsewhere() {
    let server = Server::start(Database::Sqlite, behind_a_proxy());
    let (attacker, home) = ("203.0.113.7", "198.51.100.7");
    for attempt in 0..10 {
        let guess = format!("guess {attempt}");
        let (status, _) = answer(login_from(&server, attacker, "ana@test.com", &guess)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "failure {attempt}");
    }
    // Upper case is the same account, and the right password is not looked at.
    for (email, password) in [("ana@test.com", "guess"), ("ANA@test.com", "test123")] {
        let (status, headers, problem) =
            whole(login_from(&server, attacker, email, password)).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited"))
        );
        let seconds: u64 = headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&seconds), "{seconds}");
        assert_eq!(problem["retry_after_seconds"], seconds);
    }
    let spoofed = format!("{home}, {attacker}");
    let (status, _) = answer(login_from(&server, &spoofed, "ana@test.com", "test123")).await;
    assert_eq!(
        status,
        StatusCode::TOO_MANY_REQUESTS,
        "what the client wrote itself is not believed"
    );
    let (status, _) = answer(login_from(&server, home, "ana@test.com", "test123")).await;
    assert_eq!(status, StatusCode::OK, "the owner, elsewhere");
    let (status, _) = answer(login_from(&server, attacker, "staff@test.com", "test123")).await;
    assert_eq!(
        status,
        StatusCode::OK,
        "another account from the same address"
    );
    // An account that does not exist is throttled just the same.
    for _ in 0..10 {
        answer(login_from(&server, attacker, "nobody@test.com", "guess")).await;
    }
    let (status, _) = answer(login_from(&server, attacker, "nobody@test.com", "guess")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_counted_all_the_same() {
    let server = Server::start(Database::Sqlite, behind_a_proxy());
    let count = |answers: &[(StatusCode, Value)], wanted: u16| {
        answers
            .iter()
            .filter(|(status, _)| status.as_u16() == wanted)
            .count()
    };
    let guesses = (0..30).map(|number| {
        let guess = format!("guess {number}");
        answer(login_from(&server, "203.0.113.7", "ana@test.com", &guess))
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(
        (count(&answers, 401), count(&answers, 429)),
        (10, 20),
        "{answers:?}"
    );

    // A hundred accounts from one address, and then none any more; elsewhere all is well.
    for round in 0..5 {
        let guesses = (0..20).map(|number| {
            let email = format!("cleo{round}.{number}@test.com");
            answer(login_from(&server, "198.51.100.7", &email, "guess"))
        });
        let answers = futures_util::future::join_all(guesses).await;
        assert_eq!(count(&answers, 401), 20, "round {round}: {answers:?}");
    }
    let (status, _) = answer(login_from(
        &server,
        "198.51.100.7",
        "staff@test.com",
        "test123",
    ))
    .await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let (status, _) = answer(login_from(
        &server,
        "198.51.100.8",
        "staff@test.com",
        "test123",
    ))
    .await;
    assert_eq!(status, StatusCode::OK);
}

/// Memory of a process that is in RAM: now, or the most there ever was.
fn memory_mib(pid: u32, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(which)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1_024
}

#[tokio::test]
async fn two_hundred_logins_at_once_cost_bounded_memory_and_hold_up_nobody() {
    let server = Server::start(Database::Sqlite, behind_a_proxy());
    let ana = server.sign_in("ana@test.com").await;
    let before = memory_mib(server.pid(), "VmRSS");
    let storm = futures_util::future::join_all((0..200).map(|number| {
        let address = format!("203.0.113.{number}");
        whole(login_from(&server, &address, "nobody@test.com", "guess"))
    }));
    let others = async {
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::OK);
            assert!(
                asked.elapsed() < Duration::from_secs(2),
                "{:?}",
                asked.elapsed()
            );
        }
    };
    let (answers, ()) = tokio::join!(storm, others);
    for (status, headers, problem) in &answers {
        match status.as_u16() {
            401 => assert_eq!(problem["code"], "invalid_credentials"),
            503 => {
                assert_eq!(problem["code"], "overloaded");
                assert!(headers.contains_key(RETRY_AFTER));
            }
            _ => panic!("{status}: {problem}"),
        }
    }
    let most = memory_mib(server.pid(), "VmHWM");
    assert!(
        most < before + 256,
        "{before} MiB before, {most} MiB at most"
    );
    let (status, _) = answer(login(&server, "ana@test.com", "test123")).await;
    assert_eq!(status, StatusCode::OK, "and then all is as before");
}

#[tokio::test]
async fn no_password_cookie_or_note_stands_in_the_log() {
    let server = Server::demo(Database::Sqlite);
    let item = server.item().await;
    let cleo = server.customer("cleo").await;
    let cookie = signed_in(&server, cleo.me["email"].as_str().unwrap(), PASSWORD).await;
    assert_eq!(me_with(&server, &cookie).await, StatusCode::OK);
    cleo.order(&item, "canary-note").await;
    let new = "canary horse battery";
    let body = json!({"current_password": PASSWORD, "new_password": new});
    assert!(
        cleo.post("/api/v1/auth/password", body)
            .await
            .0
            .is_success()
    );
    answer(login(&server, "canary@example.com", "canary guess")).await;
    cleo.get("/api/v1/orders?cursor=canary-query").await;
    cleo.post("/api/v1/orders", json!({"lines": "canary-line"}))
        .await;

    let mut said = String::new();
    let began = Instant::now();
    cleo.get("/the-last-request").await;
    while !said.contains("/the-last-request") {
        assert!(began.elapsed() < PATIENCE, "{said}");
        said += &server.said();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let secret = cookie.split_once('=').unwrap().1;
    for hidden in [PASSWORD, "canary", secret, "argon2"] {
        assert!(!said.contains(hidden), "{hidden} is in the log");
    }
    for told in [
        "an account was registered",
        "signed in",
        "a login failed",
        "password was changed",
    ] {
        assert!(said.contains(told), "{told:?} is missing in the log");
    }
    assert!(said.contains(cleo.id()), "whose account it was");
}

#[tokio::test]
async fn without_a_trusted_proxy_no_forwarding_header_changes_the_address() {
    let server = Server::demo(Database::Sqlite);
    for attempt in 0..10 {
        let address = format!("203.0.113.{attempt}");
        let (status, _) = answer(login_from(&server, &address, "ana@test.com", "guess")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    for header in ["x-forwarded-for", "x-real-ip", "forwarded"] {
        let request = login(&server, "ana@test.com", "test123").header(header, "for=198.51.100.7");
        assert_eq!(
            answer(request).await.0,
            StatusCode::TOO_MANY_REQUESTS,
            "{header}"
        );
    }
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled_like_a_login() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        let body = json!({"current_password": "guess", "new_password": PASSWORD});
        statuses.push(ana.post("/api/v1/auth/password", body).await.0.as_u16());
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10], 429);
    assert_eq!(
        ana.get("/api/v1/auth/me").await.0,
        StatusCode::OK,
        "the session lives on"
    );
}

#[tokio::test]
async fn registrations_of_one_address_are_bounded_and_can_be_closed() {
    let mut server = Server::start(Database::Sqlite, behind_a_proxy());
    let register = async |server: &Server, number: u32, address: &str| {
        let visitor = server.visitor();
        let request = visitor.request(Method::POST, REGISTER);
        let request = request.header("x-forwarded-for", address);
        whole(request.json(&account(&format!("cleo{number}@example.com")))).await
    };
    for number in 0..10 {
        assert_eq!(
            register(&server, number, "203.0.113.7").await.0,
            StatusCode::CREATED
        );
    }
    let (status, headers, problem) = register(&server, 10, "203.0.113.7").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited"))
    );
    assert!(headers.contains_key(RETRY_AFTER));
    assert_eq!(
        register(&server, 10, "198.51.100.7").await.0,
        StatusCode::CREATED
    );

    server.kill();
    server.set("auth.registration", "closed");
    server.start_again();
    let (status, problem) = server
        .visitor()
        .post(REGISTER, account("cleo@example.com"))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("registration_closed"))
    );
}

/// Name, value and attributes of the cookie.
fn parts(headers: &HeaderMap) -> (String, String, Vec<String>) {
    assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 1);
    let set = headers[SET_COOKIE].to_str().unwrap();
    let mut parts = set.split("; ").map(str::to_owned);
    let first = parts.next().unwrap();
    let (name, value) = first.split_once('=').unwrap();
    let mut attributes: Vec<String> = parts.collect();
    attributes.sort_unstable();
    (name.to_owned(), value.to_owned(), attributes)
}

#[tokio::test]
async fn the_cookie_of_a_developers_machine_has_no_secure_and_everything_else() {
    let server = Server::demo(Database::Sqlite);
    let (_, headers, _) = whole(login(&server, "ana@test.com", "test123")).await;
    let (name, value, attributes) = parts(&headers);
    assert_eq!(name, "frontdesk_session");
    assert!(value.len() >= 43, "256 bits");
    assert_eq!(
        attributes,
        ["HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=Lax"]
    );
    assert_eq!(headers["cache-control"], "no-store");

    // Through a proxy, or under another name, it is no developer's machine.
    for (header, value) in [("x-forwarded-proto", "https"), ("host", "desk.lan:8000")] {
        let request = login(&server, "ana@test.com", "test123").header(header, value);
        let (status, headers, _) = whole(request).await;
        assert_eq!(status, StatusCode::OK);
        let (name, _, attributes) = parts(&headers);
        assert_eq!(name, "__Host-frontdesk_session", "{header}");
        assert!(attributes.contains(&"Secure".to_owned()));
    }
}

#[tokio::test]
async fn with_https_the_cookie_has_its_prefix_and_no_other_is_taken() {
    let options = Options::empty()
        .with("server.public_url", "https://desk.example.com")
        .with("auth.session_max_days", 30);
    let server = Server::start(Database::Sqlite, options);
    let (status, _) = server
        .visitor()
        .post(REGISTER, account("cleo@example.com"))
        .await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, headers, _) = whole(login(&server, "cleo@example.com", PASSWORD)).await;
    assert_eq!(status, StatusCode::OK);
    let (name, secret, attributes) = parts(&headers);
    assert_eq!(name, "__Host-frontdesk_session");
    assert_eq!(
        attributes,
        [
            "HttpOnly",
            "Max-Age=2592000",
            "Path=/",
            "SameSite=Lax",
            "Secure"
        ]
    );
    assert_eq!(headers["strict-transport-security"], "max-age=31536000");

    assert_eq!(
        me_with(&server, &format!("{name}={secret}")).await,
        StatusCode::OK
    );
    for other in ["frontdesk_session", "__host-frontdesk_session", "session"] {
        let status = me_with(&server, &format!("{other}={secret}")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{other}");
    }
    // A socket token is no cookie, and no bearer of anything in REST.
    let request = server
        .visitor()
        .request(Method::GET, "/api/v1/auth/ws-token");
    let (_, answered) = answer(request.header(COOKIE, format!("{name}={secret}"))).await;
    let token = answered["token"].as_str().unwrap();
    assert_eq!(answered["ws_url"], "wss://desk.example.com/api/v1/ws");
    assert_eq!(
        me_with(&server, &format!("{name}={token}")).await,
        StatusCode::UNAUTHORIZED
    );
    let request = server
        .visitor()
        .request(Method::GET, "/api/v1/auth/me")
        .bearer_auth(token);
    assert_eq!(answer(request).await.0, StatusCode::UNAUTHORIZED);
}
