//! The program `frontdesk`: HTTP, sockets, configuration and command line. The parts are joined in
//! `app.rs`; the routes are on one page in `router.rs`; a start begins in [`cli`].

mod api;
mod app;
mod asyncapi;
mod bot;
mod broadcasts;
pub mod cli;
mod config;
mod console;
mod cookie;
mod cross_origin;
mod demo;
mod envelope;
mod extract;
mod health;
mod host_hint;
mod key;
mod limits;
mod listen;
mod metrics;
mod nearest;
mod origin;
mod pages;
mod passwords;
mod peer;
mod problem;
mod rate_limit;
mod router;
mod seat;
mod shutdown;
mod startup;
mod telemetry;
mod ws;
