//! A SQLite file without anything that is not used.

use crate::Store;
use crate::database::Dialect;
use crate::error::{Fault, WriteError};

impl Store {
    /// Gives a SQLite file back what is not used, and with it the last traces of what was deleted
    /// or overwritten: in free pages, in the slack of used ones, in the file of newest writes.
    /// Other changes wait meanwhile. PostgreSQL does this by itself in its own time.
    ///
    /// # Errors
    /// Others keep the database busy for 30 s, or the disk has no room for a second copy.
    pub async fn compact(&self) -> Result<(), WriteError> {
        if self.database().dialect() == Dialect::Postgres {
            return Ok(());
        }
        let failed = |fault: Fault| fault.to_write_error();
        let mut own = self.database().connect_aside().await.map_err(failed)?;
        let mut connection = own.borrow();
        connection
            .run("PRAGMA busy_timeout = 30000; VACUUM; PRAGMA busy_timeout = 5000")
            .await
            .map_err(failed)?;
        let mut tries = 0;
        loop {
            let row = connection
                .fetch_optional("PRAGMA wal_checkpoint(TRUNCATE)", &[])
                .await
                .map_err(failed)?;
            let busy = row.is_none_or(|row| row.flag("busy").unwrap_or(true));
            if !busy {
                break;
            }
            tries += 1;
            if tries > 5 {
                let text = "others read all the time, so the newest writes stay in their own file";
                return Err(WriteError::Unavailable(text.to_owned()));
            }
        }
        own.close().await;
        Ok(())
    }
}
