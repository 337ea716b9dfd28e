//! The files of tests/excerpts, each with the cause that it must lead to in `expected.txt`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use causes::{Explanation, Input, Verdict, explain};

const NOW_SECONDS: i64 = 1_795_341_600;

/// What stands for a secret in the excerpts; nothing of it may be shown.
const SECRETS: &[&str] = &["eyJ", "kZp3Qq8sXw1a", "aGVsbG8", "c2ln"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/excerpts")
}

/// Names of excerpts with the id that is expected, or `cannot tell`.
fn expected() -> BTreeMap<String, String> {
    let table = fs::read_to_string(folder().join("expected.txt")).unwrap();
    let rows = table.lines().map(|line| line.split_once("  ").unwrap());
    rows.map(|(name, id)| (name.trim().to_owned(), id.trim().to_owned()))
        .collect()
}

fn explained(name: &str) -> Explanation {
    let text = fs::read_to_string(folder().join(format!("{name}.log"))).unwrap();
    explain(&Input {
        text: &text,
        now_seconds: NOW_SECONDS,
    })
}

fn outcome(explanation: &Explanation) -> &str {
    match &explanation.verdict {
        Verdict::Explained => explanation.findings[0].id,
        Verdict::CannotTell { .. } => "cannot tell",
    }
}

#[test]
fn every_excerpt_leads_to_its_cause_or_to_cannot_tell() {
    let wrong: Vec<String> = expected()
        .iter()
        .filter_map(|(name, expected)| {
            let explanation = explained(name);
            let found = outcome(&explanation);
            (found != expected)
                .then(|| format!("{name}: expected {expected}, found {found}\n  {explanation:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_expected_and_some_cannot_be_told() {
    let files: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".log").map(str::to_owned))
        .collect();
    let expected = expected();
    assert_eq!(files.len(), expected.len());
    assert!(files.iter().all(|name| expected.contains_key(name)));
    let untold = expected.values().filter(|id| *id == "cannot tell").count();
    assert!(expected.len() - untold >= 40 && untold >= 4);
}

#[test]
fn nothing_of_a_secret_is_in_what_is_told() {
    for name in expected().keys() {
        let told = format!("{:?}", explained(name));
        for secret in SECRETS {
            assert!(!told.contains(secret), "{name}: {secret} in {told}");
        }
    }
}

#[test]
fn what_is_explained_names_its_lines_and_what_cannot_be_told_names_the_probe() {
    for name in expected().keys() {
        let explanation = explained(name);
        match &explanation.verdict {
            Verdict::Explained => {
                let first = &explanation.findings[0];
                assert!(first.evidence[0].starts_with("line "), "{name}");
                assert!(
                    !first.sentence.contains('{') || first.id == "url.undefined",
                    "{name}"
                );
            }
            Verdict::CannotTell { why, next } => {
                assert!(!why.is_empty() && !next.is_empty(), "{name}");
            }
        }
    }
}

#[test]
fn the_first_teams_log_says_what_is_not_running_how_it_knows_and_what_to_type() {
    let explanation = explained("01-first-team");
    let [finding] = &explanation.findings[..] else {
        panic!("one cause, no symptoms: {explanation:?}");
    };
    let sentence = "The backend on localhost:8000 is not running: nothing listens there.";
    assert_eq!(finding.sentence, sentence);
    assert!(finding.evidence[0].contains("ERR_CONNECTION_REFUSED"));
    assert!(finding.fix.contains("frontdesk serve"));
}

#[test]
fn the_second_teams_address_names_the_placeholder() {
    let input = Input {
        text: "ws://localhost:8000/ws/chat/42?token=test",
        now_seconds: NOW_SECONDS,
    };
    let finding = &explain(&input).findings[0];
    assert_eq!(finding.id, "auth.placeholder");
    assert!(finding.sentence.contains("`test`"));
    assert!(finding.fix.contains("GET /api/v1/auth/ws-token"));
}

#[test]
fn a_refused_connection_is_told_before_what_the_servers_log_says_of_its_database() {
    let text = "ERROR: database is locked\nWebSocket connection to 'ws://localhost:8000/ws' failed: \
                Error in connection establishment: net::ERR_CONNECTION_REFUSED";
    let explanation = explain(&Input {
        text,
        now_seconds: NOW_SECONDS,
    });
    let ids: Vec<_> = explanation
        .findings
        .iter()
        .map(|finding| finding.id)
        .collect();
    assert_eq!(ids, ["net.refused", "cap.sqlite_busy"]);
}
