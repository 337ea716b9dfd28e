//! HTTP itself: the shape of refusals, the edges of the protocol, other origins, and hostile bytes.

use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, ORIGIN, VARY};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Database, Options, PATIENCE, Server, answer, whole};

const LOGIN: &str = "/api/v1/auth/login";
const EVIL: &str = "https://evil.example";

/// Sends a request that must be refused, checks the shape that every refusal has, and gives it.
async fn refused(request: RequestBuilder) -> (u16, HeaderMap, Value) {
    let (status, headers, problem) = whole(request).await;
    assert_eq!(
        headers[CONTENT_TYPE], "application/problem+json",
        "{problem}"
    );
    assert_eq!(problem["status"], status.as_u16(), "{problem}");
    let code = problem["code"].as_str().expect("a code");
    assert_eq!(problem["type"], format!("urn:frontdesk:problem:{code}"));
    for text in ["title", "detail", "fix"] {
        assert!(
            problem[text].as_str().is_some_and(|text| !text.is_empty()),
            "{text}: {problem}"
        );
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert!(
            error["pointer"].is_string() && error["message"].is_string(),
            "{problem}"
        );
    }
    check_security_headers(&headers);
    (status.as_u16(), headers, problem)
}

fn check_security_headers(headers: &HeaderMap) {
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(headers.contains_key("x-request-id"));
    assert!(!headers.contains_key("server"), "no program and no version");
}

/// Writes bytes and reads until the server closes.
async fn raw(server: &Server, request: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request.as_ref()).await;
    let mut read = Vec::new();
    let done = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut read)).await;
    assert!(
        done.is_ok(),
        "the connection stays open: {}",
        String::from_utf8_lossy(&read)
    );
    String::from_utf8_lossy(&read).into_owned()
}

/// The status of a raw answer; 0 when the server closed without one.
fn status(answer: &str) -> u16 {
    match answer.split_whitespace().nth(1) {
        Some(code) if answer.starts_with("HTTP/1.") => code.parse().unwrap(),
        _ => 0,
    }
}

async fn panics(server: &Server) -> String {
    let metrics = server
        .visitor()
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let text = metrics.text().await.unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("frontdesk_panics_total"));
    line.unwrap().to_owned()
}

#[tokio::test]
async fn every_refusal_is_a_problem_with_a_code_a_detail_and_a_fix() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let visitor = server.visitor();
    let get = |path: &str| ana.request(Method::GET, path);
    let post = |path: &str| ana.request(Method::POST, path);
    let json_type = |request: RequestBuilder| request.header(CONTENT_TYPE, "application/json");
    let order = "/api/v1/orders/0190a000-0000-7000-8000-000000000001";
    let cases = [
        (get("/nowhere/at/all"), 404, "unknown_path"),
        (get("/docs/nothing.js"), 404, "unknown_path"),
        (get(order), 404, "not_found"),
        (
            ana.request(Method::DELETE, "/api/v1/orders"),
            405,
            "method_not_allowed",
        ),
        (
            visitor.request(Method::GET, "/api/v1/orders"),
            401,
            "unauthenticated",
        ),
        (
            visitor.request(Method::GET, "/api/v1/ws/stats"),
            401,
            "unauthenticated",
        ),
        (get("/api/v1/users"), 403, "forbidden"),
        (get("/api/v1/orders?limit=0"), 400, "invalid_request"),
        (get("/api/v1/events"), 400, "invalid_request"),
        (get("/api/v1/events?channel=x"), 400, "invalid_request"),
        (
            get(&format!("/?{}", "x".repeat(8_200))),
            414,
            "uri_too_long",
        ),
        (get("/api/v1/ws"), 426, "upgrade_required"),
        (get("/ws/echo/"), 426, "upgrade_required"),
        (post(LOGIN).body("{}"), 415, "unsupported_media_type"),
        (
            post(LOGIN).header(CONTENT_TYPE, "text/plain").body("{}"),
            415,
            "unsupported_media_type",
        ),
        (
            post(LOGIN)
                .header(CONTENT_TYPE, "multipart/form-data; boundary=x")
                .body("--x--"),
            415,
            "unsupported_media_type",
        ),
        (
            json_type(post(LOGIN)).header("content-encoding", "gzip"),
            415,
            "unsupported_media_type",
        ),
        (json_type(post(LOGIN)).body("{"), 400, "invalid_request"),
        (
            json_type(post(LOGIN)).body(" ".repeat(1_048_577)),
            413,
            "payload_too_large",
        ),
        (
            post("/api/v1/orders").json(&json!({"lines": []})),
            422,
            "validation_failed",
        ),
        (
            post(LOGIN).json(&json!({"email": "a", "password": "b"})),
            401,
            "invalid_credentials",
        ),
        (
            post(LOGIN).header(ORIGIN, EVIL).json(&json!({})),
            403,
            "origin_denied",
        ),
        (
            post("/api/v1/setup")
                .json(&json!({"token": "", "email": "", "password": "", "name": ""})),
            410,
            "setup_closed",
        ),
    ];
    for (request, status, code) in cases {
        let (found, headers, problem) = refused(request).await;
        assert_eq!(
            (found, problem["code"].as_str().unwrap()),
            (status, code),
            "{problem}"
        );
        match status {
            405 => assert!(headers.contains_key("allow")),
            413 => {
                let detail = problem["detail"].as_str().unwrap();
                assert!(
                    detail.contains("1048577") && detail.contains("1048576"),
                    "{detail}"
                );
            }
            426 => assert_eq!(headers["upgrade"], "websocket"),
            _ => {}
        }
    }
    assert_eq!(panics(&server).await, "frontdesk_panics_total 0");
}

