//! `frontdesk restore`: a backup put in the place of the database, while no server runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use store::{Restored, restore};

use super::backup::size;
use super::failure::{Done, Failure};
use super::local::{block_on, file_of, now};
use super::{Given, confirm, output};
use crate::config::{Config, Database, mask_secrets};

/// `frontdesk restore`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frontdesk restore /var/backups/frontdesk-2026-01-31.db
  frontdesk --data-dir /tmp/trial restore --yes /var/backups/frontdesk-2026-01-31.db

The server must be stopped. Everyone has to sign in again, and pages fetch everything anew. Whoever
was disabled or erased since the backup is not so any more, and passwords are those of the backup.")]
pub(super) struct RestoreArgs {
    /// File that `frontdesk backup` made.
    file: PathBuf,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Throw the replaced database away instead of keeping it beside the new one.
    #[arg(long)]
    no_keep: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(given: &Given, args: &RestoreArgs) -> Done {
    let config = given.load()?;
    if config.database() == Database::Postgres {
        return Err(use_pg_restore(&config, &args.file));
    }
    let database = file_of(&config.store.url);
    if !args.yes {
        confirm::ask(&format!(
            "This puts {} in the place of {database} and ends every sign-in.",
            args.file.display()
        ))?;
    }
    let restored = block_on(async {
        // It is not interrupted: whatever moment it stops at, the database is the old or the new one.
        Ok(restore(&config.store.url, &args.file, !args.no_keep, now()).await?)
    })?;
    tell(args, &restored);
    Ok(ExitCode::SUCCESS)
}

fn use_pg_restore(config: &Config, file: &Path) -> Failure {
    Failure::could_not_run(format!(
        "the store is PostgreSQL, which has its own tool; stop every server, then:\n  \
         pg_restore --clean --if-exists --no-owner --dbname='{}' {}\n  \
         frontdesk log new-epoch --end-sessions",
        mask_secrets(&config.store.url),
        file.display()
    ))
}

fn tell(args: &RestoreArgs, restored: &Restored) {
    let Restored {
        database,
        contents,
        old_epoch,
        old_migration,
        sessions_ended,
        kept,
    } = restored;
    if args.json {
        output::json(&json!({
            "database": database.display().to_string(),
            "bytes": contents.bytes,
            "migration": contents.migration,
            "migration_before": old_migration,
            "epoch": contents.epoch,
            "epoch_before": old_epoch,
            "users": contents.users,
            "events": contents.events,
            "sessions_ended": sessions_ended,
            "kept": kept.as_ref().map(|path| path.display().to_string()),
        }));
        return;
    }
    output::talk(&format!(
        "{} is now {}: {}, {} accounts, {} events",
        database.display(),
        args.file.display(),
        size(contents.bytes),
        contents.users,
        contents.events
    ));
    if *old_migration < contents.migration {
        output::talk(&format!(
            "its tables were brought from migration {old_migration} to {}",
            contents.migration
        ));
    }
    output::talk(&format!(
        "the event log has the new epoch {} (before {old_epoch}), so every client starts afresh; \
         {sessions_ended} sign-ins ended",
        contents.epoch
    ));
    match kept {
        Some(kept) => output::talk(&format!("the database before it is {}", kept.display())),
        None => output::talk("no database was kept"),
    }
}
