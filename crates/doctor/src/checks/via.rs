//! The same examination on other ways to the same server, from the nearest to the farthest: the first
//! way that differs is the one to blame.

use crate::examination::{Examination, Seen, examine_hop};
use crate::options::Options;
use crate::report::{Finding, Report, State};

/// The checks that are repeated on each way.
const REPEATED: [&str; 11] = [
    "url",
    "names",
    "reach",
    "tls",
    "server",
    "token",
    "upgrade",
    "negotiation",
    "welcome",
    "ping",
    "way",
];

/// Goes each way.
pub(crate) async fn via(examination: &mut Examination<'_>) -> Seen {
    if examination.options.via.is_empty() {
        return Seen::Skipped("no --via was given".to_owned());
    }
    let direct_works = !examination.has_error();
    let mut last_good = direct_works.then(|| "directly".to_owned());
    let mut notes = Vec::new();
    for via in &examination.options.via {
        let options = Options {
            url: with_path_of(examination, &via.url),
            via: Vec::new(),
            idle: None,
            read: Vec::new(),
            email: None,
            password: None,
            token: examination
                .known
                .token
                .clone()
                .or_else(|| examination.options.token.clone()),
            only: REPEATED.iter().map(|name| (*name).to_owned()).collect(),
            skip: Vec::new(),
            ..examination.options.clone()
        };
        let report = Box::pin(examine_hop(&options, Some(examination.target().port))).await;
        for timing in &report.timings {
            examination.time(
                format!("{} {}", via.name, timing.phase),
                std::time::Duration::from_secs_f64(timing.ms / 1000.0),
            );
        }
        match blamed(&report) {
            None => {
                notes.push(format!("{} works", via.name));
                if !direct_works && last_good.is_none() {
                    note_that_it_works(examination, &via.name, &report.target);
                }
                last_good = Some(format!("through {}", via.name));
            }
            Some(finding) => {
                notes.push(format!("{} fails: {}", via.name, finding.id));
                if let Some(good) = last_good.take() {
                    let finding = through(finding, &via.name, &report, &good);
                    examination.find(finding);
                } else {
                    let place = format!("{} {}", finding.id, report.target);
                    if let Some(first) = examination.findings.first_mut() {
                        first
                            .evidence
                            .seen
                            .insert(format!("via_{}", via.name), place);
                    }
                }
            }
        }
    }
    Seen::Well(notes.join("; "))
}

/// A way is given as an address; where the socket is, is the same as directly.
fn with_path_of(examination: &Examination<'_>, url: &str) -> String {
    let target = examination.target();
    match url::Url::parse(url) {
        Ok(parsed) if parsed.path() == "/" && !target.is_http => {
            let scheme = if matches!(parsed.scheme(), "https" | "wss") {
                "wss"
            } else {
                "ws"
            };
            let authority = &url[url.find("://").map_or(0, |at| at + 3)..].trim_end_matches('/');
            format!("{scheme}://{authority}{}", target.path_and_query())
        }
        _ => url.to_owned(),
    }
}

fn blamed(report: &Report) -> Option<&Finding> {
    report.first().filter(|_| report.has_errors())
}

fn through(finding: &Finding, name: &str, report: &Report, good: &str) -> Finding {
    let good_word = if good == "directly" {
        "it works directly".to_owned()
    } else {
        format!("it works {good}")
    };
    let mut blamed = finding.clone();
    if finding.id == "net.refused" {
        blamed.fix = format!(
            "start {name}, or correct the address {} that --via names",
            report.target
        );
    }
    blamed.sentence = format!(
        "through {name} ({}): {}; {good_word}, so {name} is to blame",
        report.target, finding.sentence
    );
    let skipped = report
        .checks
        .iter()
        .filter(|check| check.state == State::Failed)
        .map(|check| check.name);
    let failed: Vec<&str> = skipped.collect();
    blamed
        .seen("hop", name)
        .seen("failed_checks", failed.join(", "))
}

fn note_that_it_works(examination: &mut Examination<'_>, name: &str, target: &str) {
    let target = target.to_owned();
    if let Some(first) = examination.findings.first_mut() {
        first
            .evidence
            .seen
            .insert(format!("via_{name}"), format!("works: {target}"));
    }
}
