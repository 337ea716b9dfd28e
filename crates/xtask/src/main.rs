//! The project's own commands: `cargo xtask <command>`, one file each. No product code lives here.
//! Start at [`COMMANDS`].
#![expect(clippy::print_stdout, reason = "a command's output is its stdout")]

mod check;
mod contract;
mod dev;
mod generate;
mod policy;
mod postgres;
mod run;
mod summary;
mod test;
mod tidy;
mod web;
mod workspace;

use std::env;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::workspace::Workspace;

/// Everything is as it should be.
const WELL: u8 = 0;
/// The command ran and found a problem: a failed test, a stale file, a finding.
const PROBLEM_FOUND: u8 = 1;
/// The command could not do its work, so nothing is known.
const COULD_NOT_RUN: u8 = 3;

/// One thing that `cargo xtask` can do.
struct Command {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    /// Takes the arguments after the command's name and returns the exit code.
    run: fn(&Workspace, &[String]) -> anyhow::Result<u8>,
}

/// Every command, in the order in which a newcomer meets them.
const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        summary: "build console and server, and start it with demo data on http://localhost:8000",
        help: run::HELP,
        run: run::run,
    },
    Command {
        name: "test",
        summary: "run every test, and bring up what they need",
        help: test::HELP,
        run: test::run,
    },
    Command {
        name: "check",
        summary: "everything that CI checks",
        help: check::HELP,
        run: check::run,
    },
    Command {
        name: "contract",
        summary: "ask the server what /openapi.json describes, and compare every answer",
        help: contract::HELP,
        run: contract::run,
    },
    Command {
        name: "dev",
        summary: "run the server and the console's development server, and follow every change",
        help: dev::HELP,
        run: dev::run,
    },
    Command {
        name: "gen",
        summary: "write the generated files in docs/ and web/client/",
        help: generate::HELP,
        run: generate::run,
    },
    Command {
        name: "tidy",
        summary: "source rules that no linter knows",
        help: tidy::HELP,
        run: tidy::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<u8> {
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", overview());
        return Ok(WELL);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", overview());
        return Ok(WELL);
    }
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .with_context(|| format!("unknown command `{name}`; `cargo xtask --help` lists them"))?;
    if asks_for_help(rest) {
        println!("{}", command.help);
        return Ok(WELL);
    }
    (command.run)(&Workspace::find()?, rest)
}

/// What follows `--` belongs to the server, a `--help` there too.
fn asks_for_help(arguments: &[String]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--help" || argument == "-h")
}

fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask <command>\n\nCommands:\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<8} {}\n", command.name, command.summary));
    }
    text.push_str(
        "\n`cargo xtask <command> --help` shows examples.\n\
         Exit code: 0 all is well, 1 a problem was found, 3 the command could not run.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn help_behind_two_dashes_belongs_to_the_server() {
        assert!(asks_for_help(&words("--help")));
        assert!(!asks_for_help(&words("-- --help")));
    }

    #[test]
    fn every_command_has_examples() {
        for command in COMMANDS {
            assert!(command.help.contains("Examples:"), "{}", command.name);
            assert!(overview().contains(command.summary));
        }
    }

    #[test]
    fn an_unknown_command_says_where_the_list_is() {
        let error = dispatch(&words("bulid")).unwrap_err();
        assert!(error.to_string().contains("cargo xtask --help"));
    }
}