#[tokio::test]
async fn an_unknown_path_names_the_nearest_one_and_a_wrong_method_those_there_are() {
    let server = Server::demo(Database::Sqlite);
    let visitor = server.visitor();
    for (path, nearest) in [
        ("/api/v1/order", json!("/api/v1/orders")),
        ("/api/v1/orders/", json!("/api/v1/orders")),
        ("/healthz/", json!("/healthz")),
        ("/login", json!("/api/v1/auth/login")),
        ("/api/v1/auth/token", Value::Null),
        ("/wp-login.php", Value::Null),
    ] {
        let (_, _, problem) = refused(visitor.request(Method::GET, path)).await;
        if !nearest.is_null() {
            assert_eq!(problem["nearest"], nearest, "{path}");
            assert!(
                problem["detail"]
                    .as_str()
                    .unwrap()
                    .contains(nearest.as_str().unwrap())
            );
        }
    }

    let brew: Method = "BREW".parse().unwrap();
    for (method, path, expected) in [
        (Method::DELETE, "/api/v1/orders", &["GET", "POST"][..]),
        (Method::PUT, "/api/v1/orders/7", &["GET", "PATCH"]),
        (Method::GET, LOGIN, &["POST"]),
        (Method::POST, "/api/v1/auth/me", &["GET"]),
        (Method::POST, "/healthz", &["GET"]),
        (Method::POST, "/", &["GET"]),
        (Method::POST, "/metrics", &["GET"]),
        (Method::POST, "/openapi.json", &["GET"]),
        (Method::OPTIONS, "/api/v1/orders", &["GET", "POST"]),
        (Method::TRACE, "/api/v1/orders", &["GET", "POST"]),
        (brew, "/api/v1/orders", &["GET", "POST"]),
    ] {
        let (status, headers, problem) = refused(visitor.request(method.clone(), path)).await;
        assert_eq!(status, 405, "{method} {path}");
        assert_eq!(problem["allowed"], json!(expected), "{method} {path}");
        let mut allow: Vec<&str> = headers["allow"]
            .to_str()
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        allow.retain(|method| *method != "HEAD");
        allow.sort_unstable();
        assert_eq!(allow, expected, "{method} {path}");
    }

    // HEAD is a GET without its body.
    for (path, status) in [
        ("/healthz", 200),
        ("/openapi.json", 200),
        ("/nowhere", 404),
        (LOGIN, 405),
    ] {
        let response = visitor.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_body_is_one_json_object_of_known_fields_and_a_refusal_points_at_the_place() {
    let server = Server::demo(Database::Sqlite);
    let deep_list = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_object = format!(
        r#"{{"email":{}1{}}}"#,
        r#"{"a":"#.repeat(10_000),
        "}".repeat(10_000)
    );
    let endless = "[".repeat(1_000_000);
    let cases: &[(&[u8], &str, &str)] = &[
        (b"", "", "EOF"),
        (b"nul", "", "EOF"),
        (b"nulx", "", "expected ident"),
        (b"null", "", "invalid type"),
        (b"7", "", "invalid type"),
        (br#""text""#, "", "invalid type"),
        (
            br#" ["ana@test.com","test123"]"#,
            "",
            "is a list, expected an object",
        ),
        (
            br#"{"email":"a@b.c","password":"x"} {}"#,
            "",
            "trailing characters",
        ),
        (
            br#"{"email":"a@b.c","password":"x"}]"#,
            "",
            "trailing characters",
        ),
        (
            br#"{"email":"a@b.c","password":"x",}"#,
            "",
            "trailing comma",
        ),
        (br#"{'email':'a'}"#, "", "key must be a string"),
        (br#"{"email":"a@b.c"}"#, "", "missing field `password`"),
        (
            br#"{"email":"a@b.c","email":"d@e.f","password":"x"}"#,
            "",
            "duplicate field `email`",
        ),
        (
            br#"{"email":7,"password":"x"}"#,
            "/email",
            "invalid type: integer",
        ),
        (
            br#"{"email":null,"password":"x"}"#,
            "/email",
            "invalid type: null",
        ),
        (
            br#"{"email":"a@b.c","password":["x"]}"#,
            "/password",
            "invalid type: sequence",
        ),
        (
            br#"{"email":"a@b.c","password":"x","remember":true}"#,
            "/remember",
            "unknown field",
        ),
        (
            br#"{"email":"\ud800","password":"x"}"#,
            "/email",
            "hex escape",
        ),
        (
            b"{\"email\":\"\xff\",\"password\":\"x\"}",
            "/email",
            "unicode",
        ),
        (
            b"{\"email\":\"a\nb\",\"password\":\"x\"}",
            "/email",
            "control character",
        ),
        (b"\xef\xbb\xbf{}", "", "expected value"),
        (deep_list.as_bytes(), "", "nested 33 deep; the limit is 32"),
        (
            deep_object.as_bytes(),
            "",
            "nested 33 deep; the limit is 32",
        ),
        (endless.as_bytes(), "", "nested 33 deep; the limit is 32"),
    ];
    for (body, pointer, message) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let request = server.visitor().request(Method::POST, LOGIN);
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_vec());
        let (status, _, problem) = refused(request).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid_request")),
            "{shown}"
        );
        let told = problem["errors"][0]["message"].as_str().unwrap();
        assert!(told.contains(message), "{shown}: {told}");
        // Of a repeated field the parser knows the place or not; it is named either way.
        if !message.starts_with("duplicate") {
            assert_eq!(
                problem["errors"][0]["pointer"], *pointer,
                "{shown}: {problem}"
            );
        }
    }
    let good = server.visitor().request(Method::POST, LOGIN);
    let good = good
        .header(CONTENT_TYPE, "Application/JSON; charset=utf-8")
        .body(" {\"password\": \"test123\",\r\n\"email\": \"\\u0061na@test.com\"}\n");
    assert_eq!(answer(good).await.0, StatusCode::OK);
}

#[tokio::test]
async fn hostile_http_is_refused_and_hurts_nobody() {
    let server = Server::demo(Database::Sqlite);
    let post = format!("POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    let many = (0..101).fold(String::new(), |all, number| {
        all + &format!("x-{number}: y\r\n")
    });
    let long = "x".repeat(17_000);
    let cases: Vec<(String, &[u16])> = vec![
        (
            format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"),
            &[400],
        ),
        (format!("{post}Content-Length: 2, 3\r\n\r\n{{}}"), &[400]),
        (format!("{post}Content-Length: +5\r\n\r\n{{}}   "), &[400]),
        (format!("{post}Content-Length: -1\r\n\r\n"), &[400]),
        (format!("{post}Content-Length: 0x2\r\n\r\n{{}}"), &[400]),
        (
            format!("{post}Content-Length: 99999999999999999999\r\n\r\n"),
            &[400],
        ),
        (format!("{post}Transfer-Encoding: gzip\r\n\r\n"), &[400]),
        (
            format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
            &[400],
        ),
        (
            format!("{post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
            &[0, 400],
        ),
        (
            post.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &[400],
        ),
        (
            "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".into(),
            &[400],
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n".into(),
            &[400],
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".into(),
            &[400],
        ),
        ("GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n".into(), &[400]),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n".into(),
            &[400],
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\na: \0\r\n\r\n".into(),
            &[400],
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n".into(),
            &[400],
        ),
        ("GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n".into(), &[0, 400]),
        ("GET /healthz\r\n\r\n".into(), &[0, 400]),
        ("GET  HTTP/1.1\r\n\r\n".into(), &[400]),
        (
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0 a TLS greeting\r\n\r\n".into(),
            &[0, 400],
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &[0, 400]),
        (
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nx: {long}\r\n\r\n"),
            &[431],
        ),
        (
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
            &[431],
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            &[414, 431],
        ),
        (
            "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into(),
            &[400, 404, 405],
        ),
        (
            "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into(),
            &[400, 404, 405],
        ),
        (
            "GET /docs/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into(),
            &[404],
        ),
        (
            "GET /docs/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                .into(),
            &[404],
        ),
        (
            "GET //healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into(),
            &[404],
        ),
        (
            "GET /docs/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".into(),
            &[200],
        ),
        ("GET /healthz HTTP/1.0\r\n\r\n".into(), &[200]),
    ];
    for (request, expected) in &cases {
        let told = raw(&server, request).await;
        let shown: String = request.chars().take(160).collect();
        assert!(expected.contains(&status(&told)), "{shown:?}: {told}");
        if status(&told) >= 400 {
            // The parser's own refusals too.
            let (head, body) = told.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains("application/problem+json"),
                "{shown:?}: {told}"
            );
            let problem: Value = serde_json::from_str(body).unwrap();
            assert_eq!(problem["status"], status(&told), "{shown:?}: {told}");
            assert!(head.contains("x-request-id: "), "{shown:?}: {told}");
        }
    }
    // A body that is too long, in pieces, so that nobody knows before.
    let head = format!("{post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let told = raw(&server, format!("{head}{}0\r\n\r\n", piece.repeat(17))).await;
    assert_eq!(status(&told), 413, "{told}");
    let expects = format!("{post}Connection: close\r\nExpect: 100-continue\r\n");
    let told = raw(&server, format!("{expects}Content-Length: 2\r\n\r\n{{}}")).await;
    assert!(told.contains("HTTP/1.1 400 "), "{told}");
    assert_eq!(panics(&server).await, "frontdesk_panics_total 0");
}

#[tokio::test]
async fn two_lengths_never_let_a_second_request_slip_in() {
    let server = Server::demo(Database::Sqlite);
    let head = format!("POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    let both = [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ];
    for lengths in both {
        let slipped = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        let told = raw(&server, format!("{head}{lengths}\r\n0\r\n\r\n{slipped}")).await;
        assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{lengths}: {told}");
        assert_eq!(status(&told), 400, "{lengths}: {told}");
        assert!(!told.contains("\"service\""), "{told}");
    }
}

#[tokio::test]
async fn slow_clients_are_cut_after_ten_seconds_and_nobody_waits_for_them() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let began = Instant::now();
    // Half a head, nothing at all, and a body that never comes.
    let half = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    let no_body = format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 9\r\nConnection: close\r\n\r\n"
    );
    let mut waiting = Vec::new();
    for number in 0..200 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let bytes = if number % 2 == 0 { half } else { "" };
        stream.write_all(bytes.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    let stalled = raw(&server, &no_body);
    // One request well done, and then nothing more.
    let idle = async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
        stream
            .write_all(format!("{health}\r\n").as_bytes())
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(12)).await;
        // The connection was kept: it answers once more, and ends when it is asked to.
        let last = format!("{health}Connection: close\r\n\r\n");
        stream.write_all(last.as_bytes()).await.unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        told
    };
    let trickle = async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let mut byte = [0; 64];
        loop {
            let pause = tokio::time::sleep(Duration::from_millis(400));
            tokio::select! {
                read = stream.read(&mut byte) => match read {
                    Ok(0) | Err(_) => return began.elapsed(),
                    Ok(_) => {}
                },
                () = pause => if stream.write_all(b"a: b\r\n").await.is_err() {
                    return began.elapsed();
                },
            }
        }
    };
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
    let all_cut = async {
        for stream in &mut waiting {
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest))
                .await
                .unwrap();
        }
        began.elapsed()
    };
    let (stalled, idle, trickled, (), cut) = tokio::join!(stalled, idle, trickle, others, all_cut);
    assert_eq!(idle.matches("HTTP/1.1 200 OK").count(), 2, "{idle}");
    assert_eq!(status(&stalled), 400, "{stalled}");
    assert!(stalled.contains("too slowly"), "{stalled}");
    for took in [trickled, cut] {
        assert!(
            (Duration::from_secs(9)..Duration::from_secs(16)).contains(&took),
            "{took:?}"
        );
    }
}

