//! What is counted, and how Prometheus reads it. Counts only: no label holds a name, a path or an
//! address. Start at [`Metrics::text`].

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use protocol::Timestamp;

/// The counters of this process.
#[derive(Debug)]
pub(crate) struct Metrics {
    started_at: Timestamp,
    /// By class of status: 1xx to 5xx.
    requests: [AtomicU64; 5],
    login_failures: AtomicU64,
    panics: AtomicU64,
}

impl Metrics {
    /// Counters at zero.
    pub(crate) fn new(started_at: Timestamp) -> Self {
        Self {
            started_at,
            requests: Default::default(),
            login_failures: AtomicU64::new(0),
            panics: AtomicU64::new(0),
        }
    }

    /// Counts an answered request.
    pub(crate) fn count_request(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = class
            .checked_sub(1)
            .and_then(|class| self.requests.get(class))
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a wrong password, or one for an account that does not exist.
    pub(crate) fn count_login_failure(&self) {
        self.login_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a handler that panicked.
    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// All of it in the text format of Prometheus, version 0.0.4.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        metric(&mut out, "up", "gauge", "1 while the process answers.");
        let _ = writeln!(out, "frontdesk_up 1");
        metric(
            &mut out,
            "start_time_seconds",
            "gauge",
            "When the process started, in unix time.",
        );
        let _ = writeln!(
            out,
            "frontdesk_start_time_seconds {}.{:03}",
            self.started_at.0 / 1000,
            self.started_at.0 % 1000
        );
        metric(
            &mut out,
            "http_requests_total",
            "counter",
            "Answered requests by class of status.",
        );
        for (index, counter) in self.requests.iter().enumerate() {
            let (class, count) = (index + 1, counter.load(Ordering::Relaxed));
            let _ = writeln!(
                out,
                "frontdesk_http_requests_total{{status=\"{class}xx\"}} {count}"
            );
        }
        metric(
            &mut out,
            "login_failures_total",
            "counter",
            "Logins with a wrong password.",
        );
        let _ = writeln!(
            out,
            "frontdesk_login_failures_total {}",
            self.login_failures.load(Ordering::Relaxed)
        );
        metric(
            &mut out,
            "panics_total",
            "counter",
            "Requests that ended in a panic.",
        );
        let _ = writeln!(
            out,
            "frontdesk_panics_total {}",
            self.panics.load(Ordering::Relaxed)
        );
        out
    }
}

fn metric(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(
        out,
        "# HELP frontdesk_{name} {help}\n# TYPE frontdesk_{name} {kind}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_text_that_prometheus_reads() {
        let metrics = Metrics::new(Timestamp(1_700_000_000_007));
        metrics.count_request(StatusCode::OK);
        metrics.count_request(StatusCode::NO_CONTENT);
        metrics.count_request(StatusCode::NOT_FOUND);
        metrics.count_login_failure();
        let text = metrics.text();
        for line in [
            "frontdesk_up 1",
            "frontdesk_start_time_seconds 1700000000.007",
            "frontdesk_http_requests_total{status=\"2xx\"} 2",
            "frontdesk_http_requests_total{status=\"4xx\"} 1",
            "frontdesk_http_requests_total{status=\"5xx\"} 0",
            "frontdesk_login_failures_total 1",
            "# TYPE frontdesk_panics_total counter",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is missing in\n{text}"
            );
        }
    }
}
