//! A run: what its scenarios share, and one after the other. Start at [`run`].

use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::accounting::Others;
use crate::budgets::Budgets;
use crate::child::{Child, Launch};
use crate::desk::{Desk, Needs, Prepared};
use crate::floor::Floor;
use crate::options::{Options, Scenario};
use crate::pinning;
use crate::progress::{Bar, Progress};
use crate::report::{Machine, Report};
use crate::scenarios;

/// Measures what was asked for.
///
/// # Errors
/// Something could not be measured: a server did not start or went away, a socket was refused.
pub fn run(options: Options) -> anyhow::Result<Report> {
    let budgets = Budgets::read(options.budgets.as_deref())?;
    let cores = [options.server_core, options.client_core];
    let machine = Machine {
        cores: pinning::core_count(),
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        others_percent: f64::NAN,
    };
    let others = Others::watch()?;
    let files = pinning::raise_open_files();
    anyhow::ensure!(
        files > 12_000 || options.quick,
        "this process may open {files} files, 12,000 are needed; raise it with `ulimit -n 65536`, \
         or look first with --quick"
    );
    pinning::pin(&cores)?;
    // Servers and clients alike go before other work of this machine, if that may be asked for.
    let _ = rustix::process::setpriority_process(None, -15);
    let mut scenarios = options.scenarios.clone();
    if scenarios.is_empty() {
        scenarios = Scenario::ALL.to_vec();
    }
    let folder = match &options.folder {
        Some(parent) => TempDir::with_prefix_in("frontdesk-bench-", parent),
        None => TempDir::with_prefix("frontdesk-bench-"),
    };
    let folder = folder.context("cannot make a folder for the servers' data")?;
    let progress = Progress::new();
    let needs = scenarios.iter().map(|it| scenarios::needs(*it, &options));
    let needs = needs.fold(Needs::default(), |all, one| Needs {
        staff: all.staff.max(one.staff),
        customers: all.customers.max(one.customers),
    });
    let launch = Launch {
        launcher: options.launcher.clone(),
        program: options.program.clone(),
        cores: cores.to_vec(),
    };
    let prepared = Prepared::make(&launch, folder.path(), needs, &progress)?;
    pinning::pin(&[options.client_core])?;
    let mut bench = Bench {
        report: Report {
            machine,
            quick: options.quick,
            rounds: options.rounds,
            rows: Vec::new(),
            facts: Vec::new(),
        },
        options,
        budgets,
        prepared,
        progress,
        folder,
        started: 0,
    };
    for scenario in scenarios {
        scenarios::run(scenario, &mut bench)
            .with_context(|| format!("the scenario {}", scenario.name()))?;
    }
    bench.report.machine.others_percent = others.percent_of_a_core()?;
    Ok(bench.report)
}

/// What the scenarios share.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) prepared: Prepared,
    pub(crate) report: Report,
    budgets: Budgets,
    progress: Progress,
    folder: TempDir,
    /// Servers so far, to name their folders.
    started: usize,
}

impl Bench {
    /// A server on the servers' core.
    pub(crate) fn serve(&mut self, settings: &[(&str, &str)]) -> anyhow::Result<Desk> {
        self.serve_on(&[self.options.server_core], settings)
    }

    /// A server on these cores.
    pub(crate) fn serve_on(
        &mut self,
        cores: &[usize],
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Desk> {
        self.started += 1;
        let name = format!("server-{}", self.started);
        self.prepared
            .serve(&self.launch(&self.options.program, cores), &name, settings)
    }

    fn launch(&self, program: &Path, cores: &[usize]) -> Launch {
        Launch {
            launcher: self.options.launcher.clone(),
            program: program.to_owned(),
            cores: cores.to_vec(),
        }
    }

    /// The floor, on the servers' core.
    pub(crate) fn floor(&self) -> anyhow::Result<Floor> {
        let arguments = ["bench", "floor-server"];
        let launch = self.launch(&self.options.launcher, &[self.options.server_core]);
        let child = Child::start(&launch, &arguments, self.folder.path(), &[])?;
        Floor::start(child)
    }

    /// Runs a part of this program on the servers' core, and gives what it prints.
    pub(crate) fn run_on_server_core(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let launch = self.launch(&self.options.launcher, &[self.options.server_core]);
        let output = launch
            .command(arguments, self.folder.path(), &[])
            .output()?;
        anyhow::ensure!(
            output.status.success(),
            "`frontdesk {}` ended with {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).context("it prints UTF-8")
    }

    /// The folder of everything, on the disk that is measured.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn rounds(&self, what: &str) -> Bar {
        self.progress.bar(what, self.options.rounds)
    }

    /// Adds a row with its value in each round.
    pub(crate) fn row(&mut self, name: &str, rounds: Vec<f64>) -> anyhow::Result<()> {
        self.report.row(&self.budgets, name, rounds)
    }
}