/// A preflight as a browser sends it.
fn preflight(server: &Server, path: &str, origin: &str) -> RequestBuilder {
    let request = server.visitor().request(Method::OPTIONS, path);
    request
        .header(ORIGIN, origin)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "content-type")
}

fn allow_origin(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("access-control-allow-origin")
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_page_of_the_list_may_ask_with_its_cookie_and_no_other_page() {
    let options = Options::empty()
        .with("server.public_url", "https://desk.example.com")
        .with("server.allowed_origins", "https://shop.example.com");
    let server = Server::start(Database::Sqlite, options);
    for origin in ["https://desk.example.com", "https://shop.example.com"] {
        let (status, headers, _) = whole(preflight(&server, "/api/v1/orders", origin)).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{origin}");
        assert_eq!(allow_origin(&headers), Some(origin));
        assert_eq!(headers["access-control-allow-credentials"], "true");
        let methods = headers["access-control-allow-methods"].to_str().unwrap();
        assert!(
            ["GET", "POST", "PATCH", "DELETE"]
                .iter()
                .all(|method| methods.contains(method))
        );
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("content-type") && allowed.contains("idempotency-key"));
        assert_eq!(headers[VARY], "origin");

        // The page can read refusals too.
        let request = server.visitor().request(Method::GET, "/api/v1/auth/me");
        let (status, headers, _) = refused(request.header(ORIGIN, origin)).await;
        assert_eq!((status, allow_origin(&headers)), (401, Some(origin)));
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
    }
    for origin in [
        EVIL,
        "null",
        "",
        "*",
        "http://shop.example.com",
        "https://shop.example.com:8443",
        "https://shop.example.com.evil.example",
        "https://evil-shop.example.com",
        "https://shop.example.com/",
        "HTTPS://SHOP.EXAMPLE.COM",
        "http://localhost:5174",
    ] {
        let (status, headers, problem) =
            refused(preflight(&server, "/api/v1/orders", origin)).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("origin_denied")),
            "{origin}"
        );
        assert_eq!(allow_origin(&headers), None, "{origin}");
        assert!(!headers.contains_key("access-control-allow-credentials"));
        assert_eq!(headers[VARY], "origin");
        let request = server.visitor().request(Method::GET, "/api/v1/auth/me");
        let (_, headers, _) = refused(request.header(ORIGIN, origin)).await;
        assert_eq!(allow_origin(&headers), None, "{origin}");
        assert_eq!(headers[VARY], "origin", "a cache must not mix them up");
    }
    let (_, headers, _) = refused(server.visitor().request(Method::GET, "/api/v1/auth/me")).await;
    assert_eq!(headers[VARY], "origin");
}

