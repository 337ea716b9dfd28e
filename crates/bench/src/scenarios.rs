//! What is measured: one file each. Every scenario starts its own servers, and floor and server take
//! turns within a round. Start at [`run`].

mod append;
mod busy;
mod chat;
mod connect;
mod fanout;
mod floor;
mod idle;
mod pairs;
mod post_to_event;
mod rate;
mod resume;
mod slow;
mod storm;

use crate::bench::Bench;
use crate::desk::Needs;
use crate::options::{Options, Scenario};

/// Staff accounts that subscribers of `staff` belong to.
const STAFF: usize = 50;

pub(crate) fn run(scenario: Scenario, bench: &mut Bench) -> anyhow::Result<()> {
    match scenario {
        Scenario::Floor => floor::run(bench),
        Scenario::Fanout => fanout::run(bench),
        Scenario::Connect => connect::run(bench),
        Scenario::Idle => idle::run(bench),
        Scenario::Pairs => pairs::run(bench),
        Scenario::Rate => rate::run(bench),
        Scenario::Append => append::run(bench),
        Scenario::PostToEvent => post_to_event::run(bench),
        Scenario::Resume => resume::run(bench),
        Scenario::Busy => busy::run(bench),
        Scenario::Slow => slow::run(bench),
        Scenario::Chat => chat::run(bench),
        Scenario::Storm => storm::run(bench),
    }
}

/// The accounts that a scenario needs.
pub(crate) fn needs(scenario: Scenario, options: &Options) -> Needs {
    let (staff, customers) = match scenario {
        Scenario::Floor => (0, 0),
        Scenario::Fanout | Scenario::Rate => (STAFF.min(options.subscribers()), 1),
        Scenario::Pairs => (0, options.subscribers()),
        Scenario::Connect | Scenario::Idle => (0, options.accounts()),
        Scenario::Append => (0, append::WRITERS),
        Scenario::PostToEvent => (1, 1),
        Scenario::Resume => (0, 1),
        Scenario::Busy => (STAFF, 2),
        Scenario::Slow => (STAFF, 1),
        Scenario::Chat => (0, chat::chats(options) + 1),
        Scenario::Storm => (0, options.size(1_000, 200)),
    };
    Needs { staff, customers }
}
