//! `frontdesk bench`: how fast this program is on this machine, against the cheapest possible. What
//! is measured lives in the crate `bench`, which speaks to servers of its own over their public
//! interface; here is only how it is asked for and shown.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use bench::{Appends, Options, Scenario};
use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};

use super::failure::{Done, Failure};
use super::output;

/// `frontdesk bench`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  frontdesk bench                          everything, in about half an hour
  frontdesk bench --quick                  a first look at everything
  frontdesk bench fanout connect           two scenarios
  frontdesk bench idle --json > idle.json
  frontdesk bench append --folder /srv     on the disk of /srv

It starts servers of its own with data of their own, on one core, and its clients on another; a
running server is not touched. Other work on the machine shows in the numbers. On Linux only.

Exit codes: 0 within the budgets, 2 a row is above what fails, 3 could not run."
)]
pub(super) struct BenchArgs {
    /// What to measure; everything by default.
    scenarios: Vec<Asked>,
    /// How often each measurement is repeated; medians are shown.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = rounds)]
    rounds: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Smaller and shorter: a first look.
    #[arg(long)]
    quick: bool,
    /// Show what can be measured.
    #[arg(long)]
    list: bool,
    /// The core of the servers.
    #[arg(long, default_value_t = 0, value_name = "CORE")]
    server_core: usize,
    /// The core of the clients.
    #[arg(long, default_value_t = 1, value_name = "CORE")]
    client_core: usize,
    /// Subscribers of fanout, pairs and rate; 1000 by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    subscribers: Option<u64>,
    /// Accounts that the sockets of idle and connect belong to; 1000 by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    accounts: Option<u64>,
    /// Folder for the servers' data, on the disk to be measured; the temporary one by default.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Another build of frontdesk whose server is measured; by default this one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Other budgets than the built-in ones.
    #[arg(long, value_name = "FILE")]
    budgets: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the bench runs in processes of their own.
#[derive(Debug, Subcommand)]
enum Part {
    /// Become a program that runs on some cores alone.
    #[command(hide = true)]
    Pinned {
        #[arg(long, value_delimiter = ',')]
        cores: Vec<usize>,
        #[arg(last = true, required = true)]
        program: Vec<OsString>,
    },
    /// Run the cheapest possible server.
    #[command(hide = true)]
    FloorServer,
    /// Commit groups of rows, and nothing else.
    #[command(hide = true)]
    AppendFloor {
        #[arg(long)]
        dir: PathBuf,
        #[arg(long)]
        group: usize,
        #[arg(long)]
        groups: usize,
        #[arg(long)]
        events: usize,
        #[arg(long)]
        data_bytes: usize,
    },
}

/// A scenario, as the command line names it.
#[derive(Debug, Clone, Copy)]
struct Asked(Scenario);

impl ValueEnum for Asked {
    fn value_variants<'a>() -> &'a [Self] {
        const {
            // One list of scenarios, in the crate that runs them.
            &{
                let mut all = [Asked(Scenario::Floor); Scenario::ALL.len()];
                let mut index = 0;
                while index < all.len() {
                    all[index] = Asked(Scenario::ALL[index]);
                    index += 1;
                }
                all
            }
        }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.what()))
    }
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds @ 1..=1_000) => Ok(rounds),
        Ok(_) | Err(_) => Err(format!("{text} is not a number from 1 to 1000")),
    }
}

pub(super) fn run(args: BenchArgs) -> Done {
    match args.part {
        None => measure(args),
        Some(Part::Pinned { cores, program }) => {
            let (program, arguments) = program.split_first().expect("clap requires one");
            Err(bench::exec_pinned(&cores, program, arguments).into())
        }
        Some(Part::FloorServer) => {
            bench::floor_server()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Part::AppendFloor {
            dir,
            group,
            groups,
            events,
            data_bytes,
        }) => {
            let appends = Appends {
                folder: dir,
                group,
                groups,
                events,
                data_bytes,
            };
            let line = bench::append_floor(&appends)?;
            output::data(&line);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn measure(args: BenchArgs) -> Done {
    if args.list {
        let rows = Scenario::ALL
            .iter()
            .map(|scenario| vec![scenario.name().to_owned(), scenario.what().to_owned()]);
        let heads = vec!["SCENARIO".to_owned(), "MEASURES".to_owned()];
        output::table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>());
        return Ok(ExitCode::SUCCESS);
    }
    let this = std::env::current_exe().context("cannot find this program")?;
    let size = |given: Option<u64>| given.and_then(|size| usize::try_from(size).ok());
    let report = bench::run(Options {
        scenarios: args.scenarios.iter().map(|asked| asked.0).collect(),
        rounds: args.rounds,
        quick: args.quick,
        server_core: args.server_core,
        client_core: args.client_core,
        budgets: args.budgets,
        subscribers: size(args.subscribers),
        accounts: size(args.accounts),
        folder: args.folder,
        program: args.program.unwrap_or_else(|| this.clone()),
        launcher: this,
    })?;
    if args.json {
        output::json(&serde_json::to_value(&report).map_err(Failure::could_not_run)?);
    } else {
        output::data(&report.tables());
    }
    if !report.fails() {
        return Ok(ExitCode::SUCCESS);
    }
    for row in report.failing() {
        output::talk(&format!(
            "above the budget: {} ({}) is {:.2} {}, fails above {}",
            row.what, row.name, row.value, row.unit, row.fails_above
        ));
    }
    Ok(ExitCode::from(2))
}
