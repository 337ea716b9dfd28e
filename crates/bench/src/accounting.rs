//! What a process costs, as the kernel counts it: CPU from `/proc/<pid>/task/*/schedstat` in
//! nanoseconds, memory from `/proc/<pid>/smaps_rollup`. Start at [`CpuMeter`] and [`user_memory`].

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

/// The CPU time of one process, with that of threads that have ended since the last look.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    pid: u32,
    /// Nanoseconds of each thread when it was last seen.
    seen: HashMap<String, u64>,
    /// What the threads that are gone had spent when they were last seen.
    gone_ns: u64,
}

impl CpuMeter {
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            pid,
            seen: HashMap::new(),
            gone_ns: 0,
        }
    }

    /// Nanoseconds on a core since the process began.
    pub(crate) fn total_ns(&mut self) -> anyhow::Result<f64> {
        let folder = format!("/proc/{}/task", self.pid);
        let mut now = HashMap::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
            let entry = entry.with_context(|| format!("cannot read {folder}"))?;
            // A thread may end between the listing and the look.
            if let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) {
                let spent = on_core_ns(&text)
                    .with_context(|| format!("{folder}/*/schedstat says {text:?}"))?;
                now.insert(entry.file_name().to_string_lossy().into_owned(), spent);
            }
        }
        for (thread, spent) in &self.seen {
            // Another thread may have got the same id; it has spent less.
            if now.get(thread).is_none_or(|later| later < spent) {
                self.gone_ns += spent;
            }
        }
        let alive: u64 = now.values().sum();
        anyhow::ensure!(
            alive > 0,
            "{folder}/*/schedstat counts nothing; a kernel with CONFIG_SCHED_INFO is needed"
        );
        self.seen = now;
        #[expect(
            clippy::cast_precision_loss,
            reason = "2^53 nanoseconds are a hundred days"
        )]
        Ok((self.gone_ns + alive) as f64)
    }
}

/// Nanoseconds on a core of the threads of a process whose names begin so. They must not end while
/// they are measured.
pub(crate) fn threads_ns(pid: u32, prefix: &str) -> anyhow::Result<f64> {
    let folder = format!("/proc/{pid}/task");
    let mut total = 0_u64;
    let mut found = false;
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
        let path = entry
            .with_context(|| format!("cannot read {folder}"))?
            .path();
        // A thread of another name may end between the listing and the look.
        let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
        if name.starts_with(prefix) {
            let text = fs::read_to_string(path.join("schedstat"))
                .with_context(|| format!("cannot read {}/schedstat", path.display()))?;
            total += on_core_ns(&text).context("schedstat is not as on Linux")?;
            found = true;
        }
    }
    anyhow::ensure!(found, "{folder} has no thread named {prefix}*");
    #[expect(
        clippy::cast_precision_loss,
        reason = "2^53 nanoseconds are a hundred days"
    )]
    Ok(total as f64)
}

/// The first number: nanoseconds on a core. Then follow those spent waiting, and the turns.
fn on_core_ns(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

/// Bytes of memory that a process has of its own and that come from no file (`Pss_Anon`): heap and
/// stacks, without the program's text and without anything of the kernel's.
pub(crate) fn user_memory(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text =
        fs::read_to_string(Path::new(&path)).with_context(|| format!("cannot read {path}"))?;
    anonymous_bytes(&text).with_context(|| format!("{path} has no line Pss_Anon"))
}

fn anonymous_bytes(rollup: &str) -> Option<f64> {
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss_Anon:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// What others did on this machine while we measured.
#[derive(Debug)]
pub(crate) struct Others {
    began: Instant,
    machine: f64,
    ours: f64,
}

impl Others {
    /// From now on.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let (machine, ours) = ticks()?;
        Ok(Self {
            began: Instant::now(),
            machine,
            ours,
        })
    }

    /// The mean part of one core that others had since, in percent. Our children count as ours once
    /// they have ended.
    pub(crate) fn percent_of_a_core(&self) -> anyhow::Result<f64> {
        let (machine, ours) = ticks()?;
        let others = (machine - self.machine) - (ours - self.ours);
        Ok(others.max(0.0) / TICKS_PER_SECOND / self.began.elapsed().as_secs_f64() * 100.0)
    }
}

/// What `/proc` counts in (USER_HZ), on every machine that this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Ticks that all cores were busy, and those of us and our children that have ended.
fn ticks() -> anyhow::Result<(f64, f64)> {
    let machine = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let ours = fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    let ticks = busy_ticks(&machine).zip(own_ticks(&ours));
    ticks.context("/proc/stat or /proc/self/stat is not as on Linux")
}

/// All but idle and waiting for a disk: user, nice, system, irq, softirq and stolen.
fn busy_ticks(stat: &str) -> Option<f64> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<f64> = numbers
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    let busy = [0, 1, 2, 5, 6, 7].map(|index| numbers.get(index).copied());
    busy.into_iter().sum()
}

/// User and system time, and those of children; the name in front may hold spaces.
fn own_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut spent = fields.split_whitespace().skip(11).take(4);
    spent.try_fold(0.0, |sum, field| Some(sum + field.parse::<f64>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_numbers_are_read() {
        assert_eq!(on_core_ns("201790001 26384291 729\n"), Some(201_790_001));
        assert_eq!(on_core_ns(""), None);
        let rollup = "55ce-7fff ---p 0 00:00 0 [rollup]\nPss:      398 kB\nPss_Anon:   116 kB\n";
        assert_eq!(anonymous_bytes(rollup), Some(116.0 * 1024.0));
        assert_eq!(anonymous_bytes("Pss: 1 kB\n"), None);
        let stat = "cpu  10 20 30 400 500 1 2 3 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), Some(66.0));
        let own = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0";
        assert_eq!(own_ticks(own), Some(127.0));
    }

    #[test]
    fn work_of_this_process_is_counted_also_of_a_thread_that_ended() {
        let mut meter = CpuMeter::new(std::process::id());
        let before = meter.total_ns().unwrap();
        let busy = || {
            let began = std::time::Instant::now();
            let mut sum = 0_u64;
            while began.elapsed().as_millis() < 40 {
                sum = sum.wrapping_add(std::hint::black_box(1));
            }
            sum
        };
        let (stay, stayed) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::spawn(move || {
            busy();
            let _ = stayed.recv();
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        let during = meter.total_ns().unwrap();
        assert!(during > before, "{during} > {before}");
        drop(stay);
        worker.join().unwrap();
        let after = meter.total_ns().unwrap();
        assert!(after >= during, "{after} >= {during}");
    }
}
