//! `frontdesk log`: the event log as an operator may have to handle it.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use store::BeginNewLog;

use super::failure::Done;
use super::local::{Absent, block_on, now, open_store};
use super::{Given, output};

/// `frontdesk log …`
#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Begin another lifetime of the log, so that every client starts afresh. Needed after a
    /// PostgreSQL database was put back; `frontdesk restore` does it by itself.
    #[command(after_help = "Example, after pg_restore and before the servers start:
  frontdesk log new-epoch --end-sessions")]
    NewEpoch {
        /// End every sign-in: some may have been ended since the copy was made.
        #[arg(long)]
        end_sessions: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(given: &Given, command: &LogCommand) -> Done {
    let config = given.load()?;
    let LogCommand::NewEpoch { end_sessions, json } = *command;
    let (before, (epoch, ended)) = block_on(async {
        let store = open_store(&config, Absent::Refuse).await?;
        let before = store.epoch().await?;
        let begin = BeginNewLog {
            end_sessions,
            now: now(),
        };
        let begun = store.write(begin).await;
        store.close().await;
        Ok((before, begun?))
    })?;
    if json {
        output::json(&json!({
            "epoch": epoch, "epoch_before": before, "sessions_ended": ended,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    output::talk(&format!(
        "the event log has the new epoch {epoch} (before {before}), so every client starts afresh"
    ));
    if end_sessions {
        output::talk(&format!("{ended} sign-ins ended"));
    }
    Ok(ExitCode::SUCCESS)
}
