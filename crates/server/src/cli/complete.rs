//! The small commands: completions, version, and the descriptions of both interfaces.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::failure::Done;
use super::output;

/// `frontdesk completions`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  frontdesk completions bash > \
                        ~/.local/share/bash-completion/completions/frontdesk")]
pub(super) struct CompletionsArgs {
    /// Which shell.
    shell: Shell,
}

/// `frontdesk version`
#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn completions(args: &CompletionsArgs, mut command: clap::Command) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "frontdesk", &mut script);
    output::data(String::from_utf8_lossy(&script).trim_end());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn version(args: &VersionArgs) -> Done {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        output::json(&serde_json::json!({"name": "frontdesk", "version": version}));
    } else {
        output::data(&format!("frontdesk {version}"));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn openapi() -> Done {
    output::data(crate::router::openapi().trim_end());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn asyncapi() -> Done {
    output::data(crate::asyncapi::asyncapi().trim_end());
    Ok(ExitCode::SUCCESS)
}
