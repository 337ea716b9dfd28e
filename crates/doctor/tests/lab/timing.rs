//! How long an examination takes, as a person waits for it: below two seconds for a healthy server
//! on this machine, below one for a dead one. Where CI is slow both may take twice that.

use std::time::Duration;

use doctor::Report;

use crate::frontdesk::{CUSTOMER, Frontdesk, PASSWORD};
use crate::lab::{Told as _, at, examine_timed, shown};
use crate::ports::free_port;

/// The allowance for a machine that runs other tests at the same time.
const SLACK: u32 = 2;

fn in_time(report: &Report, took: Duration, most: Duration) {
    assert!(
        took < most * SLACK,
        "the examination took {took:?}, {most:?} is the promise and twice that is borne\n{}",
        shown(report)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_server_is_examined_within_two_seconds() {
    let server = Frontdesk::demo().start().await;
    let page = at(server.url())
        .on_page("http://localhost:5173")
        .login(CUSTOMER, PASSWORD);
    for options in [at(server.url()), page] {
        let (report, took) = examine_timed(&options).await;
        assert!(!report.has_errors(), "{}", shown(&report));
        in_time(&report, took, Duration::from_secs(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_is_named_within_one_second() {
    let (report, took) = examine_timed(&at(format!("http://localhost:{}", free_port()))).await;
    assert!(report.has_errors(), "{}", shown(&report));
    in_time(&report, took, Duration::from_secs(1));
}
