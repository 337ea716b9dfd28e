//! Asks for a new password: on the terminal without showing it, or as the first line of stdin.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::Context as _;
use auth::{PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS};

use super::failure::Failure;

/// Reads a new password, checks it and hashes it.
pub(super) fn ask_new(from_stdin: bool) -> Result<String, Failure> {
    let password = if from_stdin {
        read_line()?
    } else {
        ask_twice()?
    };
    auth::check_new(&password, PASSWORD_MIN_CHARS).map_err(|problem| {
        Failure::refused(
            problem.to_string(),
            "take one of 8 characters or more that nobody else would think of",
        )
    })?;
    auth::hash_password(&password).map_err(|error| Failure::CouldNotRun(error.into()))
}

fn read_line() -> Result<String, Failure> {
    // One byte more than is allowed, so that a longer one is refused rather than cut.
    let limit = u64::try_from(PASSWORD_MAX_BYTES).unwrap_or(u64::MAX) + 3;
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(limit)
        .read_line(&mut line)
        .context("cannot read the password from stdin")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Failure::refused(
            "stdin holds no password",
            "write it as its first line",
        ));
    }
    Ok(password.to_owned())
}

fn ask_twice() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::could_not_run(
            "there is no terminal to ask for the password; pass it on stdin with --password-stdin",
        ));
    }
    let prompt = |text| rpassword::prompt_password(text).context("cannot read the password");
    let password = prompt("Password: ")?;
    if password != prompt("Again: ")? {
        return Err(Failure::refused(
            "the two passwords differ",
            "run the command again",
        ));
    }
    Ok(password)
}