#[tokio::test]
async fn on_a_developers_machine_every_loopback_page_may_ask_but_not_through_a_proxy() {
    let server = Server::demo(Database::Sqlite);
    for origin in [
        "http://localhost:5174",
        "http://127.0.0.1:3000",
        "http://[::1]:8080",
    ] {
        let (status, headers, _) = whole(preflight(&server, LOGIN, origin)).await;
        assert_eq!(
            (status, allow_origin(&headers)),
            (StatusCode::NO_CONTENT, Some(origin))
        );
        let body = json!({"email": "ana@test.com", "password": "test123"});
        let request = server
            .visitor()
            .request(Method::POST, LOGIN)
            .header(ORIGIN, origin);
        let (status, headers, _) =
            whole(request.header("sec-fetch-site", "same-site").json(&body)).await;
        assert_eq!(
            (status, allow_origin(&headers)),
            (StatusCode::OK, Some(origin))
        );

        let proxied = preflight(&server, LOGIN, origin).header("x-forwarded-for", "203.0.113.7");
        let (status, headers, _) = refused(proxied).await;
        assert_eq!((status, allow_origin(&headers)), (403, None), "{origin}");
    }
    for origin in [EVIL, "null", "http://localhost.evil.example:5174"] {
        let (status, _, problem) = refused(preflight(&server, LOGIN, origin)).await;
        assert_eq!((status, &problem["origin"]), (403, &json!(origin)));
    }
}

