//! `frontdesk explain`: what a close code, the name of a cause, a token or a pasted log says of a
//! connection that fails. It asks nobody; `frontdesk doctor` does.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use causes::{Confidence, Explanation, Finding, Input, Verdict, explain};
use clap::Args;
use serde_json::json;

use super::failure::{Done, Failure};
use super::local::now;
use super::output::{self, Colour};

/// Most that is read from stdin, in bytes.
const TEXT_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// How every JWT begins: `{"` in base64url.
const JWT_BEGIN: &str = "eyJ";

/// `frontdesk explain`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frontdesk explain 4502                  a close code
  frontdesk explain net.refused           the name of a cause, of a problem or of an error
  frontdesk explain < console.log         lines of a browser's console or of a log
  wl-paste | frontdesk explain            what was copied (xclip -o, pbpaste)
  frontdesk explain < token.txt           a token; as an argument it would stay in the shell's history
  journalctl -u nginx -n 200 | frontdesk explain --json

Nothing is sent anywhere, and no token or password of the text is printed.

Exit codes: 0 explained, 1 cannot tell, 3 could not run.")]
pub(super) struct ExplainArgs {
    /// A close code, a name, or one line; `-` or nothing reads stdin.
    #[arg(value_name = "WHAT")]
    what: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ExplainArgs) -> Done {
    let text = text(&args.what)?;
    let explanation = explain(&Input {
        text: &text,
        now_seconds: now().0.div_euclid(1_000),
    });
    if args.json {
        output::json(&json!(explanation));
    } else {
        print(&explanation);
    }
    Ok(match explanation.verdict {
        Verdict::Explained => ExitCode::SUCCESS,
        Verdict::CannotTell { .. } => ExitCode::from(1),
    })
}

fn text(what: &[String]) -> Result<String, Failure> {
    match what {
        [] => stdin(),
        [dash] if dash == "-" => stdin(),
        words => {
            let text = words.join(" ");
            if text.contains(JWT_BEGIN) {
                return Err(Failure::could_not_run(
                    "the argument holds a token, which the shell now keeps in its history and \
                     others on this machine may see in the list of processes; remove it there \
                     (`history -d`), and give tokens on stdin: frontdesk explain < token.txt",
                ));
            }
            Ok(text)
        }
    }
}

fn stdin() -> Result<String, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        output::talk("paste the lines, then press Enter and Ctrl-D");
    }
    let mut bytes = Vec::new();
    let mut limited = input.lock().take(TEXT_MAX_BYTES + 1);
    limited
        .read_to_end(&mut bytes)
        .context("cannot read stdin")?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > TEXT_MAX_BYTES) {
        return Err(Failure::could_not_run(format!(
            "stdin holds more than {TEXT_MAX_BYTES} bytes; give the lines around the failure: \
             tail -n 2000 server.log | frontdesk explain"
        )));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn print(explanation: &Explanation) {
    match &explanation.verdict {
        Verdict::Explained => {}
        Verdict::CannotTell { why, next } => {
            output::data(&output::coloured("cannot tell", Colour::Red));
            output::data(&format!("  why:       {why}"));
            output::data(&format!("  next:      {next}"));
        }
    }
    let is_told = explanation.verdict == Verdict::Explained;
    for (index, finding) in explanation.findings.iter().enumerate() {
        match (index, is_told) {
            (0, true) => {}
            (0, false) => output::data("\none candidate:"),
            _ => output::data("\nbeside it:"),
        }
        print_finding(finding);
    }
    if !explanation.alternatives.is_empty() {
        let ids = explanation.alternatives.join(", ");
        output::data(&format!("  or:        {ids}  (frontdesk explain <name>)"));
    }
}

fn print_finding(finding: &Finding) {
    let sure = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Unsure => "one of several",
    };
    output::data(&printable(&finding.sentence));
    for (index, evidence) in finding.evidence.iter().enumerate() {
        let label = if index == 0 { "known by:" } else { "" };
        output::data(&format!("  {label:<10} {}", printable(evidence)));
    }
    output::data(&format!("  do:        {}", printable(&finding.fix)));
    output::data(&format!(
        "  more:      {} ({sure}, {})",
        finding.page, finding.id
    ));
}

/// A pasted text may hold what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}
