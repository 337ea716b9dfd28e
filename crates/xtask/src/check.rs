//! `cargo xtask check`: everything that CI checks, in one command. Quick steps come first, so that
//! a small mistake is told before the long build; every step runs, unless there is nothing to run.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::summary::Counts;
use crate::workspace::{Workspace, succeeds};
use crate::{PROBLEM_FOUND, WELL, contract, generate, policy, test, tidy, web};

pub(crate) const HELP: &str = "\
Usage: cargo xtask check

Checks format, tidy rules, dependency policy, build, generated files, the npm workspace, clippy,
tests, a newcomer's first minute in a real browser, and the contract of the HTTP interface, in this
order. All steps run even if one fails; those that need a build are left out if it is broken.
Ends with a table and the line `N passed, N failed` that counts the tests.

Examples:
  cargo xtask check
  CARGO_TERM_COLOR=always cargo xtask check";

/// Runs every step and ends with a table of them.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    anyhow::ensure!(arguments.is_empty(), "`check` takes no arguments");
    let mut report = Report::default();
    let mut counts = Counts::default();

    report.command("format", &mut workspace.cargo(&["fmt", "--all", "--check"]));
    report.step("tidy", || tidy::step(workspace));
    report.step("dependency policy", || policy::step(workspace));
    let build = ["test", "--workspace", "--no-run"];
    if report.command("build", &mut workspace.cargo(&build)) {
        report.step("generated files", || {
            generate::step(workspace, &workspace.server_program()?)
        });
        report.step("web", || web::step(workspace, &workspace.server_program()?));
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        report.command("clippy", &mut workspace.cargo(&clippy));
        report.step("tests", || {
            let outcome = test::execute(workspace, &[]);
            counts = outcome.counts;
            Ok(outcome.problem())
        });
        report.step("browser", || {
            web::browser_step(workspace, &workspace.server_program()?)
        });
        report.step("contract", || {
            contract::step(workspace, &workspace.server_program()?)
        });
    } else {
        for step in [
            "generated files",
            "web",
            "clippy",
            "tests",
            "browser",
            "contract",
        ] {
            report.skip(step, "the build is broken");
        }
    }

    println!("\n{}", report.table());
    println!("{counts}");
    Ok(if report.is_well() {
        WELL
    } else {
        PROBLEM_FOUND
    })
}

/// How one step ended.
struct Step {
    name: &'static str,
    duration: Duration,
    result: StepResult,
}

enum StepResult {
    Well,
    Failed(String),
    Skipped(&'static str),
}

#[derive(Default)]
struct Report {
    steps: Vec<Step>,
}

impl Report {
    /// Runs a step that tells its problem, if it has one; whether it had none.
    fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> anyhow::Result<Option<String>>,
    ) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let result = match work() {
            Ok(None) => StepResult::Well,
            Ok(Some(problem)) => StepResult::Failed(problem),
            Err(error) => StepResult::Failed(format!("{error:#}")),
        };
        let well = matches!(result, StepResult::Well);
        let step = Step {
            name,
            duration: start.elapsed(),
            result,
        };
        println!("{}", step.line());
        self.steps.push(step);
        well
    }

    /// Runs a program as a step, and prints its command line.
    fn command(&mut self, name: &'static str, command: &mut Command) -> bool {
        let line: Vec<_> = command
            .get_args()
            .map(|argument| argument.to_string_lossy())
            .collect();
        let line = format!("cargo {}", line.join(" "));
        self.step(name, || {
            println!("{line}");
            Ok((!succeeds(command)?).then(|| format!("`{line}` failed")))
        })
    }

    fn skip(&mut self, name: &'static str, why: &'static str) {
        self.steps.push(Step {
            name,
            duration: Duration::ZERO,
            result: StepResult::Skipped(why),
        });
    }

    fn is_well(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.result, StepResult::Well))
    }

    fn table(&self) -> String {
        let lines: Vec<String> = self.steps.iter().map(Step::line).collect();
        lines.join("\n")
    }
}

impl Step {
    fn line(&self) -> String {
        let result = match &self.result {
            StepResult::Well => "ok".to_owned(),
            StepResult::Failed(problem) => format!("FAILED: {problem}"),
            StepResult::Skipped(why) => format!("skipped: {why}"),
        };
        format!(
            "{:<18} {:>7.1} s  {result}",
            self.name,
            self.duration.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_stops_no_other_and_is_told_at_the_end() {
        let mut report = Report::default();
        assert!(!report.step("format", || Ok(Some("two files".to_owned()))));
        assert!(report.step("tidy", || Ok(None)));
        assert!(!report.step("build", || anyhow::bail!("no cargo")));
        report.skip("tests", "the build is broken");
        assert!(!report.is_well());
        assert_eq!(
            report.table(),
            "format                 0.0 s  FAILED: two files\n\
             tidy                   0.0 s  ok\n\
             build                  0.0 s  FAILED: no cargo\n\
             tests                  0.0 s  skipped: the build is broken"
        );
    }
}
