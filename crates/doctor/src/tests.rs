//! Rules that hold for the whole crate: every id is in the registry, every check can be named, and
//! no secret that was handed in comes out.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{CHECKS, Options, examine};

/// The groups of the registry.
const GROUPS: [&str; 20] = [
    "net", "url", "srv", "br", "tls", "cors", "cookie", "token", "auth", "authz", "origin", "host",
    "proxy", "dev", "ws", "http", "idle", "life", "cap", "ev",
];

#[test]
fn every_id_that_is_named_is_in_the_registry() {
    let mut found = BTreeSet::new();
    collect(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut found,
    );
    assert!(
        found.len() > 60,
        "only {} ids were found in the source",
        found.len()
    );
    let unknown: Vec<&String> = found
        .iter()
        .filter(|id| causes::cause(id).is_none())
        .collect();
    assert!(unknown.is_empty(), "not in the registry: {unknown:?}");
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        for quoted in std::fs::read_to_string(&path).unwrap().split('"') {
            let Some((group, rest)) = quoted.split_once('.') else {
                continue;
            };
            let is_id = GROUPS.contains(&group)
                && !rest.is_empty()
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_id {
                found.insert(quoted.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn every_check_can_be_made_alone() {
    for check in CHECKS {
        let mut options = Options::new("ws://127.0.0.1:9/ws");
        options.only = vec![check.name.to_owned()];
        let report = examine(&options).await;
        assert!(
            report.checks.iter().any(|made| made.name == check.name),
            "{}",
            check.name
        );
        assert!(
            report.trouble.is_none(),
            "{}: {:?}",
            check.name,
            report.trouble
        );
    }
}

/// A server that sends back everything it was sent, in every place where a server can.
async fn parrot() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 16 * 1024];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&bytes[..read]).into_owned();
            let line: String = asked.lines().next().unwrap_or_default().to_owned();
            let auth = asked
                .lines()
                .find(|line| line.to_ascii_lowercase().starts_with("authorization"))
                .unwrap_or("x: y")
                .to_owned();
            let answer = format!(
                "HTTP/1.1 403 {line}\r\nServer: {line}\r\nLocation: {line}\r\nX-Echo: \
                 {auth}\r\nSet-Cookie: sid={line}\r\n\r\n{asked}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

fn outputs(options: &Options, report: &crate::Report) -> String {
    format!(
        "{}{}{}{}{report:?}{options:?}",
        report.text(true),
        report.text(false),
        report.json(),
        report.junit()
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_secret_comes_out(token in "[A-Za-z0-9_.~!$%&/+=-]{9,60}", password in "[ -~äß]{9,40}", cookie in "[A-Za-z0-9]{12,40}", in_address in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let port = parrot().await;
            let mut options = Options::new(format!("ws://127.0.0.1:{port}/ws/chat/42"));
            if in_address {
                let encoded: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
                options.url = format!("{}?token={encoded}", options.url);
            } else {
                options.token = Some(token.clone());
            }
            options.email = Some("ana@example.com".to_owned());
            options.password = Some(password.clone());
            options.headers = vec![("Cookie".to_owned(), format!("sid={cookie}"))];
            options.origin = Some("http://localhost:5174".to_owned());
            let report = examine(&options).await;
            let all = outputs(&options, &report);
            for secret in [&token, password.trim(), &cookie] {
                assert!(secret.len() < 9 || !all.contains(secret), "a secret came out: {secret} \
                    in {all}");
            }
        });
    }
}
