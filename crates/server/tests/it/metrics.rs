//! What Prometheus scrapes: every metric that the page about them names, nothing else, and numbers
//! that follow what happens.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Database, Options, PATIENCE, Server};
use crate::socket::Received;

/// A scrape: each sample by its name with labels.
struct Scrape {
    text: String,
    samples: BTreeMap<String, f64>,
}

async fn scrape(server: &Server) -> Scrape {
    let visitor = server.visitor();
    let response = visitor.request(Method::GET, "/metrics").send().await;
    let text = response.unwrap().text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    let samples: BTreeMap<String, f64> = samples.collect();
    Scrape { text, samples }
}

impl Scrape {
    /// The samples of a name, or of some of its labels, added up.
    fn sum(&self, name: &str) -> f64 {
        let (name, label) = name.split_once('{').unwrap_or((name, ""));
        let of_name = self.samples.iter().filter(|(sample, _)| {
            let (known, labels) = sample.split_once('{').unwrap_or((sample, ""));
            known == name && labels.contains(label.trim_end_matches('}'))
        });
        of_name.map(|(_, value)| value).sum()
    }

    /// Name and type of every family, as the samples spell the name.
    fn families(&self) -> Vec<(String, String)> {
        let types = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        let families = types.map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let suffix = if kind == "counter" { "_total" } else { "" };
            (format!("{name}{suffix}"), kind.to_owned())
        });
        let mut families: Vec<_> = families.collect();
        families.sort();
        families
    }
}

#[tokio::test]
async fn the_page_about_metrics_names_each_of_them_and_no_other() {
    let server = Server::demo(Database::Sqlite);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating/metrics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `frontdesk_"));
    let mut described: Vec<_> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 6, "a row has four cells: {row}");
            assert!(!cells[4].is_empty(), "no meaning: {row}");
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
        })
        .collect();
    described.sort();
    assert_eq!(described, scrape(&server).await.families());
}

#[tokio::test]
async fn the_numbers_follow_what_happens() {
    let server = Server::start(
        Database::Sqlite,
        Options::demo().with("socket.per_ip_max", 3),
    );
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    let before = scrape(&server).await;
    assert_eq!(before.sum("frontdesk_connections"), 0.0);

    let [mut first, mut second] = [ana.socket().await, ana.socket().await];
    let lines = json!([{"item_id": item, "quantity": 1}]);
    let (status, order) = ana.post("/api/v1/orders", json!({"lines": lines})).await;
    assert_eq!(status.as_u16(), 201, "{order}");
    for socket in [&mut first, &mut second] {
        while !matches!(socket.next().await, Received::Frame(frame) if frame["type"] == "event") {}
    }
    let open = scrape(&server).await;
    assert_eq!(open.sum("frontdesk_connections{role=\"customer\"}"), 2.0);
    assert_eq!(open.sum("frontdesk_connections"), 2.0);
    assert!(open.sum("frontdesk_channels") >= 1.0);
    assert!(
        open.sum("frontdesk_deliveries_total") - before.sum("frontdesk_deliveries_total") >= 2.0
    );
    assert!(open.sum("frontdesk_shard_turn_seconds_count") > 0.0);
    for name in ["commit_group_size", "commit_seconds", "append_seconds"] {
        let [count, sum] = ["count", "sum"].map(|what| format!("frontdesk_{name}_{what}"));
        assert!(open.sum(&count) > before.sum(&count), "{name}");
        assert!(open.sum(&sum) > before.sum(&sum), "{name}");
    }
    // Every change is in one group, so both count the same changes.
    assert_eq!(
        open.sum("frontdesk_append_seconds_count"),
        open.sum("frontdesk_commit_group_size_sum")
    );

    // A fourth socket of this address is refused by HTTP, one without a good token by a close.
    let mut third = crate::socket::Socket::open(&server.ws("/api/v1/ws?token=test")).await;
    let url = server.ws("/api/v1/ws");
    assert_eq!(crate::socket::Socket::refused(&url, &[]).await.0, 429);
    assert_eq!(third.closed().await.0, 4502);
    let (status, _) = server
        .visitor()
        .post(
            "/api/v1/auth/login",
            json!({"email": "websocket@test.com", "password": "wrong"}),
        )
        .await;
    assert_eq!(status.as_u16(), 401);
    drop((first, second));
    let began = std::time::Instant::now();
    let closed = loop {
        let closed = scrape(&server).await;
        let refused = closed.sum("frontdesk_refusals_total{code=\"4502\"}");
        if closed.sum("frontdesk_connections") == 0.0 && refused > 0.0 {
            break closed;
        }
        assert!(began.elapsed() < PATIENCE, "{}", closed.text);
    };
    assert_eq!(closed.sum("frontdesk_closes_total{code=\"1006\"}"), 2.0);
    assert_eq!(closed.sum("frontdesk_refusals_total{code=\"429\"}"), 1.0);
    assert_eq!(closed.sum("frontdesk_refusals_total{code=\"4502\"}"), 1.0);
    assert_eq!(closed.sum("frontdesk_login_failures_total"), 1.0);
    assert!(closed.sum("frontdesk_http_requests_total{status=\"2xx\"}") > 0.0);
    assert_eq!(closed.sum("frontdesk_panics_total"), 0.0);
}
