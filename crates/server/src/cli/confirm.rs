//! Asks before something that cannot be taken back.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;

use super::failure::Failure;
use super::output;

/// Returns if a person at the terminal says yes. Where there is none, `--yes` has to say it.
pub(super) fn ask(what: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::refused(
            format!("{what} There is no terminal to ask whether that is meant"),
            "say so with --yes",
        ));
    }
    output::ask(&format!("{what} Go on? [y/N] "));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was changed", "answer y to go on")),
    }
}
