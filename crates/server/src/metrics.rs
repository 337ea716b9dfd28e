//! What is counted, and how Prometheus reads it. docs/operating/metrics.md lists every name.
//! No label holds a name, a path or an address: there are shards, roles, classes and codes from a
//! list, and nothing else. Whoever counts adds to an atomic; all other work waits for a scrape.
//! Start at [`text`].

mod families;

use std::collections::BTreeMap;
use std::fmt;

use axum::http::StatusCode;
use engine::Distribution;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::{Registry, Unit};
use protocol::{CloseCode, Role, Timestamp};

use crate::app::App;
use families::{Families, Row};

/// Close codes of RFC 6455 that a connection here can end with; 1005 and 1006 for one without.
const STANDARD_CLOSE_CODES: &[u16] = &[
    1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011,
];

/// The counters of the process itself; the engine and the store have their own.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// When this run of the program began.
    pub(crate) started_at: Timestamp,
    /// By class of status: 1xx to 5xx.
    requests: [Counter; 5],
    login_failures: Counter,
    panics: Counter,
}

impl Metrics {
    /// Counters at zero.
    pub(crate) fn new(started_at: Timestamp) -> Self {
        Self {
            started_at,
            requests: Default::default(),
            login_failures: Counter::default(),
            panics: Counter::default(),
        }
    }

    /// Counts an answered request.
    pub(crate) fn count_request(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = class
            .checked_sub(1)
            .and_then(|class| self.requests.get(class))
        {
            counter.inc();
        }
    }

    /// Counts a wrong password, or one for an account that does not exist.
    pub(crate) fn count_login_failure(&self) {
        self.login_failures.inc();
    }

    /// Counts a handler that panicked.
    pub(crate) fn count_panic(&self) {
        self.panics.inc();
    }
}

/// All that is counted, in the text format of OpenMetrics, version 1.0.0.
pub(crate) fn text(app: &App) -> String {
    let mut sockets = app.engine.statistics();
    for (status, count) in app.admissions.refusals() {
        *sockets.refusals.entry(status).or_default() += count;
    }
    let store = app.store.statistics();
    let scrape = Scrape {
        sockets,
        group_sizes: store.group_sizes.read(),
        appends_us: store.appends_us.read(),
        commits_us: store.commits_us.read(),
        requests: app.metrics.requests.each_ref().map(Counter::get),
        login_failures: app.metrics.login_failures.get(),
        panics: app.metrics.panics.get(),
        started_at: app.metrics.started_at,
    };
    scrape.into_text()
}

/// What was counted at one moment.
#[derive(Debug)]
struct Scrape {
    sockets: engine::Statistics,
    group_sizes: Distribution,
    appends_us: Distribution,
    commits_us: Distribution,
    requests: [u64; 5],
    login_failures: u64,
    panics: u64,
    started_at: Timestamp,
}

impl Scrape {
    fn into_text(self) -> String {
        let mut registry = Registry::with_prefix("frontdesk");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes whatever is written to it");
        text
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        self.process(&mut families)?;
        self.sockets(&mut families)?;
        self.store(&mut families)
    }
}

impl Scrape {
    fn process(&self, families: &mut Families<'_>) -> fmt::Result {
        let one = |value: u64| [Row::new(value)];
        let text = "1 while the process answers.";
        families.gauges("up", text, None, one(1))?;
        let text = "When the process started, in unix time.";
        let started_at = [Row::new(self.started_at.0 as f64 / 1_000.0)];
        families.gauges("start_time", text, Some(&Unit::Seconds), started_at)?;
        let text = "Answered requests by class of status.";
        let classes = (1..).zip(self.requests);
        let requests =
            classes.map(|(class, count)| Row::new(count).with("status", format!("{class}xx")));
        families.counters("http_requests", text, requests)?;
        let text = "Logins with a wrong password or for no account.";
        families.counters("login_failures", text, one(self.login_failures))?;
        let text = "Requests that ended in a panic.";
        families.counters("panics", text, one(self.panics))
    }

