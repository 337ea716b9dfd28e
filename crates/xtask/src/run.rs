//! `cargo xtask run`: a newcomer's first command.
//!
//! A Rust that is too old never gets here: cargo compares `rust-version` before it builds us, and
//! says which version is needed.

use std::process::Command;

use anyhow::Context as _;

use crate::workspace::Workspace;
use crate::{PROBLEM_FOUND, web};

pub(crate) const HELP: &str = "\
Usage: cargo xtask run [-- flags of `frontdesk serve`]

Builds the web console, where its sources are newer, and the server, and starts
`frontdesk serve --demo`: demo accounts and demo data, loopback only. Without Node it goes on without
the console, and says so.
It uses cargo's dev profile, which is much quicker to build and slower to run; measure with
`cargo run --release --package server -- serve --demo`.
The exit code is that of the server; Ctrl-C stops it.

Examples:
  cargo xtask run
  cargo xtask run -- --help
  FRONTDESK_SERVER__LISTEN=127.0.0.1:9000 cargo xtask run";

/// Builds the console and the server, then becomes the server.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    // First, because a release carries its files; this build reads them from disk.
    if !web::has_npm(workspace) {
        eprintln!(
            "npm is not here, so there will be no web console; install Node 20.19 or newer with npm \
             from your system to have it. The API works without."
        );
    } else if let Some(problem) = web::build_console(workspace)? {
        eprintln!("error: {problem}");
        return Ok(PROBLEM_FOUND);
    }
    eprintln!("Building the server with the dev profile. The first build takes some minutes.");
    let Some(server) = workspace.build_server()? else {
        return Ok(PROBLEM_FOUND);
    };
    eprintln!("Starting it with demo data on http://localhost:8000. Ctrl-C stops it.");
    let mut command = Command::new(server);
    command
        .args(["serve", "--demo"])
        .args(server_flags(arguments))
        .current_dir(&workspace.root);
    become_program(&mut command)
}

/// The arguments meant for the server; the `--` in front of them may be left out.
pub(crate) fn server_flags(arguments: &[String]) -> &[String] {
    match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        Some(_) | None => arguments,
    }
}

/// On Unix the server takes our place in the process table: every signal reaches it and not us,
/// and its exit code needs no passing on.
#[cfg(unix)]
fn become_program(command: &mut Command) -> anyhow::Result<u8> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", command.get_program().display()))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> anyhow::Result<u8> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(PROBLEM_FOUND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_passed_on_with_and_without_two_dashes() {
        let plain = ["--listen".to_owned(), "127.0.0.1:9000".to_owned()];
        let dashed = ["--".to_owned(), plain[0].clone(), plain[1].clone()];
        assert_eq!(server_flags(&plain), plain);
        assert_eq!(server_flags(&dashed), plain);
        assert_eq!(server_flags(&[]), [] as [String; 0]);
    }
}
