//! What the commands beside a server need: the store without an engine, a small runtime, the time.
//! A running server learns of their changes from the event log, within seconds.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use protocol::Timestamp;
use store::Store;

use super::failure::Failure;
use crate::config::{Config, Database};
use crate::startup;

/// Whether a command may make a database where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// The first account may come before the first start.
    Create,
    /// Most likely the wrong folder.
    Refuse,
}

/// Runs a command to its end.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    startup::install_tls_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(command)
}

/// Opens the store of this configuration.
pub(super) async fn open_store(config: &Config, absent: Absent) -> Result<Store, Failure> {
    if absent == Absent::Refuse && config.database() == Database::Sqlite {
        let path = file_of(&config.store.url);
        if !Path::new(path).exists() {
            return Err(Failure::refused(
                format!("there is no database at {path}"),
                "name the server's folder with --data-dir (that of the demo is \
                 frontdesk-data/demo), or start `frontdesk serve` first",
            ));
        }
    }
    startup::prepare_data_dir(config).map_err(Failure::could_not_run)?;
    Ok(Store::open(&config.store_config(), Arc::new(Nobody)).await?)
}

/// The file that an address such as `sqlite:frontdesk-data/frontdesk.db?mode=rwc` names.
pub(super) fn file_of(url: &str) -> &str {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    rest.split_once('?').map_or(rest, |(path, _)| path)
}

/// This process has no sockets to tell of what was committed.
struct Nobody;

impl engine::Announce for Nobody {
    fn announce(&self, _events: Arc<[engine::Event]>) {}
}

/// The time of this machine.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_address_is_found() {
        assert_eq!(file_of("sqlite:a/b.db"), "a/b.db");
        assert_eq!(file_of("sqlite:///srv/b.db?mode=rwc"), "/srv/b.db");
    }
}
