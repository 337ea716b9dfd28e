//! `frontdesk backup`: a consistent copy of the database, taken beside a running server.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use store::{Contents, CopyError, back_up};

use super::failure::{Done, Failure};
use super::local::block_on;
use super::{Given, output};
use crate::config::{Config, Database, mask_secrets};

/// `frontdesk backup`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frontdesk backup /var/backups/frontdesk-$(date +%F).db
  frontdesk backup --force /var/backups/frontdesk.db --json

The file holds password hashes and personal data. The signing key is not in it and need not be:
tokens live for minutes. On PostgreSQL this says which tool to use.")]
pub(super) struct BackupArgs {
    /// File to make; it appears under this name when it is whole and checked.
    file: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(given: &Given, args: &BackupArgs) -> Done {
    let config = given.load()?;
    if config.database() == Database::Postgres {
        return Err(use_pg_dump(&config, args));
    }
    let made = block_on(async {
        let copying = back_up(&config.store.url, &args.file, args.force, show_progress);
        tokio::select! {
            copied = copying => Ok(copied?),
            _ = tokio::signal::ctrl_c() => Err(Failure::could_not_run(
                "interrupted; no backup was made"
            )),
        }
    });
    show("");
    tell(args, &made?);
    Ok(ExitCode::SUCCESS)
}

/// PostgreSQL's own tools know its clusters, roles and versions; a second way would be a worse one.
fn use_pg_dump(config: &Config, args: &BackupArgs) -> Failure {
    Failure::could_not_run(format!(
        "the store is PostgreSQL, which has its own tool, also beside a running server:\n  \
         pg_dump --format=custom --file={} '{}'\nrestore it with pg_restore into an empty \
         database, then run `frontdesk log new-epoch --end-sessions` before the servers start",
        args.file.display(),
        mask_secrets(&config.store.url)
    ))
}

fn show_progress(written: u64, whole: u64) {
    show(&format!("{} of about {}", size(written), size(whole)));
}

/// Shows a person how far it is, in place of what was shown before.
fn show(line: &str) {
    if std::io::stderr().is_terminal() {
        output::progress(line);
    }
}

fn tell(args: &BackupArgs, contents: &Contents) {
    let Contents {
        bytes,
        migration,
        epoch,
        users,
        events,
    } = contents;
    let file = args.file.display();
    if args.json {
        output::json(&json!({
            "file": file.to_string(), "bytes": bytes, "migration": migration,
            "epoch": epoch, "users": users, "events": events,
        }));
        return;
    }
    output::talk(&format!(
        "made and checked {file}: {}, {users} accounts, {events} events, epoch {epoch}",
        size(*bytes)
    ));
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut tenths, mut unit) = (bytes * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        let detail = error.to_string();
        let fix = match &error {
            CopyError::NoDatabase(_) => {
                "name the server's folder with --data-dir (that of the demo is frontdesk-data/demo)"
            }
            CopyError::Exists(_) => "take another name, or replace it with --force",
            CopyError::SameFile(_) => "name another file",
            CopyError::NotOurs { .. } => "name a file that `frontdesk backup` made",
            CopyError::Newer { .. } => {
                "use the version of the program that made it, or a newer one"
            }
            CopyError::Damaged { .. } => "use an older backup; keep this one for a closer look",
            CopyError::InUse(_) => "stop the server, and other commands, before a restore",
            CopyError::NotSqlite | CopyError::File { .. } | CopyError::Failed { .. } => {
                return Self::CouldNotRun(error.into());
            }
            CopyError::Open(_) => return Self::CouldNotRun(error.into()),
        };
        Self::Refused {
            detail,
            fix: fix.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0.0 KiB"),
            (1_536, "1.5 KiB"),
            (1_048_575, "1023.9 KiB"),
            (1_048_576, "1.0 MiB"),
            (5 << 40, "5.0 TiB"),
            (5_000 << 40, "5000.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
