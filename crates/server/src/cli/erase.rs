//! `frontdesk user erase`: takes a person out of the store for good.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use store::{ErasedUser, Store};

use super::failure::Failure;
use super::local::now;
use super::{confirm, output, user};

/// How long a request that began before may take to be written: its wait for its turn, and a bit.
const SETTLE: Duration = Duration::from_secs(4);

/// `frontdesk user erase`
#[derive(Debug, Args)]
pub(super) struct EraseArgs {
    /// Address that the account signs in with.
    #[arg(long)]
    email: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Do not rewrite the SQLite file, which keeps every change waiting for about a second per
    /// 100 MB. Traces of the texts may then stay in unused parts of it until the next erasure.
    #[arg(long)]
    no_compact: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl EraseArgs {
    /// Asks before the store is opened, so that nothing waits for a person who types.
    pub(super) fn confirm(&self) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        confirm::ask(&format!(
            "This erases the account {} and everything that it wrote, and cannot be undone.",
            self.email
        ))
    }
}

pub(super) async fn run(store: &Store, args: &EraseArgs) -> Result<(), Failure> {
    let user = user::find(store, &args.email).await?;
    let again = format!("frontdesk user erase --email erased-{}@invalid", user.id);
    let erased = store
        .erase_user(user.id, SETTLE, now())
        .await
        .map_err(|error| match Failure::from(error) {
            Failure::CouldNotRun(cause) => Failure::CouldNotRun(cause.context(format!(
                "the erasure is not finished; run it again with the same address, or if there is no \
                 such account any more: {again}"
            ))),
            refused => refused,
        })?;
    if !args.no_compact {
        store.compact().await.map_err(|error| {
            Failure::could_not_run(format!(
                "the account is erased, but traces may remain in unused parts of the database file, \
                 which could not be rewritten: {error}; try again with: {again}"
            ))
        })?;
    }
    let ErasedUser {
        notes,
        messages,
        notifications,
        events,
    } = erased;
    if args.json {
        output::json(&json!({
            "id": user.id, "notes": notes, "messages": messages,
            "notifications": notifications, "events": events,
        }));
        return Ok(());
    }
    output::talk(&format!(
        "erased {} ({}): {notes} notes and {messages} messages emptied, {notifications} \
         notifications deleted, {events} events rewritten; its orders and bookings stay without its \
         name. Backups made before still hold it",
        user.email, user.id
    ));
    Ok(())
}