#[tokio::test]
async fn another_site_changes_nothing_and_gets_no_socket_token() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let item = server.item().await;
    let before = ana.get("/api/v1/orders").await.1;
    let login = json!({"email": "ana@test.com", "password": "test123"});
    let order = json!({"lines": [{"item_id": item, "quantity": 1}]});
    let crossings: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", EVIL)],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("origin", EVIL)],
        &[("origin", "null")],
    ];
    for headers in crossings {
        let requests = [
            ana.request(Method::POST, LOGIN).json(&login),
            ana.request(Method::POST, "/api/v1/orders").json(&order),
            ana.request(Method::POST, "/api/v1/auth/logout"),
            // Beyond the routes that there are, too.
            ana.request(Method::DELETE, "/api/v1/orders"),
            ana.request(Method::GET, "/api/v1/auth/ws-token"),
        ];
        for mut request in requests {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (status, _, problem) = refused(request).await;
            assert_eq!(
                (status, &problem["code"]),
                (403, &json!("origin_denied")),
                "{headers:?}"
            );
        }
    }
    assert_eq!(
        ana.get("/api/v1/orders").await.1,
        before,
        "and ana is still signed in"
    );
    for site in ["same-origin", "none"] {
        let request = ana
            .request(Method::POST, "/api/v1/orders")
            .header("sec-fetch-site", site);
        assert_eq!(
            answer(request.json(&order)).await.0,
            StatusCode::CREATED,
            "{site}"
        );
        let request = ana.request(Method::GET, "/api/v1/auth/ws-token");
        let (status, headers, _) = whole(request.header("sec-fetch-site", site)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_only_https_asks_for_https() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    for path in [
        "/api/v1/auth/me",
        "/api/v1/orders",
        "/api/v1/auth/ws-token",
        "/ws/status",
        "/healthz",
    ] {
        let (status, headers, _) = whole(ana.request(Method::GET, path)).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        check_security_headers(&headers);
        assert!(
            !headers.contains_key("strict-transport-security"),
            "this is plain http"
        );
    }
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (_, headers, _) = whole(ana.request(Method::GET, "/healthz")).await;
        ids.push(headers["x-request-id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3, "each request has an id of its own");
}

#[tokio::test]
async fn health_is_for_everyone_and_counters_for_this_machine_alone() {
    let server = Server::demo(Database::Sqlite);
    let visitor = server.visitor();
    for origin in [EVIL, "null", "http://localhost:5174"] {
        let request = visitor
            .request(Method::GET, "/healthz")
            .header(ORIGIN, origin);
        let (status, headers, body) = whole(request.header("sec-fetch-site", "cross-site")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            body,
            json!({"service": "frontdesk", "status": "ok"}),
            "and no version"
        );
        assert_eq!(allow_origin(&headers), Some("*"));
        assert!(!headers.contains_key("access-control-allow-credentials"));
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    }
    assert_eq!(
        visitor.get("/readyz").await,
        (StatusCode::OK, json!({"status": "ready"}))
    );

    let metrics = visitor
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    assert_eq!(metrics.status(), StatusCode::OK);
    assert!(
        metrics.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    assert!(metrics.text().await.unwrap().contains("frontdesk_up 1\n"));
    for header in [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ] {
        let request = visitor
            .request(Method::GET, "/metrics")
            .header(header, "127.0.0.1");
        let (status, _, problem) = refused(request).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("unknown_path")),
            "{header}"
        );
    }
}

#[tokio::test]
async fn while_it_drains_the_server_says_that_it_is_not_ready() {
    let mut server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    // A socket that does not answer its close holds the drain up for a while.
    let _silent = ana.socket().await;
    let url = server.http("/readyz");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async {
        loop {
            let response = client
                .get(&url)
                .send()
                .await
                .expect("it listens until it has drained");
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                assert!(response.headers().contains_key("retry-after"));
                return response.json::<Value>().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (problem, (code, _)) = tokio::join!(ask, server.terminate());
    assert_eq!(problem["code"], "unavailable");
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn the_pages_about_the_api_ask_no_other_server() {
    let server = Server::demo(Database::Sqlite);
    let visitor = server.visitor();
    let fetch = async |path: &str| {
        let response = visitor.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let headers = response.headers().clone();
        (headers, response.text().await.unwrap())
    };
    // In the console of any of our tabs the ready-made lines of the demo work.
    for page in ["/", "/docs/", "/redoc", "/healthz", "/ws/status"] {
        let (headers, _) = fetch(page).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("connect-src 'self'"), "{page}: {policy}");
    }
    for page in ["/docs", "/docs/", "/redoc"] {
        let (headers, html) = fetch(page).await;
        assert!(
            headers[CONTENT_TYPE]
                .to_str()
                .unwrap()
                .starts_with("text/html"),
            "{page}"
        );
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
        for outside in ["http://", "https://", "src=\"//", "href=\"//"] {
            assert!(!html.contains(outside), "{page} has {outside}");
        }
        // Whatever it loads is here.
        let base = if page == "/redoc" { "/" } else { "/docs/" };
        let mut loaded = 0;
        for piece in html.split(['"', '\'']).filter(|piece| {
            [".js", ".css", ".png"]
                .iter()
                .any(|kind| piece.ends_with(kind))
        }) {
            let path = piece.trim_start_matches("./");
            let path = if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("{base}{path}")
            };
            fetch(&path).await;
            loaded += 1;
        }
        assert!(loaded > 0, "{page} loads its own files");
    }
    let (_, script) = fetch("/docs/swagger-initializer.js").await;
    assert!(script.contains("/openapi.json"), "{script}");
}

#[tokio::test]
async fn every_route_of_the_description_is_there_and_only_those_that_say_so_are_open() {
    let server = Server::demo(Database::Sqlite);
    let (status, description) = server.visitor().get("/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(description["openapi"], "3.1.0");
    let mut routes = 0;
    for (template, item) in description["paths"].as_object().unwrap() {
        // An id that nobody has, whatever the place is called.
        let id = uuid::Uuid::now_v7().to_string();
        let segments = template
            .split('/')
            .map(|segment| match segment.starts_with('{') {
                true => id.as_str(),
                false => segment,
            });
        let path = segments.collect::<Vec<_>>().join("/");
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = server.visitor().request(method.clone(), &path);
            let request = if method == Method::GET {
                request
            } else {
                request.json(&json!({}))
            };
            let status = request.send().await.unwrap().status();
            if operation["security"] == json!([{}]) {
                assert!(
                    ![401, 404, 405].contains(&status.as_u16()),
                    "{method} {path}: {status}"
                );
                assert!(!status.is_server_error(), "{method} {path}: {status}");
            } else {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
            routes += 1;
        }
    }
    assert!(routes > 20, "{routes}");
}
