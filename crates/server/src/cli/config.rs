//! `frontdesk config`: what is in force, whether it is right, and what there is.

use std::process::ExitCode;

use clap::Subcommand;

use super::failure::{Done, Failure};
use super::local::now;
use super::{Given, checked, output};
use crate::config::{Config, DEFAULTS, Settings, show_json, show_toml};
use crate::startup;

/// `frontdesk config …`
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the configuration in force, secrets masked.
    #[command(
        after_help = "Example:\n  FRONTDESK_SERVER__LISTEN=127.0.0.1:9000 frontdesk config \
                            show --origin"
    )]
    Show {
        /// Say where each value came from.
        #[arg(long)]
        origin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check the configuration and name everything that is wrong. Exit 2 when something is.
    Check {
        /// Exit 1 when there is a warning.
        #[arg(long)]
        strict: bool,
    },
    /// Print every key with its default and a comment, to begin a frontdesk.toml with.
    #[command(after_help = "Example:\n  frontdesk config default > frontdesk.toml")]
    Default,
}

pub(super) fn run(given: &Given, command: &ConfigCommand) -> Done {
    match command {
        ConfigCommand::Show { origin, json } => show(given, *origin, *json),
        ConfigCommand::Check { strict } => check(given, *strict),
        ConfigCommand::Default => {
            output::data(DEFAULTS.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Shows also what is wrong: that is when people look.
fn show(given: &Given, origin: bool, json: bool) -> Done {
    let (settings, faults) = Settings::collect(&given.sources());
    let config = Config::read(&settings).ok();
    if json {
        output::json(&show_json(&settings, origin));
    } else {
        output::data(show_toml(&settings, config.as_ref(), origin).trim_end());
    }
    match checked(&settings, faults) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(failure) => {
            output::talk(&format!("frontdesk: {failure}"));
            Ok(ExitCode::from(2))
        }
    }
}

fn check(given: &Given, strict: bool) -> Done {
    let (settings, faults) = Settings::collect(&given.sources());
    let config = match checked(&settings, faults) {
        Ok(config) => config,
        Err(Failure::Configuration(faults)) => {
            for fault in &faults {
                output::data(&format!("error: {fault}"));
            }
            output::talk(&format!("{} found", count(faults.len(), "error")));
            return Ok(ExitCode::from(2));
        }
        Err(other) => return Err(other),
    };
    let warnings = startup::warnings(&config, &startup::Machine::look(now()));
    for warning in &warnings {
        output::data(&format!("warning: {warning}"));
    }
    match warnings.len() {
        0 => output::talk("the configuration is well"),
        number => output::talk(&format!("no error, {}", count(number, "warning"))),
    }
    Ok(ExitCode::from(u8::from(strict && !warnings.is_empty())))
}

fn count(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}
