//! `cargo xtask test`: brings up what the tests need, runs all of them and counts them.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::summary::{Counts, Runner};
use crate::workspace::Workspace;
use crate::{PROBLEM_FOUND, WELL, postgres};

pub(crate) const HELP: &str = "\
Usage: cargo xtask test [filter…]

Runs every test of the workspace, doc tests too. A filter is a part of a test's name; with several,
a test runs if it matches one of them.
The tests need PostgreSQL's server programs; if they are missing, the distribution's package is
installed if that is possible without a password, otherwise a sentence says what to install.
Uses cargo-nextest if it is there. The last line is always `N passed, N failed`; a run without any
test counts as failed.

Examples:
  cargo xtask test
  cargo xtask test recovery
  cargo xtask test slow_reader orders";

/// Runs the tests whose names match, and ends with the line that counts them.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    if let Some(flag) = arguments.iter().find(|word| word.starts_with('-')) {
        anyhow::bail!("`test` takes parts of test names and no flags, but got `{flag}`");
    }
    let outcome = execute(workspace, arguments);
    let problem = outcome.problem();
    if let Some(problem) = &problem {
        eprintln!("error: {problem}");
    }
    println!("{}", outcome.counts);
    Ok(if problem.is_none() {
        WELL
    } else {
        PROBLEM_FOUND
    })
}

/// What came of a run of the tests.
pub(crate) struct Outcome {
    /// Every test that ran.
    pub(crate) counts: Counts,
    /// Why the run is worth nothing, although perhaps no test failed.
    broken: Option<String>,
}

impl Outcome {
    /// Why the run failed; nothing if it did not.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.counts.failed > 0 {
            return Some(match self.counts.failed {
                1 => "a test failed".to_owned(),
                many => format!("{many} tests failed"),
            });
        }
        if self.broken.is_none() && self.counts.total() == 0 {
            return Some("no test ran; is the filter spelled right?".to_owned());
        }
        self.broken.clone()
    }
}

/// Runs the tests and doc tests. An error on the way is part of the outcome, so that what ran until
/// then is still counted.
pub(crate) fn execute(workspace: &Workspace, filters: &[String]) -> Outcome {
    let mut counts = Counts::default();
    let broken = match run_all(workspace, filters, &mut counts) {
        Ok(true) => None,
        Ok(false) => Some("the tests did not build or did not run to their end".to_owned()),
        Err(error) => Some(format!("{error:#}")),
    };
    Outcome { counts, broken }
}

fn run_all(workspace: &Workspace, filters: &[String], counts: &mut Counts) -> anyhow::Result<bool> {
    let postgres = postgres::ensure()?;
    eprintln!("PostgreSQL: {}", postgres.display());
    if !workspace.has_cargo_command("nextest") {
        eprintln!("cargo-nextest is not installed, so `cargo test` runs the tests.");
        let mut all = workspace.cargo(&["test", "--workspace", "--no-fail-fast", "--"]);
        return stream(all.args(filters), Runner::Libtest, counts);
    }
    let mut tests = workspace.cargo(&["nextest", "run", "--workspace", "--no-fail-fast"]);
    // A filter may match doc tests only; `Outcome::problem` judges the sum.
    tests.arg("--no-tests=pass").args(filters);
    if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        tests.arg("--color=always");
    }
    let tests = stream(&mut tests, Runner::Nextest, counts)?;
    if !tests && counts.total() == 0 {
        return Ok(false);
    }
    let mut docs = workspace.cargo(&["test", "--workspace", "--doc", "--no-fail-fast", "--"]);
    let docs = stream(docs.args(filters), Runner::Libtest, counts)?;
    Ok(tests && docs)
}

/// Runs a command and adds what it counts, while its output is passed through unchanged.
/// Returns whether it ended with 0.
fn stream(command: &mut Command, runner: Runner, counts: &mut Counts) -> anyhow::Result<bool> {
    match runner {
        Runner::Nextest => command.stderr(Stdio::piped()),
        Runner::Libtest => command.stdout(Stdio::piped()),
    };
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if let Some(output) = child.stdout.take() {
        *counts += pass_through(output, io::stdout(), runner)?;
    }
    if let Some(output) = child.stderr.take() {
        *counts += pass_through(output, io::stderr(), runner)?;
    }
    Ok(child.wait()?.success())
}

fn pass_through(from: impl Read, mut to: impl Write, runner: Runner) -> io::Result<Counts> {
    let mut from = BufReader::new(from);
    let mut counts = Counts::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        runner.update(&mut counts, &String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: u64, failed: u64, broken: Option<&str>) -> Option<String> {
        let outcome = Outcome {
            counts: Counts { passed, failed },
            broken: broken.map(str::to_owned),
        };
        outcome.problem()
    }

    #[test]
    fn a_run_is_well_only_if_a_test_ran_and_none_failed() {
        assert_eq!(outcome(3, 0, None), None);
        assert_eq!(outcome(3, 1, None), Some("a test failed".to_owned()));
        assert_eq!(outcome(3, 0, Some("no disk")), Some("no disk".to_owned()));
        assert!(outcome(0, 0, None).is_some_and(|problem| problem.contains("no test ran")));
    }

    #[test]
    fn output_is_passed_on_byte_by_byte_and_counted() {
        let output = b"\xff odd\n Summary [ 0.1s] 2 tests run: 2 passed, 0 skipped\nlast";
        let mut copy = Vec::new();
        let counts = pass_through(&output[..], &mut copy, Runner::Nextest).unwrap();
        assert_eq!(copy, output);
        assert_eq!(counts.to_string(), "2 passed, 0 failed");
    }
}
