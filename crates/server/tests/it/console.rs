//! The web console as a browser loads it. Whether this program carries one is seen first: a checkout
//! that was never built has the page that says how to. Both are checked whole.

use std::path::Path;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Database, Server, whole};

const PAGES: [&str; 12] = [
    "/",
    "/sign-in",
    "/setup",
    "/customer",
    "/desk",
    "/desk/chats/0190a000-0000-7000-8000-000000000001",
    "/split",
    "/lab",
    "/connections",
    "/why",
    "/admin",
    "/admin/bot",
];

async fn fetch(
    server: &Server,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = server.visitor().request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    (status, headers, text)
}

/// What the program was given to serve; a debug build reads the same folder.
fn is_built() -> bool {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/console/dist");
    dist.join("index.html").exists()
}

#[tokio::test]
async fn every_page_is_one_document_that_loads_from_its_own_server_alone() {
    let server = Server::demo(Database::Sqlite);
    if !is_built() {
        return pages_say_how_to_build(&server).await;
    }
    let (_, _, first) = fetch(&server, "/", &[]).await;
    for page in PAGES {
        let (status, headers, html) = fetch(&server, page, &[]).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(headers["cache-control"], "no-cache");
        let policy = headers["content-security-policy"].to_str().unwrap();
        let parts: Vec<&str> = policy.split(';').map(str::trim).collect();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(parts.contains(&part), "{page}: {policy}");
        }
        assert_eq!(html, first, "{page}");
        let tag = headers["etag"].to_str().unwrap();
        let (status, _, text) = fetch(&server, page, &[("if-none-match", tag)]).await;
        assert_eq!(
            (status, text.as_str()),
            (StatusCode::NOT_MODIFIED, ""),
            "{page}"
        );
    }
    // No script stands in the page, and whatever it loads is here and kept.
    let mut loaded = 0;
    for piece in first.split(['"', '\'']).filter(|piece| piece.contains('/')) {
        if !piece.starts_with('/') {
            assert!(!piece.starts_with("http"), "{piece}");
            continue;
        }
        let (status, headers, plain) = fetch(&server, piece, &[]).await;
        assert_eq!(status, StatusCode::OK, "{piece}");
        if !piece.starts_with("/assets/") {
            continue;
        }
        loaded += 1;
        assert_eq!(
            headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert!(!headers.contains_key("content-encoding"), "{piece}");
        let (_, headers, _) = fetch(&server, piece, &[("accept-encoding", "gzip")]).await;
        let is_large = plain.len() >= 1_024;
        assert_eq!(
            headers.contains_key("content-encoding"),
            is_large,
            "{piece}"
        );
    }
    assert!(loaded > 0, "{first}");
    for script in first.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains("src="), "{script}");
        assert!(rest.starts_with("</script>"), "an inline script: {script}");
    }
}

async fn pages_say_how_to_build(server: &Server) {
    for page in PAGES {
        let (status, headers, html) = fetch(server, page, &[]).await;
        let expected = if page == "/" { 200 } else { 404 };
        assert_eq!(status.as_u16(), expected, "{page}");
        assert!(html.contains("cargo xtask run"), "{page}: {html}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let own = format!("http://{}", server.address);
        assert!(html.contains(&own));
        assert!(!html.replace(&own, "").contains("http"), "{html}");
    }
    for host in ["<script>", "a\"onload=x", "a b", "user@host"] {
        let (status, ..) = fetch(server, "/", &[("host", host)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn what_is_no_page_stays_a_problem() {
    let server = Server::demo(Database::Sqlite);
    let get = |path: &str| server.visitor().request(Method::GET, path);
    for (path, code) in [
        ("/assets/index-gone.js", "unknown_path"),
        ("/assets/../index.html", "unknown_path"),
        ("/assets/..%2f..%2fpackage.json", "unknown_path"),
        ("/assets/%2e%2e/index.html", "unknown_path"),
        ("/.vite/manifest.json", "unknown_path"),
        ("/index.html", "unknown_path"),
        ("/desks", "unknown_path"),
        ("/admin.php", "unknown_path"),
    ] {
        let (status, headers, problem): (_, _, Value) = whole(get(path)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json", "{path}");
        assert_eq!(problem["code"], code, "{path}");
    }
    let (_, _, problem) = whole(get("/desks")).await;
    assert_eq!(problem["nearest"], "/desk");
    let (_, _, problem) = whole(get("/assets/index-gone.js")).await;
    assert!(
        problem["fix"].as_str().unwrap().contains("anew"),
        "{problem}"
    );
    let post = server.visitor().request(Method::POST, "/desk");
    let (status, headers, problem) = whole(post).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{problem}");
    assert!(headers["allow"].to_str().unwrap().contains("GET"));
}
