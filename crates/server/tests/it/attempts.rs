//! What the server can say of an attempt to connect, of a request and of a token.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, PATIENCE, Server, answer, whole};
use crate::socket::Socket;

const EVIL: &str = "https://evil.example";

/// What staff and what anyone is told of an attempt, once it has failed.
async fn told(staff: &Browser, attempt: &str) -> (Value, Value) {
    let began = Instant::now();
    let listed = loop {
        let (status, page) = staff.get("/api/v1/ws/attempts").await;
        assert_eq!(
            (status, &page["next_cursor"]),
            (StatusCode::OK, &Value::Null),
            "{page}"
        );
        let items = page["items"].as_array().unwrap();
        if let Some(found) = items.iter().find(|item| item["attempt"] == attempt) {
            break found.clone();
        }
        assert!(
            began.elapsed() < PATIENCE,
            "{attempt} is not listed: {page}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    (listed, check(staff, attempt).await)
}

async fn check(browser: &Browser, attempt: &str) -> Value {
    let path = format!("/api/v1/connect-check/{attempt}");
    let request = browser.request(Method::GET, &path).header(ORIGIN, EVIL);
    let (status, headers, body) = whole(request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    body
}

/// Compares what is told of a failed attempt: the code, the word before the reason's colon, and one
/// of the things that were compared.
async fn expect(
    staff: &Browser,
    attempt: &str,
    (code, word): (u16, &str),
    (name, expected, found): (&str, &str, &str),
) -> Value {
    let (listed, check) = told(staff, attempt).await;
    let context = format!("{attempt}: {listed} {check}");
    assert_eq!(listed["outcome"], "refused", "{context}");
    assert_eq!(listed["code"], code, "{context}");
    assert_eq!(listed["address"], "127.0.0.1", "{context}");
    assert!(
        listed["path"].as_str().unwrap().starts_with('/'),
        "{context}"
    );
    let compared = &listed["compared"][name];
    assert!(
        compared["expected"]
            .as_str()
            .unwrap_or_default()
            .contains(expected),
        "{context}"
    );
    assert!(
        compared["found"]
            .as_str()
            .unwrap_or_default()
            .contains(found),
        "{context}"
    );
    let reason = check["reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!("{word}: ")) && reason.len() > word.len() + 4,
        "{context}"
    );
    assert!(check["fix"].as_str().unwrap().len() > 10, "{context}");
    let mut fields: Vec<&str> = check
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["at", "cause", "code", "fix", "outcome", "reason", "seen"]
    );
    assert_eq!(check["seen"], true);
    for field in ["at", "outcome", "code", "reason", "fix", "cause"] {
        assert_eq!(check[field], listed[field], "{context}");
    }
    listed
}

/// Opens a socket that is closed, with `attempt` behind what stands in the query already.
async fn closed(server: &Server, path: &str, attempt: &str, code: u16) {
    let sign = if path.contains('?') { '&' } else { '?' };
    let url = server.ws(&format!("{path}{sign}attempt={attempt}"));
    assert_eq!(Socket::open(&url).await.closed().await.0, code, "{attempt}");
}

#[tokio::test]
async fn each_refusal_says_what_was_compared_in_one_line_and_never_a_token() {
    let server = Server::demo(Database::Sqlite);
    let staff = server.sign_in("staff@test.com").await;
    let token = server.sign_in("ana@test.com").await.token().await;
    let real = "a token of three parts";

    closed(&server, "/api/v1/ws?token=", "t-empty", 4501).await;
    expect(
        &staff,
        "t-empty",
        (4501, "token_missing"),
        ("token", real, "nothing"),
    )
    .await;

    closed(&server, "/api/v1/ws?token=undefined", "t-word", 4502).await;
    let listed = expect(
        &staff,
        "t-word",
        (4502, "token_malformed"),
        ("token", real, "`undefined`"),
    )
    .await;
    assert_eq!(listed["cause"], "auth.placeholder");

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let spoiled = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    closed(
        &server,
        &format!("/api/v1/ws?token={spoiled}"),
        "t-signature",
        4503,
    )
    .await;
    let listed = expect(
        &staff,
        "t-signature",
        (4503, "token_invalid"),
        ("signature", "", ""),
    )
    .await;
    assert_eq!(listed["origin"], Value::Null);
    assert_eq!(listed["cause"], "auth.signature");
    let cut = &token[..token.len() - 7];
    closed(&server, &format!("/api/v1/ws?token={cut}"), "t-cut", 4502).await;
    expect(
        &staff,
        "t-cut",
        (4502, "token_malformed"),
        ("token", real, "cut"),
    )
    .await;

    let mut ben = server.customer("ben").await;
    let ended = ben.token().await;
    assert!(
        ben.post("/api/v1/auth/logout", json!({}))
            .await
            .0
            .is_success()
    );
    let mut socket = Socket::open(&server.ws("/api/v1/ws?attempt=t-session")).await;
    socket
        .send(&json!({"type": "connect", "token": ended}))
        .await;
    assert_eq!(socket.closed().await.0, 4505);
    expect(
        &staff,
        "t-session",
        (4505, "session_ended"),
        ("session", "live", "ended"),
    )
    .await;

    ben = server.customer("ben").await;
    let disabled = ben.token().await;
    let admin = server.sign_in("admin@test.com").await;
    let path = format!("/api/v1/users/{}", ben.id());
    assert_eq!(
        admin.patch(&path, json!({"disabled": true})).await.0,
        StatusCode::OK
    );
    closed(
        &server,
        &format!("/api/v1/ws?token={disabled}"),
        "t-account",
        4506,
    )
    .await;
    let account = ("account", "enabled", "disabled");
    expect(&staff, "t-account", (4506, "account_disabled"), account).await;

    closed(&server, "/socket.io/", "t-path", 4511).await;
    expect(
        &staff,
        "t-path",
        (4511, "unknown_path"),
        ("path", "/api/v1/ws", "/socket.io/"),
    )
    .await;
    closed(&server, &format!("/api/v1/ws/{token}"), "t-in-path", 4511).await;
    let listed = expect(
        &staff,
        "t-in-path",
        (4511, "unknown_path"),
        ("path", "/api/v1/ws", "/…"),
    )
    .await;
    assert_eq!(listed["path"], "/api/v1/ws/…");

    closed(&server, "/api/v1/ws?protocol=2", "t-version", 4512).await;
    expect(
        &staff,
        "t-version",
        (4512, "unsupported_version"),
        ("protocol", "1", "2"),
    )
    .await;
    let headers = [("sec-websocket-protocol", "graphql-ws")];
    let url = server.ws("/api/v1/ws?attempt=t-subprotocol");
    assert_eq!(
        Socket::try_open(&url, &headers)
            .await
            .unwrap()
            .closed()
            .await
            .0,
        4512
    );
    let compared = ("subprotocol", "none", "graphql-ws");
    expect(
        &staff,
        "t-subprotocol",
        (4512, "unsupported_version"),
        compared,
    )
    .await;

    let url = server.ws(&format!("/api/v1/ws?token={token}&attempt=t-origin"));
    assert_eq!(Socket::refused(&url, &[("origin", EVIL)]).await.0, 403);
    let compared = ("origin", "http://localhost:<any port>", EVIL);
    let listed = expect(&staff, "t-origin", (403, "origin_denied"), compared).await;
    assert_eq!(listed["origin"], EVIL);
    assert_eq!(listed["cause"], "origin.denied");
    assert_eq!(
        listed["compared"]["host"]["found"],
        server.address.to_string()
    );
    assert_eq!(listed["compared"]["forwarding_headers"]["found"], "none");
    let told = check(&staff, "t-origin").await.to_string();
    assert!(
        told.contains(EVIL) && !told.contains("localhost"),
        "the list is for staff: {told}"
    );
    let proxied = [
        ("origin", "http://localhost:5174"),
        ("x-forwarded-proto", "https"),
    ];
    let url = server.ws("/api/v1/ws?attempt=t-proxy");
    assert_eq!(Socket::refused(&url, &proxied).await.0, 403);
    let compared = ("forwarding_headers", "", "x-forwarded-proto");
    expect(&staff, "t-proxy", (403, "origin_denied"), compared).await;

    let plain = server
        .visitor()
        .request(Method::GET, "/api/v1/ws?attempt=t-plain");
    assert_eq!(
        answer(plain.header("connection", "close")).await.0,
        StatusCode::UPGRADE_REQUIRED
    );
    let upgrade = (426, "upgrade_required");
    expect(
        &staff,
        "t-plain",
        upgrade,
        ("upgrade", "websocket", "nothing"),
    )
    .await;
    expect(
        &staff,
        "t-plain",
        upgrade,
        ("connection", "Upgrade", "close"),
    )
    .await;
    expect(
        &staff,
        "t-plain",
        upgrade,
        ("http_version", "HTTP/1.1", "HTTP/1.1"),
    )
    .await;
    let old = server
        .visitor()
        .request(Method::GET, "/api/v1/ws?attempt=t-old");
    let old = old
        .header("connection", "Upgrade")
        .header("upgrade", "websocket");
    let (status, _) = answer(old.header("sec-websocket-version", "8")).await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    expect(
        &staff,
        "t-old",
        upgrade,
        ("sec_websocket_version", "13", "8"),
    )
    .await;
    let (status, _) = server
        .visitor()
        .post("/api/v1/ws?attempt=t-post", json!({}))
        .await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    expect(
        &staff,
        "t-post",
        (405, "method_not_allowed"),
        ("method", "GET", "POST"),
    )
    .await;

    let page = staff.get("/api/v1/ws/attempts").await.1;
    let attempts: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["attempt"].as_str().unwrap())
        .collect();
    assert_eq!(
        (attempts[0], attempts[attempts.len() - 1]),
        ("t-post", "t-empty"),
        "newest first"
    );
    let mut told = page.to_string();
    for attempt in &attempts {
        told += &check(&server.visitor(), attempt).await.to_string();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let said = server.said();
    for attempt in attempts {
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| line.contains(&format!("\"{attempt}\"")))
            .collect();
        assert_eq!(lines.len(), 1, "{attempt}: {lines:?}");
        assert!(
            lines[0].contains("expected") && lines[0].contains("found"),
            "{}",
            lines[0]
        );
    }
    for secret in [&token, &spoiled, &ended, &disabled] {
        for part in secret.split('.').filter(|part| part.len() > 30) {
            assert!(!told.contains(part), "a part of a token is told: {told}");
            assert!(
                !said.contains(&part[..20]),
                "a part of a token is in the log: {said}"
            );
        }
        // Every token begins with the same header, so the payload and the signature count.
        let payload = secret.split('.').nth(1).unwrap();
        assert!(!told.contains(&payload[payload.len() - 20..]));
    }
}

#[tokio::test]
async fn a_socket_without_a_token_and_one_with_an_old_token_say_so() {
    let server = Server::demo(Database::Sqlite);
    let staff = server.sign_in("staff@test.com").await;
    let token = server.run(
        &["token", "mint", "--email", "ana@test.com", "--seconds", "1"],
        "",
    );
    closed(&server, "/api/v1/ws", "t-late", 4501).await;
    let compared = ("token", "within 5 s", "no token came");
    expect(&staff, "t-late", (4501, "token_missing"), compared).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    closed(
        &server,
        &format!("/api/v1/ws?token={}", token.trim()),
        "t-old",
        4100,
    )
    .await;
    expect(
        &staff,
        "t-old",
        (4100, "token_expired"),
        ("exp", "5 s", " s ago"),
    )
    .await;

    // Whoever goes by itself was not refused.
    let mut socket = Socket::open(&server.ws("/api/v1/ws?attempt=t-gone")).await;
    socket.stream.close(None).await.unwrap();
    drop(socket);
    let (listed, _) = told(&staff, "t-gone").await;
    assert_eq!(listed["outcome"], "closed");
    assert_eq!(listed["compared"]["end"]["expected"], "a welcome");
}

#[tokio::test]
async fn limits_are_told_with_their_numbers() {
    let options = Options::demo()
        .with("socket.per_user_max", 1)
        .with("socket.per_ip_max", 2);
    let server = Server::start(
        Database::Sqlite,
        options.with("socket.refusals_per_minute", 3),
    );
    let staff = server.sign_in("staff@test.com").await;
    let ana = server.sign_in("ana@test.com").await;
    let _socket = ana.socket().await;
    closed(
        &server,
        &format!("/api/v1/ws?token={}", ana.token().await),
        "t-user",
        4007,
    )
    .await;
    let compared = ("sockets_of_account", "at most 1", "1 open");
    expect(&staff, "t-user", (4007, "too_many_connections"), compared).await;

    let echo = Socket::open(&server.ws("/ws/echo")).await;
    let url = server.ws("/api/v1/ws?attempt=t-address");
    assert_eq!(Socket::refused(&url, &[]).await.0, 429);
    let compared = ("sockets_of_address", "at most 2", "2 open");
    expect(&staff, "t-address", (429, "rate_limited"), compared).await;
    drop(echo);

    // Beyond so many refusals a minute a socket is dropped without a word; here is the word.
    for number in 0..5 {
        let url = server.ws(&format!("/api/v1/ws?token=test&attempt=t-{number}"));
        let began = Instant::now();
        let mut socket = loop {
            // The place of the socket before is given back in a moment.
            match Socket::try_open(&url, &[]).await {
                Ok(socket) => break socket,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
        };
        let code = socket.closed().await.0;
        assert_eq!(code, if number < 3 { 4502 } else { 1006 }, "{number}");
        drop(socket);
        let began = Instant::now();
        while told(&staff, &format!("t-{number}")).await.0["code"] != 4502 {
            assert!(began.elapsed() < PATIENCE);
        }
    }
    let flood = server.ws("/nowhere?attempt=t-flood");
    let began = Instant::now();
    loop {
        let (status, problem) = Socket::refused(&flood, &[]).await;
        assert_eq!(status, 429);
        if problem["detail"]
            .as_str()
            .unwrap()
            .contains("3 times a minute")
        {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{problem}");
    }
    let compared = ("refusals_per_minute", "at most 3", "more");
    expect(&staff, "t-flood", (429, "rate_limited"), compared).await;
}

#[tokio::test]
async fn an_attempt_that_went_well_is_open_and_then_closed_and_no_failure() {
    let server = Server::demo(Database::Sqlite);
    let staff = server.sign_in("staff@test.com").await;
    let url = server.ws(&format!(
        "/api/v1/ws?token={}&attempt=t-good",
        staff.token().await
    ));
    let mut socket = Socket::open(&url).await;
    socket.welcome().await;
    let echo = Socket::open(&server.ws("/ws/echo?attempt=t-echo")).await;
    let waiting = Socket::open(&server.ws("/api/v1/ws?attempt=t-waiting")).await;
    assert_eq!(check(&staff, "t-waiting").await["outcome"], "upgrading");
    for attempt in ["t-good", "t-echo"] {
        let began = Instant::now();
        loop {
            let found = check(&staff, attempt).await;
            if found["outcome"] == "open" {
                assert_eq!(
                    (&found["code"], &found["reason"]),
                    (&Value::Null, &Value::Null)
                );
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{found}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    drop((socket, echo));
    for attempt in ["t-good", "t-echo"] {
        let began = Instant::now();
        while check(&staff, attempt).await["outcome"] != "closed" {
            assert!(began.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    assert_eq!(staff.get("/api/v1/ws/attempts").await.1["items"], json!([]));
    drop(waiting);

    let unknown = json!({"seen": false});
    for attempt in ["t-never", "%00", "%FF", "a%2Fb", &"x".repeat(500)] {
        assert_eq!(check(&staff, attempt).await, unknown, "{attempt}");
    }
    // An id that is none is ignored, and nobody can ask for the server's own.
    closed(&server, "/api/v1/ws?token=", "t!", 4501).await;
    let page = staff.get("/api/v1/ws/attempts").await.1;
    let own = page["items"][0]["attempt"].as_str().unwrap();
    assert_eq!(own.len(), 36, "{page}");
    assert_eq!(check(&staff, own).await, unknown);
}

#[tokio::test]
async fn the_list_is_for_staff_and_checks_are_rationed() {
    let server = Server::demo(Database::Sqlite);
    let visitor = server.visitor();
    assert_eq!(
        visitor.get("/api/v1/ws/attempts").await.0,
        StatusCode::UNAUTHORIZED
    );
    let ana = server.sign_in("ana@test.com").await;
    assert_eq!(
        ana.get("/api/v1/ws/attempts").await.0,
        StatusCode::FORBIDDEN
    );
    let path = "/api/v1/connect-check/x";
    for number in 0..60 {
        assert_eq!(visitor.get(path).await.0, StatusCode::OK, "{number}");
    }
    // One more each second, while the first were asked.
    let began = Instant::now();
    loop {
        let request = visitor.request(Method::GET, path).header(ORIGIN, EVIL);
        let (status, headers, problem) = whole(request).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(problem["code"], "rate_limited");
            assert_eq!(
                headers["access-control-allow-origin"], "*",
                "a page can read it"
            );
            assert!(headers.contains_key("retry-after"));
            return;
        }
        assert!(began.elapsed() < PATIENCE);
    }
}

#[tokio::test]
async fn a_diagnosis_tells_what_arrived_and_what_it_is_worth() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let path = "/api/v1/diagnose";

    let (status, headers, found) = whole(server.visitor().request(Method::GET, path)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["timing-allow-origin"], "*");
    assert_eq!(
        (&found["service"], &found["http_version"]),
        (&json!("frontdesk"), &json!("HTTP/1.1"))
    );
    assert_eq!(found["address"], "127.0.0.1");
    let peer = json!({"kind": "loopback", "trusted": false, "forwarding_headers": []});
    assert_eq!(found["peer"], peer);
    assert_eq!(found["headers"]["host"], server.address.to_string());
    assert_eq!(
        (&found["cookies"], &found["origin"]),
        (&json!([]), &json!({"verdict": "absent"}))
    );
    let session = json!({"cookie": "frontdesk_session", "arrived": false, "live": false});
    assert_eq!(found["session"], session);
    assert!(found["server_time"].is_string());

    // A page of the list may ask with its cookie, and be told by name.
    let page = "http://localhost:5174";
    let request = ana.request(Method::GET, path).header(ORIGIN, page);
    let request = request
        .header("authorization", "Bearer a-secret")
        .header("x-thing", "secret");
    let (_, headers, found) = whole(request).await;
    assert_eq!(headers["access-control-allow-origin"], page);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["vary"], "origin");
    assert_eq!(
        found["origin"],
        json!({"verdict": "allowed", "found": page})
    );
    let session = json!({"cookie": "frontdesk_session", "arrived": true, "live": true});
    assert_eq!(
        (&found["session"], &found["cookies"]),
        (&session, &json!(["frontdesk_session"]))
    );
    let names = found["headers"].as_object().unwrap();
    for name in ["authorization", "cookie", "x-thing"] {
        assert_eq!(names.get(name), Some(&Value::Null), "the name alone");
    }
    assert!(!found.to_string().contains("secret"), "{found}");

    // Any other page may ask without.
    let request = ana.request(Method::GET, path).header(ORIGIN, EVIL);
    let (_, headers, found) = whole(request.header("x-forwarded-for", "203.0.113.7")).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    assert_eq!(
        (&found["origin"]["verdict"], &found["origin"]["found"]),
        (&json!("denied"), &json!(EVIL))
    );
    assert!(
        found["origin"]["expected"]
            .as_str()
            .unwrap()
            .contains(&server.address.to_string())
    );
    assert_eq!(
        found["peer"]["forwarding_headers"],
        json!(["x-forwarded-for"])
    );
    // Behind a proxy the cookie has its other name, which did not arrive.
    let session = json!({"cookie": "__Host-frontdesk_session", "arrived": false, "live": false});
    assert_eq!(found["session"], session);
    // And the proxy that nobody named is told of, once.
    ana.request(Method::GET, path)
        .header("x-real-ip", "203.0.113.8")
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let said = server.said();
    let hints: Vec<_> = said
        .lines()
        .filter(|line| line.contains("server.trusted_proxies"))
        .collect();
    assert_eq!(hints.len(), 1, "{hints:?}");
    assert!(
        hints[0].contains("203.0.113.7") && hints[0].contains("127.0.0.1"),
        "{}",
        hints[0]
    );

    ana.post("/api/v1/auth/logout", json!({})).await;
    let stale = server.visitor().request(Method::GET, path);
    let secret = "A".repeat(43);
    let (_, found) = answer(stale.header("cookie", format!("frontdesk_session={secret}"))).await;
    assert_eq!(
        (&found["session"]["arrived"], &found["session"]["live"]),
        (&json!(true), &json!(false))
    );
    assert!(!found.to_string().contains(&secret));
}

#[tokio::test]
async fn a_token_is_explained_and_never_repeated() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let token = ana.token().await;
    let path = "/api/v1/diagnose/token";
    // From any page, which sends a preflight before its JSON, and without a cookie.
    let preflight = server.visitor().request(Method::OPTIONS, path);
    let preflight = preflight
        .header(ORIGIN, EVIL)
        .header("access-control-request-method", "POST");
    let (status, headers, _) =
        whole(preflight.header("access-control-request-headers", "content-type")).await;
    assert_eq!(
        (status, &headers["access-control-allow-origin"]),
        (StatusCode::NO_CONTENT, &"*".parse().unwrap())
    );
    assert_eq!(
        headers["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .split(',')
            .next(),
        Some("content-type")
    );
    let explain = async |token: &str| {
        let request = server
            .visitor()
            .request(Method::POST, path)
            .header(ORIGIN, EVIL);
        let request = request.header("sec-fetch-site", "cross-site");
        let (status, headers, found) = whole(request.json(&json!({"token": token}))).await;
        assert_eq!(status, StatusCode::OK, "{found}");
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        for part in token.split('.').filter(|part| part.len() > 30) {
            assert!(
                !found.to_string().contains(part),
                "a part of the token is told: {found}"
            );
        }
        found
    };

    let found = explain(&token).await;
    assert_eq!(
        (&found["accepted"], &found["session"]),
        (&json!(true), &json!("live")),
        "{found}"
    );
    assert_eq!(
        (&found["code"], &found["fix"]),
        (&Value::Null, &Value::Null)
    );
    let claims = found["claims"].as_array().unwrap();
    assert!(
        claims
            .iter()
            .all(|claim| claim["ok"] == true && claim["verified"] == true)
    );
    assert!(
        claims
            .iter()
            .any(|claim| claim["name"] == "aud" && claim["found"] == "ws")
    );
    assert!(
        !found.to_string().contains(ana.id()),
        "no id is told: {found}"
    );
    ana.socket().await; // it was not used up

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let spoiled = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    for (token, code, word) in [
        ("", 4501, "token_missing"),
        ("null", 4502, "token_malformed"),
        (&spoiled, 4503, "token_invalid"),
    ] {
        let found = explain(token).await;
        assert_eq!(
            (&found["accepted"], &found["code"]),
            (&json!(false), &json!(code)),
            "{found}"
        );
        assert_eq!(found["session"], Value::Null);
        assert!(
            found["reason"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{word}: ")),
            "{found}"
        );
        assert!(found["fix"].as_str().unwrap().contains("token"), "{found}");
    }
    ana.post("/api/v1/auth/logout", json!({})).await;
    let found = explain(&token).await;
    assert_eq!(
        (&found["session"], &found["code"]),
        (&json!("ended"), &json!(4505)),
        "{found}"
    );

    let post = || server.visitor().request(Method::POST, path);
    for body in [
        json!(token),
        json!({"token": [token]}),
        json!({"token": token, "x": token}),
        json!({(&*token): 1}),
    ] {
        let (status, problem) = answer(post().json(&body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert!(!problem.to_string().contains(&token[..30]), "{problem}");
    }
    let (status, _) = answer(post().json(&json!({"token": "x".repeat(20_000)}))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let found = explain(&"x".repeat(5_000)).await;
    assert_eq!(found["code"], 4502, "{found}");
    assert!(!server.said().contains(&token[..30]));
}

#[tokio::test]
async fn ticks_arrive_one_by_one() {
    let server = Server::demo(Database::Sqlite);
    let request = server
        .visitor()
        .request(Method::GET, "/api/v1/diagnose/sse");
    let began = Instant::now();
    let mut response = request.header(ORIGIN, EVIL).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers[CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["access-control-allow-origin"], "*");
    let mut arrivals = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        let data = text
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert!(
            text.contains("event: tick\n") && text.ends_with("\n\n"),
            "{text}"
        );
        assert!(data["server_time"].is_string());
        arrivals.push((data["sequence"].as_u64().unwrap(), began.elapsed()));
    }
    let sequence: Vec<u64> = arrivals.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!(sequence, [1, 2, 3, 4, 5]);
    // None comes before its time, and they do not come together.
    for (sequence, arrived) in &arrivals {
        assert!(
            *arrived >= Duration::from_secs(sequence - 1),
            "{arrivals:?}"
        );
    }
    assert!(
        arrivals[4].1 - arrivals[0].1 >= Duration::from_secs(2),
        "{arrivals:?}"
    );
}

#[tokio::test]
async fn streams_and_diagnoses_are_bounded() {
    let server = Server::demo(Database::Sqlite);
    let stream = || {
        server
            .visitor()
            .request(Method::GET, "/api/v1/diagnose/sse")
            .send()
    };
    let mut open = Vec::new();
    let refused = loop {
        let response = stream().await.unwrap();
        if response.status() != StatusCode::OK {
            break response;
        }
        open.push(response);
        assert!(open.len() <= 32, "streams have no bound");
    };
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    let began = Instant::now();
    while server.visitor().get("/api/v1/diagnose").await.0 != StatusCode::TOO_MANY_REQUESTS {
        assert!(began.elapsed() < PATIENCE, "diagnoses have no bound");
    }
}

#[tokio::test]
async fn the_diagnosis_can_be_switched_off() {
    let options = Options::demo().with("diagnostics.enabled", false);
    let server = Server::start(Database::Sqlite, options);
    let visitor = server.visitor();
    for path in ["/api/v1/diagnose", "/api/v1/diagnose/sse"] {
        let (status, problem) = visitor.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::NOT_FOUND, &json!("unknown_path"))
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("diagnostics.enabled"),
            "{problem}"
        );
    }
    let (status, _) = visitor
        .post("/api/v1/diagnose/token", json!({"token": "test"}))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let url = server.ws("/ws/echo?attempt=t-off");
    assert_eq!(Socket::refused(&url, &[]).await.0, 404);
    let staff = server.sign_in("staff@test.com").await;
    let compared = ("diagnostics.enabled", "true", "false");
    expect(&staff, "t-off", (404, "unknown_path"), compared).await;
}
