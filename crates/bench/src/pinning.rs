//! Which cores a program runs on, and how many files it may open. Both are inherited, so a child is
//! pinned before it starts a thread. Start at [`exec_pinned`].

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Context as _;
use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Open files that 10,000 sockets and everything else need.
const OPEN_FILES_WANTED: u64 = 65_536;

/// Becomes `program` with its arguments, on these cores alone. Returns only what went wrong.
pub fn exec_pinned(cores: &[usize], program: &OsString, arguments: &[OsString]) -> anyhow::Error {
    if let Err(error) = pin(cores) {
        return error;
    }
    raise_open_files();
    // Whatever ends the bench ends its servers.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let error = Command::new(program).args(arguments).exec();
    anyhow::anyhow!("cannot start {}: {error}", program.display())
}

/// Keeps this thread, and those that it starts, on these cores.
pub(crate) fn pin(cores: &[usize]) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        anyhow::ensure!(*core < CpuSet::MAX_CPU, "there is no core {core}");
        set.set(*core);
    }
    sched_setaffinity(None, &set).with_context(|| {
        format!(
            "cannot run on core {cores:?}; this machine has {} (see --server-core and \
             --client-core)",
            core_count()
        )
    })
}

/// Cores that this process may use.
pub(crate) fn core_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Raises the bound on open files as far as it may be, and says how far that is.
pub(crate) fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map(|most| most.max(OPEN_FILES_WANTED));
    // Only root may go beyond the maximum; everyone may go up to it.
    for maximum in [wanted, limit.maximum] {
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
