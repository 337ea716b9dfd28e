//! The load generator behind `frontdesk bench`: what a delivery, a connection and a durable append
//! cost, against the cheapest thing that could do the same. Servers are processes of their own on a
//! core of their own, driven only over what everyone has: the command line, the configuration, HTTP
//! and sockets. Start at [`run`]; what is measured is in `scenarios/`.

#![cfg(target_os = "linux")]

mod accounting;
mod append_floor;
mod bench;
mod budgets;
mod child;
mod desk;
mod disk;
mod floor;
mod flow;
mod http;
mod model;
mod options;
mod pinning;
mod progress;
mod report;
mod scenarios;
mod statistics;
mod swarm;

pub use append_floor::{Appends, serve as append_floor};
pub use bench::run;
pub use budgets::Verdict;
pub use floor::serve as floor_server;
pub use options::{Options, Scenario};
pub use pinning::exec_pinned;
pub use report::{Fact, Machine, Report, Row};