    fn sockets(&self, families: &mut Families<'_>) -> fmt::Result {
        let shards = &self.sockets.shards;
        let per_shard = |count: fn(&engine::ShardStatistics) -> u64| {
            let rows = (0_u16..).zip(shards);
            rows.map(move |(id, shard)| Row::new(count(shard)).of_shard(id))
        };
        let text = "Sockets that had their welcome and are open.";
        let connections = (0_u16..).zip(shards).flat_map(|(id, shard)| {
            Role::ALL.iter().map(move |role| {
                let role = role.as_str();
                let count = shard.by_role.get(role).copied().unwrap_or_default();
                Row::new(count as u64).with("role", role).of_shard(id)
            })
        });
        families.gauges("connections", text, None, connections)?;
        let text = "Channels that somebody listens to.";
        let channels = per_shard(|shard| shard.channels as u64);
        families.gauges("channels", text, None, channels)?;
        let text = "Events handed to a socket, live or by recovery.";
        families.counters("deliveries", text, per_shard(|shard| shard.deliveries))?;
        let text = "Writes to a socket that carried more than one event.";
        let coalesced = per_shard(|shard| shard.coalesced_writes);
        families.counters("coalesced_writes", text, coalesced)?;
        let text = "Bytes that wait for sockets that would block.";
        let outbox = per_shard(|shard| shard.outbox_bytes as u64);
        families.gauges("outbox", text, Some(&Unit::Bytes), outbox)?;
        let text = "Sockets closed because they read too slowly.";
        families.counters("slow_closes", text, per_shard(|shard| shard.slow_closes))?;
        let text = "Ended sockets by close code; 1006 for those that went without one.";
        families.counters("closes", text, by_code(&self.sockets.closes))?;
        let text = "Sockets that never had a welcome, by close code or HTTP status.";
        families.counters("refusals", text, by_code(&self.sockets.refusals))?;
        let text = "How long a shard's turn took; what becomes ready meanwhile waits as long.";
        let turns = (0_u16..)
            .zip(shards)
            .map(|(id, shard)| Row::new(&shard.turns_us).of_shard(id));
        families.durations("shard_turn", text, turns)?;
        let text = "Pages of the log that were read.";
        families.counters("log_pages_read", text, per_shard(|shard| shard.pages_read))?;
        let text = "Pages that a reader had from another's read.";
        families.counters(
            "log_pages_shared",
            text,
            per_shard(|shard| shard.pages_shared),
        )
    }

    fn store(&self, families: &mut Families<'_>) -> fmt::Result {
        let text = "Changes that shared one commit.";
        families.sizes("commit_group_size", text, [Row::new(&self.group_sizes)])?;
        let text = "The commit of a group, which waits for the disk.";
        families.durations("commit", text, [Row::new(&self.commits_us)])?;
        let text = "From the hand-over of a change to its commit.";
        families.durations("append", text, [Row::new(&self.appends_us)])
    }
}

/// A row for each code that is known here, and one for all the others: a peer may close with any of
/// 2000.
fn by_code(counts: &BTreeMap<u16, u64>) -> impl Iterator<Item = Row<u64>> {
    let mut other = 0;
    let mut rows = Vec::new();
    for (code, count) in counts {
        match is_known(*code) {
            true => rows.push(Row::new(*count).with("code", code.to_string())),
            false => other += count,
        }
    }
    let other = (other > 0).then(|| Row::new(other).with("code", "other"));
    rows.into_iter().chain(other)
}

fn is_known(code: u16) -> bool {
    match StatusCode::from_u16(code) {
        Ok(status) if code < 600 => status.canonical_reason().is_some(),
        _ => STANDARD_CLOSE_CODES.contains(&code) || CloseCode::from_code(code).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use engine::{DURATION_BOUNDS_US, Histogram};

    use super::*;

    fn scrape() -> Scrape {
        let durations = Histogram::new(DURATION_BOUNDS_US);
        durations.record_duration(Duration::from_millis(3));
        durations.record_duration(Duration::from_secs(60));
        let sizes = Histogram::new(&[1, 2, 4]);
        for size in [1, 3, 4] {
            sizes.record(size);
        }
        Scrape {
            sockets: engine::Statistics {
                closes: [(1000, 4), (4002, 1), (3456, 2), (4999, 3)].into(),
                refusals: [(429, 5), (4501, 6)].into(),
                ..engine::Statistics::default()
            },
            group_sizes: sizes.read(),
            appends_us: durations.read(),
            commits_us: durations.read(),
            requests: [0, 2, 0, 1, 0],
            login_failures: 1,
            panics: 0,
            started_at: Timestamp(1_700_000_000_007),
        }
    }

    #[test]
    fn the_counts_are_text_that_prometheus_reads() {
        let text = scrape().into_text();
        for line in [
            "frontdesk_up 1",
            "frontdesk_start_time_seconds 1700000000.007",
            "frontdesk_http_requests_total{status=\"2xx\"} 2",
            "frontdesk_http_requests_total{status=\"4xx\"} 1",
            "frontdesk_http_requests_total{status=\"5xx\"} 0",
            "frontdesk_login_failures_total 1",
            "# TYPE frontdesk_panics counter",
            "frontdesk_commit_group_size_bucket{le=\"1.0\"} 1",
            "frontdesk_commit_group_size_bucket{le=\"4.0\"} 3",
            "frontdesk_commit_group_size_sum 8.0",
            "frontdesk_commit_group_size_count 3",
            "frontdesk_commit_seconds_bucket{le=\"0.0025\"} 0",
            "frontdesk_commit_seconds_bucket{le=\"0.005\"} 1",
            "frontdesk_commit_seconds_bucket{le=\"+Inf\"} 2",
            "frontdesk_commit_seconds_sum 60.003",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is missing in\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn a_code_that_only_a_peer_knows_is_counted_with_the_others() {
        let text = scrape().into_text();
        let codes: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("{code="))
            .collect();
        assert_eq!(
            codes,
            [
                "frontdesk_closes_total{code=\"1000\"} 4",
                "frontdesk_closes_total{code=\"4002\"} 1",
                "frontdesk_closes_total{code=\"other\"} 5",
                "frontdesk_refusals_total{code=\"429\"} 5",
                "frontdesk_refusals_total{code=\"4501\"} 6",
            ]
        );
    }
}
