//! What is said once when a request shows that the configuration does not fit.

use reqwest::Method;

use crate::harness::{Browser, Database, Options, Server};

async fn ask(visitor: &Browser, path: &str, header: (&str, &str)) {
    let request = visitor
        .request(Method::GET, path)
        .header(header.0, header.1);
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_nobody_named_is_told_of_once() {
    let server = Server::start(Database::Sqlite, Options::empty());
    let visitor = server.visitor();
    for _ in 0..3 {
        ask(&visitor, "/ws/status", ("x-forwarded-for", "203.0.113.7")).await;
    }
    let said = server.hear("not in server.trusted_proxies");
    assert!(
        said.contains("x-forwarded-for") && said.contains("203.0.113.7"),
        "{said}"
    );
    assert!(
        !server.said().contains("not in server.trusted_proxies"),
        "once"
    );
}

#[tokio::test]
async fn whoever_comes_by_another_address_than_the_public_one_is_told_of_once() {
    let options = Options::empty().with("server.public_url", "https://desk.example.com");
    let server = Server::start(Database::Sqlite, options);
    let visitor = server.visitor();
    for host in [
        "desk.example.com",
        "localhost:8000",
        "www.example.com",
        "other.example.com",
    ] {
        ask(&visitor, "/ws/status", ("host", host)).await;
    }
    let said = server.hear("another host than server.public_url");
    for part in ["www.example.com", "https://desk.example.com"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!server.said().contains("other.example.com"), "once");
}
