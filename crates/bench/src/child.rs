//! A server in a process of its own: started on given cores, watched, killed when dropped.
//! Start at [`Child::start`].

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::accounting::{self, CpuMeter};

/// Longest wait until a server listens, or has stopped.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of its log that are kept to explain a failure.
const LINES_KEPT: usize = 40;

/// How programs are started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// Pins itself and then becomes the program.
    pub(crate) launcher: PathBuf,
    pub(crate) program: PathBuf,
    pub(crate) cores: Vec<usize>,
}

impl Launch {
    /// `frontdesk <arguments>` on the cores, with no setting but the given ones.
    pub(crate) fn command(
        &self,
        arguments: &[&str],
        folder: &Path,
        environment: &[(String, String)],
    ) -> Command {
        let cores: Vec<String> = self.cores.iter().map(usize::to_string).collect();
        let mut command = Command::new(&self.launcher);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FRONTDESK_") {
                command.env_remove(name);
            }
        }
        command
            .args(["bench", "pinned", "--cores", &cores.join(","), "--"])
            .arg(&self.program)
            .args(arguments)
            // A frontdesk.toml of the folder where the bench was started is none of its business.
            .current_dir(folder)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) address: SocketAddr,
    process: std::process::Child,
    meter: CpuMeter,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Child {
    /// Runs `frontdesk <arguments>`, and waits until it says where it listens.
    pub(crate) fn start(
        launch: &Launch,
        arguments: &[&str],
        folder: &Path,
        environment: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let mut process = launch
            .command(arguments, folder, environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", launch.program.display()))?;
        let stderr = process
            .stderr
            .take()
            .expect("stderr was asked to be a pipe");
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (found, listening) = mpsc::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    // Nobody waits any more only when the bench has given up.
                    let _ = found.send(address.parse());
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LINES_KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        let meter = CpuMeter::new(process.id());
        let mut child = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            process,
            meter,
            log,
        };
        match listening.recv_timeout(PATIENCE) {
            Ok(Ok(address)) => child.address = address,
            Ok(Err(_)) | Err(_) => bail!(
                "`frontdesk {}` does not listen; it said:\n{}",
                arguments.join(" "),
                child.said()
            ),
        }
        Ok(child)
    }

    /// Nanoseconds that it has spent on a core.
    /// The same for those of its threads whose names begin so.
    pub(crate) fn threads_ns(&self, prefix: &str) -> anyhow::Result<f64> {
        accounting::threads_ns(self.process.id(), prefix)
    }

    pub(crate) fn cpu_ns(&mut self) -> anyhow::Result<f64> {
        self.meter
            .total_ns()
            .with_context(|| format!("the server is gone; it said:\n{}", self.said()))
    }

    /// Bytes of memory of its own, without files and without the kernel's.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        accounting::user_memory(self.process.id())
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        let pid = pid.context("a process has a positive id")?;
        kill_process(pid, Signal::TERM).context("cannot stop the server")?;
        let status = self.process.wait().context("cannot wait for the server")?;
        anyhow::ensure!(
            status.success(),
            "the server ended with {status}: {}",
            self.said()
        );
        Ok(())
    }

    /// The last lines of its log.
    pub(crate) fn said(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
