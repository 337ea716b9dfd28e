//! The command line: what can be said, and which file answers it. stdout is data, stderr is talk;
//! exit 0 is well, 1 a warning under `--strict`, 2 a problem found, 3 could not run.
//! Start at [`main`].

mod backup;
#[cfg(target_os = "linux")]
mod bench;
mod complete;
mod config;
mod confirm;
mod doctor;
mod erase;
mod explain;
mod export;
mod failure;
mod local;
mod log;
mod output;
mod password;
mod restore;
mod serve;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, Settings, Sources};
use failure::{Done, Failure};

const EXAMPLES: &str = "\
Examples:
  frontdesk serve --demo                  try it: demo accounts and data, on this machine only
  frontdesk serve                         run it; prints a one-time link for the first admin
  frontdesk user add --email ana@example.com --name Ana --role admin
  frontdesk token mint --email ana@example.com
  frontdesk token check <token>           why a socket refuses this token
  frontdesk backup desk-backup.db         a copy of the database, beside a running server
  frontdesk doctor                        why a connection fails: here, or at any address
  frontdesk doctor bot                    ask the bot once; shows what its model really says
  frontdesk explain < console.log         what a log or a browser's console says, and what to do
  frontdesk config show --origin          which setting is in force, and where it came from

Exit codes: 0 well, 1 a warning under --strict, 2 a problem was found, 3 could not run.";

/// A self-hosted realtime backend: accounts, orders and live events over one WebSocket.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    #[command(flatten)]
    given: Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::ServeArgs),
    /// Manage accounts; works beside a running server.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make a socket token, or explain one.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Copy the database into a file; works beside a running server.
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database; the server must be stopped.
    Restore(restore::RestoreArgs),
    /// Handle the event log after a restore.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Say why a connection fails: asks step by step, from the address to the first event.
    Doctor(doctor::DoctorArgs),
    /// Say what a close code, a log or a browser's console means, and what to do.
    Explain(explain::ExplainArgs),
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Measure how fast this program is on this machine; starts servers of its own.
    #[cfg(target_os = "linux")]
    Bench(bench::BenchArgs),
    /// Measure how fast this program is on this machine; on Linux only.
    #[cfg(not(target_os = "linux"))]
    Bench {
        /// What `frontdesk bench --help` explains on Linux.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Print a completion script for a shell.
    Completions(complete::CompletionsArgs),
    /// Print the version.
    Version(complete::VersionArgs),
    /// Print the OpenAPI description of the HTTP interface as JSON.
    #[command(hide = true)]
    Openapi,
    /// Print the AsyncAPI description of the sockets as JSON.
    #[command(hide = true)]
    Asyncapi,
}

/// Flags that go before the environment and the file, for every command.
#[derive(Debug, Args)]
struct Given {
    /// Configuration file; without it frontdesk.toml in this folder is read, if it is there.
    #[arg(long, global = true, value_name = "FILE", env = "FRONTDESK_CONFIG")]
    config: Option<PathBuf>,
    /// Address to listen on; may be repeated (server.listen).
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Folder of the database and the signing key (data.dir).
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// How browsers reach this server, such as https://desk.example.com (server.public_url).
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Database, without its password (store.url).
    #[arg(long, global = true, value_name = "URL")]
    store_url: Option<String>,
}

impl Given {
    fn sources(&self) -> Sources {
        let mut flags = Vec::new();
        if !self.listen.is_empty() {
            flags.push(("--listen", "server.listen", self.listen.join(",")));
        }
        let texts = [
            ("--data-dir", "data.dir", &self.data_dir),
            ("--public-url", "server.public_url", &self.public_url),
            ("--store-url", "store.url", &self.store_url),
        ];
        for (flag, key, text) in texts {
            flags.extend(text.clone().map(|text| (flag, key, text)));
        }
        let environment = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .collect();
        Sources {
            file: self.config.clone(),
            environment,
            flags,
        }
    }

    /// The checked configuration.
    fn load(&self) -> Result<Config, Failure> {
        let (settings, faults) = Settings::collect(&self.sources());
        checked(&settings, faults)
    }
}

/// Both kinds of faults at once: of the layers, and of the values in force.
fn checked(settings: &Settings, mut faults: Vec<crate::config::Fault>) -> Result<Config, Failure> {
    match Config::read(settings) {
        Ok(config) if faults.is_empty() => Ok(config),
        Ok(_) => Err(Failure::Configuration(faults)),
        Err(more) => {
            faults.extend(more);
            Err(Failure::Configuration(faults))
        }
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version are answers, everything else could not run.
            let code = if error.use_stderr() { 3 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match run(line) {
        Ok(code) => code,
        Err(failure) => {
            output::talk(&format!("frontdesk: {failure}"));
            failure.exit_code()
        }
    }
}

fn run(line: CommandLine) -> Done {
    let CommandLine { given, command } = line;
    match command {
        Command::Serve(args) => serve::run(&given, &args),
        Command::User(command) => user::run(&given, command),
        Command::Token(command) => token::run(&given, command),
        Command::Backup(args) => backup::run(&given, &args),
        Command::Restore(args) => restore::run(&given, &args),
        Command::Log(command) => log::run(&given, &command),
        Command::Doctor(args) => doctor::run(&given, &args),
        Command::Explain(args) => explain::run(&args),
        Command::Config(command) => config::run(&given, &command),
        #[cfg(target_os = "linux")]
        Command::Bench(args) => bench::run(args),
        #[cfg(not(target_os = "linux"))]
        Command::Bench { .. } => Err(Failure::could_not_run(
            "frontdesk bench reads /proc and pins programs to cores, so it runs on Linux alone",
        )),
        Command::Completions(args) => complete::completions(&args, CommandLine::command()),
        Command::Version(args) => complete::version(&args),
        Command::Openapi => complete::openapi(),
        Command::Asyncapi => complete::asyncapi(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_flag_may_stand_behind_the_command_and_be_repeated() {
        let line = CommandLine::try_parse_from([
            "frontdesk",
            "serve",
            "--demo",
            "--listen",
            "127.0.0.1:1",
            "--listen",
            "[::1]:1",
        ])
        .unwrap();
        let sources = line.given.sources();
        let flag = (
            "--listen",
            "server.listen",
            "127.0.0.1:1,[::1]:1".to_owned(),
        );
        assert_eq!(sources.flags, [flag]);
    }
}
