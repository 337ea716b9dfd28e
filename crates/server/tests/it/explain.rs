//! `frontdesk explain` as a shell sees it: what goes in, what comes out, and the exit code.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::harness::program;

const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiJ9.aGVsbG8";

fn explain(arguments: &[&str], input: &str) -> Output {
    let mut child = program()
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read what it is told.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_pasted_console_says_what_how_it_knows_and_what_to_do() {
    let console = format!(
        "connecting to ws://localhost:8000/ws/notifications?token={TOKEN}\n\
         WebSocket connection to 'ws://localhost:8000/ws/notifications?token={TOKEN}' failed: \
         Error in connection establishment: net::ERR_CONNECTION_REFUSED\n\
         close 1006, reason ''\n"
    );
    let output = explain(&[], &console);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for words in [
        "The backend on localhost:8000 is not running",
        "line 2: ",
        "ERR_CONNECTION_REFUSED",
        "frontdesk serve",
        "docs/failures/net.refused.md",
    ] {
        assert!(told.contains(words), "{words:?} is missing: {told}");
    }
    assert!(!told.contains("eyJ") && !told.contains("aGVsbG8"), "{told}");
}

#[test]
fn what_cannot_be_told_ends_with_1_and_names_the_next_step() {
    for (arguments, input) in [
        (&["1006"][..], ""),
        (&["-"], "close 1006, reason ''\n"),
        (&[], ""),
    ] {
        let output = explain(arguments, input);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("cannot tell") && told.contains("next:"),
            "{told}"
        );
    }
}

#[test]
fn a_token_is_taken_from_stdin_alone_and_never_repeated() {
    let url = format!("ws://localhost:8000/ws?token={TOKEN}");
    for argument in [TOKEN, &url] {
        let output = explain(&[argument], "");
        let told = text(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.contains("history") && told.contains("stdin"), "{told}");
        assert!(!told.contains("eyJ"), "{told}");
    }
    let output = explain(&["--json"], TOKEN);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let json: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(json["verdict"], "explained");
    assert_eq!(json["findings"][0]["id"], "auth.wrong_kind");
    assert!(!told.contains("eyJ") && !told.contains("aGVsbG8"), "{told}");
}

#[test]
fn codes_and_names_are_explained_as_json_too() {
    for (what, id) in [("4502", "auth.malformed"), ("ev.lost_gap", "ev.lost_gap")] {
        let output = explain(&[what, "--json"], "");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let finding = &json["findings"][0];
        assert_eq!(
            (output.status.code(), &finding["id"]),
            (Some(0), &Value::from(id))
        );
        for field in ["confidence", "sentence", "fix", "page", "severity"] {
            assert!(finding[field].is_string(), "{field}: {finding}");
        }
        assert!(finding["evidence"].is_array() && json["alternatives"].is_array());
    }
}
