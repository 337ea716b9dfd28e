//! `frontdesk doctor [URL]`: says why a connection fails, and prints what the crate `doctor` found.
//! `frontdesk doctor bot` is in `doctor/bot.rs`.

mod bot;

use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use doctor::{Arguments, CHECKS, Options, Report, examine};

use super::failure::{Done, Failure};
use super::{Given, output};

/// Where the password of `--email` comes from.
const PASSWORD_VARIABLE: &str = "FRONTDESK_PASSWORD";

/// Longest secret that is read from stdin, in bytes.
const SECRET_MAX_BYTES: u64 = 64 * 1024;

const EXAMPLES: &str = "\
Examples:
  frontdesk doctor                                        the server on this machine
  frontdesk doctor https://desk.example.com --origin https://shop.example.com
  frontdesk doctor \"ws://localhost:8000/ws/chat/42?token=test\"     any WebSocket, ours or not
  FRONTDESK_PASSWORD=… frontdesk doctor --email ana@example.com    the whole way of a page
  frontdesk doctor --via dev=http://localhost:5174 --via public=https://desk.example.com
  frontdesk doctor wss://desk.example.com/api/v1/ws --idle 120
  frontdesk doctor --read /etc/nginx/nginx.conf --read vite.config.ts
  frontdesk doctor --only upgrade --verbose               the handshake, as it was said
  frontdesk doctor bot                                    the bot and its model

Exit codes: 0 clean, 1 warnings under --strict, 2 it does not work, 3 could not run.";

/// `frontdesk doctor`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    #[command(subcommand)]
    command: Option<DoctorCommand>,
    #[command(flatten)]
    arguments: Box<Arguments>,
}

/// `frontdesk doctor …`
#[derive(Debug, Subcommand)]
enum DoctorCommand {
    /// Ask the bot once: for a model, shows its raw first answer and the time to the first token.
    Bot(bot::BotArgs),
}

pub(super) fn run(given: &Given, args: &DoctorArgs) -> Done {
    if let Some(DoctorCommand::Bot(args)) = &args.command {
        return bot::run(given, args);
    }
    let arguments = &args.arguments;
    if arguments.list_checks {
        list(arguments.output.json);
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = arguments.options().map_err(Failure::could_not_run)?;
    secrets(arguments, &mut options)?;
    // Where a server of this machine listens, if its configuration can be read; the doctor works
    // without one.
    if let Ok(config) = given.load() {
        options.known_ports = config
            .server
            .listen
            .iter()
            .map(|address| address.port())
            .collect();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    match arguments.output.watch {
        None => {
            let report = runtime.block_on(examine(&options));
            tell(arguments, &report)?;
            Ok(ExitCode::from(report.exit_code(arguments.output.strict)))
        }
        Some(seconds) => runtime.block_on(watch(arguments, &options, seconds)),
    }
}

fn list(as_json: bool) {
    if as_json {
        let checks = CHECKS.iter().map(|check| serde_json::json!({"name": check.name, "group": check.group, "about": check.about}));
        return output::json(&checks.collect());
    }
    let head = ["CHECK", "SECTION", "ASKS"].map(str::to_owned).to_vec();
    let rows = CHECKS.iter().map(|check| {
        vec![
            check.name.to_owned(),
            check.group.to_owned(),
            check.about.to_owned(),
        ]
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
}

/// Token and password, from where no other program sees them.
fn secrets(arguments: &Arguments, options: &mut Options) -> Result<(), Failure> {
    let mut lines = String::new();
    let is_terminal = io::stdin().is_terminal();
    let variable = std::env::var(PASSWORD_VARIABLE)
        .ok()
        .filter(|password| !password.is_empty());
    let wants_password = options.email.is_some() && variable.is_none();
    if arguments.token_stdin || (wants_password && !is_terminal) {
        io::stdin()
            .lock()
            .take(SECRET_MAX_BYTES)
            .read_to_string(&mut lines)
            .context("cannot read the secrets from stdin")?;
    }
    let mut lines = lines.lines();
    if arguments.token_stdin {
        let token = lines.next().filter(|token| !token.trim().is_empty());
        let token = token.ok_or_else(|| {
            Failure::could_not_run(
                "--token-stdin: stdin holds no token; write it as its first line",
            )
        })?;
        options.token = Some(token.trim().to_owned());
    }
    if options.email.is_none() {
        return Ok(());
    }
    options.password = match variable {
        Some(password) => Some(password),
        None if is_terminal && !arguments.token_stdin => {
            Some(rpassword::prompt_password("Password: ").context("cannot read the password")?)
        }
        None => lines.next().map(str::to_owned),
    };
    if options.password.is_none() {
        let why = format!(
            "--email needs a password: in {PASSWORD_VARIABLE}, as a line of stdin, or typed on a terminal"
        );
        return Err(Failure::could_not_run(why));
    }
    Ok(())
}

fn tell(arguments: &Arguments, report: &Report) -> Result<(), Failure> {
    if let Some(path) = &arguments.output.junit {
        std::fs::write(path, report.junit())
            .with_context(|| format!("cannot write --junit {}", path.display()))?;
    }
    match arguments.output.json {
        true => output::json(&report.json()),
        false => output::data(report.text(arguments.output.verbose).trim_end()),
    }
    Ok(())
}

/// Examines again and again; tells the whole report when what was found changes, else one line.
async fn watch(arguments: &Arguments, options: &Options, seconds: u64) -> Done {
    let mut before: Option<Vec<&'static str>> = None;
    loop {
        let report = examine(options).await;
        let found: Vec<&'static str> = report.findings.iter().map(|finding| finding.id).collect();
        if before.as_ref() == Some(&found) {
            output::talk(&format!("as before: {}", report.summary()));
        } else {
            tell(arguments, &report)?;
        }
        before = Some(found);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds.max(1))) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(report.exit_code(arguments.output.strict))),
        }
    }
}
