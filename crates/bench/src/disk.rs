//! What the disk alone costs: appending a little and waiting until it is durable. Start at
//! [`fsyncs_ms`].

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

/// What a small commit writes to the log of SQLite: two pages.
const WRITE_BYTES: usize = 8 * 1024;

/// How long each of `count` small durable writes in `folder` took, in milliseconds.
pub(crate) fn fsyncs_ms(folder: &Path, count: usize) -> anyhow::Result<Vec<f64>> {
    let path = folder.join("fsync");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let page = [7; WRITE_BYTES];
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data().context("cannot fsync")?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    std::fs::remove_file(&path)?;
    Ok(took)
}
